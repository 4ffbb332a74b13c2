"""Matching: what is sure is applied once, what is not waits with its reasons, and every decision can be undone."""

import contextlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from cashline.flow.agree.customers.queries import customer
from cashline.flow.invoice.invoices.actions.settling import OverSettled
from cashline.flow.invoice.invoices.queries import InvoiceRow
from cashline.flow.receive.bank import queries
from cashline.flow.receive.bank.actions import (
    MatchResult,
    NewBankAccount,
    apply_matches,
    create_bank_accounts,
    ignore_lines,
    import_statement,
    match_lines,
    set_matching,
    take_up_lines,
    unmatch_lines,
)
from cashline.flow.receive.bank.actions.deciding import Decision, NotAReceipt
from cashline.flow.receive.bank.queries import LineFilter, LineRow
from cashline.flow.receive.payments.queries import PaymentFilter, PaymentRow, list_payments, payment
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import InvalidValue, NotFound, Refusals
from cashline.platform.company.actions import set_exchange_rates
from cashline.platform.events.queries import timeline
from cashline.platform.lists import Ask
from tests.support.agree import american, german, make_customers
from tests.support.bank_files import PAYER, Entry, camt
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.racing import race
from tests.support.receive import assert_laws_hold, invoice_of, invoices_of, make_receiving_shop, open_of, pay
from tests.support.statements import counted
from tests.support.world import ACTOR, NOW, TODAY


@pytest.fixture
def shop(db: Database) -> Iterator[Shop]:
    """A shop; whatever a test does in it, the laws hold at its end."""
    yield make_receiving_shop()
    assert_laws_hold()


def load(*entries: Entry, number: str = "1") -> None:
    import_statement(camt(*entries, number=number), "statement.xml", now=NOW, actor=ACTOR)


def match(batch: int = 1000) -> MatchResult:
    return match_lines(now=NOW, actor=ACTOR, batch=batch)


def lines(**chosen: object) -> list[LineRow]:
    return queries.list_lines(Ask("booked_on"), LineFilter(**chosen)).items  # type: ignore[arg-type]


def payments() -> list[PaymentRow]:
    return list_payments(Ask("number"), PaymentFilter()).items


def test_payments_that_name_their_invoices_are_applied_at_once(shop: Shop) -> None:
    one, two, three = invoices_of(shop, ["100", "200", "300"])
    load(
        Entry("119.00", f"Rechnung {one.number}"),
        Entry("595.00", f"{two.number} und {three.number.lower()}"),
        Entry("-4.90", "Kontoführung"),
    )
    result = match()
    assert (result.applied, result.not_receipts, result.seen) == (2, 1, 3)
    assert [open_of(row) for row in (one, two, three)] == [0, 0, 0]
    assert {row.amount: row.status for row in lines()} == {
        Decimal("-4.90"): "open",
        Decimal(119): "matched",
        Decimal(595): "matched",
    }
    (paid,) = [row for row in payments() if row.amount == 119]
    (line,) = [row for row in lines() if row.amount == 119]
    assert (paid.source_id, paid.method, paid.received_on) == (line.id, "bank_transfer", TODAY)
    assert [event.type for event in timeline([line.id])] == ["BankLineMatched"]
    assert match().seen == 1


def test_a_line_of_a_day_without_a_rate_waits_and_the_others_go_on(shop: Shop) -> None:
    (dollars,) = make_customers([american()])
    one, two = invoices_of(shop, ["100", "200"], customer_id=dollars, currency="USD")
    account = NewBankAccount(shop.world.berlin, PAYER, "Dollars", "USD")
    create_bank_accounts([account], now=NOW, actor=ACTOR)
    early = Entry(f"{one.open_amount:.2f}", one.number, day=date(2024, 12, 30), iban="")
    late = Entry(f"{two.open_amount:.2f}", two.number, iban="")
    import_statement(camt(early, late, account=PAYER, currency="USD"), "usd.xml", now=NOW, actor=ACTOR)
    assert match().applied == 1
    assert [open_of(row) > 0 for row in (one, two)] == [True, False]
    (waiting,) = lines(statuses=["open"])
    assert (waiting.match_status, waiting.booked_on) == ("suggest", date(2024, 12, 30))
    assert waiting.match_reason.startswith("No exchange rate from USD to EUR is known up to 2024-12-30")
    set_exchange_rates([("USD", date(2024, 12, 1), Decimal("1.05"))])
    assert match().applied == 1


def test_short_and_over_payments(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "200"])
    load(
        Entry("100.00", one.number, name="Nordlicht Werke GmbH"),
        Entry("240.00", two.number, name="Nordlicht Werke GmbH"),
    )
    assert match().applied == 2
    assert (open_of(one), open_of(two)) == (Decimal(19), Decimal(0))
    assert [row.unapplied_amount for row in payments()] == [0, 2]


def test_a_difference_is_written_off_within_what_is_declared_for_the_account(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "200"])
    load(Entry("118.60", one.number))
    (account,) = queries.accounts()
    tolerance = {"tolerance_amount": Decimal("0.50"), "tolerance_rate": Decimal("0.01")}
    set_matching(account.id, auto_apply_confidence=95, **tolerance, now=NOW, actor=ACTOR)
    load(Entry("237.00", two.number), number="2")
    match()
    assert (open_of(one), open_of(two)) == (Decimal(0), Decimal(238))
    (waiting,) = lines(statuses=["open"])
    assert (waiting.match_status, waiting.proposals[0].allocations[0].amount) == ("suggest", Decimal(237))


def test_an_unknown_payer_waits_for_a_person_who_is_remembered(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "200"])
    load(Entry("119.00", "Danke"))
    assert match().suggested == 1
    (line,) = lines()
    assert (line.status, open_of(one), line.proposals[0].customer_id) == ("open", Decimal(119), shop.customer)
    assert line.proposals[0].reasons
    apply_matches([Decision(line.id, proposal=0)], now=NOW, actor=ACTOR)
    assert (open_of(one), customer(shop.customer).known_ibans) == (Decimal(0), [PAYER])
    load(Entry("238.00", "Nochmals danke"), number="2")
    assert match().applied == 1
    assert open_of(two) == 0


def test_a_person_can_say_otherwise(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "200"])
    load(Entry("130.00", "Danke"))
    match()
    (line,) = lines()
    by_hand = Decision(line.id, customer_id=shop.customer, allocations=((two.id, Decimal(100), Decimal(1)),))
    (key,) = apply_matches([by_hand], now=NOW, actor=ACTOR)
    assert (open_of(one), open_of(two), payment(key).unapplied_amount) == (Decimal(119), Decimal(137), Decimal(30))
    assert timeline([line.id])[-1].data["rule"] == "by_hand"


def test_unmatching_restores_exactly_and_the_line_can_go_elsewhere(shop: Shop) -> None:
    row = invoice_of(shop)
    (other,) = make_customers([german("Andere GmbH", tax_id="")])
    (theirs,) = invoices_of(shop, ["100"], customer_id=other)
    load(Entry("119.00", row.number))
    match()
    (line,) = lines()
    first = line.payment_id
    assert first is not None
    unmatch_lines([line.id], reason="Paid for Andere", today=TODAY, now=NOW, actor=ACTOR)
    (line,) = lines()
    assert (line.status, line.payment_id, open_of(row)) == ("open", None, Decimal(119))
    assert (payment(first).status, payment(first).unapplied_amount) == ("reversed", Decimal(0))
    put = ((theirs.id, Decimal(119), Decimal(0)),)
    (second,) = apply_matches([Decision(line.id, customer_id=other, allocations=put)], now=NOW, actor=ACTOR)
    assert (second != first, open_of(row), open_of(theirs)) == (True, Decimal(119), Decimal(0))
    with pytest.raises(IllegalTransition):
        apply_matches([Decision(line.id, customer_id=other)], now=NOW, actor=ACTOR)


def test_what_is_no_receipt_is_ignored_and_can_be_taken_up(shop: Shop) -> None:
    load(Entry("-4.90", "Kontoführung"), Entry("5.00", "Zinsen"))
    match()
    out, into = sorted(lines(), key=lambda row: row.amount)
    both = [Decision(out.id, customer_id=shop.customer), *[Decision(into.id, customer_id=shop.customer)] * 2]
    with pytest.raises(Refusals) as refused:
        apply_matches(both, now=NOW, actor=ACTOR)
    assert [type(one) for one in refused.value] == [NotAReceipt, InvalidValue]
    with pytest.raises(InvalidValue):
        ignore_lines([out.id], reason=" ", now=NOW, actor=ACTOR)
    ignore_lines([out.id, into.id], reason="Bank", now=NOW, actor=ACTOR)
    assert match().seen == 0
    take_up_lines([into.id], reason="A customer after all", now=NOW, actor=ACTOR)
    assert sorted(row.status for row in lines()) == ["ignored", "open"]


def test_decisions_that_cannot_be_are_refused_with_their_reason(shop: Shop) -> None:
    row = invoice_of(shop)
    load(Entry("119.00", "Danke"))
    match()
    (line,) = lines()
    for decision, refusal in (
        (Decision(line.id), InvalidValue),
        (Decision(line.id, proposal=7), NotFound),
        (Decision(row.id, proposal=0), NotFound),
    ):
        with pytest.raises(refusal):
            apply_matches([decision], now=NOW, actor=ACTOR)
    pay(row, "119")
    with pytest.raises(OverSettled):
        apply_matches([Decision(line.id, proposal=0)], now=NOW, actor=ACTOR)
    assert lines()[0].status == "open"


def test_an_invoice_paid_meanwhile_is_not_paid_again(shop: Shop) -> None:
    row = invoice_of(shop)
    load(Entry("119.00", row.number))
    pay(row, "119")
    assert match().applied == 0
    (line,) = lines()
    assert line.status == "open"


def test_a_payment_for_invoices_of_several_customers_waits(shop: Shop) -> None:
    (other,) = make_customers([german("Andere GmbH", tax_id="")])
    mine, theirs = invoice_of(shop), invoices_of(shop, ["200"], customer_id=other)[0]
    load(Entry("357.00", f"{mine.number} {theirs.number}"))
    assert match().suggested == 1
    assert "several customers" in lines()[0].match_reason


def test_a_run_in_small_steps_comes_to_the_same_and_counts_every_line(shop: Shop) -> None:
    rows = invoices_of(shop, ["100", "200", "300", "400"])
    load(*(Entry(str(row.gross_total.normalize() + Decimal("0.00")), row.number) for row in rows), Entry("7.00", "?"))
    assert match(batch=2).applied == 4
    assert [open_of(row) for row in rows] == [0, 0, 0, 0]
    assert {(count.status, count.count) for count in queries.line_counts(LineFilter())} == {("matched", 4), ("open", 1)}


def test_a_run_costs_as_many_statements_for_many_lines_as_for_one(db: Database, shop: Shop) -> None:
    rows = invoices_of(shop, ["100"] * 7)
    counts = []
    for number, batch in enumerate((rows[:1], rows[1:]), 1):
        load(*(Entry("119.00", row.number) for row in batch), number=str(number))
        with counted(db) as found:
            assert match().applied == len(batch)
        counts.append(found.count)
    assert counts[0] == counts[1] <= 24, found


def test_matchers_and_other_payments_at_the_same_time_pay_nothing_twice(committed_db: Database) -> None:
    shop = make_receiving_shop()
    rows = invoices_of(shop, ["100"] * 6)
    load(*(Entry("119.00", row.number) for row in rows))

    def pay_one(row: InvoiceRow) -> None:
        with contextlib.suppress(OverSettled):
            pay(row, "119")

    race([match, match, *(lambda row=row: pay_one(row) for row in rows[:3])])
    match()
    assert [open_of(row) for row in rows] == [0] * 6
    assert_laws_hold()
    assert len(payments()) == 6
