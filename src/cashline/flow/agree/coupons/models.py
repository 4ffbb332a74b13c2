"""Tables of coupons: what a coupon is worth, and which customers hold it. A grant is never used more than it may be."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cashline.flow.agree.coupons.rules import CouponStatus
from cashline.platform.database.tables import Table, amount_column, instant_column, link_to, rate_column, status_column


class Coupon(Table):
    """An amount or a percentage off invoices, limited to meters, plans or products where these are named."""

    code = models.TextField(unique=True)
    name = models.TextField()
    status = status_column(CouponStatus)
    amount = amount_column(null=True)
    currency = models.TextField(blank=True, db_default="")
    percent = rate_column(null=True)
    uses = models.IntegerField(null=True)
    meters = ArrayField(models.TextField(), default=list)
    plans = ArrayField(models.TextField(), default=list)
    products = ArrayField(models.UUIDField(), default=list)
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    most_grants = models.IntegerField(null=True)
    granted = models.IntegerField(db_default=0)
    created_at = instant_column()

    class Meta:
        db_table = "coupons"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, percent__isnull=True)
                | models.Q(amount__isnull=True, percent__gt=0, percent__lte=100),
                name="coupon_amount_or_percent",
            ),
            models.CheckConstraint(
                condition=models.Q(most_grants__isnull=True) | models.Q(granted__lte=models.F("most_grants")),
                name="coupon_never_granted_too_often",
            ),
        ]


class CouponGrant(Table):
    """A coupon that a customer holds. `sequence` is the order of granting; `used` never passes `uses`."""

    coupon = link_to("coupons.Coupon")
    customer = link_to("customers.Customer", db_index=False)
    sequence = models.BigIntegerField(unique=True)
    uses = models.IntegerField(null=True)
    used = models.IntegerField(db_default=0)
    granted_at = instant_column()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "coupon_grants"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(used__gte=0) & (models.Q(uses__isnull=True) | models.Q(used__lte=models.F("uses"))),
                name="coupon_grant_never_overused",
            )
        ]
        indexes = [
            models.Index(
                fields=["customer", "sequence"],
                name="coupon_grants_usable",
                condition=models.Q(withdrawn_at__isnull=True)
                & (models.Q(uses__isnull=True) | models.Q(used__lt=models.F("uses"))),
            ),
            models.Index(fields=["customer", "id"], name="coupon_grants_of_customer"),
        ]
