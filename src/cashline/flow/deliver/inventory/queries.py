"""Reading stock: what lies where, what is promised of it, and how it moved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.deliver.inventory.rules import Place
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class WarehouseRow:
    """A warehouse."""

    id: UUID
    entity_id: UUID
    code: str
    name: str
    country: str


@dataclass(frozen=True, slots=True)
class StockRow:
    """A product in a warehouse; `value` is in `currency`, `backordered` is what open orders still miss of it."""

    id: UUID
    warehouse_id: UUID
    warehouse_code: str
    entity_id: UUID
    currency: str
    product_id: UUID
    sku: str
    name: str
    unit: str
    on_hand: Decimal
    reserved: Decimal
    available: Decimal
    value: Decimal
    reorder_point: Decimal


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A move of stock."""

    id: UUID
    kind: str
    quantity: Decimal
    value: Decimal
    source_id: UUID
    reason: str
    moved_on: date


@dataclass(frozen=True, slots=True)
class ReservationRow:
    """Stock promised to an order line, with the order's number."""

    id: UUID
    order_line_id: UUID
    order_id: UUID
    order_number: str
    warehouse_id: UUID
    product_id: UUID
    quantity: Decimal
    status: str


_PLACE = "s.id, s.warehouse_id, w.code, w.entity_id, e.currency, s.product_id, s.on_hand, s.reserved, s.value"
_PLACES = "stock s JOIN warehouses w ON w.id = s.warehouse_id JOIN legal_entities e ON e.id = w.entity_id"
_STOCK = (
    "s.id, s.warehouse_id, w.code, w.entity_id, e.currency, s.product_id, p.sku, p.name, p.unit, "
    "s.on_hand, s.reserved, s.on_hand - s.reserved, s.value, s.reorder_point"
)
_STATES = {
    "short": "s.on_hand - s.reserved < s.reorder_point",
    "reserved": "s.reserved > 0",
    "empty": "s.on_hand = 0",
}
SORTS = {
    "sku": "p.sku",
    "name": "lower(p.name)",
    "warehouse": "w.code",
    "on_hand": "s.on_hand",
    "reserved": "s.reserved",
    "available": "s.on_hand - s.reserved",
    "value": "s.value",
}


def places_for_update(entity_ids: Iterable[UUID], product_ids: Iterable[UUID]) -> list[Place]:
    """Every place of those products in warehouses of those entities, locked in key order until the commit."""
    rows = sql.fetch(
        f"SELECT {_PLACE} FROM {_PLACES} WHERE w.entity_id = ANY(%s) AND s.product_id = ANY(%s) "
        "ORDER BY s.id FOR NO KEY UPDATE OF s",
        (list(entity_ids), list(product_ids)),
    )
    return [Place(*row) for row in rows]


def places_at_for_update(at: Iterable[tuple[UUID, UUID]]) -> list[Place]:
    """The places at those pairs of warehouse and product, locked in key order until the commit."""
    warehouses, products = zip(*set(at), strict=True)
    rows = sql.fetch(
        f"SELECT {_PLACE} FROM {_PLACES} JOIN unnest(%s::uuid[], %s::uuid[]) AS wanted(warehouse_id, product_id) "
        "ON wanted.warehouse_id = s.warehouse_id AND wanted.product_id = s.product_id "
        "ORDER BY s.id FOR NO KEY UPDATE OF s",
        (list(warehouses), list(products)),
    )
    return [Place(*row) for row in rows]


def lock_places_of_reservations(order_line_ids: Sequence[UUID]) -> int:
    """Lock, in key order, the places whose stock is promised to those lines; gives how many there are."""
    return len(
        sql.fetch(
            "SELECT s.id FROM stock s WHERE (s.warehouse_id, s.product_id) IN (SELECT r.warehouse_id, r.product_id "
            "FROM reservations r WHERE r.order_line_id = ANY(%s) AND r.status = 'active') "
            "ORDER BY s.id FOR NO KEY UPDATE",
            (list(order_line_ids),),
        )
    )


def standard_costs(product_ids: Iterable[UUID]) -> dict[UUID, Decimal]:
    """The unit cost that the catalogue states; an unknown product is left out."""
    return dict(sql.fetch("SELECT id, unit_cost FROM products WHERE id = ANY(%s)", (list(set(product_ids)),)))


def warehouses(entity_ids: Sequence[UUID] | None = None) -> list[WarehouseRow]:
    """The warehouses of those entities (None: all) by code."""
    return sql.fetch_as(
        WarehouseRow,
        "SELECT id, entity_id, code, name, country FROM warehouses "
        "WHERE %(entities)s::uuid[] IS NULL OR entity_id = ANY(%(entities)s::uuid[]) ORDER BY code",
        {"entities": None if entity_ids is None else list(entity_ids)},
    )


def warehouses_by_id(ids: Iterable[UUID]) -> dict[UUID, WarehouseRow]:
    """The warehouses with those ids; an unknown id is left out."""
    rows = sql.fetch_as(
        WarehouseRow, "SELECT id, entity_id, code, name, country FROM warehouses WHERE id = ANY(%s)", (list(set(ids)),)
    )
    return {row.id: row for row in rows}


def warehouse_by_code(code: str) -> WarehouseRow:
    """The warehouse with that code; raises NotFound."""
    rows = sql.fetch_as(
        WarehouseRow, "SELECT id, entity_id, code, name, country FROM warehouses WHERE code = %s", (code,)
    )
    if not rows:
        raise NotFound(f"There is no warehouse {code[:40]!r}.", field="warehouse")
    return rows[0]


def list_stock(
    ask: lists.Ask,
    *,
    words: str = "",
    warehouse_ids: Sequence[UUID] | None = None,
    entity_ids: Sequence[UUID] | None = None,
    state: Sequence[str] = (),
) -> Page[StockRow]:
    """One page of stock; `state` is any of short (below the reorder point), reserved, empty."""
    conditions = lists.Conditions()
    conditions.contains(("p.sku", "p.name"), words)
    conditions.among("s.warehouse_id", warehouse_ids, "uuid")
    conditions.among("w.entity_id", entity_ids, "uuid")
    if state:
        conditions.add("(" + " OR ".join(_STATES[name] for name in state) + ")")
    return lists.page(
        StockRow,
        columns=_STOCK,
        source=f"{_PLACES} JOIN products p ON p.id = s.product_id",
        key="s.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def stock_row(stock_id: UUID) -> StockRow:
    """One product in one warehouse; raises NotFound."""
    rows = sql.fetch_as(
        StockRow,
        f"SELECT {_STOCK} FROM {_PLACES} JOIN products p ON p.id = s.product_id WHERE s.id = %s",
        (stock_id,),
    )
    if not rows:
        raise NotFound("There is no such stock.", field="stock")
    return rows[0]


def stock_at(warehouse_id: UUID, product_id: UUID) -> StockRow:
    """What lies of a product in a warehouse; raises NotFound where none ever did."""
    rows = sql.fetch_as(
        StockRow,
        f"SELECT {_STOCK} FROM {_PLACES} JOIN products p ON p.id = s.product_id "
        "WHERE s.warehouse_id = %s AND s.product_id = %s",
        (warehouse_id, product_id),
    )
    if not rows:
        raise NotFound("There is no such stock.", field="sku")
    return rows[0]


def available(product_ids: Iterable[UUID], entity_id: UUID) -> dict[UUID, Decimal]:
    """What is free of each product in the entity's warehouses together."""
    return dict(
        sql.fetch(
            "SELECT s.product_id, sum(s.on_hand - s.reserved) FROM stock s JOIN warehouses w ON w.id = s.warehouse_id "
            "WHERE w.entity_id = %s AND s.product_id = ANY(%s) GROUP BY s.product_id",
            (entity_id, list(set(product_ids))),
        )
    )


def moves_of(warehouse_id: UUID, product_id: UUID, *, limit: int = 200) -> list[MoveRow]:
    """The last moves at a place, newest first."""
    return sql.fetch_as(
        MoveRow,
        "SELECT id, kind, quantity, value, source_id, reason, moved_on FROM stock_moves "
        "WHERE warehouse_id = %s AND product_id = %s ORDER BY id DESC LIMIT %s",
        (warehouse_id, product_id, limit),
    )


def reservations_at(warehouse_id: UUID, product_id: UUID, *, limit: int = 200) -> list[ReservationRow]:
    """What is promised of a place, oldest promise first."""
    return sql.fetch_as(
        ReservationRow,
        "SELECT r.id, r.order_line_id, o.id, o.number, r.warehouse_id, r.product_id, r.quantity, r.status "
        "FROM reservations r JOIN order_lines l ON l.id = r.order_line_id JOIN orders o ON o.id = l.order_id "
        "WHERE r.warehouse_id = %s AND r.product_id = %s AND r.status = 'active' ORDER BY r.id LIMIT %s",
        (warehouse_id, product_id, limit),
    )


def reservations_of(order_line_ids: Sequence[UUID]) -> list[ReservationRow]:
    """Every reservation of order lines, whatever became of it."""
    return sql.fetch_as(
        ReservationRow,
        "SELECT r.id, r.order_line_id, l.order_id, o.number, r.warehouse_id, r.product_id, r.quantity, r.status "
        "FROM reservations r JOIN order_lines l ON l.id = r.order_line_id JOIN orders o ON o.id = l.order_id "
        "WHERE r.order_line_id = ANY(%s) ORDER BY r.id",
        (list(order_line_ids),),
    )


def values_by_entity() -> dict[UUID, Decimal]:
    """What all stock of each entity cost; equals the entity's inventory account."""
    return dict(
        sql.fetch("SELECT w.entity_id, sum(s.value) FROM stock s JOIN warehouses w ON w.id = s.warehouse_id GROUP BY 1")
    )


def broken_sums(limit: int = 20) -> list[tuple[UUID, UUID]]:
    """Places (warehouse, product) whose stock is not the sum of its moves and active reservations; none where sound."""
    return [
        (row[0], row[1])
        for row in sql.fetch(
            "SELECT s.warehouse_id, s.product_id FROM stock s "
            "LEFT JOIN (SELECT warehouse_id, product_id, sum(quantity) AS quantity, sum(value) AS value "
            "FROM stock_moves GROUP BY 1, 2) m USING (warehouse_id, product_id) "
            "LEFT JOIN (SELECT warehouse_id, product_id, sum(quantity) AS quantity FROM reservations "
            "WHERE status = 'active' GROUP BY 1, 2) r USING (warehouse_id, product_id) "
            "WHERE s.on_hand <> coalesce(m.quantity, 0) OR s.value <> coalesce(m.value, 0) "
            "OR s.reserved <> coalesce(r.quantity, 0) LIMIT %s",
            (limit,),
        )
    ]
