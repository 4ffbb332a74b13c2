"""Tables of invoices. An issued invoice and its lines are frozen by triggers; only settlement changes `open_amount`."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models

from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind, InvoiceStatus
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


class InvoiceParty(models.Model):
    """A seller or buyer as it stood when an invoice was issued, kept once: the id is the hash of the content."""

    id = models.UUIDField(primary_key=True)
    content = models.JSONField()

    class Meta:
        db_table = "invoice_parties"


class Invoice(Table):
    """A bill to a customer. `open_amount` is gross − credited − paid − written off; `number` is given at issue.

    `discount_total` is what coupons took off the lines; `credit_applied` and `prepaid_applied` is what credits paid at
    issue. One below zero has nothing open: it became credit of the account.
    """

    number = models.TextField(null=True, unique=True)
    entity = link_to("company.LegalEntity", db_index=False)
    customer = link_to("customers.Customer")
    agreement = link_to("contracts.Agreement", null=True)
    seller = link_to("invoices.InvoiceParty", null=True, db_index=False)
    buyer = link_to("invoices.InvoiceParty", null=True, db_index=False)
    currency = currency_column()
    status = status_column(InvoiceStatus)
    issued_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    supply_on = models.DateField(null=True)
    kind = status_column(InvoiceKind, db_default=InvoiceKind.STANDARD)
    purchase_order = models.TextField(blank=True, db_default="")
    discount_total = amount_column(db_default=0)
    net_total = amount_column()
    tax_total = amount_column()
    gross_total = amount_column()
    credit_applied = amount_column(db_default=0)
    prepaid_applied = amount_column(db_default=0)
    open_amount = amount_column(db_default=0)
    entity_rate = rate_column(db_default=1)
    bill_run = link_to("billing.BillRun", null=True)
    created_at = instant_column()

    class Meta:
        db_table = "invoices"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(gross_total=models.F("net_total") + models.F("tax_total")), name="invoice_adds_up"
            ),
            models.CheckConstraint(
                condition=models.Q(open_amount__gte=0)
                & (models.Q(open_amount=0) | models.Q(open_amount__lte=models.F("gross_total"))),
                name="invoice_open_within_gross",
            ),
            models.CheckConstraint(
                condition=models.Q(credit_applied__gte=0, prepaid_applied__gte=0)
                & (
                    models.Q(credit_applied=0, prepaid_applied=0)
                    | models.Q(gross_total__gte=models.F("credit_applied") + models.F("prepaid_applied"))
                ),
                name="invoice_applied_within_gross",
            ),
            models.CheckConstraint(
                condition=models.Q(status="draft")
                | models.Q(number__isnull=False, issued_on__isnull=False, due_on__isnull=False),
                name="invoice_issued_has_number",
            ),
        ]
        indexes = [
            models.Index(
                fields=["customer", "due_on"],
                include=["entity", "currency", "open_amount", "entity_rate"],
                name="invoices_open",
                condition=models.Q(open_amount__gt=0),
            ),
            models.Index(fields=["due_on", "id"], name="invoices_due"),
            models.Index(fields=["issued_on", "id"], name="invoices_issued"),
            models.Index(fields=["gross_total", "id"], name="invoices_gross"),
            models.Index(fields=["entity", "id"], name="invoices_entity"),
            models.Index(fields=["id"], name="invoices_void", condition=models.Q(status="void")),
            models.Index(fields=["agreement"], name="invoices_discounted", condition=~models.Q(discount_total=0)),
        ]


class InvoiceLine(Table):
    """A billed charge. (`source_id`, `period_start`, `revision`) is what makes billing it twice impossible.

    `source_id` is the delivery fact (goods, services) or the agreement line's lineage (subscriptions);
    `revision` counts corrections of the same period. `component` (base, charge, add_on …), `plan` and `meter` say what
    of a subscription it bills; `discount_share` is the share of the document's coupons, to 20 decimals.
    `agreement_id` is set on a bill over several agreements. `gross_amount` is what the line comes to with tax where its
    price includes tax, before coupons (NULL: the price is without tax).
    """

    invoice = link_to("invoices.Invoice", db_index=False)
    line_no = models.IntegerField()
    line_id = models.UUIDField(null=True, db_index=True)
    agreement_id = models.UUIDField(null=True)
    product = link_to("catalog.Product", null=True, db_index=False)
    source_id = models.UUIDField()
    period_start = models.DateField()
    revision = models.IntegerField(db_default=0)
    period = DateRangeField(null=True)
    description = models.TextField()
    quantity = quantity_column()
    unit = models.TextField(db_default="C62")
    unit_price = rate_column()
    net_amount = amount_column()
    tax_code = models.TextField()
    tax_rate = rate_column()
    gross_amount = amount_column(null=True)
    discount_share = models.DecimalField(max_digits=40, decimal_places=20, db_default=0)
    component = models.TextField(blank=True, db_default="")
    plan = models.TextField(blank=True, db_default="")
    meter = models.TextField(blank=True, db_default="")
    details = models.JSONField(db_default={})
    derivation = models.JSONField()

    class Meta:
        db_table = "invoice_lines"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "line_no"], name="invoice_line_once"),
            models.UniqueConstraint(fields=["source_id", "period_start", "revision"], name="invoice_line_billed_once"),
            models.CheckConstraint(
                condition=models.Q(gross_amount__isnull=True) | ~models.Q(net_amount=0),
                name="invoice_line_gross_has_net",
            ),
        ]
        indexes = [
            models.Index(fields=["invoice"], name="invoice_lines_unagreed", condition=models.Q(line_id__isnull=True)),
            models.Index(
                fields=["agreement_id"],
                name="invoice_lines_combined",
                condition=models.Q(agreement_id__isnull=False),
            ),
        ]


class InvoiceAgreement(Table):
    """What a bill over several agreements bills of one: net of its coupons (`discount_total`); they sum to its net."""

    invoice = link_to("invoices.Invoice", db_index=False)
    agreement = link_to("contracts.Agreement")
    net_total = amount_column()
    discount_total = amount_column()

    class Meta:
        db_table = "invoice_agreements"
        constraints = [models.UniqueConstraint(fields=["invoice", "agreement"], name="invoice_agreement_once")]


class InvoiceTax(Table):
    """The tax of an invoice by code and rate, rounded as its entity rounds; `base` is what is left after `discount`.

    `reason` (with its code of the VATEX list) says why where none is due; `basis` how it was decided.
    """

    invoice = link_to("invoices.Invoice", db_index=False)
    tax_code = models.TextField()
    rate = rate_column()
    base = amount_column()
    tax = amount_column()
    discount = amount_column(db_default=0)
    reason = models.TextField(blank=True, db_default="")
    vatex = models.TextField(blank=True, db_default="")
    basis = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "invoice_taxes"
        constraints = [models.UniqueConstraint(fields=["invoice", "tax_code", "rate"], name="invoice_tax_once")]


class InvoiceWithholding(Table):
    """What the customer of an invoice is expected to keep back for the tax authority: `rate` percent of `base`."""

    invoice = link_to("invoices.Invoice", db_index=False)
    rate = rate_column()
    reason = models.TextField()
    base = amount_column()
    amount = amount_column()

    class Meta:
        db_table = "invoice_withholdings"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "rate", "reason"], name="invoice_withholding_once"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="invoice_withholding_positive"),
        ]


class InvoiceDiscount(Table):
    """A coupon that was taken off an invoice, with the amount it came to; a void invoice has given it back."""

    invoice = link_to("invoices.Invoice", db_index=False)
    grant = link_to("coupons.CouponGrant")
    code = models.TextField()
    name = models.TextField()
    amount = amount_column()
    given_back = models.BooleanField(db_default=False)

    class Meta:
        db_table = "invoice_discounts"
        constraints = [models.UniqueConstraint(fields=["invoice", "grant"], name="invoice_discount_once")]


class InvoiceDeduction(Table):
    """An earlier invoice (a deposit, or usage billed at a threshold) that a later one takes off, once.

    Where the later one is void it is `released`: another may take it off.
    """

    invoice = link_to("invoices.Invoice", db_index=False)
    deducted = link_to("invoices.Invoice", db_index=False)
    net_amount = amount_column()
    tax_amount = amount_column()
    released = models.BooleanField(db_default=False)

    class Meta:
        db_table = "invoice_deductions"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "deducted"], name="invoice_deduction_once"),
            models.UniqueConstraint(
                fields=["deducted"], name="invoice_deducted_once", condition=models.Q(released=False)
            ),
        ]
