"""Charges: the models by which a quantity becomes an amount, with their parameters, and reading them with all errors.

`charge_models.py` prices by them. Which parameters a model has stands in `PARAMETERS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cashline.kernel.formulas import evaluate
from cashline.kernel.rounding import divide, round_to


class ChargeModel(StrEnum):
    """How price depends on quantity.

    FLAT: one amount whatever the quantity. UNIT: so much for each. GRADUATED: each tier's units at that tier's price.
    VOLUME: all units at the price of the tier that the quantity reaches. PACKAGE: so much for each package begun.
    PERCENTAGE: the quantity is a payment, the price a percentage of it and a fixed fee, within a least and a most for
    each payment, after free payments. GRADUATED_PERCENTAGE: each tier's part of an amount at that tier's percentage.
    OVERAGE: one amount for the units that are included, tiers for those above. MATRIX: the unit price by attributes of
    what is priced, the most specific row first. PRE_RATED: the quantity is the amount. FORMULA: arithmetic over the
    quantity. GRADUATED_PRORATED, VOLUME_PRORATED: tiers by whole units, price on the part of the period they count for.
    """

    FLAT = "flat"
    UNIT = "unit"
    GRADUATED = "graduated"
    VOLUME = "volume"
    PACKAGE = "package"
    PERCENTAGE = "percentage"
    GRADUATED_PERCENTAGE = "graduated_percentage"
    OVERAGE = "overage"
    MATRIX = "matrix"
    PRE_RATED = "pre_rated"
    FORMULA = "formula"
    GRADUATED_PRORATED = "graduated_prorated"
    VOLUME_PRORATED = "volume_prorated"


ZERO = Decimal(0)
_SPEND = frozenset({"discount_percent", "minimum", "maximum"})
_METERED = _SPEND | {"free_units", "conversion", "high_water_mark"}
_TIERED = frozenset({"tiers", "fee_at_zero"})
PARAMETERS: Mapping[ChargeModel, frozenset[str]] = {
    ChargeModel.FLAT: _SPEND | {"price"},
    ChargeModel.UNIT: _METERED | {"price"},
    ChargeModel.GRADUATED: _METERED | _TIERED,
    ChargeModel.VOLUME: _METERED | _TIERED,
    ChargeModel.PACKAGE: _METERED | {"price", "package_size"},
    ChargeModel.PERCENTAGE: _SPEND
    | {"price", "fixed_fee", "free_events", "free_amount", "payment_minimum", "payment_maximum"},
    ChargeModel.GRADUATED_PERCENTAGE: _SPEND | _TIERED,
    ChargeModel.OVERAGE: _METERED | {"price", "tiers", "included_units"},
    ChargeModel.MATRIX: _METERED | {"rows", "default_price"},
    ChargeModel.PRE_RATED: _SPEND,
    ChargeModel.FORMULA: _METERED | {"formula", "parameters"},
    ChargeModel.GRADUATED_PRORATED: _SPEND | _TIERED,
    ChargeModel.VOLUME_PRORATED: _SPEND | _TIERED,
}


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and including `up_to` (None: without end); above it, even by a fraction, begins the next tier.

    `unit_price` is a percentage where the model is one. `flat_fee` is due once when the tier is reached.
    """

    up_to: Decimal | None
    unit_price: Decimal
    flat_fee: Decimal = ZERO


class Rounding(StrEnum):
    """Whether a converted quantity is rounded to a whole unit."""

    NONE = "none"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Conversion:
    """Turns the metered quantity into the priced one: one of the two factors, then the rounding."""

    divide_by: Decimal | None = None
    multiply_by: Decimal | None = None
    round: Rounding = Rounding.NONE


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A unit price for what carries all these attributes."""

    when: tuple[tuple[str, str], ...]
    unit_price: Decimal

    def fits(self, attributes: Mapping[str, str]) -> bool:
        """Does what is priced carry every attribute of this row?"""
        return all(attributes.get(name) == value for name, value in self.when)


@dataclass(frozen=True, slots=True)
class Charge:
    """A model with its parameters; amounts without tax.

    `price` is the amount (FLAT, OVERAGE), for each unit or package, or the percentage. `minimum` and `maximum` bound
    the amount of a period, after `discount_percent`. `free_units` come off after the `conversion`. `high_water_mark`:
    the highest running total of a period is priced. `fee_at_zero`: the first tier's fee is due without units too.
    """

    model: ChargeModel
    price: Decimal = ZERO
    tiers: tuple[Tier, ...] = ()
    package_size: Decimal = Decimal(1)
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    free_units: Decimal = ZERO
    conversion: Conversion | None = None
    discount_percent: Decimal = ZERO
    high_water_mark: bool = False
    fee_at_zero: bool = False
    fixed_fee: Decimal = ZERO
    free_events: int | None = None
    free_amount: Decimal | None = None
    payment_minimum: Decimal | None = None
    payment_maximum: Decimal | None = None
    included_units: Decimal = ZERO
    default_price: Decimal | None = None
    rows: tuple[MatrixRow, ...] = ()
    formula: str = ""
    parameters: tuple[tuple[str, Decimal], ...] = ()

    @classmethod
    def unit(cls, price: Decimal) -> "Charge":
        """So much for each unit."""
        return cls(ChargeModel.UNIT, price)

    @property
    def plain(self) -> bool:
        """Is it so much for each unit, and nothing else?"""
        return self == Charge.unit(self.price)

    @property
    def list_price(self) -> Decimal:
        """The price of the first unit, as a price list shows it (10 decimals)."""
        if self.tiers:
            return self.tiers[0].unit_price
        if self.model is ChargeModel.MATRIX:
            return self.rows[0].unit_price if self.default_price is None else self.default_price
        if self.model is ChargeModel.PRE_RATED:
            return Decimal(1)
        if self.model is ChargeModel.FORMULA:
            first = evaluate(self.formula, {"quantity": Decimal(1), **dict(self.parameters)})
            return round_to(max(first, ZERO), 10)
        return round_to(divide(self.price, self.package_size), 10)

    def as_json(self) -> dict[str, Any]:
        """The stored and published form: decimal strings, and only the parameters that the model has and uses."""
        known = PARAMETERS[self.model]
        shape: dict[str, Any] = {"model": self.model.value}
        if "tiers" in known:
            shape["tiers"] = [self._tier_as_json(tier) for tier in self.tiers]
        if "price" in known:
            shape["price"] = str(self.price)
        if "package_size" in known:
            shape["package_size"] = str(self.package_size)
        for name in sorted(known - {"tiers", "price", "package_size"}):
            value = getattr(self, name)
            if value not in (None, False, "", (), ZERO) or (value is not None and name in _OPTIONAL):
                shape[name] = _as_json(value)
        return shape

    def _tier_as_json(self, tier: Tier) -> dict[str, Any]:
        rate = "percent" if self.model is ChargeModel.GRADUATED_PERCENTAGE else "unit_price"
        shape: dict[str, Any] = {"up_to": None if tier.up_to is None else str(tier.up_to), rate: str(tier.unit_price)}
        return {**shape, "flat_fee": str(tier.flat_fee)} if tier.flat_fee else shape

    @classmethod
    def from_json(cls, shape: Mapping[str, Any]) -> "Charge":
        """Read the stored form, or a stranger's; raises InvalidValue for everything in which it makes no charge."""
        from cashline.flow.agree.pricing.rules.reading import read_charge

        return read_charge(shape)


_OPTIONAL = frozenset(
    {"minimum", "maximum", "free_events", "free_amount", "payment_minimum", "payment_maximum", "default_price"}
)
"""Parameters of which 0 says something else than their absence."""


def _as_json(value: Any) -> Any:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, Conversion):
        factors = {"divide_by": value.divide_by, "multiply_by": value.multiply_by}
        return {name: str(one) for name, one in factors.items() if one is not None} | {"round": value.round.value}
    if isinstance(value, tuple) and value and isinstance(value[0], MatrixRow):
        return [{"when": dict(row.when), "unit_price": str(row.unit_price)} for row in value]
    if isinstance(value, tuple):
        return {name: str(one) for name, one in value}
    return str(value)
