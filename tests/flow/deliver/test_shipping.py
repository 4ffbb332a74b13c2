"""Goods: reserved when booked, shipped in part or in whole, backordered and filled; stock never below its promises."""

from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, transaction

from cashline.flow.book.orders import queries as orders
from cashline.flow.deliver.fulfilment import queries
from cashline.flow.deliver.fulfilment.actions import create_shipments, ship_shipments
from cashline.flow.deliver.fulfilment.rules import NothingToShip, ShipConfirmation
from cashline.flow.deliver.inventory import queries as inventory
from cashline.flow.deliver.inventory.actions import adjust_stock, receive_stock
from cashline.flow.deliver.inventory.rules import InsufficientStock, StockAdjustment, StockReceipt
from cashline.kernel.lifecycle import IllegalTransition
from cashline.platform import sql
from cashline.platform.events.queries import timeline
from tests.support.book import Shop, book, line, make_shop, ship, stock_up
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")


def steps(order_id: UUID) -> dict[str, str]:
    return {step.kind: step.status for step in queries.steps_of([order_id])}


def stock(shop: Shop, product: UUID) -> tuple[Decimal, Decimal, Decimal]:
    row = sql.fetch_one(
        "SELECT on_hand, reserved, value FROM stock WHERE warehouse_id = %s AND product_id = %s",
        (shop.warehouse, product),
    )
    assert row is not None
    return row[0], row[1], row[2]


def test_an_order_of_goods_is_reserved_picked_shipped_and_complete() -> None:
    shop = make_shop(sensors=10)
    order_id = book(shop, line("SENSOR-1", 4))
    assert steps(order_id) == {"reserve": "done", "ship": "ready"}
    assert stock(shop, shop.catalog.sensor) == (10, 4, 385)
    shipment_id = ship(order_id)[0]
    assert stock(shop, shop.catalog.sensor) == (6, 0, 231)
    assert steps(order_id) == {"reserve": "done", "ship": "done"}
    assert orders.order(order_id).status == "completed"
    shipment = queries.shipment(shipment_id)
    assert (shipment.status, shipment.cost, shipment.carrier) == ("shipped", 154, "DHL")
    line_id = orders.lines_of([order_id])[0].line_id
    facts = queries.deliveries_for(line_ids=[line_id])
    assert [(fact.kind, fact.quantity, fact.effective_on, fact.source_id) for fact in facts] == [
        ("shipped", 4, TODAY, shipment_id)
    ]
    told = [event.type for event in timeline([order_id])]
    assert told == ["OrderBooked", "GoodsReserved", "ShipmentCreated", "ShipmentShipped", "OrderCompleted"]
    assert inventory.broken_sums() == []


def test_what_is_there_goes_out_and_the_rest_follows_when_stock_arrives() -> None:
    shop = make_shop(sensors=5)
    order_id = book(shop, line("SENSOR-1", 5), line("GATE-4", 2))
    assert steps(order_id) == {"reserve": "backordered", "ship": "waiting"}
    ship(order_id)
    assert orders.order(order_id).status == "booked"
    assert steps(order_id) == {"reserve": "backordered", "ship": "waiting"}
    with pytest.raises(NothingToShip):
        create_shipments([order_id], now=NOW, actor=ACTOR)
    stock_up(shop, shop.catalog.gateway, 1)
    assert steps(order_id)["reserve"] == "backordered"
    stock_up(shop, shop.catalog.gateway, 1)
    assert steps(order_id) == {"reserve": "done", "ship": "ready"}
    ship(order_id)
    assert orders.order(order_id).status == "completed"
    assert [row.delivered_quantity for row in orders.lines_of([order_id])] == [5, 2]


def test_backorders_are_filled_oldest_first_and_before_newcomers() -> None:
    shop = make_shop()
    first, second, third = (book(shop, line("SENSOR-1", 2)) for _ in range(3))
    stock_up(shop, shop.catalog.sensor, 5)
    newcomer = book(shop, line("SENSOR-1", 2))
    assert [steps(key)["reserve"] for key in (first, second, third, newcomer)] == [
        "done",
        "done",
        "backordered",
        "backordered",
    ]


def test_goods_that_were_picked_are_not_picked_twice() -> None:
    shop = make_shop(sensors=3)
    order_id = book(shop, line("SENSOR-1", 3))
    shipment = create_shipments([order_id], now=NOW, actor=ACTOR)[0]
    with pytest.raises(NothingToShip):
        create_shipments([order_id], now=NOW, actor=ACTOR)
    confirmation = ShipConfirmation(shipment, "UPS", "1Z", TODAY)
    ship_shipments([confirmation], now=NOW, actor=ACTOR)
    with pytest.raises(IllegalTransition):
        ship_shipments([confirmation], now=NOW, actor=ACTOR)
    assert stock(shop, shop.catalog.sensor) == (0, 0, 0)


def test_a_line_longer_than_any_list_is_reserved_like_a_short_one() -> None:
    shop = make_shop(sensors=300)
    order_id = book(shop, *(line("SENSOR-1", 1) for _ in range(250)))
    assert steps(order_id) == {"reserve": "done", "ship": "ready"}
    assert stock(shop, shop.catalog.sensor)[1] == 250
    ship(order_id)
    assert stock(shop, shop.catalog.sensor)[:2] == (50, 0)
    assert inventory.broken_sums() == []


def test_goods_leave_at_the_moving_average_and_the_last_take_every_cent() -> None:
    shop = make_shop()
    stock_up(shop, shop.catalog.sensor, 2, "10.00")
    stock_up(shop, shop.catalog.sensor, 1, "10.01")
    costs = [queries.shipment(ship(book(shop, line("SENSOR-1", 1)))[0]).cost for _ in range(3)]
    assert costs == [Decimal("10.00"), Decimal("10.01"), Decimal("10.00")]
    assert stock(shop, shop.catalog.sensor) == (0, 0, 0)


def test_a_receipt_that_comes_twice_is_taken_once() -> None:
    shop = make_shop()
    receipt = StockReceipt(shop.warehouse, shop.catalog.sensor, Decimal(7), TODAY, source_id=uuid4())
    assert len(receive_stock([receipt, receipt], now=NOW, actor=ACTOR)) == 1
    assert receive_stock([receipt], now=NOW, actor=ACTOR) == []
    assert stock(shop, shop.catalog.sensor)[0] == 7


def test_counted_differences_never_take_what_is_promised() -> None:
    shop = make_shop(sensors=10)
    book(shop, line("SENSOR-1", 8))
    missing = StockAdjustment(shop.warehouse, shop.catalog.sensor, Decimal(-3), TODAY, "Counted")
    with pytest.raises(InsufficientStock):
        adjust_stock([missing], now=NOW, actor=ACTOR)
    adjust_stock(
        [StockAdjustment(shop.warehouse, shop.catalog.sensor, Decimal(-2), TODAY, "Counted")], now=NOW, actor=ACTOR
    )
    assert stock(shop, shop.catalog.sensor) == (8, 8, 308)


def test_the_database_refuses_to_oversell_whatever_the_program_does() -> None:
    shop = make_shop(sensors=1)
    order_id = book(shop, line("SENSOR-1", 2))
    line_id = orders.lines_of([order_id])[0].id
    statements = [
        (
            "INSERT INTO reservations (id, order_line_id, warehouse_id, product_id, quantity, created_at) "
            "VALUES (%s, %s, %s, %s, 2, now())",
            (uuid4(), line_id, shop.warehouse, shop.catalog.sensor),
            psycopg.errors.CheckViolation,
        ),
        ("UPDATE stock SET on_hand = 100", (), psycopg.errors.InsufficientPrivilege),
        ("UPDATE stock SET reserved = 0", (), psycopg.errors.InsufficientPrivilege),
        ("DELETE FROM reservations", (), psycopg.errors.InsufficientPrivilege),
        ("UPDATE order_lines SET delivered_quantity = 3", (), psycopg.errors.CheckViolation),
        ("UPDATE stock_moves SET quantity = 100", (), psycopg.Error),
        ("UPDATE deliveries SET quantity = 100", (), psycopg.Error),
    ]
    for statement, params, expected in statements:
        with pytest.raises(Exception) as refused, transaction.atomic():  # noqa: PT011 - the cause is what counts
            sql.execute(statement, params)
        assert isinstance(refused.value.__cause__, expected), statement
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.execute(
            "INSERT INTO stock_moves (id, warehouse_id, product_id, kind, quantity, value, source_id, moved_on) "
            "VALUES (%s, %s, %s, 'shipment', -2, 0, %s, now())",
            (uuid4(), shop.warehouse, shop.catalog.sensor, uuid4()),
        )
