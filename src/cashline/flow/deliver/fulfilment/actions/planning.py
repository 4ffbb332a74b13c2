"""Planning deliveries and advancing their steps.

Locks are taken in the order orders, steps, stock; the job and the receipt of goods pass by what others hold. A step
moves on in the transaction of what moves it, so a process that dies leaves each step before or after, never between.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.catalog.rules import ProductKind
from cashline.flow.deliver.fulfilment import queries
from cashline.flow.deliver.fulfilment.actions.facts import record_deliveries
from cashline.flow.deliver.fulfilment.queries import ClaimedStep
from cashline.flow.deliver.fulfilment.rules import (
    SHIPMENT,
    STEP,
    DeliveryKind,
    LineToDeliver,
    NewDelivery,
    PlannedStep,
    StepKind,
    StepStatus,
    after_reserving,
    plan_fulfilment,
    retry_pause,
)
from cashline.flow.deliver.inventory import actions as inventory
from cashline.flow.deliver.inventory.rules import Want
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import day_start, local_day
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

BACKORDER_PAUSE = timedelta(minutes=15)
"""How often an order that waits for stock is looked at anew, beside the receipt of goods itself."""
FILL_AT_ONCE = 500
_STEP_COLUMNS = ("id", "order_id", "order_line_id", "kind", "sequence", "status", "next_attempt_at", "error")
_STARTED = {StepKind.ACTIVATE: "ActivationStarted", StepKind.INSTALL: "InstallationStarted"}


def plan_orders(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on OrderBooked and OrderReleased: insert the steps, reserve stock, and start what can start at once."""
    lines = queries.lines_to_deliver(event.subject_id for event in events)
    steps = plan_fulfilment(lines)
    wants = [
        Want(line.id, line.order_id, line.entity_id, line.product_id, line.quantity)
        for line in lines
        if line.kind == ProductKind.GOODS
    ]
    reserved = inventory.reserve(wants, now=now)
    missing: dict[UUID, int] = {}
    for want in wants:
        if want.order_line_id in reserved.short:
            missing[want.order_id] = missing.get(want.order_id, 0) + 1
    rows: list[tuple[Any, ...]] = []
    started: list[tuple[UUID, PlannedStep]] = []
    for step in after_reserving(steps, set(missing)):
        step_id, due, error = new_id(), now, ""
        if step.status is StepStatus.BACKORDERED:
            due, error = now + BACKORDER_PAUSE, _short_of(missing[step.order_id])
        elif step.status is StepStatus.READY and step.line is not None:
            due = _due(step, step.line, now)
            if due <= now:
                step = step._replace(status=STEP.target("start", step.status))
                started.append((step_id, step))
        rows.append(
            (step_id, step.order_id, step.order_line_id, step.kind.value, step.sequence, step.status.value, due, error)
        )
    sql.insert("fulfilment_steps", _STEP_COLUMNS, rows)
    found = _stock_events(dict.fromkeys(want.order_id for want in wants), missing)
    found += _start_events([(step_id, step.order_id, step.order_line_id, step.kind) for step_id, step in started])
    record(found, now=now, actor=actor)


@transaction.atomic
def advance_steps(*, now: datetime, actor: str, limit: int = 500) -> int:
    """Advance up to `limit` due steps: reserve for backorders, start activations and installations. Gives how many.

    Any number of workers may run it. Killed at any point and run again, it comes to the same.
    """
    steps = queries.due_steps_for_update(now=now, limit=limit)
    waiting = [step for step in steps if step.kind == StepKind.RESERVE]
    starting = [step for step in steps if step.kind != StepKind.RESERVE]
    found = _reserve_again(waiting, now=now) if waiting else []
    if starting:
        target = {step.id: STEP.target("start", step.status) for step in starting}
        sql.update("fulfilment_steps", {"status": "text"}, [(key, status.value) for key, status in target.items()])
        found += _start_events([(step.id, step.order_id, step.order_line_id, StepKind(step.kind)) for step in starting])
    record(found, now=now, actor=actor)
    return len(steps)


def fill_backorders(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on StockReceived: give the goods to the orders that wait for them, oldest first, before anybody else.

    Only what was received is asked for, since only its stock is locked; what is left over comes with `advance_steps`.
    """
    products = {event.subject_id for event in events}
    if steps := queries.backordered_steps_for_update(products, limit=FILL_AT_ONCE):
        record(_reserve_again(steps, products, now=now), now=now, actor=actor)


def cancel_orders(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on OrderCancelled: stop picking, give stock back, cancel the steps, and record what will never come."""
    order_ids = [event.subject_id for event in events]
    stop, cancel = SHIPMENT.transitions["cancel"], STEP.transitions["cancel"]
    shipments = sql.fetch(
        "UPDATE shipments SET status = %s WHERE order_id = ANY(%s) AND status = ANY(%s) RETURNING id, order_id, number",
        (stop.target.value, order_ids, list(stop.sources)),
    )
    sql.execute(
        "UPDATE fulfilment_steps SET status = %s WHERE order_id = ANY(%s) AND status = ANY(%s)",
        (cancel.target.value, order_ids, list(cancel.sources)),
    )
    lines = queries.cancelled_lines(order_ids)
    inventory.release([line.order_line_id for line in lines])
    facts = [
        NewDelivery(
            line.order_line_id,
            line.line_id,
            line.customer_id,
            DeliveryKind.CANCELLED.value,
            line.quantity,
            local_day(now, line.timezone),
            line.order_id,
        )
        for line in lines
    ]
    record_deliveries(facts, now=now, actor=actor)
    record(
        [
            Event("ShipmentCancelled", (ObjectRef("shipment", row[0]), ObjectRef("order", row[1])), {"number": row[2]})
            for row in shipments
        ],
        now=now,
        actor=actor,
    )


def finish_steps(order_line_ids: Iterable[UUID], kind: StepKind) -> None:
    """The steps of that kind of those lines are done; in the caller's transaction. One that is over stays as it is."""
    transition = STEP.transitions["finish"]
    sql.execute(
        "UPDATE fulfilment_steps SET status = %s, error = '' "
        "WHERE order_line_id = ANY(%s) AND kind = %s AND status = ANY(%s)",
        (transition.target.value, list(order_line_ids), kind.value, list(transition.sources)),
    )


def fail_steps(failures: Sequence[tuple[UUID, str]], *, now: datetime) -> None:
    """Those steps (id, why) failed: each is tried again after a pause, at last by a person.

    Runs in the caller's transaction.
    """
    if not failures:
        return
    why = dict(failures)
    fail, retry = STEP.transitions["fail"], STEP.transitions["retry"]
    changes = []
    for step in queries.steps_for_update(why):
        if step.status not in fail.sources:
            continue
        pause = retry_pause(step.attempts + 1)
        status = fail.target if pause is None else retry.target
        changes.append((step.id, status.value, step.attempts + 1, now + (pause or timedelta(0)), why[step.id][:1000]))
    columns = {"status": "text", "attempts": "int", "next_attempt_at": "timestamptz", "error": "text"}
    sql.update("fulfilment_steps", columns, changes)


@transaction.atomic
def retry_steps(step_ids: Sequence[UUID], *, now: datetime, actor: str, started: bool = False) -> None:
    """A person has failed steps tried again, with all their attempts anew; one that waits for its pause is hurried.

    `started` says that the caller has begun the work itself, so that nobody else does.
    """
    steps = queries.steps_for_update(step_ids)
    changes = []
    for step in steps:
        waits = step.status == StepStatus.READY
        status = StepStatus.READY if waits else STEP.target("retry", step.status)
        status = STEP.target("start", status) if started else status
        changes.append((step.id, status.value, 0, now))
    sql.update("fulfilment_steps", {"status": "text", "attempts": "int", "next_attempt_at": "timestamptz"}, changes)
    record(
        [
            Event("StepRetried", (ObjectRef("order", step.order_id),), {"step": step.kind, "step_id": str(step.id)})
            for step in steps
        ],
        now=now,
        actor=actor,
    )


def _reserve_again(steps: Sequence[ClaimedStep], products: set[UUID] | None = None, *, now: datetime) -> list[Event]:
    """Ask for the stock that claimed RESERVE steps still miss; gives the events of those that have all of it now."""
    order_ids = [step.order_id for step in steps]
    wants = queries.unreserved_lines(order_ids)
    asked = wants if products is None else [want for want in wants if want.product_id in products]
    promised = {promise.want.order_line_id for promise in inventory.reserve(asked, now=now).promises}
    missing: dict[UUID, int] = {}
    for want in wants:
        if want.order_line_id not in promised:
            missing[want.order_id] = missing.get(want.order_id, 0) + 1
    complete = [step for step in steps if step.order_id not in missing]
    finish, make_ready = STEP.transitions["finish"], STEP.transitions["make_ready"]
    sql.execute(
        "UPDATE fulfilment_steps SET status = CASE kind WHEN %s THEN %s ELSE %s END, error = '' "
        "WHERE id = ANY(%s) OR (order_id = ANY(%s) AND kind = %s AND status = ANY(%s))",
        (
            StepKind.RESERVE.value,
            finish.target.value,
            make_ready.target.value,
            [step.id for step in complete],
            [step.order_id for step in complete],
            StepKind.SHIP.value,
            list(make_ready.sources),
        ),
    )
    backorder = STEP.transitions["backorder"].target.value
    sql.update(
        "fulfilment_steps",
        {"status": "text", "attempts": "int", "next_attempt_at": "timestamptz", "error": "text"},
        [
            (step.id, backorder, step.attempts + 1, now + BACKORDER_PAUSE, _short_of(missing[step.order_id]))
            for step in steps
            if step.order_id in missing
        ],
    )
    return [Event("GoodsReserved", (ObjectRef("order", step.order_id),)) for step in complete]


def _due(step: PlannedStep, line: LineToDeliver, now: datetime) -> datetime:
    """When a step may start: an activation when its terms begin, all else at once."""
    if step.kind is StepKind.ACTIVATE and line.starts_on > local_day(now, line.timezone):
        return day_start(line.starts_on, line.timezone)
    return now


def _short_of(lines: int) -> str:
    return f"{lines} line{'s' if lines > 1 else ''} wait{'' if lines > 1 else 's'} for stock."


def _stock_events(order_ids: Iterable[UUID], missing: dict[UUID, int]) -> list[Event]:
    return [
        Event("GoodsBackordered", (ObjectRef("order", order_id),), {"lines_short": missing[order_id]})
        if order_id in missing
        else Event("GoodsReserved", (ObjectRef("order", order_id),))
        for order_id in order_ids
    ]


def _start_events(steps: Sequence[tuple[UUID, UUID, UUID | None, StepKind]]) -> list[Event]:
    """One event an order and kind, which names the steps and lines that the next domain takes up."""
    by_order: dict[tuple[UUID, StepKind], list[tuple[str, str]]] = {}
    for step_id, order_id, order_line_id, kind in steps:
        by_order.setdefault((order_id, kind), []).append((str(step_id), str(order_line_id)))
    return [
        Event(
            _STARTED[kind],
            (ObjectRef("order", order_id),),
            {"steps": [{"step_id": step_id, "order_line_id": line_id} for step_id, line_id in found]},
        )
        for (order_id, kind), found in by_order.items()
    ]
