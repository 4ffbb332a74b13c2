"""Rules of usage: meters, events, windows and what a window's events come to. No database, no clock."""

from cashline.flow.deliver.usage.rules.aggregating import aggregate
from cashline.flow.deliver.usage.rules.events import NewUsage, UsageCorrection, UsageEvent, in_force
from cashline.flow.deliver.usage.rules.meters import Aggregation, Meter, NewMeter
from cashline.flow.deliver.usage.rules.windows import MeteredQuantity, UsageFilter, UsageWindow

__all__ = [
    "Aggregation",
    "Meter",
    "MeteredQuantity",
    "NewMeter",
    "NewUsage",
    "UsageCorrection",
    "UsageEvent",
    "UsageFilter",
    "UsageWindow",
    "aggregate",
    "in_force",
]
