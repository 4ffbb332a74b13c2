"""Delivered orders and their invoices for tests, made by the real actions."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.catalog.actions import create_price_books, set_prices
from cashline.flow.agree.catalog.queries import price_books
from cashline.flow.agree.catalog.rules import NewPrice, NewPriceBook, TaxCategory
from cashline.flow.deliver.projects.actions import accept_installation, finish_installation, schedule_installation
from cashline.flow.deliver.subscriptions.actions import cancel_subscriptions
from cashline.flow.invoice.billing.actions import BillRunResult, run_bills
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.invoice.invoices.queries import InvoiceRow, invoices_by_id
from cashline.flow.invoice.taxes.actions import set_tax_rates
from cashline.flow.invoice.taxes.rules import NewTaxRate
from cashline.platform import sql
from tests.support.agree import PRICES_FROM, german, make_customers
from tests.support.book import Shop, book, make_shop, ship
from tests.support.world import ACTOR, NOW, TODAY

RATES = (
    ("DE", TaxCategory.STANDARD, "19"), ("DE", TaxCategory.REDUCED, "7"), ("FR", TaxCategory.STANDARD, "20"),
    ("AT", TaxCategory.STANDARD, "20"), ("US", TaxCategory.STANDARD, "0"), ("JP", TaxCategory.STANDARD, "10"),
)  # fmt: skip


def make_tax_rates() -> None:
    """Put the rates on file that the tests use."""
    set_tax_rates(
        [NewTaxRate(country, category, Decimal(percent), date(2021, 1, 1)) for country, category, percent in RATES],
        now=NOW,
        actor=ACTOR,
    )


def make_billing_shop(*, sensors: int = 1000) -> Shop:
    """A shop with stock and tax rates."""
    shop = make_shop(sensors=sensors)
    make_tax_rates()
    return shop


def make_consumer(shop: Shop, currency: str = "GBP", price: str = "9.99", **changes: object) -> UUID:
    """A private buyer in a currency whose price book includes German tax: a sensor, a month of the platform."""
    if not any(found.currency == currency for found in price_books()):
        new = NewPriceBook("Shop", currency, tax_country="DE")
        (key,) = create_price_books([new], now=NOW, actor=ACTOR)
        listed = [(shop.catalog.sensor, 0), (shop.catalog.platform, 1)]
        prices = [NewPrice(key, product, months, PRICES_FROM, Decimal(price)) for product, months in listed]
        set_prices(prices, now=NOW, actor=ACTOR)
    return make_customers([german("Ada Abel", currency=currency, **{"tax_id": "", **changes})])[0]


def at(day: date) -> datetime:
    """Nine in the morning (UTC) of a day."""
    return datetime.combine(day, time(9), UTC)


def bill(as_of: date = TODAY, *, preview: bool = False, now: datetime | None = None, **chosen: object) -> BillRunResult:
    """Run the bills on their day."""
    return run_bills(as_of=as_of, now=now or at(as_of), actor=ACTOR, preview=preview, **chosen)  # type: ignore[arg-type]


def billed(result: BillRunResult) -> list[InvoiceRow]:
    """The invoices of a run, in order of their numbers."""
    return sorted(invoices_by_id(result.invoice_ids).values(), key=lambda row: row.number)


def ship_and_bill(shop: Shop, *lines: object, **changes: object) -> InvoiceRow:
    """An order of goods, shipped and invoiced; the invoice."""
    ship(book(shop, *lines, **changes))  # type: ignore[arg-type]
    return billed(bill())[-1]


def accept_installations(order_id: UUID, day: date = TODAY) -> None:
    """Do the installations of an order, and have the customer accept them."""
    for (key,) in sql.fetch(
        "SELECT i.id FROM installations i JOIN order_lines l ON l.id = i.order_line_id WHERE l.order_id = %s",
        (order_id,),
    ):
        schedule_installation(installation_id=key, scheduled_on=day, technician="Ada", now=at(day), actor=ACTOR)
        finish_installation(installation_id=key, done_on=day, now=at(day), actor=ACTOR)
        accept_installation(
            installation_id=key, accepted_by="M. Kunde", accepted_on=day, evidence="Mail", now=at(day), actor=ACTOR
        )


def subscriptions_of(order_id: UUID) -> list[UUID]:
    """The subscriptions of an order."""
    rows = sql.fetch(
        "SELECT s.id FROM subscriptions s JOIN order_lines l ON l.id = s.order_line_id WHERE l.order_id = %s",
        (order_id,),
    )
    return sql.ids(rows)


def end_subscriptions(order_id: UUID, ends_on: date, now: datetime = NOW) -> None:
    """Cancel the subscriptions of an order."""
    cancel_subscriptions(subscriptions_of(order_id), ends_on=ends_on, reason="No longer needed", now=now, actor=ACTOR)


def credit(
    invoice_id: UUID, lines: Sequence[tuple[UUID, Decimal]] | None = None, *, reason: str = "Damaged on arrival"
) -> UUID:
    """Credit an invoice in part or in full."""
    request = CreditRequest(invoice_id, reason, lines)
    return issue_credit_notes([request], today=TODAY, now=NOW, actor=ACTOR)[0]
