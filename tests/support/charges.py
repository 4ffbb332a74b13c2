"""Strategies for charges of any model, and quantities to price with them."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from cashline.flow.agree.pricing.rules.charges import (
    PARAMETERS,
    Charge,
    ChargeModel,
    Conversion,
    MatrixRow,
    Rounding,
    Tier,
)

D = Decimal
prices = st.decimals(0, 10_000, places=4)
quantities = st.decimals(D("0.001"), 1_000_000, places=3)
percents = st.decimals(0, 100, places=2)
factors = st.decimals(D("0.01"), 1000, places=2)
FORMULAS = ("quantity * rate", "if(quantity > 10, quantity * rate, 5)", "max(rate, ceil(quantity / 3)) - 1")


@st.composite
def charges(draw: st.DrawFn, *, models: tuple[ChargeModel, ...] = tuple(ChargeModel), plain: bool = False) -> Charge:
    """Any charge of one of the models; `plain` leaves out discount, bounds, free units and conversion."""
    model = draw(st.sampled_from(models))
    known = PARAMETERS[model]
    given: dict[str, Any] = {}
    if "tiers" in known:
        bounds = sorted(draw(st.sets(st.decimals(1, 100_000, places=2), max_size=5)))
        fees = st.one_of(st.just(D(0)), prices)
        given["tiers"] = tuple(Tier(bound, draw(prices), draw(fees)) for bound in [*bounds, None])
    if "price" in known:
        given["price"] = draw(percents if model is ChargeModel.PERCENTAGE else prices)
    if "package_size" in known:
        given["package_size"] = draw(st.decimals(1, 1000, places=1))
    if model is ChargeModel.MATRIX:
        given["rows"] = (MatrixRow((("region", "eu"),), draw(prices)), MatrixRow((("region", "us"),), draw(prices)))
        given["default_price"] = draw(prices)
    if model is ChargeModel.FORMULA:
        given |= {"formula": draw(st.sampled_from(FORMULAS)), "parameters": (("rate", draw(prices)),)}
    if model is ChargeModel.PERCENTAGE:
        given |= {
            "fixed_fee": draw(prices),
            "free_events": draw(st.none() | st.integers(1, 5)),
            "free_amount": draw(st.none() | prices),
            "payment_minimum": draw(st.none() | st.decimals(0, 10, places=2)),
            "payment_maximum": draw(st.none() | st.decimals(10, 100, places=2)),
        }
    if model is ChargeModel.OVERAGE:
        given["included_units"] = draw(st.decimals(0, 1000, places=1))
    if "fee_at_zero" in known:
        given["fee_at_zero"] = draw(st.booleans())
    if not plain:
        given |= _steps(draw, known)
    return Charge(model, **given)


def _steps(draw: st.DrawFn, known: frozenset[str]) -> dict[str, Any]:
    given: dict[str, Any] = {"discount_percent": draw(st.just(D(0)) | percents)}
    low, high = sorted(draw(st.tuples(prices, prices)))
    given |= {"minimum": draw(st.sampled_from((None, low))), "maximum": draw(st.sampled_from((None, high)))}
    if "free_units" in known:
        given["free_units"] = draw(st.just(D(0)) | st.decimals(0, 100, places=1))
        up_or_down = st.sampled_from(Rounding)
        given["conversion"] = draw(
            st.none()
            | st.builds(Conversion, divide_by=factors, round=up_or_down)
            | st.builds(Conversion, multiply_by=factors, round=up_or_down)
        )
    return given
