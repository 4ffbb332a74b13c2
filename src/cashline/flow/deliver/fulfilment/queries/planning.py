"""Reading plans: what is to be delivered of orders, the steps on the way, and the delivery facts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.deliver.fulfilment.rules import DeliveryFact, LineToDeliver, StepKind, StepStatus
from cashline.flow.deliver.inventory.rules import Want
from cashline.kernel.refusals import NotFound
from cashline.platform import sql


class ClaimedStep(NamedTuple):
    """A step that is due, locked with its order until the commit."""

    id: UUID
    order_id: UUID
    order_line_id: UUID | None
    kind: str
    status: str
    attempts: int


class CancelledLine(NamedTuple):
    """What will never be delivered of an order line."""

    order_line_id: UUID
    line_id: UUID
    order_id: UUID
    customer_id: UUID
    quantity: Decimal
    timezone: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of an order's plan."""

    id: UUID
    order_id: UUID
    order_line_id: UUID | None
    kind: str
    sequence: int
    status: str
    attempts: int
    next_attempt_at: datetime
    error: str


def lines_to_deliver(order_ids: Iterable[UUID]) -> list[LineToDeliver]:
    """The open lines of orders, in order of booking."""
    rows = sql.fetch(
        "SELECT l.id, l.order_id, l.kind, l.product_id, l.quantity, o.entity_id, o.customer_id, o.agreement_id, "
        "greatest(a.starts_on, o.requested_on), e.timezone FROM order_lines l JOIN orders o ON o.id = l.order_id "
        "JOIN agreements a ON a.id = o.agreement_id JOIN legal_entities e ON e.id = o.entity_id "
        "WHERE l.order_id = ANY(%s) AND l.status = 'open' ORDER BY l.order_id, l.line_no",
        (list(set(order_ids)),),
    )
    return [LineToDeliver(*row) for row in rows]


def deliveries_for(*, line_ids: Iterable[UUID]) -> list[DeliveryFact]:
    """Every delivery fact of agreement lines (by lineage), in the order in which they became known."""
    return sql.fetch_as(
        DeliveryFact,
        "SELECT id, line_id, order_line_id, kind, quantity, effective_on, source_id FROM deliveries "
        "WHERE line_id = ANY(%s) ORDER BY id",
        (list(set(line_ids)),),
    )


def due_steps_for_update(*, now: datetime, limit: int) -> list[ClaimedStep]:
    """Steps that the program itself advances and whose time has come, with their orders; what others hold is left."""
    rows = sql.fetch(
        "SELECT s.id, s.order_id, s.order_line_id, s.kind, s.status, s.attempts FROM fulfilment_steps s "
        "JOIN orders o ON o.id = s.order_id WHERE s.status IN ('ready', 'backordered') AND s.kind <> 'ship' "
        "AND s.next_attempt_at <= %s ORDER BY s.next_attempt_at, s.id LIMIT %s FOR NO KEY UPDATE OF o, s SKIP LOCKED",
        (now, limit),
    )
    return [ClaimedStep(*row) for row in rows]


def backordered_steps_for_update(product_ids: Iterable[UUID], *, limit: int) -> list[ClaimedStep]:
    """Steps that wait for stock of any of those products, oldest order first; what others hold is left."""
    rows = sql.fetch(
        "SELECT s.id, s.order_id, s.order_line_id, s.kind, s.status, s.attempts FROM fulfilment_steps s "
        "JOIN orders o ON o.id = s.order_id WHERE s.status = %s AND s.kind <> 'ship' AND EXISTS "
        "(SELECT FROM order_lines l WHERE l.order_id = s.order_id AND l.product_id = ANY(%s) AND l.status = 'open') "
        "ORDER BY s.order_id LIMIT %s FOR NO KEY UPDATE OF o, s SKIP LOCKED",
        (StepStatus.BACKORDERED.value, list(set(product_ids)), limit),
    )
    return [ClaimedStep(*row) for row in rows]


def steps_for_update(step_ids: Iterable[UUID]) -> list[ClaimedStep]:
    """Those steps, their orders locked before them in key order until the commit."""
    rows = sql.fetch(
        "SELECT s.id, s.order_id, s.order_line_id, s.kind, s.status, s.attempts FROM fulfilment_steps s "
        "JOIN orders o ON o.id = s.order_id WHERE s.id = ANY(%s) ORDER BY o.id, s.id FOR NO KEY UPDATE OF o, s",
        (list(set(step_ids)),),
    )
    return [ClaimedStep(*row) for row in rows]


def unreserved_lines(order_ids: Iterable[UUID]) -> list[Want]:
    """What open goods lines need for which nothing is reserved, oldest order first."""
    rows = sql.fetch(
        "SELECT l.id, l.order_id, o.entity_id, l.product_id, l.quantity - l.delivered_quantity FROM order_lines l "
        "JOIN orders o ON o.id = l.order_id WHERE l.order_id = ANY(%s) AND l.kind = 'goods' AND l.status = 'open' "
        "AND NOT EXISTS (SELECT FROM reservations r WHERE r.order_line_id = l.id AND r.status = 'active') "
        "ORDER BY l.order_id, l.line_no",
        (list(set(order_ids)),),
    )
    return [Want(*row) for row in rows]


def cancelled_lines(order_ids: Iterable[UUID]) -> list[CancelledLine]:
    """The rests of cancelled lines of orders."""
    rows = sql.fetch(
        "SELECT l.id, l.line_id, l.order_id, o.customer_id, l.quantity - l.delivered_quantity, e.timezone "
        "FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN legal_entities e ON e.id = o.entity_id "
        "WHERE l.order_id = ANY(%s) AND l.status = 'cancelled' AND l.delivered_quantity < l.quantity ORDER BY l.id",
        (list(set(order_ids)),),
    )
    return [CancelledLine(*row) for row in rows]


def steps_of(order_ids: Iterable[UUID]) -> list[StepRow]:
    """The plan of orders, in its sequence."""
    return sql.fetch_as(
        StepRow,
        "SELECT id, order_id, order_line_id, kind, sequence, status, attempts, next_attempt_at, error "
        "FROM fulfilment_steps WHERE order_id = ANY(%s) ORDER BY order_id, sequence, id",
        (list(set(order_ids)),),
    )


def step(step_id: UUID) -> StepRow:
    """One step; raises NotFound."""
    rows = sql.fetch_as(
        StepRow,
        "SELECT id, order_id, order_line_id, kind, sequence, status, attempts, next_attempt_at, error "
        "FROM fulfilment_steps WHERE id = %s",
        (step_id,),
    )
    if not rows:
        raise NotFound("There is no such step.", field="step_id")
    return rows[0]


def stuck_steps(*, entity_ids: Sequence[UUID] | None = None, limit: int = 200) -> list[StepRow]:
    """Steps that failed and wait for a person, oldest first."""
    return sql.fetch_as(
        StepRow,
        "SELECT s.id, s.order_id, s.order_line_id, s.kind, s.sequence, s.status, s.attempts, s.next_attempt_at, "
        "s.error FROM fulfilment_steps s JOIN orders o ON o.id = s.order_id WHERE s.status = %(failed)s "
        "AND (%(entities)s::uuid[] IS NULL OR o.entity_id = ANY(%(entities)s::uuid[])) ORDER BY s.id LIMIT %(limit)s",
        {
            "failed": StepStatus.FAILED.value,
            "entities": None if entity_ids is None else list(entity_ids),
            "limit": limit,
        },
    )


def step_counts() -> dict[tuple[str, str], int]:
    """How many steps of each kind stand in each status, those that are over left out."""
    rows = sql.fetch(
        "SELECT kind, status, count(*) FROM fulfilment_steps WHERE status IN "
        "('waiting', 'ready', 'running', 'backordered', 'failed') GROUP BY kind, status"
    )
    return {(StepKind(row[0]).value, row[1]): row[2] for row in rows}
