"""The table of journal exports."""

from django.db import models

from cashline.flow.recognise.exports.rules import ExportStatus
from cashline.platform.database.tables import Table, amount_column, instant_column, link_to, status_column


class JournalExport(Table):
    """A batch: the entries of an entity whose transaction is after `after_transaction` and up to `up_to_transaction`.

    Entries never change, so the batch gives the same bytes for ever; `sha256` is that of its CSV.
    """

    entity = link_to("company.LegalEntity", db_index=False)
    number = models.IntegerField()
    status = status_column(ExportStatus, db_default=ExportStatus.EXPORTED)
    after_transaction = models.BigIntegerField()
    up_to_transaction = models.BigIntegerField()
    entries = models.IntegerField()
    lines = models.IntegerField()
    debit = amount_column()
    credit = amount_column()
    first_day = models.DateField()
    last_day = models.DateField()
    sha256 = models.TextField()
    created_at = instant_column()
    created_by = models.TextField()
    acknowledged_at = instant_column(null=True)
    acknowledged_by = models.TextField(blank=True, db_default="")
    reference = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "journal_exports"
        constraints = [
            models.UniqueConstraint(fields=["entity", "number"], name="journal_export_number_once"),
            models.UniqueConstraint(fields=["entity", "after_transaction"], name="journal_export_follows_one"),
            models.CheckConstraint(
                condition=models.Q(up_to_transaction__gt=models.F("after_transaction")), name="journal_export_goes_on"
            ),
            models.CheckConstraint(condition=models.Q(debit=models.F("credit")), name="journal_export_balances"),
        ]
