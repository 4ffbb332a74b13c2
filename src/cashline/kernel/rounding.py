"""Rounding and allocation: the only place where an amount loses digits.

Halves go away from zero by default (commercial rounding; PostgreSQL's `round(numeric)` does the same, so SQL and
Python agree). `allocate` shares an amount by largest remainder, so that the parts always sum to the whole.
"""

from collections.abc import Sequence
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)
from enum import StrEnum
from fractions import Fraction

WIDE = Context(prec=60)
"""The precision of what is not rounded yet."""
MAX_DIGITS = 12
_QUANTA = {digits: Decimal(1).scaleb(-digits) for digits in range(MAX_DIGITS + 1)}


class RoundingMode(StrEnum):
    """How the digit after the last kept one decides; names as in `java.math.RoundingMode` and ISO 80000-1."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    HALF_DOWN = "half_down"
    UP = "up"
    DOWN = "down"
    CEILING = "ceiling"
    FLOOR = "floor"


_DECIMAL_MODE = {
    RoundingMode.HALF_UP: ROUND_HALF_UP,
    RoundingMode.HALF_EVEN: ROUND_HALF_EVEN,
    RoundingMode.HALF_DOWN: ROUND_HALF_DOWN,
    RoundingMode.UP: ROUND_UP,
    RoundingMode.DOWN: ROUND_DOWN,
    RoundingMode.CEILING: ROUND_CEILING,
    RoundingMode.FLOOR: ROUND_FLOOR,
}


def round_to(value: Decimal, digits: int, mode: RoundingMode = RoundingMode.HALF_UP) -> Decimal:
    """Round `value` to `digits` decimals (0 to 12); never returns a negative zero."""
    rounded = value.quantize(_QUANTA[digits], _DECIMAL_MODE[mode], WIDE)
    return rounded if rounded else abs(rounded)


def round_fraction(value: Fraction, digits: int) -> Decimal:
    """Round an exact fraction to `digits` decimals, halves away from zero; never returns a negative zero."""
    whole, rest = divmod(abs(value.numerator) * 10**digits, value.denominator)
    if 2 * rest >= value.denominator:
        whole += 1
    return Decimal(-whole if value < 0 else whole).scaleb(-digits, WIDE)


def round_parts(exact: Sequence[Fraction], digits: int) -> list[Decimal]:
    """The parts rounded so that they sum to the rounded sum; the units left over go to the parts that lost most."""
    parts = [round_fraction(part, digits) for part in exact]
    whole = round_fraction(sum(exact, Fraction(0)), digits)
    missing = int((whole - sum(parts, Decimal(0))).scaleb(digits))
    if missing:
        unit = _QUANTA[digits] if missing > 0 else -_QUANTA[digits]
        lost = [(part - Fraction(rounded)) * missing for part, rounded in zip(exact, parts, strict=True)]
        for index in sorted(range(len(parts)), key=lambda place: (-lost[place], place))[: abs(missing)]:
            parts[index] += unit
    return parts


def divide(numerator: Decimal, denominator: Decimal) -> Decimal:
    """The quotient with 60 significant digits, so that a later rounding is the only one that shows."""
    return WIDE.divide(numerator, denominator)


def allocate(total: Decimal, weights: Sequence[Decimal], digits: int) -> list[Decimal]:
    """Share `total` in proportion to `weights` in units of 10^-digits; the parts sum to `total` exactly.

    Largest remainder: every part is rounded towards zero, and the units left over go, one each, to the parts that
    lost most (the earlier one on a tie). `total` must itself be a multiple of the unit, the weights must not be
    negative, and where all are zero the shares are equal. Raises ValueError otherwise.
    """
    if not weights:
        raise ValueError("Nothing to allocate to: give at least one weight.")
    if any(weight < 0 for weight in weights):
        raise ValueError("Weights must not be negative.")
    unit = _QUANTA[digits]
    if round_to(total, digits, RoundingMode.DOWN) != total:
        raise ValueError(f"{total} is not a multiple of {unit}.")
    whole = sum(weights, Decimal(0))
    shares = list(weights) if whole else [Decimal(1)] * len(weights)
    whole = whole or Decimal(len(weights))
    exact = [WIDE.divide(WIDE.multiply(abs(total), share), whole) for share in shares]
    parts = [value.quantize(unit, ROUND_DOWN, WIDE) for value in exact]
    missing = int((abs(total) - sum(parts, Decimal(0))) / unit)
    by_loss = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_loss[:missing]:
        parts[index] += unit
    sign = -1 if total < 0 else 1
    return [part * sign if part else part for part in parts]
