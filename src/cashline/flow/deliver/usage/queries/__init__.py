"""Reading usage: metered quantities, meters, events."""

from cashline.flow.deliver.usage.queries.events import (
    corrections_of,
    lines_with_news,
    months_not_open,
    subscriptions_named,
    usage_events,
)
from cashline.flow.deliver.usage.queries.metering import metered
from cashline.flow.deliver.usage.queries.meters import (
    MeterRow,
    known_meters,
    list_meters,
    meter,
    meter_coded,
    meters_by_code,
    newest_versions,
    versions_of,
)

__all__ = [
    "MeterRow",
    "corrections_of",
    "known_meters",
    "lines_with_news",
    "list_meters",
    "meter",
    "meter_coded",
    "metered",
    "meters_by_code",
    "months_not_open",
    "newest_versions",
    "subscriptions_named",
    "usage_events",
    "versions_of",
]
