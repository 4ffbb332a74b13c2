"""Reading invoices: what issuing looks up, what documents state, lists and open items."""

from cashline.flow.invoice.invoices.queries.grounds import grounds_of
from cashline.flow.invoice.invoices.queries.lists import (
    InvoiceFilter,
    InvoiceRow,
    InvoiceTotals,
    OpenItemRow,
    invoice,
    invoice_totals,
    invoices_by_id,
    invoices_by_number,
    list_invoices,
    open_items,
)
from cashline.flow.invoice.invoices.queries.statements import (
    e_invoice,
    lines_of,
    statement_of,
    statements_of,
    taxes_of,
)

__all__ = [
    "InvoiceFilter",
    "InvoiceRow",
    "InvoiceTotals",
    "OpenItemRow",
    "e_invoice",
    "grounds_of",
    "invoice",
    "invoice_totals",
    "invoices_by_id",
    "invoices_by_number",
    "lines_of",
    "list_invoices",
    "open_items",
    "statement_of",
    "statements_of",
    "taxes_of",
]
