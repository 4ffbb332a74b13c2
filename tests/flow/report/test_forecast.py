"""What a quote is forecast to bill, earn and bring is what the runs then bill, earn and ask for."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from cashline.flow.agree.contracts.actions import send_for_signature, sign_agreement, view_signature
from cashline.flow.agree.contracts.queries import agreements_of_quotes
from cashline.flow.agree.contracts.rules.signing import SignatureGiven, Signer, Visit
from cashline.flow.agree.customers.queries import addresses_of, customer
from cashline.flow.agree.quotes import actions as quotes
from cashline.flow.agree.quotes.queries import quote, version_lines
from cashline.flow.agree.quotes.queries.documents import quote_paper
from cashline.flow.agree.quotes.rules import Acceptance
from cashline.flow.deliver.fulfilment.actions import advance_steps
from cashline.flow.deliver.subscriptions.queries import subscriptions_of
from cashline.flow.recognise.revenue.queries import recognised_by_month
from cashline.flow.report.forecast.queries import preview_quote, quoted_taxes
from cashline.flow.report.forecast.rules import Assumptions
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.permissions.rules import Authority, Grant
from tests.support.book import Shop
from tests.support.recognise import accept_on, at, bill, make_trading_shop, recognise, ship_on
from tests.support.report import START, make_quote
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
D = Decimal


@pytest.fixture
def shop() -> Shop:
    return make_trading_shop()


def test_forecast_says_bills_revenue_and_cash(shop: Shop) -> None:
    """12 sensors at 89, 12 × 36.75 a month for two years, two installations at 1 200."""
    found = preview_quote(make_quote(shop))
    assert found.currency == "EUR"
    assert found.until == date(2028, 1, 31)
    assert len(found.bills) == 24
    first = found.bills[0]
    assert (first.issued_on, first.due_on, first.net, first.gross) == (
        START,
        START + timedelta(days=30),
        D("3909.00"),
        D("4651.71"),
    )
    assert [bill.issued_on.day for bill in found.bills] == [1] * 24
    assert found.billed == found.recognised == D("14052.00")
    assert sum(amount for _, amount in found.cash) == sum(bill.gross for bill in found.bills)
    assert found.cash[0][0] == date(2026, 3, 1)
    assert sum(one.allocated_price for one in found.obligations) == found.billed
    assert found.refused == ()


def test_a_quote_states_the_tax_of_its_bills(shop: Shop) -> None:
    """On its paper stand the taxes that the bills to come will charge, and the sum with them."""
    row = quote(make_quote(shop))
    (tax,) = quoted_taxes(row)
    assert (tax.percent, tax.base, tax.amount) == (D(19), D("14052.00"), D("2669.88"))
    assert tax.amount == sum(bill.tax for bill in preview_quote(row.id).bills)
    paper = quote_paper(
        row,
        version_lines([row.version_id]),
        entity=entities_by_id([row.entity_id])[row.entity_id],
        customer=customer(row.customer_id),
        addresses=addresses_of([row.customer_id])[row.customer_id],
        issued_on=TODAY,
    )
    assert (paper.net_total, paper.gross_total) == (D("14052.00"), D("16721.88"))


def test_assumptions_move_the_days_and_not_the_sums(shop: Shop) -> None:
    quote = make_quote(shop)
    usual, late = preview_quote(quote), preview_quote(quote, Assumptions(10, 20, 30, 45))
    assert late.billed == usual.billed == late.recognised
    assert late.until == date(2028, 2, 20)
    assert late.bills[0].issued_on == date(2026, 2, 11)
    assert late.cash[0][0] > usual.cash[0][0]


def order_from(quote: UUID) -> UUID:
    """Send, accept and sign a quote; the order that is born of it."""
    owner = Authority("user:olga@example.com", "Olga", (Grant("owner"),))
    quotes.send_quotes([quote], authority=owner, today=TODAY, now=NOW)
    buyer = Acceptance("Bea Buyer", "bea@nordlicht.example")
    quotes.accept_quotes([quote], accepted_by=buyer, today=TODAY, now=NOW, actor="portal:bea")
    agreement = agreements_of_quotes([quote])[quote]
    visit = Visit("203.0.113.9", "Firefox")
    for token in send_for_signature(agreement.id, signers=(Signer("Bea Buyer", buyer.email),), now=NOW, actor=ACTOR):
        view_signature(token, visit=visit, now=NOW)
        sign_agreement(token, given=SignatureGiven("Bea Buyer", "I have read it and sign it.", visit), now=NOW)
    [(order,)] = sql.fetch("SELECT id FROM orders WHERE agreement_id = %s", (agreement.id,))
    return UUID(str(order))


def test_what_was_forecast_is_what_comes(shop: Shop) -> None:
    """Delivered as assumed and run on every due day, bills and revenue are the forecast to the cent."""
    quote = make_quote(shop)
    forecast = preview_quote(quote, Assumptions(accept_after_days=2))
    order = order_from(quote)
    ship_on(START, order)
    accept_on(START + timedelta(days=2), order)
    advance_steps(now=at(START), actor=ACTOR)
    [subscription] = subscriptions_of([order])
    assert subscription.activated_on == START
    for planned in forecast.bills:
        bill(planned.issued_on)
    recognise(forecast.until)
    rows = sql.fetch(
        "SELECT i.issued_on, i.due_on, i.net_total, i.tax_total, i.gross_total FROM invoices i "
        "JOIN orders o ON o.agreement_id = i.agreement_id WHERE o.id = %s ORDER BY i.issued_on",
        (order,),
    )
    assert rows == [(one.issued_on, one.due_on, one.net, one.tax, one.gross) for one in forecast.bills]
    [(agreement,)] = sql.fetch("SELECT agreement_id FROM orders WHERE id = %s", (order,))
    assert tuple(recognised_by_month([agreement])[agreement].items()) == forecast.revenue
