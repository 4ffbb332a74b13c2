"""What gateways say of charges, applied to intents: in any order and however often, money is booked once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.intents import intent_event
from cashline.flow.receive.payments.actions.recording import ZERO, NewPayment, record_payments
from cashline.flow.receive.payments.actions.wallet_cards import card_failed, fill_wallet
from cashline.flow.receive.payments.gateways.protocol import CallAttempt, ChargeStatus
from cashline.flow.receive.payments.queries import IntentRow
from cashline.flow.receive.payments.rules import PAYMENT, PaymentStatus, next_call, verb_for
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import Money
from cashline.kernel.periods import local_day
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record

_REPORTED = {
    ChargeStatus.SUCCEEDED: PaymentStatus.SUCCEEDED,
    ChargeStatus.REQUIRES_ACTION: PaymentStatus.REQUIRES_ACTION,
    ChargeStatus.DECLINED: PaymentStatus.FAILED,
    ChargeStatus.PENDING: PaymentStatus.PENDING,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a gateway says of a charge, in the answer of a call or in a report."""

    status: ChargeStatus
    gateway_reference: str = ""
    amount: Money | None = None
    decline_code: str = ""
    message: str = ""
    action_url: str = ""


def apply_outcome(intent: IntentRow, outcome: Outcome, *, now: datetime, actor: str) -> bool:
    """Move an intent, which the caller has locked, to what its gateway says; False where that is old or impossible."""
    verb = verb_for(intent.status, _REPORTED[outcome.status])
    reference = intent.gateway_reference or outcome.gateway_reference or None
    if verb is None:
        _postpone(intent, outcome, reference, now)
        return False
    status = PAYMENT.target(verb, intent.status)
    payment_id = None
    if status is PaymentStatus.SUCCEEDED:
        payment_id = _receive(intent, outcome, reference, now=now, actor=actor)
    sql.execute(
        "UPDATE payment_intents SET status = %s, gateway_reference = %s, decline_code = %s, message = %s, "
        "action_url = %s, payment_id = %s WHERE id = %s",
        (
            *(status.value, reference, outcome.decline_code[:200], outcome.message[:1000]),
            outcome.action_url if status is PaymentStatus.REQUIRES_ACTION else "",
            *(payment_id, intent.id),
        ),
    )
    if status is PaymentStatus.REQUIRES_ACTION:
        record([intent_event("PaymentActionRequired", intent.id, intent, {})], now=now, actor=actor)
    elif status is PaymentStatus.FAILED:
        if intent.wallet_id is not None:
            card_failed(intent.wallet_id, now=now)
        data = {"decline_code": outcome.decline_code}
        record([intent_event("PaymentFailed", intent.id, intent, data, outcome.message)], now=now, actor=actor)
    return True


def _postpone(intent: IntentRow, outcome: Outcome, reference: str | None, now: datetime) -> None:
    """Keep the reference, and where nothing is decided say when to ask again."""
    undecided = intent.status in (PaymentStatus.PENDING, PaymentStatus.REQUIRES_ACTION)
    sql.execute(
        "UPDATE payment_intents SET gateway_reference = %s, message = %s, tries = tries + %s, next_call_at = %s "
        "WHERE id = %s",
        (
            reference,
            outcome.message[:1000] if undecided else intent.message,
            1 if undecided else 0,
            next_call(intent.tries + 1, now) if undecided else intent.next_call_at,
            intent.id,
        ),
    )


def _receive(intent: IntentRow, outcome: Outcome, reference: str | None, *, now: datetime, actor: str) -> UUID:
    """Record the money: into its wallet, or to its invoice as far as that is still open, the rest on account."""
    taken = outcome.amount
    amount = taken.amount if taken is not None and taken.currency == intent.currency else intent.amount
    allocations: tuple[tuple[UUID, Decimal, Decimal], ...] = ()
    if intent.invoice_id is not None:
        invoice = queries.payable_for_update([intent.invoice_id])[intent.invoice_id]
        if part := min(amount, invoice.open_amount):
            allocations = ((intent.invoice_id, part, ZERO),)
    entity = entities_by_id([intent.entity_id])[intent.entity_id]
    payment = NewPayment(
        customer_id=intent.customer_id,
        entity_id=intent.entity_id,
        currency=intent.currency,
        amount=amount,
        method="card",
        received_on=local_day(now, entity.timezone),
        source_id=intent.id,
        gateway=intent.gateway,
        gateway_reference=reference,
        allocations=allocations,
    )
    (payment_id,) = record_payments([payment], now=now, actor=actor)
    if intent.wallet_id is not None:
        fill_wallet(intent.wallet_id, payment_id, amount, payment.received_on, now=now, actor=actor)
    return payment_id


def log_calls(
    subject_id: UUID, gateway: str, operation: str, attempts: Sequence[CallAttempt], *, now: datetime
) -> None:
    """Keep every try of a call about an intent or a refund, in the caller's transaction."""
    sql.insert(
        "gateway_calls",
        ("id", "subject_id", "gateway", "operation", "number", "outcome", "http_status", "error", "called_at"),
        [
            (new_id(), subject_id, gateway, operation, one.number, one.outcome, one.http_status, one.error[:500], now)
            for one in attempts
        ],
    )
