"""What the events of a window come to: pure, and the measure for the set-based query, which must equal it.

Every aggregation is a sum, a choice or a rank of exact numbers (`Totals`) and one last division (`finish`), which both
ways share; so they agree to the last digit.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Context, Decimal
from uuid import UUID

from cashline.flow.deliver.usage.rules.events import UsageEvent
from cashline.flow.deliver.usage.rules.meters import Aggregation
from cashline.flow.deliver.usage.rules.windows import MICROSECOND, MeteredQuantity, UsageWindow, filter_of
from cashline.kernel.periods import local_day
from cashline.kernel.rounding import divide

EXACT = Context(prec=60)
NOTHING = Decimal(0)
_A = Aggregation
type Bucket = tuple[int | None, tuple[str, ...]]
"""The place of a filter (None: no filter) and the values of the group."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The exact figures of one bucket: the number before the last division, the level, and how many events."""

    number: Decimal = NOTHING
    level: Decimal = NOTHING
    events: int = 0


def aggregate(events: Iterable[UsageEvent], window: UsageWindow) -> tuple[MeteredQuantity, ...]:
    """The quantities of a window from events that count (see `in_force`): each filter's, then that of the rest.

    Without `group_by` every filter is there, at zero where it has no events.
    """
    buckets: dict[Bucket, list[UsageEvent]] = defaultdict(list)
    for event in events:
        if counts_in(event, window):
            buckets[bucket_of(event, window)].append(event)
    return quantities(window, {bucket: totals(found, window) for bucket, found in buckets.items()})


def counts_in(event: UsageEvent, window: UsageWindow) -> bool:
    """Is the event of the window's line and meter, and in its time?"""
    return (
        event.subscription_line == window.line_id
        and event.meter == window.meter.code
        and event.at < window.end
        and (window.carried_over or event.at >= window.start)
    )


def bucket_of(event: UsageEvent, window: UsageWindow) -> Bucket:
    """The one bucket of a window that an event belongs to."""
    return (
        filter_of(window.filters, event.properties),
        tuple(event.properties.get(name, "") for name in window.group_by),
    )


def quantities(window: UsageWindow, found: Mapping[Bucket, Totals]) -> tuple[MeteredQuantity, ...]:
    """The answer for a window from the totals of its buckets."""
    answer = []
    for place in (*range(len(window.filters)), None):
        groups = sorted(group for at, group in found if at == place) if window.group_by else [()]
        for group in groups:
            of = found.get((place, group), Totals())
            chosen = None if place is None else window.filters[place]
            answer.append(MeteredQuantity(chosen, finish(window, of), of.events, of.level, group))
    return tuple(answer)


def finish(window: UsageWindow, of: Totals) -> Decimal:
    """The last step: the division, where there is one (60 digits)."""
    if window.meter.aggregation is _A.WEIGHTED_SUM:
        return divide(of.number, Decimal(window.whole_microseconds))
    if window.prorated:
        return divide(of.number, Decimal(window.whole_days))
    if window.meter.aggregation is _A.AVERAGE:
        return divide(of.number, Decimal(of.events)) if of.events else NOTHING
    return of.number


def totals(events: Sequence[UsageEvent], window: UsageWindow) -> Totals:
    """The exact figures of the events of one bucket."""
    return _TOTALS[window.meter.aggregation](events, window)


def days_standing(at: datetime, window: UsageWindow) -> int:
    """The days of the window from that of the event (or the window's first) to its last."""
    return max(0, (window.end_day - max(local_day(at, window.zone), window.first_day)).days)


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = NOTHING
    for value in values:
        total = EXACT.add(total, value)
    return total


def _added(events: Sequence[UsageEvent], window: UsageWindow) -> Totals:
    level = _sum(event.quantity for event in events)
    if not window.prorated:
        return Totals(level, level, len(events))
    weighed = _sum(EXACT.multiply(event.quantity, Decimal(days_standing(event.at, window))) for event in events)
    return Totals(weighed, level, len(events))


def _weighted(events: Sequence[UsageEvent], window: UsageWindow) -> Totals:
    """A level stands from its event to the end, so each quantity counts for the time that is left."""
    number = _sum(
        EXACT.multiply(event.quantity, Decimal((window.end - max(event.at, window.start)) // MICROSECOND))
        for event in events
    )
    return Totals(number, _sum(event.quantity for event in events), len(events))


def _greatest(events: Sequence[UsageEvent], _window: UsageWindow) -> Totals:
    found = max(event.quantity for event in events)
    return Totals(found, found, len(events))


def _unique(events: Sequence[UsageEvent], window: UsageWindow) -> Totals:
    first: dict[str, datetime] = {}
    for event in events:
        first[event.item] = min(event.at, first.get(event.item, event.at))
    days = sum(days_standing(at, window) for at in first.values()) if window.prorated else len(first)
    return Totals(Decimal(days), Decimal(len(first)), len(events))


def _latest(events: Sequence[UsageEvent], _window: UsageWindow) -> Totals:
    found = max(events, key=_order).quantity
    return Totals(found, found, len(events))


def _order(event: UsageEvent) -> tuple[datetime, datetime, UUID]:
    return event.at, event.known_at, event.id


def _percentile(events: Sequence[UsageEvent], window: UsageWindow) -> Totals:
    """Nearest rank, exact: the smallest value that at least so many percent of the values do not exceed."""
    values = sorted(event.quantity for event in events)
    share = EXACT.multiply(window.meter.percentile or NOTHING, Decimal(len(values)))
    rank = int(EXACT.divide(share, Decimal(100)).to_integral_value(ROUND_CEILING, EXACT))
    found = values[max(rank, 1) - 1]
    return Totals(found, found, len(events))


_TOTALS: Mapping[Aggregation, Callable[[Sequence[UsageEvent], UsageWindow], Totals]] = {
    _A.COUNT: _added,
    _A.SUM: _added,
    _A.AVERAGE: _added,
    _A.WEIGHTED_SUM: _weighted,
    _A.MAX: _greatest,
    _A.UNIQUE_COUNT: _unique,
    _A.LATEST: _latest,
    _A.PERCENTILE: _percentile,
}
