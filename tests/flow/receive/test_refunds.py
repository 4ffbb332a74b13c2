"""Money that goes back: sent once, booked when it has left, opened invoices newest first; and chargebacks."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from cashline.flow.invoice.invoices.queries import InvoiceRow
from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions import (
    NewRefund,
    allocate,
    cancel_refund,
    charge_card,
    confirm_refund,
    deliver_sandbox_reports,
    request_refunds,
    resume_refunds,
    sandbox_gateway,
    send_refund,
)
from cashline.flow.receive.payments.actions.gateway_events import take_report
from cashline.flow.receive.payments.gateways.protocol import EventKind, GatewayEvent, RefundStatus
from cashline.flow.receive.payments.queries import PaymentRow, RefundRow
from cashline.flow.receive.payments.rules import RefundTooLarge
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.money import Money
from cashline.kernel.refusals import Conflict, InvalidValue, Refusals
from cashline.platform import sql
from cashline.platform.clock.queries import machine_time
from cashline.platform.events.queries import timeline
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.killing import KillerProcess
from tests.support.racing import race
from tests.support.receive import (
    GOOD,
    assert_laws_hold,
    intent_for,
    invoice_of,
    invoices_of,
    make_receiving_shop,
    open_of,
    pay,
    sandbox,
)
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("committed_db")
FAILS, FAILS_LATE, CHARGED_BACK = "4000000000090086", "4000000000005126", "4000000000000259"


@pytest.fixture
def shop(committed_db: Database) -> Iterator[Shop]:
    """A shop; whatever a test does in it, the laws hold at its end."""
    yield make_receiving_shop()
    assert_laws_hold()


def paid_by_card(row: InvoiceRow, card: str = GOOD) -> PaymentRow:
    intent = charge_card(intent_for(row, card), gateway_named=sandbox(), now=NOW, actor=ACTOR)
    assert intent.payment_id is not None
    return queries.payment(intent.payment_id)


def ask(payment: PaymentRow, amount: str) -> UUID:
    return request_refunds([NewRefund(payment.id, Decimal(amount), "Returned goods")], now=NOW, actor=ACTOR)[0]


def send(refund_id: UUID, minutes: int = 0) -> RefundRow:
    return send_refund(refund_id, gateway_named=sandbox(), now=NOW + timedelta(minutes=minutes), actor=ACTOR)


def deliver() -> int:
    return deliver_sandbox_reports(sandbox_gateway(), machine_time=machine_time(), now=NOW, actor=ACTOR)


def types(payment: PaymentRow) -> list[str]:
    return [event.type for event in timeline([payment.id])]


def test_refunds_in_parts_open_the_invoice_again_by_what_has_left(shop: Shop) -> None:
    row = invoice_of(shop)
    payment = paid_by_card(row)
    first = ask(payment, "19")
    assert (queries.payment(payment.id).status, open_of(row)) == ("succeeded", Decimal(0))
    assert send(first).status == "succeeded"
    after = queries.payment(payment.id)
    assert (after.status, after.refunded_amount, open_of(row)) == ("partially_refunded", Decimal(19), Decimal(19))
    assert types(payment) == [
        "PaymentReceived", "PaymentRefundRequested", "PaymentUnallocated", "PaymentAllocated", "PaymentRefunded",
    ]  # fmt: skip
    assert send(ask(payment, "100")).status == "succeeded"
    assert (queries.payment(payment.id).status, open_of(row)) == ("refunded", Decimal(119))
    assert send(first).status == "succeeded"
    with pytest.raises(RefundTooLarge):
        ask(payment, "0.01")


def test_money_on_account_goes_first_then_the_newest_allocation(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "200"])
    payment = pay(one, "400", put="119")
    allocate(
        payment_id=payment.id,
        allocations=[(two.id, Decimal("237"), Decimal("1"))],
        applied_on=TODAY,
        now=NOW,
        actor=ACTOR,
    )
    key = ask(payment, "100")
    confirm_refund(key, refunded_on=TODAY, now=NOW, actor=ACTOR)
    # 44 lay on account; 56 of the newest allocation go, and with them the write-off that closed its invoice.
    assert (open_of(one), open_of(two), queries.payment(payment.id).unapplied_amount) == (
        Decimal(0),
        Decimal(57),
        Decimal(0),
    )


def test_two_refunds_at_once_never_pass_what_was_received(shop: Shop) -> None:
    payment = paid_by_card(invoice_of(shop))
    refused: list[RefundTooLarge] = []

    def try_it() -> None:
        try:
            send(ask(payment, "60"))
        except RefundTooLarge as refusal:
            refused.append(refusal)

    race([try_it] * 5)
    assert len(refused) == 4
    assert queries.payment(payment.id).refunded_amount == 60


def test_every_wrong_request_of_a_batch_is_named(shop: Shop) -> None:
    payment = pay(invoice_of(shop), "119")
    wanted = [("0", "why"), ("120", "why"), ("60", ""), ("60", "why"), ("60", "why")]
    with pytest.raises(Refusals) as refused:
        request_refunds([NewRefund(payment.id, Decimal(a), why) for a, why in wanted], now=NOW, actor=ACTOR)
    kinds = [type(one) for one in refused.value]
    assert kinds == [InvalidValue, RefundTooLarge, InvalidValue, RefundTooLarge]
    assert queries.refunds_of([payment.id]) == []


def test_a_refund_that_fails_changes_no_invoice(shop: Shop) -> None:
    row = invoice_of(shop)
    payment = paid_by_card(row, FAILS)
    after = send(ask(payment, "119"))
    assert (after.status, after.message, open_of(row)) == ("failed", "The card's bank does not take it.", Decimal(0))
    assert types(payment)[-1] == "PaymentRefundFailed"


def test_a_refund_whose_end_is_unknown_is_decided_by_the_report(shop: Shop) -> None:
    row = invoice_of(shop)
    payment = paid_by_card(row, FAILS_LATE)
    key = ask(payment, "119")
    assert send(key).status == "pending"
    with pytest.raises(RefundTooLarge):
        ask(payment, "1")
    deliver()
    assert (queries.refund(key).status, open_of(row)) == ("failed", Decimal(0))


def test_a_refund_of_a_process_that_died_is_sent_again_under_its_key(shop: Shop) -> None:
    row = invoice_of(shop)
    payment = paid_by_card(row)
    key = ask(payment, "119")
    assert resume_refunds(gateway_named=sandbox(), now=NOW, actor=ACTOR) == 0
    assert resume_refunds(gateway_named=sandbox(), now=NOW + timedelta(minutes=2), actor=ACTOR) == 1
    assert (queries.refund(key).status, open_of(row)) == ("succeeded", Decimal(119))


class Killed:
    """The sandbox's gateway, after whose refund the process is gone."""

    name, key_lifetime = "sandbox", None

    def refund(self, *args: Any, **kwargs: Any) -> None:
        sandbox_gateway().refund(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)


def refund_and_die(refund_id: str) -> None:
    """Send the refund; the process does not live to see the answer."""
    send_refund(UUID(refund_id), gateway_named=lambda _: Killed(), now=NOW, actor=ACTOR)  # type: ignore[arg-type, return-value]


@pytest.mark.kill
def test_a_refund_killed_after_the_gateway_is_paid_out_once(
    shop: Shop, committed_db: Database, killer: KillerProcess
) -> None:
    payment = paid_by_card(invoice_of(shop))
    key = ask(payment, "50")
    assert killer.call(f"{__name__}:refund_and_die", committed_db, str(key)) == -signal.SIGKILL
    deliver()  # the report comes before we know the reference: it waits, and is no second refund
    assert (queries.payment(payment.id).refunded_amount, len(queries.refunds_of([payment.id]))) == (Decimal(0), 1)
    assert send(key, minutes=3).status == "succeeded"
    assert (queries.payment(payment.id).refunded_amount, len(queries.refunds_of([payment.id]))) == (Decimal(50), 1)
    state = sql.fetch("SELECT state->'refunds' FROM sandbox_charges")[0][0]
    assert [one["amount"] for one in state.values()] == ["50.00"]


def test_money_that_came_by_transfer_is_paid_out_by_a_person(shop: Shop) -> None:
    row = invoice_of(shop)
    payment = pay(row, "119")
    key = ask(payment, "119")
    assert send(key).status == "pending"
    cancel_refund(key, reason="Customer keeps the goods", now=NOW, actor=ACTOR)
    assert (queries.refund(key).status, open_of(row)) == ("failed", Decimal(0))
    other = ask(payment, "119")
    confirm_refund(other, refunded_on=TODAY, now=NOW, actor=ACTOR)
    assert (queries.refund(other).refunded_on, open_of(row)) == (TODAY, Decimal(119))
    by_card = paid_by_card(invoice_of(shop))
    with pytest.raises(Conflict):
        confirm_refund(ask(by_card, "1"), refunded_on=TODAY, now=NOW, actor=ACTOR)


def report(kind: EventKind, payment: PaymentRow, number: int, amount: str = "119.00", **more: object) -> str:
    event = GatewayEvent(
        f"evt_{number}",
        kind,
        payment.gateway_reference or "",
        NOW + timedelta(minutes=number),
        amount=Money.of(amount, "EUR"),
        **more,  # type: ignore[arg-type]
    )
    return take_report("sandbox", event, now=NOW, actor=ACTOR)


def test_a_refund_made_in_the_gateways_console_is_booked_too_and_once(shop: Shop) -> None:
    row = invoice_of(shop)
    payment = paid_by_card(row)
    status: dict[str, Any] = {"refund_status": RefundStatus.SUCCEEDED, "refund_reference": "re_1"}
    assert report(EventKind.REFUND, payment, 1, "30.00", **status) == "applied"
    assert report(EventKind.REFUND, payment, 2, "30.00", **status) == "stale"
    assert (queries.payment(payment.id).refunded_amount, open_of(row)) == (Decimal(30), Decimal(30))


def test_a_refund_that_comes_back_lies_on_account(shop: Shop) -> None:
    row = invoice_of(shop)
    payment = paid_by_card(row)
    key = ask(payment, "119")
    refund = send(key)
    status: dict[str, Any] = {"refund_status": RefundStatus.FAILED, "refund_reference": refund.gateway_reference or ""}
    assert report(EventKind.REFUND, payment, 1, **status) == "applied"
    after = queries.payment(payment.id)
    assert (after.status, after.unapplied_amount, after.refunded_amount) == ("succeeded", Decimal(119), Decimal(0))
    assert (queries.refund(key).status, open_of(row), types(payment)[-1]) == (
        "returned",
        Decimal(119),
        "RefundReturned",
    )


def test_a_chargeback_opens_the_invoice_again(shop: Shop) -> None:
    row = invoice_of(shop)
    payment = paid_by_card(row, CHARGED_BACK)
    assert open_of(row) == 0
    deliver()
    after = queries.payment(payment.id)
    assert (after.status, after.refunded_amount, open_of(row)) == ("chargeback", Decimal(119), Decimal(119))
    assert types(payment)[-1] == "PaymentChargedBack"
    with pytest.raises((IllegalTransition, RefundTooLarge)):
        ask(payment, "1")


def test_a_chargeback_that_is_won_gives_the_money_again(shop: Shop) -> None:
    row = invoice_of(shop)
    payment = paid_by_card(row)
    assert report(EventKind.CHARGEBACK_OPENED, payment, 1) == "applied"
    assert report(EventKind.CHARGEBACK_WON, payment, 2) == "applied"
    after = queries.payment(payment.id)
    assert (after.status, after.unapplied_amount, open_of(row)) == ("succeeded", Decimal(119), Decimal(119))
    assert report(EventKind.CHARGEBACK_WON, payment, 3) == "stale"


def test_reports_of_a_chargeback_in_reverse_come_to_the_same(shop: Shop) -> None:
    payment = paid_by_card(invoice_of(shop))
    assert report(EventKind.CHARGEBACK_WON, payment, 2) == "stale"
    assert report(EventKind.CHARGEBACK_OPENED, payment, 1) == "stale"
    assert queries.payment(payment.id).status == "succeeded"
    assert report(EventKind.CHARGEBACK_LOST, payment, 4) == "applied"
    assert report(EventKind.CHARGEBACK_OPENED, payment, 3) == "stale"
    assert (queries.payment(payment.id).status, types(payment)[-1]) == ("chargeback", "ChargebackLost")


def test_a_chargeback_after_a_partial_refund_takes_what_is_left(shop: Shop) -> None:
    row = invoice_of(shop)
    payment = paid_by_card(row)
    send(ask(payment, "19"))
    assert report(EventKind.CHARGEBACK_OPENED, payment, 1) == "applied"
    assert (queries.payment(payment.id).refunded_amount, open_of(row)) == (Decimal(119), Decimal(119))


def test_a_report_that_the_books_refuse_is_kept_with_its_reason(shop: Shop) -> None:
    payment = paid_by_card(invoice_of(shop))
    report(EventKind.CHARGEBACK_OPENED, payment, 1, "100.00")
    status: dict[str, Any] = {"refund_status": RefundStatus.SUCCEEDED, "refund_reference": "re_9"}
    assert report(EventKind.REFUND, payment, 2, "10.00", **status).startswith("refused: Cannot refund")
    assert queries.payment(payment.id).refunded_amount == 100
