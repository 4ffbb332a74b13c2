"""Each step of the flow posts its own entry, in the transaction of the step and in few statements."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cashline.flow.deliver.inventory.actions import adjust_stock
from cashline.flow.deliver.inventory.rules import StockAdjustment
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.receive.payments import queries as payments
from cashline.flow.receive.payments.actions import allocate, record_payments, unallocate
from cashline.flow.receive.payments.actions.chargebacks import open_chargeback, win_chargeback
from cashline.flow.receive.payments.actions.recording import NewPayment
from cashline.flow.receive.payments.actions.refunding import NewRefund, confirm_refund, request_refunds
from cashline.flow.recognise.ledger.queries.entries import entries_of
from cashline.flow.report.health.queries import verify
from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.company.actions import set_exchange_rates
from tests.support.agree import american, make_customers
from tests.support.book import Shop, book, line, stock_up
from tests.support.recognise import TODAY, at, bill, make_trading_shop, pay, ship_on
from tests.support.world import ACTOR, NOW

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
FEBRUARY = date(2026, 2, 9)


@pytest.fixture
def shop() -> Shop:
    return make_trading_shop()


def posted(source: UUID) -> list[tuple[str, str, str]]:
    """The lines of the only entry of a source: role, amount, in the entity's currency."""
    [entry] = entries_of([source])
    return [(line.account_role, f"{line.amount:.2f}", f"{line.functional_amount:.2f}") for line in entry.lines]


def billed(shop: Shop, quantity: int = 4, **changes: object) -> UUID:
    """An invoice for sensors at 89."""
    order = book(shop, line("SENSOR-1", quantity), **changes)
    ship_on(TODAY, order)
    [invoice] = bill(TODAY)
    return invoice


def sound() -> None:
    found = verify(whole=True)
    assert found.first_break is None, str(found.first_break)


def test_stock_comes_in_is_corrected_and_leaves_at_its_cost(shop: Shop) -> None:
    stock_up(shop, shop.catalog.gateway, 5, "300")
    [(move,)] = sql.fetch("SELECT id FROM stock_moves WHERE value = 1500")
    assert posted(move) == [("inventory", "1500.00", "1500.00"), ("stock_adjustment", "-1500.00", "-1500.00")]
    correction = StockAdjustment(shop.warehouse, shop.catalog.sensor, D(-2), TODAY, "broken")
    [lost] = adjust_stock([correction], now=NOW, actor=ACTOR)
    assert posted(lost) == [("inventory", "-77.00", "-77.00"), ("stock_adjustment", "77.00", "77.00")]
    [shipment] = ship_on(TODAY, book(shop, line("SENSOR-1", 4)))
    assert posted(shipment) == [("cost_of_sales", "154.00", "154.00"), ("inventory", "-154.00", "-154.00")]
    sound()


def test_invoice_payment_and_write_off(shop: Shop) -> None:
    invoice = billed(shop)
    assert posted(invoice) == [
        ("receivable", "423.64", "423.64"),
        ("contract_position", "-356.00", "-356.00"),
        ("tax_payable", "-67.64", "-67.64"),
    ]
    new = NewPayment(
        shop.customer, shop.world.berlin, "EUR", D(423), "card", FEBRUARY, new_id(),
        allocations=((invoice, D(423), D("0.64")),),
    )  # fmt: skip
    [payment] = record_payments([new], now=at(FEBRUARY), actor=ACTOR)
    assert posted(payment) == [
        ("card_clearing", "423.00", "423.00"),
        ("receivable", "-423.64", "-423.64"),
        ("write_off", "0.64", "0.64"),
    ]
    sound()


def test_overpayment_is_allocated_taken_back_and_refunded(shop: Shop) -> None:
    first, second = billed(shop), billed(shop, 1)
    payment = pay(FEBRUARY, first, "500.00")
    assert posted(payment)[-1] == ("unapplied_cash", "-76.36", "-76.36")
    [allocation] = allocate(
        payment_id=payment, allocations=[(second, D(50), D(0))], applied_on=FEBRUARY, now=at(FEBRUARY), actor=ACTOR
    )
    assert posted(allocation) == [("unapplied_cash", "50.00", "50.00"), ("receivable", "-50.00", "-50.00")]
    unallocate(
        payment_id=payment, allocation_ids=[allocation], reason="wrong", today=FEBRUARY, now=at(FEBRUARY), actor=ACTOR
    )
    [(back,)] = sql.fetch("SELECT id FROM payment_allocations WHERE reverses_id = %s", (allocation,))
    assert posted(back) == [("unapplied_cash", "-50.00", "-50.00"), ("receivable", "50.00", "50.00")]
    [refund] = request_refunds([NewRefund(payment, D("76.36"), "paid too much")], now=at(FEBRUARY), actor=ACTOR)
    assert entries_of([refund]) == []
    confirm_refund(refund, refunded_on=FEBRUARY, now=at(FEBRUARY), actor=ACTOR)
    assert posted(refund) == [("unapplied_cash", "76.36", "76.36"), ("bank", "-76.36", "-76.36")]
    sound()


def test_chargeback_opens_the_invoice_and_is_won_again(shop: Shop) -> None:
    invoice = billed(shop)
    new = NewPayment(
        shop.customer, shop.world.berlin, "EUR", D("423.64"), "card", FEBRUARY, new_id(), gateway="sandbox",
        gateway_reference="ch_1", allocations=((invoice, D("423.64"), D(0)),),
    )  # fmt: skip
    [payment] = record_payments([new], now=at(FEBRUARY), actor=ACTOR)
    row = payments.payment_for_update(payment)
    assert open_chargeback(row, D("423.64"), now=at(FEBRUARY), actor=ACTOR)
    [(taken,)] = sql.fetch("SELECT id FROM refunds WHERE payment_id = %s", (payment,))
    assert posted(taken) == [("unapplied_cash", "423.64", "423.64"), ("card_clearing", "-423.64", "-423.64")]
    assert sql.fetch("SELECT open_amount FROM invoices WHERE id = %s", (invoice,)) == [(D("423.64"),)]
    sound()
    assert win_chargeback(payments.payment_for_update(payment), now=at(FEBRUARY), actor=ACTOR)
    [(again,)] = sql.fetch("SELECT id FROM refunds WHERE reverses_id = %s", (taken,))
    assert posted(again) == [("unapplied_cash", "-423.64", "-423.64"), ("card_clearing", "423.64", "423.64")]
    sound()


def test_credit_note_takes_the_open_amount_first(shop: Shop) -> None:
    invoice = billed(shop)
    pay(FEBRUARY, invoice, "400.00")
    [note] = issue_credit_notes([CreditRequest(invoice, "all wrong")], today=FEBRUARY, now=at(FEBRUARY), actor=ACTOR)
    assert posted(note) == [
        ("receivable", "-23.64", "-23.64"),
        ("unapplied_cash", "-400.00", "-400.00"),
        ("contract_position", "356.00", "356.00"),
        ("tax_payable", "67.64", "67.64"),
    ]
    sound()


def test_foreign_payment_shows_what_the_rate_changed(shop: Shop) -> None:
    """391.60 USD invoiced at 1.10 and paid at 1.25 for a euro: 42.72 lost; a part taken back stands at the old rate."""
    [customer] = make_customers([american()])
    invoice = billed(shop, customer_id=customer, currency="USD")
    assert posted(invoice) == [("receivable", "391.60", "356.00"), ("contract_position", "-391.60", "-356.00")]
    set_exchange_rates([("USD", FEBRUARY, D("1.25"))])
    payment = pay(FEBRUARY, invoice, "100.00")
    assert posted(payment) == [
        ("bank", "100.00", "80.00"),
        ("receivable", "-100.00", "-90.91"),
        ("fx_gain_loss", "0.00", "10.91"),
    ]
    last = pay(FEBRUARY, invoice)
    assert posted(last)[1] == ("receivable", "-291.60", "-265.09")
    [(left,)] = sql.fetch(
        "SELECT sum(l.functional_amount) FROM journal_lines l JOIN accounts a ON a.id = l.account_id "
        "AND a.role = 'fx_gain_loss'"
    )
    assert left == D("42.72")
    sound()


def test_posting_an_event_costs_three_statements(shop: Shop) -> None:
    order = book(shop, line("SENSOR-1", 1))
    ship_on(TODAY, order)
    with CaptureQueriesContext(connection) as captured:
        [invoice] = bill(TODAY)
        pay(FEBRUARY, invoice)
    told = [one["sql"] for one in captured.captured_queries]
    books = [text for text in told if "lock_books" in text]
    entries = [text for text in told if "INTO journal_entries" in text]
    lines = [text for text in told if "INTO journal_lines" in text]
    assert (len(books), len(entries), len(lines)) == (2, 2, 2)
