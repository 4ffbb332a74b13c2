"""Subscriptions to rate plans through the API: published, started, changed, previewed, stopped, and what is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from cashline.flow.deliver.subscriptions.actions import advance_campaigns
from cashline.flow.deliver.subscriptions.jobs import renew_due, show_changes
from cashline.flow.invoice.billing.jobs import settle_gates
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import public
from cashline.platform.clock.actions import make_sandbox, move_clock
from tests.support.agree import make_customer
from tests.support.api import Answer, Api
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


def changed(api: Api, key: str, kind: str, **values: Any) -> Answer:
    how = values.pop("on_conflict", "refuse")
    return api.post(f"/subscriptions/{key}/changes", {"changes": [{"kind": kind} | values], "on_conflict": how})


def charges(api: Api, key: str) -> list[tuple[str, Decimal]]:
    items = api.get(f"/subscriptions/{key}/charges").body["items"]
    return [(one["component"], Decimal(one["amount"])) for one in items if not one["voided"]]


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
    change = {"changes": [{"kind": "plan_changed", "plan": "PRO", "reason": "More seats"}]}
    preview = api.post(f"/subscriptions/{key}/changes/preview", change).body
    assert charges(api, key) == [("base", Decimal("31.00"))]
    assert [(one["at"][:10], one["net"]) for one in preview["before"]] == [
        ("2026-02-14", "31.00"),
        ("2026-03-14", "31.00"),
    ]
    made = api.post(f"/subscriptions/{key}/changes", change).body
    assert made["plan_code"] == "PRO"
    after = charges(api, key)
    assert sorted(after)[:-1] == [("base", Decimal("14.00")), ("base", Decimal("31.00"))]
    assert ("unused_base", Decimal("-21.00")) in after
    assert Decimal(preview["net"]) == Decimal("-7.00")
    assert [Decimal(one["amount"]) for one in preview["items"]] == [amount for _, amount in after[:2]]
    coming = api.get(f"/subscriptions/{key}/coming-bills?count=2").body["items"]
    assert coming == preview["after"]
    assert [(one["at"][:10], one["net"]) for one in coming] == [("2026-01-31", "62.00"), ("2026-02-28", "62.00")]


def test_each_step_of_a_life(api: Api) -> None:
    key = started(api, quantity="2")["id"]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("quantity_changed", {"quantity": "3", "effect": "period_end"}),
        ("price_changed", {"unit_price": "40.00"}),
        ("add_on_changed", {"add_on": "backup", "quantity": "1", "unit_price": "5.00"}),
        ("billing_day_moved", {"billing_day": 1}),
        ("trial_extended", {"days": 3}),
        ("term_set", {"term": {"months": 12, "auto_renew": True, "notice_days": 30, "uplift": {"percent": "3"}}}),
        ("extended", {"days": 14}),
        ("pause", {}),
        ("resume", {}),
        ("cancelled", {"unused": "keep", "on_conflict": "replace"}),
        ("reactivated", {}),
    ]
    for day, (name, body) in enumerate(steps, start=16):
        move_clock(datetime(2026, 1, day, 9, tzinfo=UTC))
        kind = {"pause": "paused", "resume": "resumed"}.get(name, name)
        answer = changed(api, key, kind, **body)
        assert answer.status == 200, (name, answer.body)
    life = api.get(f"/subscriptions/{key}/life").body
    assert life["status"] == "active"
    assert life["term_ends_on"] == "2027-02-04"
    assert [one["kind"] for one in life["changes"]].count("withdrawn") == 1
    assert len(life["changes"]) == 13
    listed = api.get("/plan-subscriptions?status=active").body["items"]
    assert [(one["number"], one["quantity"], one["unit_price"]) for one in listed] == [(life["number"], "2", "40")]


def test_what_is_scheduled_is_withdrawn_and_what_conflicts_is_refused(api: Api) -> None:
    key = started(api)["id"]
    move_clock(datetime(2026, 1, 20, 9, tzinfo=UTC))
    life = changed(api, key, "plan_changed", plan="PRO", effect="period_end").body
    assert (life["plan_code"], life["changes"][-1]["at"][:10]) == ("TEAM", "2026-02-14")
    gone = changed(api, key, "withdrawn", change=life["changes"][-1]["id"]).body
    assert [one["in_force"] for one in gone["changes"]] == [True, False, False]
    refused = changed(api, key, "resumed")
    assert (refused.status, refused.codes) == (409, ["conflicting_change"])
    assert changed(api, key, "paused", effect="at", at="2020-01-01T00:00:00Z").status == 422
    assert changed(api, key, "plan_changed", plan="NONE").status == 404
    assert changed(api, key, "started").status == 422


def test_conventions_are_settings_of_the_entity(api: Api) -> None:
    entity = next(one["id"] for one in api.get("/entities").body["items"] if one["code"] == "DE01")
    wanted = {"cancel_day": "billed", "unused_advance": "negative_line", "change_billed": "at_next_renewal"}
    assert api.get(f"/entities/{entity}/plan-conventions").body["cancel_day"] == "not_billed"
    assert api.send("put", f"/entities/{entity}/plan-conventions", wanted).body == wanted
    key = started(api)["id"]
    move_clock(datetime(2026, 1, 20, 9, tzinfo=UTC))
    assert changed(api, key, "plan_changed", plan="PRO").status == 200
    assert charges(api, key) == [("base", Decimal("31.00"))]


def test_a_change_that_contradicts_the_queue_is_refused_or_replaces_it(api: Api) -> None:
    key = started(api)["id"]
    changed(api, key, "quantity_changed", quantity="5", effect="period_end")
    refused = changed(api, key, "cancelled")
    assert refused.status == 409
    assert (
        "A quantity of 5 is scheduled for 2026-02-15, when it would be ended." in refused.body["errors"][0]["message"]
    )
    life = changed(api, key, "cancelled", on_conflict="replace").body
    assert (life["status"], [one["kind"] for one in life["changes"] if one["in_force"]]) == (
        "ended",
        ["started", "cancelled"],
    )


def test_a_ramp_a_skipped_period_and_what_is_to_come(api: Api) -> None:
    key = started(api)["id"]
    steps = [{"on": "2026-02-15", "quantity": "2"}, {"on": "2026-03-15", "quantity": "3", "unit_price": "30.00"}]
    ramp = api.post(f"/subscriptions/{key}/ramp", {"steps": steps})
    assert ramp.status == 200, ramp.body
    assert api.post(f"/subscriptions/{key}/ramp", {"steps": steps[::-1]}).status == 422
    skipped = api.post(
        f"/subscriptions/{key}/skip",
        {"periods": 1},
    )
    assert skipped.status == 200, skipped.body
    coming = api.get(f"/subscriptions/{key}/coming-bills?count=3").body["items"]
    assert [(one["at"][:10], one["net"]) for one in coming] == [
        ("2026-03-14", "90.00"),
        ("2026-04-14", "90.00"),
        ("2026-05-14", "90.00"),
    ]


def test_a_term_renews_itself_with_an_uplift_that_the_bill_explains(api: Api) -> None:
    """By an index that rose 4.2 % and is capped at 3 %: 31.00 becomes 31.93."""
    values = [{"month": "2026-01-01", "value": "120"}, {"month": "2026-12-01", "value": "125.04"}]
    assert api.send("put", "/price-indices/DE-CPI", {"name": "Consumer prices", "values": values}).status == 200
    term = {"months": 12, "auto_renew": True, "notice_days": 30, "uplift": {"index": "DE-CPI", "cap": "3"}}
    key = started(api, term=term)["id"]
    assert api.get("/plan-subscriptions").body["items"][0]["renew_on"] == "2026-12-16"
    for day, count in ((date(2026, 12, 14), 0), (date(2026, 12, 16), 1), (date(2026, 12, 17), 0)):
        now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        assert renew_due(today=day, now=now, actor="system") == count
    move_clock(datetime(2026, 12, 16, 9, tzinfo=UTC))
    life = api.get(f"/subscriptions/{key}/life").body
    assert (life["term_ends_on"], life["unit_price"]) == ("2028-01-15", "31.00")
    renewed = life["changes"][-1]
    assert (renewed["kind"], renewed["unit_price"], renewed["term"]["uplift"]["percent"]) == ("renewed", "31.93", "3")
    bills = api.get(f"/subscriptions/{key}/coming-bills?count=24").body["items"]
    first = next(one for one in bills if one["at"].startswith("2027-01-14"))
    derivation = Derivation.from_json(first["charges"][0]["derivation"])
    assert (first["net"], derivation.breaks()) == ("31.93", [])
    (uplift,) = derivation.parts
    assert (uplift.rule, uplift.parts[0].inputs["index_now"]) == ("subscriptions.uplift", "125.04")


def test_terms_end_by_themselves_and_are_renewed_early_late_and_merged(api: Api) -> None:
    one, two = (started(api, term={"months": 1})["id"] for _ in range(2))
    assert api.get(f"/subscriptions/{one}/life").body["term_ends_on"] == "2026-02-15"
    body = {"subscriptions": [one, two], "term": {"ends_on": "2026-05-01"}, "uplift": {"percent": "10"}}
    merged = api.post("/subscription-renewals", body)
    assert merged.status == 200, merged.body
    assert {item["term_ends_on"] for item in merged.body["items"]} == {"2026-05-01"}
    move_clock(datetime(2026, 5, 20, 9, tzinfo=UTC))
    show_changes(now=datetime(2026, 5, 20, 9, tzinfo=UTC), actor="system")
    assert api.get(f"/subscriptions/{one}/life").body["status"] == "ended"
    late = changed(api, one, "renewed", effect="term_end", term={"months": 12})
    assert late.status == 200, late.body
    assert (late.body["status"], late.body["term_ends_on"]) == ("active", "2027-05-01")
    again = changed(api, two, "reactivated")
    assert again.body["status"] == "active"
    assert changed(api, one, "extended", days=0).status == 422
    follows = changed(api, two, "term_set", term={"ends_with": one})
    assert follows.body["term_ends_on"] == "2027-05-01"


def test_a_transfer_splits_the_bills_at_the_date(api: Api) -> None:
    """31.00 for 15 January to 13 February: 10 of 31 days were used, and the other pays the 21 that are left."""
    life = started(api)
    key = life["id"]
    changed(api, key, "quantity_changed", quantity="4", effect="period_end")
    move_clock(datetime(2026, 1, 24, 9, tzinfo=UTC))
    other = public("customer", make_customer())
    refused = api.post(f"/subscriptions/{key}/transfer", {"customer": life["customer"], "reason": "x"})
    assert refused.status == 422
    new = api.post(f"/subscriptions/{key}/transfer", {"customer": other, "reason": "Sold"})
    assert new.status == 201, new.body
    old = api.get(f"/subscriptions/{key}/life").body
    assert (old["status"], new.body["customer"], new.body["status"]) == ("ended", other, "active")
    given, taken = charges(api, key), charges(api, new.body["id"])
    assert sum((amount for _, amount in [*given, *taken]), Decimal(0)) == Decimal("31.00")
    assert taken[0][1] == -given[0][1]
    coming = api.get(f"/subscriptions/{new.body['id']}/coming-bills").body["items"][0]
    assert (coming["at"][:10], coming["net"]) == ("2026-02-14", "124.00")


def test_a_price_campaign_through_the_api(api: Api) -> None:
    started(api)
    body = {"name": "Spring", "plan": "TEAM", "unit_price": "40.00", "effective": "on", "effective_on": "2026-06-01"}
    made = api.post("/price-campaigns", body)
    assert made.status == 201, made.body
    key = made.body["id"]
    effect = api.get(f"/price-campaigns/{key}/effect").body
    assert (effect["subscriptions"], effect["items"][0]["new_price"]) == (1, "40")
    assert (effect["a_year"][0]["before"], effect["a_year"][0]["after"]) == ("372.00", "480.00")
    assert (effect["cannot_follow"], effect["refused"]) == (0, [])
    assert api.post(f"/price-campaigns/{key}/start").body["status"] == "running"
    assert advance_campaigns(now=NOW, actor="system") == 1
    shown = api.get(f"/price-campaigns/{key}").body
    assert (shown["status"], shown["members"][0]["effective_at"]) == ("applied", "2026-05-31T22:00:00Z")
    assert api.get("/price-campaigns?status=applied").body["items"][0]["name"] == "Spring"
    assert api.post(f"/price-campaigns/{key}/start").status == 409
    assert api.post("/price-campaigns", body | {"effective_on": "2026-01-01"}).fields == ["effective_on"]
    assert api.post("/price-campaigns", body | {"version": 7}).status == 422


def gated(api: Api, key: str, **change: Any) -> dict[str, Any]:
    answer = api.post(f"/subscriptions/{key}/gated-changes", {"change": change, "days": 5})
    assert answer.status == 201, answer.body
    return dict(answer.body)


def test_a_change_that_waits_counts_once_its_invoice_is_paid(api: Api) -> None:
    life = started(api)
    key = life["id"]
    move_clock(datetime(2026, 1, 25, 9, tzinfo=UTC))
    gate = gated(api, key, kind="plan_changed", plan="PRO", quantity="9")
    assert gate["status"] == "waiting"
    assert api.get(f"/subscriptions/{key}/life").body["plan_code"] == "TEAM"
    refused = changed(api, key, "quantity_changed", quantity="2")
    assert "A change of plan waits for its invoice to be paid." in refused.body["errors"][0]["message"]
    assert settle_gates(now=datetime(2026, 1, 26, 9, tzinfo=UTC), actor="system") == 0
    for invoice in api.get("/invoices").body["items"]:
        if Decimal(invoice["open_amount"]):
            api.post("/payments", {
                "entity": "DE01", "customer": life["customer"], "currency": "EUR", "amount": invoice["open_amount"],
                "method": "bank_transfer", "received_on": "2026-01-25",
                "allocations": [{"invoice": invoice["id"], "amount": invoice["open_amount"], "write_off": "0"}],
            })  # fmt: skip
    assert settle_gates(now=datetime(2026, 1, 26, 9, tzinfo=UTC), actor="system") == 1
    paid = api.get(f"/subscriptions/{key}/life").body
    assert (paid["plan_code"], paid["changes"][-1]["kind"]) == ("PRO", "confirmed")
    assert api.get(f"/subscriptions/{key}/gated-changes").body["items"][0]["status"] == "paid"


def test_a_change_that_waits_too_long_is_taken_back_with_its_invoice(api: Api) -> None:
    """From TEAM to three of it: what was billed for three is given back, and what was given back is billed again."""
    key = started(api)["id"]
    move_clock(datetime(2026, 1, 25, 9, tzinfo=UTC))
    gated(api, key, kind="quantity_changed", quantity="3")
    assert sum((amount for _, amount in charges(api, key)), Decimal(0)) == Decimal("73.00")
    late = datetime(2026, 2, 1, 9, tzinfo=UTC)
    assert settle_gates(now=late, actor="system") == 1
    move_clock(late)
    agreement = api.get(f"/subscriptions/{key}/life").body["agreement"]
    assert api.post(f"/agreements/{agreement}/bill", {"as_of": "2026-02-01"}).status == 200
    assert sum((amount for _, amount in charges(api, key)), Decimal(0)) == Decimal("31.00")
    life = api.get(f"/subscriptions/{key}/life").body
    assert (life["quantity"], life["changes"][-1]["kind"]) == ("1", "withdrawn")
    assert changed(api, key, "quantity_changed", quantity="2").status == 200
    down = gated(api, key, kind="quantity_changed", quantity="1")
    assert down["status"] == "paid"
    wrong = {"change": {"kind": "paused"}, "days": 5}
    assert api.post(f"/subscriptions/{key}/gated-changes", wrong).status == 422
