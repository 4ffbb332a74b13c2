"""Tables of subscriptions: how services run, and the facts of the lives of those under rate plans.

A service of an order has its terms on the agreement line. A subscription to a plan has no order line: its terms are the
versions of plans that its facts name, and `line_id` is its own id.
"""

from datetime import date

from django.db import models
from django.db.models.functions import Coalesce

from cashline.flow.deliver.subscriptions.rules import LifeKind, SubscriptionStatus
from cashline.flow.deliver.subscriptions.rules.campaigns import CampaignEffective, CampaignStatus
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
            models.Index(fields=["id"], name="subscriptions_to_plans", condition=models.Q(plan_version__isnull=False)),
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


class PriceCampaign(Table):
    """Another price for those who subscribe to a plan; `last_id` is how far its batches are."""

    name = models.TextField()
    plan = link_to("plans.Plan")
    version = link_to("plans.PlanVersion", db_index=False, null=True)
    entity = link_to("company.LegalEntity", db_index=False, null=True)
    unit_price = rate_column(null=True)
    percent = rate_column(null=True)
    effective = status_column(CampaignEffective)
    effective_on = models.DateField(null=True)
    keep_own_prices = models.BooleanField(db_default=False)
    reason = models.TextField(blank=True, db_default="")
    status = status_column(CampaignStatus)
    last_id = models.UUIDField(null=True)
    started_at = models.DateTimeField(null=True)
    done = models.IntegerField(db_default=0)
    refused = models.IntegerField(db_default=0)
    undone = models.IntegerField(db_default=0)
    created_at = instant_column()

    class Meta:
        db_table = "price_campaigns"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(unit_price__isnull=False, percent__isnull=True)
                | models.Q(unit_price__isnull=True, percent__isnull=False),
                name="price_campaign_price_or_percent",
            )
        ]


class PriceCampaignMember(Table):
    """What a campaign did of a subscription, once; `refused` says why it could not follow."""

    campaign = link_to("subscriptions.PriceCampaign", db_index=False)
    subscription = link_to("subscriptions.Subscription")
    fact = link_to("subscriptions.SubscriptionFact", null=True)
    quantity = quantity_column()
    old_price = rate_column()
    new_price = rate_column()
    effective_at = models.DateTimeField(null=True)
    refused = models.TextField(blank=True, db_default="")
    undone = models.BooleanField(db_default=False)

    class Meta:
        db_table = "price_campaign_members"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "subscription"], name="price_campaign_member_once"),
            models.CheckConstraint(
                condition=models.Q(fact__isnull=False, refused="") | ~models.Q(refused=""),
                name="price_campaign_member_changed_or_refused",
            ),
        ]
