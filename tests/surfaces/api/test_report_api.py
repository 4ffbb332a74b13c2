"""The API of the books and reports: once for each outcome."""

import json
from decimal import Decimal
from itertools import pairwise

import pytest

from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import new_id, public
from cashline.platform import sql
from tests.support.api import Api
from tests.support.console import Console
from tests.support.recognise import agreement_of, make_trading_shop
from tests.support.report import Traded, make_quote, trade_a_little

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def traded(db: object) -> Traded:
    return trade_a_little()


def test_trial_balance_and_journal(traded: Traded) -> None:
    api = Api("auditor")
    balance = api.get("/trial-balance", entity="DE01", as_of="2026-04-10").body
    assert sum(Decimal(row["balance"]) for row in balance["items"]) == 0
    assert api.get("/trial-balance", entity="XX").status == 404
    page = api.get("/journal-entries", rule="invoice", limit=2).body
    assert len(page["items"]) == 2
    assert page["next_cursor"]
    more = api.get("/journal-entries", rule="invoice", limit=2, cursor=page["next_cursor"]).body
    assert {item["id"] for item in page["items"]}.isdisjoint(item["id"] for item in more["items"])
    entry = api.get(f"/journal-entries/{page['items'][0]['id']}").body
    assert sum(Decimal(line["amount"]) for line in entry["lines"]) == 0
    assert api.get(f"/journal-entries/{public('journal_entry', new_id())}").status == 404
    [(number,)] = sql.fetch("SELECT number FROM invoices WHERE id = %s", (traded.invoices[0],))
    rules = {item["rule"] for item in api.get("/journal-entries", number=number).body["items"]}
    assert {"invoice", "payment"} <= rules


def test_months_are_closed_and_opened(traded: Traded) -> None:
    api = Api("revenue_accountant")
    month = {"entity": "DE01", "month": "2026-01-01"}
    refused = api.post("/periods/close", month)
    assert (refused.status, refused.codes) == (409, ["close_blocked"])
    assert api.post("/periods/close", month | {"override": True}).codes == ["invalid_value"]
    assert api.post("/periods/close", month | {"override": True, "reason": "The review follows"}).status == 200
    again = api.post("/periods/close", month)
    assert (again.status, again.codes) == (409, ["illegal_transition"])
    assert api.post("/periods/reopen", month | {"reason": "A bill was missing"}).status == 200
    assert Api("auditor").post("/periods/close", month).status == 403


def test_revenue_is_previewed_and_run(traded: Traded) -> None:
    api = Api("revenue_accountant")
    preview = api.post("/revenue-run-previews", {"through": "2026-04-30"}).body
    run = api.post("/revenue-runs", {"through": "2026-04-30"}).body
    assert preview["totals"] == run["totals"] != []
    assert api.post("/revenue-runs", {"through": "2026-04-30"}).body["totals"] == []
    assert api.post("/revenue-runs", {"through": "9999-12-31"}).codes == ["invalid_value"]
    assert Api("auditor").post("/revenue-runs", {"through": "2026-04-30"}).status == 403


def test_ageing_and_deferred_revenue(traded: Traded) -> None:
    api = Api("auditor")
    found = api.get("/reports/ageing", as_of="2026-04-10").body
    [berlin] = [row for row in found["entities"] if Decimal(row["total"])]
    assert berlin["ties"] is True
    assert berlin["total"] == berlin["control_account"]
    assert api.get("/reports/ageing", as_of="2026-04-10", by="issued").status == 200
    assert api.get("/reports/ageing", by="size").status == 422
    assert api.get("/reports/ageing", as_of="0001-01-01").status == 422
    months = api.get("/reports/deferred-revenue", entity="DE01", start="2026-01-01", end="2026-05-01").body["items"]
    assert [month["month"] for month in months] == ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]
    for before, after in pairwise(months):
        assert before["closing"] == after["opening"]


def test_flow_dso_and_cycle_times(traded: Traded) -> None:
    api = Api("auditor")
    stages = {one["stage"]: one["figures"] for one in api.get("/reports/flow").body["items"]}
    assert list(stages) == ["agree", "book", "deliver", "invoice", "receive", "recognise"]
    [(count,)] = sql.fetch("SELECT count(*) FROM invoices WHERE open_amount > 0")
    assert next(one for one in stages["receive"] if one["code"] == "invoices_open")["count"] == count
    found = api.get("/reports/dso", as_of="2026-04-10").body
    [berlin] = [one for one in found["items"] if one["days"] is not None]
    assert Derivation.from_json(berlin["derivation"]).breaks() == []
    assert Decimal(berlin["days"]) == Decimal(berlin["best_possible_days"]) + Decimal(berlin["delinquent_days"])
    times = {one["stage"]: one for one in api.get("/reports/cycle-times", until="2026-04-10").body["items"]}
    assert times["order_to_delivery"]["median_days"] == "5"


def test_chain_of_a_document(traded: Traded) -> None:
    api = Api("auditor")
    found = api.get(f"/chains/{public('order', traded.whole)}").body
    assert [one["type"] for one in found["documents"]][:3] == ["agreement", "order", "shipment"]
    assert "RevenueRecognised" in [event["type"] for event in found["events"]]
    same = api.get(f"/chains/{public('agreement', agreement_of(traded.whole))}").body
    assert same == found
    for wrong in (public("customer", traded.shop.customer), public("order", new_id()), "nonsense"):
        assert api.get(f"/chains/{wrong}").status == 404
    assert Api("auditor", traded.shop.world.boston).get(f"/chains/{public('order', traded.whole)}").status == 404


def test_event_log_is_given_to_who_may_see_all(traded: Traded) -> None:
    answer = Api("auditor").get("/reports/event-log", since="2026-03-01", until="2026-03-31")
    assert answer.status == 200
    log = json.loads(answer.content) if answer.content else answer.body
    assert log["events"]
    assert Api("auditor", traded.shop.world.berlin).get("/reports/event-log").status == 404


def test_amounts_are_explained(traded: Traded) -> None:
    api = Api("auditor")
    found = api.get(f"/explain/{public('invoice', traded.invoices[0])}").body
    assert Derivation.from_json(found["derivation"]).breaks() == []
    assert {source["type"] for source in found["sources"]} == {"agreement", "customer"}
    assert api.get("/explain/cus_nothing").status == 404
    other = Api("auditor", traded.shop.world.boston)
    assert other.get(f"/explain/{public('invoice', traded.invoices[0])}").status == 404


def test_laws_are_checked(traded: Traded) -> None:
    found = Api("auditor").get("/health/laws").body
    assert found["sound"] is True
    assert len(found["laws"]) > 40


def test_quote_is_forecast_before_anyone_signs() -> None:
    shop, api = make_trading_shop(), Api("seller")
    key = public("quote", make_quote(shop))
    found = api.get(f"/quotes/{key}/forecast").body
    assert (found["billed"], found["recognised"], len(found["bills"])) == ("14052.00", "14052.00", 24)
    late = api.get(f"/quotes/{key}/forecast", pay_late_days=60).body
    assert late["cash"][0]["month"] > found["cash"][0]["month"]
    assert "Bills are paid 60 days late." in late["assumptions"]
    assert api.get(f"/quotes/{key}/forecast", pay_late_days=-1).status == 422
    assert api.get(f"/quotes/{public('quote', new_id())}/forecast").status == 404
    assert Api("seller", shop.world.boston).get(f"/quotes/{key}/forecast").status == 404
    page = Console("seller").get(f"/quotes/{key}/forecast/")
    assert "€14,052.00" in page.text
    assert "Revenue and cash by month" in page.words
