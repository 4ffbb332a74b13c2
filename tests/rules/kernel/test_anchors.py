"""Anchors and shares: where periods begin, and how much of one a part of it is."""

import itertools
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.kernel.anchors import (
    Anchor,
    AnchorKind,
    Proration,
    Share,
    period_parts,
    share,
    share_of_seconds,
)
from cashline.kernel.periods import Interval, IntervalUnit, Period, day_start
from cashline.kernel.refusals import InvalidValue

CALENDAR, ANNIVERSARY = Anchor(AnchorKind.CALENDAR), Anchor(AnchorKind.ANNIVERSARY)


def day_of(number: int) -> Anchor:
    return Anchor(AnchorKind.DAY_OF_MONTH, number)


@pytest.mark.parametrize(
    ("anchor", "unit", "start", "boundary"),
    [
        (CALENDAR, "week", "2023-02-01", "2023-01-30"),
        (CALENDAR, "week", "2023-02-06", "2023-02-06"),
        (CALENDAR, "day", "2023-02-06", "2023-02-06"),
        (CALENDAR, "month", "2024-02-29", "2024-02-01"),
        (CALENDAR, "quarter", "2024-06-30", "2024-04-01"),
        (CALENDAR, "half_year", "2024-12-31", "2024-07-01"),
        (CALENDAR, "year", "2024-12-31", "2024-01-01"),
        (ANNIVERSARY, "year", "2024-02-29", "2024-02-29"),
        (day_of(15), "month", "2024-03-14", "2024-02-15"),
        (day_of(15), "month", "2024-03-15", "2024-03-15"),
        (day_of(28), "quarter", "2024-01-27", "2023-12-28"),
        (day_of(1), "year", "2024-03-31", "2024-03-01"),
    ],
)
def test_the_first_boundary_is_at_or_before_the_start(anchor: Anchor, unit: str, start: str, boundary: str) -> None:
    found = anchor.first_boundary(Interval(IntervalUnit(unit)), date.fromisoformat(start))
    assert found == date.fromisoformat(boundary)


anchors = st.sampled_from([CALENDAR, ANNIVERSARY]) | st.integers(1, 28).map(day_of)
intervals = st.builds(Interval, st.sampled_from(IntervalUnit), st.integers(1, 4))
days = st.dates(date(1800, 1, 1), date(2200, 1, 1))


@given(anchors, intervals, days, st.integers(0, 2000))
def test_periods_tile_with_no_gap_and_no_overlap(anchor: Anchor, interval: Interval, start: date, ahead: int) -> None:
    boundary = anchor.first_boundary(interval, start)
    assert boundary <= start
    if interval.months or anchor.kind is not AnchorKind.DAY_OF_MONTH:
        assert interval.period_holding(boundary, start).start == boundary
    span = Period(start, start + timedelta(days=ahead + 1))
    parts = list(period_parts(interval, boundary, span))
    assert parts[0][0].start == span.start
    assert parts[-1][0].end == span.end
    for (part, whole), (following, after) in itertools.pairwise(parts):
        assert part.end == following.start == whole.end == after.start
    if anchor.kind is AnchorKind.CALENDAR:
        assert {anchor.first_boundary(interval, part.start) for part, _ in parts} == {whole.start for _, whole in parts}


@pytest.mark.parametrize(
    ("part", "whole", "proration", "found"),
    [
        ("2011-02-10/2011-02-24", "2011-02-10/2011-03-10", "day", (14, 28)),
        ("2024-02-15/2024-03-01", "2024-02-01/2024-03-01", "30/360", (16, 30)),
        ("2024-03-15/2025-01-01", "2024-01-01/2025-01-01", "month", (9, 12)),
        ("2024-01-01/2024-03-15", "2024-01-01/2025-01-01", "month", (3, 12)),
        ("2024-03-15/2024-03-20", "2024-01-01/2025-01-01", "none", (1, 1)),
        ("2024-03-31/2024-04-01", "2024-03-01/2024-04-01", "second", (23 * 3600, 31 * 86400 - 3600)),
    ],
)
def test_a_part_is_a_share_of_its_period(part: str, whole: str, proration: str, found: tuple[int, int]) -> None:
    given_part, given_whole = (Period(*map(date.fromisoformat, text.split("/"))) for text in (part, whole))
    assert share(given_part, given_whole, Proration(proration), zone="Europe/Berlin") == Share(*found)


@given(days, st.integers(1, 12), st.sampled_from(list(Proration)), st.lists(st.integers(1, 400), max_size=5))
def test_the_shares_of_parts_that_tile_a_period_are_the_whole(
    start: date, months: int, proration: Proration, cuts: list[int]
) -> None:
    whole = Interval(IntervalUnit.MONTH, months).period_holding(start, start)
    inside = sorted({start + timedelta(days=cut) for cut in cuts if start + timedelta(days=cut) < whole.end})
    bounds = [start, *inside, whole.end]
    parts = [Period(begin, end) for begin, end in itertools.pairwise(bounds)]
    shares = [share(part, whole, proration, zone="America/New_York") for part in parts]
    if proration is Proration.NONE:
        assert shares == [Share(1, 1)] * len(parts)
    elif proration is not Proration.THIRTY_360:  # bond basis drops the 31st where a part begins or ends on it
        assert sum(Fraction(*one) for one in shares) == 1


def test_seconds_count_between_instants_within_the_period() -> None:
    whole = Period(date(2024, 1, 1), date(2024, 1, 2))
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert share_of_seconds(noon, noon + timedelta(days=9), whole, zone="UTC") == Share(43_200, 86_400)
    assert share_of_seconds(noon + timedelta(days=2), noon, whole, zone="UTC") == Share(0, 86_400)
    assert day_start(whole.start, "UTC") == datetime(2024, 1, 1, tzinfo=UTC)


def test_what_is_no_anchor_or_no_months_is_refused() -> None:
    for kind, number in ((AnchorKind.DAY_OF_MONTH, 0), (AnchorKind.DAY_OF_MONTH, 29), (AnchorKind.CALENDAR, 1)):
        with pytest.raises(InvalidValue):
            Anchor(kind, number)
    week = Period(date(2024, 1, 1), date(2024, 1, 8))
    with pytest.raises(InvalidValue, match="whole months"):
        share(week, week, Proration.MONTH)
