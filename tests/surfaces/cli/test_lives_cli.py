"""Rate plans and subscriptions to them from a terminal."""

import json
from pathlib import Path

import pytest

from cashline.flow.recognise.ledger.actions import open_books
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import InvalidValue
from cashline.platform.clock.actions import make_sandbox
from tests.support.agree import make_customer
from tests.support.cluster import Database
from tests.support.invoice import make_tax_rates
from tests.support.world import ACTOR, NOW, make_world
from tests.surfaces.cli.test_usage_cli import run


@pytest.fixture
def customer(db: Database) -> str:
    make_sandbox(frozen_at=NOW)
    open_books(entity_id=make_world().berlin, now=NOW, actor=ACTOR)
    make_tax_rates()
    return public("customer", make_customer())


def test_a_plan_is_published_and_subscribed_to(customer: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    terms = {"code": "TEAM", "name": "Team", "currency": "EUR", "interval": "month", "base_fee": "31.00"}
    file.write_text(json.dumps(terms))
    assert "TEAM version 1 is published." in run("plan", "publish", str(file))
    assert [one["code"] for one in run("plan", "list", "--json")["items"]] == ["TEAM"]
    assert "31.00" in run("plan", "show", "TEAM")
    made = run("subscription", "start", "--customer", customer, "--entity", "DE01", "--plan", "TEAM", "--json")
    assert (made["status"], made["plan_code"]) == ("active", "TEAM")
    number = made["number"]
    changed = run("subscription", "change", number, "quantity_changed", "--quantity", "3", "--json")
    assert float(changed["quantity"]) == 3
    assert "is paused." in run("subscription", "change", number, "paused")
    assert "paused" in run("subscription", "life", number)
    with pytest.raises(InvalidValue):
        run("subscription", "change", number, "sold")
