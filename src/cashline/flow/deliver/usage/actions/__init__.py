"""Writing usage: meters, events, corrections, dead letters."""

from cashline.flow.deliver.usage.actions.measuring import change_meters, create_meters
from cashline.flow.deliver.usage.actions.recording import IngestResult, open_months, record_usage

__all__ = ["IngestResult", "change_meters", "create_meters", "open_months", "record_usage"]
