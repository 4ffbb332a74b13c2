"""Reading usage: metered quantities, meters, events, dead letters."""

from cashline.flow.deliver.usage.queries.events import (
    UsageEventRow,
    correctable,
    corrections_of,
    lines_with_news,
    list_usage_events,
    months_not_open,
    numbers_of_lines,
    subscriptions_named,
    usage_event,
    usage_events,
)
from cashline.flow.deliver.usage.queries.letters import (
    DeadLetterRow,
    dead_letter,
    letters_for_update,
    list_dead_letters,
    waiting_by_code,
    waiting_letters_for_update,
)
from cashline.flow.deliver.usage.queries.metering import (
    metered,
)
from cashline.flow.deliver.usage.queries.meters import (
    MeterRow,
    known_meters,
    list_meters,
    meter,
    meter_coded,
    meters_by_code,
    meters_by_id,
    meters_of_line,
    newest_versions,
    versions_of,
)
from cashline.flow.deliver.usage.queries.showing import (
    MeterUsage,
    dumped,
    lineage,
    usage_of,
    usage_subscription,
)

__all__ = [
    "DeadLetterRow",
    "MeterRow",
    "MeterUsage",
    "UsageEventRow",
    "correctable",
    "corrections_of",
    "dead_letter",
    "dumped",
    "known_meters",
    "letters_for_update",
    "lineage",
    "lines_with_news",
    "list_dead_letters",
    "list_meters",
    "list_usage_events",
    "meter",
    "meter_coded",
    "metered",
    "meters_by_code",
    "meters_by_id",
    "meters_of_line",
    "months_not_open",
    "newest_versions",
    "numbers_of_lines",
    "subscriptions_named",
    "usage_event",
    "usage_events",
    "usage_of",
    "usage_subscription",
    "versions_of",
    "waiting_by_code",
    "waiting_letters_for_update",
]
