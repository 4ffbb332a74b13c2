"""Writing invoices: issuing them, settling what is open, and storing their documents."""

from cashline.flow.invoice.invoices.actions.issuing import append_invoices, exposure_of, issue_invoices
from cashline.flow.invoice.invoices.actions.settling import Settled, settle, take_back

__all__ = [
    "Settled",
    "append_invoices",
    "exposure_of",
    "issue_invoices",
    "settle",
    "take_back",
]
