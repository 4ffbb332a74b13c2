"""A shop that sells from stock, and orders for it; made by the real actions."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.book.orders.actions import PlacedOrder, place_orders
from cashline.flow.book.orders.rules.new_order import NewOrder, NewOrderLine
from cashline.flow.deliver.fulfilment.actions import create_shipments, ship_shipments
from cashline.flow.deliver.fulfilment.rules import ShipConfirmation
from cashline.flow.deliver.inventory.actions import create_warehouses, receive_stock
from cashline.flow.deliver.inventory.rules import NewWarehouse, StockReceipt
from tests.support.agree import Catalog, make_catalog, make_customer
from tests.support.world import ACTOR, NOW, TODAY, World, make_world


@dataclass(frozen=True, slots=True)
class Shop:
    """A company with a catalogue, a customer in euro and a warehouse in Berlin."""

    world: World
    catalog: Catalog
    customer: UUID
    warehouse: UUID


def make_shop(*, sensors: int = 0, gateways: int = 0) -> Shop:
    """Set it up, with that much stock."""
    world = make_world()
    catalog = make_catalog()
    customer = make_customer()
    warehouse = create_warehouses([NewWarehouse(world.berlin, "BER", "Berlin", "DE")], now=NOW, actor=ACTOR)[0]
    shop = Shop(world, catalog, customer, warehouse)
    for product, quantity in ((catalog.sensor, sensors), (catalog.gateway, gateways)):
        if quantity:
            stock_up(shop, product, quantity)
    return shop


def stock_up(shop: Shop, product: UUID, quantity: int | str, cost: str | None = None) -> None:
    """Goods come in."""
    unit_cost = None if cost is None else Decimal(cost)
    receipt = StockReceipt(shop.warehouse, product, Decimal(quantity), TODAY, unit_cost)
    receive_stock([receipt], now=NOW, actor=ACTOR)


def line(sku: str, quantity: int | str = 1, **changes: object) -> NewOrderLine:
    """A line of an order."""
    return NewOrderLine(sku, Decimal(quantity), **changes)  # type: ignore[arg-type]


def order(shop: Shop, *lines: NewOrderLine, **changes: object) -> NewOrder:
    """An order of the shop's customer, entered through the API."""
    given: dict[str, object] = {
        "customer_id": shop.customer,
        "entity_id": shop.world.berlin,
        "currency": "EUR",
        "source": "api",
        "lines": lines,
    }
    return NewOrder(**(given | changes))  # type: ignore[arg-type]


def place(*orders: NewOrder, now: datetime = NOW) -> list[PlacedOrder]:
    """Book orders."""
    return place_orders(orders, today=now.date(), now=now, actor=ACTOR)


def book(shop: Shop, *lines: NewOrderLine, **changes: object) -> UUID:
    """Book one order; its id."""
    found = place(order(shop, *lines, **changes))[0].order_id
    assert found is not None
    return found


def ship(*order_ids: UUID) -> list[UUID]:
    """Pick and ship what is reserved of orders; the shipments."""
    shipments = create_shipments(order_ids, now=NOW, actor=ACTOR)
    confirmations = [ShipConfirmation(key, "DHL", f"JD{index}", TODAY) for index, key in enumerate(shipments)]
    ship_shipments(confirmations, now=NOW, actor=ACTOR)
    return shipments
