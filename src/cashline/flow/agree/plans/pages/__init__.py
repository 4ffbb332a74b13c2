"""The console's pages of rate plans."""

from django.urls import path

from cashline.flow.agree.plans.pages.indices import price_index_detail, price_index_list, price_index_set
from cashline.flow.agree.plans.pages.publishing import plan_new, plan_next
from cashline.flow.agree.plans.pages.showing import conventions_edit, plan_detail, plan_list, plan_options

URLS = [
    path("plans/", plan_list, name="plan_list"),
    path("plans/new/", plan_new, name="plan_new"),
    path("plans/options/", plan_options, name="plan_options"),
    path("plans/conventions/<str:entity_id>/", conventions_edit, name="plan_conventions"),
    path("price-indices/", price_index_list, name="price_index_list"),
    path("price-indices/set/", price_index_set, name="price_index_set"),
    path("price-indices/<str:code>/", price_index_detail, name="price_index_detail"),
    path("plans/<str:plan_id>/", plan_detail, name="plan_detail"),
    path("plans/<str:plan_id>/next/", plan_next, name="plan_next"),
]
