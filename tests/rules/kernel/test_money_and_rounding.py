"""Money is exact: parts sum to the whole, currencies never mix, floats never enter."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.kernel.money import CurrencyMismatch, Money, minor_units, to_decimal
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import RoundingMode, allocate, round_to

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=4, allow_nan=False, allow_infinity=False)
weights = st.lists(st.decimals(min_value=0, max_value=10**6, places=3), min_size=1, max_size=40)


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("EUR", 2), ("KWD", 3), ("CLF", 4), ("CU", 2)])
def test_minor_units_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert minor_units(currency) == digits


@pytest.mark.parametrize("code", ["", "eur", "XYZ", "EURO", "XAU"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(InvalidValue):
        minor_units(code)


@pytest.mark.parametrize(
    ("value", "mode", "expected"),
    [
        ("2.345", RoundingMode.HALF_UP, "2.35"),
        ("-2.345", RoundingMode.HALF_UP, "-2.35"),
        ("2.345", RoundingMode.HALF_EVEN, "2.34"),
        ("2.355", RoundingMode.HALF_EVEN, "2.36"),
        ("2.345", RoundingMode.HALF_DOWN, "2.34"),
        ("2.341", RoundingMode.UP, "2.35"),
        ("-2.341", RoundingMode.UP, "-2.35"),
        ("2.349", RoundingMode.DOWN, "2.34"),
        ("-2.341", RoundingMode.CEILING, "-2.34"),
        ("-2.341", RoundingMode.FLOOR, "-2.35"),
        ("-0.004", RoundingMode.HALF_UP, "0.00"),
    ],
)
def test_rounding_modes(value: str, mode: RoundingMode, expected: str) -> None:
    assert str(round_to(Decimal(value), 2, mode)) == expected


@given(amounts, weights, st.sampled_from([0, 2, 3, 4]))
def test_allocated_parts_sum_to_the_whole_and_are_within_a_unit_of_their_share(
    total: Decimal, shares: list[Decimal], digits: int
) -> None:
    total = round_to(total, digits)
    parts = allocate(total, shares, digits)
    assert sum(parts) == total
    whole = sum(shares) or Decimal(len(shares))
    unit = Decimal(1).scaleb(-digits)
    for part, share in zip(parts, shares if sum(shares) else [Decimal(1)] * len(shares), strict=True):
        assert abs(part - total * share / whole) < unit + Decimal("1e-9")
        assert part == round_to(part, digits)


@given(amounts, weights)
def test_allocation_is_symmetric_in_sign(total: Decimal, shares: list[Decimal]) -> None:
    total = round_to(total, 2)
    assert allocate(-total, shares, 2) == [-part for part in allocate(total, shares, 2)]


def test_the_odd_cents_go_to_those_who_lost_most() -> None:
    assert allocate(Decimal("0.05"), [Decimal(3), Decimal(7)], 2) == [Decimal("0.02"), Decimal("0.03")]
    assert allocate(Decimal(100), [Decimal(1)] * 3, 2) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]


@pytest.mark.parametrize("weights", [[], [Decimal(-1), Decimal(2)]])
def test_allocation_refuses_what_has_no_answer(weights: list[Decimal]) -> None:
    with pytest.raises(ValueError, match=r"allocate|negative"):
        allocate(Decimal(1), weights, 2)
    with pytest.raises(ValueError, match="multiple"):
        allocate(Decimal("1.005"), [Decimal(1)], 2)


@given(amounts, amounts)
def test_money_adds_up_and_never_mixes_currencies(left: Decimal, right: Decimal) -> None:
    euro = Money(left, "EUR")
    assert (euro + Money(right, "EUR") - Money(right, "EUR")) == euro
    for operation in ("__add__", "__sub__", "__lt__", "__ge__"):
        with pytest.raises(CurrencyMismatch):
            getattr(euro, operation)(Money(right, "USD"))


@pytest.mark.parametrize("value", [1.5, float("nan"), True, "NaN", "Infinity", "1,50", "", "1e15", None, []])
def test_what_is_no_exact_number_is_refused(value: object) -> None:
    with pytest.raises(InvalidValue):
        to_decimal(value)  # type: ignore[arg-type]


def test_money_holds_no_float_and_is_multiplied_by_none() -> None:
    with pytest.raises(TypeError):
        Money(1.5, "EUR")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(Decimal(1), "EUR") * 1.5  # type: ignore[operator]
