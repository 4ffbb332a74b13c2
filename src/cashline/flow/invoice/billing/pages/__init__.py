"""The console's pages of billing."""

from django.urls import path

from cashline.flow.invoice.billing.pages.beginning import bill_run_new, bill_run_preview, bill_run_preview_list
from cashline.flow.invoice.billing.pages.grouping import invoice_grouping_list, invoice_grouping_set
from cashline.flow.invoice.billing.pages.life import life_detail, life_why, life_withdraw
from cashline.flow.invoice.billing.pages.life_changing import life_change, life_change_preview
from cashline.flow.invoice.billing.pages.life_starting import life_new, life_new_preview
from cashline.flow.invoice.billing.pages.runs import bill_run_detail, bill_run_list, bill_run_step
from cashline.flow.invoice.billing.pages.waiting import (
    billing_policy_list,
    billing_policy_set,
    waiting_bill_detail,
    waiting_bill_list,
    waiting_bill_refuse,
    waiting_bill_release,
)

URLS = [
    path("bill-runs/", bill_run_list, name="bill_run_list"),
    path("bill-runs/new/", bill_run_new, name="bill_run_new"),
    path("bill-runs/preview/", bill_run_preview, name="bill_run_preview"),
    path("bill-runs/preview/documents/", bill_run_preview_list, name="bill_run_preview_list"),
    path("bill-runs/<str:run_id>/", bill_run_detail, name="bill_run_detail"),
    path("bill-runs/<str:run_id>/<str:verb>/", bill_run_step, name="bill_run_step"),
    path("plan-subscriptions/new/", life_new, name="life_new"),
    path("plan-subscriptions/new/preview/", life_new_preview, name="life_new_preview"),
    path("plan-subscriptions/<str:subscription_id>/", life_detail, name="life_detail"),
    path("plan-subscriptions/<str:subscription_id>/withdraw/", life_withdraw, name="life_withdraw"),
    path("plan-subscriptions/<str:subscription_id>/next-bill/<int:place>/", life_why, name="life_why"),
    path("plan-subscriptions/<str:subscription_id>/change/<str:verb>/", life_change, name="life_change"),
    path(
        "plan-subscriptions/<str:subscription_id>/change/<str:verb>/preview/",
        life_change_preview,
        name="life_change_preview",
    ),
    path("invoice-groupings/", invoice_grouping_list, name="invoice_grouping_list"),
    path("invoice-groupings/set/", invoice_grouping_set, name="invoice_grouping_set"),
    path("waiting-bills/", waiting_bill_list, name="waiting_bill_list"),
    path("waiting-bills/policies/", billing_policy_list, name="billing_policy_list"),
    path("waiting-bills/policies/set/", billing_policy_set, name="billing_policy_set"),
    path("waiting-bills/<str:waiting_id>/", waiting_bill_detail, name="waiting_bill_detail"),
    path("waiting-bills/<str:waiting_id>/release/", waiting_bill_release, name="waiting_bill_release"),
    path("waiting-bills/<str:waiting_id>/refuse/", waiting_bill_refuse, name="waiting_bill_refuse"),
]
