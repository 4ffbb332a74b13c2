"""The console's pages of rate plans and of the lives of those who subscribe to them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cashline.flow.agree.plans.actions import set_index_values
from cashline.flow.agree.plans.queries import plan_of
from cashline.flow.deliver.subscriptions.actions import NewSubscription, advance_campaigns, change_lives, subscribe
from cashline.flow.deliver.subscriptions.queries import campaigns, life
from cashline.flow.deliver.subscriptions.rules import Effect, LifeChange, LifeKind
from cashline.flow.recognise.ledger.actions import open_books
from cashline.kernel.identifiers import key_of, public
from cashline.platform.clock.actions import make_sandbox, move_clock
from tests.support.agree import make_customer
from tests.support.console import Console
from tests.support.invoice import make_tax_rates
from tests.support.world import ACTOR, NOW, World, make_world

PLAN = {
    "code": "TEAM", "name": "Team", "currency": "EUR", "interval": "month", "timing": "advance",
    "anchor": "anniversary",
    "base_fee": "31.00", "tax_category": "standard", "trial_days": "", "charges-0-meter": "calls",
    "charges-0-aggregation": "sum", "charges-0-unit_price": "0.02", "charges-0-timing": "arrears",
    "add_ons": "backup; 0; 5.00", "filters": "calls; region; eu; 0.01", "usage_thresholds": "100; 500",
}  # fmt: skip


@pytest.fixture
def world(db: object) -> World:
    make_sandbox(frozen_at=NOW)
    world = make_world()
    make_tax_rates()
    open_books(entity_id=world.berlin, now=NOW, actor=ACTOR)
    return world


@pytest.fixture
def staff(world: World) -> Console:
    return Console("owner")


def published(staff: Console, **changes: Any) -> str:
    page = staff.post("/plans/new/", PLAN | changes)
    assert "is published." in page.words, page.words
    return page.url


def started(world: World, code: str = "TEAM", **values: Any) -> tuple[str, str]:
    new = NewSubscription(make_customer(), world.berlin, plan_of(code).id, **values)
    (key,) = subscribe([new], now=NOW, actor=ACTOR)
    return f"/plan-subscriptions/{public('subscription', key)}/", life(key).number


def test_a_plan_is_published_read_in_words_and_has_a_next_version(staff: Console) -> None:
    assert "No plans yet" in staff.get("/plans/").words
    assert staff.get("/plans/new/").status == 200
    url = published(staff)
    words = staff.get(url).words
    for text in ("€31.00", "region eu: 0.01 for each unit.", "Usage is billed early at 100, 500.", "Version 1"):
        assert text in words
    again = staff.get(f"{url}next/")
    assert again.all("//input[@name='base_fee']/@value") == ["31.00"]
    assert again.all("//textarea[@name='filters']")[0].text.strip() == "calls; region; eu; 0.01"
    second = staff.post(f"{url}next/", PLAN | {"base_fee": "35.00"})
    assert "Version 2" in second.words
    assert "This is an older version" in staff.get(url).words
    assert "€35.00" in staff.get("/plans/", q="team").words
    assert "TEAM" in staff.get("/plans/options/", q="te").words
    assert "There is a plan TEAM already." in staff.post("/plans/new/", PLAN).words


def test_what_is_wrong_with_a_plan_comes_at_once(staff: Console) -> None:
    wrong = staff.post("/plans/new/", PLAN | {"add_ons": "backup", "filters": "mails; a; b; 1"})
    assert wrong.status == 422
    assert "Line 1 needs 3 values" in wrong.words
    assert "mails has no price above." in wrong.words
    assert Console("seller", email="s@example.com").get("/plans/").status == 200
    assert Console("auditor").post("/plans/new/", PLAN).status == 403


def test_how_an_entity_bills_plans_is_set(world: World, staff: Console) -> None:
    url = f"/plans/conventions/{public('entity', world.berlin)}/"
    assert staff.get(url).status == 200
    sent = {"cancel_day": "billed", "unused_advance": "negative_line", "change_billed": "at_next_renewal"}
    assert "follow this from now on" in staff.post(url, sent).words
    assert "is the last day that is billed" in staff.get(published(staff)).words


def test_a_customer_subscribes_with_a_preview(world: World, staff: Console) -> None:
    published(staff)
    assert "Nobody has subscribed to a plan yet" in staff.get("/plan-subscriptions/").words
    customer = public("customer", make_customer())
    sent = {"customer": customer, "entity": "DE01", "plan": "TEAM", "quantity": "2", "after": "renews", "months": "12"}
    assert staff.get("/plan-subscriptions/new/").status == 200
    preview = staff.post("/plan-subscriptions/new/preview/", sent).words
    assert "€62.00 is billed at once. The next bill is €62.00 on Feb 15, 2026." in preview
    assert "Nobody has subscribed" in staff.get("/plan-subscriptions/").words
    page = staff.post("/plan-subscriptions/new/", sent)
    assert "The subscription has begun." in page.words
    assert "until Jan 15, 2027, then renewed for 12 months" in page.words
    number = page.all("//h1")[0].text_content().split()[1]
    listed = staff.get("/plan-subscriptions/", status="active").words
    assert number in listed
    assert "€62.00" in listed
    assert staff.get(f"/subscriptions/{page.url.split('/')[-2]}/").url == page.url


STEPS: list[tuple[str, dict[str, str], str]] = [
    ("quantity", {"quantity": "4", "effect": "now"}, "The quantity is changed."),
    ("plan", {"plan": "PRO", "effect": "period_end"}, "The plan is changed."),
    ("price", {"unit_price": "20", "effect": "now"}, "The price is changed."),
    ("add-on", {"add_on": "backup", "quantity": "2", "effect": "now"}, "The add-on is changed."),
    ("billing-day", {"billing_day": "1", "effect": "now"}, "The billing day is moved."),
    ("trial", {"days": "5"}, "The trial is extended."),
    ("term", {"months": "12", "after": "ends", "effect": "now"}, "The term is agreed."),
    ("extend", {"ends_on": "2028-01-01"}, "The term is extended."),
    ("renew", {"percent": "5", "effect": "term_end"}, "It is renewed."),
    ("ramp", {"steps": "2026-06-01; 9\n2026-07-01;; 19"}, "The ramp is scheduled."),
    ("pause", {"effect": "now"}, "It is paused."),
    ("resume", {"effect": "now"}, "It runs on."),
    ("cancel", {"effect": "now", "unused": "credit", "final_invoice": "on", "replace": "on"}, "It is cancelled."),
    ("reactivate", {"effect": "now"}, "It runs again."),
]


def test_every_change_has_its_form_its_preview_and_its_effect(world: World, staff: Console) -> None:
    published(staff)
    published(staff, code="PRO", name="Pro", base_fee="62.00")
    set_index_values(code="CPI", name="Prices", values={NOW.date().replace(day=1): plan_of("PRO").terms.base_fee},
                     now=NOW, actor=ACTOR)  # fmt: skip
    url, _number = started(world)
    for day, (verb, sent, said) in enumerate(STEPS, start=16):
        move_clock(datetime(2026, 1, day, 9, tzinfo=UTC))
        form = staff.get(f"{url}change/{verb}/")
        assert form.status == 200, verb
        preview = staff.post(f"{url}change/{verb}/preview/", sent)
        assert "at once" in preview.words, (verb, preview.words)
        made = staff.post(f"{url}change/{verb}/", sent)
        assert said in made.words, (verb, made.words)
        assert made.url == url, verb
    words = staff.get(url).words
    assert "Taken back: Changes to Pro" in words
    assert "Ended" not in staff.get(url).all("//h1")[0].text_content()


def test_a_preview_is_what_is_billed_then_and_each_line_of_the_next_bill_explains_itself(
    world: World, staff: Console
) -> None:
    """31.00 × 2 from 15 January; on the 25th 10 of 31 days are used of 2, and 21 of 4 are billed."""
    published(staff)
    url, _number = started(world, quantity=plan_of("TEAM").terms.base_fee * 0 + 2)
    move_clock(datetime(2026, 1, 25, 9, tzinfo=UTC))
    sent = {"quantity": "4", "effect": "now"}
    preview = staff.post(f"{url}change/quantity/preview/", sent).words
    assert "€42.00 is billed at once. The next bill is €124.00 on Feb 15, 2026 instead of €62.00" in preview
    page = staff.post(f"{url}change/quantity/", sent)
    assert "€84.00" in page.words
    assert "−€42.00" in page.words
    assert "quantity*unit_price" in staff.get(f"{url}next-bill/0/").text.replace("&#43;", "+")
    assert staff.get(f"{url}next-bill/9/").status == 404
    assert staff.get(f"{url}change/nothing/").status == 404


def test_a_scheduled_change_is_taken_back_and_a_contradiction_is_told(world: World, staff: Console) -> None:
    published(staff)
    url, _number = started(world)
    page = staff.post(f"{url}change/quantity/", {"quantity": "5", "effect": "period_end"})
    assert "The quantity becomes 5" in page.words
    told = staff.post(f"{url}change/cancel/preview/", {"effect": "now", "unused": "credit", "final_invoice": "on"})
    assert "A quantity of 5 is scheduled for 2026-02-15, when it would be ended." in told.words
    assert "€31.00" in staff.get("/plan-subscriptions/", queue="changing").words
    (change,) = page.all("//select[@name='change']/option[@value!='']/@value")
    gone = staff.post(f"{url}withdraw/", {"change": change})
    assert "The change is taken back." in gone.words
    assert "Take one back" not in gone.words


def test_a_transfer_leads_to_the_other_side(world: World, staff: Console) -> None:
    published(staff)
    url, number = started(world)
    move_clock(datetime(2026, 1, 25, 9, tzinfo=UTC))
    sent = {"customer": public("customer", make_customer()), "reason": "Sold"}
    assert "to the other customer" in staff.post(f"{url}change/transfer/preview/", sent).words
    assert number in staff.get("/plan-subscriptions/").words
    page = staff.post(f"{url}change/transfer/", sent)
    assert "It is transferred." in page.words
    assert page.url != url
    assert "Goes on with 1 × Team" in page.words
    assert "Goes over to another customer" in staff.get(url).words


def test_who_may_not_change_sees_and_who_is_elsewhere_does_not(world: World, staff: Console) -> None:
    published(staff)
    url, _number = started(world)
    auditor = Console("auditor")
    assert auditor.get(url).all("//a[contains(@href, '/change/pause/')]") == []
    assert auditor.get(f"{url}change/pause/").status == 403
    elsewhere = Console("billing", email="us@example.com", entity_id=world.boston)
    assert elsewhere.get(url).status == 404


def test_a_price_campaign_is_drafted_with_its_effect_started_and_undone(world: World, staff: Console) -> None:
    published(staff)
    started(world)
    assert "No price campaigns yet" in staff.get("/price-campaigns/").words
    assert staff.get("/price-campaigns/new/").status == 200
    sent = {"name": "Spring", "plan": "TEAM", "percent": "10", "effective": "next_renewal"}
    preview = staff.post("/price-campaigns/new/preview/", sent).words
    assert "1 subscriptions: €37.20 a year." in preview
    assert "Say the new price" in staff.post("/price-campaigns/new/", sent | {"percent": ""}).words
    page = staff.post("/price-campaigns/new/", sent)
    assert "The campaign is drafted" in page.words
    url = page.url
    row = campaigns.campaign(key_of("price_campaign", url.rstrip("/").rsplit("/", 1)[-1]))
    (only,) = campaigns.concerned(row)
    move = LifeChange(only.id, LifeKind.PRICE_CHANGED, Effect.PERIOD_END, unit_price=Decimal(9))
    (own,) = change_lives([move], now=NOW, actor=ACTOR)
    assert "Could not follow (1 of 1)" in (words := staff.get(url).words)
    assert "for the same instant" in words
    assert "1 could not follow." in staff.post("/price-campaigns/new/preview/", sent).words
    change_lives([LifeChange(only.id, LifeKind.WITHDRAWN, withdraws=own)], now=NOW, actor=ACTOR)
    assert "The campaign has begun." in staff.post(f"{url}start/").words
    advance_campaigns(now=NOW, actor=ACTOR)
    assert "€34.10" in staff.get(url).words
    assert "Applied" in staff.get("/price-campaigns/").words
    assert "taken back" in staff.post(f"{url}undo/").words
    advance_campaigns(now=NOW, actor=ACTOR)
    assert "Undone" in staff.get(url).words
    assert staff.post(f"{url}nothing/").status == 404
    assert Console("seller").post("/price-campaigns/new/", sent).status == 403


def test_a_change_that_waits_for_its_payment_says_so(world: World, staff: Console) -> None:
    published(staff)
    url, _number = started(world)
    move_clock(datetime(2026, 1, 25, 9, tzinfo=UTC))
    sent = {"quantity": "4", "effect": "now", "paid_within": "7"}
    page = staff.post(f"{url}change/quantity/", sent)
    assert "A change waits until INV-" in page.words
    assert "at most until Feb 1, 2026" in page.words
    refused = staff.post(f"{url}change/pause/preview/", {"effect": "now"}).words
    assert "A quantity of 4 waits for its invoice to be paid." in refused


def test_values_of_a_price_index_are_entered_and_shown(staff: Console) -> None:
    assert "No price indices yet" in staff.get("/price-indices/").words
    for month, value in (("2026-01-15", "120"), ("2026-02-01", "121.5")):
        asked = {"code": "CPI", "name": "Prices", "month": month, "value": value}
        assert "Prices" in staff.post("/price-indices/set/", asked).words
    words = staff.get("/price-indices/CPI/").words
    assert "121.5" in words
    assert "Jan 1, 2026" in words
    assert staff.get("/price-indices/NONE/").status == 404
