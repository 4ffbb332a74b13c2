"""Orders as buyers send them in files, before anything is known of customers, products or prices here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cashline.kernel.money import minor_units, to_decimal
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all

MAX_LINES = 5_000
MAX_TEXT = 200
MAX_LONG_TEXT = 2_000
MAX_DECIMALS = 9
MAX_REPORTED = 500
"""A file that is wrong throughout is not answered with a file as long."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})?", re.ASCII)


class NotAnOrder(Refusal):
    """The file is well formed and holds no order."""

    code = "not_an_order"


class OrderFieldMissing(InvalidValue):
    """A field that an order needs is not there."""

    code = "order_field_missing"


class OrderFieldInvalid(InvalidValue):
    """A field of an order cannot be read."""

    code = "order_field_invalid"


class OrderFileTooLong(Refusal):
    """The file has more lines than are taken at once."""

    code = "order_file_too_long"


@dataclass(frozen=True, slots=True)
class IncomingParty:
    """A party as the file names it; `gln` is its number at GS1, `endpoint` its electronic address as scheme:value."""

    name: str = ""
    tax_id: str = ""
    endpoint: str = ""
    gln: str = ""
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncomingAddress:
    """Where to deliver."""

    name: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class IncomingLine:
    """A line as the file states it. No price: the buyer expects the agreed one. `row` is its line in the file."""

    line_no: str
    quantity: Decimal
    unit: str = ""
    sku: str = ""
    buyer_sku: str = ""
    standard_item: str = ""
    description: str = ""
    unit_price: Decimal | None = None
    discount_percent: Decimal | None = None
    interval_months: int | None = None
    term_months: int | None = None
    requested_delivery: date | None = None
    row: int = 0


@dataclass(frozen=True, slots=True)
class IncomingOrder:
    """An order as a file states it; `external_reference` is the buyer's own number."""

    external_reference: str
    currency: str
    buyer: IncomingParty
    lines: tuple[IncomingLine, ...]
    issued_on: date | None = None
    seller: IncomingParty = IncomingParty()
    requested_delivery: date | None = None
    ship_to: IncomingAddress | None = None
    note: str = ""
    row: int = 0


class Findings:
    """Collects everything that is wrong with a file, each with its field, its line and its fix."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def missing(self, field: str, message: str, fix: str = "", **place: Any) -> None:
        """Something needed is not there."""
        self.refusals.append(OrderFieldMissing(message, field=field, fix=fix, **place))

    def invalid(self, field: str, message: str, fix: str = "", **place: Any) -> None:
        """Something there cannot be read."""
        self.refusals.append(OrderFieldInvalid(message, field=field, fix=fix, **place))

    def raise_all(self) -> None:
        """Refuse with all of them, the first 500 where there are more."""
        more = len(self.refusals) - MAX_REPORTED
        shown: Iterable[Refusal] = self.refusals
        if more > 0:
            last = OrderFieldInvalid(f"{more:,} more errors are not listed.", field="file", fix="Mend these first.")
            shown = [*self.refusals[:MAX_REPORTED], last]
        raise_all(shown)

    def text(self, value: str, field: str, name: str, *, limit: int = MAX_TEXT, **place: Any) -> str:
        """One line of text with single blanks; too long is a finding."""
        text = " ".join(value.split())
        if len(text) > limit:
            self.invalid(
                field, f"{name} has {len(text):,} characters; at most {limit} are kept.", "Shorten it.", **place
            )
        return text

    def number(self, value: str, field: str, name: str, **place: Any) -> Decimal | None:
        """A plain decimal number of at most nine decimals, or a finding and None."""
        if not _NUMBER.fullmatch(value):
            fix = "Write it as 1234.50, with a point and without blanks or separators."
            self.invalid(field, f"{name} {value[:40]!r} is not a number.", fix, **place)
            return None
        try:
            number = to_decimal(value)
        except InvalidValue as refusal:
            self.invalid(field, f"{name}: {refusal.message}", **place)
            return None
        exponent = number.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > MAX_DECIMALS:
            message = f"{name} {value[:40]} has more than {MAX_DECIMALS} decimals."
            self.invalid(field, message, "Round it.", **place)
            return None
        return number

    def quantity(self, value: str, field: str, **place: Any) -> Decimal:
        """A quantity above zero; what is wrong is a finding, and then zero."""
        number = self.number(value, field, "The quantity", **place)
        if number is not None and number <= 0:
            self.invalid(
                field, f"The quantity {value} is not above zero.", "Leave out lines without quantity.", **place
            )
        return number or Decimal(0)

    def price(self, value: str, field: str, name: str = "The price", **place: Any) -> Decimal | None:
        """A price of zero or more, None where none is given; what is wrong is a finding."""
        if not value:
            return None
        number = self.number(value, field, name, **place)
        if number is not None and number < 0:
            self.invalid(field, f"{name} {value} is negative.", **place)
            return None
        return number

    def day(self, value: str, field: str, name: str, **place: Any) -> date | None:
        """A day written as 2026-03-31 (an offset behind it is ignored), None where none is given."""
        if not value:
            return None
        found = _DATE.fullmatch(value)
        try:
            if found:
                return date.fromisoformat(found.group(1))
        except ValueError:
            pass  # well written and yet no day, such as 2026-02-30
        self.invalid(field, f"{name} {value[:40]!r} is not a day.", "Write it as 2026-03-31.", **place)
        return None

    def currency(self, value: str, field: str, **place: Any) -> str:
        """An ISO 4217 code."""
        if not value:
            self.missing(field, "The currency is missing.", "Give the ISO 4217 code, such as EUR.", **place)
            return ""
        try:
            minor_units(value)
        except InvalidValue as refusal:
            self.invalid(field, refusal.message, "Give the ISO 4217 code in capital letters, such as EUR.", **place)
        return value
