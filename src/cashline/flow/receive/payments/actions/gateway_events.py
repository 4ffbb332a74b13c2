"""Reports of gateways: verified, kept once by their id, and applied when their charge is known, in any order.

A report about a charge that is not known here yet waits in its row: the result of the call, or another report, brings
the reference, and what waited is applied then, in the order of what it tells.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.chargebacks import lose_chargeback, open_chargeback, win_chargeback
from cashline.flow.receive.payments.actions.giving_back import append_taken
from cashline.flow.receive.payments.actions.outcomes import Outcome, apply_outcome
from cashline.flow.receive.payments.actions.refund_outcomes import apply_refund_status
from cashline.flow.receive.payments.gateways.protocol import (
    ChargeStatus,
    EventKind,
    Gateway,
    GatewayEvent,
    RefundStatus,
)
from cashline.flow.receive.payments.queries import PaymentRow
from cashline.flow.receive.payments.rules import RefundKind
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import Money
from cashline.kernel.refusals import Refusal
from cashline.platform import sql

log = logging.getLogger(__name__)
WAITING, APPLIED, STALE, IGNORED, REPEATED, REFUSED = "", "applied", "stale", "ignored", "repeated", "refused"


def handle_gateway_event(
    gateway: Gateway, headers: Mapping[str, str], body: bytes, *, machine_time: datetime, now: datetime, actor: str
) -> str:
    """Verify a report, keep it and apply it; gives what came of it: one of the words above, refused with its reason.

    `machine_time` is what the age of the signature is judged by. Raises WebhookRefused, and then nothing is kept.
    """
    return take_report(gateway.name, gateway.parse_webhook(headers, body, now=machine_time), now=now, actor=actor)


@transaction.atomic
def take_report(gateway: str, event: GatewayEvent, *, now: datetime, actor: str) -> str:
    """Keep a verified report and apply it where its charge is known."""
    key = new_id()
    added = sql.execute(
        "INSERT INTO gateway_reports "
        "(id, gateway, event_id, kind, gateway_reference, content, occurred_at, received_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (gateway, event_id) DO NOTHING",
        (
            *(key, gateway, event.event_id, event.kind.value, event.gateway_reference, sql.json(_as_json(event))),
            *(event.occurred_at, now),
        ),
    )
    if not added:
        return REPEATED
    outcome = _try(gateway, event, now=now, actor=actor)
    _keep(key, outcome)
    if outcome == APPLIED:
        take_waiting_reports(gateway, event.gateway_reference, now=now, actor=actor)
    return outcome


def take_waiting_reports(gateway: str, gateway_reference: str, *, now: datetime, actor: str) -> None:
    """Apply what waited for a charge, in the caller's transaction; what can still not be applied waits on."""
    for report in queries.waiting_reports(gateway, gateway_reference):
        _keep(report.id, _try(gateway, _from_json(report.content), now=now, actor=actor))


def _keep(report_id: UUID, outcome: str) -> None:
    if outcome:
        sql.execute("UPDATE gateway_reports SET outcome = %s WHERE id = %s", (outcome, report_id))


def _try(gateway: str, event: GatewayEvent, *, now: datetime, actor: str) -> str:
    """Apply a report; what the books refuse is kept with its reason, since repeating it would not help."""
    try:
        with transaction.atomic():
            return _apply(gateway, event, now=now, actor=actor)
    except Refusal as refusal:
        log.warning("report %s of %s: %s", event.event_id, gateway, refusal.message)
        return f"{REFUSED}: {refusal.message}"[:500]


def _apply(gateway: str, event: GatewayEvent, *, now: datetime, actor: str) -> str:
    if event.kind is EventKind.OTHER or not event.gateway_reference:
        return IGNORED
    if event.kind is EventKind.CHARGE:
        return _apply_charge(gateway, event, now=now, actor=actor)
    payment = queries.payment_by_reference(gateway, event.gateway_reference)
    if payment is None:
        return WAITING
    if event.kind is EventKind.REFUND:
        return _apply_refund(payment, event, now=now, actor=actor)
    if event.kind is EventKind.CHARGEBACK_OPENED:
        won = queries.was_reported(
            gateway, event.gateway_reference, EventKind.CHARGEBACK_WON.value, since=event.occurred_at
        )
        done = not won and open_chargeback(payment, _amount(event, payment), now=now, actor=actor)
    elif event.kind is EventKind.CHARGEBACK_WON:
        done = win_chargeback(payment, now=now, actor=actor)
    else:
        done = lose_chargeback(payment, _amount(event, payment), now=now, actor=actor)
    return APPLIED if done else STALE


def _apply_charge(gateway: str, event: GatewayEvent, *, now: datetime, actor: str) -> str:
    intent = queries.intent_by_reference(gateway, event.gateway_reference)
    if intent is None:
        return WAITING
    outcome = Outcome(
        event.charge_status or ChargeStatus.PENDING,
        event.gateway_reference,
        event.amount,
        event.decline_code,
        event.message,
        intent.action_url,
    )
    return APPLIED if apply_outcome(intent, outcome, now=now, actor=actor) else STALE


def _apply_refund(payment: PaymentRow, event: GatewayEvent, *, now: datetime, actor: str) -> str:
    """A refund of ours, or one that was made in the gateway's own console."""
    status = event.refund_status or RefundStatus.PENDING
    refund = queries.refund_by_reference(payment.id, event.refund_reference)
    if refund is None:
        if any(one.status == "pending" and not one.gateway_reference for one in queries.refunds_of([payment.id])):
            return WAITING
        if status is RefundStatus.FAILED:
            return STALE
        amount = _amount(event, payment)
        if not amount:
            return STALE
        reason = "Refunded in the console of the gateway"
        refund = append_taken(
            payment, RefundKind.REFUND, amount, reason=reason, reference=event.refund_reference, now=now
        )
    done = apply_refund_status(refund, payment, status, message=event.message, now=now, actor=actor)
    return APPLIED if done else STALE


def _amount(event: GatewayEvent, payment: PaymentRow) -> Decimal:
    """How much a report is about, at most what of the payment has not gone back."""
    left = payment.amount - payment.refunded_amount
    if event.amount is None or event.amount.currency != payment.currency:
        return left
    return min(event.amount.amount, left)


def _as_json(event: GatewayEvent) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "kind": event.kind.value,
        "gateway_reference": event.gateway_reference,
        "occurred_at": event.occurred_at.isoformat(),
        "charge_status": event.charge_status.value if event.charge_status else None,
        "refund_status": event.refund_status.value if event.refund_status else None,
        "refund_reference": event.refund_reference,
        "amount": [str(event.amount.amount), event.amount.currency] if event.amount else None,
        "decline_code": event.decline_code,
        "message": event.message,
    }


def _from_json(content: Mapping[str, Any]) -> GatewayEvent:
    return GatewayEvent(
        event_id=content["event_id"],
        kind=EventKind(content["kind"]),
        gateway_reference=content["gateway_reference"],
        occurred_at=datetime.fromisoformat(content["occurred_at"]),
        charge_status=ChargeStatus(content["charge_status"]) if content["charge_status"] else None,
        refund_status=RefundStatus(content["refund_status"]) if content["refund_status"] else None,
        refund_reference=content["refund_reference"],
        amount=Money.of(*content["amount"]) if content["amount"] else None,
        decline_code=content["decline_code"],
        message=content["message"],
    )
