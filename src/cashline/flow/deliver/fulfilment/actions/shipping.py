"""Writing shipments: picked, shipped, arrived. Orders are locked first, then shipments, then stock."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.book.orders.queries import LockedOrder, orders_for_update
from cashline.flow.book.orders.rules.lifecycle import OrderStatus
from cashline.flow.deliver.fulfilment import queries
from cashline.flow.deliver.fulfilment.actions.facts import record_deliveries
from cashline.flow.deliver.fulfilment.queries import ShipmentItem
from cashline.flow.deliver.fulfilment.rules import (
    SHIPMENT,
    STEP,
    DeliveryConfirmation,
    DeliveryKind,
    NewDelivery,
    NothingToShip,
    ShipConfirmation,
    ShipmentStatus,
    StepKind,
    StepStatus,
    confirmation_errors,
)
from cashline.flow.deliver.inventory import actions as inventory
from cashline.flow.deliver.inventory.rules import Consumption
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import NotFound, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_SHIPMENT_COLUMNS = ("id", "number", "order_id", "customer_id", "entity_id", "warehouse_id", "status", "created_at")
_LINE_COLUMNS = ("id", "shipment_id", "order_line_id", "product_id", "quantity")


@transaction.atomic
def create_shipments(order_ids: Sequence[UUID], *, now: datetime, actor: str) -> list[UUID]:
    """Put what is reserved of each order on a shipment a warehouse, to be picked; gives the shipments.

    What still waits for stock is left for a later shipment. Raises NothingToShip, all orders at once, where an order
    has no reserved goods that are not in picking already.
    """
    orders = orders_for_update(order_ids)
    groups: dict[tuple[UUID, UUID], list[queries.Pickable]] = {}
    for item in queries.pickable(orders):
        if orders[item.order_id].status == OrderStatus.BOOKED:
            groups.setdefault((item.order_id, item.warehouse_id), []).append(item)
    ready = {order_id for order_id, _ in groups}
    raise_all(_nothing_to_ship(row) for key, row in orders.items() if key not in ready)
    numbers = _numbers([orders[order_id] for order_id, _ in groups], now)
    rows, line_rows, events = [], [], []
    for ((order_id, warehouse_id), items), number in zip(groups.items(), numbers, strict=True):
        shipment_id, row = new_id(), orders[order_id]
        status = ShipmentStatus.PICKING.value
        rows.append((shipment_id, number, order_id, row.customer_id, row.entity_id, warehouse_id, status, now))
        line_rows += [(new_id(), shipment_id, item.order_line_id, item.product_id, item.quantity) for item in items]
        objects = (ObjectRef("shipment", shipment_id), ObjectRef("order", order_id))
        events.append(Event("ShipmentCreated", objects, {"number": number, "order_number": row.number}))
    sql.insert("shipments", _SHIPMENT_COLUMNS, rows)
    sql.insert("shipment_lines", _LINE_COLUMNS, line_rows)
    record(events, now=now, actor=actor)
    return [row[0] for row in rows]


@transaction.atomic
def ship_shipments(confirmations: Sequence[ShipConfirmation], *, now: datetime, actor: str) -> None:
    """Confirm that picked goods left: stock falls, the delivery facts are recorded, the orders move on.

    The event ShipmentShipped carries what the ledger posts: the cost of the goods in the entity's currency.
    """
    by_shipment: dict[UUID, list[ShipmentItem]] = {}
    for item in queries.shipment_items_for_update(one.shipment_id for one in confirmations):
        by_shipment.setdefault(item.shipment_id, []).append(item)
    _check(confirmations, by_shipment, now)
    targets = {key: SHIPMENT.target("ship", found[0].status, document_id=found[0].number)
               for key, found in by_shipment.items()}  # fmt: skip
    days = {one.shipment_id: one.shipped_on for one in confirmations}
    costs = inventory.consume(
        [
            Consumption(key, item.reservation_id, item.warehouse_id, item.product_id, item.quantity, days[key])
            for key, found in by_shipment.items()
            for item in found
        ]
    )
    sql.update(
        "shipments",
        {"status": "text", "carrier": "text", "tracking_number": "text", "shipped_on": "date", "cost": "numeric"},
        [
            (one.shipment_id, targets[one.shipment_id].value, one.carrier.strip(), one.tracking_number.strip(),
             one.shipped_on, costs[one.shipment_id])
            for one in confirmations
        ],
    )  # fmt: skip
    events = [_shipped(one, by_shipment[one.shipment_id][0], costs[one.shipment_id]) for one in confirmations]
    facts = [
        NewDelivery(item.order_line_id, item.line_id, item.customer_id, DeliveryKind.SHIPPED.value, item.quantity,
                    days[key], key)
        for key, found in by_shipment.items()
        for item in found
    ]  # fmt: skip
    record_deliveries(facts, now=now, actor=actor)
    events += _move_on({found[0].order_id for found in by_shipment.values()})
    record(events, now=now, actor=actor)


@transaction.atomic
def deliver_shipments(confirmations: Sequence[DeliveryConfirmation], *, now: datetime, actor: str) -> None:
    """Confirm that shipments arrived."""
    rows = queries.shipments_for_update(one.shipment_id for one in confirmations)
    targets = {key: SHIPMENT.target("deliver", row.status, document_id=row.number) for key, row in rows.items()}
    raise_all(
        error
        for index, one in enumerate(confirmations)
        for error in confirmation_errors(one.delivered_on, rows[one.shipment_id].shipped_on, now.date(), index)
    )
    changes = [(one.shipment_id, targets[one.shipment_id].value, one.delivered_on) for one in confirmations]
    sql.update("shipments", {"status": "text", "delivered_on": "date"}, changes)
    events = []
    for one in confirmations:
        row = rows[one.shipment_id]
        objects = (ObjectRef("shipment", row.id), ObjectRef("order", row.order_id))
        data = {"number": row.number, "delivered_on": one.delivered_on.isoformat()}
        events.append(Event("ShipmentDelivered", objects, data))
    record(events, now=now, actor=actor)


@transaction.atomic
def cancel_shipments(shipment_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Stop picking: the goods stay reserved for their orders, and may be put on another shipment."""
    rows = queries.shipments_for_update(shipment_ids)
    targets = {key: SHIPMENT.target("cancel", row.status, document_id=row.number) for key, row in rows.items()}
    sql.update("shipments", {"status": "text"}, [(key, target.value) for key, target in targets.items()])
    record(
        [
            Event(
                "ShipmentCancelled",
                (ObjectRef("shipment", row.id), ObjectRef("order", row.order_id)),
                {"number": row.number},
                reason,
            )
            for row in rows.values()
        ],
        now=now,
        actor=actor,
    )


def _nothing_to_ship(row: LockedOrder) -> NothingToShip:
    why = "nothing of it is reserved that is not picked already"
    if row.status != OrderStatus.BOOKED:
        why = f"it is {row.status}"
    return NothingToShip(
        f"{row.number} has nothing to ship: {why}.",
        field="order_ids",
        fix="Look at its plan: goods that wait for stock are reserved when stock comes in.",
        order=row.number,
    )


def _numbers(orders: Sequence[LockedOrder], now: datetime) -> list[str]:
    """A shipment number for each order given, in their order."""
    series = {
        row.entity_id: Series("shipment", row.entity_code, local_day(now, row.timezone).year, row.entity_id)
        for row in {row.entity_id: row for row in orders}.values()
    }
    wanted: dict[Series, int] = {}
    for row in orders:
        wanted[series[row.entity_id]] = wanted.get(series[row.entity_id], 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted).items()}
    return [next(taken[series[row.entity_id]]) for row in orders]


def _check(confirmations: Sequence[ShipConfirmation], found: Mapping[UUID, list[ShipmentItem]], now: datetime) -> None:
    if missing := [one.shipment_id for one in confirmations if one.shipment_id not in found]:
        raise NotFound("There is no such shipment.", field="shipment_id", shipment=missing[0])
    raise_all(
        error
        for index, one in enumerate(confirmations)
        for error in confirmation_errors(
            one.shipped_on,
            None,
            now.date(),
            index,
            texts={"carrier": one.carrier, "tracking_number": one.tracking_number},
        )
    )


def _shipped(one: ShipConfirmation, item: ShipmentItem, cost: Decimal) -> Event:
    return Event(
        "ShipmentShipped",
        (
            ObjectRef("shipment", item.shipment_id),
            ObjectRef("order", item.order_id),
            ObjectRef("customer", item.customer_id),
            ObjectRef("agreement", item.agreement_id),
        ),
        {
            "number": item.number,
            "order_number": item.order_number,
            "entity_id": str(item.entity_id),
            "cost": str(cost),
            "currency": item.currency,
            "shipped_on": one.shipped_on.isoformat(),
            "carrier": one.carrier,
            "tracking_number": one.tracking_number,
        },
    )


def _move_on(order_ids: Iterable[UUID]) -> list[Event]:
    """Where all goods of an order have left: its SHIP step is done, and its installations start."""
    finish, make_ready, start = (STEP.transitions[verb] for verb in ("finish", "make_ready", "start"))
    rows = sql.fetch(
        "WITH moved AS (UPDATE fulfilment_steps AS s SET status = CASE kind WHEN %s THEN %s ELSE %s END, error = '' "
        "WHERE s.order_id = ANY(%s::uuid[]) "
        "AND ((s.kind = %s AND s.status = ANY(%s)) OR (s.kind = %s AND s.status = ANY(%s))) "
        "AND NOT EXISTS (SELECT FROM order_lines l WHERE l.order_id = s.order_id AND l.kind = 'goods' "
        "AND l.status = 'open') RETURNING s.id, s.order_id, s.order_line_id, s.kind) "
        "SELECT id, order_id, order_line_id FROM moved WHERE kind = %s ORDER BY id",
        (
            StepKind.SHIP.value,
            finish.target.value,
            start.target.value,
            sql.uuids(order_ids),
            StepKind.SHIP.value,
            [*finish.sources, *make_ready.sources],
            StepKind.INSTALL.value,
            [StepStatus.WAITING.value],
            StepKind.INSTALL.value,
        ),
    )
    started: dict[UUID, list[dict[str, str]]] = {}
    for step_id, order_id, order_line_id in rows:
        started.setdefault(order_id, []).append({"step_id": str(step_id), "order_line_id": str(order_line_id)})
    return [
        Event("InstallationStarted", (ObjectRef("order", order_id),), {"steps": steps})
        for order_id, steps in started.items()
    ]
