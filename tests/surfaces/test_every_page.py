"""Every page of the console in a real browser, found as a person finds it: by its links, one of each kind.

Every second page is looked at in the dark and on a phone. Administration and the portal have such a test of their own.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from cashline.flow.agree.plans.actions import NewPlan, publish_plans
from cashline.flow.agree.plans.queries import plan_versions_by_id
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.deliver.subscriptions.actions import NewSubscription, change_lives, create_campaign, subscribe
from cashline.flow.deliver.subscriptions.rules import Effect, LifeChange, LifeKind, TermAsked
from cashline.flow.deliver.subscriptions.rules.campaigns import NewCampaign
from cashline.flow.receive.bank.actions import import_statement, match_lines
from cashline.flow.receive.collections.actions import send_reminders
from cashline.flow.recognise.revenue.actions import run_revenue
from cashline.platform import sql
from cashline.surfaces.web.shell import groups
from tests.support.bank_files import Entry, camt
from tests.support.live import dress, flaws, log_in
from tests.support.portal import deal
from tests.support.receive import make_receiving_shop
from tests.support.world import ACTOR, NOW

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest_plugins = ["tests.support.live"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
ELSEWHERE = re.compile(
    r"^/(people|roles|api-keys|webhooks|outbox|events|clock|account|styleguide|portal|v1|sandbox|logout)(/|$)"
    r"|/files/|/pdf/|\.jsonocel$|/preview/$"
)
"""Looked at by other tests, or no page."""
ID = re.compile(
    r"(?<=/)([a-z]{2,4}_[0-9a-z]{20,}|[A-Z]{2}\d\d|\d{4}-\d\d|line-\d+|tax-[^/]+)(?=/)|(?<=/change/)[a-z-]+(?=/)"
)
LEAST = 60
"""Kinds of pages that a walk finds; fewer mean that links are gone."""


def make_year() -> None:
    """A company with a document of each kind, money at the bank, revenue and a reminder."""
    sql.execute("UPDATE clock SET frozen_at = %s", (NOW,))
    shop = make_receiving_shop()
    deal(shop, shop.customer, "bea@nordlicht.example")
    import_statement(camt(Entry("12.00", "Thanks", name="Unknown KG")), "january.xml", now=NOW, actor=ACTOR)
    match_lines(now=NOW, actor=ACTOR)
    run_revenue(through=date(2026, 1, 31), now=NOW, actor=ACTOR)
    subscribe_to_a_plan(shop.customer, shop.world.berlin)
    late = NOW.replace(month=4)
    send_reminders(today=late.date(), now=late, actor=ACTOR)
    sql.execute("UPDATE clock SET frozen_at = %s", (late,))


def subscribe_to_a_plan(customer: UUID, entity: UUID) -> None:
    """A plan with all its parts, somebody under it with a queue, and a price campaign."""
    usage = {"meter": "calls", "charge": {"model": "unit", "price": "1"}}
    shape = {"interval": "month", "base_fee": "31.00", "charges": [usage]}
    terms = PlanTerms.from_json(shape | {"add_ons": [{"code": "backup", "units": "0", "unit_price": "5"}]})
    (version,) = publish_plans([NewPlan("TEAM", "Team", "EUR", terms)], now=NOW, actor=ACTOR)
    yearly = TermAsked(12, auto_renew=True)
    (key,) = subscribe([NewSubscription(customer, entity, version, term=yearly)], now=NOW, actor=ACTOR)
    later = LifeChange(key, LifeKind.QUANTITY_CHANGED, Effect.TERM_END, quantity=Decimal(3))
    extra = LifeChange(key, LifeKind.ADD_ON_CHANGED, add_on="backup", quantity=Decimal(1))
    change_lives([later, extra], now=NOW, actor=ACTOR)
    plan_id = plan_versions_by_id([version])[version].plan_id
    create_campaign(NewCampaign("Spring", plan_id, percent=Decimal(5)), today=NOW.date(), now=NOW, actor=ACTOR)


def kind_of(address: str) -> str:
    """The address without its ids: pages of one kind share it."""
    return ID.sub("*", address)


def links(page: "Page") -> list[str]:
    """Where the links of the page lead within the console, without queries."""
    found = page.eval_on_selector_all("a[href^='/']", "all => all.map(one => one.pathname)")
    return [one for one in dict.fromkeys(found) if not ELSEWHERE.search(one)]


def test_every_page_is_accessible(page: "Page", site: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(make_year).result()
    log_in(page, site)
    places = [item.url for group in groups() for item in group.items if not ELSEWHERE.search(item.url)]
    waiting, seen, found = ["/", *places], set[str](), dict[str, list[str]]()
    while waiting:
        address = waiting.pop(0)
        if kind_of(address) in seen:
            continue
        dark = len(seen) % 2 == 1
        seen.add(kind_of(address))
        dress(page, site, "dark" if dark else "light", 390 if dark else 1280)
        answer = page.goto(f"{site}{address}")
        assert answer is not None
        assert answer.status == 200, address
        waiting += links(page)
        if broken := flaws(page):
            found[address] = broken
    assert found == {}
    assert len(seen) >= LEAST, sorted(seen)
