"""Tables of books: what each elects, and what it posts otherwise than the journal; all of it append-only."""

from django.db import models

from cashline.flow.recognise.books.rules.policies import Standard
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    status_column,
)


class AccountingBook(Table):
    """A set of accounting rules of a legal entity beside those of the journal."""

    entity = link_to("company.LegalEntity", db_index=False)
    code = models.TextField()
    name = models.TextField()
    standard = status_column(Standard)
    created_by = models.TextField()
    created_at = instant_column()

    class Meta:
        db_table = "accounting_books"
        constraints = [models.UniqueConstraint(fields=["entity", "code"], name="accounting_book_code_once")]


class BookPolicies(Table):
    """What a book elects, in versions; the latest applies to all periods (IAS 8.22, ASC 250-10-45-5)."""

    book = link_to("books.AccountingBook", db_index=False)
    version = models.IntegerField()
    policies = models.JSONField()
    reason = models.TextField()
    decided_by = models.TextField()
    decided_at = instant_column()

    class Meta:
        db_table = "book_policies"
        constraints = [models.UniqueConstraint(fields=["book", "version"], name="book_policies_version_once")]


class BookEntry(Table):
    """A balanced entry of a book: what one of its choices posts otherwise for a contract and a month.

    `source_id` is the agreement or arrangement; `rule` is the choice. `month` is the one that it belongs to; where that
    is closed, `day` is the first open one, and `belongs_on` the one on which it would stand.
    """

    book = link_to("books.AccountingBook", db_index=False)
    entity = link_to("company.LegalEntity", db_index=False)
    currency = currency_column()
    day = models.DateField()
    belongs_on = models.DateField(null=True)
    month = models.DateField()
    source_type = models.TextField(choices=[("agreement", "agreement"), ("revenue_arrangement", "revenue_arrangement")])
    source_id = models.UUIDField()
    contract = models.TextField(blank=True)
    rule = models.TextField()
    sequence = models.IntegerField()
    text = models.TextField()
    line_count = models.SmallIntegerField()
    posted_at = instant_column()

    class Meta:
        db_table = "book_entries"
        constraints = [
            models.UniqueConstraint(
                fields=["source_id", "book", "month", "contract", "rule", "sequence"], name="book_entry_once"
            ),
            models.CheckConstraint(condition=models.Q(line_count__gte=2), name="book_entry_has_two_sides"),
        ]
        indexes = [models.Index(fields=["book", "day", "id"], name="book_entries_day")]


class BookLine(models.Model):
    """A line of a book's entry: debit positive, in the entry's currency and in the entity's.

    `name`, `subject` and `nature` say what of the plan it posts; one without a name is an exchange difference.
    """

    pk = models.CompositePrimaryKey("entry_id", "line_no")
    entry = link_to("books.BookEntry", db_index=False)
    line_no = models.SmallIntegerField()
    account = link_to("ledger.Account", db_index=False)
    amount = amount_column()
    functional_amount = amount_column()
    day = models.DateField()
    customer_id = models.UUIDField(null=True)
    agreement_id = models.UUIDField(null=True)
    name = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    nature = models.TextField(blank=True)
    derivation = models.JSONField(null=True)

    class Meta:
        db_table = "book_lines"
        indexes = [models.Index(fields=["agreement_id"], name="book_lines_agreement")]


class BookState(models.Model):
    """How far a contract was run for a book: the facts that the run saw, its last day, and the version of the policies.

    All of it follows from the facts: deleting it changes no entry.
    """

    pk = models.CompositePrimaryKey("book_id", "source_id")
    book = link_to("books.AccountingBook", db_index=False)
    source_id = models.UUIDField()
    facts = models.IntegerField()
    through = models.DateField()
    version = models.IntegerField()

    class Meta:
        db_table = "book_states"
