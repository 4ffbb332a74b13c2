"""Writing fulfilment: plans and their steps, shipments, delivery facts."""

from cashline.flow.deliver.fulfilment.actions.facts import record_deliveries
from cashline.flow.deliver.fulfilment.actions.planning import (
    advance_steps,
    cancel_orders,
    fail_steps,
    fill_backorders,
    finish_steps,
    plan_orders,
    retry_steps,
)
from cashline.flow.deliver.fulfilment.actions.shipping import (
    cancel_shipments,
    create_shipments,
    deliver_shipments,
    ship_shipments,
)

__all__ = [
    "advance_steps",
    "cancel_orders",
    "cancel_shipments",
    "create_shipments",
    "deliver_shipments",
    "fail_steps",
    "fill_backorders",
    "finish_steps",
    "plan_orders",
    "record_deliveries",
    "retry_steps",
    "ship_shipments",
]
