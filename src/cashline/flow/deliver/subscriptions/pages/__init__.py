"""The console's pages of subscriptions: services of orders, and the list of subscriptions to rate plans."""

from django.urls import path

from cashline.flow.deliver.subscriptions.pages.lives import life_list
from cashline.flow.deliver.subscriptions.pages.services import (
    subscription_cancel,
    subscription_detail,
    subscription_list,
)

URLS = [
    path("subscriptions/", subscription_list, name="subscription_list"),
    path("subscriptions/<str:subscription_id>/", subscription_detail, name="subscription_detail"),
    path("subscriptions/<str:subscription_id>/cancel/", subscription_cancel, name="subscription_cancel"),
    path("plan-subscriptions/", life_list, name="life_list"),
]
