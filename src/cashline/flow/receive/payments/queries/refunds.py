"""Money that goes back, and the reports of gateways that tell of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.receive.payments.rules import RefundStatus
from cashline.kernel.refusals import NotFound
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class RefundRow:
    """Money of a payment that left us or is on its way; negative where it came again. Kinds: `rules.RefundKind`."""

    id: UUID
    payment_id: UUID
    kind: str
    reverses_id: UUID | None
    amount: Decimal
    reason: str
    status: str
    gateway_reference: str | None
    message: str
    refunded_on: date | None
    tries: int
    next_call_at: datetime
    created_at: datetime


_REFUND = (
    "r.id, r.payment_id, r.kind, r.reverses_id, r.amount, r.reason, r.status, r.gateway_reference, r.message, "
    "r.refunded_on, r.tries, r.next_call_at, r.created_at"
)


def refunds_of(payment_ids: Iterable[UUID]) -> list[RefundRow]:
    """The refunds and chargebacks of payments, in order of entry."""
    return sql.fetch_as(
        RefundRow, f"SELECT {_REFUND} FROM refunds r WHERE r.payment_id = ANY(%s) ORDER BY r.id", (list(payment_ids),)
    )


def refund(refund_id: UUID, *, lock: bool = False) -> RefundRow:
    """One refund, locked until the commit where asked; raises NotFound."""
    locking = " FOR NO KEY UPDATE" if lock else ""
    rows = sql.fetch_as(RefundRow, f"SELECT {_REFUND} FROM refunds r WHERE r.id = %s{locking}", (refund_id,))
    if not rows:
        raise NotFound("There is no such refund.", field="refund")
    return rows[0]


def refund_by_reference(payment_id: UUID, gateway_reference: str) -> RefundRow | None:
    """The refund of a payment that its gateway knows by that reference."""
    rows = sql.fetch_as(
        RefundRow,
        f"SELECT {_REFUND} FROM refunds r WHERE r.payment_id = %s AND r.gateway_reference = %s",
        (payment_id, gateway_reference),
    )
    return rows[0] if rows else None


def refunds_under_way(payment_ids: Iterable[UUID]) -> dict[UUID, Decimal]:
    """What goes back of each payment without being there yet."""
    return dict(
        sql.fetch(
            "SELECT payment_id, sum(amount) FROM refunds WHERE payment_id = ANY(%s) AND status = %s "
            "GROUP BY payment_id",
            (list(payment_ids), RefundStatus.PENDING.value),
        )
    )


def due_refunds(*, now: datetime, limit: int) -> list[UUID]:
    """Refunds whose outcome nobody knows and whose gateway is to be asked again."""
    return sql.ids(
        sql.fetch(
            "SELECT id FROM refunds WHERE status = %s AND next_call_at <= %s ORDER BY id LIMIT %s",
            (RefundStatus.PENDING.value, now, limit),
        )
    )


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A verified report that waits for its charge to be known; `content` is the event as JSON."""

    id: UUID
    content: dict[str, Any]


def waiting_reports(gateway: str, gateway_reference: str) -> list[ReportRow]:
    """The reports about a charge that could not be applied yet, in the order of what they tell."""
    return sql.fetch_as(
        ReportRow,
        "SELECT id, content FROM gateway_reports WHERE gateway = %s AND gateway_reference = %s AND outcome = '' "
        "ORDER BY occurred_at, id FOR NO KEY UPDATE",
        (gateway, gateway_reference),
    )


def was_reported(gateway: str, gateway_reference: str, kind: str, *, since: datetime) -> bool:
    """Did the gateway report something of that kind about a charge, as of then or later, applied or not?"""
    row = sql.fetch_one(
        "SELECT 1 FROM gateway_reports WHERE gateway = %s AND gateway_reference = %s AND kind = %s "
        "AND occurred_at >= %s LIMIT 1",
        (gateway, gateway_reference, kind, since),
    )
    return row is not None
