"""Tables of bank accounts and imported statements. A line is known by its fingerprint, so importing twice adds none."""

from django.db import models

from cashline.platform.database.tables import Table, amount_column, currency_column, instant_column, link_to


class BankAccount(Table):
    """An account of a legal entity."""

    entity = link_to("company.LegalEntity")
    iban = models.TextField(unique=True)
    name = models.TextField()
    currency = currency_column()

    class Meta:
        db_table = "bank_accounts"


class BankStatement(Table):
    """One imported statement with its balances."""

    account = link_to("bank.BankAccount")
    reference = models.TextField()
    from_day = models.DateField(null=True)
    to_day = models.DateField(null=True)
    opening_balance = amount_column(null=True)
    closing_balance = amount_column(null=True)
    file_sha256 = models.TextField()
    imported_at = instant_column()
    imported_by = models.TextField()

    class Meta:
        db_table = "bank_statements"


class BankLine(Table):
    """An entry of a statement: positive is money in. `status` is open, matched or ignored."""

    statement = link_to("bank.BankStatement")
    account = link_to("bank.BankAccount", db_index=False)
    line_no = models.IntegerField()
    fingerprint = models.TextField()
    booked_on = models.DateField()
    value_on = models.DateField()
    amount = amount_column()
    currency = currency_column()
    counterparty_name = models.TextField(blank=True, db_default="")
    counterparty_iban = models.TextField(blank=True, db_default="")
    end_to_end_id = models.TextField(blank=True, db_default="")
    remittance = models.TextField(blank=True, db_default="")
    status = models.TextField(db_default="open")
    proposal = models.JSONField(null=True)
    payment = link_to("payments.Payment", null=True)

    class Meta:
        db_table = "bank_lines"
        constraints = [
            models.UniqueConstraint(fields=["account", "fingerprint"], name="bank_line_imported_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=["open", "matched", "ignored"]), name="bank_line_status_known"
            ),
        ]
        indexes = [models.Index(fields=["status", "id"], name="bank_lines_open", condition=models.Q(status="open"))]
