"""Writing invoices: issuing them, settling what is open, and storing their documents."""

from cashline.flow.invoice.invoices.actions.crediting import give_back_uses, pay_by_credit
from cashline.flow.invoice.invoices.actions.documents import DocumentForm, invoice_document, kept_document
from cashline.flow.invoice.invoices.actions.issuing import (
    append_invoices,
    exposure_of,
    invoice_series,
    issue_invoices,
    preview_invoices,
)
from cashline.flow.invoice.invoices.actions.settling import Settled, settle, take_back

__all__ = [
    "DocumentForm",
    "Settled",
    "append_invoices",
    "exposure_of",
    "give_back_uses",
    "invoice_document",
    "invoice_series",
    "issue_invoices",
    "kept_document",
    "pay_by_credit",
    "preview_invoices",
    "settle",
    "take_back",
]
