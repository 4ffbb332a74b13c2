"""Where the periods of an interval begin, and what share of a period a part of it is.

An anchor gives the day from which all boundaries are counted (`first_boundary`); `Interval` does the counting.
A share is a pair of whole numbers, so that a line can show it (14 / 28 days) and the amount is rounded once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from cashline.kernel.periods import Interval, Period, add_months, day_start, days_30_360
from cashline.kernel.refusals import InvalidValue

LAST_ANCHOR_DAY = 28


class AnchorKind(StrEnum):
    """CALENDAR: weeks from Monday, months from day 1, quarters, half years and years from January.

    ANNIVERSARY: from the day of the start; a month without that day has it on its last day. DAY_OF_MONTH: from the last
    day of the month with a number, at or before the start.
    """

    CALENDAR = "calendar"
    ANNIVERSARY = "anniversary"
    DAY_OF_MONTH = "day_of_month"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A kind of anchor; `day` is the number of DAY_OF_MONTH (1 to 28), else 0."""

    kind: AnchorKind = AnchorKind.ANNIVERSARY
    day: int = 0

    def __post_init__(self) -> None:
        if self.kind is AnchorKind.DAY_OF_MONTH and not 1 <= self.day <= LAST_ANCHOR_DAY:
            raise InvalidValue(f"An anchor day is 1 to {LAST_ANCHOR_DAY}.", field="anchor.day")
        if self.kind is not AnchorKind.DAY_OF_MONTH and self.day:
            raise InvalidValue(f"A {self.kind} anchor has no day.", field="anchor.day")

    def first_boundary(self, interval: Interval, start: date) -> date:
        """The beginning, at or before `start`, of the whole period from which all others are counted."""
        if self.kind is AnchorKind.ANNIVERSARY:
            return start
        if self.kind is AnchorKind.DAY_OF_MONTH:
            return start.replace(day=self.day) if start.day >= self.day else add_months(start, -1, anchor_day=self.day)
        if interval.months:
            index = start.year * 12 + start.month - 1
            return add_months(start.replace(day=1), -(index % interval.months))
        return start - timedelta(days=(start.toordinal() - 1) % interval.days)


class Proration(StrEnum):
    """What a part of a period costs, as a share of its whole price.

    DAY: days of the part over days of the period. SECOND: seconds, by the clock of a time zone. THIRTY_360: days of a
    year of twelve months of 30. MONTH: whole months, each with the part that holds its first day. NONE: all of it.
    """

    DAY = "day"
    SECOND = "second"
    THIRTY_360 = "30/360"
    MONTH = "month"
    NONE = "none"


class Share(NamedTuple):
    """`part` of `whole`, both counted in the unit of a proration."""

    part: int
    whole: int


def share(part: Period, whole: Period, proration: Proration, *, zone: str = "UTC") -> Share:
    """How much of `whole` the `part` is; the shares of parts that tile a period add up to it, but for NONE.

    MONTH raises InvalidValue for a period that is not made of whole months.
    """
    if proration is Proration.NONE:
        return Share(1, 1)
    if proration is Proration.DAY:
        return Share(part.days, whole.days)
    if proration is Proration.THIRTY_360:
        return Share(days_30_360(part), days_30_360(whole))
    if proration is Proration.MONTH:
        firsts = list(_months(whole))
        return Share(sum(first in part for first in firsts), len(firsts))
    return share_of_seconds(day_start(part.start, zone), day_start(part.end, zone), whole, zone=zone)


def share_of_seconds(start: datetime, end: datetime, whole: Period, *, zone: str) -> Share:
    """How much of a period lies between two instants, by the second; a day of 23 or 25 hours counts as it is."""
    first, last = day_start(whole.start, zone), day_start(whole.end, zone)
    inside = min(end, last) - max(start, first)
    return Share(max(0, inside // timedelta(seconds=1)), (last - first) // timedelta(seconds=1))


def period_parts(interval: Interval, boundary: date, span: Period) -> Iterator[tuple[Period, Period]]:
    """Each whole period that `span` touches, with the part of it that lies in the span; the parts tile the span."""
    for whole in interval.periods(boundary, span):
        part = whole.overlap(span)
        if part is not None:
            yield part, whole


def _months(whole: Period) -> Iterator[date]:
    index, first = 0, whole.start
    while first < whole.end:
        yield first
        index += 1
        first = add_months(whole.start, index)
    if first != whole.end:
        raise InvalidValue(f"{whole} is not made of whole months, so that it cannot be prorated by month.")
