"""Pricing changes of a quantity within a period: tiers by whole units, price on what each change counts for."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import NamedTuple

from cashline.flow.agree.pricing.rules.charge_models import Made, Priced, finish, tier_holding
from cashline.flow.agree.pricing.rules.charges import ZERO, Charge, ChargeModel
from cashline.kernel.derivations import Derivation, Input
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import WIDE

CHANGING = (ChargeModel.GRADUATED_PRORATED, ChargeModel.VOLUME_PRORATED)


class QuantityChange(NamedTuple):
    """Whole units added (removed where negative), and the same times the part of the period for which they count."""

    units: Decimal
    prorated_units: Decimal


def price_changes(charge: Charge, changes: Sequence[QuantityChange], *, digits: int | None) -> Priced:
    """What the changes of a period cost.

    GRADUATED_PRORATED: each change whole at the tier of its last unit, which the running total finds (after an
    addition, before a removal), plus the fee of every tier that the highest total reached. VOLUME_PRORATED: all
    prorated units at the price of the tier that holds the sum of whole units, plus the fee of that tier. Raises
    InvalidValue for another model, and where more is removed than there is.
    """
    if charge.model not in CHANGING:
        raise InvalidValue(f"A {charge.model} charge does not price changes of a quantity.", field="model")
    total = ZERO
    for change in changes:
        total += change.units
        if total < 0:
            raise InvalidValue("More units are removed than there are.", field="changes")
    with localcontext(WIDE):
        prorated = sum((change.prorated_units for change in changes), ZERO)
        return finish(charge, made_of_changes(charge, changes), prorated, digits)


def made_of_changes(charge: Charge, changes: Sequence[QuantityChange]) -> Made:
    """What the model makes of the changes, before discount and bounds of the period."""
    if charge.model is ChargeModel.VOLUME_PRORATED:
        return _volume(charge, changes)
    return _graduated(charge, changes)


def _volume(charge: Charge, changes: Sequence[QuantityChange]) -> Made:
    units = sum((change.units for change in changes), ZERO)
    prorated = [change.prorated_units for change in changes]
    tier, note = tier_holding(charge, units)
    fee = tier.flat_fee if units or charge.fee_at_zero else ZERO
    inputs: dict[str, Input] = {"prorated_units": prorated, "unit_price": tier.unit_price, "flat_fee": fee}
    amount = sum(prorated, ZERO) * tier.unit_price + fee
    return Made(amount, inputs, "sum(prorated_units) * unit_price + flat_fee", (), note)


def _graduated(charge: Charge, changes: Sequence[QuantityChange]) -> Made:
    parts: list[Derivation] = []
    total = highest = ZERO
    for change in changes:
        last_unit = total if change.units < 0 else total + change.units
        tier, note = tier_holding(charge, last_unit)
        amount = change.prorated_units * tier.unit_price
        inputs: dict[str, Input] = {"prorated_units": change.prorated_units, "unit_price": tier.unit_price}
        parts.append(Derivation("charge.change", 1, inputs, "prorated_units * unit_price", amount, note))
        total += change.units
        highest = max(highest, total)
    fees = list(_fees(charge, highest))
    amounts = [part.result for part in parts]
    return Made(
        sum(amounts, ZERO) + sum(fees, ZERO),
        {"changes": amounts, "flat_fees": fees},
        "sum(changes) + sum(flat_fees)",
        tuple(parts),
        f"at most {highest:f} units",
    )


def _fees(charge: Charge, highest: Decimal) -> Sequence[Decimal]:
    """The fees of every tier that the highest running total reached."""
    found: list[Decimal] = []
    start = ZERO
    for tier in charge.tiers:
        if highest <= start and not (charge.fee_at_zero and not start):
            break
        found.append(tier.flat_fee)
        if tier.up_to is None:
            break
        start = tier.up_to
    return found
