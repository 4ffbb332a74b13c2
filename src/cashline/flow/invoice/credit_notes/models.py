"""Tables of credit notes. A trigger refuses to credit more of an invoice line than it billed."""

from django.db import models

from cashline.flow.invoice.credit_notes.rules import CreditCause, CreditNoteStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    quantity_column,
    rate_column,
    status_column,
)


class CreditNote(Table):
    """What is taken back of one invoice. `unapplied_amount` exceeded its open amount and is credit of the customer."""

    number = models.TextField(null=True, unique=True)
    invoice = link_to("invoices.Invoice")
    entity = link_to("company.LegalEntity", db_index=False)
    customer = link_to("customers.Customer")
    currency = currency_column()
    status = status_column(CreditNoteStatus)
    cause = status_column(CreditCause)
    reason = models.TextField()
    issued_on = models.DateField()
    discount_total = amount_column(db_default=0)
    net_total = amount_column()
    tax_total = amount_column()
    gross_total = amount_column()
    unapplied_amount = amount_column(db_default=0)
    refunded_amount = amount_column(db_default=0)
    entity_rate = rate_column(db_default=1)
    bill_run = link_to("billing.BillRun", null=True, db_index=False)
    created_at = instant_column()

    class Meta:
        db_table = "credit_notes"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(gross_total=models.F("net_total") + models.F("tax_total")),
                name="credit_note_adds_up",
            ),
            models.CheckConstraint(
                condition=models.Q(unapplied_amount__gte=0) & models.Q(unapplied_amount__lte=models.F("gross_total")),
                name="credit_note_unapplied_within_gross",
            ),
            models.CheckConstraint(
                condition=models.Q(refunded_amount__gte=0)
                & models.Q(refunded_amount__lte=models.F("unapplied_amount")),
                name="credit_note_refunded_within_unapplied",
            ),
        ]


class CreditNoteLine(Table):
    """How much of an invoice line is taken back, with the original tax; of a line below zero a negative amount.

    `discount_amount` is the part of the coupons that is taken back with it: the customer gets that much less.
    `gross_amount` is the net amount with tax where the price of the invoice line includes tax.
    """

    credit_note = link_to("credit_notes.CreditNote", db_index=False)
    line_no = models.IntegerField()
    invoice_line = link_to("invoices.InvoiceLine")
    line_id = models.UUIDField(null=True, db_index=True)
    description = models.TextField()
    quantity = quantity_column()
    net_amount = amount_column()
    discount_amount = amount_column(db_default=0)
    tax_code = models.TextField()
    tax_rate = rate_column()
    tax_amount = amount_column()
    gross_amount = amount_column(null=True)
    derivation = models.JSONField()

    class Meta:
        db_table = "credit_note_lines"
        constraints = [
            models.UniqueConstraint(fields=["credit_note", "line_no"], name="credit_note_line_once"),
            models.CheckConstraint(condition=~models.Q(net_amount=0), name="credit_note_line_not_empty"),
        ]
