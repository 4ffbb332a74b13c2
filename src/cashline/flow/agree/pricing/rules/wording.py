"""A charge in plain words, and the reading of tiers from lines of text that a person typed."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from cashline.flow.agree.pricing.rules.charges import Charge, ChargeModel, Rounding, Tier
from cashline.kernel.refusals import InvalidValue

WITHOUT_END = ("", "*", "above", "∞")


def describe(charge: Charge) -> tuple[str, ...]:
    """What the charge says, one sentence for each of its parts; amounts are in the currency of its price book."""
    return (*_model(charge), *_steps(charge))


def _model(charge: Charge) -> Iterator[str]:
    price = _number(charge.price)
    match charge.model:
        case ChargeModel.FLAT:
            yield f"{price} whatever the quantity."
        case ChargeModel.UNIT:
            yield f"{price} for each unit."
        case ChargeModel.PACKAGE:
            yield f"{price} for each package of {_number(charge.package_size)} begun."
        case ChargeModel.PERCENTAGE:
            yield f"{price} % of each payment" + (f" and {_number(charge.fixed_fee)}." if charge.fixed_fee else ".")
            yield from _payments(charge)
        case ChargeModel.OVERAGE:
            yield f"{price} for {_number(charge.included_units)} units; above them:"
            yield from _tiers(charge, "a unit")
        case ChargeModel.MATRIX:
            for row in charge.rows:
                yield f"{', '.join(f'{name} {value}' for name, value in row.when)}: {_number(row.unit_price)} a unit."
            if charge.default_price is not None:
                yield f"Otherwise: {_number(charge.default_price)} a unit."
        case ChargeModel.PRE_RATED:
            yield "The amount comes with the usage."
        case ChargeModel.FORMULA:
            given = "; ".join(f"{name} = {_number(value)}" for name, value in charge.parameters)
            yield charge.formula + (f", where {given}." if given else ".")
        case ChargeModel.VOLUME | ChargeModel.VOLUME_PRORATED:
            yield "All units at the price of the tier that the quantity reaches:"
            yield from _tiers(charge, "a unit")
        case _:
            percent = charge.model is ChargeModel.GRADUATED_PERCENTAGE
            yield "Each tier's amount at its percentage:" if percent else "Each tier's units at its price:"
            yield from _tiers(charge, "%" if percent else "a unit")


def _tiers(charge: Charge, per: str) -> Iterator[str]:
    start = Decimal(0)
    for tier in charge.tiers:
        span = f"above {_number(start)}" if tier.up_to is None else f"up to {_number(tier.up_to)}"
        fee = f" and {_number(tier.flat_fee)}" if tier.flat_fee else ""
        yield f"{span}: {_number(tier.unit_price)} {per}{fee}."
        start = tier.up_to or start
    if charge.fee_at_zero:
        yield "The first fee is due without units too."


def _payments(charge: Charge) -> Iterator[str]:
    free = [f"{charge.free_events} payments"] if charge.free_events is not None else []
    if charge.free_amount is not None:
        free.append(f"{_number(charge.free_amount)} of payments")
    if free:
        yield f"The first {' or '.join(free)} are free."
    if charge.payment_minimum is not None:
        yield f"At least {_number(charge.payment_minimum)} a payment."
    if charge.payment_maximum is not None:
        yield f"At most {_number(charge.payment_maximum)} a payment."


def _steps(charge: Charge) -> Iterator[str]:
    conversion = charge.conversion
    if conversion is not None:
        factor = conversion.divide_by or conversion.multiply_by or Decimal(1)
        verb = "divided" if conversion.divide_by is not None else "multiplied"
        rounded = "" if conversion.round is Rounding.NONE else f", rounded {conversion.round} to whole units"
        yield f"The quantity is {verb} by {_number(factor)}{rounded}."
    if charge.free_units:
        yield f"{_number(charge.free_units)} units are free."
    if charge.high_water_mark:
        yield "Only the highest running total of a period is billed."
    if charge.discount_percent:
        yield f"Less {_number(charge.discount_percent)} %."
    if charge.minimum is not None:
        yield f"At least {_number(charge.minimum)}."
    if charge.maximum is not None:
        yield f"At most {_number(charge.maximum)}."


def tiers_from_text(text: str) -> list[dict[str, Any]]:
    """Tiers as JSON from lines such as `100; 2.50; 5` (up to, price of a unit, fee), the last one `*; 1.95`.

    Raises InvalidValue for a line that has not two or three parts; the values are judged where the charge is read.
    """
    tiers: list[dict[str, Any]] = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        parts = [part.strip() for part in line.split(";")]
        if not 2 <= len(parts) <= 3:
            raise InvalidValue(
                f"Line {number} is no tier.", field="tiers", fix="Write up to; price; fee, such as 100; 2.50; 5."
            )
        tier: dict[str, Any] = {"up_to": None if parts[0] in WITHOUT_END else parts[0], "unit_price": parts[1]}
        tiers.append(tier | ({"flat_fee": parts[2]} if len(parts) == 3 and parts[2] else {}))
    return tiers


def tiers_as_text(tiers: tuple[Tier, ...]) -> str:
    """The same, back as lines."""
    return "\n".join(
        "; ".join(
            ["*" if tier.up_to is None else _number(tier.up_to), _number(tier.unit_price)]
            + ([_number(tier.flat_fee)] if tier.flat_fee else [])
        )
        for tier in tiers
    )


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"
