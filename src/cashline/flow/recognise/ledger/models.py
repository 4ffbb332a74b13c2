"""Tables of the ledger. Entries and lines are append-only; a deferred trigger refuses an entry that does not balance."""

from django.db import models

from cashline.flow.recognise.ledger.rules import AccountRole, AccountType, Book, PeriodStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    status_column,
)


class Account(Table):
    """An account of an entity's chart. The posting rules find it by `role`."""

    entity = link_to("company.LegalEntity")
    code = models.TextField()
    name = models.TextField()
    type = status_column(AccountType)
    role = status_column(AccountRole)

    class Meta:
        db_table = "accounts"
        constraints = [
            models.UniqueConstraint(fields=["entity", "code"], name="account_code_once"),
            models.UniqueConstraint(fields=["entity", "role"], name="account_role_once"),
        ]


class AccountingPeriod(Table):
    """A calendar month of an entity; a closed one takes no entry (a trigger refuses it)."""

    entity = link_to("company.LegalEntity")
    month = models.DateField()
    status = status_column(PeriodStatus, db_default=PeriodStatus.OPEN)
    closed_at = instant_column(null=True)
    closed_by = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "accounting_periods"
        constraints = [models.UniqueConstraint(fields=["entity", "month"], name="accounting_period_once")]


class JournalEntry(Table):
    """One balanced entry: posted once per source, rule and book, and never rewritten. `day` is the accounting date."""

    entity = link_to("company.LegalEntity", db_index=False)
    book = status_column(Book)
    currency = currency_column()
    day = models.DateField()
    source_type = models.TextField()
    source_id = models.UUIDField()
    rule = models.TextField()
    text = models.TextField()
    posted_at = instant_column()

    class Meta:
        db_table = "journal_entries"
        constraints = [models.UniqueConstraint(fields=["source_id", "rule", "book"], name="journal_entry_once")]
        indexes = [models.Index(fields=["entity", "day"], name="journal_entries_day")]


class JournalLine(Table):
    """A line of an entry: debit positive, credit negative, in the entry's currency and in the entity's."""

    entry = link_to("ledger.JournalEntry")
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
