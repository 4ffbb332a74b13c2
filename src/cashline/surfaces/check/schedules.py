"""Cases of kind `schedule`: on which days a subscription is billed, and which of several runs bills it."""

from datetime import date

from cashline.kernel.anchors import Anchor, AnchorKind
from cashline.kernel.periods import Interval, IntervalUnit, Period, local_day
from cashline.surfaces.check.billing_format import Run, ScheduleCase
from cashline.surfaces.check.results import Difference
from cashline.surfaces.check.scenario_format import Anchor as GivenAnchor
from cashline.surfaces.check.scenario_format import (
    AnniversaryAnchor,
    CalendarAnchor,
    DayOfMonthAnchor,
)
from cashline.surfaces.check.values import When


def anchor_of(given: GivenAnchor) -> Anchor:
    """The anchor that a file names."""
    match given:
        case CalendarAnchor():
            return Anchor(AnchorKind.CALENDAR)
        case AnniversaryAnchor():
            return Anchor(AnchorKind.ANNIVERSARY)
        case DayOfMonthAnchor():
            return Anchor(AnchorKind.DAY_OF_MONTH, given.day)


def differences(case: ScheduleCase) -> list[Difference]:
    """The days on which periods begin, and the runs that find one ended, compared."""
    zone = case.timezone.name
    start = case.start.day(zone)
    interval = Interval(IntervalUnit(case.interval))
    boundary = anchor_of(case.anchor).first_boundary(interval, start)
    expect = case.expect
    if expect.within is not None:
        span = Period(expect.within.from_, expect.within.until)
        found = [
            whole.start for whole in interval.periods(boundary, span) if whole.start in span and whole.start > start
        ]
        expected = list(expect.billing_dates or ())
        return [] if found == expected else [Difference("billing_dates", _days(expected), _days(found))]
    sequences = expect.run_sequences or ()
    billed = _billed_before(sequences, interval, boundary, zone)
    return [
        difference
        for number, runs in enumerate(sequences, start=1)
        for difference in _sequence(number, runs, billed, interval, boundary, zone)
    ]


def _sequence(
    number: int, runs: tuple[Run, ...], billed: int, interval: Interval, boundary: date, zone: str
) -> list[Difference]:
    """Which runs bill, where all periods before the one of index `billed` were billed earlier."""
    found: list[Difference] = []
    for place, run in enumerate(runs, start=1):
        begun = _begun(run.at, interval, boundary, zone)
        bills = begun > billed
        if bills != run.bills:
            said = ("issues none", "issues the invoice")
            found.append(Difference(f"run_sequences {number}, run {place}", said[run.bills], said[bills]))
        billed = max(billed, begun)
    return found


def _billed_before(sequences: tuple[tuple[Run, ...], ...], interval: Interval, boundary: date, zone: str) -> int:
    """How many periods were billed before the runs: all that ended before the invoice that they are about.

    That is the invoice due on the day of the first of all runs, else the next one that a run comes to, else the last.
    """
    first = min((run.at for runs in sequences for run in runs), key=lambda at: at.instant(zone))
    begun = _begun(first, interval, boundary, zone)
    last = max(_begun(run.at, interval, boundary, zone) for runs in sequences for run in runs)
    on_its_day = interval.boundary(boundary, begun) == local_day(first.instant(zone), zone)
    return begun if last > begun and not on_its_day else begun - 1


def _begun(at: When, interval: Interval, boundary: date, zone: str) -> int:
    """The index of the period that is running: the one before it has ended."""
    return interval.index_of(boundary, local_day(at.instant(zone), zone))


def _days(days: list[date]) -> str:
    return ", ".join(day.isoformat() for day in days) or "none"
