"""The console's pages of reminders."""

from django.urls import path

from cashline.flow.receive.collections.pages.declaring import (
    customer_hold,
    customer_lift_hold,
    promise_list,
    promise_new,
    reminder_policy,
    reminder_policy_list,
)
from cashline.flow.receive.collections.pages.letters import (
    reminder_detail,
    reminder_list,
    reminder_preview,
    reminder_send,
)

URLS = [
    path("reminders/", reminder_list, name="reminder_list"),
    path("reminders/next/", reminder_preview, name="reminder_preview"),
    path("reminders/send/", reminder_send, name="reminder_send"),
    path("reminders/promises/", promise_list, name="promise_list"),
    path("reminders/ladders/", reminder_policy_list, name="reminder_policy_list"),
    path("reminders/ladders/<str:entity_code>/", reminder_policy, name="reminder_policy"),
    path("reminders/<str:reminder_id>/", reminder_detail, name="reminder_detail"),
    path("invoices/<str:invoice_id>/promise/", promise_new, name="promise_new"),
    path("customers/<str:customer_id>/hold-reminders/", customer_hold, name="customer_hold_reminders"),
    path("customers/<str:customer_id>/lift-reminder-hold/", customer_lift_hold, name="customer_lift_reminder_hold"),
]
