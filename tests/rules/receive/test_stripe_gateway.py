"""Stripe's adapter against answers that localstripe cannot give: time-outs, repeated keys, errors, odd bodies."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs

import httpx
import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.receive.payments.gateways.calls import RetryPolicy
from cashline.flow.receive.payments.gateways.protocol import (
    ChargeResult,
    ChargeStatus,
    EventKind,
    GatewayRefused,
    IdempotencyKeyReused,
    RefundStatus,
    WebhookRefused,
)
from cashline.flow.receive.payments.gateways.stripe import StripeGateway, smallest_units, verify_signature
from cashline.kernel.money import Money
from cashline.kernel.refusals import Refusal

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
SECRET = "whsec_of_a_test"
POLICY = RetryPolicy(waits=(0.001, 0.001))
INTENT = {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": 11900, "currency": "eur"}


class Stripe:
    """The other side: gives prepared answers in turn and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def gateway(self) -> StripeGateway:
        return StripeGateway("sk_test_1", webhook_secret=SECRET, policy=POLICY, transport=httpx.MockTransport(self))


def error(status: int, **body: object) -> httpx.Response:
    return httpx.Response(status, json={"error": body})


def charge(other: Stripe, amount: str = "119.00", method: str = "cus_1:pm_1", url: str = "") -> ChargeResult:
    return other.gateway().charge(
        Money.of(amount, "EUR"), method_token=method, idempotency_key="key-1", reference="INV-1", return_url=url
    )


def test_a_charge_is_one_request_with_the_key_and_the_smallest_units() -> None:
    other = Stripe(httpx.Response(200, json=INTENT))
    result = charge(other)
    assert (result.status, result.gateway_reference, result.amount) == (
        ChargeStatus.SUCCEEDED,
        "pi_1",
        Money.of("119.00", "EUR"),
    )
    (request,) = other.requests
    assert request.headers["idempotency-key"] == "key-1"
    assert request.headers["authorization"] == "Bearer sk_test_1"
    form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
    assert form == {
        "amount": "11900",
        "currency": "eur",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "confirm": "true",
        "metadata[reference]": "INV-1",
        "payment_method_types[]": "card",
    }


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout("slow"),
        httpx.ConnectTimeout("far"),
        httpx.ConnectError("gone"),
        httpx.RemoteProtocolError("cut"),
        error(500, message="oops"),
        error(503, message="busy"),
        error(429, message="too many"),
        error(409, message="the first is still running"),
    ],
)
def test_what_may_pass_is_tried_again_with_the_same_key(failure: httpx.Response | Exception) -> None:
    other = Stripe(failure, httpx.Response(200, json=INTENT))
    result = charge(other)
    assert result.status is ChargeStatus.SUCCEEDED
    assert len(result.attempts) == 2
    assert {request.headers["idempotency-key"] for request in other.requests} == {"key-1"}
    assert len({request.content for request in other.requests}) == 1


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("slow"), error(500, message="oops")])
def test_after_the_last_try_the_outcome_is_unknown_and_recorded(failure: httpx.Response | Exception) -> None:
    other = Stripe(failure, failure, failure)
    result = charge(other)
    assert result.is_unknown
    assert [each.number for each in result.attempts] == [1, 2, 3]
    refund = Stripe(failure, failure, failure).gateway().refund("pi_1", Money.of("1", "EUR"), idempotency_key="r")
    assert refund.is_unknown


def test_a_decline_is_a_result_and_is_not_tried_again() -> None:
    other = Stripe(
        error(
            402,
            type="card_error",
            code="card_declined",
            decline_code="insufficient_funds",
            message="Your card has insufficient funds.",
            payment_intent={"id": "pi_9"},
        )
    )
    result = charge(other)
    assert (result.status, result.gateway_reference, result.decline_code) == (
        ChargeStatus.DECLINED,
        "pi_9",
        "insufficient_funds",
    )
    assert len(other.requests) == 1


def test_an_action_has_its_address() -> None:
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}}
    other = Stripe(httpx.Response(200, json={**INTENT, "status": "requires_action", "next_action": action}))
    result = charge(other, url="https://shop.example/back")
    assert (result.status, result.action_url) == (ChargeStatus.REQUIRES_ACTION, "https://bank.example/3ds")
    assert b"return_url" in other.requests[0].content


def test_a_key_used_for_something_else_and_wrong_requests_are_refused() -> None:
    with pytest.raises(IdempotencyKeyReused):
        charge(Stripe(error(400, type="idempotency_error", message="Keys for idempotent requests…")))
    with pytest.raises(GatewayRefused) as refused:
        charge(Stripe(error(404, type="invalid_request_error", param="payment_method", message="No such method")))
    assert refused.value.field == "payment_method"
    with pytest.raises(GatewayRefused):
        charge(Stripe(error(401, message="Invalid API Key")))
    with pytest.raises(GatewayRefused):
        charge(Stripe(httpx.Response(200, text="<html>proxy</html>")))


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("119.00", "EUR", 11900),
        ("119", "JPY", 119),
        ("1.230", "KWD", 1230),
        ("5", "ISK", 500),
        ("0.01", "USD", 1),
    ],
)
def test_smallest_units(amount: str, currency: str, units: int) -> None:
    assert smallest_units(Money.of(amount, currency)) == units


@pytest.mark.parametrize(
    ("amount", "currency"), [("0", "EUR"), ("-1", "EUR"), ("1.001", "EUR"), ("0.5", "JPY"), ("1.234", "KWD")]
)
def test_what_no_card_can_be_charged(amount: str, currency: str) -> None:
    with pytest.raises(GatewayRefused):
        smallest_units(Money.of(amount, currency))


@given(st.integers(1, 10**9), st.sampled_from(["EUR", "JPY", "ISK"]))
def test_money_comes_back_as_it_went_out(units: int, currency: str) -> None:
    body = {**INTENT, "amount": units, "currency": currency.lower()}
    result = charge(Stripe(httpx.Response(200, json=body)))
    assert result.amount is not None
    assert result.amount.currency == currency
    if result.amount.amount == result.amount.rounded().amount or currency == "ISK":
        assert result.amount.amount.scaleb(0 if currency == "JPY" else 2) == Decimal(units)


def test_a_refund_has_its_status_and_the_key() -> None:
    other = Stripe(httpx.Response(200, json={"id": "re_1", "status": "succeeded", "amount": 100, "currency": "eur"}))
    result = other.gateway().refund("pi_1", Money.of("1.00", "EUR"), idempotency_key="refund-1")
    assert (result.status, result.gateway_reference) == (RefundStatus.SUCCEEDED, "re_1")
    assert other.requests[0].headers["idempotency-key"] == "refund-1"
    with pytest.raises(GatewayRefused):
        Stripe(error(400, message="already refunded")).gateway().refund(
            "pi_1", Money.of("1", "EUR"), idempotency_key="r"
        )


@pytest.mark.parametrize("reference", ["", "../v1/customers", "pi_1/../../x", "ch_1", "pi_1?x=1"])
def test_only_payment_intents_are_fetched(reference: str) -> None:
    with pytest.raises(GatewayRefused):
        Stripe().gateway().fetch(reference)


def signed(event: dict[str, object], at: datetime = NOW, secret: str = SECRET) -> tuple[dict[str, str], bytes]:
    body = json.dumps(event).encode()
    stamp = int(at.timestamp())
    signature = stripe.WebhookSignature._compute_signature(f"{stamp}.{body.decode()}", secret)
    return {"Stripe-Signature": f"t={stamp},v0=old,v1={signature}"}, body


def event(kind: str, subject: dict[str, object]) -> dict[str, object]:
    return {"id": "evt_1", "type": kind, "created": int(NOW.timestamp()), "data": {"object": subject}}


@pytest.mark.parametrize(
    ("kind", "subject", "expected"),
    [
        ("payment_intent.succeeded", INTENT, (EventKind.CHARGE, ChargeStatus.SUCCEEDED, None)),
        (
            "payment_intent.payment_failed",
            {**INTENT, "status": "requires_payment_method", "last_payment_error": {"code": "card_declined"}},
            (EventKind.CHARGE, ChargeStatus.DECLINED, None),
        ),
        (
            "payment_intent.processing",
            {**INTENT, "status": "processing"},
            (EventKind.CHARGE, ChargeStatus.PENDING, None),
        ),
        (
            "refund.updated",
            {"id": "re_1", "payment_intent": "pi_1", "status": "failed", "amount": 1, "currency": "eur"},
            (EventKind.REFUND, None, RefundStatus.FAILED),
        ),
        (
            "charge.dispute.created",
            {"id": "dp_1", "payment_intent": "pi_1", "amount": 1, "currency": "eur"},
            (EventKind.CHARGEBACK_OPENED, None, None),
        ),
        (
            "charge.dispute.closed",
            {"id": "dp_1", "payment_intent": "pi_1", "status": "won", "amount": 1, "currency": "eur"},
            (EventKind.CHARGEBACK_WON, None, None),
        ),
        ("customer.created", {"id": "cus_1"}, (EventKind.OTHER, None, None)),
    ],
)
def test_events(kind: str, subject: dict[str, object], expected: tuple[object, ...]) -> None:
    headers, body = signed(event(kind, subject))
    found = Stripe().gateway().parse_webhook(headers, body, now=NOW)
    assert (found.kind, found.charge_status, found.refund_status) == expected
    assert found.event_id == "evt_1"
    assert found.gateway_reference == ("" if found.kind is EventKind.OTHER else "pi_1")


def test_the_official_library_accepts_the_same_signatures() -> None:
    headers, body = signed(event("payment_intent.succeeded", INTENT))
    assert stripe.WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], SECRET)
    verify_signature(headers["Stripe-Signature"], body, secret=SECRET, now=NOW)


def test_forged_old_and_malformed_reports_are_refused() -> None:
    headers, body = signed(event("payment_intent.succeeded", INTENT))
    header = headers["Stripe-Signature"]
    old, old_body = signed(event("payment_intent.succeeded", INTENT), at=NOW - timedelta(minutes=6))
    odd: list[dict[str, object]] = [
        {},
        {"id": 1},
        event("refund.updated", {"id": "re_1"}),
        {"type": 5, "data": {"object": []}},
    ]
    forged = [
        (header, body.replace(b"11900", b"1")),
        ("", body),
        ("t=1,v1=é", body),
        (header.replace("t=", "t=1"), body),
        (header.replace("v1=", "v2="), body),
        (old["Stripe-Signature"], old_body),
        *((signed(each)[0]["Stripe-Signature"], signed(each)[1]) for each in odd),
    ]
    for each_header, each_body in forged:
        with pytest.raises(WebhookRefused):
            Stripe().gateway().parse_webhook({"stripe-signature": each_header}, each_body, now=NOW)


@given(header=st.text(max_size=80), body=st.binary(max_size=80))
def test_no_header_or_body_breaks_the_reader(header: str, body: bytes) -> None:
    with pytest.raises(Refusal):
        Stripe().gateway().parse_webhook({"Stripe-Signature": header}, body, now=NOW)
