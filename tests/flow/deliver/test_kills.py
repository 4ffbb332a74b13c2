"""Killed at any write and taken up again, advancing comes to the same: a step is before or after, never between."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cashline.flow.agree.plans.actions import NewPlan, publish_plans
from cashline.flow.agree.plans.queries import plan_versions_by_id
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.deliver.fulfilment.actions import advance_steps
from cashline.flow.deliver.inventory.actions import adjust_stock
from cashline.flow.deliver.inventory.queries import broken_sums
from cashline.flow.deliver.inventory.rules import StockAdjustment
from cashline.flow.deliver.subscriptions import queries
from cashline.flow.deliver.subscriptions.actions import (
    NewSubscription,
    advance_campaign,
    create_campaign,
    move_campaign,
    subscribe,
)
from cashline.flow.deliver.subscriptions.queries.campaigns import campaigns_under_way
from cashline.flow.deliver.subscriptions.rules.campaigns import NewCampaign
from cashline.platform import sql
from tests.support.book import Shop, book, line, make_shop
from tests.support.cluster import Database
from tests.support.invoice import make_tax_rates
from tests.support.killing import KillerProcess
from tests.support.world import ACTOR, NOW, TODAY

STATE = (
    "SELECT 'order', o.number, o.status FROM orders o UNION ALL "
    "SELECT 'line ' || l.line_no, o.number, l.status || ' ' || l.delivered_quantity FROM order_lines l "
    "JOIN orders o ON o.id = l.order_id UNION ALL "
    "SELECT 'step ' || s.kind, o.number, s.status FROM fulfilment_steps s JOIN orders o ON o.id = s.order_id UNION ALL "
    "SELECT 'reservation', o.number, r.status || ' ' || r.quantity FROM reservations r "
    "JOIN order_lines l ON l.id = r.order_line_id JOIN orders o ON o.id = l.order_id UNION ALL "
    "SELECT 'subscription', s.number, s.status FROM subscriptions s UNION ALL "
    "SELECT 'installation', i.number, i.status FROM installations i UNION ALL "
    "SELECT 'delivery', d.kind, d.quantity::text FROM deliveries d UNION ALL "
    "SELECT 'stock', p.sku, s.on_hand || ' ' || s.reserved || ' ' || s.value FROM stock s "
    "JOIN products p ON p.id = s.product_id UNION ALL "
    "SELECT 'event', e.type, count(*)::text FROM events e GROUP BY e.type ORDER BY 1, 2, 3"
)


def make_work() -> Shop:
    """Two orders that wait for stock that has come by a count, and two services that wait for their day."""
    shop = make_shop(sensors=1)
    for quantity in (3, 4):
        book(shop, line("SENSOR-1", quantity))
    for _ in range(2):
        book(shop, line("PLAT-PRO", interval_months=1), line("SETUP-1"), requested_on=date(2026, 1, 16))
    found = StockAdjustment(shop.warehouse, shop.catalog.sensor, Decimal(5), TODAY, "Found behind a shelf")
    adjust_stock([found], now=NOW, actor=ACTOR)
    return shop


def advance() -> None:
    """Advance until nothing moves any more."""
    while advance_steps(now=NOW + timedelta(days=1), actor=ACTOR, limit=10):
        pass


@pytest.mark.kill
@pytest.mark.slow
def test_advancing_killed_at_each_write_comes_to_the_same(
    committed_db: Database, killer: KillerProcess, tmp_path: Path
) -> None:
    from django.db import connections

    make_work()
    connections.close_all()
    killed = killer.kill_everywhere(f"{__name__}:advance", committed_db, tmp_path / "points")
    assert killed >= 15, killed
    found = sql.fetch(STATE)
    assert broken_sums() == []
    steps = {(row[0], row[1]): row[2] for row in found if row[0].startswith("step")}
    assert sorted(steps.values()) == sorted(
        ["done", "ready", "backordered", "waiting", "done", "done", "running", "running"]
    )
    assert killer.call(f"{__name__}:advance", committed_db) == 0
    assert sql.fetch(STATE) == found
    assert [row for row in found if row[:2] == ("event", "SubscriptionActivated")] == [
        ("event", "SubscriptionActivated", "2")
    ]


def carry_out() -> None:
    """Carry the campaign out, one subscription a transaction."""
    for key in campaigns_under_way():
        while advance_campaign(key, now=NOW, actor=ACTOR, limit=1):
            pass


@pytest.mark.kill
@pytest.mark.slow
def test_a_campaign_killed_at_each_write_comes_to_each_subscription_once(
    committed_db: Database, killer: KillerProcess, tmp_path: Path
) -> None:
    from django.db import connections

    shop = make_shop()
    make_tax_rates()
    terms = PlanTerms.from_json({"interval": "month", "base_fee": "31.00"})
    (version,) = publish_plans([NewPlan("TEAM", "Team", "EUR", terms)], now=NOW, actor=ACTOR)
    new = [NewSubscription(shop.customer, shop.world.berlin, version) for _ in range(2)]
    subscribe(new, now=NOW, actor=ACTOR)
    campaign = NewCampaign("Dearer", plan_versions_by_id([version])[version].plan_id, percent=Decimal(10))
    key = create_campaign(campaign, today=TODAY, now=NOW, actor=ACTOR)
    move_campaign(key, "start", now=NOW, actor=ACTOR)
    connections.close_all()
    assert killer.kill_everywhere(f"{__name__}:carry_out", committed_db, tmp_path / "points") >= 12
    row, members = queries.campaign(key), queries.members_of(key)
    assert (row.status, row.done, row.refused) == ("applied", 2, 0)
    assert sorted(one.subscription_id for one in members) == sorted(one.id for one in new)
    assert sql.fetch("SELECT kind, count(*) FROM subscription_facts GROUP BY kind ORDER BY kind") == [
        ("price_changed", 2),
        ("started", 2),
    ]
    assert sql.fetch("SELECT count(*) FROM events WHERE type = 'SubscriptionPriceChanged'") == [(2,)]
