"""The table of bill runs. What was billed stands on the invoice lines."""

from django.db import models

from cashline.flow.invoice.billing.rules.lifecycle import BillRunStatus
from cashline.platform.database.tables import Table, instant_column, link_to, status_column


class BillRun(Table):
    """A run of billing up to a day, with its manifest: counts, totals by currency, exceptions and a hash."""

    number = models.TextField(unique=True)
    entity = link_to("company.LegalEntity", null=True)
    as_of = models.DateField()
    status = status_column(BillRunStatus)
    manifest = models.JSONField(default=dict)
    started_at = instant_column()
    ended_at = instant_column(null=True)
    started_by = models.TextField()

    class Meta:
        db_table = "bill_runs"
