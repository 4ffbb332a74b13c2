"""Usage through the API: recorded in each form, told what is refused, corrected, shown, and recomputed outside."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cashline.flow.deliver.usage.jobs import alert_due
from cashline.platform.clock.actions import make_sandbox
from tests.support.api import Api
from tests.support.book import make_shop
from tests.support.cluster import Database
from tests.support.usage import LATER, subscribe

SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "recompute_usage.py"
CALLS = {"code": "calls", "name": "Calls", "aggregation": "sum", "dimensions": ["region"]}


@pytest.fixture
def api(db: Database) -> Api:
    make_sandbox(frozen_at=LATER)
    shop = make_shop()
    subscribe(shop)
    found = Api()
    found.entities = (shop.world.berlin, shop.world.boston)  # type: ignore[attr-defined]
    return found


def number(api: Api) -> str:
    return str(api.get("/subscriptions").body["items"][0]["number"])


def subscription(api: Api) -> str:
    return str(api.get("/subscriptions").body["items"][0]["id"])


def event(api: Api, key: str, **changes: Any) -> dict[str, Any]:
    given = {"source": "gw", "id": key, "subscription": number(api), "meter": "calls", "time": "2026-02-03T10:00:00Z"}
    return given | {"quantity": "2.5", "properties": {"region": "eu"}} | changes


def test_events_come_in_each_form_and_count_once(api: Api) -> None:
    assert api.post("/meters", CALLS).status == 201
    assert api.post("/usage-events", event(api, "1")).body["accepted"] == 1
    batch = api.post("/usage-events", {"events": [event(api, "1"), event(api, "2"), event(api, "3", meter="x")]}).body
    assert (batch["accepted"], batch["duplicates"], batch["refused_count"]) == (1, 1, 1)
    assert [(one["index"], one["code"], one["field"]) for one in batch["refused"]] == [(2, "unknown_meter", "meter")]
    cloud = {
        "specversion": "1.0", "source": "gw", "id": "2", "type": "calls", "subject": number(api),
        "time": "2026-02-03T10:00:00Z", "data": {"quantity": 2.5, "region": "eu"},
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {api.secret}"}
    for body, media, accepted in (
        (cloud, "application/cloudevents+json", 0),
        ([cloud, cloud | {"id": "4"}], "application/cloudevents-batch+json", 1),
    ):
        answer = api.client.post("/v1/usage-events", json.dumps(body), content_type=media, headers=headers)
        assert (answer.status_code, answer.json()["accepted"], answer.json()["duplicates"]) == (200, accepted, 1)
    used = api.get(f"/subscriptions/{subscription(api)}/usage", start="2026-02-01", end="2026-03-01", by_day=True).body
    (calls,) = used["meters"]
    assert (calls["quantity"], calls["event_count"]) == ("7.5", 3)
    assert [one for one in calls["days"] if one["quantity"] != "0"] == [{"day": "2026-02-03", "quantity": "7.5"}]
    assert len(calls["days"]) == 28


def test_a_preview_shows_the_change_and_records_nothing(api: Api) -> None:
    api.post("/meters", CALLS)
    body = {"events": [event(api, "1"), event(api, "2", time="2026-03-05T00:00:00Z")]}
    shown = api.post("/usage-events/preview", body).body
    assert [(one["month"], one["before"], one["after"]) for one in shown["changes"]] == [
        ("2026-02-01", "0", "2.5"), ("2026-03-01", "0", "2.5")
    ]  # fmt: skip
    assert api.get("/usage-events").body["items"] == []


def test_a_file_is_previewed_and_recorded(api: Api) -> None:
    api.post("/meters", CALLS)
    text = f"id,subscription,meter,time,quantity,region\n1,{number(api)},calls,2026-02-03T10:00:00Z,2,eu\n2,x,,,,\n"
    shown = api.file("/usage-events/import?preview=true", text.encode()).body
    assert (shown["accepted"], shown["refused_count"]) == (1, 1)
    assert api.file("/usage-events/import?source=legacy", text.encode()).body["accepted"] == 1
    (row,) = api.get("/usage-events", meter="calls").body["items"]
    assert (row["source"], row["event_id"], row["properties"]) == ("legacy", "1", {"region": "eu"})


def test_dead_letters_are_shown_replayed_and_discarded(api: Api) -> None:
    api.post("/usage-events", {"events": [event(api, "1"), event(api, "2", time="soon")]})
    letters = api.get("/usage-dead-letters", status="waiting").body["items"]
    assert {(one["event_id"], one["code"], one["field"]) for one in letters} == {
        ("1", "unknown_meter", "meter"), ("2", "invalid_value", "time")
    }  # fmt: skip
    api.post("/meters", CALLS)
    assert api.post("/usage-dead-letters/replay", {}).body == {"replayed": 1, "waiting": 1}
    wrong = next(one["id"] for one in letters if one["event_id"] == "2")
    assert api.post(f"/usage-dead-letters/{wrong}/discard", {"reason": "lost"}).body["status"] == "discarded"
    assert api.post(f"/usage-dead-letters/{wrong}/discard", {"reason": "lost"}).status == 409


def test_an_event_is_voided_and_replaced(api: Api) -> None:
    api.post("/meters", CALLS)
    api.post("/usage-events", {"events": [event(api, "1"), event(api, "2")]})
    first = next(one for one in api.get("/usage-events").body["items"] if one["event_id"] == "1")
    voided = api.post(f"/usage-events/{first['id']}/void", {"reason": "a test"}).body
    assert (voided["correction_reason"], voided["corrected_at"]) != ("", None)
    body = {"source": "gw", "id": "2", "reason": "wrong", "replacement": event(api, "2b", quantity="9")}
    assert len(api.post("/usage-corrections", {"corrections": [body]}).body["corrected"]) == 1
    again = api.post("/usage-corrections", {"corrections": [body]})
    assert (again.status, again.codes) == (409, ["usage_already_corrected"])
    used = api.get(f"/subscriptions/{subscription(api)}/usage", start="2026-02-01").body
    assert used["meters"][0]["quantity"] == "9"


@pytest.mark.parametrize(
    "aggregation", ["sum", "weighted_sum", "unique_count", "percentile", "average", "latest", "max"]
)
def test_a_quantity_is_recomputed_outside(api: Api, tmp_path: Path, aggregation: str) -> None:
    percentile = {"percentile": "90"} if aggregation == "percentile" else {}
    api.post("/meters", CALLS | {"aggregation": aggregation} | percentile)
    events = [
        event(api, str(day), time=f"2026-02-{day:02}T23:30:00Z", quantity=str(day), item=f"i{day % 5}",
              properties={"region": "eu" if day % 2 else "us"})
        for day in range(1, 28)
    ]  # fmt: skip
    assert api.post("/usage-events", {"events": events}).body["accepted"] == 27
    path = f"/subscriptions/{subscription(api)}/usage-export"
    asked = {"meter": "calls", "start": "2026-02-03", "end": "2026-03-01", "group_by": "region"}
    if aggregation in ("sum", "unique_count"):
        asked |= {"prorated": "true", "carried_over": "true"}
    file = tmp_path / "usage.json"
    file.write_bytes(api.get(path, **asked).content)
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 2
    changed = json.loads(file.read_text())
    changed["quantities"][0]["quantity"] += "1" if "." in changed["quantities"][0]["quantity"] else ".1"
    file.write_text(json.dumps(changed))
    assert subprocess.run([sys.executable, str(SCRIPT), str(file)], capture_output=True, check=False).returncode == 1
    rows = api.get(path, **asked, form="csv").content.decode().splitlines()
    assert rows[0] == "source,id,time,quantity,item,known_at,property:region"


def test_what_is_no_event_or_no_meter_is_refused_at_the_door(api: Api) -> None:
    assert api.post("/usage-events", []).fields == ["events"]
    assert api.post("/usage-events", "7").status == 422
    assert "aggregation" in " ".join(api.post("/meters", CALLS | {"aggregation": "most"}).fields)
    answer = api.post("/meters", CALLS | {"percentile": "50"})
    assert (answer.status, answer.fields) == (422, ["meters.0.percentile"])
    assert api.get(f"/subscriptions/{subscription(api)}/usage", start="2026-02-01", end="2026-01-01").status == 422


def test_a_key_of_another_entity_records_nothing_and_sees_no_dead_letter(api: Api) -> None:
    api.post("/meters", CALLS)
    other = Api("billing", api.entities[1])  # type: ignore[attr-defined]
    assert other.post("/usage-events", event(api, "1")).body["refused"][0]["code"] == "unknown_subscription"
    assert other.get("/usage-events").body["items"] == []
    assert other.get("/usage-dead-letters").status == 403
    assert other.get(f"/subscriptions/{subscription(api)}/usage").status == 404
    assert Api("seller").post("/usage-events", event(api, "2")).status == 403


def test_an_alert_is_set_told_and_ended(api: Api) -> None:
    api.post("/meters", CALLS)
    given = {"subscription": subscription(api), "meter": "calls", "threshold": "2"}
    made = api.post("/usage-alerts", given)
    assert (made.status, made.body["reached_at"]) == (201, None)
    api.post("/usage-events", event(api, "1", time="2026-04-01T00:00:00Z"))
    assert alert_due(now=LATER, actor="system:test") == 1
    (row,) = api.get("/usage-alerts", subscription=subscription(api)).body["items"]
    assert row["reached_at"] == "2026-04-01T00:00:00Z"
    assert api.post(f"/usage-alerts/{row['id']}/end").body["ended_at"] is not None
    assert api.post("/usage-alerts", given | {"meter": "miles"}).fields == ["alerts.0.meter"]
    other = Api("billing", api.entities[1])  # type: ignore[attr-defined]
    assert other.post(f"/usage-alerts/{row['id']}/end").status == 404


HOSTILE: list[Any] = [
    {"specversion": "\ud800", "source": "\ud800", "id": "x"},
    {"source": "s" * 5_000, "id": "i" * 5_000, "colour": "green"},
    {"id": 10**400, "source": [], "quantity": 10**300},
    {"\ud800": {"deep": [{"a": None}, 1.5, True, 10**30]}},
    [["no"], "event", None, 7],
]


@pytest.mark.parametrize("sent", HOSTILE)
def test_whatever_is_sent_is_kept_as_a_dead_letter(api: Api, sent: Any) -> None:
    answer = api.post("/usage-events", sent)
    assert (answer.status, answer.body["accepted"]) == (200, 0)
    letters = api.get("/usage-dead-letters").body["items"]
    assert len(letters) == answer.body["refused_count"] > 0
    shown = api.get(f"/usage-dead-letters/{letters[0]['id']}")
    assert shown.status == 200
    assert api.post("/usage-dead-letters/replay", {}).body == {"replayed": 0, "waiting": len(letters)}


@pytest.mark.parametrize("query", [{"meter": "\x00"}, {"meter": "a b"}, {"start": "soon"}])
def test_a_question_that_means_nothing_is_refused(api: Api, query: dict[str, str]) -> None:
    assert api.get("/usage-events", **query).status == 422
    assert api.get("/usage-dead-letters", code="\x00").status == 422
