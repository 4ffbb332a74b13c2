"""How values are written for people, by the language in force (Babel): money, numbers, days, instants.

Amounts of documents are never rounded here; `format_short` and `digits` are for overviews and ratios alone.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal, get_currency_symbol
from django.utils import timezone
from django.utils.translation import get_language

from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.money import Money
from cashline.kernel.rounding import round_to
from cashline.platform.pages.speaking import gettext
from cashline.platform.snapshots.rules import Shown

NONE = "—"
MINUS = "−"
_TRAILING = re.compile(r"(-?\d+\.\d\d)(\d*?)0*")
_CODE_BEFORE_NUMBER = re.compile(r"(?<=[A-Za-z])(?=\d)")
_WIDE = Context(prec=100)
DAYS_UP_TO = 60
"""Distances below this are told in days, longer ones in months and years."""


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def current_locale() -> Locale:
    """The locale of the language in force; English where Babel does not know it."""
    return _locale(get_language() or "en")


def _zone(zone: str | None) -> ZoneInfo:
    return ZoneInfo(zone) if zone else ZoneInfo(timezone.get_current_timezone_name())


def _typographic(text: str) -> str:
    """A true minus, and a space between a currency's code and its number, as CLDR asks."""
    return _CODE_BEFORE_NUMBER.sub("\u00a0", text.replace("-", MINUS, 1) if text.startswith("-") else text)


def format_money(amount: Decimal | Money | None, currency: str = "", locale: str = "") -> str:
    """An amount with its currency's sign, at least its minor units and every further digit that it carries."""
    if amount is None:
        return NONE
    if isinstance(amount, Money):
        currency = amount.currency
        amount = amount.amount
    where = _locale(locale) if locale else current_locale()
    if not get_currency_symbol(currency, where).strip():
        return _typographic(f"{_exactly(format_decimal, amount, locale=where)} {currency}")
    return _typographic(_exactly(format_currency, amount, currency, locale=where))


def _exactly(write: Callable[..., str], number: Decimal | int, *given: str, locale: Locale) -> str:
    """A number with all its digits, also one that is too large for the books."""
    with localcontext(_WIDE):
        return write(number, *given, locale=locale, decimal_quantization=False)


def format_number(number: Decimal | int | None, digits: int | None = None) -> str:
    """A number with group separators; `digits` fixes the decimals shown for figures that are not documents' amounts."""
    if number is None:
        return NONE
    if digits is not None and isinstance(number, Decimal):
        number = round_to(number, digits)
        pattern = "#,##0." + "0" * digits if digits else "#,##0"
        return _typographic(format_decimal(number, format=pattern, locale=current_locale()))
    if isinstance(number, Decimal):
        number = number.normalize() if number == number.to_integral_value() else number
    return _typographic(_exactly(format_decimal, number, locale=current_locale()))


def format_input(number: Decimal | int) -> str:
    """A number as a person of this language would type it: all its digits, no group separators."""
    digits = max(0, -int(Decimal(number).as_tuple().exponent))
    pattern = "0." + "0" * digits if digits else "0"
    return format_decimal(number, format=pattern, locale=current_locale(), group_separator=False)


def trim_number(text: str) -> str:
    """A decimal as a derivation keeps it, without the zeros behind its second digit: 39.2000000000 is 39.20."""
    found = _TRAILING.fullmatch(text)
    return f"{found[1]}{found[2]}" if found else text


def format_percent(number: Decimal | int | None) -> str:
    """A number that already stands for percent, with the sign: 12.5 is 12.5%."""
    return NONE if number is None else f"{format_number(number)}%"


def format_whole(money: Money) -> str:
    """An amount in whole major units, for the figures of overviews; one below 100 keeps its minor units."""
    exact = money.rounded()
    if abs(exact.amount) < 100 and exact.amount != exact.amount.to_integral_value():
        return format_money(exact)
    whole = round_to(money.amount, 0)
    text = format_currency(whole, money.currency, locale=current_locale(), currency_digits=False, format="¤#,##0")
    return _typographic(text)


def format_short(money: Money) -> str:
    """An amount in few characters for boards and axes: €1.2M. The exact one stands where it leads."""
    where, amount = current_locale(), money.amount
    for size, letter in ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "K")):
        if abs(amount) >= size * (10 if letter == "K" else 1):
            digits = 1 if abs(amount) < size * 100 else 0
            number = format_decimal(round_to(abs(amount) / size, digits), locale=where)
            sign = "-" if amount < 0 else ""
            return _typographic(f"{sign}{get_currency_symbol(money.currency, where)}{number}{letter}")
    return format_whole(money)


def format_day(day: date | None) -> str:
    """A business date: Mar 31, 2026."""
    return NONE if day is None else format_date(day, "medium", locale=current_locale())


def format_month(day: date | None) -> str:
    """The month of a date: Mar 2026."""
    return NONE if day is None else format_skeleton("yMMM", day, locale=current_locale())


def period_name(period: FiscalPeriod) -> str:
    """The name of an accounting period: Mar 2026, or FY2026 P03 by a fiscal calendar of weeks."""
    return format_month(period.start) if period.is_month else period.name


def format_instant(instant: datetime | None, zone: str | None = None) -> str:
    """An instant in the given or current zone: Mar 31, 2026, 14:05."""
    if instant is None:
        return NONE
    there = instant.astimezone(_zone(zone))
    return f"{format_day(there.date())}, {format_time(there, 'short', locale=current_locale())}"


def with_instant(subtitle: str, found: Shown[Any]) -> str:
    """A page's subtitle, and as of when its figures are where they were not read for it."""
    if not found.kept:
        return subtitle
    as_of = gettext("as of %(instant)s") % {"instant": format_instant(found.as_of)}
    return f"{subtitle} · {as_of}" if subtitle else as_of


def format_clock_time(instant: datetime, zone: str | None = None) -> str:
    """The time of day of an instant."""
    return format_time(instant.astimezone(_zone(zone)), "short", locale=current_locale())


def day_of(instant: datetime, zone: str | None = None) -> date:
    """The day on which an instant falls in the given or current zone."""
    return instant.astimezone(_zone(zone)).date()


def format_relative(value: date | datetime | None, today: date | None) -> str:
    """How far a day is from `today`: today, tomorrow, 12 days ago, in 3 months; the day itself without a today."""
    if value is None:
        return NONE
    day = day_of(value) if isinstance(value, datetime) else value
    if today is None:
        return format_day(day)
    distance = (day - today).days
    if distance == 0:
        return gettext("today")
    if distance == 1:
        return gettext("tomorrow")
    if distance == -1:
        return gettext("yesterday")
    away, unit_from = timedelta(days=distance), 1.5 if abs(distance) >= DAYS_UP_TO else DAYS_UP_TO
    return format_timedelta(away, granularity="day", threshold=unit_from, add_direction=True, locale=current_locale())


def format_id(text: str) -> str:
    """A public id short enough to read: its prefix and last six characters."""
    prefix, _, body = text.partition("_")
    return f"{prefix}_…{body[-6:]}" if len(body) > 10 else text
