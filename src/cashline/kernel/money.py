"""Money: an exact amount in one currency. Amounts of different currencies never mix, and no float is accepted.

Minor units come from ISO 4217 (0 for JPY, 2 for EUR, 3 for KWD, 4 for CLF). `CU`, the currency unit of the
illustrative examples of IFRS 15, is known with two decimals.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Self

from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.kernel.rounding import RoundingMode, allocate, round_to

MAX_AMOUNT = Decimal("1e15")
"""Amounts at or beyond this are refused at every door (the database columns are numeric(20, 4))."""


class CurrencyMismatch(Refusal):
    """Two amounts of different currencies met where one currency was needed."""

    code = "currency_mismatch"


@cache
def minor_units(currency: str) -> int:
    """Decimals of the smallest unit of an ISO 4217 currency; raises InvalidValue for an unknown code."""
    if currency == "CU":
        return 2
    from iso4217 import Currency

    try:
        exponent = Currency(currency).exponent
    except ValueError:
        raise InvalidValue(f"{currency!r} is not an ISO 4217 currency code.", field="currency") from None
    if exponent is None:
        raise InvalidValue(f"{currency} has no minor unit and cannot be invoiced.", field="currency")
    return int(exponent)


def to_decimal(value: str | int | Decimal, *, field: str = "amount") -> Decimal:
    """Read an exact number from text, int or Decimal; floats, NaN and infinities are refused with InvalidValue."""
    if isinstance(value, float | bool):
        raise InvalidValue("A float cannot hold money, a rate or a quantity: give a decimal string.", field=field)
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        raise InvalidValue(f"{value!r} is not a decimal number.", field=field) from None
    if not number.is_finite():
        raise InvalidValue(f"{value!r} is not a finite number.", field=field)
    if abs(number) >= MAX_AMOUNT:
        raise InvalidValue(f"{value} is too large.", field=field)
    return number


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`amount` major units of `currency`; the amount may carry more digits than the minor unit until `rounded()`."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"Money holds a Decimal, not {type(self.amount).__name__}.")

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Self:
        """Read an amount from text or int, checking the currency code."""
        minor_units(currency)
        return cls(to_decimal(amount), currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in that currency."""
        return cls(Decimal(0), currency)

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: str) -> "Money":
        """The sum of the amounts, zero when there are none."""
        result = cls.zero(currency)
        for amount in amounts:
            result = result + amount
        return result

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be mixed.", field="currency")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.amount), self.currency)

    def __mul__(self, factor: Decimal | int) -> "Money":
        if not isinstance(factor, Decimal | int):
            raise TypeError("Money is multiplied by a Decimal or an int.")
        return Money(self.amount * factor, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def rounded(self, mode: RoundingMode = RoundingMode.HALF_UP) -> "Money":
        """This amount in whole minor units of its currency."""
        return Money(round_to(self.amount, minor_units(self.currency), mode), self.currency)

    def allocate(self, weights: Iterable[Decimal]) -> "list[Money]":
        """Share this (rounded) amount by weight; the parts sum to it exactly (see `rounding.allocate`)."""
        parts = allocate(self.amount, list(weights), minor_units(self.currency))
        return [Money(part, self.currency) for part in parts]
