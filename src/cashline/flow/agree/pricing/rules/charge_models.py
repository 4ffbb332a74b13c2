"""Charge models: how a quantity becomes an amount. A new model is one function and one row in `_MODELS`.

The same function prices a quote line, a preview and usage. Every amount carries its derivation, and the formula in it
gives the same digits as the code here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cashline.kernel.derivations import Derivation, Input
from cashline.kernel.money import to_decimal
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import RoundingMode, divide, round_to


class ChargeModel(StrEnum):
    """How price depends on quantity.

    FLAT: one amount whatever the quantity. UNIT: so much for each. GRADUATED: each tier's units at that tier's price.
    VOLUME: all units at the price of the tier that the quantity reaches. PACKAGE: so much for each package begun.
    PERCENTAGE: the quantity is an amount of money, the price a percentage of it, within a minimum and a maximum.
    """

    FLAT = "flat"
    UNIT = "unit"
    GRADUATED = "graduated"
    VOLUME = "volume"
    PACKAGE = "package"
    PERCENTAGE = "percentage"


ZERO = Decimal(0)
MAX_TIERS = 100


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and including `up_to` (None: without end) cost `unit_price` each; `flat_fee` is due once reached."""

    up_to: Decimal | None
    unit_price: Decimal
    flat_fee: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Charge:
    """A model with its parameters. `price` is the amount (FLAT), for each unit or package, or the percentage."""

    model: ChargeModel
    price: Decimal = ZERO
    tiers: tuple[Tier, ...] = ()
    package_size: Decimal = Decimal(1)
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    @classmethod
    def unit(cls, price: Decimal) -> "Charge":
        """So much for each unit."""
        return cls(ChargeModel.UNIT, price)

    @property
    def list_price(self) -> Decimal:
        """The price of the first unit, as a price list shows it (10 decimals)."""
        if self.tiers:
            return self.tiers[0].unit_price
        return round_to(divide(self.price, self.package_size), 10)

    def as_json(self) -> dict[str, Any]:
        """The stored and published form: decimal strings, and only the parameters of the model."""
        shape: dict[str, Any] = {"model": self.model.value}
        if self.tiers:
            shape["tiers"] = [
                {
                    "up_to": None if tier.up_to is None else str(tier.up_to),
                    "unit_price": str(tier.unit_price),
                    **({"flat_fee": str(tier.flat_fee)} if tier.flat_fee else {}),
                }
                for tier in self.tiers
            ]
        else:
            shape["price"] = str(self.price)
        if self.model is ChargeModel.PACKAGE:
            shape["package_size"] = str(self.package_size)
        for name, bound in (("minimum", self.minimum), ("maximum", self.maximum)):
            if bound is not None:
                shape[name] = str(bound)
        return shape

    @classmethod
    def from_json(cls, shape: Mapping[str, Any]) -> "Charge":
        """Read the stored form, or a stranger's; raises InvalidValue where it makes no charge."""
        try:
            model = ChargeModel(shape.get("model", ""))
        except ValueError:
            known = ", ".join(ChargeModel)
            raise InvalidValue(
                f"There is no charge model {shape.get('model')!r}; known: {known}.", field="model"
            ) from None
        if unknown := shape.keys() - _MODELS[model].parameters - {"model"}:
            raise InvalidValue(f"A {model} charge has no {sorted(unknown)[0]}.", field=sorted(unknown)[0])
        charge = cls(
            model,
            _decimal(shape, "price", ZERO),
            tuple(_tier(tier, index) for index, tier in enumerate(shape.get("tiers", ()))),
            _decimal(shape, "package_size", Decimal(1)),
            _decimal(shape, "minimum") if shape.get("minimum") is not None else None,
            _decimal(shape, "maximum") if shape.get("maximum") is not None else None,
        )
        _check(charge)
        return charge


def _decimal(shape: Mapping[str, Any], name: str, default: Decimal = ZERO) -> Decimal:
    return to_decimal(shape[name], field=name) if name in shape else default


def _tier(shape: Any, index: int) -> Tier:
    if (
        not isinstance(shape, Mapping)
        or shape.keys() - {"up_to", "unit_price", "flat_fee"}
        or "unit_price" not in shape
    ):
        raise InvalidValue("A tier has up_to, unit_price and, if any, flat_fee.", field=f"tiers.{index}")
    up_to = shape.get("up_to")
    return Tier(
        None if up_to is None else to_decimal(up_to, field=f"tiers.{index}.up_to"),
        to_decimal(shape["unit_price"], field=f"tiers.{index}.unit_price"),
        to_decimal(shape.get("flat_fee", 0), field=f"tiers.{index}.flat_fee"),
    )


def _check(charge: Charge) -> None:
    tiered = "tiers" in _MODELS[charge.model].parameters
    if tiered and not 1 <= len(charge.tiers) <= MAX_TIERS:
        raise InvalidValue(f"A {charge.model} charge has 1 to {MAX_TIERS} tiers.", field="tiers")
    if charge.price < 0 or any(tier.unit_price < 0 or tier.flat_fee < 0 for tier in charge.tiers):
        raise InvalidValue("A price is not negative.", field="price")
    if charge.package_size <= 0:
        raise InvalidValue("A package holds more than nothing.", field="package_size")
    if charge.minimum is not None and charge.maximum is not None and charge.minimum > charge.maximum:
        raise InvalidValue("The minimum is above the maximum.", field="minimum")
    bounds = [tier.up_to for tier in charge.tiers]
    if charge.tiers and bounds[-1] is not None:
        raise InvalidValue("The last tier is without end: give it no up_to.", field=f"tiers.{len(bounds) - 1}.up_to")
    before = ZERO
    for index, bound in enumerate(bounds[:-1]):
        if bound is None or bound <= before:
            raise InvalidValue("Each tier ends above the one before.", field=f"tiers.{index}.up_to")
        before = bound


@dataclass(frozen=True, slots=True)
class Priced:
    """An amount and how it came about."""

    amount: Decimal
    derivation: Derivation


def price(charge: Charge, quantity: Decimal, *, digits: int) -> Priced:
    """What the quantity costs, rounded once to `digits` decimals; a quantity of zero costs nothing unless flat."""
    if quantity < 0:
        raise InvalidValue("A quantity is not negative.", field="quantity")
    exact, inputs, formula, parts, note = _MODELS[charge.model].amount(charge, quantity)
    if charge.minimum is not None:
        exact, inputs, formula = (
            max(exact, charge.minimum),
            {**inputs, "minimum": charge.minimum},
            f"max({formula}, minimum)",
        )
    if charge.maximum is not None:
        exact, inputs, formula = (
            min(exact, charge.maximum),
            {**inputs, "maximum": charge.maximum},
            f"min({formula}, maximum)",
        )
    amount = round_to(exact, digits)
    shown: dict[str, Input] = {**inputs, "digits": digits}
    derivation = Derivation(f"charge.{charge.model}", 1, shown, f"round({formula}, digits)", amount, note, parts)
    return Priced(amount, derivation)


type _Made = tuple[Decimal, dict[str, Input], str, tuple[Derivation, ...], str]


def _flat(charge: Charge, _quantity: Decimal) -> _Made:
    return charge.price, {"price": charge.price}, "price", (), ""


def _unit(charge: Charge, quantity: Decimal) -> _Made:
    return quantity * charge.price, {"quantity": quantity, "price": charge.price}, "quantity * price", (), ""


def _graduated(charge: Charge, quantity: Decimal) -> _Made:
    parts: list[Derivation] = []
    start = ZERO
    for tier in charge.tiers:
        if quantity <= start:
            break
        end = quantity if tier.up_to is None else min(quantity, tier.up_to)
        amount = (end - start) * tier.unit_price + tier.flat_fee
        inputs: dict[str, Input] = {
            "end": end,
            "start": start,
            "unit_price": tier.unit_price,
            "flat_fee": tier.flat_fee,
        }
        formula = "(end - start) * unit_price + flat_fee"
        parts.append(Derivation("charge.tier", 1, inputs, formula, amount, _span(start, tier.up_to)))
        start = end
    amounts = [part.result for part in parts]
    return sum(amounts, ZERO), {"quantity": quantity, "tiers": amounts}, "sum(tiers)", tuple(parts), ""


def _volume(charge: Charge, quantity: Decimal) -> _Made:
    start = ZERO
    for tier in charge.tiers:
        if tier.up_to is None or quantity <= tier.up_to:
            inputs: dict[str, Input] = {
                "quantity": quantity,
                "unit_price": tier.unit_price,
                "flat_fee": tier.flat_fee,
            }
            exact = quantity * tier.unit_price + tier.flat_fee
            return exact, inputs, "quantity * unit_price + flat_fee", (), _span(start, tier.up_to)
        start = tier.up_to
    raise InvalidValue("The last tier is without end.", field="tiers")


def _package(charge: Charge, quantity: Decimal) -> _Made:
    packages = round_to(divide(quantity, charge.package_size), 0, RoundingMode.CEILING)
    inputs: dict[str, Input] = {
        "quantity": quantity,
        "package_size": charge.package_size,
        "price": charge.price,
    }
    return packages * charge.price, inputs, "ceil(quantity / package_size) * price", (), ""


def _percentage(charge: Charge, quantity: Decimal) -> _Made:
    inputs: dict[str, Input] = {"amount": quantity, "percent": charge.price}
    return divide(quantity * charge.price, Decimal(100)), inputs, "amount * percent / 100", (), ""


def _span(start: Decimal, up_to: Decimal | None) -> str:
    return f"above {start:f}" if up_to is None else f"above {start:f} up to {up_to:f}"


@dataclass(frozen=True, slots=True)
class _Model:
    amount: Callable[[Charge, Decimal], _Made]
    parameters: frozenset[str]


_MODELS = {
    ChargeModel.FLAT: _Model(_flat, frozenset({"price"})),
    ChargeModel.UNIT: _Model(_unit, frozenset({"price"})),
    ChargeModel.GRADUATED: _Model(_graduated, frozenset({"tiers"})),
    ChargeModel.VOLUME: _Model(_volume, frozenset({"tiers"})),
    ChargeModel.PACKAGE: _Model(_package, frozenset({"price", "package_size"})),
    ChargeModel.PERCENTAGE: _Model(_percentage, frozenset({"price", "minimum", "maximum"})),
}
