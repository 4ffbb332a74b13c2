"""Tables of revenue: the obligations of a contract with their share of the price, and what was recognised of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cashline.platform.database.tables import Table, amount_column, currency_column, instant_column, link_to


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
