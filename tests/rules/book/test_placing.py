"""Planning orders: prices of every model, fingerprints, repeats, and what a cancelled rest is worth."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.agree.pricing.rules.charge_models import Charge, ChargeModel, Tier
from cashline.flow.agree.pricing.rules.line_totals import line_total
from cashline.flow.book.orders.rules.new_order import Facts, NewOrder, NewOrderLine, PlannedOrder, fingerprint
from cashline.flow.book.orders.rules.placing import find_repeats, plan_orders
from cashline.flow.book.orders.rules.valuing import delivered_value, undelivered_value
from cashline.kernel.refusals import Refusal

BUYER, ENTITY, BOLT, CLOUD = (UUID(int=index) for index in range(1, 5))
DAY = date(2026, 1, 15)


@dataclass(frozen=True)
class Buyer:
    name: str = "Nordlicht"
    currency: str = "EUR"
    status: str = "active"
    payment_terms_days: int = 30


@dataclass(frozen=True)
class Product:
    id: UUID
    sku: str
    kind: str
    name: str = "Thing"
    active: bool = True
    billing_trigger: str = "on_shipment"
    revenue_pattern: str = "point"
    tax_category: str = "standard"


@dataclass(frozen=True)
class ListPrice:
    unit_price: Decimal
    charge: dict[str, Any]
    tax_percent: Decimal | None = None
    untaxable: str = ""


def facts(charge: Charge | None = None, interval: int = 0) -> Facts:
    product = Product(CLOUD, "CLOUD", "subscription") if interval else Product(BOLT, "BOLT", "goods")
    price = charge or Charge.unit(Decimal("9.99"))
    prices = {(product.id, "EUR", interval, DAY): ListPrice(price.list_price, price.as_json())}
    return Facts({BUYER: Buyer()}, [ENTITY], {product.sku: product}, prices, {(CLOUD, "EUR", DAY): [interval]}, DAY)


def order(*lines: NewOrderLine, **changes: Any) -> NewOrder:
    return replace(NewOrder(BUYER, ENTITY, "EUR", "api", lines=lines), **changes)


def plan(given_order: NewOrder, known: Facts, **options: Any) -> tuple[PlannedOrder | None, list[Refusal]]:
    found = plan_orders([given_order], known, find_repeats([given_order], {}), **options)
    return found.orders[0], found.refusals


GRADUATED = Charge(ChargeModel.GRADUATED, tiers=(Tier(Decimal(10), Decimal(10)), Tier(None, Decimal(8))))


@pytest.mark.parametrize(
    ("line", "charge", "interval", "unit_price", "alone", "total"),
    [
        (NewOrderLine("BOLT", Decimal(3)), None, 0, "9.99", "9.99", "29.97"),
        (NewOrderLine("BOLT", Decimal(3), discount_percent=Decimal(10)), None, 0, "8.991", "9.99", "26.97"),
        (NewOrderLine("BOLT", Decimal(3), Decimal("10.50")), None, 0, "10.50", "9.99", "31.50"),
        (NewOrderLine("BOLT", Decimal(3), Decimal("1") / 3), None, 0, "0.3333333333", "9.99", "1.00"),
        (NewOrderLine("BOLT", Decimal(15)), GRADUATED, 0, "9.3333333333", "9.3333333333", "140.00"),
        (NewOrderLine("CLOUD", Decimal(2), term_months=24), None, 12, "9.99", "9.99", "39.96"),
        (NewOrderLine("CLOUD", Decimal(2), interval_months=1), None, 1, "9.99", "9.99", "19.98"),
    ],
)
def test_a_line_is_priced_once_and_keeps_its_list_price(
    line: NewOrderLine, charge: Charge | None, interval: int, unit_price: str, alone: str, total: str
) -> None:
    planned, refusals = plan(order(line), facts(charge, interval))
    assert refusals == []
    assert planned is not None
    found = planned.lines[0]
    assert (found.unit_price, found.stand_alone_price) == (Decimal(unit_price), Decimal(alone))
    assert str(found.net_total) == total
    assert found.net_total == line_total(found.quantity, found.unit_price, found.interval_months, found.term_months, 2)
    assert planned.one_off_total == (0 if interval else found.net_total)


@pytest.mark.parametrize(
    ("interval", "term", "field", "words"),
    [
        (12, 9999, "term_months", "An order has no term of 9999 months."),
        (1, -1, "term_months", "An order has no term of -1 months."),
        (0, 12, "interval_months", "An order has no interval of 0 months."),
        (121, 121, "interval_months", "An order has no interval of 121 months."),
        (3, 7, "term_months", "A term of 7 months does not hold whole intervals of 3 months."),
    ],
)
def test_a_term_that_cannot_be_is_refused_for_what_is_wrong_with_it(
    interval: int, term: int, field: str, words: str
) -> None:
    line = NewOrderLine("CLOUD", Decimal(1), interval_months=interval, term_months=term)
    (refusal,) = plan(order(line), facts(None, interval or 1))[1]
    assert (refusal.message, refusal.field) == (f"Line 1: {words}", f"lines.0.{field}")


@given(st.decimals(-5, 2_000_000, places=7), st.decimals(-1, 200, places=11), st.decimals(-1, 101, places=3))
def test_any_numbers_are_planned_or_refused_never_wrong(quantity: Decimal, price: Decimal, discount: Decimal) -> None:
    planned, refusals = plan(order(NewOrderLine("BOLT", quantity, price, discount_percent=discount)), facts())
    right = quantity > 0 and round(quantity, 6) == quantity and price >= 0 and 0 <= discount <= 100
    assert (planned is not None) == right == (not refusals)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e40"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    for line in (
        NewOrderLine("BOLT", Decimal(number)),
        NewOrderLine("BOLT", Decimal(1), Decimal(number)),
        NewOrderLine("BOLT", Decimal(1), discount_percent=Decimal(number)),
    ):
        assert len(plan(order(line), facts())[1]) == 1


def test_the_fingerprint_is_that_of_the_content() -> None:
    line = NewOrderLine("BOLT", Decimal("2.50"))
    base = order(line, external_reference="A")
    same = [
        order(NewOrderLine("BOLT", Decimal("2.5"), row=7), external_reference="A", source="csv", ordered_on=DAY),
        replace(base, external_reference="B"),
    ]
    other = [
        order(replace(line, quantity=Decimal(3))),
        order(replace(line, unit_price=Decimal(1))),
        order(line, line),
        order(line, requested_on=DAY),
        order(line, purchase_order="P"),
        order(line, currency="USD"),
        order(replace(line, description="Blue")),
    ]
    assert {fingerprint(one) for one in same} == {fingerprint(base)}
    assert fingerprint(base) not in {fingerprint(one) for one in other}
    assert len({fingerprint(one) for one in other}) == len(other)


@given(st.decimals("0.001", 1000, places=3), st.decimals(0, 1000, places=6), st.decimals(0, 1, places=3))
def test_delivered_and_undelivered_are_the_line(quantity: Decimal, unit_price: Decimal, share: Decimal) -> None:
    delivered = (quantity * share).quantize(Decimal("0.000001"))
    total = line_total(quantity, unit_price, 0, 0, 2)
    parts = [value(quantity, delivered, unit_price, total, 2) for value in (delivered_value, undelivered_value)]
    assert sum(parts) == total
    assert delivered_value(quantity, quantity, unit_price, total, 2) == total
    assert delivered_value(quantity, Decimal(0), unit_price, total, 2) == 0
