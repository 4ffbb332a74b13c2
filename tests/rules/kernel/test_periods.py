"""Periods tile: no gap and no overlap, over 400 years, all anchors, and every zone whose offset ever changed."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashline.kernel.calendars import BusinessDayRule, add_business_days, adjust, is_business_day
from cashline.kernel.periods import (
    DayCount,
    Interval,
    IntervalUnit,
    Period,
    add_months,
    day_start,
    days_30_360,
    fraction,
    local_day,
    month_of,
    subtract,
)
from cashline.kernel.refusals import InvalidValue

days = st.dates(min_value=date(1900, 1, 1), max_value=date(2299, 12, 31))
intervals = st.builds(Interval, st.sampled_from(IntervalUnit), st.integers(1, 36))


@pytest.mark.parametrize("anchor_day", [28, 29, 30, 31])
@pytest.mark.parametrize("months", [1, 3, 12])
def test_months_from_late_anchors_tile_four_hundred_years(anchor_day: int, months: int) -> None:
    anchor = date(1900, 1, anchor_day)
    interval = Interval(IntervalUnit.MONTH, months)
    periods = list(interval.periods(anchor, Period(anchor, date(2300, 1, 1))))
    assert periods[0].start == anchor
    for before, after in itertools.pairwise(periods):
        assert before.end == after.start
    last = {28: 28, 29: 29, 30: 30, 31: 31}[anchor_day]
    for period in periods:
        month_days = (month_of(period.start).end - month_of(period.start).start).days
        assert period.start.day == min(last, month_days)


@given(days, intervals, days)
def test_every_day_lies_in_exactly_one_period(anchor: date, interval: Interval, day: date) -> None:
    period = interval.period_holding(anchor, day)
    assert day in period
    index = interval.index_of(anchor, day)
    assert interval.boundary(anchor, index) == period.start
    assert interval.boundary(anchor, index + 1) == period.end
    assert day not in Period(interval.boundary(anchor, index - 1), period.start)


@given(days, intervals, days, st.integers(1, 900))
def test_periods_touching_a_span_cover_it(anchor: date, interval: Interval, start: date, length: int) -> None:
    span = Period(start, start + timedelta(days=length))
    periods = list(interval.periods(anchor, span))
    assert periods[0].start <= span.start
    assert periods[-1].end >= span.end
    assert all(before.end == after.start for before, after in itertools.pairwise(periods))
    assert all(period.overlap(span) for period in periods)


def _zones_that_changed() -> list[str]:
    instants = [datetime(year, month, 1, tzinfo=UTC) for year in range(1990, 2027) for month in (1, 4, 7, 10)]
    found = []
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        if len({instant.astimezone(zone).utcoffset() for instant in instants}) > 1:
            found.append(name)
    return found


def test_days_tile_in_every_zone_whose_offset_changed() -> None:
    """Each zone's transitions since 1990 are found by their days; a day that the zone skipped holds no instant."""
    zones = _zones_that_changed()
    assert len(zones) > 300
    for name in zones:
        zone = ZoneInfo(name)
        previous = None
        for step in range(0, 36 * 366, 3):
            noon = datetime(1990, 1, 1, 12, tzinfo=UTC) + timedelta(days=step)
            offset = noon.astimezone(zone).utcoffset()
            if offset == previous:
                continue
            previous = offset
            first = noon.date() - timedelta(days=4)
            starts = [day_start(first + timedelta(days=index), name) for index in range(9)]
            for index, (start, end) in enumerate(itertools.pairwise(starts)):
                day = first + timedelta(days=index)
                assert start <= end, (name, day)
                if start < end:
                    assert local_day(start, name) == day, (name, day)
                    assert local_day(end - timedelta(seconds=1), name) == day, (name, day)


@given(st.lists(st.tuples(days, st.integers(1, 40)), max_size=8), days, st.integers(1, 200))
@settings(max_examples=60)
def test_what_is_left_and_what_was_taken_make_the_whole(
    taken: list[tuple[date, int]], start: date, length: int
) -> None:
    whole = Period(start, start + timedelta(days=length))
    holes = [Period(day, day + timedelta(days=count)) for day, count in taken]
    left = subtract([whole], holes)
    for offset in range(length):
        day = start + timedelta(days=offset)
        assert any(day in period for period in left) != any(day in hole for hole in holes)


def test_a_period_is_half_open_and_never_empty() -> None:
    march = Period(date(2026, 3, 1), date(2026, 4, 1))
    assert date(2026, 3, 31) in march
    assert date(2026, 4, 1) not in march
    assert (march.days, march.last_day) == (31, date(2026, 3, 31))
    with pytest.raises(InvalidValue):
        Period(date(2026, 3, 1), date(2026, 3, 1))


def test_parts_of_a_period() -> None:
    february = month_of(date(2024, 2, 10))
    part = Period(date(2024, 2, 15), date(2024, 3, 1))
    assert fraction(part, february) * 29 == Decimal(15)
    assert days_30_360(Period(date(2024, 1, 31), date(2024, 3, 31))) == 60
    assert fraction(part, february, DayCount.THIRTY_360) < 1
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 2, 29), 12, anchor_day=31) == date(2025, 2, 28)


def test_business_days_skip_weekends_and_holidays() -> None:
    assert not is_business_day(date(2026, 10, 3), "DE")
    assert not is_business_day(date(2026, 12, 25), "DE")
    assert adjust(date(2026, 10, 31), "DE", BusinessDayRule.FOLLOWING) == date(2026, 11, 2)
    assert adjust(date(2026, 10, 31), "DE", BusinessDayRule.MODIFIED_FOLLOWING) == date(2026, 10, 30)
    assert adjust(date(2026, 10, 31), "DE", BusinessDayRule.NONE) == date(2026, 10, 31)
    assert add_business_days(date(2026, 12, 23), 2, "DE") == date(2026, 12, 28)
    assert add_business_days(date(2026, 12, 28), -2, "DE") == date(2026, 12, 23)
