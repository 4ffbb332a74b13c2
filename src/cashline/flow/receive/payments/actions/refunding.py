"""Giving money back. The refund is recorded and committed, then sent under its id as key, then its outcome recorded.

Until the money is known to have left, the invoices that it settled stay settled; then the newest are opened again, and
the books follow. What goes back and what is still on its way never pass what was received.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.charging import KEY_FORGOTTEN, GatewayNamed
from cashline.flow.receive.payments.actions.gateway_events import take_waiting_reports
from cashline.flow.receive.payments.actions.giving_back import book_out, refund_event
from cashline.flow.receive.payments.actions.outcomes import log_calls
from cashline.flow.receive.payments.actions.refund_outcomes import apply_refund_status, fail_refund
from cashline.flow.receive.payments.gateways import protocol
from cashline.flow.receive.payments.queries import PaymentRow, RefundRow
from cashline.flow.receive.payments.rules import (
    PAYMENT,
    TAX_WITHHELD,
    RefundKind,
    RefundStatus,
    SettledInvoice,
    next_call,
    plan_refund,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import Money
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record

log = logging.getLogger(__name__)
_ROW = ("id", "payment_id", "kind", "amount", "reason", "status", "next_call_at", "created_at")


@dataclass(frozen=True, slots=True)
class NewRefund:
    """An amount of a payment to give back, in the payment's currency."""

    payment_id: UUID
    amount: Decimal
    reason: str


@transaction.atomic
def request_refunds(requests: Sequence[NewRefund], *, now: datetime, actor: str) -> list[UUID]:
    """Record refunds to make; gives their ids. Raises, all at once: RefundTooLarge, InvalidValue, IllegalTransition."""
    payments = queries.payments_for_update(request.payment_id for request in requests)
    under_way = queries.refunds_under_way(payments)
    settled = queries.settled_by_payment(payments.values())
    found: list[Refusal] = []
    for request in requests:
        payment = payments[request.payment_id]
        going = under_way.get(payment.id, Decimal(0))
        try:
            _check(request, payment, going, settled[payment.id])
            under_way[payment.id] = going + request.amount
        except Refusal as refusal:
            found.append(refusal)
    raise_all(found)
    keys = [new_id() for _ in requests]
    pending = RefundStatus.PENDING.value
    sql.insert(
        "refunds",
        _ROW,
        [
            (
                *(key, request.payment_id, RefundKind.REFUND.value, request.amount, request.reason, pending),
                *(next_call(0, now), now),
            )
            for key, request in zip(keys, requests, strict=True)
        ],
    )
    record(
        [
            refund_event("PaymentRefundRequested", key, payments[request.payment_id], request.amount, request.reason)
            for key, request in zip(keys, requests, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return keys


def _check(request: NewRefund, payment: PaymentRow, under_way: Decimal, settled: Sequence[SettledInvoice]) -> None:
    if not request.reason.strip():
        raise InvalidValue("Say why the money goes back.", field="reason")
    if payment.method == TAX_WITHHELD:
        raise Conflict(f"{payment.number} is tax that was withheld, and no money: reverse it.", field="payment")
    currency = payment.currency
    plan = plan_refund(
        Money(request.amount, currency),
        received=Money(payment.amount, currency),
        refunded=Money(payment.refunded_amount + under_way, currency),
        unapplied=Money(payment.unapplied_amount, currency),
        settled=settled,
    )
    PAYMENT.target(plan.verb, payment.status, document_id=payment.number or "")


def send_refund(refund_id: UUID, *, gateway_named: GatewayNamed, now: datetime, actor: str) -> RefundRow:
    """Have the gateway give the money back and record what comes of it; gives the refund as it stands then.

    Not to be called inside a transaction; safe to call again at any time. Money that did not come through a gateway
    has to be paid out by hand: see `confirm_refund`.
    """
    refund, payment = _committed(refund_id)
    if refund.status != RefundStatus.PENDING or not payment.gateway:
        return refund
    return record_refund_result(
        refund_id, _ask(gateway_named(payment.gateway), refund, payment, now), now=now, actor=actor
    )


@transaction.atomic(durable=True)
def _committed(refund_id: UUID) -> tuple[RefundRow, PaymentRow]:
    """The refund; proves that it is committed, and that no transaction would stay open around the gateway's call."""
    refund = queries.refund(refund_id)
    return refund, queries.payment(refund.payment_id)


def _ask(gateway: protocol.Gateway, refund: RefundRow, payment: PaymentRow, now: datetime) -> protocol.RefundResult:
    pending, failed = protocol.RefundStatus.PENDING, protocol.RefundStatus.FAILED
    if gateway.key_lifetime is not None and now - refund.created_at > gateway.key_lifetime:
        return protocol.RefundResult(pending, message=refund.message if refund.gateway_reference else KEY_FORGOTTEN)
    try:
        return gateway.refund(
            payment.gateway_reference or "",
            Money(refund.amount, payment.currency).rounded(),
            idempotency_key=str(refund.id),
        )
    except protocol.GatewayRefused as refusal:
        return protocol.RefundResult(failed, message=refusal.message)


@transaction.atomic(durable=True)
def record_refund_result(refund_id: UUID, result: protocol.RefundResult, *, now: datetime, actor: str) -> RefundRow:
    """Record what a gateway answered to a refund, with every try; gives the refund after it."""
    payment = queries.payment_for_update(queries.refund(refund_id).payment_id)
    refund = queries.refund(refund_id, lock=True)
    log_calls(refund.id, payment.gateway, "refund", result.attempts, now=now)
    if result.gateway_reference and not refund.gateway_reference:
        sql.execute("UPDATE refunds SET gateway_reference = %s WHERE id = %s", (result.gateway_reference, refund.id))
    apply_refund_status(refund, payment, result.status, message=result.message, now=now, actor=actor)
    if payment.gateway_reference:
        take_waiting_reports(payment.gateway, payment.gateway_reference, now=now, actor=actor)
    return queries.refund(refund_id)


@transaction.atomic
def confirm_refund(refund_id: UUID, *, refunded_on: date, now: datetime, actor: str) -> None:
    """A person paid a refund out, by bank transfer or in cash. Raises Conflict where a gateway pays it out."""
    payment = queries.payment_for_update(queries.refund(refund_id).payment_id)
    refund = queries.refund(refund_id, lock=True)
    if payment.gateway:
        raise Conflict(f"The gateway {payment.gateway} pays this refund out by itself.", field="refund")
    book_out(payment, refund, today=refunded_on, now=now, actor=actor)


@transaction.atomic
def cancel_refund(refund_id: UUID, *, reason: str, now: datetime, actor: str) -> None:
    """A refund that no gateway was asked for, and that nobody paid out, is not made."""
    payment = queries.payment_for_update(queries.refund(refund_id).payment_id)
    refund = queries.refund(refund_id, lock=True)
    if payment.gateway:
        raise Conflict(f"The gateway {payment.gateway} may have paid this refund out already.", field="refund")
    fail_refund(refund, payment, reason, now=now, actor=actor)


def resume_refunds(*, gateway_named: GatewayNamed, now: datetime, actor: str, limit: int = 100) -> int:
    """Ask gateways again for refunds whose outcome nobody knows; gives how many. Not inside a transaction."""
    due = queries.due_refunds(now=now, limit=limit)
    for refund_id in due:
        try:
            send_refund(refund_id, gateway_named=gateway_named, now=now, actor=actor)
        except Refusal as refusal:
            log.warning("refund %s: %s", refund_id, refusal.message)
            unknown = protocol.RefundResult(protocol.RefundStatus.PENDING, message=refusal.message)
            record_refund_result(refund_id, unknown, now=now, actor=actor)
    return len(due)
