"""Usage for people and for proof: quantities of a subscription, in all and by day, and the events behind one."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from cashline.flow.deliver.usage.queries.events import usage_events
from cashline.flow.deliver.usage.queries.metering import metered
from cashline.flow.deliver.usage.queries.meters import MeterOfLine, meters_of_line
from cashline.flow.deliver.usage.rules.lineage import Lineage, lineage_of
from cashline.flow.deliver.usage.rules.recording import UsageSubscription
from cashline.flow.deliver.usage.rules.showing import asked_window, day_windows
from cashline.flow.deliver.usage.rules.windows import MeteredQuantity, UsageWindow
from cashline.kernel.periods import Period
from cashline.kernel.refusals import NotFound
from cashline.platform import sql

_SUBSCRIPTION = (
    "SELECT s.id, s.number, s.line_id, s.customer_id, s.entity_id, s.activated_on, s.ends_on, c.timezone "
    "FROM subscriptions s JOIN customers c ON c.id = s.customer_id WHERE s.id = %s"
)


@dataclass(frozen=True, slots=True)
class MeterUsage:
    """What a meter says of a time, in all and (where asked) for each day."""

    meter: MeterOfLine
    total: MeteredQuantity
    days: tuple[tuple[date, Decimal], ...] = ()


def usage_subscription(subscription_id: UUID) -> UsageSubscription:
    """A subscription as usage knows it; raises NotFound."""
    rows = sql.fetch_as(UsageSubscription, _SUBSCRIPTION, (subscription_id,))
    if not rows:
        raise NotFound("There is no such subscription.", field="subscription_id")
    return rows[0]


def usage_of(
    subscription: UsageSubscription, days: Period, *, by_day: bool = False, known_by: datetime | None = None
) -> list[MeterUsage]:
    """The usage of days of the customer's zone under each meter that has any at all."""
    meters = meters_of_line(subscription.line_id)
    line_id, zone = subscription.line_id, subscription.timezone
    totals = {row.code: asked_window(line_id, row.meter, days, zone) for row in meters}
    daily = {row.code: day_windows(line_id, row.meter, days, zone) if by_day else () for row in meters}
    found = metered([*totals.values(), *(one for windows in daily.values() for one in windows)], known_by=known_by)
    return [
        MeterUsage(
            row,
            found[totals[row.code]][0],
            tuple((window.first_day, found[window][0].quantity) for window in daily[row.code]),
        )
        for row in meters
    ]


def lineage(number: str, window: UsageWindow, *, known_by: datetime | None = None) -> Lineage:
    """The events behind the quantities of a window, as known at an instant (None: as known now)."""
    start = None if window.carried_over else window.start
    events = usage_events([window.line_id], meters=[window.meter.code], start=start, end=window.end, known_by=known_by)
    return lineage_of(number, window, events)


def dumped(value: Any) -> bytes:
    """JSON of texts and whole numbers."""
    return msgspec.json.encode(value)
