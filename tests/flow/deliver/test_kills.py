"""Killed at any write and taken up again, advancing comes to the same: a step is before or after, never between."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cashline.flow.deliver.fulfilment.actions import advance_steps
from cashline.flow.deliver.inventory.actions import adjust_stock
from cashline.flow.deliver.inventory.queries import broken_sums
from cashline.flow.deliver.inventory.rules import StockAdjustment
from cashline.platform import sql
from tests.support.book import Shop, book, line, make_shop
from tests.support.cluster import Database
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
