"""Reading shipments: what may be picked, what is on its way, what arrived."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.customers.queries.finding import Meant, either, numbered, search
from cashline.flow.book.orders.queries import orders_meant
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


class Pickable(NamedTuple):
    """Reserved goods of an order that are on no shipment."""

    order_id: UUID
    warehouse_id: UUID
    order_line_id: UUID
    product_id: UUID
    quantity: Decimal


class ShipmentItem(NamedTuple):
    """A line of a shipment, which is locked with its order until the commit; `currency` is the entity's."""

    shipment_id: UUID
    number: str
    status: str
    order_id: UUID
    order_number: str
    customer_id: UUID
    agreement_id: UUID
    entity_id: UUID
    currency: str
    warehouse_id: UUID
    order_line_id: UUID
    line_id: UUID
    product_id: UUID
    quantity: Decimal
    reservation_id: UUID | None


class LockedShipment(NamedTuple):
    """A shipment, locked until the commit."""

    id: UUID
    number: str
    status: str
    order_id: UUID
    customer_id: UUID
    agreement_id: UUID
    entity_id: UUID
    shipped_on: date | None


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """A shipment as lists and pages show it; `cost` is in the entity's currency."""

    id: UUID
    number: str
    order_id: UUID
    order_number: str
    customer_id: UUID
    customer_name: str
    entity_id: UUID
    warehouse_id: UUID
    warehouse_code: str
    status: str
    carrier: str
    tracking_number: str
    shipped_on: date | None
    delivered_on: date | None
    cost: Decimal
    currency: str
    created_at: datetime
    lines: int


@dataclass(frozen=True, slots=True)
class ShipmentLineRow:
    """A line of a shipment."""

    id: UUID
    shipment_id: UUID
    order_line_id: UUID
    line_no: int
    sku: str
    description: str
    unit: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class DeskRow:
    """An order on the shipping desk: how many of its goods lines are reserved and unpicked, and how many are short."""

    order_id: UUID
    order_number: str
    customer_name: str
    entity_id: UUID
    ordered_on: date
    requested_on: date | None
    reserved: int
    short: int
    goods: str


_SHIPMENT = (
    "s.id, s.number, s.order_id, o.number, s.customer_id, c.name, s.entity_id, s.warehouse_id, w.code, s.status, "
    "s.carrier, s.tracking_number, s.shipped_on, s.delivered_on, s.cost, e.currency, s.created_at, "
    "(SELECT count(*) FROM shipment_lines l WHERE l.shipment_id = s.id)"
)
_SOURCE = (
    "shipments s JOIN orders o ON o.id = s.order_id JOIN customers c ON c.id = s.customer_id "
    "JOIN warehouses w ON w.id = s.warehouse_id JOIN legal_entities e ON e.id = s.entity_id"
)
SORTS = {
    "number": "s.number",
    "order": "o.number",
    "customer": "lower(c.name)",
    "shipped_on": "coalesce(s.shipped_on, '9999-12-31'::date)",
}
_UNPICKED = (
    "NOT EXISTS (SELECT FROM shipment_lines x JOIN shipments y ON y.id = x.shipment_id "
    "WHERE x.order_line_id = r.order_line_id AND y.status = 'picking')"
)
_NOT_IN_PICKING = (
    "r.order_line_id NOT IN (SELECT x.order_line_id FROM shipments y JOIN shipment_lines x ON x.shipment_id = y.id "
    "WHERE y.status = 'picking')"
)
"""The same for many lines: what is in picking is read once, and each line looked up in it."""


def pickable(order_ids: Iterable[UUID]) -> list[Pickable]:
    """Reserved goods of orders that are on no shipment in picking, by order and warehouse."""
    rows = sql.fetch(
        "SELECT l.order_id, r.warehouse_id, r.order_line_id, r.product_id, r.quantity FROM order_lines l "
        "JOIN reservations r ON r.order_line_id = l.id AND r.status = 'active' "
        f"WHERE l.order_id = ANY(%s) AND {_UNPICKED} "
        "ORDER BY l.order_id, r.warehouse_id, l.line_no",
        (list(set(order_ids)),),
    )
    return [Pickable(*row) for row in rows]


def shipment_items_for_update(shipment_ids: Iterable[UUID]) -> list[ShipmentItem]:
    """The lines of shipments; the orders and then the shipments are locked in key order until the commit."""
    rows = sql.fetch(
        "SELECT s.id, s.number, s.status, s.order_id, o.number, o.customer_id, o.agreement_id, s.entity_id, "
        "e.currency, s.warehouse_id, x.order_line_id, l.line_id, x.product_id, x.quantity, r.id FROM shipments s "
        "JOIN orders o ON o.id = s.order_id JOIN legal_entities e ON e.id = s.entity_id "
        "JOIN shipment_lines x ON x.shipment_id = s.id JOIN order_lines l ON l.id = x.order_line_id "
        # Line by line: few reservations are active, but a scan of all that were takes seconds until the next vacuum.
        "LEFT JOIN LATERAL (SELECT id FROM reservations WHERE order_line_id = x.order_line_id "
        "AND warehouse_id = s.warehouse_id AND status = 'active' AND quantity = x.quantity LIMIT 1) r ON true "
        "WHERE s.id = ANY(%s::uuid[]) ORDER BY o.id, s.id, x.id FOR NO KEY UPDATE OF o, s",
        (sql.uuids(set(shipment_ids)),),
    )
    return [ShipmentItem(*row) for row in rows]


def shipments_for_update(shipment_ids: Iterable[UUID]) -> dict[UUID, LockedShipment]:
    """Shipments, their orders locked before them in key order until the commit; raises NotFound for a missing one."""
    wanted = set(shipment_ids)
    rows = sql.fetch(
        "SELECT s.id, s.number, s.status, s.order_id, o.customer_id, o.agreement_id, s.entity_id, s.shipped_on "
        "FROM shipments s JOIN orders o ON o.id = s.order_id WHERE s.id = ANY(%s) ORDER BY o.id, s.id "
        "FOR NO KEY UPDATE OF o, s",
        (list(wanted),),
    )
    if len(rows) < len(wanted):
        raise NotFound("There is no such shipment.", field="shipment_id")
    return {row[0]: LockedShipment(*row) for row in rows}


def shipment(shipment_id: UUID) -> ShipmentRow:
    """One shipment; raises NotFound."""
    rows = sql.fetch_as(ShipmentRow, f"SELECT {_SHIPMENT} FROM {_SOURCE} WHERE s.id = %s", (shipment_id,))
    if not rows:
        raise NotFound("There is no such shipment.", field="shipment_id")
    return rows[0]


def shipments_of(order_ids: Iterable[UUID]) -> list[ShipmentRow]:
    """The shipments of orders, oldest first."""
    return sql.fetch_as(
        ShipmentRow,
        f"SELECT {_SHIPMENT} FROM {_SOURCE} WHERE s.order_id = ANY(%s) ORDER BY s.id",
        (list(set(order_ids)),),
    )


def shipment_lines(shipment_ids: Iterable[UUID]) -> list[ShipmentLineRow]:
    """The lines of shipments."""
    return sql.fetch_as(
        ShipmentLineRow,
        "SELECT x.id, x.shipment_id, x.order_line_id, l.line_no, p.sku, t.description, p.unit, x.quantity "
        "FROM shipment_lines x JOIN order_lines l ON l.id = x.order_line_id "
        "JOIN agreement_lines t ON t.id = l.agreement_line_id JOIN products p ON p.id = x.product_id "
        "WHERE x.shipment_id = ANY(%s) ORDER BY x.shipment_id, l.line_no",
        (list(set(shipment_ids)),),
    )


def _meant(word: str) -> Meant | None:
    return either(
        numbered("shipments", "s", word, kind="shipment", texts=("tracking_number",)),
        orders_meant(word, "s.order_id"),
    )


def list_shipments(
    ask: lists.Ask,
    *,
    words: str = "",
    statuses: Sequence[str] = (),
    warehouse_ids: Sequence[UUID] | None = None,
    entity_ids: Sequence[UUID] | None = None,
    order_id: UUID | None = None,
    shipped_from: date | None = None,
    shipped_until: date | None = None,
) -> Page[ShipmentRow]:
    """One page of shipments; words are looked for in numbers, tracking and the customer."""
    conditions = lists.Conditions()
    conditions.few = list(statuses) == ["picking"]
    conditions.among("s.status", statuses)
    conditions.among("s.warehouse_id", warehouse_ids, "uuid")
    conditions.among("s.entity_id", entity_ids, "uuid")
    conditions.given("s.order_id = %s", order_id)
    conditions.given("s.shipped_on >= %s", shipped_from)
    conditions.given("s.shipped_on < %s", shipped_until)
    search(
        conditions,
        words,
        customer="s.customer_id",
        own=_meant,
        sort=ask.sort,
    )
    return lists.page(
        ShipmentRow,
        columns=_SHIPMENT,
        source=_SOURCE,
        key="s.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="shipments s",
    )


def orders_to_ship(*, entity_ids: Sequence[UUID] | None = None, limit: int = 100) -> list[DeskRow]:
    """Orders with reserved goods that nobody picks yet: the most urgent first, by the requested day and then by age."""
    return sql.fetch_as(
        DeskRow,
        "SELECT o.id, o.number, c.name, o.entity_id, o.ordered_on, o.requested_on, n.reserved, n.short, n.goods "
        "FROM orders o JOIN customers c ON c.id = o.customer_id JOIN LATERAL (SELECT "
        f"count(r.id) FILTER (WHERE {_NOT_IN_PICKING}) AS reserved, count(*) FILTER (WHERE r.id IS NULL) AS short, "
        "string_agg(p.sku || ' × ' || trim_scale(l.quantity), ', ' ORDER BY l.line_no) AS goods "
        "FROM order_lines l JOIN products p ON p.id = l.product_id "
        "LEFT JOIN reservations r ON r.order_line_id = l.id AND r.status = 'active' "
        "WHERE l.order_id = o.id AND l.kind = 'goods' AND l.status = 'open') n ON n.reserved > 0 "
        "WHERE o.status = 'booked' AND (%(entities)s::uuid[] IS NULL OR o.entity_id = ANY(%(entities)s::uuid[])) "
        "ORDER BY coalesce(o.requested_on, o.ordered_on), o.id LIMIT %(limit)s",
        {"entities": None if entity_ids is None else list(entity_ids), "limit": limit},
    )


def orders_to_ship_count(*, entity_ids: Sequence[UUID] | None = None) -> int:
    """How many orders `orders_to_ship` has, without a limit."""
    row = sql.fetch_one(
        "SELECT count(*) FROM orders o WHERE o.status = 'booked' AND EXISTS (SELECT FROM order_lines l "
        "JOIN reservations r ON r.order_line_id = l.id AND r.status = 'active' "
        f"WHERE l.order_id = o.id AND l.kind = 'goods' AND l.status = 'open' AND {_NOT_IN_PICKING}) "
        "AND (%(entities)s::uuid[] IS NULL OR o.entity_id = ANY(%(entities)s::uuid[]))",
        {"entities": None if entity_ids is None else list(entity_ids)},
    )
    return int(row[0]) if row else 0


def picking_count() -> int:
    """How many shipments are in picking."""
    row = sql.fetch_one("SELECT count(*) FROM shipments WHERE status = 'picking'")
    return int(row[0]) if row else 0


def entities_of_shipments(shipment_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The legal entity of each shipment."""
    return dict(sql.fetch("SELECT id, entity_id FROM shipments WHERE id = ANY(%s)", (list(set(shipment_ids)),)))


def shipment_numbered(number: str) -> UUID | None:
    """The shipment with that number."""
    row = sql.fetch_one("SELECT id FROM shipments WHERE number = %s", (number,))
    return row[0] if row else None
