"""Writing stock. Rows of stock are locked in key order before anything is promised or taken.

`on_hand`, `value` and `reserved` are written by the database, as sums of the moves and reservations inserted here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.deliver.inventory import queries
from cashline.flow.deliver.inventory.rules import (
    RESERVATION,
    Consumption,
    Move,
    MoveKind,
    NewWarehouse,
    Place,
    Promise,
    ReservationGone,
    ReservationStatus,
    StockAdjustment,
    StockReceipt,
    Want,
    adjustment_errors,
    cost_shipments,
    promise_stock,
    receipt_errors,
    value_adjustment,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import Conflict, InvalidValue, NotFound, raise_all
from cashline.kernel.rounding import round_to
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_MOVE_COLUMNS = ("id", "warehouse_id", "product_id", "kind", "quantity", "value", "source_id", "reason", "moved_on")
_RESERVATION_COLUMNS = ("id", "order_line_id", "warehouse_id", "product_id", "quantity", "status", "created_at")


@dataclass(frozen=True, slots=True)
class Reserved:
    """What could be promised, and by order line the most that was free for those that are short."""

    promises: list[Promise]
    short: dict[UUID, Decimal]


@transaction.atomic
def create_warehouses(warehouses: Sequence[NewWarehouse], *, now: datetime, actor: str) -> list[UUID]:
    """Set up warehouses; raises Conflict where a code is taken."""
    for index, new in enumerate(warehouses):
        if not new.code.strip() or len(new.code) > 20:
            raise InvalidValue("A warehouse has a code of 1 to 20 characters.", field=f"warehouses.{index}.code")
    taken = {warehouse.code for warehouse in queries.warehouses()}
    if twice := [new.code for new in warehouses if new.code in taken]:
        raise Conflict(f"There is already a warehouse {twice[0]!r}.", field="code")
    rows = [(new_id(), new.entity_id, new.code, new.name, new.country) for new in warehouses]
    sql.insert("warehouses", ("id", "entity_id", "code", "name", "country"), rows)
    record(
        [
            Event("WarehouseCreated", (ObjectRef("warehouse", row[0]), ObjectRef("entity", row[1])), {"code": row[2]})
            for row in rows
        ],
        now=now,
        actor=actor,
    )
    return [row[0] for row in rows]


@transaction.atomic
def receive_stock(receipts: Sequence[StockReceipt], *, now: datetime, actor: str) -> list[UUID]:
    """Take goods in; gives the ids of the moves. A receipt whose `source_id` was seen before changes nothing.

    The event StockReceived carries what the ledger posts; what waits for the goods is filled in the same transaction.
    """
    raise_all(receipt_errors(receipts))
    given = [replace(receipt, source_id=receipt.source_id or new_id()) for receipt in receipts]
    costs = queries.standard_costs(receipt.product_id for receipt in given)
    if unknown := [receipt for receipt in given if receipt.product_id not in costs]:
        raise NotFound("There is no such product.", field="product_id", product=unknown[0].product_id)
    places = _places_at({(receipt.warehouse_id, receipt.product_id) for receipt in given})
    seen = _known_moves([receipt.source_id for receipt in given if receipt.source_id])
    events: list[Event] = []
    moves: list[tuple[Any, ...]] = []
    for receipt in given:
        key = (receipt.source_id, receipt.warehouse_id, receipt.product_id)
        if key in seen:
            continue
        seen.add(key)
        place = places[receipt.warehouse_id, receipt.product_id]
        cost = costs[receipt.product_id] if receipt.unit_cost is None else receipt.unit_cost
        value = round_to(receipt.quantity * cost, minor_units(place.currency))
        move = Move(receipt.source_id or new_id(), *key[1:], receipt.quantity, value, receipt.received_on)
        moves.append(_move_row(move, MoveKind.RECEIPT))
        events.append(_stock_event("StockReceived", moves[-1], place))
    sql.insert("stock_moves", _MOVE_COLUMNS, moves)
    record(events, now=now, actor=actor)
    return [row[0] for row in moves]


@transaction.atomic
def adjust_stock(adjustments: Sequence[StockAdjustment], *, now: datetime, actor: str) -> list[UUID]:
    """Correct stock after counting; raises InsufficientStock where promised goods would be missing."""
    raise_all(adjustment_errors(adjustments))
    costs = queries.standard_costs(one.product_id for one in adjustments)
    if unknown := [one for one in adjustments if one.product_id not in costs]:
        raise NotFound("There is no such product.", field="product_id", product=unknown[0].product_id)
    places = _places_at({(one.warehouse_id, one.product_id) for one in adjustments})
    events: list[Event] = []
    moves: list[tuple[Any, ...]] = []
    for one in adjustments:
        key = (one.warehouse_id, one.product_id)
        place = places[key]
        value = value_adjustment(one.quantity, place, costs[one.product_id])
        places[key] = place._replace(on_hand=place.on_hand + one.quantity, value=place.value + value)
        move = Move(new_id(), *key, one.quantity, value, one.adjusted_on)
        moves.append(_move_row(move, MoveKind.ADJUSTMENT, one.reason.strip()))
        events.append(_stock_event("StockAdjusted", moves[-1], place))
    sql.insert("stock_moves", _MOVE_COLUMNS, moves)
    record(events, now=now, actor=actor)
    return [row[0] for row in moves]


@transaction.atomic
def set_reorder_point(*, stock_id: UUID, quantity: Decimal, now: datetime, actor: str) -> None:
    """Say below which free quantity a product is shown as short in a warehouse."""
    row = queries.stock_row(stock_id)
    if quantity < 0:
        raise InvalidValue("A reorder point cannot be negative.", field="reorder_point")
    sql.execute("UPDATE stock SET reorder_point = %s WHERE id = %s", (quantity, stock_id))
    objects = (ObjectRef("product", row.product_id), ObjectRef("warehouse", row.warehouse_id))
    record([Event("ReorderPointSet", objects, {"reorder_point": quantity})], now=now, actor=actor)


def reserve(wants: Sequence[Want], *, now: datetime) -> Reserved:
    """Promise free stock to order lines, each all or nothing, never more than lies there; in the caller's transaction.

    The places stay locked until the commit, so that of a hundred who want the last piece one gets it.
    """
    if not wants:
        return Reserved([], {})
    places = queries.places_for_update({want.entity_id for want in wants}, {want.product_id for want in wants})
    promises, short = promise_stock(wants, places)
    active = ReservationStatus.ACTIVE.value
    rows = [
        (new_id(), want.order_line_id, warehouse_id, want.product_id, want.quantity, active, now)
        for want, warehouse_id in promises
    ]
    sql.insert("reservations", _RESERVATION_COLUMNS, rows)
    return Reserved(promises, short)


def release(order_line_ids: Sequence[UUID]) -> int:
    """Give back what is promised to order lines; in the caller's transaction. Gives how many promises there were."""
    if not order_line_ids or not queries.lock_places_of_reservations(order_line_ids):
        return 0
    transition = RESERVATION.transitions["release"]
    return sql.execute(
        "UPDATE reservations SET status = %s WHERE order_line_id = ANY(%s::uuid[]) AND status = ANY(%s)",
        (transition.target.value, sql.uuids(order_line_ids), list(transition.sources)),
    )


def consume(items: Sequence[Consumption]) -> dict[UUID, Decimal]:
    """Take reserved goods out of stock; in the caller's transaction. Gives the cost by source (entity's currency).

    Raises ReservationGone where a line's reservation is no longer active, InsufficientStock where goods are missing.
    """
    places = queries.places_at_for_update((item.warehouse_id, item.product_id) for item in items)
    moves = cost_shipments(items, places)
    transition = RESERVATION.transitions["consume"]
    taken = sql.execute(
        "UPDATE reservations SET status = %s WHERE id = ANY(%s::uuid[]) AND status = ANY(%s)",
        (
            transition.target.value,
            sql.uuids([item.reservation_id for item in items if item.reservation_id is not None]),
            list(transition.sources),
        ),
    )
    if taken != len(items):
        raise ReservationGone("Some of these goods are no longer reserved for their orders.", field="lines")
    sql.insert("stock_moves", _MOVE_COLUMNS, [_move_row(move, MoveKind.SHIPMENT) for move in moves])
    costs: dict[UUID, Decimal] = {}
    for move in moves:
        costs[move.source_id] = costs.get(move.source_id, Decimal(0)) - move.value
    return costs


def _places_at(at: set[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Place]:
    """The places, locked, made where there was none; raises NotFound for an unknown warehouse."""
    known = queries.warehouses_by_id(warehouse_id for warehouse_id, _ in at)
    for warehouse_id, _ in at:
        if warehouse_id not in known:
            raise NotFound("There is no such warehouse.", field="warehouse_id", warehouse=warehouse_id)
    warehouses, products = zip(*sorted(at), strict=True) if at else ((), ())
    sql.execute(
        "INSERT INTO stock (id, warehouse_id, product_id) SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) "
        "ON CONFLICT (warehouse_id, product_id) DO NOTHING",
        ([new_id() for _ in at], list(warehouses), list(products)),
    )
    return {(place.warehouse_id, place.product_id): place for place in (queries.places_at_for_update(at) if at else ())}


def _known_moves(source_ids: Sequence[UUID]) -> set[tuple[UUID | None, UUID, UUID]]:
    rows = sql.fetch(
        "SELECT source_id, warehouse_id, product_id FROM stock_moves WHERE source_id = ANY(%s)", (list(source_ids),)
    )
    return {(row[0], row[1], row[2]) for row in rows}


def _move_row(move: Move, kind: MoveKind, reason: str = "") -> tuple[Any, ...]:
    """A row in the order of `_MOVE_COLUMNS`."""
    return (
        new_id(),
        move.warehouse_id,
        move.product_id,
        kind.value,
        move.quantity,
        move.value,
        move.source_id,
        reason,
        move.moved_on,
    )


def _stock_event(name: str, row: Sequence[Any], place: Place) -> Event:
    move_id, warehouse_id, product_id, _, quantity, value, source_id, reason, moved_on = row
    data: Mapping[str, Any] = {
        "move_id": str(move_id),
        "entity_id": str(place.entity_id),
        "warehouse_id": str(warehouse_id),
        "product_id": str(product_id),
        "source_id": str(source_id),
        "quantity": str(quantity),
        "value": str(value),
        "currency": place.currency,
        "moved_on": moved_on.isoformat(),
    }
    objects = (
        ObjectRef("product", product_id),
        ObjectRef("warehouse", warehouse_id),
        ObjectRef("entity", place.entity_id),
    )
    return Event(name, objects, data, reason)
