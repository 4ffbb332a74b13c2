"""The console's pages of invoices."""

from django.urls import path

from cashline.flow.invoice.invoices.pages.document import invoice_detail, invoice_file, invoice_why
from cashline.flow.invoice.invoices.pages.listing import invoice_list

URLS = [
    path("invoices/", invoice_list, name="invoice_list"),
    path("invoices/<str:invoice_id>/", invoice_detail, name="invoice_detail"),
    path("invoices/<str:invoice_id>/why/<str:name>/", invoice_why, name="invoice_why"),
    path("invoices/<str:invoice_id>/files/<str:form>/", invoice_file, name="invoice_file"),
]
