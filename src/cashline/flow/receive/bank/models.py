"""Tables of bank accounts and imported statements. A line is known by its fingerprint, so importing twice adds none."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cashline.flow.receive.bank.rules.lifecycle import BankLineStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    rate_column,
    status_column,
)


class BankAccount(Table):
    """An account of a legal entity, with what is declared of its matching.

    Proposals of at least `auto_apply_confidence` (percent) are applied unseen. A difference is written off within both
    `tolerance_amount` (in the account's currency) and `tolerance_rate` (a share of what is open); zero means never.
    """

    entity = link_to("company.LegalEntity")
    iban = models.TextField(unique=True)
    name = models.TextField()
    currency = currency_column()
    auto_apply_confidence = models.IntegerField(db_default=95)
    tolerance_amount = amount_column(db_default=0)
    tolerance_rate = rate_column(db_default=0)

    class Meta:
        db_table = "bank_accounts"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(auto_apply_confidence__gte=50)
                & models.Q(tolerance_amount__gte=0)
                & models.Q(tolerance_rate__gte=0, tolerance_rate__lte=1),
                name="bank_account_settings_in_range",
            )
        ]


class BankStatement(Table):
    """One imported statement with its balances; `fingerprint` names its content, and `source` the file it came in.

    Opening balance + its lines (but split ones) + `known_total`, what was booked from others, is the closing one.
    """

    account = link_to("bank.BankAccount", db_index=False)
    kind = models.TextField()
    reference = models.TextField()
    sequence = models.TextField(blank=True, db_default="")
    currency = currency_column()
    from_day = models.DateField(null=True)
    to_day = models.DateField(null=True)
    opening_balance = amount_column(null=True)
    closing_balance = amount_column(null=True)
    opening_day = models.DateField(null=True)
    closing_day = models.DateField(null=True)
    line_count = models.IntegerField(db_default=0)
    known_total = amount_column(db_default=0)
    source = models.TextField(blank=True, db_default="")
    file_sha256 = models.TextField()
    fingerprint = models.TextField()
    imported_at = instant_column()
    imported_by = models.TextField()

    class Meta:
        db_table = "bank_statements"
        constraints = [models.UniqueConstraint(fields=["account", "fingerprint"], name="bank_statement_imported_once")]


class BankLine(Table):
    """A transaction on a statement: positive is money in. Statuses stand in `rules.lifecycle.BANK_LINE`.

    `entry_fingerprint`, `entry_amount`, `entry_ref` and `text_key` are what the entry is recognised by when it comes
    again. `proposals` are what matching found, best first; `attempt` counts how often its payment was taken back.
    """

    statement = link_to("bank.BankStatement")
    account = link_to("bank.BankAccount", db_index=False)
    line_no = models.IntegerField()
    part = models.IntegerField(db_default=1)
    parts = models.IntegerField(db_default=1)
    fingerprint = models.TextField()
    entry_fingerprint = models.TextField()
    entry_amount = amount_column()
    entry_ref = models.TextField(blank=True, db_default="")
    text_key = models.TextField(blank=True, db_default="")
    booked_on = models.DateField()
    value_on = models.DateField()
    amount = amount_column()
    currency = currency_column()
    charges = amount_column(db_default=0)
    is_reversal = models.BooleanField(db_default=False)
    counterparty_name = models.TextField(blank=True, db_default="")
    counterparty_iban = models.TextField(blank=True, db_default="")
    end_to_end_id = models.TextField(blank=True, db_default="")
    mandate_id = models.TextField(blank=True, db_default="")
    creditor_references = ArrayField(models.TextField(), default=list)
    remittance = models.TextField(blank=True, db_default="")
    bank_code = models.TextField(blank=True, db_default="")
    status = status_column(BankLineStatus, db_default=BankLineStatus.OPEN)
    match_status = models.TextField(blank=True, db_default="")
    match_reason = models.TextField(blank=True, db_default="")
    confidence = models.IntegerField(db_default=0)
    proposals = models.JSONField(null=True)
    attempt = models.IntegerField(db_default=0)
    payment = link_to("payments.Payment", null=True)

    class Meta:
        db_table = "bank_lines"
        constraints = [
            models.UniqueConstraint(fields=["account", "fingerprint"], name="bank_line_imported_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in BankLineStatus]),
                name="bank_line_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(status="matched", payment__isnull=False)
                | (~models.Q(status="matched") & models.Q(payment__isnull=True)),
                name="bank_line_matched_has_payment",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "booked_on"], name="bank_lines_of_day"),
            models.Index(fields=["account", "id"], name="bank_lines_open", condition=models.Q(status="open")),
        ]
