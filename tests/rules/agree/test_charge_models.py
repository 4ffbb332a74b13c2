"""Charge models beyond one price for each: worked amounts, and what holds for every model."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.agree.pricing.rules.charge_models import NotPriced, price
from cashline.flow.agree.pricing.rules.charges import Charge, ChargeModel, Tier
from cashline.flow.agree.pricing.rules.parts import ItemStep, price_items, price_parts
from cashline.flow.agree.pricing.rules.payments import price_payments
from cashline.flow.agree.pricing.rules.quantity_changes import QuantityChange, price_changes
from cashline.flow.agree.pricing.rules.usage_prices import PreviewUsage, price_usage
from cashline.kernel.derivations import Derivation
from cashline.kernel.refusals import InvalidValue, Refusals
from tests.support.charges import charges, quantities

D = Decimal
TIERS = [
    {"up_to": "10", "unit_price": "5", "flat_fee": "2"},
    {"up_to": "20", "unit_price": "4", "flat_fee": "3"},
    {"up_to": None, "unit_price": "3"},
]
MATRIX = {
    "model": "matrix",
    "rows": [
        {"when": {"region": "eu"}, "unit_price": "2"},
        {"when": {"size": "large"}, "unit_price": "3"},
        {"when": {"region": "eu", "size": "large"}, "unit_price": "2.50"},
    ],
    "default_price": "4",
}


def charge(**shape: Any) -> Charge:
    return Charge.from_json(shape)


@pytest.mark.parametrize(
    ("shape", "quantity", "amount"),
    [
        ({"model": "unit", "price": "1", "conversion": {"multiply_by": "1.2", "round": "none"}}, "100", "120"),
        ({"model": "unit", "price": "7", "conversion": {"divide_by": "1000", "round": "up"}}, "1001", "14"),
        ({"model": "unit", "price": "7", "conversion": {"divide_by": "1000", "round": "down"}}, "1999", "7"),
        ({"model": "unit", "price": "7", "conversion": {"divide_by": "7"}}, "3", "3"),
        ({"model": "unit", "price": "2", "free_units": "10"}, "9", "0"),
        ({"model": "unit", "price": "2", "free_units": "10"}, "12.5", "5"),
        ({"model": "unit", "price": "10", "minimum": "100"}, "0", "100"),
        ({"model": "unit", "price": "10", "discount_percent": "15", "maximum": "80"}, "10", "80"),
        ({"model": "unit", "price": "10", "discount_percent": "15", "maximum": "100"}, "10", "85"),
        ({"model": "graduated", "tiers": TIERS}, "0", "0"),
        ({"model": "graduated", "tiers": TIERS, "fee_at_zero": True}, "0", "2"),
        ({"model": "graduated", "tiers": TIERS}, "10", "52"),
        ({"model": "graduated", "tiers": TIERS}, "10.5", "57"),
        ({"model": "graduated", "tiers": TIERS, "fee_at_zero": True}, "10.5", "57"),
        ({"model": "volume", "tiers": TIERS}, "0", "0"),
        ({"model": "volume", "tiers": TIERS, "fee_at_zero": True}, "0", "2"),
        ({"model": "volume", "tiers": TIERS}, "10.5", "45"),
        ({"model": "package", "price": "15", "package_size": "10", "free_units": "5"}, "5", "0"),
        ({"model": "package", "price": "15", "package_size": "10", "free_units": "5"}, "15.1", "30"),
        (
            {
                "model": "graduated_percentage",
                "tiers": [{"up_to": "1000", "percent": "1", "flat_fee": "200"}, {"percent": "2"}],
            },
            "1500",
            "220",
        ),
        ({"model": "overage", "price": "99", "included_units": "100", "tiers": [{"unit_price": "0.5"}]}, "0", "99"),
        ({"model": "overage", "price": "99", "included_units": "100", "tiers": [{"unit_price": "0.5"}]}, "110", "104"),
        ({"model": "pre_rated"}, "12.345", "12.345"),
        ({"model": "pre_rated", "discount_percent": "10"}, "10", "9"),
        ({"model": "formula", "formula": "if(quantity > cap, cap + 1, quantity) * 2", "parameters": {"cap": "5"}},
         "9", "12"),
        ({"model": "formula", "formula": "quantity - 10"}, "3", "0"),
        ({"model": "percentage", "price": "1.3", "fixed_fee": "0.20"}, "100", "1.50"),
    ],
)  # fmt: skip
def test_a_quantity_costs_the_worked_amount(shape: dict[str, Any], quantity: str, amount: str) -> None:
    priced = price(Charge.from_json(shape), D(quantity), digits=None)
    assert priced.amount.quantize(D("1e-20")) == D(amount)
    assert priced.derivation.breaks() == []


@pytest.mark.parametrize(
    ("attributes", "amount"),
    [
        ({"region": "eu"}, 20), ({"region": "eu", "size": "small"}, 20), ({"region": "eu", "size": "large"}, 25),
        ({"size": "large"}, 30), ({"region": "us"}, 40), ({}, 40),
    ],
)  # fmt: skip
def test_the_most_specific_row_of_a_matrix_wins(attributes: dict[str, str], amount: int) -> None:
    assert price(Charge.from_json(MATRIX), D(10), digits=2, attributes=attributes).amount == amount


def test_a_matrix_without_a_default_prices_only_what_fits() -> None:
    only = charge(model="matrix", rows=[{"when": {"region": "eu"}, "unit_price": "2"}])
    with pytest.raises(NotPriced, match="region=us"):
        price(only, D(1), digits=2, attributes={"region": "us"})


def test_the_figures_of_a_price_are_told_apart() -> None:
    priced = price(charge(model="unit", price="10", discount_percent="10", minimum="100"), D(5), digits=2)
    assert (priced.list_amount, priced.discount, priced.minimum_shortfall) == (50, 5, 55)
    assert (priced.amount, priced.usage_amount) == (100, 45)
    capped = price(charge(model="unit", price="10", discount_percent="10", maximum="30"), D(5), digits=2)
    assert (capped.discount, capped.maximum_discount, capped.amount) == (5, 15, 30)


PAYMENTS = [
    ({}, ["50", "100", "250", "400"], ["2.65", "3.30", "5.25", "7.20"], 0, "0"),
    ({"free_events": 2}, ["50", "100", "250"], ["0", "0", "5.25"], 2, "150"),
    ({"free_amount": "120"}, ["50", "100", "250"], ["0", "2.39", "5.25"], 1, "120"),
    ({"free_amount": "150"}, ["50", "100", "250"], ["0", "0", "5.25"], 2, "150"),
    ({"free_events": 1, "free_amount": "120"}, ["50", "100"], ["0", "3.30"], 1, "50"),
    ({"free_events": 3, "free_amount": "40"}, ["50", "100"], ["2.13", "3.30"], 0, "40"),
    ({"payment_minimum": "3", "payment_maximum": "5"}, ["50", "100", "400"], ["3", "3.30", "5"], 0, "0"),
]


@pytest.mark.parametrize(("more", "payments", "costs", "events", "free"), PAYMENTS)
def test_payments_are_priced_one_by_one_after_the_free_ones(
    more: dict[str, Any], payments: Sequence[str], costs: Sequence[str], events: int, free: str
) -> None:
    paid = price_payments(
        charge(model="percentage", price="1.3", fixed_fee="2", **more), [D(one) for one in payments], digits=None
    )
    assert [one.cost for one in paid.payments] == [D(cost) for cost in costs]
    assert (paid.amount, paid.free_events, paid.free_amount) == (sum(map(D, costs)), events, D(free))
    assert paid.priced.derivation.breaks() == []


def test_parts_cost_what_the_running_total_adds() -> None:
    tiers = [{"up_to": "1000", "percent": "1", "flat_fee": "200"}, {"percent": "2", "flat_fee": "300"}]
    parts = price_parts(charge(model="graduated_percentage", tiers=tiers), [D(500), D(550), D(4000)], digits=2)
    assert [part.amount for part in parts] == [205, 306, 80]


def test_below_the_high_water_mark_nothing_is_billed_or_given_back() -> None:
    parts = price_parts(charge(model="unit", price="10", high_water_mark=True), [D(5), D(-3), D(2), D(4)], digits=2)
    assert [part.amount for part in parts] == [50, 0, 0, 30]
    assert [part.quantity for part in parts] == [5, 0, 0, 3]
    ordinary = price_parts(charge(model="unit", price="10"), [D(5), D(-3), D(2)], digits=2)
    assert [part.amount for part in ordinary] == [50, -30, 20]


def test_an_item_is_billed_at_its_first_addition() -> None:
    steps = [ItemStep("a"), ItemStep("a"), ItemStep("b"), ItemStep("a", added=False), ItemStep("a")]
    assert [part.amount for part in price_items(charge(model="unit", price="3"), steps, digits=2)] == [3, 0, 3, 0, 0]


@pytest.mark.parametrize(
    ("model", "amount"), [("graduated_prorated", D("8") * 5 + D("4") * 4 - D("1") * 4 + 5), ("volume_prorated", 47)]
)
def test_changes_are_priced_by_whole_and_prorated_units(model: str, amount: D) -> None:
    changes = [QuantityChange(D(8), D(8)), QuantityChange(D(6), D(4)), QuantityChange(D(-3), D(-1))]
    priced = price_changes(charge(model=model, tiers=TIERS), changes, digits=2)
    assert priced.amount == amount
    assert priced.derivation.breaks() == []


def test_more_is_not_removed_than_there_is() -> None:
    with pytest.raises(InvalidValue, match="removed"):
        price_changes(charge(model="volume_prorated", tiers=TIERS), [QuantityChange(D(-1), D(-1))], digits=2)


@given(charges(), quantities, st.none() | st.integers(0, 4))
def test_every_model_is_stored_recomputed_and_sums(given_charge: Charge, quantity: D, digits: int | None) -> None:
    assert Charge.from_json(given_charge.as_json()) == given_charge
    priced = price(given_charge, quantity, digits=digits)
    assert Derivation.from_json(priced.derivation.as_json()).breaks() == []
    parts = priced.list_amount - priced.discount + priced.minimum_shortfall - priced.maximum_discount
    assert abs(parts - priced.amount) < D("1e-18")
    assert priced.amount >= 0


@given(charges(), st.lists(quantities, min_size=1, max_size=6), st.integers(0, 4))
def test_parts_sum_to_the_whole(given_charge: Charge, parts: list[D], digits: int) -> None:
    priced = price_parts(given_charge, parts, digits=digits)
    assert sum(part.amount for part in priced) == priced[-1].total.amount
    assert all(part.derivation.breaks() == [] for part in priced)
    if given_charge.model is not ChargeModel.PERCENTAGE:
        assert priced[-1].total.amount == price(given_charge, sum(parts, D(0)), digits=digits).amount


RISING = (
    ChargeModel.FLAT, ChargeModel.UNIT, ChargeModel.GRADUATED, ChargeModel.PACKAGE, ChargeModel.OVERAGE,
    ChargeModel.GRADUATED_PERCENTAGE, ChargeModel.PRE_RATED, ChargeModel.MATRIX,
)  # fmt: skip


@given(charges(models=RISING), st.lists(quantities, min_size=2, max_size=5))
def test_more_never_costs_less(given_charge: Charge, given_quantities: list[D]) -> None:
    amounts = [price(given_charge, one, digits=2).amount for one in sorted([D(0), *given_quantities])]
    assert all(before <= after for before, after in pairwise(amounts))


@given(charges(models=(ChargeModel.GRADUATED,), plain=True), quantities)
def test_tiers_adjoin_and_cover_the_quantity(given_charge: Charge, quantity: D) -> None:
    parts = price(given_charge, quantity, digits=2).derivation.parts
    ends = [D(str(part.inputs["end"])) for part in parts]
    assert [D(str(part.inputs["start"])) for part in parts] == [0, *ends[:-1]]
    assert ends[-1] == quantity


def test_nothing_costs_nothing_unless_it_is_due_without_units() -> None:
    tiers = (Tier(D(5), D(1), D(7)), Tier(None, D(1)))
    for model in (ChargeModel.GRADUATED, ChargeModel.VOLUME, ChargeModel.GRADUATED_PRORATED):
        assert price(Charge(model, tiers=tiers), D(0), digits=2).amount == 0
        assert price(Charge(model, tiers=tiers, fee_at_zero=True), D(0), digits=2).amount == 7
    assert price(Charge(ChargeModel.PERCENTAGE, D(3), fixed_fee=D(1)), D(0), digits=2).amount == 0


@pytest.mark.parametrize(
    ("shape", "fields"),
    [
        ({"model": "formula", "formula": "quantity *"}, ["formula"]),
        ({"model": "formula", "formula": "quantity * secret"}, ["formula"]),
        ({"model": "formula", "formula": "1 / (quantity - 1)"}, ["formula"]),
        ({"model": "formula", "formula": "quantity", "parameters": {"digits": "1"}}, ["parameters.digits"]),
        ({"model": "matrix", "rows": []}, ["rows"]),
        ({"model": "matrix", "rows": MATRIX["rows"][:2]}, ["rows.1.when"]),
        ({"model": "unit", "price": "1", "conversion": {"round": "up"}}, ["conversion"]),
        ({"model": "unit", "price": "1", "conversion": {"divide_by": "0"}}, ["conversion"]),
        ({"model": "percentage", "price": "1", "free_events": 0}, ["free_events"]),
        ({"model": "overage", "price": "1", "tiers": []}, ["tiers"]),
        ({"model": "unit", "price": "x", "free_units": "-", "colour": 1}, ["colour", "free_units", "price"]),
        ({"model": "unit", "price": "-1", "discount_percent": "101"}, ["discount_percent", "price"]),
    ],
)
def test_all_that_is_wrong_with_a_charge_comes_at_once(shape: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(InvalidValue if len(fields) == 1 else Refusals) as refused:
        Charge.from_json(shape)
    found = list(refused.value) if isinstance(refused.value, Refusals) else [refused.value]
    assert sorted(one.field for one in found) == fields


def test_a_preview_prices_one_kind_of_usage() -> None:
    with pytest.raises(InvalidValue, match="one of"):
        PreviewUsage(quantity=D(1), parts=(D(1),))
    with pytest.raises(InvalidValue, match="does not price payments"):
        price_usage(Charge.unit(D(1)), PreviewUsage(payments=(D(1),)), digits=2)
