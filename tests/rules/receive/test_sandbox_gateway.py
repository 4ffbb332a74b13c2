"""The sandbox gateway: each fault to order does what it says, and a retry never takes money twice."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.receive.payments.gateways.protocol import (
    ChargeResult,
    ChargeStatus,
    EventKind,
    Gateway,
    GatewayRefused,
    IdempotencyKeyReused,
    RefundStatus,
    WebhookRefused,
)
from cashline.flow.receive.payments.gateways.sandbox import SandboxGateway
from cashline.flow.receive.payments.gateways.sandbox_acquirer import AMOUNT_FAULTS, FAULTS
from cashline.flow.receive.payments.rules import PAYMENT, PaymentStatus, verb_for
from cashline.kernel.money import Money
from cashline.platform.webhooks.signing import SIGNATURE_HEADER, new_secret
from tests.support.sandbox_store import MemoryStore

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
GOOD = "4242424242424242"
SECRET = new_secret()


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def gateway(store: MemoryStore) -> SandboxGateway:
    return SandboxGateway(store, webhook_secret=SECRET, action_url="/sandbox/3ds/")


def charge(gateway: Gateway, card: str = GOOD, amount: str = "119.00", key: str = "k1") -> ChargeResult:
    return gateway.charge(eur(amount), method_token=card, idempotency_key=key, reference="INV-1")


def reports(gateway: SandboxGateway, reference: str) -> list[tuple[EventKind, str]]:
    found = [
        gateway.parse_webhook(each.headers, each.body, now=NOW) for each in gateway.take_webhooks(reference, now=NOW)
    ]
    return [(each.kind, each.charge_status or each.refund_status or "") for each in found]


def test_a_good_card_is_charged_once_for_each_key(gateway: SandboxGateway, store: MemoryStore) -> None:
    first, again = charge(gateway), charge(gateway)
    assert first.status is ChargeStatus.SUCCEEDED
    assert first == again
    assert first.amount == eur("119.00")
    assert len(store.states) == 1
    assert charge(gateway, key="k2").gateway_reference != first.gateway_reference
    assert gateway.fetch(first.gateway_reference).status is ChargeStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("4000000000000002", "generic_decline"),
        ("4000 0000 0000 9995", "insufficient_funds"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
        ("1234", "incorrect_number"),
        ("", "incorrect_number"),
    ],
)
def test_declines_have_their_code_and_a_sentence(gateway: SandboxGateway, card: str, code: str) -> None:
    result = charge(gateway, card)
    assert (result.status, result.decline_code) == (ChargeStatus.DECLINED, code)
    assert result.message.startswith("The card is ")


def test_no_card_that_is_not_a_test_card_is_kept(gateway: SandboxGateway, store: MemoryStore) -> None:
    charge(gateway, "5105105105105100")
    assert "5105105105105100" not in "".join(store.states.values())


def test_a_key_that_was_used_for_something_else_is_refused(gateway: SandboxGateway) -> None:
    charge(gateway)
    with pytest.raises(IdempotencyKeyReused):
        charge(gateway, amount="120.00")
    with pytest.raises(IdempotencyKeyReused):
        charge(gateway, card="4000000000000002")


def test_a_lost_answer_is_tried_again_with_the_same_key_and_charged_once(gateway: SandboxGateway) -> None:
    result = charge(gateway, "4000000000090011")
    assert result.status is ChargeStatus.SUCCEEDED
    assert [each.outcome for each in result.attempts] == ["timeout", "answered"]
    assert reports(gateway, result.gateway_reference) == [(EventKind.CHARGE, "succeeded")]


def test_answers_lost_longer_than_we_try_leave_it_unknown_until_the_same_key_asks_again(
    gateway: SandboxGateway,
) -> None:
    first = charge(gateway, "4000000000090029")
    assert first.is_unknown
    assert [each.outcome for each in first.attempts] == ["timeout"] * 3
    second = charge(gateway, "4000000000090029")
    assert second.status is ChargeStatus.SUCCEEDED
    assert len(reports(gateway, second.gateway_reference)) == 1


def test_tries_that_do_not_arrive_charge_nothing(gateway: SandboxGateway, store: MemoryStore) -> None:
    result = charge(gateway, "4000000000090037")
    assert [each.outcome for each in result.attempts] == ["unreachable", "unreachable", "answered"]
    assert reports(gateway, result.gateway_reference) == [(EventKind.CHARGE, "succeeded")]


@pytest.mark.parametrize(("approve", "status"), [(True, "succeeded"), (False, "declined")])
def test_three_d_secure(gateway: SandboxGateway, approve: bool, status: str) -> None:
    result = charge(gateway, "4000002500003155")
    assert result.status is ChargeStatus.REQUIRES_ACTION
    assert result.action_url == f"/sandbox/3ds/{result.gateway_reference}"
    done = gateway.complete_action(result.gateway_reference, approve=approve)
    assert done.status == status
    assert gateway.complete_action(result.gateway_reference, approve=not approve).status == status
    assert reports(gateway, result.gateway_reference) == [
        (EventKind.CHARGE, "requires_action"),
        (EventKind.CHARGE, status),
    ]


def test_late_outcomes_come_with_the_reports(gateway: SandboxGateway) -> None:
    good, bad = charge(gateway, "4000000000090045"), charge(gateway, "4000000000090052", key="k2")
    assert good.status is bad.status is ChargeStatus.PENDING
    assert not good.is_unknown
    assert reports(gateway, good.gateway_reference)[-1] == (EventKind.CHARGE, "succeeded")
    assert reports(gateway, bad.gateway_reference)[-1] == (EventKind.CHARGE, "declined")
    assert gateway.fetch(good.gateway_reference).status is ChargeStatus.SUCCEEDED
    assert gateway.fetch(bad.gateway_reference).decline_code == "insufficient_funds"
    assert reports(gateway, good.gateway_reference) == []


def test_reports_twice_and_in_reverse_still_end_in_success(gateway: SandboxGateway) -> None:
    twice, reverse = charge(gateway, "4000000000090060"), charge(gateway, "4000000000090078", key="k2")
    bodies = [json.loads(each.body)["id"] for each in gateway.take_webhooks(twice.gateway_reference, now=NOW)]
    assert len(bodies) == 2
    assert len(set(bodies)) == 1
    found = [status for _, status in reports(gateway, reverse.gateway_reference)]
    assert found == ["succeeded", "pending"]
    status = PaymentStatus.PENDING
    for reported in found:
        if verb := verb_for(status, reported):
            status = PAYMENT.target(verb, status)
    assert status is PaymentStatus.SUCCEEDED


def test_a_chargeback_is_reported_after_the_charge(gateway: SandboxGateway) -> None:
    result = charge(gateway, "4000000000000259")
    assert [kind for kind, _ in reports(gateway, result.gateway_reference)] == [
        EventKind.CHARGE,
        EventKind.CHARGEBACK_OPENED,
    ]
    plain = charge(gateway, key="k2")
    gateway.open_chargeback(plain.gateway_reference)
    gateway.open_chargeback(plain.gateway_reference)
    assert [kind for kind, _ in reports(gateway, plain.gateway_reference)] == [
        EventKind.CHARGE,
        EventKind.CHARGEBACK_OPENED,
    ]


def test_refunds_once_for_each_key_and_never_more_than_was_charged(gateway: SandboxGateway) -> None:
    reference = charge(gateway).gateway_reference
    first = gateway.refund(reference, eur("100.00"), idempotency_key="r1")
    assert first.status is RefundStatus.SUCCEEDED
    assert gateway.refund(reference, eur("100.00"), idempotency_key="r1") == first
    with pytest.raises(IdempotencyKeyReused):
        gateway.refund(reference, eur("1.00"), idempotency_key="r1")
    with pytest.raises(GatewayRefused):
        gateway.refund(reference, eur("19.01"), idempotency_key="r2")
    assert gateway.refund(reference, eur("19.00"), idempotency_key="r2").status is RefundStatus.SUCCEEDED
    assert len(reports(gateway, reference)) == 3


def test_refunds_that_fail_at_once_or_late_give_the_money_back_to_the_charge(gateway: SandboxGateway) -> None:
    late = charge(gateway, "4000000000005126").gateway_reference
    assert gateway.refund(late, eur("119.00"), idempotency_key="r1").status is RefundStatus.PENDING
    with pytest.raises(GatewayRefused):
        gateway.refund(late, eur("119.00"), idempotency_key="r2")
    assert reports(gateway, late)[-1] == (EventKind.REFUND, "failed")
    assert gateway.refund(late, eur("119.00"), idempotency_key="r3").status is RefundStatus.PENDING
    never = charge(gateway, "4000000000090086", key="k2").gateway_reference
    refused = gateway.refund(never, eur("119.00"), idempotency_key="r1")
    assert (refused.status, bool(refused.message)) == (RefundStatus.FAILED, True)


def test_what_is_not_charged_can_neither_be_fetched_nor_refunded(gateway: SandboxGateway) -> None:
    declined = charge(gateway, "4000000000000002").gateway_reference
    with pytest.raises(GatewayRefused):
        gateway.refund(declined, eur("1.00"), idempotency_key="r1")
    for reference in ("sbx_unknown", "", "x" * 500):
        with pytest.raises(GatewayRefused):
            gateway.fetch(reference)


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "1.005"])
def test_an_amount_that_is_no_money_is_refused(gateway: SandboxGateway, amount: str) -> None:
    with pytest.raises(GatewayRefused):
        charge(gateway, amount=amount)


def test_faults_by_amount(gateway: SandboxGateway) -> None:
    assert charge(gateway, GOOD, "900001.02").decline_code == "insufficient_funds"
    assert charge(gateway, GOOD, "900001.03", key="k2").status is ChargeStatus.REQUIRES_ACTION
    assert set(AMOUNT_FAULTS.values()) <= set(FAULTS)


def test_reports_are_signed_and_fresh(gateway: SandboxGateway) -> None:
    (report,) = gateway.take_webhooks(charge(gateway).gateway_reference, now=NOW)
    event = gateway.parse_webhook(report.headers, report.body, now=NOW)
    assert (event.amount, event.occurred_at) == (eur("119.00"), NOW)
    with pytest.raises(WebhookRefused):
        gateway.parse_webhook(report.headers, report.body.replace(b"119.00", b"999.00"), now=NOW)
    with pytest.raises(WebhookRefused):
        gateway.parse_webhook(report.headers, report.body, now=NOW + timedelta(minutes=6))
    with pytest.raises(WebhookRefused):
        gateway.parse_webhook({**report.headers, SIGNATURE_HEADER: ""}, report.body, now=NOW)


@given(st.lists(st.tuples(st.sampled_from(sorted(FAULTS)), st.sampled_from(["k1", "k2", "k3"])), max_size=12))
def test_whatever_is_retried_each_key_has_one_charge_and_one_outcome(calls: list[tuple[str, str]]) -> None:
    store = MemoryStore()
    gateway = SandboxGateway(store, webhook_secret=SECRET)
    outcomes: dict[str, ChargeResult] = {}
    for card, key in calls:
        try:
            result = charge(gateway, card, key=key)
        except IdempotencyKeyReused:
            continue
        if not result.is_unknown:
            before = outcomes.setdefault(key, result)
            assert (before.status, before.gateway_reference) == (result.status, result.gateway_reference)
    assert len(store.states) == len({key for _, key in calls})
