"""Booking money out of a payment and in again, in the caller's transaction, which holds the lock of the payment.

First goes what lies on account, then the newest allocations are taken back; the refund's row names what was booked.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.allocating import allocate, unallocate
from cashline.flow.receive.payments.actions.recording import ZERO
from cashline.flow.receive.payments.queries import PaymentRow, RefundRow
from cashline.flow.receive.payments.rules import PAYMENT, REFUND, RefundKind, RefundPlan, RefundStatus, plan_refund
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import Money
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_EVENTS = {
    RefundKind.REFUND: "PaymentRefunded",
    RefundKind.CHARGEBACK: "PaymentChargedBack",
    RefundKind.REVERSAL: "PaymentReversed",
    RefundKind.RETURN: "RefundReturned",
    RefundKind.CHARGEBACK_WON: "ChargebackWon",
}
_VERBS = {RefundKind.CHARGEBACK: "charge_back", RefundKind.REVERSAL: "reverse"}


def book_out(payment: PaymentRow, refund: RefundRow, *, today: date, now: datetime, actor: str) -> None:
    """The money of a refund, chargeback or reversal has left: un-apply what it needs, and say so in one event."""
    kind = RefundKind(refund.kind)
    status = REFUND.target("succeed", refund.status)
    plan = plan_refund(
        Money(refund.amount, payment.currency).rounded(),
        received=Money(payment.amount, payment.currency),
        refunded=Money(payment.refunded_amount, payment.currency),
        unapplied=Money(payment.unapplied_amount, payment.currency),
        settled=queries.settled_by(payment),
    )
    after = PAYMENT.target(_VERBS.get(kind, plan.verb), payment.status, document_id=payment.number or "")
    _unapply(payment, plan, refund.reason, today=today, now=now, actor=actor)
    sql.execute(
        "UPDATE payments SET unapplied_amount = unapplied_amount - %s, refunded_amount = refunded_amount + %s, "
        "status = %s WHERE id = %s",
        (refund.amount, refund.amount, after.value, payment.id),
    )
    sql.execute("UPDATE refunds SET status = %s, refunded_on = %s WHERE id = %s", (status.value, today, refund.id))
    event = refund_event(_EVENTS[kind], refund.id, payment, refund.amount, refund.reason, plan=plan, day=today)
    record([event], now=now, actor=actor)


def _unapply(payment: PaymentRow, plan: RefundPlan, reason: str, *, today: date, now: datetime, actor: str) -> None:
    """Take the planned allocations back; of one that is only needed in part, the rest is put to its invoice again."""
    if not plan.unallocations:
        return
    newest = list(reversed(queries.standing_allocations(payment.id)))[: len(plan.unallocations)]
    unallocate(
        payment_id=payment.id,
        allocation_ids=[row.id for row in newest],
        reason=reason,
        today=today,
        now=now,
        actor=actor,
    )
    kept = [
        (row.invoice_id, row.amount - taken.amount.amount, ZERO)
        for row, taken in zip(newest, plan.unallocations, strict=True)
        if row.amount > taken.amount.amount
    ]
    if kept:
        allocate(payment_id=payment.id, allocations=kept, applied_on=today, now=now, actor=actor)


def book_return(
    payment: PaymentRow,
    refund: RefundRow,
    kind: RefundKind,
    *,
    reason: str,
    today: date,
    now: datetime,
    actor: str,
) -> UUID:
    """Money that had left is ours again: a row that reverses its refund, and the money lies on account."""
    left = payment.refunded_amount - refund.amount
    verb = "win_chargeback" if kind is RefundKind.CHARGEBACK_WON else "take_back_partly" if left else "take_back_refund"
    after = PAYMENT.target(verb, payment.status, document_id=payment.number or "")
    returned = REFUND.target("return", refund.status)
    sql.execute("UPDATE refunds SET status = %s, message = %s WHERE id = %s", (returned.value, reason, refund.id))
    key = new_id()
    sql.insert(
        "refunds",
        (
            *("id", "payment_id", "kind", "reverses_id", "amount", "reason", "status", "refunded_on", "next_call_at"),
            "created_at",
        ),
        [
            (
                *(key, payment.id, kind.value, refund.id, -refund.amount, reason, RefundStatus.SUCCEEDED.value, today),
                *(now, now),
            )
        ],
    )
    sql.execute(
        "UPDATE payments SET unapplied_amount = unapplied_amount + %s, refunded_amount = refunded_amount - %s, "
        "status = %s WHERE id = %s",
        (refund.amount, refund.amount, after.value, payment.id),
    )
    event = refund_event(_EVENTS[kind], key, payment, -refund.amount, reason, day=today)
    record([event], now=now, actor=actor)
    return key


def append_taken(
    payment: PaymentRow, kind: RefundKind, amount: Decimal, *, reason: str, reference: str | None = None, now: datetime
) -> RefundRow:
    """A row for money that left without our asking, or that was never this payer's; `book_out` books it."""
    key = new_id()
    sql.insert(
        "refunds",
        ("id", "payment_id", "kind", "amount", "reason", "status", "gateway_reference", "next_call_at", "created_at"),
        [(key, payment.id, kind.value, amount, reason, RefundStatus.PENDING.value, reference, now, now)],
    )
    return queries.refund(key, lock=True)


def refund_event(
    kind: str,
    refund_id: UUID,
    payment: PaymentRow,
    amount: Decimal,
    reason: str,
    *,
    plan: RefundPlan | None = None,
    day: date | None = None,
) -> Event:
    """An event about a refund; `refund_id` in its data is what the books post."""
    opened = plan.unallocations if plan else ()
    return Event(
        kind,
        (
            ObjectRef("refund", refund_id),
            ObjectRef("payment", payment.id, "refunded"),
            ObjectRef("customer", payment.customer_id, "payer"),
            *(
                ObjectRef("invoice", invoice_id, "reopened")
                for invoice_id in dict.fromkeys(o.invoice_id for o in opened)
            ),
        ),
        {
            "refund_id": str(refund_id),
            "number": payment.number or "",
            "amount": str(amount),
            "currency": payment.currency,
            "day": day.isoformat() if day else "",
            "unallocated": [{"invoice_id": str(one.invoice_id), "amount": str(one.amount.amount)} for one in opened],
        },
        reason,
    )
