"""Setting the demo company up: entities, books, people, catalogue, warehouses, customers. Everything by actions."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.catalog.actions import create_price_books, create_products, set_prices
from cashline.flow.agree.catalog.rules import NewPrice, NewPriceBook, TaxCategory
from cashline.flow.agree.customers.actions import create_customers
from cashline.flow.agree.customers.rules import NewCustomer
from cashline.flow.deliver.inventory.actions import create_warehouses, receive_stock
from cashline.flow.deliver.inventory.rules import NewWarehouse, StockReceipt
from cashline.flow.invoice.taxes.actions import set_tax_rates
from cashline.flow.invoice.taxes.rules import NewTaxRate
from cashline.flow.recognise.ledger.actions import open_books
from cashline.kernel.rounding import round_to
from cashline.platform.company.actions import create_entities, ecb_reference_rates, set_exchange_rates
from cashline.platform.people.actions import NewUser, create_users
from cashline.platform.permissions.rules import Grant
from cashline.surfaces.demo import cast
from cashline.surfaces.demo.behaviour import chance_for

PASSWORD = "cashline-demo"  # noqa: S105 - told to everybody who starts the demo
PORTAL_EMAIL = "einkauf@nordwind.example"
RATES = {"DE": ("19", "7"), "AT": ("20", "10"), "FR": ("20", "5.5"), "NL": ("21", "9"), "US": ("6.25", "0")}


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer of the demo and the legal entity that sells to it."""

    id: UUID
    entity_id: UUID
    given: NewCustomer


@dataclass(slots=True)
class DemoCompany:
    """What trading needs to know."""

    entities: dict[str, UUID] = field(default_factory=dict)
    warehouses: dict[str, UUID] = field(default_factory=dict)
    products: dict[str, UUID] = field(default_factory=dict)
    buyers: list[Buyer] = field(default_factory=list)
    users: dict[str, UUID] = field(default_factory=dict)


def set_up(*, start: date, end: date, now: datetime) -> DemoCompany:
    """Make the company as it stood on the first day of its year."""
    who: dict[str, Any] = {"now": now, "actor": "system:demo"}
    company = DemoCompany()
    ids = create_entities(cast.ENTITIES, **who)
    company.entities = {entity.code: key for entity, key in zip(cast.ENTITIES, ids, strict=True)}
    for key in ids:
        open_books(entity_id=key, **who)
    set_exchange_rates(ecb_reference_rates(("USD", "GBP"), since=start - timedelta(days=7), until=end))
    since = date(start.year - 2, 1, 1)
    set_tax_rates(
        [
            NewTaxRate(country, category, Decimal(rate), since)
            for country, rates in RATES.items()
            for category, rate in zip((TaxCategory.STANDARD, TaxCategory.REDUCED), rates, strict=True)
        ],
        **who,
    )
    grants = {email: (Grant(role),) for email, _, role in cast.PEOPLE}
    users = [NewUser(f"{email}@nordlicht.example", name, PASSWORD, grants[email]) for email, name, _ in cast.PEOPLE]
    company.users = dict(zip(grants, create_users(users, **who), strict=True))
    _catalogue(company, since, who)
    _customers(company, who)
    portal = next(buyer for buyer in company.buyers if buyer.given.name == cast.PORTAL_CUSTOMER)
    create_users([NewUser(PORTAL_EMAIL, "Erika Einkauf", PASSWORD, customer_id=portal.id)], **who)
    return company


def _catalogue(company: DemoCompany, since: date, who: dict[str, Any]) -> None:
    ids = create_products([one.product for one in cast.PRODUCTS], **who)
    company.products = {one.product.sku: key for one, key in zip(cast.PRODUCTS, ids, strict=True)}
    books = create_price_books([NewPriceBook("List", code, is_default=True) for code in cast.PER_EURO], **who)
    set_prices(
        [
            NewPrice(book, company.products[one.product.sku], interval, since, round_to(price * factor, 2))
            for book, factor in zip(books, cast.PER_EURO.values(), strict=True)
            for one in cast.PRODUCTS
            for interval, price in one.prices.items()
        ],
        **who,
    )
    places = [("DE01", "BER", "Berlin-Adlershof", "DE"), ("US01", "BOS", "Boston", "US")]
    made = create_warehouses(
        [NewWarehouse(company.entities[entity], code, name, country) for entity, code, name, country in places], **who
    )
    company.warehouses = {place[0]: key for place, key in zip(places, made, strict=True)}
    stock_up(company, who["now"].date(), Decimal(1500), who)


def stock_up(company: DemoCompany, day: date, quantity: Decimal, who: dict[str, Any]) -> None:
    """Take goods in at every warehouse."""
    receive_stock(
        [
            StockReceipt(warehouse, company.products[sku], quantity, day)
            for warehouse in company.warehouses.values()
            for sku in cast.GOODS
        ],
        **who,
    )


def _customers(company: DemoCompany, who: dict[str, Any]) -> None:
    given = list(cast.customers(chance_for("customers")))
    ids = create_customers(given, **who)
    company.buyers = [
        Buyer(key, company.entities["US01" if one.country == "US" else "DE01"], one)
        for key, one in zip(ids, given, strict=True)
    ]
