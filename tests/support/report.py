"""A company that traded for some months, with a bit of everything, for tests of reports; by the real actions."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.quotes.actions import create_quote
from cashline.flow.agree.quotes.rules import NewQuote, NewQuoteLine, QuoteContent
from cashline.flow.book.orders.actions import cancel_orders
from cashline.flow.deliver.subscriptions.actions import cancel_subscriptions
from cashline.flow.deliver.subscriptions.queries import subscriptions_of
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.receive.payments.actions import allocate, unallocate
from cashline.flow.receive.payments.queries import standing_allocations
from cashline.platform import sql
from tests.support.agree import american, make_customers
from tests.support.book import Shop
from tests.support.recognise import (
    TODAY,
    accept_on,
    at,
    bill,
    book_mixed,
    make_trading_shop,
    pay,
    recognise,
    ship_on,
)
from tests.support.world import ACTOR, NOW


@dataclass(frozen=True, slots=True)
class Traded:
    """What came of it: the shop, orders by what happened to them, and the invoices of January."""

    shop: Shop
    whole: UUID
    discounted: UUID
    ended: UUID
    cancelled: UUID
    dollar: UUID
    invoices: tuple[UUID, ...]


def trade_a_little(shop: Shop | None = None) -> Traded:
    """Five orders from January to April: paid, discounted, ended early, cancelled in part, and in dollar."""
    shop = shop or make_trading_shop()
    [customer] = make_customers([american()])
    whole, discounted, ended = (book_mixed(shop, discount=percent) for percent in ("0", "50", "10"))
    dollar = book_mixed(shop, customer_id=customer, currency="USD")
    cancelled = book_mixed(shop)
    ship_on(TODAY, whole, discounted, ended, dollar)
    for order in (whole, discounted, dollar):
        accept_on(date(2026, 1, 20), order)
    cancel_orders([cancelled], reason="changed their mind", now=at(date(2026, 1, 22)), actor=ACTOR)
    invoices = bill(date(2026, 1, 31))
    recognise(date(2026, 1, 31))
    for index, invoice in enumerate(invoices):
        if index % 2 == 0:
            pay(date(2026, 2, 10), invoice)
    short = pay(date(2026, 2, 12), invoices[1], "100.00")
    [allocation] = standing_allocations(short)
    day = date(2026, 2, 14)
    unallocate(
        payment_id=short, allocation_ids=[allocation.id], reason="wrong invoice", today=day, now=at(day), actor=ACTOR
    )
    allocate(
        payment_id=short,
        allocations=[(invoices[1], Decimal(60), Decimal("0.50"))],
        applied_on=day,
        now=at(day),
        actor=ACTOR,
    )
    bill(date(2026, 2, 28))
    issue_credit_notes(
        [CreditRequest(invoices[0], "goodwill", _half(invoices[0]))], today=day, now=at(day), actor=ACTOR
    )
    [subscription] = subscriptions_of([ended])
    cancel_subscriptions(
        [subscription.id], ends_on=date(2026, 3, 3), reason="moved on", now=at(date(2026, 3, 1)), actor=ACTOR
    )
    bill(date(2026, 4, 1))
    recognise(date(2026, 3, 31))
    return Traded(shop, whole, discounted, ended, cancelled, dollar, tuple(invoices))


def _half(invoice: UUID) -> list[tuple[UUID, Decimal]]:
    rows = sql.fetch(
        "SELECT id, net_amount FROM invoice_lines WHERE invoice_id = %s ORDER BY line_no LIMIT 1", (invoice,)
    )
    return [(rows[0][0], (rows[0][1] / 2).quantize(Decimal("0.01")))]


START = date(2026, 2, 1)
LINES = (
    NewQuoteLine("SENSOR-1", Decimal(12)),
    NewQuoteLine("PLAT-PRO", Decimal(12), 1, 24, Decimal(25)),
    NewQuoteLine("SETUP-1", Decimal(2)),
)


def make_quote(shop: Shop) -> UUID:
    """A quote of goods, two years of a subscription and installations, from February on."""
    content = QuoteContent(
        title="Machine monitoring", valid_until=TODAY + timedelta(days=30), starts_on=START, lines=LINES
    )
    new = NewQuote(customer_id=shop.customer, entity_id=shop.world.berlin, content=content)
    return create_quote(new, today=TODAY, now=NOW, actor=ACTOR)
