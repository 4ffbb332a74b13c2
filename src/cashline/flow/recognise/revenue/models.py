"""Tables of revenue: the obligations of a contract with their share of the price, and what was recognised of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cashline.flow.recognise.revenue.rules.price_study import PriceStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    quantity_column,
    rate_column,
    status_column,
)


class Obligation(Table):
    """A performance obligation: one agreement line (by lineage) and its share of the transaction price.

    `version` counts reallocations; the latest applies, and none is rewritten. `derivation` says how the share was made
    (ASC 606-10-32-28 ff.). The prices of an open-ended service are for one interval.
    """

    line_id = models.UUIDField()
    version = models.IntegerField(db_default=0)
    agreement = link_to("contracts.Agreement")
    pattern = models.TextField()
    open_ended = models.BooleanField(db_default=False)
    transaction_price = amount_column()
    stand_alone_price = amount_column()
    allocated_price = amount_column()
    derivation = models.JSONField()
    created_at = instant_column()

    class Meta:
        db_table = "obligations"
        constraints = [models.UniqueConstraint(fields=["line_id", "version"], name="obligation_version_once")]


class RevenuePosting(Table):
    """Revenue recognised of an obligation in a month, as the difference to what was recognised before.

    `month` is the one it belongs to; where that was closed, its entry stands on the first open day.
    """

    line_id = models.UUIDField()
    agreement_id = models.UUIDField(db_index=True)
    month = models.DateField()
    sequence = models.IntegerField()
    through = models.DateField()
    amount = amount_column()
    entry = link_to("ledger.JournalEntry", db_index=False)
    derivation = models.JSONField()
    created_at = instant_column()

    class Meta:
        db_table = "revenue_postings"
        constraints = [models.UniqueConstraint(fields=["line_id", "month", "sequence"], name="revenue_posted_once")]
        indexes = [models.Index(fields=["month", "id"], name="revenue_postings_month")]


class RevenueState(models.Model):
    """How far a contract's revenue was run, and what its plan says is still to come.

    `facts` is how many facts the run saw; after `complete_on` nothing is earned without a new fact (null: open end).
    `ahead` is what is still to be earned by month from the month of `through` on, as the facts stood (a year of a
    service without end). All of it follows from the facts: deleting it changes no posting.
    """

    agreement_id = models.UUIDField(primary_key=True)
    entity = link_to("company.LegalEntity", db_index=False)
    currency = currency_column()
    facts = models.IntegerField()
    through = models.DateField()
    complete_on = models.DateField(null=True)
    ahead = ArrayField(amount_column(), default=list)

    class Meta:
        db_table = "revenue_states"
        indexes = [
            models.Index(fields=["entity"], name="revenue_states_ahead", condition=~models.Q(ahead=[])),
        ]


class RevenueArrangement(Table):
    """Contracts whose revenue is planned together from their own facts, where terms are more than lines of an order.

    A contract of another system is one, and one with judgements, modifications, financing, returns or costs of its own.
    As last run, `remaining` is what is allocated and not recognised, and `ahead` what time alone will earn of it by
    month, from the month of `through` on, for two years.
    """

    number = models.TextField(unique=True)
    entity = link_to("company.LegalEntity")
    customer = link_to("customers.Customer", null=True)
    currency = currency_column()
    title = models.TextField(blank=True, db_default="")
    through = models.DateField(null=True)
    facts_run = models.IntegerField(db_default=0)
    ahead = ArrayField(amount_column(), default=list, db_default=[])
    remaining = amount_column(db_default=0)
    created_by = models.TextField()
    created_at = instant_column()

    class Meta:
        db_table = "revenue_arrangements"


class RevenueFact(Table):
    """A fact of an arrangement: a contract, a judgement, an event or a cost; recorded once, never rewritten.

    `effective_on` is the day from which it counts, `recorded_at` when it became known. `body` has the form of
    `rules/standard`. A judgement says who answers for it, by which paragraph, and why; a modification how its treatment
    was decided (`decision`: what the rule gives, its steps, and what was chosen).
    """

    arrangement = link_to("revenue.RevenueArrangement", db_index=False)
    sequence = models.IntegerField()
    kind = models.TextField(choices=[(kind, kind) for kind in ("contract", "judgement", "event", "cost")])
    type = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    effective_on = models.DateField()
    body = models.JSONField()
    paragraph = models.TextField(blank=True, db_default="")
    reason = models.TextField(blank=True, db_default="")
    decision = models.JSONField(db_default={})
    recorded_by = models.TextField()
    recorded_at = instant_column()

    class Meta:
        db_table = "revenue_facts"
        constraints = [
            models.UniqueConstraint(fields=["arrangement", "sequence"], name="revenue_fact_in_order"),
            models.UniqueConstraint(
                fields=["arrangement", "kind", "subject"],
                name="revenue_contract_and_cost_once",
                condition=models.Q(kind__in=["contract", "cost"]),
            ),
        ]


class ArrangementPosting(Table):
    """What a run posted of an arrangement: so much on an account, for a subject, on the day to which it belongs.

    Debit positive. `nature` splits revenue into performance and catch_up. Where the month of `day` was closed, the
    entry stands on the first open day.
    """

    arrangement = link_to("revenue.RevenueArrangement", db_index=False)
    contract = models.TextField()
    day = models.DateField()
    account = models.TextField()
    subject = models.TextField(blank=True)
    nature = models.TextField(blank=True)
    sequence = models.IntegerField()
    amount = amount_column()
    entry = link_to("ledger.JournalEntry", db_index=False)
    derivation = models.JSONField()
    created_at = instant_column()

    class Meta:
        db_table = "arrangement_postings"
        constraints = [
            models.UniqueConstraint(
                fields=["arrangement", "day", "contract", "account", "subject", "nature", "sequence"],
                name="arrangement_posted_once",
            )
        ]


class PriceStudy(Table):
    """A study of stand-alone prices from agreements of an entity that began in `[starts_on, ends_on)`."""

    entity = link_to("company.LegalEntity")
    starts_on = models.DateField()
    ends_on = models.DateField()
    terms = models.JSONField()
    observations = models.IntegerField()
    made_by = models.TextField()
    made_at = instant_column()

    class Meta:
        db_table = "price_studies"
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_on__gt=models.F("starts_on")), name="price_study_window")
        ]


class StandAlonePrice(Table):
    """What a study found of a stratum, and the price that it proposes; approved, it is in force from a day on.

    `count` transactions from `least` to `most`, `within` of them in the range from `low` to `high`; `segment` is a
    country, empty for all. Who decided names the paragraph.
    """

    study = link_to("revenue.PriceStudy")
    product = link_to("catalog.Product")
    currency = currency_column()
    interval_months = models.IntegerField()
    segment = models.TextField(blank=True)
    quantity_from = quantity_column()
    quantity_to = quantity_column(null=True)
    count = models.IntegerField()
    within = models.IntegerField()
    observable = models.BooleanField()
    least = rate_column()
    most = rate_column()
    amount = rate_column()
    low = rate_column()
    high = rate_column()
    derivation = models.JSONField()
    status = status_column(PriceStatus, db_default=PriceStatus.PROPOSED)
    valid_from = models.DateField(null=True)
    paragraph = models.TextField(blank=True, db_default="")
    reason = models.TextField(blank=True, db_default="")
    decided_by = models.TextField(blank=True, db_default="")
    decided_at = instant_column(null=True)

    class Meta:
        db_table = "stand_alone_prices"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(low__lte=models.F("amount"), high__gte=models.F("amount")),
                name="stand_alone_price_within_range",
            ),
            models.CheckConstraint(
                condition=models.Q(status="proposed") | ~models.Q(decided_by="") & ~models.Q(paragraph=""),
                name="stand_alone_price_is_answered_for",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="approved") | models.Q(valid_from__isnull=False),
                name="stand_alone_price_has_a_day",
            ),
        ]
        indexes = [
            models.Index(
                fields=["product", "valid_from"],
                name="stand_alone_prices_in_force",
                condition=models.Q(status="approved"),
            )
        ]
