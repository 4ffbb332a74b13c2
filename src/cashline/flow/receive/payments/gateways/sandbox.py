"""The gateway of sandboxes: an acquirer inside the program, with faults to order by card number or amount.

It remembers what it did by idempotency key in a store of the database that it serves, apart from the caller's
transaction: as with a real acquirer, a charge stands even where the caller rolled back. No real card number is known.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cashline.flow.receive.payments.gateways.protocol import (
    CallAttempt,
    ChargeResult,
    ChargeStatus,
    EventKind,
    GatewayEvent,
    GatewayRefused,
    RefundResult,
    RefundStatus,
    WebhookRefused,
)
from cashline.flow.receive.payments.gateways.sandbox_acquirer import (
    AnswerLost,
    Reachability,
    SandboxAcquirer,
    SandboxStore,
)
from cashline.kernel.money import Money
from cashline.kernel.refusals import InvalidValue
from cashline.platform.webhooks.signing import ID_HEADER, SignatureRefused, sign, verify

TRIES = 3
"""How often a call whose answer is lost is tried: at once, as there is no network to wait for."""


@dataclass(frozen=True, slots=True)
class SandboxWebhook:
    """A signed report, ready to be posted to the door that takes reports."""

    headers: Mapping[str, str]
    body: bytes


class SandboxGateway:
    """The sandbox as a `Gateway`; `webhook_secret` (`whsec_…`) signs its reports, `action_url` is its 3-D Secure page.

    The faults to order are `sandbox_acquirer.FAULTS` (by card number) and `AMOUNT_FAULTS` (by amount).
    """

    name = "sandbox"
    key_lifetime: timedelta | None = None

    def __init__(self, store: SandboxStore, *, webhook_secret: str, action_url: str = "") -> None:
        self._acquirer = SandboxAcquirer(store)
        self._secret = webhook_secret
        self._action_url = action_url

    def charge(
        self, amount: Money, *, method_token: str, idempotency_key: str, reference: str, return_url: str = ""
    ) -> ChargeResult:
        """See `Gateway.charge`; `method_token` is a test card number."""
        attempts: list[CallAttempt] = []
        for number in range(1, TRIES + 1):
            try:
                state = self._acquirer.charge(
                    amount,
                    card=method_token,
                    idempotency_key=idempotency_key,
                    reference=reference,
                    return_url=return_url,
                )
            except AnswerLost as lost:
                attempts.append(CallAttempt(number, _outcome(lost)))
                continue
            attempts.append(CallAttempt(number, "answered", 200))
            return replace(self._result(state), attempts=tuple(attempts))
        sentence = "The gateway did not answer; the charge may or may not stand."
        return ChargeResult(ChargeStatus.PENDING, message=sentence, attempts=tuple(attempts))

    def refund(self, gateway_reference: str, amount: Money, *, idempotency_key: str) -> RefundResult:
        """See `Gateway.refund`."""
        refund = self._acquirer.refund(gateway_reference, amount, idempotency_key=idempotency_key)
        return RefundResult(
            RefundStatus(refund["status"]),
            refund["reference"],
            Money.of(refund["amount"], refund["currency"]),
            refund["message"],
            (CallAttempt(1, "answered", 200),),
        )

    def fetch(self, gateway_reference: str) -> ChargeResult:
        """See `Gateway.fetch`."""
        state = self._acquirer.find(gateway_reference)
        return replace(self._result(state), attempts=(CallAttempt(1, "answered", 200),))

    def return_url(self, gateway_reference: str) -> str:
        """Where the payer goes after 3-D Secure; empty where the charge did not say."""
        url = str(self._acquirer.find(gateway_reference)["return_url"])
        return url if url.startswith(("https://", "http://", "/")) else ""

    def complete_action(self, gateway_reference: str, *, approve: bool) -> ChargeResult:
        """The payer passed or failed 3-D Secure on the sandbox's page."""
        return self._result(self._acquirer.complete_action(gateway_reference, approve=approve))

    def open_chargeback(self, gateway_reference: str) -> None:
        """The payer's bank takes the money back; a report of it becomes due."""
        self._acquirer.open_chargeback(gateway_reference)

    def take_webhooks(self, gateway_reference: str, *, now: datetime) -> Sequence[SandboxWebhook]:
        """The reports of a charge that are due, signed; in the order and number that its card's fault says.

        A charge with a late outcome gets it here. Taking again gives only what happened since.
        """
        events = self._acquirer.take_events(gateway_reference)
        return [self._webhook(event, now) for event in events]

    def _webhook(self, event: Mapping[str, Any], now: datetime) -> SandboxWebhook:
        body = json.dumps({**event, "occurred_at": now.astimezone(UTC).isoformat()}, sort_keys=True).encode()
        return SandboxWebhook(sign(body, message_id=event["id"], now=now, secrets=[self._secret]), body)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> GatewayEvent:
        """See `Gateway.parse_webhook`; signed by Standard Webhooks."""
        try:
            verify(headers, body, now=now, secrets=[self._secret])
        except SignatureRefused as refusal:
            raise WebhookRefused(refusal.message, field=refusal.field) from None
        try:
            event = json.loads(body)
            return GatewayEvent(
                event_id=str(event["id"]),
                kind=EventKind(event["kind"]),
                gateway_reference=str(event["gateway_reference"]),
                occurred_at=datetime.fromisoformat(event["occurred_at"]),
                charge_status=ChargeStatus(event["charge_status"]) if event.get("charge_status") else None,
                refund_status=RefundStatus(event["refund_status"]) if event.get("refund_status") else None,
                refund_reference=str(event.get("refund_reference", "")),
                amount=Money.of(event["amount"], event["currency"]),
                decline_code=str(event.get("decline_code", "")),
                message=str(event.get("message", "")),
            )
        except (ValueError, KeyError, TypeError, InvalidValue):
            raise WebhookRefused("The report is signed, but it has not the form of one.", field=ID_HEADER) from None

    def _result(self, state: Mapping[str, Any]) -> ChargeResult:
        waiting = state["status"] == ChargeStatus.REQUIRES_ACTION
        return ChargeResult(
            status=ChargeStatus(state["status"]),
            gateway_reference=state["gateway_reference"],
            amount=Money(Decimal(state["amount"]), state["currency"]),
            decline_code=state["decline_code"],
            message=state["message"],
            action_url=f"{self._action_url}{state['gateway_reference']}" if waiting else "",
        )


def _outcome(lost: AnswerLost) -> str:
    return "timeout" if lost.reachability is Reachability.REACHED else "unreachable"


__all__ = ["GatewayRefused", "SandboxGateway", "SandboxStore", "SandboxWebhook"]
