"""A company ready to trade, for stories and surfaces: entities, books, tax rates, a frozen clock and an owner's key."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from cashline.flow.agree.catalog.actions import create_price_books, create_products, set_prices
from cashline.flow.agree.catalog.rules import NewPrice, NewPriceBook, NewProduct, TaxCategory
from cashline.flow.deliver.inventory.actions import create_warehouses, receive_stock
from cashline.flow.deliver.inventory.rules import NewWarehouse, StockReceipt
from cashline.flow.invoice.taxes.actions import set_tax_rates
from cashline.flow.invoice.taxes.rules import NewTaxRate
from cashline.flow.recognise.ledger.actions import open_books
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.people.actions import NewUser, create_api_key, create_users
from cashline.platform.permissions.rules import ROLES, Grant
from tests.support.world import World, make_world

NOON = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
OWNER = "owner@cashline.example"
PASSWORD = "correct horse battery"


def make_company() -> str:
    """Set the company up; gives the secret of an API key with every scope."""
    return make_company_and_world()[0]


def make_company_and_world() -> tuple[str, World]:
    """The same, with the ids of the legal entities."""
    make_sandbox(frozen_at=NOON)
    world = make_world()
    for entity_id in (world.berlin, world.boston):
        open_books(entity_id=entity_id, now=NOON, actor="system:test")
    rates = {"DE": {"standard": "19", "reduced": "7"}, "FR": {"standard": "20", "reduced": "5.5"}}
    set_tax_rates(
        [
            NewTaxRate(country, TaxCategory(category), Decimal(rate), date(2020, 1, 1))
            for country, by_category in rates.items()
            for category, rate in by_category.items()
        ],
        now=NOON,
        actor="system:test",
    )
    _catalogue(world)
    create_users([NewUser(OWNER, "Olga Owner", PASSWORD, (Grant("owner"),))], now=NOON, actor="system:test")
    scopes = sorted(frozenset().union(*ROLES.values()))
    return create_api_key(name="stories", scopes=scopes, now=NOON, actor="system:test"), world


def _catalogue(world: World) -> None:
    """Goods GATE and CABLE with 100 of each in Berlin, the subscription MON, the service INST, in euro and dollar."""
    who: dict[str, Any] = {"now": NOON, "actor": "system:test"}
    products = create_products(
        [
            NewProduct(sku="GATE", name="Gateway", kind="goods", unit_cost=Decimal(60)),
            NewProduct(sku="CABLE", name="Cable, 5 m", kind="goods", unit_cost=Decimal(4)),
            NewProduct(sku="MON", name="Monitoring", kind="subscription"),
            NewProduct(sku="INST", name="Installation", kind="service"),
        ],
        **who,
    )
    prices = [(0, 0, "100"), (1, 0, "10"), (2, 1, "10"), (2, 12, "108"), (3, 0, "500")]
    books = create_price_books([NewPriceBook("List", code, is_default=True) for code in ("EUR", "USD")], **who)
    set_prices(
        [
            NewPrice(book, products[index], interval, date(2025, 1, 1), Decimal(price))
            for book in books
            for index, interval, price in prices
        ],
        **who,
    )
    warehouse = create_warehouses([NewWarehouse(world.berlin, "BER", "Berlin", "DE")], **who)[0]
    receive_stock([StockReceipt(warehouse, product, Decimal(100), NOON.date()) for product in products[:2]], **who)
