"""Card charges: whatever gets lost, repeated, reordered or killed, the money is taken once and booked once."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from cashline.flow.invoice.invoices.queries import InvoiceRow
from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions import (
    charge_card,
    deliver_sandbox_reports,
    give_up_intents,
    handle_gateway_event,
    look_up_charge,
    resume_pending,
    sandbox_gateway,
)
from cashline.flow.receive.payments.actions.choosing import GatewayNotSetUp, gateway_names, gateways
from cashline.flow.receive.payments.gateways.protocol import GatewayRefused, WebhookRefused
from cashline.flow.receive.payments.gateways.sandbox_acquirer import reference_for
from cashline.flow.receive.payments.queries import IntentRow, PaymentFilter, PaymentRow
from cashline.flow.receive.payments.rules import AlreadyUnderWay, InvoiceNotOpen, OverAllocated
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.kernel.refusals import Conflict
from cashline.platform import sql
from cashline.platform.clock.queries import machine_time
from cashline.platform.events.queries import timeline
from cashline.platform.lists import Ask
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.killing import KillerProcess
from tests.support.racing import race
from tests.support.receive import (
    DECLINED,
    GOOD,
    SECURE,
    assert_laws_hold,
    intent_for,
    invoice_of,
    make_receiving_shop,
    open_of,
    pay,
    sandbox,
)
from tests.support.world import ACTOR, NOW

pytestmark = pytest.mark.usefixtures("committed_db")
LOST_ONCE, LOST_FIVE, NEVER_ARRIVES_TWICE = "4000000000090011", "4000000000090029", "4000000000090037"
LATE_SUCCESS, LATE_DECLINE = "4000000000090045", "4000000000090052"
TWICE, REVERSED, CHARGED_BACK = "4000000000090060", "4000000000090078", "4000000000000259"


@pytest.fixture
def shop(committed_db: Database) -> Shop:
    return make_receiving_shop()


@pytest.fixture
def row(shop: Shop) -> Iterator[InvoiceRow]:
    """An open invoice over 119 euro; whatever a test does to it, the laws hold at its end."""
    yield invoice_of(shop)
    assert_laws_hold()


def charge(intent_id: UUID, minutes: int = 0) -> IntentRow:
    return charge_card(intent_id, gateway_named=sandbox(), now=NOW + timedelta(minutes=minutes), actor=ACTOR)


def resume(minutes: int) -> int:
    return resume_pending(gateway_named=sandbox(), now=NOW + timedelta(minutes=minutes), actor=ACTOR)


def deliver(minutes: int = 1) -> int:
    moment = NOW + timedelta(minutes=minutes)
    return deliver_sandbox_reports(sandbox_gateway(), machine_time=machine_time(), now=moment, actor=ACTOR)


def payments() -> list[PaymentRow]:
    return queries.list_payments(Ask("number"), PaymentFilter()).items


def outcomes() -> list[str]:
    return [found[0] for found in sql.fetch("SELECT outcome FROM gateway_reports ORDER BY id")]


def test_a_good_card_pays_the_invoice(row: InvoiceRow) -> None:
    after = charge(intent_for(row))
    (paid,) = payments()
    assert (after.status, after.payment_id, open_of(row)) == ("succeeded", paid.id, Decimal(0))
    assert (paid.method, paid.gateway, paid.gateway_reference) == ("card", "sandbox", after.gateway_reference)
    assert [call.outcome for call in queries.calls_about([after.id])] == ["answered"]
    assert [event.type for event in timeline([after.id])] == ["PaymentIntentCreated"]
    assert charge(after.id) == after


def test_a_declined_card_leaves_the_invoice_open_and_says_why(row: InvoiceRow) -> None:
    after = charge(intent_for(row, DECLINED))
    assert (after.status, after.decline_code, open_of(row)) == ("failed", "insufficient_funds", Decimal(119))
    assert [event.type for event in timeline([after.id])] == ["PaymentIntentCreated", "PaymentFailed"]
    assert charge(intent_for(row)).status == "succeeded"


@pytest.mark.parametrize("card", [LOST_ONCE, NEVER_ARRIVES_TWICE])
def test_an_answer_that_gets_lost_is_asked_for_again_at_once(row: InvoiceRow, card: str) -> None:
    after = charge(intent_for(row, card))
    assert (after.status, len(payments())) == ("succeeded", 1)
    assert [call.outcome for call in queries.calls_about([after.id])][-1] == "answered"


def test_a_charge_of_unknown_outcome_is_resumed_with_the_same_key_and_grows_patient(row: InvoiceRow) -> None:
    intent_id = intent_for(row, LOST_FIVE)
    assert charge(intent_id).status == "pending"
    assert (resume(0), open_of(row)) == (0, Decimal(119))
    assert resume(2) == 1
    (paid,) = payments()
    assert (queries.intent(intent_id).status, paid.source_id, open_of(row)) == ("succeeded", intent_id, Decimal(0))
    assert resume(60) == 0
    (count,) = sql.fetch_one("SELECT count(*) FROM sandbox_charges") or (0,)
    assert count == 1


def test_an_intent_whose_process_died_before_it_asked_is_resumed(row: InvoiceRow) -> None:
    intent_id = intent_for(row)
    assert (resume(0), resume(1)) == (0, 1)
    assert queries.intent(intent_id).status == "succeeded"


class Killed:
    """The sandbox's gateway, after whose charge the process is gone."""

    name, key_lifetime = "sandbox", None

    def charge(self, *args: Any, **kwargs: Any) -> None:
        sandbox_gateway().charge(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)


def charge_and_die(intent_id: str) -> None:
    """Charge the card; the process does not live to see the answer."""
    charge_card(UUID(intent_id), gateway_named=lambda _: Killed(), now=NOW, actor=ACTOR)  # type: ignore[arg-type, return-value]


@pytest.mark.kill
def test_a_process_killed_between_the_gateway_and_the_books_loses_and_doubles_nothing(
    row: InvoiceRow, committed_db: Database, killer: KillerProcess
) -> None:
    intent_id = intent_for(row)
    assert killer.call(f"{__name__}:charge_and_die", committed_db, str(intent_id)) == -signal.SIGKILL
    (taken,) = sql.fetch_one("SELECT count(*) FROM sandbox_charges WHERE state->>'status' = 'succeeded'") or (0,)
    assert (taken, payments(), open_of(row)) == (1, [], Decimal(119))
    deliver()
    assert (outcomes(), payments()) == ([""], [])
    resume(5)
    (paid,) = payments()
    assert (paid.amount, open_of(row), outcomes()) == (Decimal(119), Decimal(0), ["stale"])


def test_three_d_secure_waits_for_the_payer(row: InvoiceRow) -> None:
    waiting = charge(intent_for(row, SECURE))
    assert (waiting.status, open_of(row)) == ("requires_action", Decimal(119))
    assert waiting.action_url.endswith(f"/sandbox/cards/{waiting.gateway_reference}")
    with pytest.raises(AlreadyUnderWay):
        intent_for(row)
    sandbox_gateway().complete_action(waiting.gateway_reference or "", approve=True)
    deliver()
    assert (queries.intent(waiting.id).status, open_of(row)) == ("succeeded", Decimal(0))
    assert queries.intent(waiting.id).action_url == ""


def test_a_payer_who_fails_or_leaves_is_waited_for_a_day_and_no_longer(row: InvoiceRow) -> None:
    failed = charge(intent_for(row, SECURE))
    sandbox_gateway().complete_action(failed.gateway_reference or "", approve=False)
    deliver()
    assert queries.intent(failed.id).decline_code == "authentication_failed"
    left = charge(intent_for(row, SECURE))
    resume(24 * 60 - 1)
    assert queries.intent(left.id).status == "requires_action"
    resume(24 * 60 + 1)
    assert queries.intent(left.id).status == "failed"
    lost = charge(intent_for(row, SECURE))
    sandbox_gateway().complete_action(lost.gateway_reference or "", approve=True)
    resume(24 * 60 + 1)
    assert (queries.intent(lost.id).status, open_of(row)) == ("succeeded", Decimal(0))


def test_a_late_success_and_a_late_decline_come_by_report(row: InvoiceRow) -> None:
    declined = charge(intent_for(row, LATE_DECLINE))
    assert declined.status == "pending"
    deliver()
    assert queries.intent(declined.id).status == "failed"
    late = charge(intent_for(row, LATE_SUCCESS))
    assert (late.status, open_of(row)) == ("pending", Decimal(119))
    deliver()
    assert (queries.intent(late.id).status, open_of(row), len(payments())) == ("succeeded", Decimal(0), 1)


def test_a_late_success_after_another_payment_stays_on_account(row: InvoiceRow) -> None:
    late = charge(intent_for(row, LATE_SUCCESS))
    pay(row, "100")
    deliver()
    by_card = queries.payment(queries.intent(late.id).payment_id or UUID(int=0))
    assert (by_card.amount, by_card.unapplied_amount, open_of(row)) == (Decimal(119), Decimal(100), Decimal(0))


def test_a_charge_that_was_given_up_and_comes_through_after_all_is_booked(row: InvoiceRow) -> None:
    late = charge(intent_for(row, LATE_SUCCESS))
    give_up_intents([late.id], reason="Paying by transfer", now=NOW, actor=ACTOR)
    pay(row, "119")
    deliver()
    intent = queries.intent(late.id)
    assert (intent.status, queries.payment(intent.payment_id or UUID(int=0)).unapplied_amount) == (
        "succeeded",
        Decimal(119),
    )


@pytest.mark.parametrize("card", [TWICE, REVERSED])
def test_reports_that_come_twice_or_in_reverse_book_once(row: InvoiceRow, card: str) -> None:
    intent_id = intent_for(row, card)
    charge(intent_id)
    assert deliver() >= 2
    assert (queries.intent(intent_id).status, len(payments()), open_of(row)) == ("succeeded", 1, Decimal(0))
    assert deliver() == 0


def test_a_report_without_the_gateways_signature_changes_nothing(row: InvoiceRow) -> None:
    charge(intent_for(row, LATE_SUCCESS))
    reference = queries.list_intents(Ask()).items[0].gateway_reference or ""
    (report,) = sandbox_gateway().take_webhooks(reference, now=machine_time())[-1:]
    for headers, body in (({}, report.body), (report.headers, report.body + b" ")):
        with pytest.raises(WebhookRefused):
            handle_gateway_event(sandbox_gateway(), headers, body, machine_time=machine_time(), now=NOW, actor=ACTOR)
    assert (outcomes(), open_of(row)) == ([], Decimal(119))
    given = handle_gateway_event(
        sandbox_gateway(), report.headers, report.body, machine_time=machine_time(), now=NOW, actor=ACTOR
    )
    again = handle_gateway_event(
        sandbox_gateway(), report.headers, report.body, machine_time=machine_time(), now=NOW, actor=ACTOR
    )
    assert (given, again, open_of(row)) == ("applied", "repeated", Decimal(0))


def test_the_report_races_the_answer_and_the_retry(row: InvoiceRow) -> None:
    intent_id = intent_for(row, LOST_ONCE)
    steps: list[Callable[[], object]] = [
        lambda: charge(intent_id),
        lambda: resume(3),
        deliver,
        lambda: charge(intent_id),
    ]
    race(steps * 2)
    deliver()
    assert (queries.intent(intent_id).status, len(payments()), open_of(row)) == ("succeeded", 1, Decimal(0))


def test_an_invoice_is_charged_no_more_than_is_open(row: InvoiceRow) -> None:
    with pytest.raises(OverAllocated):
        intent_for(row, amount="119.01")
    part = intent_for(row, amount="100")
    with pytest.raises(AlreadyUnderWay):
        intent_for(row, amount="19.01")
    charge(part)
    charge(intent_for(row, amount="19"))
    assert open_of(row) == 0
    with pytest.raises(InvoiceNotOpen):
        intent_for(row, amount="1")


def test_two_people_cannot_charge_one_invoice_twice(row: InvoiceRow) -> None:
    refused: list[AlreadyUnderWay] = []

    def try_it() -> None:
        try:
            intent_for(row)
        except AlreadyUnderWay as refusal:
            refused.append(refusal)

    race([try_it] * 6)
    assert (len(refused), len(queries.list_intents(Ask()).items)) == (5, 1)


def test_a_charge_inside_a_transaction_is_refused_before_the_gateway_is_asked(row: InvoiceRow) -> None:
    from django.db import transaction

    intent_id = intent_for(row)
    with pytest.raises(RuntimeError), transaction.atomic():
        charge(intent_id)
    assert sql.fetch("SELECT 1 FROM sandbox_charges") == []


def test_the_sandbox_serves_sandboxes_alone(row: InvoiceRow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASHLINE_STRIPE_KEY", raising=False)
    assert (gateway_names(sandbox=False), gateway_names(sandbox=True)) == ((), ("sandbox",))
    with pytest.raises(GatewayNotSetUp):
        gateways(sandbox=False)("sandbox")
    monkeypatch.setenv("CASHLINE_STRIPE_KEY", "sk_test_1")
    assert gateway_names(sandbox=False) == ("stripe",)
    assert gateways(sandbox=False)("stripe").name == "stripe"
    intent_id = intent_for(row, gateway="elsewhere")
    assert resume(1) == 1
    assert "no gateway" in queries.intent(intent_id).message
    assert resume(2) == 0


def test_a_key_that_the_gateway_may_have_forgotten_is_not_used_again(row: InvoiceRow) -> None:
    class Forgetful:
        name, key_lifetime = "sandbox", timedelta(hours=23)

        def charge(self, *_: object, **__: object) -> object:
            raise AssertionError("A forgotten key would charge twice.")

    intent_id = intent_for(row)
    after = charge_card(
        intent_id,
        gateway_named=lambda _: Forgetful(),  # type: ignore[arg-type, return-value]
        now=NOW + timedelta(hours=24),
        actor=ACTOR,
    )
    assert after.status == "pending"
    assert "gateway's console" in after.message


def test_a_charge_that_somebody_found_in_the_gateways_console_is_recorded(shop: Shop, row: InvoiceRow) -> None:
    found = charge(intent_for(row))
    other = invoice_of(shop)
    lost = intent_for(other)
    sandbox_gateway().charge(
        Money.of("119.00", "EUR"),
        method_token=GOOD,
        idempotency_key=str(lost),
        reference=public("payment_intent", lost),
    )
    for wrong, refusal in (("sbx_unknown", GatewayRefused), (found.gateway_reference or "", Conflict)):
        with pytest.raises(refusal):
            look_up_charge(lost, wrong, gateway_named=sandbox(), now=NOW, actor=ACTOR)
    after = look_up_charge(lost, reference_for(str(lost)), gateway_named=sandbox(), now=NOW, actor=ACTOR)
    assert (after.status, open_of(other)) == ("succeeded", Decimal(0))


def test_a_charge_without_an_invoice_is_money_on_account(row: InvoiceRow) -> None:
    from cashline.flow.receive.payments.actions import NewIntent, create_intents

    new = NewIntent(row.entity_id, row.customer_id, "EUR", Decimal("50"), "sandbox", GOOD)
    charge(create_intents([new], now=NOW, actor=ACTOR)[0])
    assert [paid.unapplied_amount for paid in payments()] == [50]
