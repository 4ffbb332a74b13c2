"""The console's pages of fulfilment: the shipping desk, shipments, and how an order is delivered."""

from django.urls import path

from cashline.flow.deliver.fulfilment.pages.desk import desk_pick, desk_ship, fulfilment_list
from cashline.flow.deliver.fulfilment.pages.plan import order_delivery, order_pick, step_retry
from cashline.flow.deliver.fulfilment.pages.shipments import (
    shipment_cancel,
    shipment_deliver,
    shipment_detail,
    shipment_list,
    shipment_ship,
    shipments_ship,
)

URLS = [
    path("fulfilment/", fulfilment_list, name="fulfilment_list"),
    path("fulfilment/pick/", desk_pick, name="desk_pick"),
    path("fulfilment/ship/", desk_ship, name="desk_ship"),
    path("orders/<str:order_id>/delivery/", order_delivery, name="order_delivery"),
    path("orders/<str:order_id>/pick/", order_pick, name="order_pick"),
    path("orders/<str:order_id>/steps/<str:step_id>/retry/", step_retry, name="step_retry"),
    path("shipments/", shipment_list, name="shipment_list"),
    path("shipments/ship/", shipments_ship, name="shipments_ship"),
    path("shipments/<str:shipment_id>/", shipment_detail, name="shipment_detail"),
    path("shipments/<str:shipment_id>/ship/", shipment_ship, name="shipment_ship"),
    path("shipments/<str:shipment_id>/deliver/", shipment_deliver, name="shipment_deliver"),
    path("shipments/<str:shipment_id>/cancel/", shipment_cancel, name="shipment_cancel"),
]
