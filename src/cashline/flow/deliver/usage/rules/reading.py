"""Reading events as they are sent: our own JSON, CloudEvents 1.0 in JSON, and rows of a CSV file.

A CloudEvent names the meter by its `type` and the subscription by its `subject`; `data` is an object of properties, in
which `quantity` and `item` are those of the event (CloudEvents 1.0.2, sections 3.1 and JSON format 3 and 4). What
cannot be read is `Unreadable`, one event at a time, so that the others of a batch are recorded.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from cashline.flow.deliver.usage.rules.dead_letters import MAX_TEXT, kept_text
from cashline.flow.deliver.usage.rules.events import NewUsage
from cashline.flow.deliver.usage.rules.recording import Unreadable, Wrong
from cashline.kernel.refusals import InvalidValue

OWN_FIELDS = frozenset({"source", "id", "subscription", "meter", "time", "quantity", "item", "properties"})
ATTRIBUTE = re.compile(r"[a-z0-9]{1,40}", re.ASCII)
MAX_EVENTS = 10_000
"""Events in one request."""
type Read = NewUsage | Unreadable


def read_events(body: Any, *, now: datetime) -> list[Read]:
    """The events of a request: one, a list (the batch form of CloudEvents), or `{"events": […]}`.

    Raises InvalidValue where the body is none of these, or holds none or more than MAX_EVENTS.
    """
    if isinstance(body, Mapping) and set(body) == {"events"}:
        body = body["events"]
    events = [body] if isinstance(body, Mapping) else body
    if not isinstance(events, list) or not 1 <= len(events) <= MAX_EVENTS:
        raise InvalidValue(
            f"Send an event, or a list of 1 to {MAX_EVENTS:,} events.",
            field="events",
            fix="Send more in several requests.",
        )
    return [read_event(one, now=now) for one in events]


def read_event(raw: Any, *, now: datetime) -> Read:
    """One event in either form; a CloudEvent without a time happened `now`."""
    if not isinstance(raw, Mapping):
        return Unreadable({"sent": raw}, Wrong("invalid_value", "event", "An event is a JSON object."))
    try:
        return _cloud_event(raw, now) if "specversion" in raw else _own_event(raw)
    except InvalidValue as refusal:
        source, key = raw.get("source"), raw.get("id")
        return Unreadable(
            dict(raw),
            Wrong(refusal.code, kept_text(refusal.field), kept_text(refusal.message, MAX_TEXT)),
            kept_text(source) if isinstance(source, str) else "",
            kept_text(key) if isinstance(key, str) else "",
        )


def _own_event(raw: Mapping[str, Any]) -> NewUsage:
    if unknown := sorted(str(name) for name in raw.keys() - OWN_FIELDS):
        raise InvalidValue(f"There is no field {unknown[0][:60]!r}.", field=unknown[0][:60])
    return NewUsage(
        _text(raw, "source"),
        _text(raw, "id"),
        _text(raw, "subscription"),
        _text(raw, "meter"),
        instant(_text(raw, "time")),
        number(raw.get("quantity"), "quantity"),
        _word(raw.get("item"), "item"),
        _properties(raw.get("properties"), "properties"),
    )


def _cloud_event(raw: Mapping[str, Any], now: datetime) -> NewUsage:
    if raw["specversion"] != "1.0":
        raise InvalidValue("Only CloudEvents 1.0 are read.", field="specversion")
    for name in raw:
        if name != "data_base64" and not ATTRIBUTE.fullmatch(name):
            raise InvalidValue(f"{name[:60]!r} is no attribute of a CloudEvent.", field=name[:60])
    media = raw.get("datacontenttype", "application/json")
    if "data_base64" in raw or not isinstance(media, str) or "json" not in media:
        raise InvalidValue("The data of a usage event is JSON.", field="datacontenttype")
    data = raw.get("data", {})
    if not isinstance(data, Mapping):
        raise InvalidValue("The data of a usage event is a JSON object.", field="data")
    time = raw.get("time")
    return NewUsage(
        _text(raw, "source"),
        _text(raw, "id"),
        _text(raw, "subject"),
        _text(raw, "type"),
        now if time is None else instant(_text(raw, "time")),
        number(data.get("quantity"), "data.quantity"),
        _word(data.get("item"), "data.item"),
        _properties({name: data[name] for name in data if name not in ("quantity", "item")}, "data"),
    )


def instant(text: str) -> datetime:
    """An instant with its offset, such as 2026-03-31T12:00:00Z (RFC 3339); raises InvalidValue."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or len(text) < 16:
        raise InvalidValue(f"{text[:60]!r} is no time such as 2026-03-31T12:00:00Z.", field="time")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise InvalidValue(f"{text[:60]!r} is no time.", field="time") from None


def number(value: Any, place: str) -> Decimal | None:
    """A quantity from a JSON number or text; None where there is none. Raises InvalidValue."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InvalidValue("The quantity is a number, or a text of one.", field=place)
    if isinstance(value, str) and (len(value) > 60 or not value.isascii() or "_" in value):
        raise InvalidValue(f"{value[:60]!r} is no number.", field=place)
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise InvalidValue(f"{value!r} is no number.", field=place) from None
    if not found.is_finite() or abs(found.adjusted()) > 60:
        raise InvalidValue(f"{str(value)[:60]!r} is no number.", field=place)
    return found


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidValue(f"The event needs its {name}, a text.", field=name)
    return _storable(value, name)


def _word(value: Any, place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidValue("The item is a text.", field=place)
    return _storable(str(value), place)


def _properties(value: Any, place: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidValue("The properties are a JSON object.", field=place)
    found = {}
    for name, given in value.items():
        if given is not None:
            found[_storable(name, place)] = _storable(_as_text(given), f"{place}.{name[:60]}")
    return found


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    return json.dumps(value, default=str, separators=(",", ":"), sort_keys=True)


def _storable(text: str, place: str) -> str:
    """A text that a database can hold: no NUL, no half of a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidValue("The text holds half of a character.", field=place) from None
    if "\x00" in text:
        raise InvalidValue("The text holds a NUL character.", field=place)
    return text


def read_row(row: Mapping[str, str], *, source: str) -> Read:
    """A row of a file by the names of its columns; columns of no name that we know are properties."""
    raw: dict[str, Any] = {name: row[name] for name in OWN_FIELDS - {"properties"} if row.get(name)}
    raw.setdefault("source", source)
    properties = {name: text for name, text in row.items() if name not in OWN_FIELDS and text}
    if properties:
        raw["properties"] = properties
    return read_event(raw, now=datetime.max.replace(tzinfo=UTC))


def parse_json_usage(data: bytes, *, now: datetime) -> list[Read]:
    """The events of a JSON file, of any number and in any of the forms of a request. Raises InvalidValue."""
    try:
        body = json.loads(data.decode("utf-8-sig"), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"The file is no JSON: {str(error)[:200]}", field="file") from None
    if isinstance(body, Mapping) and set(body) == {"events"}:
        body = body["events"]
    events = body if isinstance(body, list) else [body]
    return [read_event(one, now=now) for one in events]
