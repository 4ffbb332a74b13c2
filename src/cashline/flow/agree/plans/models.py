"""Tables of rate plans. A version never changes; the next one is for those who subscribe from then on."""

from django.db import models

from cashline.flow.agree.plans.rules import CancelDay, ChangeBilled, UnusedAdvance
from cashline.platform.database.tables import (
    Table,
    currency_column,
    instant_column,
    link_to,
    rate_column,
    status_column,
)


class Plan(Table):
    """A rate plan under its code."""

    code = models.TextField(unique=True)
    name = models.TextField()
    created_at = instant_column()

    class Meta:
        db_table = "plans"


class PlanVersion(Table):
    """The terms of a plan in one currency, frozen from the beginning."""

    plan = link_to("plans.Plan", db_index=False)
    version = models.IntegerField()
    currency = currency_column()
    terms = models.JSONField()
    created_at = instant_column()

    class Meta:
        db_table = "plan_versions"
        constraints = [
            models.UniqueConstraint(fields=["plan", "version"], name="plan_version_once"),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="plan_version_counts_from_one"),
        ]


class PriceIndex(Table):
    """A price index that renewals follow, such as the consumer prices of a country."""

    code = models.TextField(unique=True)
    name = models.TextField()
    created_at = instant_column()

    class Meta:
        db_table = "price_indices"


class PriceIndexValue(Table):
    """The value of an index for a month (its first day)."""

    index = link_to("plans.PriceIndex", db_index=False)
    month = models.DateField()
    value = rate_column()
    recorded_at = instant_column()

    class Meta:
        db_table = "price_index_values"
        constraints = [
            models.UniqueConstraint(fields=["index", "month"], name="price_index_value_once"),
            models.CheckConstraint(condition=models.Q(value__gt=0), name="price_index_value_above_zero"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="price_index_month_begins"),
        ]


class PlanConventionsOfEntity(models.Model):
    """How a legal entity bills subscriptions to plans; where it has no row, by the default."""

    entity = models.OneToOneField(
        "company.LegalEntity", primary_key=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    cancel_day = status_column(CancelDay)
    unused_advance = status_column(UnusedAdvance)
    change_billed = status_column(ChangeBilled)

    class Meta:
        db_table = "plan_conventions"
