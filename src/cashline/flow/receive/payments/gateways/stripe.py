"""Stripe as a gateway: payment intents, refunds and signed events, over its HTTP interface.

A charge is a payment intent that is created and confirmed in one call. Money goes over the wire in the smallest unit,
with Stripe's own exceptions. A decline is an answer, not an error.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from cashline.flow.receive.payments.gateways.calls import Answer, RetryPolicy, call
from cashline.flow.receive.payments.gateways.protocol import (
    CallAttempt,
    ChargeResult,
    ChargeStatus,
    EventKind,
    GatewayEvent,
    GatewayRefused,
    IdempotencyKeyReused,
    RefundResult,
    RefundStatus,
    WebhookRefused,
)
from cashline.kernel.money import Money, minor_units

ADDRESS = "https://api.stripe.com"
VERSION = "2025-09-30.clover"
TOLERANCE = timedelta(minutes=5)
SIGNATURE_HEADER = "stripe-signature"

_STATUS = {
    "succeeded": ChargeStatus.SUCCEEDED,
    "requires_capture": ChargeStatus.PENDING,
    "processing": ChargeStatus.PENDING,
    "requires_action": ChargeStatus.REQUIRES_ACTION,
    "requires_confirmation": ChargeStatus.PENDING,
    "requires_payment_method": ChargeStatus.DECLINED,
    "canceled": ChargeStatus.DECLINED,
}
_REFUND_STATUS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
_EVENTS = {
    "payment_intent.succeeded": EventKind.CHARGE,
    "payment_intent.payment_failed": EventKind.CHARGE,
    "payment_intent.processing": EventKind.CHARGE,
    "payment_intent.requires_action": EventKind.CHARGE,
    "payment_intent.canceled": EventKind.CHARGE,
    "refund.created": EventKind.REFUND,
    "refund.updated": EventKind.REFUND,
    "refund.failed": EventKind.REFUND,
    "charge.refund.updated": EventKind.REFUND,
    "charge.dispute.created": EventKind.CHARGEBACK_OPENED,
    "charge.dispute.closed": EventKind.CHARGEBACK_LOST,
}
_TWO_DECIMALS = frozenset({"ISK", "UGX"})
"""Currencies without minor unit in ISO 4217 that Stripe still counts in hundredths."""


class StripeGateway:
    """Stripe as a `Gateway`. `method_token` is a payment method (`pm_…`), or `cus_…:pm_…` for a customer's own."""

    name = "stripe"
    key_lifetime: timedelta | None = timedelta(hours=23)
    """Stripe keeps keys for at least 24 hours."""

    def __init__(
        self,
        api_key: str,
        *,
        webhook_secret: str,
        address: str = ADDRESS,
        policy: RetryPolicy | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._webhook_secret = webhook_secret
        self._policy = policy or RetryPolicy()
        headers = {"Authorization": f"Bearer {api_key}", "Stripe-Version": VERSION}
        self._client = httpx.Client(base_url=address, headers=headers, transport=transport, follow_redirects=False)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def charge(
        self, amount: Money, *, method_token: str, idempotency_key: str, reference: str, return_url: str = ""
    ) -> ChargeResult:
        """See `Gateway.charge`."""
        customer, _, method = method_token.rpartition(":")
        form = {
            "amount": str(smallest_units(amount)),
            "currency": amount.currency.lower(),
            "payment_method": method,
            "confirm": "true",
            "metadata[reference]": reference,
        }
        if customer:
            form["customer"] = customer
        if return_url:
            form["return_url"] = return_url
        else:
            form["payment_method_types[]"] = "card"
        answer = self._post("/v1/payment_intents", form, idempotency_key)
        if answer.response is None:
            sentence = "Stripe did not answer; the charge may or may not stand."
            return ChargeResult(ChargeStatus.PENDING, message=sentence, attempts=answer.attempts)
        return _charge_result(answer.response, answer.attempts)

    def refund(self, gateway_reference: str, amount: Money, *, idempotency_key: str) -> RefundResult:
        """See `Gateway.refund`."""
        form = {"payment_intent": gateway_reference, "amount": str(smallest_units(amount))}
        answer = self._post("/v1/refunds", form, idempotency_key)
        if answer.response is None:
            sentence = "Stripe did not answer; the refund may or may not stand."
            return RefundResult(RefundStatus.PENDING, message=sentence, attempts=answer.attempts)
        body = _body(answer.response)
        if answer.response.status_code >= 400:
            raise _refused(body)
        return RefundResult(
            status=_REFUND_STATUS.get(str(body.get("status")), RefundStatus.PENDING),
            gateway_reference=str(body["id"]),
            amount=_money(body),
            message=str(body.get("failure_reason") or ""),
            attempts=answer.attempts,
        )

    def fetch(self, gateway_reference: str) -> ChargeResult:
        """See `Gateway.fetch`."""
        if not gateway_reference.startswith("pi_") or not gateway_reference.replace("_", "").isalnum():
            raise GatewayRefused("This is no payment intent of Stripe.", field="gateway_reference")
        answer = call(self._client, "GET", f"/v1/payment_intents/{gateway_reference}", policy=self._policy)
        if answer.response is None:
            return ChargeResult(ChargeStatus.PENDING, message="Stripe did not answer.", attempts=answer.attempts)
        return _charge_result(answer.response, answer.attempts)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> GatewayEvent:
        """See `Gateway.parse_webhook`; the signature is Stripe's own scheme, `t=…,v1=…`, at most five minutes old."""
        given = {name.lower(): value for name, value in headers.items()}
        verify_signature(given.get(SIGNATURE_HEADER, ""), body, secret=self._webhook_secret, now=now)
        try:
            event = json.loads(body)
            return _event(event, event["data"]["object"])
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            raise WebhookRefused("The event is signed, but it has not the form of one.", field="body") from None

    def _post(self, path: str, form: Mapping[str, str], idempotency_key: str) -> Answer:
        headers = {"Idempotency-Key": idempotency_key}
        return call(self._client, "POST", path, policy=self._policy, form=form, headers=headers)


def _charge_result(response: httpx.Response, attempts: tuple[CallAttempt, ...]) -> ChargeResult:
    body = _body(response)
    if response.status_code == httpx.codes.PAYMENT_REQUIRED:
        error = body.get("error") or {}
        intent = error.get("payment_intent") or {}
        return ChargeResult(
            ChargeStatus.DECLINED,
            str(intent.get("id") or ""),
            decline_code=str(error.get("decline_code") or error.get("code") or "declined"),
            message=str(error.get("message") or ""),
            attempts=attempts,
        )
    if response.status_code >= 400:
        raise _refused(body)
    failure = body.get("last_payment_error") or {}
    return ChargeResult(
        status=_STATUS.get(str(body.get("status")), ChargeStatus.PENDING),
        gateway_reference=str(body["id"]),
        amount=_money(body),
        decline_code=str(failure.get("decline_code") or failure.get("code") or ""),
        message=str(failure.get("message") or ""),
        action_url=_action_url(body),
        attempts=attempts,
    )


def smallest_units(amount: Money) -> int:
    """The amount as Stripe counts it; raises GatewayRefused for what it cannot charge."""
    digits = 2 if amount.currency in _TWO_DECIMALS else minor_units(amount.currency)
    units = amount.amount.scaleb(digits)
    if units <= 0 or units != units.to_integral_value() or (digits == 3 and units % 10):
        raise GatewayRefused(f"{amount} cannot be charged to a card.", field="amount")
    return int(units)


def _money(body: Mapping[str, Any]) -> Money:
    currency = str(body["currency"]).upper()
    digits = 2 if currency in _TWO_DECIMALS else minor_units(currency)
    return Money(Decimal(int(body["amount"])).scaleb(-digits), currency)


def _action_url(body: Mapping[str, Any]) -> str:
    action = body.get("next_action") or {}
    redirect = action.get("redirect_to_url") or {}
    return str(redirect.get("url") or "")


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise GatewayRefused(f"Stripe answered {response.status_code} with something that is no JSON object.")
    return body


def _refused(body: Mapping[str, Any]) -> GatewayRefused:
    error = body.get("error") or {}
    message = str(error.get("message") or "Stripe refused the request.")
    if error.get("type") == "idempotency_error":
        return IdempotencyKeyReused(message, field="idempotency_key")
    return GatewayRefused(message, field=str(error.get("param") or ""), gateway_code=error.get("code") or "")


def verify_signature(header: str, body: bytes, *, secret: str, now: datetime) -> None:
    """Check Stripe's signature of a report; raises WebhookRefused where it is missing, wrong or too old."""
    parts = [part.partition("=") for part in header.split(",")[:20]]
    stamps = [value for name, _, value in parts if name.strip() == "t"]
    signatures = [value for name, _, value in parts if name.strip() == "v1"]
    if len(stamps) != 1 or not stamps[0].isascii() or not stamps[0].isdigit() or len(stamps[0]) > 12 or not signatures:
        raise WebhookRefused("The signature header is missing or malformed.", field=SIGNATURE_HEADER)
    expected = hmac.new(secret.encode(), stamps[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    found = False
    for signature in signatures:
        found |= hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
    if not found:
        raise WebhookRefused("No signature of this report is made with our secret.", field=SIGNATURE_HEADER)
    age = now - datetime.fromtimestamp(int(stamps[0]), UTC)
    if abs(age) > TOLERANCE:
        raise WebhookRefused(f"The report is {int(age.total_seconds())} seconds old.", field=SIGNATURE_HEADER)


def _event(event: Mapping[str, Any], subject: Mapping[str, Any]) -> GatewayEvent:
    kind = _EVENTS.get(event["type"], EventKind.OTHER)
    if event["type"] == "charge.dispute.closed" and subject.get("status") == "won":
        kind = EventKind.CHARGEBACK_WON
    is_charge = kind is EventKind.CHARGE
    failure = (subject.get("last_payment_error") or {}) if is_charge else {}
    is_refund = kind is EventKind.REFUND
    reference = subject.get("id") if is_charge else subject.get("payment_intent")
    return GatewayEvent(
        event_id=str(event["id"]),
        kind=kind,
        gateway_reference=str(reference or ""),
        occurred_at=datetime.fromtimestamp(int(event["created"]), UTC),
        charge_status=_reported_status(event["type"], subject) if is_charge else None,
        refund_status=_REFUND_STATUS.get(str(subject.get("status")), RefundStatus.PENDING) if is_refund else None,
        refund_reference=str(subject["id"]) if is_refund else "",
        amount=_money(subject) if kind is not EventKind.OTHER else None,
        decline_code=str(failure.get("decline_code") or failure.get("code") or ""),
        message=str(failure.get("message") or subject.get("failure_reason") or ""),
    )


def _reported_status(kind: str, intent: Mapping[str, Any]) -> ChargeStatus:
    """By the type of the event; its object is as of the event, yet a late one may be read from an older version."""
    if kind == "payment_intent.payment_failed":
        return ChargeStatus.DECLINED
    return _STATUS.get(str(intent.get("status")), ChargeStatus.PENDING)
