"""Prices that include tax: what of them is the seller's, and back again.

All that is agreed is without tax, so that a buyer elsewhere pays the net price and his own tax. A price with tax is
divided by 1 + rate and kept with 10 decimals: 9.99 with 19 % is 8.3949579832 without. `with_tax` restores it exactly.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from cashline.flow.agree.pricing.rules.charges import PARAMETERS, Charge, ChargeModel
from cashline.kernel.derivations import Derivation
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.kernel.rounding import WIDE, divide, round_to

DIGITS = 10
RESTORED_DIGITS = 8
RULE = "price.without_tax"
_NEAR = Decimal("5e-10")
_HUNDRED = Decimal(100)
_AMOUNTS = ("price", "minimum", "maximum", "fixed_fee", "payment_minimum", "payment_maximum", "default_price")
"""The parameters of a charge that are money of the seller's, or (`price` of PERCENTAGE) a part of the payment."""
_NO_PRICE = frozenset({ChargeModel.PRE_RATED, ChargeModel.FORMULA})


def without_tax(price: Decimal, percent: Decimal) -> Decimal:
    """The price without the tax of `percent` that it includes, 10 decimals."""
    return round_to(divide(price * _HUNDRED, _HUNDRED + percent), DIGITS)


def with_tax(price: Decimal, percent: Decimal) -> Decimal:
    """The price with tax that was given, from the one without.

    Where the price without tax can only have come from one of 8 decimals, that one; else the exact product.
    """
    exact = WIDE.multiply(price, 1 + percent / _HUNDRED)
    near = round_to(exact, RESTORED_DIGITS)
    return near.normalize(WIDE) + 0 if abs(exact - near) <= _NEAR else exact


def price_with_tax(price: Decimal, percent: Decimal | None) -> Decimal | None:
    """The price with tax as it was given; None where it was given without (`percent` None)."""
    return None if percent is None else with_tax(price, percent)


def charge_without_tax(charge: Charge, percent: Decimal) -> Charge:
    """The charge with every price, fee and bound in it without the tax that it includes."""
    if not percent:
        return charge
    known = PARAMETERS[charge.model]
    changes: dict[str, object] = {
        name: without_tax(value, percent)
        for name in _AMOUNTS
        if name in known and (value := getattr(charge, name)) is not None
    }
    changes["tiers"] = tuple(
        replace(
            tier, unit_price=without_tax(tier.unit_price, percent), flat_fee=without_tax(tier.flat_fee, percent)
        )
        for tier in charge.tiers
    )  # fmt: skip
    changes["rows"] = tuple(replace(row, unit_price=without_tax(row.unit_price, percent)) for row in charge.rows)
    return replace(charge, **changes)  # type: ignore[arg-type]


def including_errors(charge: Charge) -> Iterator[Refusal]:
    """Why a charge cannot include tax: it holds no price of which the tax could be taken out."""
    if charge.model in _NO_PRICE:
        yield InvalidValue(
            f"A {charge.model.value.replace('_', ' ')} charge holds no price of which tax could be taken out.",
            field="model",
            fix="Use a price book without tax.",
        )


def tax_taken_out(price: Decimal, percent: Decimal) -> Derivation:
    """The record of a list price without the tax that it includes."""
    net = without_tax(price, percent)
    return Derivation(
        RULE,
        1,
        {"price_with_tax": price, "tax_percent": percent, "included_tax": price - net},
        f"round(price_with_tax * 100 / (100 + tax_percent), {DIGITS})",
        net,
    )
