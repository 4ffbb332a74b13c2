"""Customers, products and prices for tests, made by the real actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.catalog.actions import create_price_books, create_products, set_prices
from cashline.flow.agree.catalog.queries import price_books
from cashline.flow.agree.catalog.rules import NewPrice, NewPriceBook, NewProduct
from cashline.flow.agree.customers.actions import create_customers
from cashline.flow.agree.customers.rules import NewAddress, NewCustomer
from tests.support.world import ACTOR, NOW

PRICES_FROM = date(2025, 1, 1)


def german(name: str = "Nordlicht Werke GmbH", **changes: object) -> NewCustomer:
    """A customer in euro with both addresses and a tax number that holds."""
    given: dict[str, object] = {
        "name": name,
        "country": "DE",
        "currency": "EUR",
        "email": "ap@nordlicht.example",
        "timezone": "Europe/Berlin",
        "locale": "de_DE",
        "tax_id": "DE136695976",
        "addresses": (
            NewAddress("bill_to", "Kaiserstraße 12", "Frankfurt am Main", "DE", "60311"),
            NewAddress("ship_to", "Hafenweg 3", "Hamburg", "DE", "20457", name="Lager Nord"),
        ),
    }
    return NewCustomer(**(given | changes))  # type: ignore[arg-type]


def american(name: str = "Prairie Robotics Inc.", **changes: object) -> NewCustomer:
    """A customer in dollar."""
    given: dict[str, object] = {
        "name": name,
        "country": "US",
        "currency": "USD",
        "email": "payables@prairie.example",
        "timezone": "America/Chicago",
        "locale": "en_US",
        "addresses": (
            NewAddress("bill_to", "200 Lake Street", "Chicago", "US", "60601", "IL"),
            NewAddress("ship_to", "200 Lake Street", "Chicago", "US", "60601", "IL"),
        ),
    }
    return NewCustomer(**(given | changes))  # type: ignore[arg-type]


def make_customers(customers: Sequence[NewCustomer]) -> list[UUID]:
    """Create them."""
    return create_customers(customers, now=NOW, actor=ACTOR)


def make_customer(currency: str = "EUR") -> UUID:
    """One customer in euro or dollar."""
    return make_customers([german() if currency == "EUR" else american()])[0]


@dataclass(frozen=True, slots=True)
class Catalog:
    """A catalogue of the three kinds: a sensor (goods), a platform (subscription, monthly and yearly), a set-up."""

    euro: UUID
    dollar: UUID
    sensor: UUID
    gateway: UUID
    platform: UUID
    setup: UUID


PRODUCTS = (
    NewProduct("SENSOR-1", "Vibration sensor", "goods", "Wireless sensor, IP67", unit_cost=Decimal("38.50")),
    NewProduct("GATE-4", "Edge gateway", "goods", "Four-port gateway", unit_cost=Decimal("310")),
    NewProduct("PLAT-PRO", "Monitoring platform Pro", "subscription", "Per monitored machine"),
    NewProduct("SETUP-1", "On-site installation", "service", "One day on site"),
)


def make_catalog() -> Catalog:
    """Create the products, and price books in euro and dollar (where there are none) with prices since 2025."""
    known = {book.currency: book.id for book in price_books() if book.is_default}
    missing = [currency for currency in ("EUR", "USD") if currency not in known]
    made = create_price_books(
        [NewPriceBook(f"List {currency}", currency) for currency in missing], now=NOW, actor=ACTOR
    )
    known |= dict(zip(missing, made, strict=True))
    sensor, gateway, platform, setup = create_products(PRODUCTS, now=NOW, actor=ACTOR)
    listed = [(sensor, 0, "89"), (gateway, 0, "640"), (platform, 1, "49"), (platform, 12, "529"), (setup, 0, "1200")]
    set_prices(
        [
            NewPrice(book, product, interval, PRICES_FROM, Decimal(price) * factor)
            for book, factor in ((known["EUR"], Decimal(1)), (known["USD"], Decimal("1.10")))
            for product, interval, price in listed
        ],
        now=NOW,
        actor=ACTOR,
    )
    return Catalog(known["EUR"], known["USD"], sensor, gateway, platform, setup)
