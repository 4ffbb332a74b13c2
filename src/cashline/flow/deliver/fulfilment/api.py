"""The API of fulfilment: the shipping desk, shipments, and the plan of each order."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cashline.flow.book.orders.queries import order, orders_by_id
from cashline.flow.deliver.fulfilment import actions, queries
from cashline.flow.deliver.fulfilment.queries import ShipmentRow, StepRow
from cashline.flow.deliver.fulfilment.rules import DeliveryConfirmation, ShipConfirmation, ShipmentStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import NotFound
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Limit,
    PublicId,
    Sort,
    Text,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Fulfilment"])


class PickIn(Closed):
    """Orders to pick: what is reserved of each goes on a shipment a warehouse."""

    orders: Annotated[list[PublicId], Field(min_length=1, max_length=500)]


class ShipIn(Closed):
    """That a shipment left."""

    carrier: Text = ""
    tracking_number: Text = ""
    shipped_on: date | None = None


class ArriveIn(Closed):
    """That a shipment arrived."""

    delivered_on: date | None = None


def shape(row: ShipmentRow) -> dict[str, Any]:
    """A shipment as the API shows it."""
    return {
        "id": public("shipment", row.id),
        "number": row.number,
        "status": row.status,
        "order": public("order", row.order_id),
        "order_number": row.order_number,
        "customer": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "warehouse": row.warehouse_code,
        "carrier": row.carrier,
        "tracking_number": row.tracking_number,
        "shipped_on": row.shipped_on,
        "delivered_on": row.delivered_on,
        "cost": row.cost,
        "currency": row.currency,
        "created_at": row.created_at,
    }


def _whole(shipment_id: UUID) -> dict[str, Any]:
    lines = [
        {
            "order_line": public("order_line", line.order_line_id),
            "line_no": line.line_no,
            "sku": line.sku,
            "description": line.description,
            "unit": line.unit,
            "quantity": line.quantity,
        }
        for line in queries.shipment_lines([shipment_id])
    ]
    return shape(queries.shipment(shipment_id)) | {"lines": lines}


def step_shape(row: StepRow) -> dict[str, Any]:
    """A step as the API shows it."""
    return {
        "id": public("fulfilment_step", row.id),
        "kind": row.kind,
        "sequence": row.sequence,
        "status": row.status,
        "order_line": public("order_line", row.order_line_id) if row.order_line_id else None,
        "attempts": row.attempts,
        "next_attempt_at": row.next_attempt_at,
        "error": row.error,
    }


@router.get("/orders/{order_id}/plan")
def order_plan(request: HttpRequest, order_id: PublicId) -> dict[str, Any]:
    """The steps that deliver an order, and where each stands."""
    caller = caller_of(request)
    row = order(key_of("order", order_id))
    require_visible(caller, "fulfilment.read", row.entity_id, "order", row.id)
    return {"items": [step_shape(step) for step in queries.steps_of([row.id])], "next_cursor": ""}


@router.post("/orders/{order_id}/plan/{step_id}/retry")
def step_retry(request: HttpRequest, order_id: PublicId, step_id: PublicId) -> dict[str, Any]:
    """Try a failed step again."""
    caller = caller_of(request)
    row = order(key_of("order", order_id))
    require_visible(caller, "fulfilment.write", row.entity_id, "order", row.id)
    step = queries.step(key_of("fulfilment_step", step_id))
    if step.order_id != row.id:
        raise NotFound("There is no such step.", field="step_id")
    actions.retry_steps([step.id], now=caller.now, actor=caller.actor)
    return step_shape(queries.step(step.id))


@router.get("/shipping-desk")
def shipping_desk(request: HttpRequest, limit: Limit = 100) -> dict[str, Any]:
    """The orders with reserved goods that nobody picks yet, the most urgent first."""
    caller = caller_of(request)
    caller.require("fulfilment.read")
    rows = queries.orders_to_ship(entity_ids=caller.entities("fulfilment.read"), limit=limit)
    items = [
        {
            "order": public("order", row.order_id),
            "order_number": row.order_number,
            "customer_name": row.customer_name,
            "ordered_on": row.ordered_on,
            "requested_on": row.requested_on,
            "lines_reserved": row.reserved,
            "lines_short": row.short,
            "goods": row.goods,
        }
        for row in rows
    ]
    return {"items": items, "next_cursor": ""}


@router.get("/shipments")
def shipment_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[ShipmentStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    order_id: Annotated[str, Query(alias="order", max_length=64)] = "",
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Shipments, the newest first unless sorted by number, order, customer or shipped_on."""
    caller = caller_of(request)
    caller.require("fulfilment.read")
    page = queries.list_shipments(
        ask_of(sort, cursor, limit),
        words=q,
        statuses=status,
        order_id=key_of("order", order_id) if order_id else None,
        entity_ids=caller.entities("fulfilment.read"),
    )
    return listed(page, shape)


@router.post("/shipments", response={201: dict[str, Any]})
def shipment_create(request: HttpRequest, body: PickIn) -> tuple[int, dict[str, Any]]:
    """Put what is reserved of orders on shipments, to be picked; what is short follows when stock arrives."""
    caller = caller_of(request)
    keys = [key_of("order", order_id) for order_id in body.orders]
    rows = orders_by_id(keys)
    for key in keys:
        if key not in rows:
            raise NotFound("There is no such order.", field="orders", order=public("order", key))
        require_visible(caller, "fulfilment.write", rows[key].entity_id, "order", key)
    found = actions.create_shipments(keys, now=caller.now, actor=caller.actor)
    return 201, {"items": [_whole(key) for key in found], "next_cursor": ""}


@router.get("/shipments/{shipment_id}")
def shipment_show(request: HttpRequest, shipment_id: PublicId) -> dict[str, Any]:
    """One shipment with its lines."""
    return _whole(_seen(caller_of(request), shipment_id, "fulfilment.read").id)


@router.post("/shipments/{shipment_id}/ship")
def shipment_ship(request: HttpRequest, shipment_id: PublicId, body: ShipIn) -> dict[str, Any]:
    """Confirm that the goods left: they are delivered in the sense of bills and revenue."""
    caller = caller_of(request)
    row = _seen(caller, shipment_id, "fulfilment.write")
    day = body.shipped_on or caller.today(_timezone(row))
    confirmation = ShipConfirmation(row.id, body.carrier, body.tracking_number, day)
    actions.ship_shipments([confirmation], now=caller.now, actor=caller.actor)
    return _whole(row.id)


@router.post("/shipments/{shipment_id}/deliver")
def shipment_deliver(request: HttpRequest, shipment_id: PublicId, body: ArriveIn) -> dict[str, Any]:
    """Confirm that the goods arrived."""
    caller = caller_of(request)
    row = _seen(caller, shipment_id, "fulfilment.write")
    day = body.delivered_on or caller.today(_timezone(row))
    actions.deliver_shipments([DeliveryConfirmation(row.id, day)], now=caller.now, actor=caller.actor)
    return _whole(row.id)


@router.post("/shipments/{shipment_id}/cancel")
def shipment_cancel(request: HttpRequest, shipment_id: PublicId, body: Why) -> dict[str, Any]:
    """Stop picking; the goods stay reserved for their order."""
    caller = caller_of(request)
    row = _seen(caller, shipment_id, "fulfilment.write")
    actions.cancel_shipments([row.id], reason=body.reason, now=caller.now, actor=caller.actor)
    return _whole(row.id)


def _timezone(row: ShipmentRow) -> str:
    return entities_by_id([row.entity_id])[row.entity_id].timezone


def _seen(caller: Caller, shipment_id: str, permission: str) -> ShipmentRow:
    row = queries.shipment(key_of("shipment", shipment_id))
    require_visible(caller, permission, row.entity_id, "shipment", row.id)
    return row
