"""Reading invoices: what issuing looks up, what documents state, lists and open items."""

from cashline.flow.invoice.invoices.queries.grounds import grounds_of
from cashline.flow.invoice.invoices.queries.lists import (
    RECEIVABLES,
    InvoiceFilter,
    InvoiceRow,
    OpenItemRow,
    ReceivablesAsked,
    ReceivableTotals,
    agreements_of,
    invoice,
    invoices_by_id,
    invoices_by_number,
    list_invoices,
    open_items,
    receivable_totals,
)
from cashline.flow.invoice.invoices.queries.statements import (
    e_invoice,
    lines_of,
    payable_lines,
    statement_of,
    statements_of,
    taxes_of,
    with_previous,
)

__all__ = [
    "RECEIVABLES",
    "InvoiceFilter",
    "InvoiceRow",
    "OpenItemRow",
    "ReceivableTotals",
    "ReceivablesAsked",
    "agreements_of",
    "e_invoice",
    "grounds_of",
    "invoice",
    "invoices_by_id",
    "invoices_by_number",
    "lines_of",
    "list_invoices",
    "open_items",
    "payable_lines",
    "receivable_totals",
    "statement_of",
    "statements_of",
    "taxes_of",
    "with_previous",
]
