"""Tables of the ledger. Entries and lines are append-only; triggers refuse an entry that does not balance.

The journal is the truth. `DailyBalance` and `ContractPosition` are sums of it up to a transaction (`JournalSummary`),
kept by a job so that writers never wait on each other; what is newer is added when they are read.
"""

from django.db import models

from cashline.flow.recognise.ledger.rules.accounts import AccountType, Book
from cashline.flow.recognise.ledger.rules.periods import Area, PeriodStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    status_column,
)


class Account(Table):
    """An account of an entity's chart. The posting rules find it by `role`, one of `AccountRole`."""

    entity = link_to("company.LegalEntity")
    code = models.TextField()
    name = models.TextField()
    type = status_column(AccountType)
    role = models.TextField()

    class Meta:
        db_table = "accounts"
        constraints = [
            models.UniqueConstraint(fields=["entity", "code"], name="account_code_once"),
            models.UniqueConstraint(fields=["entity", "role"], name="account_role_once"),
            models.CheckConstraint(condition=models.Q(role__regex="^[a-z]+(_[a-z]+)*$"), name="account_role_named"),
        ]


class AccountingPeriod(Table):
    """A period `[starts_on, ends_on)` of an entity, whole or of an area of the books. No row: it is open.

    It is one of the entity's fiscal calendar when it was closed, and stays as it is. A closed one takes no entry, a
    soft-closed one only those of the close (a trigger refuses the others); none overlaps another.
    """

    entity = link_to("company.LegalEntity")
    starts_on = models.DateField()
    ends_on = models.DateField()
    area = status_column(Area, db_default=Area.ALL)
    status = status_column(PeriodStatus, db_default=PeriodStatus.OPEN)
    closed_at = instant_column(null=True)
    closed_by = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "accounting_periods"
        constraints = [
            models.UniqueConstraint(fields=["entity", "starts_on", "ends_on", "area"], name="accounting_period_once"),
            models.CheckConstraint(
                condition=models.Q(ends_on__gt=models.F("starts_on")), name="accounting_period_has_days"
            ),
        ]


class JournalEntry(Table):
    """One balanced entry: posted once per source, rule and book, and never rewritten. `day` is the accounting date.

    `belongs_on` is the day on which it would stand, had that not been in a closed period; null where it does.
    `line_count` says how many lines belong to it, so that none can be added later; `transaction` is the writing one.
    """

    entity = link_to("company.LegalEntity", db_index=False)
    book = status_column(Book)
    currency = currency_column()
    day = models.DateField()
    belongs_on = models.DateField(null=True)
    source_type = models.TextField()
    source_id = models.UUIDField()
    rule = models.TextField()
    text = models.TextField()
    line_count = models.SmallIntegerField()
    posted_at = instant_column()
    transaction = models.BigIntegerField()

    class Meta:
        db_table = "journal_entries"
        constraints = [
            models.UniqueConstraint(fields=["source_id", "rule", "book"], name="journal_entry_once"),
            models.CheckConstraint(condition=models.Q(line_count__gte=2), name="journal_entry_has_two_sides"),
        ]
        indexes = [
            models.Index(fields=["entity", "day", "id"], name="journal_entries_day"),
            models.Index(fields=["day", "id"], name="journal_entries_of_all"),
            models.Index(fields=["transaction"], name="journal_entries_transaction"),
        ]


class JournalLine(models.Model):
    """A line of an entry: debit positive, credit negative, in the entry's currency and in the entity's."""

    pk = models.CompositePrimaryKey("entry_id", "line_no")
    entry = link_to("ledger.JournalEntry", db_index=False)
    line_no = models.SmallIntegerField()
    account = link_to("ledger.Account", db_index=False)
    amount = amount_column()
    functional_amount = amount_column()
    day = models.DateField()
    customer_id = models.UUIDField(null=True)
    agreement_id = models.UUIDField(null=True)
    document_id = models.UUIDField(null=True)

    class Meta:
        db_table = "journal_lines"
        indexes = [
            models.Index(fields=["account", "day"], name="journal_lines_account"),
            models.Index(
                fields=["document_id"], name="journal_lines_document", condition=models.Q(document_id__isnull=False)
            ),
            models.Index(
                fields=["agreement_id"], name="journal_lines_agreement", condition=models.Q(agreement_id__isnull=False)
            ),
        ]


class DailyBalance(models.Model):
    """What one posting rule moved on one account on one day, over the entries up to the summary's transaction."""

    pk = models.CompositePrimaryKey("account_id", "day", "currency", "rule")
    account = link_to("ledger.Account", db_index=False)
    day = models.DateField()
    currency = currency_column()
    rule = models.TextField()
    debit = amount_column()
    credit = amount_column()
    functional_debit = amount_column()
    functional_credit = amount_column()

    class Meta:
        db_table = "daily_balances"


class ContractPosition(models.Model):
    """Per agreement up to the summary's transaction: net billed, revenue recognised, the position (debit positive)."""

    agreement_id = models.UUIDField(primary_key=True)
    entity = link_to("company.LegalEntity", db_index=False)
    currency = currency_column()
    billed = amount_column()
    recognised = amount_column()
    functional_amount = amount_column()

    class Meta:
        db_table = "contract_positions"
        indexes = [
            models.Index(
                fields=["entity"],
                name="contract_positions_open",
                condition=~models.Q(billed=models.F("recognised")),
                include=["currency", "billed", "recognised", "functional_amount"],
            )
        ]


class JournalSummary(models.Model):
    """The transaction up to which the journal has been summed; one row."""

    id = models.SmallIntegerField(primary_key=True)
    up_to_transaction = models.BigIntegerField()

    class Meta:
        db_table = "journal_summary"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="journal_summary_is_one")]
