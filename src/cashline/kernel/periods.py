"""Periods: half-open ranges of days `[start, end)`, and the intervals that tile them.

Every boundary of a recurring period is counted from its anchor, never from the boundary before, so a month that has
no 31st does not move the later ones. A business day begins at local midnight of a time zone (`day_start`).
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import divide

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""Between which days a door lets one name: a day beyond would be accepted now, and overflow a calendar later."""


class IntervalUnit(StrEnum):
    """The unit in which an interval is counted."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


REMEMBERED = 1 << 14
"""How many days and periods are remembered: a run asks for the same few of a hundred thousand subscriptions."""
_MONTHS = {IntervalUnit.MONTH: 1, IntervalUnit.QUARTER: 3, IntervalUnit.HALF_YEAR: 6, IntervalUnit.YEAR: 12}
_DAYS = {IntervalUnit.DAY: 1, IntervalUnit.WEEK: 7}


class DayCount(StrEnum):
    """How the part of a period is measured: actual days over the days of the period, or 30/360 (ISDA 2006 4.16(f))."""

    ACTUAL = "actual"
    THIRTY_360 = "30/360"


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `start` to the day before `end`; never empty."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise InvalidValue(f"A period must end after it starts: {self.start} to {self.end}.", field="period")

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last day that is inside."""
        return self.end - timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def overlap(self, other: "Period") -> "Period | None":
        """The days that both hold, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def __str__(self) -> str:
        return f"{self.start.isoformat()}/{self.end.isoformat()}"


def add_months(day: date, months: int, *, anchor_day: int | None = None) -> date:
    """`months` later, on `anchor_day` (default: the day of `day`) or on the last day of a month that has none."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(anchor_day or day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Interval:
    """`count` units, such as 3 months."""

    unit: IntervalUnit
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidValue("An interval counts at least one unit.", field="interval")

    @property
    def months(self) -> int:
        """Its length in months; 0 for days and weeks."""
        return _MONTHS.get(self.unit, 0) * self.count

    @property
    def days(self) -> int:
        """Its length in days; 0 where it is counted in months."""
        return _DAYS.get(self.unit, 0) * self.count

    def boundary(self, anchor: date, index: int) -> date:
        """The start of the period with that index (may be negative), counted from `anchor`."""
        if self.months:
            return add_months(anchor, self.months * index)
        return anchor + timedelta(days=self.days * index)

    def index_of(self, anchor: date, day: date) -> int:
        """The index of the period that holds `day`."""
        if self.months:
            months = (day.year - anchor.year) * 12 + day.month - anchor.month
            index = months // self.months
            return index if self.boundary(anchor, index) <= day else index - 1
        return (day - anchor).days // self.days

    def period_holding(self, anchor: date, day: date) -> Period:
        """The whole period that holds `day`."""
        return _period_holding(self, anchor, day)

    def periods(self, anchor: date, span: Period) -> Iterator[Period]:
        """The whole periods that touch `span`, in order; they tile, with no gap and no overlap."""
        index = self.index_of(anchor, span.start)
        start = self.boundary(anchor, index)
        while start < span.end:
            index += 1
            end = self.boundary(anchor, index)
            yield Period(start, end)
            start = end


@lru_cache(maxsize=REMEMBERED)
def _period_holding(interval: Interval, anchor: date, day: date) -> Period:
    index = interval.index_of(anchor, day)
    return Period(interval.boundary(anchor, index), interval.boundary(anchor, index + 1))


def fraction(part: Period, whole: Period, day_count: DayCount = DayCount.ACTUAL) -> Decimal:
    """How much of `whole` the `part` is (60 digits)."""
    if day_count is DayCount.THIRTY_360:
        return divide(Decimal(days_30_360(part)), Decimal(days_30_360(whole)))
    return divide(Decimal(part.days), Decimal(whole.days))


def days_30_360(period: Period) -> int:
    """Days of a period where each month has 30 (bond basis)."""
    start, end = period.start, period.end
    start_day = min(start.day, 30)
    end_day = 30 if end.day == 31 and start_day == 30 else end.day
    return (end.year - start.year) * 360 + (end.month - start.month) * 30 + end_day - start_day


def subtract(periods: Iterable[Period], taken: Iterable[Period]) -> list[Period]:
    """The days of `periods` (disjoint, in order) that no period of `taken` holds."""
    holes = sorted(taken, key=lambda period: period.start)
    left: list[Period] = []
    for period in periods:
        start = period.start
        for hole in holes:
            if hole.end <= start or hole.start >= period.end:
                continue
            if hole.start > start:
                left.append(Period(start, hole.start))
            start = max(start, hole.end)
        if start < period.end:
            left.append(Period(start, period.end))
    return left


def month_of(day: date) -> Period:
    """The calendar month that holds the day."""
    first = day.replace(day=1)
    return Period(first, add_months(first, 1))


@lru_cache(maxsize=REMEMBERED)
def day_start(day: date, zone: str) -> datetime:
    """The first instant (UTC) of a business day in a time zone.

    Where the clocks skip midnight the day begins at the first instant that exists; where midnight comes twice it
    begins at the first of them, so that days tile the time line.
    """
    tz = ZoneInfo(zone)
    instant = datetime.combine(day, time(), tz).replace(fold=0).astimezone(UTC)
    if instant.astimezone(tz).date() < day:
        instant = datetime.combine(day, time(), tz).replace(fold=1).astimezone(UTC)
    back = instant.astimezone(tz)
    if back.date() == day and back.time() != time():
        instant -= timedelta(hours=back.hour, minutes=back.minute, seconds=back.second)
        while instant.astimezone(tz).date() < day:
            instant += timedelta(minutes=1)
    return instant


@cache
def timezones() -> frozenset[str]:
    """The names of the time zone database (IANA); it lies in many files, which are walked once."""
    return frozenset(available_timezones())


def local_day(instant: datetime, zone: str) -> date:
    """The business day that an instant falls on in a time zone."""
    if instant.fold:  # of two instants that differ in nothing else only the first is remembered
        return instant.astimezone(ZoneInfo(zone)).date()
    return _local_day(instant, zone)


@lru_cache(maxsize=REMEMBERED)
def _local_day(instant: datetime, zone: str) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()
