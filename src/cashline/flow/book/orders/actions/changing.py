"""Changing orders: released from hold, cancelled, delivered. Orders are locked first, then credit, then stock."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.contracts.actions import end_agreements
from cashline.flow.book.credit.actions import change_exposure
from cashline.flow.book.credit.queries import accounts_for_update
from cashline.flow.book.credit.rules import fit_within
from cashline.flow.book.orders import queries
from cashline.flow.book.orders.queries import LockedOrder, OpenLine
from cashline.flow.book.orders.rules.lifecycle import ORDER, ORDER_LINE
from cashline.flow.book.orders.rules.valuing import undelivered_value
from cashline.kernel.money import minor_units
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

CREDIT_FITS = "The exposure is within the limit again."


@transaction.atomic
def release_orders(order_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Let held orders go on, whatever the credit says; `reason` is kept with who decided."""
    orders = queries.orders_for_update(order_ids)
    kinds = queries.kinds_of(orders)
    targets = {key: ORDER.target("release", row.status, document_id=row.number) for key, row in orders.items()}
    sql.update(
        "orders",
        {"status": "text", "hold_reason": "text"},
        [(key, target.value, "") for key, target in targets.items()],
    )
    events = []
    for key, row in orders.items():
        data = {"number": row.number, "held_because": row.hold_reason, "kinds": kinds.get(key, [])}
        events.append(Event("OrderReleased", _objects(row), data, reason))
    record(events, now=now, actor=actor)


@transaction.atomic
def recheck_holds(*, now: datetime, actor: str, limit: int = 200) -> int:
    """Release the held orders that fit under their customer's limit by now, oldest first; gives how many.

    Looks at up to `limit` customers; money received, a raised limit or a cancelled order makes room.
    """
    candidates = queries.held_for_credit(limit=limit)
    orders = queries.orders_for_update([order_id for held in candidates.values() for order_id, _ in held])
    found = accounts_for_update(candidates)
    fitting: list[UUID] = []
    for customer_id, held in candidates.items():
        account = found[customer_id]
        still = [(order_id, amount) for order_id, amount in held if ORDER.allows("release", orders[order_id].status)]
        if not account.held:
            fitting += fit_within(account.limit, account.exposure, still)
    if fitting:
        release_orders(fitting, reason=CREDIT_FITS, now=now, actor=actor)
    return len(fitting)


@transaction.atomic
def cancel_orders(order_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Cancel what is not delivered of orders; what is delivered stays, and is billed.

    The exposure falls by the undelivered value, and an agreement of which nothing was delivered ends with its
    order. Stock, shipments in picking, activations and installations follow by hand-off.
    """
    orders = queries.orders_for_update(order_ids)
    targets = {key: ORDER.target("cancel", row.status, document_id=row.number) for key, row in orders.items()}
    lines = queries.open_lines(orders)
    verb = ORDER_LINE.transitions["cancel"]
    sql.update("order_lines", {"status": "text"}, [(line.id, verb.target.value) for line in lines])
    sql.update("orders", {"status": "text"}, [(key, target.value) for key, target in targets.items()])
    change_exposure(_given_back(orders, lines), now=now, actor=actor)
    cancelled = Counter(line.order_id for line in lines)
    if untouched := queries.untouched_agreements(orders):
        end_agreements(untouched, reason=reason, now=now, actor=actor)
    record(
        [
            Event(
                "OrderCancelled",
                _objects(row),
                {"number": row.number, "lines_cancelled": cancelled[key]},
                reason,
            )
            for key, row in orders.items()
        ],
        now=now,
        actor=actor,
    )


def record_delivered(changes: Mapping[UUID, Decimal], *, now: datetime, actor: str) -> None:
    """Add delivered quantities to order lines, in the caller's transaction; orders of which nothing is open complete.

    The orders are locked before their lines, so that of two that deliver the last lines one sees it.
    """
    if not changes:
        return
    deliver, complete = ORDER_LINE.transitions["deliver"], ORDER.transitions["complete"]
    whole = sql.ids(
        sql.fetch(
            "WITH change AS (SELECT * FROM unnest(%s::uuid[], %s::numeric[]) AS c(id, quantity)), "
            "locked AS MATERIALIZED (SELECT o.id FROM orders o WHERE o.id IN "
            "(SELECT l.order_id FROM order_lines l JOIN change ON change.id = l.id) ORDER BY o.id FOR NO KEY UPDATE), "
            "changed AS (UPDATE order_lines AS l SET delivered_quantity = l.delivered_quantity + change.quantity, "
            "status = CASE WHEN l.status = ANY(%s) AND l.delivered_quantity + change.quantity >= l.quantity "
            "THEN %s ELSE l.status END FROM change, locked WHERE l.id = change.id AND l.order_id = locked.id "
            "RETURNING l.order_id, l.status) SELECT DISTINCT order_id FROM changed WHERE status = %s",
            (
                sql.uuids(changes),
                sql.numbers(changes.values()),
                list(deliver.sources),
                deliver.target.value,
                deliver.target.value,
            ),
        )
    )
    if not whole:
        return
    done = sql.fetch(
        "UPDATE orders AS o SET status = %s WHERE o.id = ANY(%s::uuid[]) AND o.status = ANY(%s) AND NOT EXISTS "
        "(SELECT FROM order_lines l WHERE l.order_id = o.id AND l.status = ANY(%s)) "
        "RETURNING o.id, o.agreement_id, o.customer_id, o.number",
        (complete.target.value, sql.uuids(whole), list(complete.sources), list(deliver.sources)),
    )
    record(
        [
            Event(
                "OrderCompleted",
                (ObjectRef("order", row[0]), ObjectRef("agreement", row[1]), ObjectRef("customer", row[2])),
                {"number": row[3]},
            )
            for row in sorted(done)
        ],
        now=now,
        actor=actor,
    )


def _given_back(orders: Mapping[UUID, LockedOrder], lines: Sequence[OpenLine]) -> dict[UUID, Decimal]:
    """By customer, the change of exposure when the rest of those lines is cancelled."""
    changes: dict[UUID, Decimal] = {}
    for line in lines:
        if line.interval_months:
            continue
        row = orders[line.order_id]
        value = undelivered_value(
            line.quantity, line.delivered_quantity, line.unit_price, line.net_total, minor_units(row.currency)
        )
        changes[row.customer_id] = changes.get(row.customer_id, Decimal(0)) - value
    return changes


def _objects(row: LockedOrder) -> tuple[ObjectRef, ...]:
    return (
        ObjectRef("order", row.id),
        ObjectRef("agreement", row.agreement_id),
        ObjectRef("customer", row.customer_id),
    )
