"""What events would change: the windows that they touch, and each quantity before and after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

from cashline.flow.deliver.usage.rules.meters import Meter
from cashline.flow.deliver.usage.rules.recording import RefusedUsage, UsageRow
from cashline.flow.deliver.usage.rules.windows import UsageWindow
from cashline.kernel.periods import Period, month_of


@dataclass(frozen=True, slots=True)
class QuantityChange:
    """The quantity of a subscription's meter in a month (its first day, UTC) before and after."""

    subscription: str
    meter: str
    month: date
    before: Decimal
    after: Decimal
    events: int


@dataclass(frozen=True, slots=True)
class UsageEffect:
    """What recording would come to: counts, what is refused, and the quantities that change."""

    accepted: int
    duplicates: int
    refused: tuple[RefusedUsage, ...]
    changes: tuple[QuantityChange, ...]


def touched_windows(rows: Iterable[UsageRow], meters: Mapping[UUID, Meter]) -> list[UsageWindow]:
    """A window for each line, meter and month (UTC) that events fall in, in that order."""
    touched = {(row.line_id, row.meter_id, month_of(row.at.astimezone(UTC).date()).start) for row in rows}
    ordered = sorted(touched, key=lambda one: (one[0], meters[one[1]].code, one[2]))
    return [month_window(line_id, meters[meter_id], month_of(first)) for line_id, meter_id, first in ordered]


def month_window(line_id: UUID, meter: Meter, month: Period) -> UsageWindow:
    """The window of a period of days in UTC."""
    start, end = (datetime.combine(day, time(), UTC) for day in (month.start, month.end))
    return UsageWindow(line_id, meter, start, end, whole=month)
