"""The table of disputes; statuses stand in `rules.DISPUTE`."""

from django.db import models

from cashline.platform.database.tables import Table, amount_column, instant_column, link_to


class Dispute(Table):
    """What a customer contests of an invoice. `amount` is gross; while it is open, reminders leave that part out."""

    number = models.TextField(unique=True)
    invoice = link_to("invoices.Invoice")
    customer = link_to("customers.Customer")
    amount = amount_column()
    reason = models.TextField()
    description = models.TextField(blank=True, db_default="")
    status = models.TextField()
    opened_by = models.TextField()
    opened_on = models.DateField()
    resolved_on = models.DateField(null=True)
    resolution = models.TextField(blank=True, db_default="")
    credit_note = link_to("credit_notes.CreditNote", null=True)
    created_at = instant_column()

    class Meta:
        db_table = "disputes"
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="dispute_positive")]
        indexes = [
            models.Index(fields=["opened_on", "id"], name="disputes_open", condition=models.Q(resolved_on__isnull=True))
        ]
