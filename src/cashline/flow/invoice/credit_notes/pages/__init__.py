"""The console's pages of credit notes."""

from django.urls import path

from cashline.flow.invoice.credit_notes.pages.crediting import invoice_credit, invoice_credit_preview, invoice_void
from cashline.flow.invoice.credit_notes.pages.document import credit_note_detail, credit_note_file, credit_note_why
from cashline.flow.invoice.credit_notes.pages.listing import credit_note_list

URLS = [
    path("credit-notes/", credit_note_list, name="credit_note_list"),
    path("credit-notes/<str:credit_note_id>/", credit_note_detail, name="credit_note_detail"),
    path("credit-notes/<str:credit_note_id>/why/<str:name>/", credit_note_why, name="credit_note_why"),
    path("credit-notes/<str:credit_note_id>/files/<str:form>/", credit_note_file, name="credit_note_file"),
    path("invoices/<str:invoice_id>/credit/", invoice_credit, name="invoice_credit"),
    path("invoices/<str:invoice_id>/credit/preview/", invoice_credit_preview, name="invoice_credit_preview"),
    path("invoices/<str:invoice_id>/void/", invoice_void, name="invoice_void"),
]
