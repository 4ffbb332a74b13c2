"""The revenue of an obligation by month, or slice of one: differences of what it has earned at their ends; pure."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from cashline.flow.recognise.revenue.rules.planning import Layer, Obligation, OpenEndedObligation, PlannedObligation
from cashline.flow.recognise.revenue.rules.progress import DaysServed
from cashline.kernel.fiscal import Slicer
from cashline.kernel.periods import month_of

_ZERO, _DAY = Decimal(0), timedelta(days=1)


def plan_revenue(obligation: PlannedObligation, through: date, slicer: Slicer = month_of) -> dict[date, Decimal]:
    """Revenue by calendar month, or slice of one (its first day), from the first fact up to and including `through`."""
    if isinstance(obligation, Obligation) and (run := single_run(obligation)) is not None:
        return dict(evenly(obligation.segments[0].layers[0], *run, through, obligation.digits, slicer))
    months: dict[date, Decimal] = {}
    earned = _ZERO
    for month, day in _month_ends(obligation, through, slicer):
        reached = obligation.earned(day)
        if reached != earned:
            months[month] = reached - earned
            earned = reached
    return months


def single_run(obligation: Obligation) -> tuple[date, date] | None:
    """The days of a service that runs once and was never changed, as most do; None for any other obligation."""
    progress = obligation.progress
    if len(obligation.segments) > 1 or obligation.discounts or not isinstance(progress, DaysServed):
        return None
    return progress.spans[0] if len(progress.spans) == 1 else None


@lru_cache(maxsize=20_000)
def evenly(
    layer: Layer, start: date, end: date, through: date, digits: int, slicer: Slicer
) -> tuple[tuple[date, Decimal], ...]:
    """Revenue by month of a price that is earned day by day over `[start, end)`; contracts of one price share it."""
    found: list[tuple[date, Decimal]] = []
    month, last, before = slicer(start).start, min(through, max(start, end - _DAY)), _ZERO
    while month <= last:
        following = slicer(month).end
        stop = min(following, last + _DAY, end)
        earned = layer.earned(Decimal(max(0, (stop - start).days)), digits)
        if earned != before:
            found.append((month, earned - before))
            before = earned
        month = following
    return tuple(found)


def _month_ends(obligation: PlannedObligation, through: date, slicer: Slicer) -> list[tuple[date, date]]:
    """The months in which revenue may move, each with the day up to which it is reckoned."""
    if isinstance(obligation, OpenEndedObligation):
        days = [one.on for one in obligation.concessions] + [one.first for one in obligation.discounts]
        first = min([*days, *([obligation.service.services[0].anchor] if obligation.service else [])], default=through)
        last = through
    else:
        span = obligation.progress.span
        days = _days_of_change(obligation)
        if span is None and not days:
            return []
        first = min([*days, *(span or ())])
        last = min(through, max([*days, *(span or ())]))
    found: list[tuple[date, date]] = []
    month = slicer(first).start
    while month <= last:
        end = slicer(month).end
        found.append((month, min(end - _DAY, through)))
        month = end
    return found


def _days_of_change(obligation: Obligation) -> list[date]:
    """The days beyond its delivery on which revenue may move."""
    days = [segment.starts_on for segment in obligation.segments[1:]]
    return days + [day for one in obligation.discounts for day in (one.first, one.last)]


def complete_from(obligation: PlannedObligation) -> date | None:
    """The first day from which nothing more is earned without a new fact; None where service has no known end."""
    if isinstance(obligation, OpenEndedObligation):
        ends = [one.last for one in obligation.discounts]
        if obligation.service is None:
            return max(ends, default=date.min)
        return max([obligation.service.ends_on, *ends]) if obligation.service.ends_on else None
    span, days = obligation.progress.span, _days_of_change(obligation)
    return max([*days, *([span[1]] if span else [])], default=date.min)


def difference(planned: Mapping[date, Decimal], posted: Mapping[date, Decimal]) -> dict[date, Decimal]:
    """What is left to post by month: planned less posted; a month that is not planned any more is taken back."""
    if not posted:
        return dict(planned)
    found: dict[date, Decimal] = {}
    for month in sorted(planned.keys() | posted.keys()):
        off = planned.get(month, _ZERO) - posted.get(month, _ZERO)
        if off:
            found[month] = off
    return found
