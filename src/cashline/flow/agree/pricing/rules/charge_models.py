"""Pricing a quantity by a charge. A new model is one function, one row in `_MODELS` and one in `charges.PARAMETERS`.

The same function prices a quote line, a preview and usage. The steps, in order: conversion, free units, price by the
model, discount, minimum, maximum, rounding. Every amount carries its derivation, and the formula in it gives the same
digits as the code here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from types import MappingProxyType
from typing import NamedTuple

from cashline.flow.agree.pricing.rules.charges import (
    PARAMETERS,
    ZERO,
    Charge,
    ChargeModel,
    Conversion,
    MatrixRow,
    Rounding,
    Tier,
)
from cashline.flow.agree.pricing.rules.reading import MAX_TIERS, charge_errors
from cashline.kernel.derivations import Derivation, Input
from cashline.kernel.formulas import evaluate
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.kernel.rounding import WIDE, round_to

__all__ = [
    "MAX_TIERS",
    "PARAMETERS",
    "Charge",
    "ChargeModel",
    "Conversion",
    "MatrixRow",
    "NotPriced",
    "Priced",
    "Rounding",
    "Tier",
    "charge_errors",
    "finish",
    "price",
]
HUNDRED = Decimal(100)
NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})


class NotPriced(Refusal):
    """No row of a matrix fits what is to be priced, and it has no default price."""

    code = "not_priced"


@dataclass(frozen=True, slots=True)
class Priced:
    """An amount and how it came about: list amount − discount + minimum shortfall − maximum discount = amount.

    `quantity` is what was priced, after conversion and free units. With digits, each of these is a difference of
    rounded amounts, so that they still sum.
    """

    amount: Decimal
    derivation: Derivation
    quantity: Decimal = ZERO
    list_amount: Decimal = ZERO
    discount: Decimal = ZERO
    minimum_shortfall: Decimal = ZERO
    maximum_discount: Decimal = ZERO

    @property
    def usage_amount(self) -> Decimal:
        """What is left of the amount without the minimum's shortfall."""
        return self.amount - self.minimum_shortfall


class Made(NamedTuple):
    """What a model makes of a quantity, before discount and bounds: the amount and the record of it."""

    amount: Decimal
    inputs: dict[str, Input]
    formula: str
    parts: tuple[Derivation, ...] = ()
    note: str = ""


def price(
    charge: Charge, quantity: Decimal, *, digits: int | None, attributes: Mapping[str, str] = NO_ATTRIBUTES
) -> Priced:
    """What the quantity of a period costs, rounded once to `digits` decimals (None: not rounded, 60 digits).

    A quantity of zero costs nothing, but for what is due without units (FLAT, OVERAGE, a formula, `fee_at_zero`, a
    minimum). `attributes` are what a MATRIX looks at. Raises InvalidValue for a negative quantity, and NotPriced.
    """
    if quantity < 0:
        raise InvalidValue("A quantity is not negative.", field="quantity")
    with localcontext(WIDE):
        billable, parts = _billable(charge, quantity)
        made = _MODELS[charge.model](charge, billable, attributes)
        return finish(charge, made._replace(parts=(*parts, *made.parts)), billable, digits)


def finish(charge: Charge, made: Made, quantity: Decimal, digits: int | None) -> Priced:
    """Discount, bounds and rounding of what a model made, with the derivation of all of it."""
    exact, inputs, formula = made.amount, dict(made.inputs), made.formula
    levels = [exact]
    if charge.discount_percent:
        exact = exact * (HUNDRED - charge.discount_percent) / HUNDRED
        inputs["discount_percent"] = charge.discount_percent
        formula = f"({formula}) * (100 - discount_percent) / 100"
    levels.append(exact)
    if charge.minimum is not None:
        exact, inputs["minimum"] = max(exact, charge.minimum), charge.minimum
        formula = f"max({formula}, minimum)"
    levels.append(exact)
    if charge.maximum is not None:
        exact, inputs["maximum"] = min(exact, charge.maximum), charge.maximum
        formula = f"min({formula}, maximum)"
    levels.append(exact)
    if digits is not None:
        levels = [round_to(level, digits) for level in levels]
        inputs["digits"] = digits
        formula = f"round({formula}, digits)"
    listed, discounted, raised, amount = levels
    rule = f"charge.{charge.model}"
    derivation = Derivation(rule, 1, inputs, formula, amount, made.note, made.parts)
    return Priced(amount, derivation, quantity, listed, listed - discounted, raised - discounted, raised - amount)


def _billable(charge: Charge, quantity: Decimal) -> tuple[Decimal, tuple[Derivation, ...]]:
    """The quantity that is priced: converted, less the free units; with its derivation where it is another."""
    conversion = charge.conversion
    if conversion is None and not charge.free_units:
        return quantity, ()
    inputs: dict[str, Input] = {"metered": quantity}
    formula, found = "metered", quantity
    if conversion is not None and conversion.divide_by is not None:
        inputs["divide_by"] = conversion.divide_by
        formula, found = "metered / divide_by", quantity / conversion.divide_by
    elif conversion is not None and conversion.multiply_by is not None:
        inputs["multiply_by"] = conversion.multiply_by
        formula, found = "metered * multiply_by", quantity * conversion.multiply_by
    if conversion is not None and conversion.round is not Rounding.NONE:
        up = conversion.round is Rounding.UP
        formula = f"{'ceil' if up else 'floor'}({formula})"
        found = found.to_integral_value(ROUND_CEILING if up else ROUND_FLOOR)
    if charge.free_units:
        inputs["free_units"] = charge.free_units
        formula, found = f"max({formula} - free_units, 0)", max(found - charge.free_units, ZERO)
    return found, (Derivation("charge.quantity", 1, inputs, formula, found),)


type _Model = Callable[[Charge, Decimal, Mapping[str, str]], Made]


def _flat(charge: Charge, _quantity: Decimal, _attributes: Mapping[str, str]) -> Made:
    return Made(charge.price, {"price": charge.price}, "price")


def _unit(charge: Charge, quantity: Decimal, _attributes: Mapping[str, str]) -> Made:
    return Made(quantity * charge.price, {"quantity": quantity, "price": charge.price}, "quantity * price")


def _graduated(charge: Charge, quantity: Decimal, _attributes: Mapping[str, str]) -> Made:
    parts = _tiers(charge, quantity, Decimal(1), "(end - start) * unit_price + flat_fee")
    amounts = [part.result for part in parts]
    return Made(sum(amounts, ZERO), {"quantity": quantity, "tiers": amounts}, "sum(tiers)", parts)


def _graduated_percentage(charge: Charge, quantity: Decimal, _attributes: Mapping[str, str]) -> Made:
    parts = _tiers(charge, quantity, HUNDRED, "(end - start) * percent / 100 + flat_fee", "percent")
    amounts = [part.result for part in parts]
    return Made(sum(amounts, ZERO), {"amount": quantity, "tiers": amounts}, "sum(tiers)", parts)


def _tiers(
    charge: Charge, quantity: Decimal, per: Decimal, formula: str, rate: str = "unit_price"
) -> tuple[Derivation, ...]:
    """The part of each tier that is reached."""
    parts: list[Derivation] = []
    start = ZERO
    for tier in charge.tiers:
        if quantity <= start and not (charge.fee_at_zero and not parts):
            break
        end = quantity if tier.up_to is None else min(quantity, tier.up_to)
        amount = (end - start) * tier.unit_price / per + tier.flat_fee
        inputs: dict[str, Input] = {"end": end, "start": start, rate: tier.unit_price, "flat_fee": tier.flat_fee}
        parts.append(Derivation("charge.tier", 1, inputs, formula, amount, span_of(start, tier.up_to)))
        start = end
    return tuple(parts)


def _volume(charge: Charge, quantity: Decimal, _attributes: Mapping[str, str]) -> Made:
    if not quantity and not charge.fee_at_zero:
        return Made(ZERO, {"quantity": quantity}, "quantity")
    tier, note = tier_holding(charge, quantity)
    inputs: dict[str, Input] = {"quantity": quantity, "unit_price": tier.unit_price, "flat_fee": tier.flat_fee}
    return Made(quantity * tier.unit_price + tier.flat_fee, inputs, "quantity * unit_price + flat_fee", (), note)


def _package(charge: Charge, quantity: Decimal, _attributes: Mapping[str, str]) -> Made:
    packages = (quantity / charge.package_size).to_integral_value(ROUND_CEILING)
    inputs: dict[str, Input] = {"quantity": quantity, "package_size": charge.package_size, "price": charge.price}
    return Made(packages * charge.price, inputs, "ceil(quantity / package_size) * price")


def _percentage(charge: Charge, quantity: Decimal, _attributes: Mapping[str, str]) -> Made:
    from cashline.flow.agree.pricing.rules.payments import made_of_payments

    return made_of_payments(charge, (quantity,) if quantity else ())


def _overage(charge: Charge, quantity: Decimal, attributes: Mapping[str, str]) -> Made:
    above = max(quantity - charge.included_units, ZERO)
    inputs: dict[str, Input] = {"quantity": quantity, "included_units": charge.included_units}
    over = Derivation("charge.overage", 1, inputs, "max(quantity - included_units, 0)", above)
    tiers = _graduated(charge, above, attributes)
    amounts = [part.result for part in tiers.parts]
    return Made(
        charge.price + tiers.amount, {"price": charge.price, "tiers": amounts}, "price + sum(tiers)",
        (over, *tiers.parts),
    )  # fmt: skip


def _matrix(charge: Charge, quantity: Decimal, attributes: Mapping[str, str]) -> Made:
    fitting = [row for row in charge.rows if row.fits(attributes)]
    if fitting:
        row = max(fitting, key=lambda one: len(one.when))
        unit_price, note = row.unit_price, ", ".join(f"{name} {value}" for name, value in row.when)
    elif charge.default_price is not None:
        unit_price, note = charge.default_price, "no row fits"
    else:
        given = ", ".join(f"{name}={value}" for name, value in sorted(attributes.items())) or "none"
        raise NotPriced(f"No row of the matrix fits the attributes ({given}).", field="attributes")
    return Made(quantity * unit_price, {"quantity": quantity, "price": unit_price}, "quantity * price", (), note)


def _pre_rated(_charge: Charge, quantity: Decimal, _attributes: Mapping[str, str]) -> Made:
    return Made(quantity, {"amount": quantity}, "amount")


def _formula(charge: Charge, quantity: Decimal, _attributes: Mapping[str, str]) -> Made:
    inputs: dict[str, Input] = {"quantity": quantity, **dict(charge.parameters)}
    formula = f"max({charge.formula}, 0)"
    return Made(evaluate(formula, inputs), inputs, formula)


def _graduated_prorated(charge: Charge, quantity: Decimal, _attributes: Mapping[str, str]) -> Made:
    from cashline.flow.agree.pricing.rules.quantity_changes import QuantityChange, made_of_changes

    return made_of_changes(charge, (QuantityChange(quantity, quantity),) if quantity else ())


def tier_holding(charge: Charge, quantity: Decimal) -> tuple[Tier, str]:
    """The tier that holds the quantity (the first for nothing), and its span in words."""
    start = ZERO
    for tier in charge.tiers:
        if tier.up_to is None or quantity <= tier.up_to:
            return tier, span_of(start, tier.up_to)
        start = tier.up_to
    raise InvalidValue("The last tier is without end.", field="tiers")


def span_of(start: Decimal, up_to: Decimal | None) -> str:
    """The span of a tier in words."""
    return f"above {start:f}" if up_to is None else f"above {start:f} up to {up_to:f}"


_MODELS: Mapping[ChargeModel, _Model] = {
    ChargeModel.FLAT: _flat,
    ChargeModel.UNIT: _unit,
    ChargeModel.GRADUATED: _graduated,
    ChargeModel.VOLUME: _volume,
    ChargeModel.PACKAGE: _package,
    ChargeModel.PERCENTAGE: _percentage,
    ChargeModel.GRADUATED_PERCENTAGE: _graduated_percentage,
    ChargeModel.OVERAGE: _overage,
    ChargeModel.MATRIX: _matrix,
    ChargeModel.PRE_RATED: _pre_rated,
    ChargeModel.FORMULA: _formula,
    ChargeModel.GRADUATED_PRORATED: _graduated_prorated,
    ChargeModel.VOLUME_PRORATED: _graduated_prorated,
}
