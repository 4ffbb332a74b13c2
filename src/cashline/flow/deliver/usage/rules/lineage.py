"""Lineage: what a quantity was made of, in a form that an outsider can recompute it from.

The JSON holds the window, the events that count and the quantities; `docs/recompute_usage.py` does the sum again with
nothing but Python's standard library. The CSV holds the same events, for a spreadsheet.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cashline.flow.deliver.usage.rules.aggregating import aggregate, counts_in
from cashline.flow.deliver.usage.rules.events import UsageEvent
from cashline.flow.deliver.usage.rules.windows import MeteredQuantity, UsageWindow

FORMAT = "cashline-usage/1"
COLUMNS = ("source", "id", "time", "quantity", "item", "known_at")


@dataclass(frozen=True, slots=True)
class Lineage:
    """A window of a subscription, its events in order of time, and what they come to."""

    subscription: str
    window: UsageWindow
    events: tuple[UsageEvent, ...]
    quantities: tuple[MeteredQuantity, ...]


def lineage_of(subscription: str, window: UsageWindow, events: Sequence[UsageEvent]) -> Lineage:
    """The lineage of a window from events that count."""
    own = tuple(
        sorted((one for one in events if counts_in(one, window)), key=lambda one: (one.at, one.known_at, one.id))
    )
    return Lineage(subscription, window, own, aggregate(own, window))


def as_json(lineage: Lineage) -> dict[str, Any]:
    """The whole lineage as JSON: numbers as text, instants in UTC."""
    window, meter = lineage.window, lineage.window.meter
    return {
        "format": FORMAT,
        "subscription": lineage.subscription,
        "meter": {
            "code": meter.code,
            "aggregation": meter.aggregation.value,
            "percentile": None if meter.percentile is None else digits(meter.percentile),
        },
        "window": {
            "start": _instant(window.start),
            "end": _instant(window.end),
            "zone": window.zone,
            "carried_over": window.carried_over,
            "prorated": window.prorated,
            "first_day": window.first_day.isoformat(),
            "end_day": window.end_day.isoformat(),
            "whole_days": window.whole_days,
            "whole_microseconds": window.whole_microseconds,
            "filters": [dict(one.values) for one in window.filters],
            "group_by": list(window.group_by),
        },
        "quantities": [quantity_shape(one) for one in lineage.quantities],
        "events": [_event(one) for one in lineage.events],
    }


def quantity_shape(one: MeteredQuantity) -> dict[str, Any]:
    """A metered quantity as JSON; the filter of the rest is null."""
    return {
        "filter": None if one.filter is None else dict(one.filter.values),
        "group": list(one.group),
        "quantity": digits(one.quantity),
        "level": digits(one.level),
        "event_count": one.event_count,
    }


def digits(value: Decimal) -> str:
    """A number as text without idle zeros; no digit that counts is dropped."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_csv(lineage: Lineage) -> str:
    """The events as CSV, with a column for each property."""
    names = sorted({name for event in lineage.events for name in event.properties})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *(f"property:{name}" for name in names)])
    for event in lineage.events:
        plain = [
            event.source,
            event.event_id,
            _instant(event.at),
            digits(event.quantity),
            event.item,
            _instant(event.known_at),
        ]
        writer.writerow([_cell(cell) for cell in (*plain, *(event.properties.get(name, "") for name in names))])
    return text.getvalue()


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; a negative number stays one."""
    if text[:1] in ("=", "+", "@", "\t", "\r") or (text[:1] == "-" and not text[1:].replace(".", "", 1).isdigit()):
        return f"'{text}"
    return text


def _event(event: UsageEvent) -> dict[str, Any]:
    return {
        "source": event.source,
        "id": event.event_id,
        "key": event.id.hex,
        "time": _instant(event.at),
        "quantity": digits(event.quantity),
        "item": event.item,
        "properties": dict(event.properties),
        "known_at": _instant(event.known_at),
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
