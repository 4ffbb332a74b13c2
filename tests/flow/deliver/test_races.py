"""Many at once, by real threads on a real database: one piece has one buyer, one order is booked once, limits hold."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection

from cashline.flow.book.credit.actions import set_limit
from cashline.flow.book.credit.queries import credit_of
from cashline.flow.book.orders import queries as orders
from cashline.flow.book.orders.actions import cancel_orders
from cashline.flow.deliver.fulfilment.actions import advance_steps, create_shipments, ship_shipments
from cashline.flow.deliver.fulfilment.rules import NothingToShip, ShipConfirmation
from cashline.flow.deliver.inventory.queries import broken_sums
from cashline.kernel.refusals import Refusal
from cashline.platform import sql
from tests.support.agree import german, make_customers
from tests.support.book import Shop, book, line, make_shop, order, place, ship, stock_up
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW, TODAY

BUYERS = 100
AT_ONCE = 50


@pytest.fixture
def shop(committed_db: Database) -> Shop:
    return make_shop()


def all_at_once[T](steps: Sequence[Callable[[], T]]) -> list[T | Refusal]:
    """Run every step in a thread with a connection of its own, none before all of the first are ready."""
    ready = threading.Barrier(min(AT_ONCE, len(steps)), timeout=30)

    def run(indexed: tuple[int, Callable[[], T]]) -> T | Refusal:
        index, step = indexed
        try:
            connection.ensure_connection()
            if index < ready.parties:
                ready.wait()
            return step()
        except Refusal as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(ready.parties) as pool:
        return list(pool.map(run, enumerate(steps)))


def count(statement: str) -> int:
    row = sql.fetch_one(statement)
    assert row is not None
    return int(row[0])


def test_of_a_hundred_buyers_of_the_last_piece_one_gets_it(shop: Shop) -> None:
    stock_up(shop, shop.catalog.sensor, 1)
    customers = make_customers([german(f"Buyer {index}", tax_id="") for index in range(BUYERS)])
    placed = all_at_once(
        [lambda key=key: book(shop, line("SENSOR-1"), customer_id=key) for key in customers]  # type: ignore[misc]
    )
    assert all(isinstance(one, UUID) for one in placed)
    assert sql.fetch("SELECT on_hand, reserved FROM stock") == [(1, 1)]
    statuses = dict(sql.fetch("SELECT status, count(*) FROM fulfilment_steps WHERE kind = 'reserve' GROUP BY 1"))
    assert statuses == {"done": 1, "backordered": BUYERS - 1}
    assert count("SELECT count(*) FROM reservations WHERE status = 'active'") == 1
    numbers = [row[0] for row in sql.fetch("SELECT number FROM orders ORDER BY number")]
    assert numbers == [f"ORD-DE01-2026-{index:06d}" for index in range(1, BUYERS + 1)]
    assert broken_sums() == []


def test_an_order_sent_by_many_at_once_is_booked_once(shop: Shop) -> None:
    stock_up(shop, shop.catalog.sensor, 100)
    given = order(shop, line("SENSOR-1", 2), external_reference="PO-1")
    placed = all_at_once([lambda: place(given)[0] for _ in range(24)])
    assert [isinstance(one, Refusal) for one in placed] == [False] * 24
    assert len({one.order_id for one in placed if not isinstance(one, Refusal)}) == 1
    assert sum(not one.duplicate for one in placed if not isinstance(one, Refusal)) == 1
    assert count("SELECT count(*) FROM orders") == 1
    assert count("SELECT count(*) FROM agreements") == 1
    assert sql.fetch("SELECT reserved FROM stock") == [(2,)]
    assert credit_of(shop.customer).exposure == 178


def test_a_credit_limit_is_not_passed_by_many_at_once(shop: Shop) -> None:
    set_limit(customer_id=shop.customer, limit=Decimal(890), now=NOW, actor=ACTOR)
    all_at_once([lambda: book(shop, line("SENSOR-1", 1)) for _ in range(30)])
    assert dict(sql.fetch("SELECT status, count(*) FROM orders GROUP BY 1")) == {"booked": 10, "held": 20}
    assert credit_of(shop.customer).exposure == 30 * 89 == orders.ordered_values()[shop.customer]


def test_goods_are_picked_and_shipped_once_however_many_try(shop: Shop) -> None:
    stock_up(shop, shop.catalog.sensor, 10)
    order_id = book(shop, line("SENSOR-1", 10))
    picked = all_at_once([lambda: create_shipments([order_id], now=NOW, actor=ACTOR) for _ in range(12)])
    assert sum(isinstance(one, NothingToShip) for one in picked) == 11
    shipment = next(one[0] for one in picked if isinstance(one, list))
    confirmation = ShipConfirmation(shipment, "DHL", "JD1", TODAY)
    shipped = all_at_once([lambda: ship_shipments([confirmation], now=NOW, actor=ACTOR) for _ in range(12)])
    assert sum(one is None for one in shipped) == 1
    assert sql.fetch("SELECT on_hand, reserved, value FROM stock") == [(0, 0, 0)]
    assert count("SELECT count(*) FROM deliveries") == 1


def test_buying_receiving_cancelling_and_advancing_at_once_keeps_the_sums(shop: Shop) -> None:
    """No deadlock, no oversell, and exposure and stock are what the documents say."""
    stock_up(shop, shop.catalog.sensor, 20)
    stock_up(shop, shop.catalog.gateway, 20)
    first = [book(shop, line("SENSOR-1", 2), line("GATE-4", 1), line("SETUP-1")) for _ in range(8)]
    steps: list[Callable[[], object]] = []
    for index in range(8):
        lines = (line("GATE-4", 2), line("SENSOR-1", 3)) if index % 2 else (line("SENSOR-1", 2), line("GATE-4", 3))
        steps += [
            lambda lines=lines: book(shop, *lines, line("PLAT-PRO", interval_months=1)),  # type: ignore[misc]
            lambda: stock_up(shop, shop.catalog.sensor, 1),
            lambda: stock_up(shop, shop.catalog.gateway, 1),
            lambda key=first[index]: cancel_orders([key], reason="race", now=NOW, actor=ACTOR),  # type: ignore[misc]
            lambda: advance_steps(now=NOW.replace(hour=23), actor=ACTOR),
            lambda key=first[-index - 1]: ship(key),  # type: ignore[misc]
        ]
    outcomes = all_at_once(steps)
    assert {type(one).__name__ for one in outcomes if isinstance(one, Refusal)} <= {
        "NothingToShip",
        "IllegalTransition",
    }
    advance_steps(now=NOW.replace(hour=23), actor=ACTOR)
    assert broken_sums() == []
    assert count("SELECT count(*) FROM stock WHERE reserved > on_hand OR on_hand < 0") == 0
    assert credit_of(shop.customer).exposure == orders.ordered_values()[shop.customer]
    assert count("SELECT count(*) FROM orders WHERE status IN ('cancelled', 'completed') AND id IN "
                 "(SELECT order_id FROM order_lines WHERE status = 'open')") == 0  # fmt: skip
