"""The API of orders."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.agree.pricing.rules.including import price_with_tax
from cashline.flow.book.orders import actions, queries
from cashline.flow.book.orders.actions import PlacedOrder
from cashline.flow.book.orders.queries import OrderLineRow, OrderRow
from cashline.flow.book.orders.rules.lifecycle import OrderSource, OrderStatus
from cashline.flow.book.orders.rules.new_order import NewOrder, NewOrderLine, PlannedLine
from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import Entity, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    EntityCode,
    Limit,
    Months,
    Name,
    Percent,
    PublicId,
    Quantity,
    Sort,
    Text,
    UnitPrice,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Orders"])
type Sku = Annotated[str, StringConstraints(min_length=1, max_length=200)]
type Description = Annotated[str, StringConstraints(max_length=1000)]


class OrderLineIn(Closed):
    """A line: without a price, the list price of the day of the order; a subscription says how often it is billed."""

    sku: Sku
    quantity: Quantity
    unit_price: UnitPrice | None = None
    discount_percent: Percent = Decimal(0)
    interval_months: Months | None = None
    term_months: Months | None = None
    description: Description | None = None

    def given(self) -> NewOrderLine:
        """As the rules take it."""
        return NewOrderLine(**self.model_dump())


class OrderIn(Closed):
    """An order. `external_reference` is the buyer's own number: sent again, the first order is given back."""

    entity: EntityCode
    customer: PublicId
    currency: CurrencyCode
    external_reference: Name | None = None
    ordered_on: date | None = None
    requested_on: date | None = None
    purchase_order: Text = ""
    lines: Annotated[list[OrderLineIn], Field(min_length=1, max_length=5000)]

    def given(self, entity: Entity) -> NewOrder:
        """As the rules take it."""
        plain = self.model_dump(
            include={"currency", "external_reference", "ordered_on", "requested_on", "purchase_order"}
        )
        lines = tuple(line.given() for line in self.lines)
        return NewOrder(
            key_of("customer", self.customer), entity.id, source=OrderSource.API.value, lines=lines, **plain
        )


class OrdersIn(Closed):
    """Up to 500 orders of one legal entity, booked together or not at all."""

    orders: Annotated[list[OrderIn], Field(min_length=1, max_length=500)]


def shape(row: OrderRow) -> dict[str, Any]:
    """An order as the API shows it."""
    return {
        "id": public("order", row.id),
        "number": row.number,
        "status": row.status,
        "hold_reason": row.hold_reason,
        "customer": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "entity": public("entity", row.entity_id),
        "agreement": public("agreement", row.agreement_id),
        "source": row.source,
        "external_reference": row.external_reference,
        "purchase_order": row.purchase_order,
        "currency": row.currency,
        "net_total": row.net_total,
        "ordered_on": row.ordered_on,
        "requested_on": row.requested_on,
        "lines_total": row.lines,
        "lines_delivered": row.lines_delivered,
        "created_at": row.created_at,
    }


def _line(row: OrderLineRow) -> dict[str, Any]:
    names = (
        "line_no sku description kind unit quantity delivered_quantity status unit_price interval_months term_months "
        "net_total included_tax_rate"
    )
    more = {"price_with_tax": price_with_tax(row.unit_price, row.included_tax_rate)}
    return {"id": public("order_line", row.id)} | {name: getattr(row, name) for name in names.split()} | more


def whole(order_id: UUID) -> dict[str, Any]:
    """An order with its lines as the API shows it."""
    return shape(queries.order(order_id)) | {"lines": [_line(line) for line in queries.lines_of([order_id])]}


def placed_shape(placed: PlacedOrder) -> dict[str, Any]:
    """What became of an order, as the API shows it."""
    return {
        "id": public("order", placed.order_id) if placed.order_id else None,
        "number": placed.number,
        "status": placed.status,
        "duplicate": placed.duplicate,
        "hold_reason": placed.hold_reason,
        "currency": placed.currency,
        "net_total": placed.net_total,
        "lines": [_planned(line) for line in placed.lines],
    }


def _planned(line: PlannedLine) -> dict[str, Any]:
    names = [
        "line_no",
        "description",
        "quantity",
        "unit_price",
        "stand_alone_price",
        "interval_months",
        "term_months",
        "net_total",
        "included_tax_rate",
    ]
    more = {"price_with_tax": price_with_tax(line.unit_price, line.included_tax_rate)}
    return {"sku": line.product.sku} | {name: getattr(line, name) for name in names} | more


@router.get("/orders")
def order_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[OrderStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    source: Annotated[list[OrderSource], Query()] = [],  # noqa: B006
    customer: Annotated[str, Query(max_length=64)] = "",
    ordered_from: date | None = None,
    ordered_until: date | None = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Orders, the newest first unless sorted by number, customer, ordered_on, requested_on or net_total."""
    caller = caller_of(request)
    caller.require("orders.read")
    page = queries.list_orders(
        ask_of(sort, cursor, limit),
        words=q,
        statuses=status,
        sources=source,
        customer_id=key_of("customer", customer) if customer else None,
        entity_ids=caller.entities("orders.read"),
        ordered_from=ordered_from,
        ordered_until=ordered_until,
    )
    return listed(page, shape)


@router.post("/orders", response={200: dict[str, Any], 201: dict[str, Any]})
def order_place(request: HttpRequest, body: OrderIn) -> tuple[int, dict[str, Any]]:
    """Book an order; every error of every line comes at once. The same order again is answered with the first (200)."""
    placed = _place(request, [body])[0]
    return 200 if placed.duplicate else 201, placed_shape(placed)


@router.post("/orders/preview")
def order_preview(request: HttpRequest, body: OrderIn) -> dict[str, Any]:
    """What booking the order would come to; nothing is booked."""
    return placed_shape(_place(request, [body], preview=True)[0])


@router.post("/orders/batch", response={201: dict[str, Any]})
def order_batch(request: HttpRequest, body: OrdersIn) -> tuple[int, dict[str, Any]]:
    """Book many orders together or not at all; every error of every order comes at once."""
    return 201, {"items": [placed_shape(placed) for placed in _place(request, body.orders)], "next_cursor": ""}


@router.post("/orders/import")
def order_import(
    request: HttpRequest,
    entity: Annotated[str, Query(max_length=8)],
    format: Annotated[Literal["csv", "ubl"], Query(description="csv, or ubl for a UBL 2.1 Order")],  # noqa: A002
    preview: bool = False,
) -> dict[str, Any]:
    """Book the orders of a file, sent as the body: all or none, with every error at once; repeats are recognised."""
    caller = caller_of(request)
    ours = entity_by_code(entity)
    caller.require("orders.import", ours.id)
    placed = actions.import_orders(
        request.body,
        source=OrderSource(format),
        entity_id=ours.id,
        today=caller.today(ours.timezone),
        now=caller.now,
        actor=caller.actor,
        preview=preview,
        max_discount=caller.authority.discount_authority(ours.id),
    )
    return {"items": [placed_shape(one) for one in placed], "next_cursor": ""}


@router.get("/orders/{order_id}")
def order_show(request: HttpRequest, order_id: PublicId) -> dict[str, Any]:
    """One order with its lines, and how much of each is delivered."""
    return whole(_seen(caller_of(request), order_id, "orders.read").id)


@router.post("/orders/{order_id}/release")
def order_release(request: HttpRequest, order_id: PublicId, body: Why) -> dict[str, Any]:
    """Let a held order go on, whatever the credit says; the reason is kept with who decided."""
    caller = caller_of(request)
    row = _seen(caller, order_id, "orders.release")
    actions.release_orders([row.id], reason=body.reason, now=caller.now, actor=caller.actor)
    return whole(row.id)


@router.post("/orders/{order_id}/cancel")
def order_cancel(request: HttpRequest, order_id: PublicId, body: Why) -> dict[str, Any]:
    """Cancel what is not delivered; what is delivered stays, and is billed."""
    caller = caller_of(request)
    row = _seen(caller, order_id, "orders.cancel")
    actions.cancel_orders([row.id], reason=body.reason, now=caller.now, actor=caller.actor)
    return whole(row.id)


def _seen(caller: Caller, order_id: str, permission: str) -> OrderRow:
    row = queries.order(key_of("order", order_id))
    require_visible(caller, permission, row.entity_id, "order", row.id)
    return row


def _place(request: HttpRequest, bodies: list[OrderIn], *, preview: bool = False) -> list[PlacedOrder]:
    caller = caller_of(request)
    codes = {body.entity: entity_by_code(body.entity) for body in bodies}
    for entity in codes.values():
        caller.require("orders.write", entity.id)
    return actions.place_orders(
        [body.given(codes[body.entity]) for body in bodies],
        today=min(caller.today(entity.timezone) for entity in codes.values()),
        now=caller.now,
        actor=caller.actor,
        preview=preview,
        max_discount=min(caller.authority.discount_authority(entity.id) for entity in codes.values()),
    )
