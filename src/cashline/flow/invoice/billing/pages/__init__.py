"""The console's pages of billing."""

from django.urls import path

from cashline.flow.invoice.billing.pages.beginning import bill_run_new, bill_run_preview
from cashline.flow.invoice.billing.pages.runs import bill_run_detail, bill_run_list, bill_run_resume, bill_run_stop

URLS = [
    path("bill-runs/", bill_run_list, name="bill_run_list"),
    path("bill-runs/new/", bill_run_new, name="bill_run_new"),
    path("bill-runs/preview/", bill_run_preview, name="bill_run_preview"),
    path("bill-runs/<str:run_id>/", bill_run_detail, name="bill_run_detail"),
    path("bill-runs/<str:run_id>/stop/", bill_run_stop, name="bill_run_stop"),
    path("bill-runs/<str:run_id>/resume/", bill_run_resume, name="bill_run_resume"),
]
