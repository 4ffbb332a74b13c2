"""Writing usage: meters, events, corrections, dead letters."""

from cashline.flow.deliver.usage.actions.alerting import check_alerts, end_alerts, set_alerts
from cashline.flow.deliver.usage.actions.correcting import correct_usage
from cashline.flow.deliver.usage.actions.measuring import change_meters, create_meters
from cashline.flow.deliver.usage.actions.previewing import preview_usage
from cashline.flow.deliver.usage.actions.recording import IngestResult, open_months, record_usage
from cashline.flow.deliver.usage.actions.replaying import ReplayResult, discard_dead_letters, replay_dead_letters

__all__ = [
    "IngestResult",
    "ReplayResult",
    "change_meters",
    "check_alerts",
    "correct_usage",
    "create_meters",
    "discard_dead_letters",
    "end_alerts",
    "open_months",
    "preview_usage",
    "record_usage",
    "replay_dead_letters",
    "set_alerts",
]
