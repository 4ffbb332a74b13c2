"""Tables of notices: alerts on money, how long before renewals are told, and those that were."""

from django.db import models

from cashline.flow.invoice.notices.rules import AlertKind
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    status_column,
)


class MoneyAlert(Table):
    """Tell somebody when the next bill of a subscription reaches, or a wallet falls below, an amount."""

    kind = status_column(AlertKind)
    entity = link_to("company.LegalEntity", db_index=False)
    customer = link_to("customers.Customer")
    subscription = link_to("subscriptions.Subscription", null=True, db_index=False)
    wallet = link_to("credits.Wallet", null=True, db_index=False)
    currency = currency_column()
    threshold = amount_column()
    email = models.TextField()
    told_for = models.TextField(blank=True, db_default="")
    looked_at = instant_column(null=True)
    created_at = instant_column()
    ended_at = instant_column(null=True)

    class Meta:
        db_table = "money_alerts"
        constraints = [
            models.CheckConstraint(condition=models.Q(threshold__gt=0), name="money_alert_above_zero"),
            models.CheckConstraint(
                condition=models.Q(kind="charges", subscription__isnull=False, wallet__isnull=True)
                | models.Q(kind="wallet", subscription__isnull=True, wallet__isnull=False),
                name="money_alert_of_one_thing",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "looked_at"], name="money_alerts_active", condition=models.Q(ended_at__isnull=True)
            )
        ]


class RenewalNoticePolicy(models.Model):
    """How many days before a renewed term begins a legal entity tells its customers; without a row it tells nobody."""

    entity = models.OneToOneField(
        "company.LegalEntity", primary_key=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    days = models.IntegerField()

    class Meta:
        db_table = "renewal_notice_policies"
        constraints = [
            models.CheckConstraint(condition=models.Q(days__range=(1, 365)), name="renewal_notice_days_make_sense")
        ]


class RenewalNotice(models.Model):
    """That a customer was told of a renewal."""

    fact = models.OneToOneField(
        "subscriptions.SubscriptionFact", primary_key=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    told_at = instant_column()

    class Meta:
        db_table = "renewal_notices"
