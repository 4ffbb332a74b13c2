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


def publish(folder: Path) -> None:
    file = folder / "plan.json"
    terms = {"code": "TEAM", "name": "Team", "currency": "EUR", "interval": "month", "base_fee": "31.00"}
    file.write_text(json.dumps(terms))
    assert "TEAM version 1 is published." in run("plan", "publish", str(file))


def test_a_plan_is_published_and_subscribed_to(customer: str, tmp_path: Path) -> None:
    publish(tmp_path)
    assert [one["code"] for one in run("plan", "list", "--json")["items"]] == ["TEAM"]
    assert "31.00" in run("plan", "show", "TEAM")
    made = run("subscription", "start", "--customer", customer, "--entity", "DE01", "--plan", "TEAM", "--json")
    assert (made["status"], made["plan_code"]) == ("active", "TEAM")
    number = made["number"]
    foretold = run("subscription", "preview", number, "quantity_changed", "--quantity", "3")
    assert foretold.startswith("62.00 EUR at once; then:")
    assert run("subscription", "preview", number, "quantity_changed", "--quantity", "3", "--json")["net"] == "62.00"
    changed = run("subscription", "change", number, "quantity_changed", "--quantity", "3", "--json")
    assert float(changed["quantity"]) == 3
    assert "is paused." in run("subscription", "change", number, "paused")
    assert "paused" in run("subscription", "life", number)
    campaign = run("subscription", "campaign", "draft", "Spring", "--plan", "TEAM", "--percent", "10", "--json")
    preview = run("subscription", "campaign", "preview", campaign["id"])
    assert "0 subscriptions follow, 1 could not." in preview
    assert f"{number} (" in preview
    with pytest.raises(InvalidValue):
        run("subscription", "change", number, "sold")


def test_terms_ramps_skips_and_transfers_from_the_terminal(customer: str, tmp_path: Path) -> None:
    publish(tmp_path)
    number = run("subscription", "start", "--customer", customer, "--entity", "DE01", "--plan", "TEAM", "--json")[
        "number"
    ]
    said = run("plan", "set-index", "CPI", "--name", "Prices", "--value", "2026-01=120", "--value", "2026-02=121")
    assert "2 values of CPI" in said
    assert run("plan", "indices", "--json")["items"][0]["value"] == "121"
    options = ("--months", "12", "--auto-renew", "--notice-days", "30", "--index", "CPI", "--cap", "3")
    termed = run("subscription", "change", number, "term_set", *options, "--json")
    assert termed["changes"][-1]["term"]["policy"] == {"index": "CPI", "cap": "3"}
    assert "follows 2 steps" in run(
        "subscription", "ramp", number, "--step", "2027-01-01;5", "--step", "2027-02-01;;9.5"
    )
    assert "skips 1" in run("subscription", "skip", number)
    waits = run("subscription", "gate", number, "quantity_changed", "--quantity", "0", "--json")
    assert waits["status"] == "paid"
    other = public("customer", make_customer())
    gone = run("subscription", "transfer", number, "--customer", other, "--reason", "Sold", "--json")
    assert (gone["customer"], gone["status"]) == (other, "active")
    with pytest.raises(InvalidValue):
        run("subscription", "ramp", number, "--step", "soon;5")
