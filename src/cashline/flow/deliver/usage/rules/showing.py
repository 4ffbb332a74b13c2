"""Windows for people: the usage of days of the customer's zone, whole or day by day."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from cashline.flow.deliver.usage.rules.meters import Aggregation, Meter
from cashline.flow.deliver.usage.rules.windows import UsageWindow
from cashline.kernel.periods import Period, day_start
from cashline.kernel.refusals import InvalidValue

MAX_DAYS = 400
STANDING = frozenset({Aggregation.WEIGHTED_SUM, Aggregation.LATEST})
"""Aggregations of a level, which stands from one day to the next."""
FIRST_DAY, LAST_DAY = date(2000, 1, 2), date(2199, 12, 31)


def days_asked(start: date | None, end: date | None, today: date) -> Period:
    """The days asked for: from the first of this month, until tomorrow. Raises InvalidValue for none or too many."""
    first = start or today.replace(day=1)
    after = end or max(today, first) + timedelta(days=1)
    if not (FIRST_DAY <= first < after <= LAST_DAY) or (after - first).days > MAX_DAYS:
        raise InvalidValue(
            f"Give a first day and a later day, at most {MAX_DAYS} days apart.", field="end", fix="Ask for fewer days."
        )
    return Period(first, after)


def asked_window(
    line_id: UUID,
    meter: Meter,
    days: Period,
    zone: str,
    *,
    carried_over: bool = False,
    prorated: bool = False,
    group_by: tuple[str, ...] = (),
) -> UsageWindow:
    """The window of whole days; a level carries on from before."""
    return UsageWindow(
        line_id,
        meter,
        day_start(days.start, zone),
        day_start(days.end, zone),
        carried_over or meter.aggregation in STANDING,
        prorated,
        days,
        zone,
        (),
        group_by,
    )


def day_windows(line_id: UUID, meter: Meter, days: Period, zone: str) -> Sequence[UsageWindow]:
    """A window for each day."""
    starts = [days.start + timedelta(days=index) for index in range(days.days)]
    return [asked_window(line_id, meter, Period(day, day + timedelta(days=1)), zone) for day in starts]
