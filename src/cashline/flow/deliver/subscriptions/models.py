"""The table of subscriptions. Terms stand on the agreement line; here is only how the service runs."""

from django.db import models

from cashline.flow.deliver.subscriptions.rules import SubscriptionStatus
from cashline.platform.database.tables import Table, instant_column, link_to, quantity_column, status_column


class Subscription(Table):
    """A running service of an agreement line. `ends_on` is the first day without it (null: open ended)."""

    number = models.TextField(unique=True)
    line_id = models.UUIDField(unique=True)
    order_line = link_to("orders.OrderLine", db_index=False)
    customer = link_to("customers.Customer")
    entity = link_to("company.LegalEntity", db_index=False)
    product = link_to("catalog.Product", db_index=False)
    quantity = quantity_column()
    status = status_column(SubscriptionStatus, db_default=SubscriptionStatus.PENDING)
    activated_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    cancelled_on = models.DateField(null=True)
    cancel_reason = models.TextField(blank=True, db_default="")
    created_at = instant_column()

    class Meta:
        db_table = "subscriptions"
        indexes = [
            models.Index(
                fields=["ends_on"],
                name="subscriptions_ending",
                condition=models.Q(status__in=["active", "cancelled"]),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True)
                | models.Q(activated_on__isnull=True)
                | models.Q(ends_on__gte=models.F("activated_on")),
                name="subscription_ends_after_start",
            )
        ]
