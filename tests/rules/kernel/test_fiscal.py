"""Fiscal calendars: published years of retailers and of the tax law, weeks that tile, and years of 53 weeks."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.kernel.fiscal import MONTHS, FiscalCalendar, FiscalPattern, YearEnd, calendar_of
from cashline.kernel.periods import add_months, month_of
from cashline.kernel.refusals import NotFound

NRF = FiscalCalendar(FiscalPattern.WEEKS_4_5_4, end_month=1, weekday=5, year_end=YearEnd.NEAREST, named_before=True)
"""The 4-5-4 calendar of the National Retail Federation: years end on the Saturday nearest to the end of January."""
CALENDARS = st.builds(
    FiscalCalendar, st.sampled_from(FiscalPattern), st.integers(1, 12), st.integers(0, 6), st.sampled_from(YearEnd),
    st.booleans(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("year", "first", "last", "weeks"),
    [
        (2022, date(2022, 1, 30), date(2023, 1, 28), 52),
        (2023, date(2023, 1, 29), date(2024, 2, 3), 53),
        (2024, date(2024, 2, 4), date(2025, 2, 1), 52),
        (2025, date(2025, 2, 2), date(2026, 1, 31), 52),
    ],
)
def test_years_of_retailers(year: int, first: date, last: date, weeks: int) -> None:
    assert (NRF.year(year).start, NRF.year(year).last_day) == (first, last)
    periods = NRF.periods(year)
    assert sum(one.weeks for one in periods) == weeks
    assert [one.weeks for one in periods[:3]] == [4, 5, 4]
    assert periods[-1].weeks == 4 + weeks - 52


def test_a_year_that_ends_on_the_last_saturday_of_september() -> None:
    calendar = FiscalCalendar(FiscalPattern.WEEKS_4_4_5, end_month=9, weekday=5, year_end=YearEnd.LAST)
    assert (calendar.year(2023).start, calendar.year(2023).last_day) == (date(2022, 9, 25), date(2023, 9, 30))
    assert calendar.year(2023).days == 53 * 7
    assert calendar.year(2024).last_day == date(2024, 9, 28)
    found = calendar.period_of(date(2023, 9, 30))
    assert (found.name, found.quarter, found.weeks) == ("FY2023 P12", 4, 6)


def test_thirteen_periods_are_four_quarters() -> None:
    periods = FiscalCalendar(FiscalPattern.THIRTEEN).periods(2026)
    assert [one.quarter for one in periods] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4]
    assert {one.weeks for one in periods[:-1]} == {4}


def test_months_are_months_whenever_the_year_ends() -> None:
    assert MONTHS.period_of(date(2026, 3, 9)).name == "FY2026 P03"
    june = FiscalCalendar(end_month=6)
    assert june.period_of(date(2025, 7, 1)).name == "FY2026 P01"
    assert june.period_of(date(2026, 6, 30)).end == month_of(date(2026, 6, 30)).end
    assert [one.field for one in FiscalCalendar(end_month=13, weekday=7).errors()] == ["end_month", "weekday"]


@given(CALENDARS, st.dates(date(1990, 1, 1), date(2150, 12, 31)))
def test_periods_tile_the_time_line(calendar: FiscalCalendar, day: date) -> None:
    found = calendar.period_of(day)
    assert found.start <= day < found.end
    following = calendar.period_of(found.end)
    assert following.start == found.end
    before = calendar.period_of(found.start - timedelta(days=1))
    assert before.end == found.start
    year = calendar.year(found.year)
    periods = calendar.periods(found.year)
    assert (periods[0].start, periods[-1].end) == (year.start, year.end)
    assert found in periods
    if not calendar.is_months:
        assert year.days in (52 * 7, 53 * 7)
        assert {one.last_day.weekday() for one in periods} == {calendar.weekday}


@given(CALENDARS, st.dates(date(2000, 1, 1), date(2100, 12, 31)), st.integers(-800, 800))
def test_a_calendar_holds_from_its_day_on_and_months_before(calendar: FiscalCalendar, since: date, away: int) -> None:
    since = since.replace(day=1) if calendar.is_months else since
    held = replace(calendar, since=since)
    assert held.errors() == []
    assert calendar_of(held.as_json()) == held
    day = since + timedelta(days=away)
    found = held.period_of(day)
    assert found.start <= day < found.end
    assert not found.start < since < found.end
    assert held.period_of(found.end).start == found.end
    assert held.period_of(found.start - timedelta(days=1)).end == found.start
    assert held.period_named(found.code) == found
    assert held.year_start(day) <= held.quarter_start(found) <= found.start
    assert held.year_start(held.year_start(day)) == held.year_start(day)
    assert found in held.periods(found.year)
    if day < since:
        assert found.start == day.replace(day=1)
        assert found.is_month
    elif found.start > since:
        assert found == calendar.period_of(day)


def test_weeks_that_begin_to_hold_within_a_year() -> None:
    calendar = FiscalCalendar(FiscalPattern.WEEKS_4_4_5, since=date(2026, 3, 1))
    codes = [one.code for one in calendar.periods(2026)]
    assert codes[:4] == ["2026-01", "2026-02", "FY2026-P03", "FY2026-P04"]
    names = [calendar.name_of(one) for one in calendar.periods(2026)]
    assert names[:4] == ["2026-01", "2026-02", "FY2026 P03", "FY2026 P04"]
    third = calendar.period_named("FY2026-P03")
    assert (third.start, third.last_day) == (date(2026, 3, 1), date(2026, 3, 28))
    assert calendar.quarter_start(third) == calendar.year_start(third.start) == date(2026, 1, 1)
    assert [one.code for one in calendar.periods(2025)] == [f"2025-{month:02}" for month in range(1, 13)]
    assert len({one.field for one in FiscalCalendar(since=date(2026, 1, 2)).errors()}) == 1


def test_a_period_is_asked_for_by_its_name() -> None:
    weeks = FiscalCalendar(FiscalPattern.WEEKS_4_4_5)
    assert weeks.period_named("FY2026-P03").last_day == date(2026, 3, 28)
    assert MONTHS.period_named("2026-03").last_day == date(2026, 3, 31)
    for wrong in ("FY2026-P00", "FY2026-P13", "FY9999-P01", "FY0000-P01", "FY２０２６-P０１", "2026-13", "2026-3", ""):
        for calendar in (weeks, MONTHS):
            with pytest.raises(NotFound):
                calendar.period_named(wrong)
    with pytest.raises(NotFound):
        MONTHS.period_named("FY2026-P03")
    with pytest.raises(NotFound) as refused:
        weeks.period_named("2026-03")
    assert refused.value.fix == "It closes by its fiscal calendar: 2026-03-31 lies in FY2026-P04."


@pytest.mark.parametrize("calendar", [MONTHS, FiscalCalendar(FiscalPattern.THIRTEEN), NRF])
def test_a_year_of_periods_up_to_a_day(calendar: FiscalCalendar) -> None:
    last = calendar.period_of(date(2026, 7, 9))
    start = calendar.year_before(last.end)
    found = calendar.periods_within(start, last.end)
    assert len(found) == (13 if calendar.pattern is FiscalPattern.THIRTEEN else 12)
    assert (found[0].start, found[-1]) == (start, last)
    assert calendar.periods_within(last.end, last.end) == ()
    if calendar is MONTHS:
        assert start == add_months(last.end, -12)
