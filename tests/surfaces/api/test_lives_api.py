"""Subscriptions to rate plans through the API: published, started, changed, previewed, stopped, and what is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cashline.kernel.identifiers import public
from cashline.platform.clock.actions import make_sandbox, move_clock
from tests.support.agree import make_customer
from tests.support.api import Api
from tests.support.cluster import Database
from tests.support.invoice import make_tax_rates
from tests.support.world import NOW, make_world

TEAM = {"code": "TEAM", "name": "Team", "currency": "EUR", "interval": "month", "base_fee": "31.00"}
PRO = TEAM | {"code": "PRO", "name": "Pro", "base_fee": "62.00", "anchor": {"kind": "calendar"}}


@pytest.fixture
def api(db: Database) -> Api:
    from cashline.flow.recognise.ledger.actions import open_books

    make_sandbox(frozen_at=NOW)
    world = make_world()
    make_tax_rates()
    open_books(entity_id=world.berlin, now=NOW, actor="user:test@example.com")
    found = Api()
    assert found.post("/plans", TEAM).status == 201
    assert found.post("/plans", PRO).status == 201
    return found


def started(api: Api, **changes: Any) -> dict[str, Any]:
    customer = public("customer", make_customer())
    answer = api.post("/subscriptions", {"customer": customer, "entity": "DE01", "plan": "TEAM"} | changes)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def charges(api: Api, key: str) -> list[tuple[str, Decimal]]:
    items = api.get(f"/subscriptions/{key}/charges").body["items"]
    return [(one["component"], Decimal(one["amount"])) for one in items]


def test_a_plan_is_published_once_a_version(api: Api) -> None:
    again = api.post("/plans", TEAM | {"base_fee": "35.00"}).body
    assert (again["version"], again["terms"]["base_fee"]) == (2, "35.00")
    assert api.get(f"/plans/{again['id']}").body["code"] == "TEAM"
    assert [one["code"] for one in api.get("/plans?sort=code").body["items"]] == ["PRO", "TEAM"]
    wrong = api.post("/plans", TEAM | {"interval": "day", "usage_thresholds": ["5", "3"]})
    assert (wrong.status, set(wrong.codes)) == (422, {"invalid_plan"})


def test_a_change_is_previewed_to_the_cent_and_then_made(api: Api) -> None:
    """31 days of 31.00 from 15 January, changed on the 25th: 10 days used, 21.00 back, 7 of 31 days of 62.00."""
    key = started(api)["id"]
    assert charges(api, key) == [("base", Decimal("31.00"))]
    move_clock(datetime(2026, 1, 25, 9, tzinfo=UTC))
    change = {"plan": "PRO", "reason": "More seats"}
    preview = api.post(f"/subscriptions/{key}/preview", {"kind": "plan_changed", "plan": "PRO"}).body
    assert charges(api, key) == [("base", Decimal("31.00"))]
    made = api.post(f"/subscriptions/{key}/change-plan", change).body
    assert made["plan_code"] == "PRO"
    after = charges(api, key)
    assert sorted(after)[:-1] == [("base", Decimal("14.00")), ("base", Decimal("31.00"))]
    assert ("unused_base", Decimal("-21.00")) in after
    assert Decimal(preview["net"]) == Decimal("-7.00")
    assert [Decimal(one["amount"]) for one in preview["items"]] == [amount for _, amount in after[:2]]


def test_each_step_of_a_life(api: Api) -> None:
    key = started(api, quantity="2")["id"]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("quantity", {"quantity": "3", "effect": "period_end"}),
        ("price", {"unit_price": "40.00"}),
        ("add-ons", {"add_on": "backup", "quantity": "1", "unit_price": "5.00"}),
        ("billing-day", {"billing_day": 1}),
        ("trial", {"days": 3}),
        ("pause", {}),
        ("resume", {}),
        ("stop", {"unused": "keep"}),
        ("reactivate", {}),
    ]
    for day, (name, body) in enumerate(steps, start=16):
        move_clock(datetime(2026, 1, day, 9, tzinfo=UTC))
        answer = api.post(f"/subscriptions/{key}/{name}", body)
        assert answer.status == 200, (name, answer.body)
    life = api.get(f"/subscriptions/{key}/life").body
    assert life["status"] == "active"
    assert life["changes"][0]["kind"] == "started"
    assert len(life["changes"]) == 10


def test_what_is_scheduled_is_withdrawn_and_what_conflicts_is_refused(api: Api) -> None:
    key = started(api)["id"]
    move_clock(datetime(2026, 1, 20, 9, tzinfo=UTC))
    life = api.post(f"/subscriptions/{key}/change-plan", {"plan": "PRO", "effect": "period_end"}).body
    assert (life["plan_code"], life["changes"][-1]["at"][:10]) == ("TEAM", "2026-02-14")
    gone = api.post(f"/subscriptions/{key}/withdraw", {"change": life["changes"][-1]["id"]}).body
    assert [one["in_force"] for one in gone["changes"]] == [True, False, False]
    refused = api.post(f"/subscriptions/{key}/resume", {})
    assert (refused.status, refused.codes) == (409, ["conflicting_change"])
    assert api.post(f"/subscriptions/{key}/pause", {"effect": "at", "at": "2020-01-01T00:00:00Z"}).status == 422
    assert api.post(f"/subscriptions/{key}/change-plan", {"plan": "NONE"}).status == 404


def test_conventions_are_settings_of_the_entity(api: Api) -> None:
    entity = next(one["id"] for one in api.get("/entities").body["items"] if one["code"] == "DE01")
    wanted = {"cancel_day": "billed", "unused_advance": "negative_line", "change_billed": "at_next_renewal"}
    assert api.get(f"/entities/{entity}/plan-conventions").body["cancel_day"] == "not_billed"
    assert api.send("put", f"/entities/{entity}/plan-conventions", wanted).body == wanted
    key = started(api)["id"]
    move_clock(datetime(2026, 1, 20, 9, tzinfo=UTC))
    api.post(f"/subscriptions/{key}/change-plan", {"plan": "PRO"})
    assert charges(api, key) == [("base", Decimal("31.00"))]
