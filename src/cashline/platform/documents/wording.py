"""The words and the number formats of documents, in the customer's language and locale.

Words exist in English, German and French; any other language gets English words with its own dates and numbers
(CLDR, by Babel). A template receives finished texts and never formats anything.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent

from cashline.kernel.money import minor_units
from cashline.kernel.periods import Period
from cashline.platform.documents.words import UNITS, WORDS


@dataclass(frozen=True, slots=True)
class Wording:
    """Words and formats of one locale, such as `de_AT`; make it by `wording_for`."""

    locale: Locale

    @property
    def language(self) -> str:
        """The language of the words: en, de or fr."""
        return self.locale.language if self.locale.language in WORDS else "en"

    @property
    def labels(self) -> dict[str, str]:
        """The words of the templates by key; a key that a language lacks is English."""
        return WORDS["en"] | WORDS[self.language]

    def word(self, key: str) -> str:
        """One word; an unknown key is its own text, so that callers may give plain labels too."""
        return self.labels.get(key, key)

    def long_date(self, day: date | None) -> str:
        """31 March 2026, in the locale's long form."""
        return format_date(day, "long", locale=self.locale) if day else ""

    def short_date(self, day: date) -> str:
        """31 Mar 2026, in the locale's medium form."""
        return format_date(day, "medium", locale=self.locale)

    def instant(self, at: datetime, zone: str = "UTC") -> str:
        """Date and time to the second with the zone's name, for evidence."""
        shown = format_datetime(at.astimezone(ZoneInfo(zone)), "long", locale=self.locale)
        return shown.replace("\u202f", " ")

    def period(self, period: Period | None) -> str:
        """First to last day."""
        return f"{self.short_date(period.start)} – {self.short_date(period.last_day)}" if period else ""

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount with its currency: €1,472.63 or 1.472,63 €; letters stand apart from the digits."""
        shown = format_currency(amount, currency, locale=self.locale)
        return _minus(re.sub(r"(?<=[^\W\d])(?=\d)", "\u00a0", shown))

    def amount(self, amount: Decimal, currency: str) -> str:
        """An amount of a table, with the decimals of its currency and no sign for it."""
        digits = minor_units(currency)
        return _minus(format_decimal(amount, f"#,##0.{'0' * digits}" if digits else "#,##0", locale=self.locale))

    def price(self, price: Decimal, currency: str) -> str:
        """A unit price: the decimals of the currency, and up to six more where it has them."""
        digits = minor_units(currency)
        return _minus(format_decimal(price, f"#,##0.{'0' * digits}######", locale=self.locale))

    def number(self, value: Decimal) -> str:
        """A quantity with as many decimals as it has, at most nine."""
        return _minus(format_decimal(value, "#,##0.#########", locale=self.locale))

    def percent(self, value: Decimal) -> str:
        """A rate given in percent: 19 % or 8.5%, as the locale writes it."""
        return _percent(self.locale, value)

    def unit(self, unit: str) -> str:
        """The unit in words; the code itself where it is unknown."""
        return UNITS.get(self.language, {}).get(unit) or UNITS["en"].get(unit, unit)


def wording_for(locale: str) -> Wording:
    """The wording of a locale tag such as `de`, `de-AT` or `en_GB`; English where the tag is unknown."""
    return _wording(locale)


@cache
def _wording(locale: str) -> Wording:
    try:
        return Wording(Locale.parse(locale.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return Wording(Locale("en"))


def _minus(text: str) -> str:
    """With the minus sign, which is as wide as a digit, in place of the hyphen."""
    return text.replace("-", "−")


@lru_cache(1000)
def _percent(locale: Locale, value: Decimal) -> str:
    pattern = str(locale.percent_formats[None].pattern).replace("##0", "##0.####")
    return _minus(format_percent(value / 100, pattern, locale=locale, decimal_quantization=False))
