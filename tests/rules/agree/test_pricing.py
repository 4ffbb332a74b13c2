"""Pricing: charge models against worked amounts, and properties over all of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.agree.pricing.rules.charge_models import Charge, ChargeModel, Tier, price
from cashline.flow.agree.pricing.rules.line_totals import interval_count, line_total
from cashline.flow.agree.pricing.rules.waterfall import discount_percent, price_line, steps_of
from cashline.kernel.derivations import Derivation
from cashline.kernel.refusals import InvalidValue
from tests.support.charges import charges, quantities

D = Decimal
TIERS = (Tier(D(10), D("5")), Tier(D(50), D("4"), D(20)), Tier(None, D("2.50")))
CASES = [
    (Charge(ChargeModel.FLAT, D("99")), "7", "99.00"),
    (Charge(ChargeModel.FLAT, D("99")), "0", "99.00"),
    (Charge.unit(D("10.005")), "3", "30.02"),
    (Charge.unit(D("0.001")), "4", "0.00"),
    (Charge(ChargeModel.GRADUATED, tiers=TIERS), "10", "50.00"),
    (Charge(ChargeModel.GRADUATED, tiers=TIERS), "11", "74.00"),
    (Charge(ChargeModel.GRADUATED, tiers=TIERS), "60", "255.00"),
    (Charge(ChargeModel.VOLUME, tiers=TIERS), "10", "50.00"),
    (Charge(ChargeModel.VOLUME, tiers=TIERS), "11", "64.00"),
    (Charge(ChargeModel.VOLUME, tiers=TIERS), "60", "150.00"),
    (Charge(ChargeModel.PACKAGE, D("30"), package_size=D(12)), "13", "60.00"),
    (Charge(ChargeModel.PACKAGE, D("30"), package_size=D(12)), "12", "30.00"),
    (Charge(ChargeModel.PERCENTAGE, D("2.9")), "100", "2.90"),
    (Charge(ChargeModel.PERCENTAGE, D("2.9"), minimum=D(5)), "100", "5.00"),
    (Charge(ChargeModel.PERCENTAGE, D("2.9"), maximum=D(2)), "100", "2.00"),
]


@pytest.mark.parametrize(("charge", "quantity", "amount"), CASES)
def test_a_charge_gives_the_worked_amount_and_its_formula_gives_it_again(
    charge: Charge, quantity: str, amount: str
) -> None:
    priced = price(charge, D(quantity), digits=2)
    assert priced.amount == D(amount)
    assert priced.derivation.breaks() == []
    assert Charge.from_json(charge.as_json()) == charge
    assert Derivation.from_json(priced.derivation.as_json()).breaks() == []


@given(charges(), quantities, st.integers(0, 4))
def test_every_amount_recomputes_from_its_record(charge: Charge, quantity: D, digits: int) -> None:
    priced = price(charge, quantity, digits=digits)
    assert Derivation.from_json(priced.derivation.as_json()).breaks() == []
    assert priced.amount >= 0


percents = st.decimals(0, 100, places=2)


@given(
    charges(),
    quantities,
    st.sampled_from([(0, 0), (1, 1), (1, 12), (3, 36), (12, 24), (1, 0)]),
    percents,
    percents,
    st.sampled_from([0, 2, 3]),
)
def test_the_waterfall_falls_sums_and_recomputes(
    charge: Charge, quantity: D, term: tuple[int, int], line: D, document: D, digits: int
) -> None:
    fall = price_line(
        charge,
        quantity,
        interval_months=term[0],
        term_months=term[1],
        line_discount=line,
        document_discount=document,
        digits=digits,
    )
    stored = Derivation.from_json(fall.derivation.as_json())
    assert stored.breaks() == []
    assert stored.result == fall.net_total
    assert sum((step.change for step in fall.steps), fall.list_price) == fall.unit_price
    assert steps_of(fall.list_price, stored) == fall.steps
    assert 0 <= fall.net_total <= fall.list_total
    assert fall.net_total == fall.interval_amount * interval_count(*term)
    assert fall.net_total == line_total(quantity, fall.unit_price, *term, digits)


def test_the_line_is_rounded_and_not_the_unit_price() -> None:
    fall = price_line(
        Charge.unit(D("348.35")),
        D(16),
        interval_months=0,
        term_months=0,
        line_discount=D(4),
        document_discount=D(0),
        digits=2,
    )
    assert (fall.unit_price, fall.net_total) == (D("334.416"), D("5350.66"))


@pytest.mark.parametrize(
    ("interval", "term", "count"), [(0, 0, 1), (0, 12, 1), (1, 12, 12), (12, 36, 3), (3, 0, 1), (6, 6, 1)]
)
def test_a_term_is_a_whole_number_of_intervals(interval: int, term: int, count: int) -> None:
    assert interval_count(interval, term) == count


@pytest.mark.parametrize(("interval", "term"), [(12, 18), (3, 1), (12, 6)])
def test_a_broken_term_is_refused(interval: int, term: int) -> None:
    with pytest.raises(InvalidValue, match="whole number"):
        interval_count(interval, term)


@pytest.mark.parametrize(
    ("shape", "field"),
    [
        ({"model": "guess"}, "model"),
        ({}, "model"),
        ({"model": "unit", "price": 1.5}, "price"),
        ({"model": "unit", "price": "-1"}, "price"),
        ({"model": "unit", "price": "NaN"}, "price"),
        ({"model": "unit", "tiers": []}, "tiers"),
        ({"model": "unit", "colour": "red"}, "colour"),
        ({"model": "volume"}, "tiers"),
        ({"model": "volume", "tiers": [{"unit_price": "1", "up_to": "5"}]}, "tiers.0.up_to"),
        ({"model": "volume", "tiers": [*[{"unit_price": "1", "up_to": "5"}] * 2, {"unit_price": 1}]}, "tiers.1.up_to"),
        ({"model": "graduated", "tiers": ["x"]}, "tiers.0"),
        ({"model": "package", "price": "1", "package_size": "0"}, "package_size"),
        ({"model": "percentage", "price": "1", "minimum": "3", "maximum": "2"}, "minimum"),
    ],
)  # fmt: skip
def test_what_makes_no_charge_is_refused_with_its_field(shape: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Charge.from_json(shape)
    assert refused.value.field == field


def test_a_negative_quantity_is_refused() -> None:
    with pytest.raises(InvalidValue):
        price(Charge.unit(D(1)), D(-1), digits=2)


def test_the_effective_discount_is_off_the_list_total() -> None:
    assert discount_percent(D(200), D(150)) == D(25)
    assert discount_percent(D(0), D(0)) == 0
