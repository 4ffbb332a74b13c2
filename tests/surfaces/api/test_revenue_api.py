"""Arrangements over the API, the terminal and the console: recorded, judged, run, explained, and asked what if."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cashline.flow.recognise.revenue.commands import COMMANDS
from cashline.flow.recognise.revenue.queries import arrangements as queries
from cashline.kernel.identifiers import key_of
from tests.support.api import Api
from tests.support.console import Console
from tests.support.world import World, make_world

pytestmark = pytest.mark.usefixtures("db")

CONTRACT: dict[str, Any] = {
    "id": "c",
    "inception": "2026-01-01",
    "consideration": [
        {"kind": "fixed", "id": "price", "amount": "1200"},
        {"kind": "variable", "id": "bonus", "basis": "total"},
    ],
    "obligations": [
        {"id": "licence", "pattern": "point", "ssp": "600"},
        {"id": "support", "pattern": "ratable_monthly", "ssp": "600", "from": "2026-01-01", "until": "2027-01-01"},
    ],
}
EVENTS = [
    {"at": "2026-01-10", "type": "transfer", "obligation": "licence"},
    {"at": "2026-01-12", "type": "invoice", "contract": "c", "amount": "1200"},
]
BONUS = {"at": "2026-01-05", "type": "variable", "consideration": "bonus", "method": "given", "estimate": "120"}


@pytest.fixture
def world(db: object) -> World:
    return make_world()


def recorded(api: Api, **changes: Any) -> str:
    body = {"entity": "DE01", "currency": "EUR", "title": "Licence", "contracts": [CONTRACT], "events": EVENTS}
    answer = api.post("/revenue-arrangements", {**body, **changes})
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def test_an_arrangement_is_recorded_judged_and_run(world: World) -> None:
    api = Api()
    key = recorded(api)
    judged = {"judgements": [BONUS], "reason": "milestone in sight", "paragraph": "606-10-32-8"}
    assert api.post(f"/revenue-arrangements/{key}/facts", judged).body["recorded"] == 1
    schedule = api.get(f"/revenue-arrangements/{key}/schedule", as_of="2026-01-31").body
    assert schedule["transaction_price"] == "1320.00"
    assert [(one["allocated"], one["recognised"], one["remaining"]) for one in schedule["obligations"]] == [
        ("660.00", "660.00", "0.00"),
        ("660.00", "55.00", "605.00"),
    ]
    assert schedule["ahead"][0] == {"month": "2026-02", "obligation": "support", "amount": "55.00"}
    assert sum(Decimal(one["amount"]) for one in schedule["ahead"]) == 605
    preview = api.post("/revenue-run-previews", {"through": "2026-01-31"}).body["arrangements"]
    assert api.post("/revenue-runs", {"through": "2026-01-31"}).body["arrangements"] == preview
    assert {one["account"]: Decimal(one["amount"]) for one in preview} == {
        "contract_position": -485,
        "receivable": 1200,
        "revenue": -715,
    }
    assert api.post("/revenue-runs", {"through": "2026-01-31"}).body["arrangements"] == []
    shown = api.get(f"/revenue-arrangements/{key}").body
    assert [one["kind"] for one in shown["facts"]] == ["contract", "event", "event", "judgement"]
    assert (shown["facts"][-1]["paragraph"], shown["facts"][-1]["reason"]) == ("606-10-32-8", "milestone in sight")
    assert [one["id"] for one in api.get("/revenue-arrangements").body["items"]] == [key]


def test_what_if_shows_the_difference_of_journals(world: World) -> None:
    api = Api()
    key = recorded(api)
    supposed = {"through": "2026-01-31", "prices": [{"obligation": "licence", "amount": "200"}]}
    changes = api.post(f"/revenue-arrangements/{key}/what-if", supposed).body["changes"]
    licence = next(one for one in changes if one["subject"] == "licence")
    assert (licence["month"], licence["now"], licence["then"]) == ("2026-01", "-600.00", "-300.00")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"events": [{"at": "2026-01-10", "type": "transfer", "obligation": "gone"}]}, "event of 2026-01-10"),
        ({"events": [{"at": "2026-01-10", "type": "teleport"}]}, "events[0]"),
        ({"judgements": [{**BONUS, "estimate": "1e30"}]}, "estimate"),
        ({"judgements": [{**BONUS, "estimate": "NaN"}]}, "estimate"),
        ({"contracts": [CONTRACT]}, "c"),
        ({"costs": [7]}, "costs.0"),
        ({"costs": [{"id": "k\ud800"}]}, "costs[0]"),
    ],
)
def test_facts_that_make_no_sense_are_refused(world: World, facts: Mapping[str, Any], field: str) -> None:
    api = Api()
    key = recorded(api)
    answer = api.post(f"/revenue-arrangements/{key}/facts", facts)
    assert answer.status == 422
    assert field in answer.fields


def test_another_entity_and_another_role_see_and_do_nothing(world: World) -> None:
    key = recorded(Api())
    assert Api(entity_id=world.boston).get(f"/revenue-arrangements/{key}").status == 404
    assert Api(entity_id=world.boston).get("/revenue-arrangements").body["items"] == []
    assert Api("auditor").post(f"/revenue-arrangements/{key}/facts", {"judgements": [BONUS]}).status == 403


def test_the_terminal_records_adds_and_shows(world: World, tmp_path: Path) -> None:
    file, more = tmp_path / "facts.json", tmp_path / "more.json"
    file.write_text(json.dumps({"contracts": [CONTRACT], "events": EVENTS}), encoding="utf-8")
    more.write_text(json.dumps({"judgements": [BONUS]}), encoding="utf-8")

    def run(*words: str) -> Any:
        done = CliRunner().invoke(COMMANDS, words)
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.output) if "--json" in words else done.output

    key = run("record", str(file), "--entity", "DE01", "--currency", "EUR", "--json")["id"]
    assert "1 facts are recorded" in run("add", key, str(more), "--reason", "milestone in sight")
    assert "price 1320.00 EUR" in run("schedule", key, "--as-of", "2026-01-31")
    changes = run("what-if", key, "--through", "2026-01-31", "--price", "licence=200", "--json")["changes"]
    assert any(one["subject"] == "licence" for one in changes)
    assert "1 arrangements" in run("run", "--through", "2026-01-31")
    assert queries.arrangement(key_of("revenue_arrangement", key)).through == date(2026, 1, 31)


def test_the_console_shows_each_figure_with_its_derivation_and_takes_a_judgement(world: World) -> None:
    key = recorded(Api())
    Api().post("/revenue-runs", {"through": "2026-01-31"})
    console = Console("revenue_accountant")
    assert "Licence" in console.get("/revenue/arrangements/").words
    page = console.get(f"/revenue/arrangements/{key}/")
    assert "licence" in page.words
    assert page.all("//a[contains(@href, '/explain/arp_')]/@href") or page.all(
        "//*[contains(@hx-get, '/explain/arp_')]"
    )
    form = {"type": "variable", "at": "2026-01-05", "subject": "bonus", "amount": "120", "reason": "in sight"}
    console.post(f"/revenue/arrangements/{key}/judge/", {**form, "amount": "much"})
    assert [one.kind for one in queries.fact_rows(key_of("revenue_arrangement", key))].count("judgement") == 0
    console.post(f"/revenue/arrangements/{key}/judge/", form)
    shown = console.get(f"/revenue/arrangements/{key}/").words
    assert "ASC 606-10-32-8" in shown
    assert Console("auditor").post(f"/revenue/arrangements/{key}/judge/", form).status == 403
