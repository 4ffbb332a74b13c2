"""Fiscal calendars: years of months, or of weeks in quarters of 4-4-5, 4-5-4 or 5-4-4, or in 13 periods of four.

A year of weeks ends on a weekday: the last of a month, or the one nearest to its end (US Internal Revenue Code 441(f)).
So it has 52 weeks, and now and then 53; the last period takes the week more. Periods tile the time line.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from cashline.kernel.periods import FIRST_DAY, LAST_DAY, REMEMBERED, Period, add_months, month_of
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal

type Slicer = Callable[[date], Period]
"""The days that are posted together with a day: its month, or a slice of it."""
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_CODE = re.compile(r"FY(\d{4})-P(\d{2})")


class FiscalPattern(StrEnum):
    """How a year is cut into periods."""

    MONTHS = "months"
    WEEKS_4_4_5 = "4-4-5"
    WEEKS_4_5_4 = "4-5-4"
    WEEKS_5_4_4 = "5-4-4"
    THIRTEEN = "13x4"


class YearEnd(StrEnum):
    """On which of the weekdays a year of weeks ends: the last of its month, or the one nearest to the month's end."""

    LAST = "last"
    NEAREST = "nearest"


_WEEKS: dict[FiscalPattern, tuple[int, ...]] = {
    FiscalPattern.WEEKS_4_4_5: (4, 4, 5) * 4,
    FiscalPattern.WEEKS_4_5_4: (4, 5, 4) * 4,
    FiscalPattern.WEEKS_5_4_4: (5, 4, 4) * 4,
    FiscalPattern.THIRTEEN: (4,) * 13,
}


@dataclass(frozen=True, slots=True)
class FiscalPeriod:
    """A period of a fiscal year; `number` counts from 1. `weeks` is 0 where the periods are months.

    One in which the calendar began to hold starts late; `weeks` is then what it has otherwise.
    """

    year: int
    number: int
    quarter: int
    start: date
    end: date
    weeks: int = 0

    @property
    def last_day(self) -> date:
        """The last day that belongs to it."""
        return self.end - _DAY

    @property
    def name(self) -> str:
        """Its name, such as FY2026 P03."""
        return f"FY{self.year} P{self.number:02}"

    @property
    def is_month(self) -> bool:
        """Is it a calendar month?"""
        return not self.weeks

    @property
    def code(self) -> str:
        """By which doors name it: 2026-03 for a calendar month, otherwise such as FY2026-P03."""
        return f"{self.start:%Y-%m}" if self.is_month else f"FY{self.year}-P{self.number:02}"


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """The calendar of an entity: a year ends in or near its `end_month`, on a `weekday` (Monday is 0).

    A year is named by the calendar year of its `end_month`, or with `named_before` by the year before that. It holds
    from the day `since` on; before it, periods are calendar months and years calendar years. None: it always held.
    """

    pattern: FiscalPattern = FiscalPattern.MONTHS
    end_month: int = 12
    weekday: int = 5
    year_end: YearEnd = YearEnd.LAST
    named_before: bool = False
    since: date | None = None

    def errors(self) -> list[Refusal]:
        """What is wrong with it."""
        found: list[Refusal] = []
        if not 1 <= self.end_month <= 12:
            found.append(InvalidValue("The last month of a year is 1 to 12.", field="end_month"))
        if not 0 <= self.weekday <= 6:
            found.append(InvalidValue("A weekday is 0 (Monday) to 6 (Sunday).", field="weekday"))
        if self.since is not None and not FIRST_DAY <= self.since <= LAST_DAY:
            found.append(InvalidValue("A calendar cannot hold from that day on.", field="since"))
        elif self.since is not None and self.is_months and self.since.day != 1:
            found.append(InvalidValue("Another year of months holds from the first day of a month on.", field="since"))
        return found

    @property
    def is_months(self) -> bool:
        """Are its periods calendar months?"""
        return self.pattern is FiscalPattern.MONTHS

    def year(self, name: int) -> Period:
        """The days of the fiscal year of that name, as if the calendar had always held."""
        number = name + self.named_before
        return Period(self._last_day(number - 1) + _DAY, self._last_day(number) + _DAY)

    def periods(self, name: int) -> tuple[FiscalPeriod, ...]:
        """The periods of the fiscal year of that name, in order: 12, or 13 of four weeks.

        Of a year in which the calendar began to hold: the months of that name before that day, and the rest.
        """
        return _held_periods(self, name) if self.since else _periods(self, name)

    def period_of(self, day: date) -> FiscalPeriod:
        """The period that holds the day."""
        return _period_of(self, day)

    def name_of(self, period: FiscalPeriod) -> str:
        """Its name, such as FY2026 P03; before the calendar began to hold that of the month, such as 2026-02."""
        return period.code if self.since and period.start < self.since else period.name

    def period_named(self, text: str) -> FiscalPeriod:
        """The period that doors name so: FY2026-P03, or 2026-03 for a calendar month; raises NotFound."""
        fix = ""
        if fiscal := _CODE.fullmatch(text):
            year, number = int(fiscal[1]), int(fiscal[2])
            if FIRST_DAY.year < year < LAST_DAY.year:
                for one in self.periods(year):
                    if one.number == number and one.code == text:
                        return one
        elif month := _month_named(text):
            found = self.period_of(month.start)
            if found.code == text:
                return found
            last = month.last_day
            fix = f"It closes by its fiscal calendar: {last} lies in {self.period_of(last).code}."
        raise NotFound(f"There is no period {text[:20]!r}.", field="month", fix=fix)

    def periods_within(self, start: date, end: date) -> tuple[FiscalPeriod, ...]:
        """The periods from the one that holds `start` up to that of the day before `end`, in order."""
        found: list[FiscalPeriod] = []
        while start < end:
            found.append(self.period_of(start))
            start = found[-1].end
        return tuple(found)

    def year_before(self, end: date) -> date:
        """The first day of as many periods before `end` as a year has: twelve, or thirteen."""
        start = end
        for _ in range(13 if self.pattern is FiscalPattern.THIRTEEN else 12):
            start = self.period_of(start - _DAY).start
        return start

    def year_start(self, day: date) -> date:
        """The first day of the fiscal year that holds the day; the year of a change begins with its months."""
        since = self.since
        if since is not None and day < since:
            return date(day.year, 1, 1)
        start = self.year(self.period_of(day).year).start
        if since is None or start >= since:
            return start
        months = date(since.year, 1, 1)
        return months if months >= start else since

    def quarter_start(self, period: FiscalPeriod) -> date:
        """The first day of the quarter that holds the period."""
        if self.since is not None and period.start < self.since:
            return date(period.start.year, (period.quarter - 1) * 3 + 1, 1)
        first = next(one.start for one in self.periods(period.year) if one.quarter == period.quarter)
        return first if self.since is None else max(first, self.year_start(period.start))

    def slice_of(self, day: date) -> Period:
        """The days that lie in the same calendar month and in the same period as that day.

        What is posted by slices stands right in reports by months and in those by periods.
        """
        return _slice_of(self, day)

    def as_json(self) -> dict[str, str | int | bool]:
        """The stored form."""
        since = {"since": self.since.isoformat()} if self.since else {}
        return since | {
            "pattern": self.pattern.value,
            "end_month": self.end_month,
            "weekday": self.weekday,
            "year_end": self.year_end.value,
            "named_before": self.named_before,
        }

    def _last_day(self, number: int) -> date:
        """The last day of the year that ends in or near the end month of a calendar year."""
        last = date(number, self.end_month, monthrange(number, self.end_month)[1])
        if self.is_months:
            return last
        back = (last.weekday() - self.weekday) % 7
        found = last - timedelta(days=back)
        return found + _WEEK if self.year_end is YearEnd.NEAREST and back > 3 else found


MONTHS = FiscalCalendar()
"""The calendar of who has none: years and months as everybody's."""


def calendar_of(shape: Mapping[str, Any]) -> FiscalCalendar:
    """The calendar of a stored form; nothing stored are calendar months. Raises InvalidValue."""
    try:
        return FiscalCalendar(
            FiscalPattern(shape.get("pattern", FiscalPattern.MONTHS)),
            int(shape.get("end_month", 12)),
            int(shape.get("weekday", 5)),
            YearEnd(shape.get("year_end", YearEnd.LAST)),
            bool(shape.get("named_before", False)),
            date.fromisoformat(shape["since"]) if shape.get("since") else None,
        )
    except ValueError as error:
        raise InvalidValue(f"This is no fiscal calendar: {error}.", field="fiscal_calendar") from None


def _month_named(text: str) -> Period | None:
    """The month of a name such as 2026-03."""
    try:
        month = month_of(date.fromisoformat(f"{text}-01"))
    except (ValueError, OverflowError):
        return None
    return month if FIRST_DAY <= month.start <= LAST_DAY and f"{month.start:%Y-%m}" == text else None


@lru_cache(maxsize=REMEMBERED)
def _slice_of(calendar: FiscalCalendar, day: date) -> Period:
    month = month_of(day)
    if calendar.is_months:
        return month
    period = _period_of(calendar, day)
    return Period(max(month.start, period.start), min(month.end, period.end))


@lru_cache(maxsize=REMEMBERED)
def _period_of(calendar: FiscalCalendar, day: date) -> FiscalPeriod:
    if calendar.since is not None:
        return _held(calendar, day, calendar.since)
    guess = day.year - calendar.named_before
    for name in (guess, guess + 1, guess - 1):
        if day in calendar.year(name):
            return next(one for one in calendar.periods(name) if one.start <= day < one.end)
    raise InvalidValue(f"{day} lies in no fiscal year.", field="day")


def _held(calendar: FiscalCalendar, day: date, since: date) -> FiscalPeriod:
    """The period that holds the day by a calendar that holds from a day on: that day ends one and begins the next."""
    if day < since:
        month = _period_of(MONTHS, day)
        return replace(month, end=min(month.end, since))
    found = _period_of(replace(calendar, since=None), day)
    return replace(found, start=max(found.start, since))


@lru_cache(maxsize=256)
def _held_periods(calendar: FiscalCalendar, name: int) -> tuple[FiscalPeriod, ...]:
    whole = calendar.year(name)
    since = calendar.since or whole.start
    months = calendar.periods_within(date(name, 1, 1), min(date(name + 1, 1, 1), since))
    return months + calendar.periods_within(max(whole.start, since), whole.end)


@lru_cache(maxsize=256)
def _periods(calendar: FiscalCalendar, name: int) -> tuple[FiscalPeriod, ...]:
    year = calendar.year(name)
    if calendar.is_months:
        months = [month_of(add_months(year.start, index)) for index in range(12)]
        return tuple(
            FiscalPeriod(name, index + 1, index // 3 + 1, month.start, month.end) for index, month in enumerate(months)
        )
    weeks = list(_WEEKS[calendar.pattern])
    weeks[-1] += year.days // 7 - sum(weeks)
    found: list[FiscalPeriod] = []
    start = year.start
    for index, count in enumerate(weeks):
        end = start + count * _WEEK
        found.append(FiscalPeriod(name, index + 1, min(index // 3 + 1, 4), start, end, count))
        start = end
    return tuple(found)
