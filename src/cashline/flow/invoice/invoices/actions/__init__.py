"""Writing invoices: issuing them, settling what is open, and storing their documents."""

from cashline.flow.invoice.invoices.actions.documents import DocumentForm, invoice_document, kept_document
from cashline.flow.invoice.invoices.actions.issuing import append_invoices, exposure_of, issue_invoices
from cashline.flow.invoice.invoices.actions.settling import Settled, settle, take_back

__all__ = [
    "DocumentForm",
    "Settled",
    "append_invoices",
    "exposure_of",
    "invoice_document",
    "issue_invoices",
    "kept_document",
    "settle",
    "take_back",
]
