"""Writing credit notes: issuing them, voiding invoices, and what becomes of the credit that they leave."""

from cashline.flow.invoice.credit_notes.actions.issuing import (
    append_credit_notes,
    credit_note_document,
    issue_credit_notes,
    note_series,
    plan_credit_notes,
    preview_credit_notes,
    void_invoices,
)

__all__ = [
    "append_credit_notes",
    "credit_note_document",
    "issue_credit_notes",
    "note_series",
    "plan_credit_notes",
    "preview_credit_notes",
    "void_invoices",
]
