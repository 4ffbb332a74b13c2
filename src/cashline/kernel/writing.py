"""Writing values in sentences for people, by a locale (Babel): money, prices, numbers, percentages, days.

A template holds named values with how each is written, as `{quantity:number} × {unit_price:money}`. A part in brackets
is left out where a value in it is missing, or where all of them are nothing: `[, less {free:money} that is free]`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol

from cashline.kernel.money import minor_units

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")
_CODE_BEFORE_NUMBER = re.compile(r"(?<=[^\W\d_])(?=\d)")
_HUNDRED = Decimal(100)
_WIDE = Context(prec=100)
"""What is too large for the books is still written where a sentence says so."""


@lru_cache(maxsize=64)
def locale_of(tag: str) -> Locale:
    """The locale of a tag such as `de`, `de-AT` or `en_GB`; English where it is unknown."""
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def write_money(amount: Decimal, currency: str, locale: str = "en", *, signed: bool = False) -> str:
    """An amount with its currency, its minor units and every further digit that it carries: €1,234.50, 1.234,50 €."""
    where = locale_of(locale)
    with localcontext(_WIDE):
        exact = _trimmed(amount, minor_units(currency))
        if get_currency_symbol(currency, where).strip():
            text = format_currency(exact, currency, locale=where, decimal_quantization=False)
            text = _CODE_BEFORE_NUMBER.sub("\u00a0", text)
        else:
            text = f"{format_decimal(exact, locale=where, decimal_quantization=False)}\u00a0{currency}"
    return f"+{text}" if signed and amount > 0 else text.replace("-", "−")


def write_number(number: Decimal, locale: str) -> str:
    """A number with group separators and no zeros behind its last digit."""
    with localcontext(_WIDE):
        text: str = format_decimal(_trimmed(number, 0), locale=locale_of(locale), decimal_quantization=False)
    return text.replace("-", "−")


def write_percent(number: Decimal, locale: str) -> str:
    """A number that already stands for percent, as the locale writes it: 12.5%, 12,5 %."""
    text: str = format_percent(_trimmed(number, 0) / _HUNDRED, locale=locale_of(locale), decimal_quantization=False)
    return text.replace("-", "−")


def write_day(day: date, locale: str) -> str:
    """A business date in the locale's medium form: Mar 31, 2026."""
    return str(format_date(day, "medium", locale=locale_of(locale)))


def _trimmed(number: Decimal, digits: int) -> Decimal:
    """Without zeros behind its last digit, but with at least `digits` decimals."""
    plain = number.normalize()
    least = Decimal(1).scaleb(-digits)
    exponent = plain.as_tuple().exponent
    return plain + 0 * least if isinstance(exponent, int) and exponent > -digits else plain


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of a template, written by the name that stands behind its colon."""

    value: object
    currency: str
    locale: str

    @property
    def numbers(self) -> list[Decimal]:
        """The value as numbers; one where it is no list. Raises for what is no number."""
        if isinstance(self.value, Sequence) and not isinstance(self.value, str):
            return [Decimal(str(one)) for one in self.value]
        return [Decimal(str(self.value))]

    def __format__(self, form: str) -> str:
        if form == "":
            return str(self.value)
        if form == "day":
            return write_day(date.fromisoformat(str(self.value)), self.locale)
        if form == "count":
            return str(len(self.numbers))
        total = sum(self.numbers, Decimal(0))
        if form in ("money", "signed"):
            return write_money(total, self.currency, self.locale, signed=form == "signed")
        if form == "percent":
            return write_percent(total, self.locale)
        if form == "share":
            return write_percent(total * _HUNDRED, self.locale)
        return write_number(total, self.locale)

    def is_nothing(self, form: str) -> bool:
        """Is it zero or empty, or (`times`) just once?"""
        if form == "":
            return not str(self.value)
        return form not in ("day",) and sum(self.numbers, Decimal(0)) == (1 if form == "times" else 0)


def fill(template: str, values: Mapping[str, object], *, currency: str = "", locale: str = "en") -> str:
    """The template with its values; raises KeyError for a missing one outside of brackets."""
    held = {name: _Value(value, currency, locale) for name, value in values.items() if value is not None}

    def part(found: re.Match[str]) -> str:
        fields = _FIELD.findall(found[1])
        if any(name not in held for name, _ in fields):
            return ""
        return "" if fields and all(held[name].is_nothing(form) for name, form in fields) else found[1]

    return _OPTIONAL.sub(part, template).format_map(held)
