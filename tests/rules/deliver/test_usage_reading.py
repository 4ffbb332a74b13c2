"""Events as they are sent: our own JSON, CloudEvents 1.0, CSV; what cannot be read says so, one by one."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cashline.flow.deliver.usage.rules import NewUsage
from cashline.flow.deliver.usage.rules.csv_usage import UsageFileUnreadable, parse_csv_usage
from cashline.flow.deliver.usage.rules.reading import MAX_EVENTS, read_event, read_events
from cashline.flow.deliver.usage.rules.recording import Unreadable, as_json
from cashline.kernel.refusals import InvalidValue

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
TENTH = Decimal("0.1")
OWN: dict[str, Any] = {
    "source": "gw-7", "id": "a1", "subscription": "SUB-1", "meter": "calls", "time": "2026-01-15T10:00:00+01:00",
    "quantity": "1.5", "item": "user-3", "properties": {"region": "eu", "retries": 2, "ok": True, "share": TENTH},
}  # fmt: skip
CLOUD: dict[str, Any] = {
    "specversion": "1.0", "source": "gw-7", "id": "a1", "type": "calls", "subject": "SUB-1",
    "time": "2026-01-15T09:00:00Z", "datacontenttype": "application/json; charset=utf-8", "traceparent": "00-1",
    "data": {"quantity": Decimal("1.5"), "item": "user-3", "region": "eu", "retries": 2, "ok": True, "share": TENTH},
}  # fmt: skip
MEANT = NewUsage(
    "gw-7", "a1", "SUB-1", "calls", NOW, Decimal("1.5"), "user-3",
    {"region": "eu", "retries": "2", "ok": "true", "share": "0.1"},
)  # fmt: skip


@pytest.mark.parametrize("raw", [OWN, CLOUD])
def test_both_forms_mean_the_same(raw: dict[str, Any]) -> None:
    assert read_event(raw, now=NOW) == MEANT


def test_what_is_kept_of_an_event_reads_back() -> None:
    assert read_event(as_json(MEANT), now=NOW) == MEANT


def test_a_cloud_event_without_a_time_happened_now() -> None:
    raw = {name: value for name, value in CLOUD.items() if name != "time"}
    assert read_event(raw, now=NOW) == MEANT


@pytest.mark.parametrize("body", [OWN, [OWN], {"events": [OWN]}, [CLOUD]])
def test_one_or_many(body: Any) -> None:
    assert read_events(body, now=NOW) == [MEANT]


@pytest.mark.parametrize("body", [[], "x", 7, None, {"events": []}, [OWN] * (MAX_EVENTS + 1)])
def test_a_body_that_holds_no_events_is_refused(body: Any) -> None:
    with pytest.raises(InvalidValue):
        read_events(body, now=NOW)


WRONG: list[tuple[Any, str]] = [
    (OWN | {"time": "yesterday"}, "time"),
    (OWN | {"time": "2026-01-15T10:00:00"}, "time"),
    (OWN | {"time": "0001-01-01T00:00:00+14:00"}, "time"),
    (OWN | {"time": 5}, "time"),
    (OWN | {"quantity": "NaN"}, "quantity"),
    (OWN | {"quantity": "1,5"}, "quantity"),
    (OWN | {"quantity": "٣"}, "quantity"),
    (OWN | {"quantity": True}, "quantity"),
    (OWN | {"quantity": "1e400"}, "quantity"),
    (OWN | {"quantity": []}, "quantity"),
    (OWN | {"id": ""}, "id"),
    (OWN | {"source": None}, "source"),
    (OWN | {"source": "\ud800"}, "source"),
    (OWN | {"item": {}}, "item"),
    (OWN | {"properties": []}, "properties"),
    (OWN | {"properties": {"a": "\x00"}}, "properties.a"),
    (OWN | {"colour": "green"}, "colour"),
    (CLOUD | {"specversion": "0.3"}, "specversion"),
    (CLOUD | {"Upper": "x"}, "Upper"),
    (CLOUD | {"data_base64": "eA=="}, "datacontenttype"),
    (CLOUD | {"datacontenttype": "text/xml"}, "datacontenttype"),
    (CLOUD | {"data": "x"}, "data"),
    (CLOUD | {"subject": None}, "subject"),
    ("text", "event"),
]


@pytest.mark.parametrize(("raw", "field"), WRONG)
def test_what_cannot_be_read_says_why(raw: Any, field: str) -> None:
    found = read_event(raw, now=NOW)
    assert isinstance(found, Unreadable)
    assert (found.wrong.code, found.wrong.field) == ("invalid_value", field)
    assert found.wrong.message


def test_a_file_of_events() -> None:
    text = (
        "\ufeffid;subscription;meter;time;quantity;region\n"
        "a1;SUB-1;calls;2026-01-15T09:00:00Z;1.5;eu\n\n"
        "a2;SUB-1;calls;2026-01-15T09:00:00Z;;\n"
        "a3;SUB-1;calls;15.01.2026;1;eu\n"
        "a4;SUB-1;calls\n"
    )
    first, second, third, fourth = parse_csv_usage(text.encode(), source="export")
    assert first == NewUsage("export", "a1", "SUB-1", "calls", NOW, Decimal("1.5"), "", {"region": "eu"})
    assert second == NewUsage("export", "a2", "SUB-1", "calls", NOW)
    assert isinstance(third, Unreadable)
    assert third.wrong.field == "time"
    assert isinstance(fourth, Unreadable)
    assert fourth.wrong.field == "row"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"id,meter\n1,2\n", b"id,id,subscription,meter,time\n", b'id,"a\n'])
def test_a_file_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(UsageFileUnreadable):
        parse_csv_usage(data)
