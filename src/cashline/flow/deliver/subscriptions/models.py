"""Tables of subscriptions: how services run, and the facts of the lives of those under rate plans.

A service of an order has its terms on the agreement line. A subscription to a plan has no order line: its terms are the
versions of plans that its facts name, and `line_id` is its own id.
"""

from datetime import date

from django.db import models
from django.db.models.functions import Coalesce

from cashline.flow.deliver.subscriptions.rules import LifeKind, SubscriptionStatus
from cashline.platform.database.tables import (
    Table,
    instant_column,
    link_to,
    quantity_column,
    rate_column,
    status_column,
)


class Subscription(Table):
    """A running service of an agreement line. `ends_on` is the first day without it (null: open ended)."""

    number = models.TextField(unique=True)
    line_id = models.UUIDField(unique=True)
    order_line = link_to("orders.OrderLine", db_index=False, null=True)
    customer = link_to("customers.Customer")
    entity = link_to("company.LegalEntity", db_index=False)
    product = link_to("catalog.Product", db_index=False, null=True)
    agreement = link_to("contracts.Agreement", null=True)
    plan_version = link_to("plans.PlanVersion", db_index=False, null=True)
    timezone = models.TextField(blank=True, db_default="")
    next_change_at = models.DateTimeField(null=True)
    quantity = quantity_column()
    unit_price = rate_column(null=True)
    term_ends_on = models.DateField(null=True)
    renew_on = models.DateField(null=True)
    status = status_column(SubscriptionStatus, db_default=SubscriptionStatus.PENDING)
    activated_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    cancelled_on = models.DateField(null=True)
    cancel_reason = models.TextField(blank=True, db_default="")
    created_at = instant_column()

    class Meta:
        db_table = "subscriptions"
        indexes = [
            models.Index(Coalesce("activated_on", models.Value(date(9999, 12, 31))), "id", name="subscriptions_since"),
            models.Index(Coalesce("ends_on", models.Value(date(9999, 12, 31))), "id", name="subscriptions_end"),
            models.Index(
                fields=["ends_on"],
                name="subscriptions_ending",
                condition=models.Q(status__in=["active", "cancelled"]),
            ),
            models.Index(
                fields=["next_change_at"],
                name="subscriptions_changing",
                condition=models.Q(next_change_at__isnull=False),
            ),
            models.Index(
                fields=["renew_on"], name="subscriptions_renewing", condition=models.Q(renew_on__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True)
                | models.Q(activated_on__isnull=True)
                | models.Q(ends_on__gte=models.F("activated_on")),
                name="subscription_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    order_line__isnull=False, product__isnull=False, plan_version__isnull=True, agreement__isnull=True
                )
                | models.Q(
                    order_line__isnull=True, product__isnull=True, plan_version__isnull=False, agreement__isnull=False
                ),
                name="subscription_of_order_or_plan",
            ),
        ]


class SubscriptionFact(Table):
    """A fact of a subscription's life: `at` is when it takes effect, `known_at` when it was recorded. Append-only."""

    subscription = link_to("subscriptions.Subscription")
    kind = status_column(LifeKind)
    at = instant_column()
    known_at = instant_column()
    content = models.JSONField(default=dict)
    recorded_by = models.TextField()

    class Meta:
        db_table = "subscription_facts"
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"], condition=models.Q(kind="started"), name="subscription_starts_once"
            )
        ]
