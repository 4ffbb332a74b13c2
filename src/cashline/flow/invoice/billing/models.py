"""Tables of billing: runs, and which agreements have something to bill. What was billed stands on invoice lines."""

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


class BillingSchedule(models.Model):
    """When a run must look at an agreement; written by the deliveries of it and by every run, never read by planning.

    `due_on` is the next day on which something falls due (null: nothing as the facts stand). What fell due up to
    `settled_through` is billed as the facts say; null means that they have changed since, so that all is compared.
    """

    agreement = models.OneToOneField(
        "contracts.Agreement", primary_key=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    customer_id = models.UUIDField()
    entity_id = models.UUIDField()
    due_on = models.DateField(null=True)
    settled_through = models.DateField(null=True)
    billed = models.BooleanField(db_default=False)

    class Meta:
        db_table = "billing_schedules"
        indexes = [
            models.Index(
                fields=["customer_id", "agreement", "due_on"],
                name="billing_schedules_due",
                condition=models.Q(due_on__isnull=False),
            )
        ]
