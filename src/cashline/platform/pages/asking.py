"""What a person asks of a list, read from the address: filters, sort, cursor, size.

A bad value is an error to show, never a crash.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from django.http import QueryDict

from cashline.kernel.money import MAX_AMOUNT
from cashline.platform import lists
from cashline.platform.pages.components import Column, Filter, Label
from cashline.platform.pages.fields import FieldError
from cashline.platform.pages.speaking import gettext as _

MAX_PAGE_SIZE = 200
MAX_TEXT = 200
MAX_CURSOR = 1000
MAX_TRAIL = 50


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days from `start` up to but not including `end`; None is open."""

    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class AmountRange:
    """Amounts from `least` to `most`, both included; None is open."""

    least: Decimal | None = None
    most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force: its words, and the query-string keys that clear it."""

    label: Label
    words: str
    clears: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListAsk:
    """The asked filters by name, `sort` (a column key, `descending` or not), the cursor and how many rows."""

    texts: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dates: Mapping[str, DateRange] = field(default_factory=dict)
    amounts: Mapping[str, AmountRange] = field(default_factory=dict)
    sort: str = ""
    descending: bool = False
    cursor: str = ""
    trail: tuple[str, ...] = ()
    """The cursors of the pages between the first and this one, which lead back."""
    size: int = 50
    errors: tuple[FieldError, ...] = ()

    def text(self, name: str = "q") -> str:
        """The words of a search filter; empty when not asked."""
        return self.texts.get(name, "")

    def choices(self, name: str) -> tuple[str, ...]:
        """The chosen options; empty means all."""
        return self.chosen.get(name, ())

    def date_range(self, name: str) -> DateRange:
        """The asked days, half-open."""
        return self.dates.get(name, DateRange())

    def amount_range(self, name: str) -> AmountRange:
        """The asked amounts, inclusive."""
        return self.amounts.get(name, AmountRange())

    @property
    def page(self) -> lists.Ask:
        """Sort, cursor and size as `platform.lists` takes them."""
        return lists.Ask(self.sort, self.descending, self.cursor, self.size)

    @property
    def filtered(self) -> bool:
        """Is anything narrowed?"""
        return bool(self.texts or self.chosen or self.dates or self.amounts)


class _Reader:
    """Reads one query string, gathering the errors as it goes."""

    def __init__(self, query: QueryDict) -> None:
        self.query = query
        self.errors: list[FieldError] = []

    def day(self, name: str, label: Label) -> date | None:
        text = self.query.get(name, "").strip()
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            message = _("%(label)s: %(text)s is not a date such as 2026-03-31.") % {"label": label, "text": text[:40]}
            self.errors.append(FieldError(name, message))
            return None

    def days(self, asked: Filter) -> DateRange:
        first = self.day(f"{asked.name}_from", asked.label)
        last = self.day(f"{asked.name}_to", asked.label)
        if first and last and last < first:
            message = _("%(label)s: the last day is before the first.") % {"label": asked.label}
            self.errors.append(FieldError(f"{asked.name}_to", message))
            return DateRange()
        end = last + timedelta(days=1) if last and last < date.max else None
        return DateRange(first, end)

    def amount(self, name: str, label: Label) -> Decimal | None:
        text = self.query.get(name, "").strip()
        if not text:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) >= MAX_AMOUNT:
            message = _("%(label)s: %(text)s is not an amount such as 1250.00.") % {"label": label, "text": text[:40]}
            self.errors.append(FieldError(name, message))
            return None
        return number

    def choices(self, asked: Filter) -> tuple[str, ...]:
        known = {option.value for option in asked.options}
        found = tuple(dict.fromkeys(value for value in self.query.getlist(asked.name) if value))
        for value in found:
            if value not in known:
                message = _("%(label)s: there is no %(text)s.") % {"label": asked.label, "text": value[:40]}
                self.errors.append(FieldError(asked.name, message))
        return tuple(value for value in found if value in known)

    def size(self, usual: int) -> int:
        text = self.query.get("size", "")
        return max(1, min(MAX_PAGE_SIZE, int(text))) if text.isdecimal() and len(text) < 6 else usual


def read_ask(
    query: QueryDict, columns: Iterable[Column], filters: Iterable[Filter], *, default_sort: str = "", size: int = 50
) -> ListAsk:
    """Read a list's query string; unknown sort keys fall back to the default, bad filter values become errors."""
    reader = _Reader(query)
    texts: dict[str, str] = {}
    chosen: dict[str, tuple[str, ...]] = {}
    dates: dict[str, DateRange] = {}
    amounts: dict[str, AmountRange] = {}
    for asked in filters:
        if asked.kind == "search" and (words := query.get(asked.name, "").strip()[:MAX_TEXT]):
            texts[asked.name] = words
        elif asked.kind == "choice" and (options := reader.choices(asked)):
            chosen[asked.name] = options
        elif asked.kind == "dates" and (days := reader.days(asked)) != DateRange():
            dates[asked.name] = days
        elif asked.kind == "amounts":
            least = reader.amount(f"{asked.name}_min", asked.label)
            most = reader.amount(f"{asked.name}_max", asked.label)
            if least is not None or most is not None:
                amounts[asked.name] = AmountRange(least, most)
    sortable = {column.key for column in columns if column.sort}
    sort = query.get("sort", "")
    if sort.removeprefix("-") not in sortable:
        sort = default_sort
    cursor = query.get("after", "")[:MAX_CURSOR]
    return ListAsk(
        texts,
        chosen,
        dates,
        amounts,
        sort.removeprefix("-"),
        sort.startswith("-"),
        cursor,
        tuple(one[:MAX_CURSOR] for one in query.getlist("trail")[-MAX_TRAIL:]) if cursor else (),
        reader.size(size),
        tuple(reader.errors),
    )


def chips(ask: ListAsk, filters: Iterable[Filter]) -> tuple[Chip, ...]:
    """The filters in force, in the order of the bar."""
    found: list[Chip] = []
    for asked in filters:
        if asked.kind == "search" and asked.name in ask.texts:
            found.append(Chip(asked.label, f"“{ask.texts[asked.name]}”", (asked.name,)))
        elif asked.kind == "choice" and asked.name in ask.chosen:
            labels = {option.value: str(option.label) for option in asked.options}
            words = ", ".join(labels[value] for value in ask.chosen[asked.name])
            found.append(Chip(asked.label, words, (asked.name,)))
        elif asked.kind == "dates" and asked.name in ask.dates:
            found.append(Chip(asked.label, _days(ask.dates[asked.name]), (f"{asked.name}_from", f"{asked.name}_to")))
        elif asked.kind == "amounts" and asked.name in ask.amounts:
            found.append(
                Chip(asked.label, _amounts(ask.amounts[asked.name]), (f"{asked.name}_min", f"{asked.name}_max"))
            )
    return tuple(found)


def _days(days: DateRange) -> str:
    from cashline.platform.pages.formats import format_day

    last = days.end - timedelta(days=1) if days.end else None
    if days.start and last:
        return f"{format_day(days.start)} – {format_day(last)}"
    if days.start:
        return _("from %(day)s") % {"day": format_day(days.start)}
    return _("until %(day)s") % {"day": format_day(last)}


def _amounts(amounts: AmountRange) -> str:
    from cashline.platform.pages.formats import format_number

    if amounts.least is not None and amounts.most is not None:
        return f"{format_number(amounts.least)} – {format_number(amounts.most)}"
    if amounts.least is not None:
        return f"≥ {format_number(amounts.least)}"
    return f"≤ {format_number(amounts.most)}"
