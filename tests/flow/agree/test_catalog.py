"""The catalogue: prices of one product follow each other without overlap, and the database holds them to it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, transaction

from cashline.flow.agree.catalog import actions, queries
from cashline.flow.agree.catalog.rules import NewPrice, NewPriceBook, NewProduct
from cashline.flow.agree.pricing.rules.charge_models import Charge, ChargeModel, Tier
from cashline.kernel.refusals import Conflict, Refusals
from cashline.platform import sql
from cashline.platform.events.queries import timeline
from cashline.platform.lists import Ask
from tests.support.agree import PRODUCTS, Catalog, make_catalog
from tests.support.world import ACTOR, NOW

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def catalog(db: object) -> Catalog:
    return make_catalog()


def on(catalog: Catalog, product: UUID, interval: int, day: date) -> Decimal | None:
    found = queries.prices_on({(product, "EUR", interval)}, day)
    return found[product, "EUR", interval].unit_price if found else None


def test_a_new_price_ends_the_one_before_and_lasts_until_the_next(catalog: Catalog) -> None:
    def price(day: date, amount: int) -> NewPrice:
        return NewPrice(catalog.euro, catalog.sensor, 0, day, Decimal(amount))

    july, april = date(2026, 7, 1), date(2026, 4, 1)
    actions.set_prices([price(july, 95), price(april, 92)], now=NOW, actor=ACTOR)
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2026, 3, 31), april, date(2026, 6, 30), july, date(2040, 1, 1)]
    found = [on(catalog, catalog.sensor, 0, day) for day in days]
    assert found == [None, *map(Decimal, (89, 89, 92, 92, 95, 95))]
    actions.set_prices([price(april, 93)], now=NOW, actor=ACTOR)
    assert on(catalog, catalog.sensor, 0, april) == 93
    spans = [(row.valid_from, row.valid_until) for row in queries.prices_of(catalog.sensor) if row.currency == "EUR"]
    assert spans == [(date(2025, 1, 1), april), (april, july), (july, None)]
    assert [event.type for event in timeline([catalog.sensor])].count("PriceSet") == 5


def test_the_database_refuses_prices_that_overlap(catalog: Catalog) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        sql.execute(
            "INSERT INTO prices (id, price_book_id, product_id, interval_months, valid, unit_price, charge) "
            "VALUES (gen_random_uuid(), %s, %s, 0, '[2026-05-01,2026-06-01)', 1, '{}')",
            (catalog.euro, catalog.sensor),
        )
    assert isinstance(refused.value.__cause__, psycopg.errors.ExclusionViolation)


def test_a_named_book_comes_before_the_default_of_the_currency(catalog: Catalog) -> None:
    (partner,) = actions.create_price_books([NewPriceBook("Partner", "EUR")], now=NOW, actor=ACTOR)
    actions.set_prices([NewPrice(partner, catalog.sensor, 0, date(2026, 1, 1), Decimal(70))], now=NOW, actor=ACTOR)
    wanted = {(catalog.sensor, "EUR", 0), (catalog.gateway, "EUR", 0), (catalog.sensor, "USD", 0), (uuid4(), "EUR", 0)}
    found = queries.prices_on(wanted, date(2026, 2, 1), partner)
    assert {key[:2]: row.unit_price for key, row in found.items()} == {
        (catalog.sensor, "EUR"): 70,
        (catalog.gateway, "EUR"): 640,
        (catalog.sensor, "USD"): Decimal("97.90"),
    }
    assert queries.interval_options([catalog.platform, catalog.setup], "EUR", date(2026, 2, 1)) == {
        catalog.platform: [1, 12],
        catalog.setup: [0],
    }


def test_a_charge_is_kept_and_read_back(catalog: Catalog) -> None:
    charge = Charge(ChargeModel.VOLUME, tiers=(Tier(Decimal(10), Decimal(49)), Tier(None, Decimal(39))))
    new = NewPrice(catalog.euro, catalog.platform, 1, date(2026, 3, 1), charge.list_price, charge)
    actions.set_prices([new], now=NOW, actor=ACTOR)
    found = queries.prices_on({(catalog.platform, "EUR", 1)}, date(2026, 3, 1))
    assert Charge.from_json(found[catalog.platform, "EUR", 1].charge) == charge


def test_every_error_of_a_batch_comes_at_once(catalog: Catalog) -> None:
    with pytest.raises(Refusals) as refused:
        actions.create_products(
            [
                PRODUCTS[0],
                NewProduct("", "", "goods", billing_trigger="in_advance", unit="ABCD", unit_cost=Decimal(-1)),
                NewProduct("X", "X", "wish"),
                NewProduct("X", "X", "service"),
            ],
            now=NOW,
            actor=ACTOR,
        )
    assert [refusal.field for refusal in refused.value] == [
        "products.0.sku",
        *(f"products.1.{field}" for field in ("sku", "name", "unit", "unit_cost", "billing_trigger")),
        "products.2.kind",
        "products.3.sku",
    ]
    wrong = NewPrice(uuid4(), uuid4(), 999, date(1500, 1, 1), Decimal(-1))
    with pytest.raises(Refusals) as refused:
        actions.set_prices([wrong, replace(wrong, product_id=catalog.sensor, interval_months=1)], now=NOW, actor=ACTOR)
    fields = [refusal.field for refusal in refused.value]
    assert {
        "prices.0.price_book_id",
        "prices.0.product_id",
        "prices.0.interval_months",
        "prices.1.interval_months",
    } <= set(fields)


def test_price_books_have_one_default_a_currency(catalog: Catalog) -> None:
    with pytest.raises(Conflict):
        actions.create_price_books([NewPriceBook("Second", "EUR", is_default=True)], now=NOW, actor=ACTOR)
    with pytest.raises(Conflict):
        actions.create_price_books([NewPriceBook("List EUR", "EUR")], now=NOW, actor=ACTOR)


def test_products_change_but_not_their_kind(catalog: Catalog) -> None:
    actions.change_product(catalog.sensor, changes={"name": "Sensor 2", "active": False}, now=NOW, actor=ACTOR)
    row = queries.product(catalog.sensor)
    assert (row.name, row.active) == ("Sensor 2", False)
    assert timeline([catalog.sensor])[-1].data["changed"] == {
        "name": ["Vibration sensor", "Sensor 2"],
        "active": ["True", "False"],
    }
    with pytest.raises(Exception, match="kind cannot be changed"):
        actions.change_product(catalog.sensor, changes={"kind": "service"}, now=NOW, actor=ACTOR)
    assert [product.sku for product in queries.list_products(Ask("sku"), active=True).items] == [
        "GATE-4",
        "PLAT-PRO",
        "SETUP-1",
    ]
