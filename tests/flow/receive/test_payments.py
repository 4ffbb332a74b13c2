"""Payments: money is recorded once by its source, put to invoices and taken back without a cent lost."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from cashline.flow.invoice.invoices.actions.settling import OverSettled
from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions import allocate, record_payments, reverse_payments, unallocate
from cashline.flow.receive.payments.queries import PaymentFilter
from cashline.flow.receive.payments.rules import InvoiceNotOpen, OverAllocated
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.money import CurrencyMismatch
from cashline.kernel.refusals import Conflict, InvalidValue, NotFound, Refusals
from cashline.platform.events.queries import timeline
from cashline.platform.lists import Ask
from tests.support.agree import american, german, make_customers
from tests.support.cluster import Database
from tests.support.receive import (
    assert_laws_hold,
    invoice_of,
    invoices_of,
    make_receiving_shop,
    new_payment,
    open_of,
    pay,
)
from tests.support.statements import counted
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
BERLIN_NUMBERS = "PAY-DE01-2026-"


def test_a_payment_settles_what_it_names_and_the_rest_lies_on_account() -> None:
    shop = make_receiving_shop()
    one, two = invoices_of(shop, ["100", "200"])
    source = uuid4()
    given = new_payment(one, "400", (one.id, "119", "0"), (two.id, "238", "0"), source_id=source)
    (key,) = record_payments([given], now=NOW, actor=ACTOR)
    row = queries.payment(key)
    assert (open_of(one), open_of(two), row.unapplied_amount) == (Decimal(0), Decimal(0), Decimal(43))
    assert row.number == f"{BERLIN_NUMBERS}000001"
    assert [(part.invoice_number, part.amount) for part in queries.allocations_of(invoice_ids=[two.id])] == [
        (two.number, Decimal(238))
    ]
    (event,) = timeline([key])
    assert event.type == "PaymentReceived"
    assert event.object_ids == [key, one.customer_id, one.id, two.id]
    assert_laws_hold()


def test_the_same_source_told_again_is_the_same_payment() -> None:
    row = invoice_of(make_receiving_shop())
    given = new_payment(row, "119", (row.id, "119", "0"))
    first = record_payments([given], now=NOW, actor=ACTOR)
    assert record_payments([given], now=NOW, actor=ACTOR) == first
    assert record_payments([given, given], now=NOW, actor=ACTOR) == first * 2
    assert len(queries.list_payments(Ask(), PaymentFilter()).items) == 1
    assert_laws_hold()


def test_a_short_payment_closes_the_invoice_by_a_write_off() -> None:
    row = invoice_of(make_receiving_shop())
    record_payments([new_payment(row, "118.50", (row.id, "118.50", "0.50"))], now=NOW, actor=ACTOR)
    assert open_of(row) == 0
    assert_laws_hold()


def test_every_wrong_payment_of_a_batch_is_named_and_none_is_recorded() -> None:
    shop = make_receiving_shop()
    row = invoice_of(shop)
    too_fine = new_payment(row, "1.005")
    twice = new_payment(row, "10", (row.id, "1", "0"), (row.id, "1", "0"))
    too_much = new_payment(row, "10", (row.id, "11", "0"))
    with pytest.raises(Refusals) as refused:
        record_payments([new_payment(row, "-1"), too_fine, twice, too_much], now=NOW, actor=ACTOR)
    kinds = [type(one) for one in refused.value]
    assert kinds == [InvalidValue, InvalidValue, InvalidValue, OverAllocated]
    assert queries.list_payments(Ask(), PaymentFilter()).items == []


def test_nobody_pays_an_invoice_of_another_customer_entity_or_currency() -> None:
    shop = make_receiving_shop()
    row = invoice_of(shop)
    other, dollars = make_customers([german("Andere GmbH", tax_id=""), american()])
    stranger = new_payment(row, "10", (row.id, "10", "0"))
    for changes in ({"customer_id": other}, {"entity_id": shop.world.boston}, {"customer_id": dollars}):
        wrong = type(stranger)(**{name: getattr(stranger, name) for name in stranger.__slots__} | changes)
        with pytest.raises(InvoiceNotOpen):
            record_payments([wrong], now=NOW, actor=ACTOR)
    in_dollars = type(stranger)(**{name: getattr(stranger, name) for name in stranger.__slots__} | {"currency": "USD"})
    with pytest.raises(CurrencyMismatch):
        record_payments([in_dollars], now=NOW, actor=ACTOR)
    with pytest.raises(OverSettled):
        record_payments([new_payment(row, "500", (row.id, "120", "0"))], now=NOW, actor=ACTOR)
    assert open_of(row) == 119


def test_money_on_account_is_put_to_an_invoice_and_taken_back_exactly() -> None:
    shop = make_receiving_shop()
    one, two = invoices_of(shop, ["100", "200"])
    paid = pay(one, "150", put="100")
    (key,) = allocate(
        payment_id=paid.id,
        allocations=[(two.id, Decimal(50), Decimal("0.01"))],
        applied_on=TODAY,
        now=NOW,
        actor=ACTOR,
    )
    assert (open_of(two), queries.payment(paid.id).unapplied_amount) == (Decimal("187.99"), Decimal(0))
    assert_laws_hold()
    unallocate(payment_id=paid.id, allocation_ids=[key], reason="wrong one", today=TODAY, now=NOW, actor=ACTOR)
    assert (open_of(two), queries.payment(paid.id).unapplied_amount) == (Decimal(238), Decimal(50))
    assert [row.invoice_id for row in queries.standing_allocations(paid.id)] == [one.id]
    assert [event.type for event in timeline([paid.id])] == [
        "PaymentReceived",
        "PaymentAllocated",
        "PaymentUnallocated",
    ]
    with pytest.raises(NotFound):
        unallocate(payment_id=paid.id, allocation_ids=[key], reason="again", today=TODAY, now=NOW, actor=ACTOR)
    assert_laws_hold()


@pytest.mark.parametrize("amount", ["0", "-1", "0.001"])
def test_an_allocation_is_above_zero_in_whole_cents(amount: str) -> None:
    row = invoice_of(make_receiving_shop())
    paid = pay(row, "50", put="0")
    with pytest.raises(InvalidValue):
        allocate(
            payment_id=paid.id,
            allocations=[(row.id, Decimal(amount), Decimal(0))],
            applied_on=TODAY,
            now=NOW,
            actor=ACTOR,
        )


def test_no_more_is_put_than_is_left_or_open() -> None:
    row = invoice_of(make_receiving_shop())
    paid = pay(row, "200", put="0")
    for amount, refusal in (("201", OverAllocated), ("119.01", OverSettled)):
        with pytest.raises(refusal):
            allocate(
                payment_id=paid.id,
                allocations=[(row.id, Decimal(amount), Decimal(0))],
                applied_on=TODAY,
                now=NOW,
                actor=ACTOR,
            )
    assert queries.payment(paid.id).unapplied_amount == 200


def test_a_payment_recorded_by_mistake_is_reversed_as_a_whole() -> None:
    row = invoice_of(make_receiving_shop())
    paid = pay(row, "150", put="119")
    reverse_payments([paid.id], reason="Another customer's", today=TODAY, now=NOW, actor=ACTOR)
    after = queries.payment(paid.id)
    assert (after.status, after.unapplied_amount, after.refunded_amount, open_of(row)) == (
        "reversed",
        Decimal(0),
        Decimal(150),
        Decimal(119),
    )
    assert [event.type for event in timeline([paid.id])][-2:] == ["PaymentUnallocated", "PaymentReversed"]
    with pytest.raises(IllegalTransition):
        reverse_payments([paid.id], reason="Again", today=TODAY, now=NOW, actor=ACTOR)
    assert_laws_hold()


def test_money_of_a_gateway_is_refunded_and_not_reversed() -> None:
    row = invoice_of(make_receiving_shop())
    given = new_payment(row, "10")
    by_card = type(given)(**{name: getattr(given, name) for name in given.__slots__} | {"gateway": "stripe"})
    (key,) = record_payments([by_card], now=NOW, actor=ACTOR)
    with pytest.raises(Conflict):
        reverse_payments([key], reason="Oops", today=TODAY, now=NOW, actor=ACTOR)


def test_a_foreign_payment_is_booked_at_the_rate_of_its_day() -> None:
    shop = make_receiving_shop()
    (dollars,) = make_customers([american()])
    (row,) = invoices_of(shop, ["100"], customer_id=dollars, currency="USD")
    paid = pay(row, str(row.open_amount))
    assert paid.entity_rate == Decimal("0.9090909091")
    assert open_of(row) == 0
    assert_laws_hold()


def test_lists_filter_sort_and_sum() -> None:
    shop = make_receiving_shop()
    one, two = invoices_of(shop, ["100", "200"])
    pay(one, "119")
    pay(two, "300", put="238")
    assert [row.amount for row in queries.list_payments(Ask("amount"), PaymentFilter()).items] == [119, 300]
    unapplied = PaymentFilter(unapplied=True, words="nordlicht", received_from=date(2026, 1, 1))
    assert [row.amount for row in queries.list_payments(Ask(), unapplied).items] == [300]
    (total,) = queries.payment_totals(PaymentFilter())
    assert (total.currency, total.count, total.amount, total.unapplied_amount) == ("EUR", 2, Decimal(419), Decimal(62))
    page = queries.list_payments(Ask("amount", limit=1), PaymentFilter())
    assert [
        row.amount for row in queries.list_payments(Ask("amount", cursor=page.next_cursor), PaymentFilter()).items
    ] == [300]


def test_a_batch_of_payments_costs_as_many_statements_as_one(db: Database) -> None:
    shop = make_receiving_shop()
    rows = invoices_of(shop, ["100"] * 6)
    counts = []
    for batch in (rows[:1], rows[1:]):
        given = [new_payment(row, "119", (row.id, "119", "0")) for row in batch]
        with counted(db) as found:
            record_payments(given, now=NOW, actor=ACTOR)
        counts.append(found.count)
    assert counts[0] == counts[1] <= 14, found
    assert_laws_hold()
