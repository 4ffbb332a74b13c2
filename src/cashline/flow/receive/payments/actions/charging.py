"""Charging cards in three steps, of which no two share a transaction: the intent, the gateway's call, its result.

Killed between any two of them, `resume_pending` asks the gateway again with the same idempotency key: it answers with
the first charge, and the result is recorded once. No transaction is open while a gateway is called.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.gateway_events import take_waiting_reports
from cashline.flow.receive.payments.actions.intents import give_up_intents
from cashline.flow.receive.payments.actions.outcomes import Outcome, apply_outcome, log_calls
from cashline.flow.receive.payments.gateways.protocol import ChargeResult, ChargeStatus, Gateway, GatewayRefused
from cashline.flow.receive.payments.queries import IntentRow
from cashline.flow.receive.payments.rules import PaymentStatus
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.kernel.refusals import Conflict, Refusal

log = logging.getLogger(__name__)
PATIENCE = timedelta(days=1)
"""How long a payer may take to prove who they are (3-D Secure) before a charge is given up."""

KEY_FORGOTTEN = (
    "Nobody knows whether the gateway took this charge, and it may have forgotten the key by which it would know a "
    "repeated one. Look it up in the gateway's console, then name its reference here or give the charge up."
)

type GatewayNamed = Callable[[str], Gateway]


def charge_card(intent_id: UUID, *, gateway_named: GatewayNamed, now: datetime, actor: str) -> IntentRow:
    """Ask the gateway for the money of an intent and record what comes of it; gives the intent as it stands then.

    Not to be called inside a transaction. Safe to call again at any time: a decided intent stays as it is, an undecided
    one is asked for with the same key. A gateway that does not answer leaves it pending.
    """
    intent = _committed(intent_id)
    if intent.status != PaymentStatus.PENDING:
        return intent
    return record_result(intent_id, _ask(gateway_named(intent.gateway), intent, now), now=now, actor=actor)


@transaction.atomic(durable=True)
def _committed(intent_id: UUID) -> IntentRow:
    """The intent; proves that it is committed, and that no transaction would stay open around the gateway's call."""
    return queries.intent(intent_id)


def _ask(gateway: Gateway, intent: IntentRow, now: datetime) -> ChargeResult:
    if intent.gateway_reference:
        try:
            return gateway.fetch(intent.gateway_reference)
        except GatewayRefused as refusal:
            return ChargeResult(ChargeStatus.PENDING, message=refusal.message)
    if gateway.key_lifetime is not None and now - intent.created_at > gateway.key_lifetime:
        return ChargeResult(ChargeStatus.PENDING, message=KEY_FORGOTTEN)
    try:
        return gateway.charge(
            Money(intent.amount, intent.currency).rounded(),
            method_token=intent.method_token,
            idempotency_key=str(intent.id),
            reference=public("payment_intent", intent.id),
            return_url=intent.return_url,
        )
    except GatewayRefused as refusal:
        return ChargeResult(ChargeStatus.DECLINED, decline_code=refusal.code, message=refusal.message)


def look_up_charge(
    intent_id: UUID, gateway_reference: str, *, gateway_named: GatewayNamed, now: datetime, actor: str
) -> IntentRow:
    """A person found the charge of an undecided intent in the gateway's console: fetch it by its reference, record it.

    Raises GatewayRefused for an unknown reference, Conflict for one of another amount. Not inside a transaction.
    """
    intent = _committed(intent_id)
    if intent.status != PaymentStatus.PENDING or intent.gateway_reference:
        raise Conflict("This charge is decided, or its reference is known.", field="gateway_reference")
    if _is_taken(intent.gateway, gateway_reference):
        raise Conflict("Another charge of ours has this reference.", field="gateway_reference")
    result = gateway_named(intent.gateway).fetch(gateway_reference)
    if result.amount != Money(intent.amount, intent.currency):
        raise Conflict(f"The charge {gateway_reference} is over another amount.", field="gateway_reference")
    return record_result(intent_id, result, now=now, actor=actor)


@transaction.atomic
def _is_taken(gateway: str, gateway_reference: str) -> bool:
    return queries.intent_by_reference(gateway, gateway_reference) is not None


@transaction.atomic(durable=True)
def record_result(intent_id: UUID, result: ChargeResult, *, now: datetime, actor: str) -> IntentRow:
    """Record what a gateway answered, with every try, and the payment where there is one; gives the intent after it."""
    intent = queries.intent(intent_id, lock=True)
    log_calls(intent.id, intent.gateway, "charge", result.attempts, now=now)
    outcome = Outcome(
        result.status,
        result.gateway_reference,
        result.amount,
        result.decline_code,
        result.message,
        result.action_url,
    )
    apply_outcome(intent, outcome, now=now, actor=actor)
    if result.gateway_reference and not intent.gateway_reference:
        take_waiting_reports(intent.gateway, result.gateway_reference, now=now, actor=actor)
    return queries.intent(intent_id)


def resume_pending(*, gateway_named: GatewayNamed, now: datetime, actor: str, limit: int = 100) -> int:
    """Ask again for charges whose outcome nobody knows, and give up those that their payers left; gives how many.

    For every minute and any number of workers; not to be called inside a transaction.
    """
    pending = queries.due_intents(now=now, limit=limit)
    left = queries.abandoned_intents(before=now - PATIENCE, now=now, limit=limit)
    for intent_id in pending:
        _attempt(charge_card, intent_id, gateway_named=gateway_named, now=now, actor=actor)
    for intent_id in left:
        _attempt(_end_abandoned, intent_id, gateway_named=gateway_named, now=now, actor=actor)
    return len(pending) + len(left)


def _attempt(
    step: Callable[..., object], intent_id: UUID, *, gateway_named: GatewayNamed, now: datetime, actor: str
) -> None:
    """Do a step for one intent; a refusal, such as of a gateway that is not set up, keeps no other from its turn."""
    try:
        step(intent_id, gateway_named=gateway_named, now=now, actor=actor)
    except Refusal as refusal:
        log.warning("payment intent %s: %s", intent_id, refusal.message)
        unknown = ChargeResult(ChargeStatus.PENDING, message=refusal.message)
        record_result(intent_id, unknown, now=now, actor=actor)


def _end_abandoned(intent_id: UUID, *, gateway_named: GatewayNamed, now: datetime, actor: str) -> None:
    """Ask a last time what became of a charge that waits for its payer, whose report may be lost; then give it up."""
    intent = _committed(intent_id)
    result = _ask(gateway_named(intent.gateway), intent, now)
    after = record_result(intent_id, result, now=now, actor=actor)
    if after.status == PaymentStatus.REQUIRES_ACTION and result.status is ChargeStatus.REQUIRES_ACTION:
        give_up_intents([intent_id], reason="The payer did not finish in time.", now=now, actor=actor)
