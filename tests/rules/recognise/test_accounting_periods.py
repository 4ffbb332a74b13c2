"""Accounting periods of any fiscal calendar: where a late fact stands, and which calendars leave closed ones."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.recognise.ledger.rules.periods import (
    ClosedPeriodCut,
    Shut,
    accounting_day,
    check_calendar,
    code_of,
)
from cashline.kernel.fiscal import MONTHS, FiscalCalendar, FiscalPattern, FiscalPeriod
from cashline.kernel.periods import Period, month_of

WEEKS = FiscalCalendar(FiscalPattern.WEEKS_4_4_5)
CALENDARS = st.sampled_from([FiscalCalendar(pattern) for pattern in FiscalPattern])
DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))


def shut(*periods: FiscalPeriod | Period) -> list[Shut]:
    """Those periods, closed as a whole."""
    return [Shut(one.start, one.end, "all", "closed") for one in periods]


@given(CALENDARS, st.sets(DAYS, max_size=8), DAYS)
def test_a_late_fact_stands_on_the_first_open_day(calendar: FiscalCalendar, within: set[date], day: date) -> None:
    closed = [Period(one.start, one.end) for one in {calendar.period_of(each) for each in within}]
    closed.sort(key=lambda one: one.start)
    found = accounting_day(day, closed)
    assert not any(found in one for one in closed)
    between = (day + timedelta(days=index) for index in range((found - day).days))
    assert all(any(each in one for one in closed) for each in between)


@given(CALENDARS, CALENDARS, DAYS)
def test_another_calendar_cuts_no_closed_period(now: FiscalCalendar, then: FiscalCalendar, day: date) -> None:
    closed = then.period_of(day)
    same = now.period_of(closed.start)
    if (same.start, same.end) == (closed.start, closed.end):
        check_calendar(now, shut(closed))
    else:
        with pytest.raises(ClosedPeriodCut):
            check_calendar(now, shut(closed))


def test_weeks_that_hold_after_closed_months_leave_them() -> None:
    closed = shut(MONTHS.period_of(date(2026, 1, 9)), MONTHS.period_of(date(2026, 2, 9)))
    with pytest.raises(ClosedPeriodCut) as refused:
        check_calendar(WEEKS, closed)
    assert refused.value.fix == "Let the calendar hold from 2026-03-01 on."
    check_calendar(FiscalCalendar(FiscalPattern.WEEKS_4_4_5, since=date(2026, 3, 1)), closed)
    with pytest.raises(ClosedPeriodCut):
        check_calendar(FiscalCalendar(FiscalPattern.WEEKS_4_4_5, since=date(2026, 2, 15)), closed)
    with pytest.raises(ClosedPeriodCut) as refused:
        check_calendar(MONTHS, shut(WEEKS.period_of(date(2026, 1, 9))))
    assert refused.value.fix == "Open the closed periods again first."


def test_a_period_is_told_by_its_name_or_its_days() -> None:
    january, first = month_of(date(2026, 1, 1)), WEEKS.period_of(date(2026, 1, 1))
    assert code_of(MONTHS, january.start, january.end) == code_of(WEEKS, january.start, january.end) == "2026-01"
    assert code_of(WEEKS, first.start, first.end) == "FY2026-P01"
    assert code_of(MONTHS, first.start, first.end) == "2025-12-28/2026-01-25"
