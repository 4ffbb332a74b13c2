"""The console's pages of subscriptions: services of orders, and the list of subscriptions to rate plans."""

from django.urls import path

from cashline.flow.deliver.subscriptions.pages.campaigns import (
    campaign_detail,
    campaign_list,
    campaign_move,
    campaign_new,
    campaign_preview,
)
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
    path("price-campaigns/", campaign_list, name="campaign_list"),
    path("price-campaigns/new/", campaign_new, name="campaign_new"),
    path("price-campaigns/new/preview/", campaign_preview, name="campaign_preview"),
    path("price-campaigns/<str:campaign_id>/", campaign_detail, name="campaign_detail"),
    path("price-campaigns/<str:campaign_id>/<str:verb>/", campaign_move, name="campaign_move"),
]
