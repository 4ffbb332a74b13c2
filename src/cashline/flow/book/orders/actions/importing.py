"""Importing orders from files: read, recognise the buyers, place. Every error of the whole file comes at once."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.customers.queries import customers_by_reference
from cashline.flow.book.orders import queries
from cashline.flow.book.orders.actions.placing import PlacedOrder, place_orders
from cashline.flow.book.orders.rules.csv_order import parse_csv_orders
from cashline.flow.book.orders.rules.from_files import (
    buyer_names,
    buyer_references,
    buyer_tax_ids,
    find_buyer,
    to_order,
)
from cashline.flow.book.orders.rules.incoming import IncomingOrder
from cashline.flow.book.orders.rules.lifecycle import OrderSource
from cashline.flow.book.orders.rules.new_order import NewOrder
from cashline.flow.book.orders.rules.ubl_order import parse_ubl_order


def import_csv(
    data: bytes,
    *,
    entity_id: UUID,
    today: date,
    now: datetime,
    actor: str,
    preview: bool = False,
    max_discount: Decimal | None = None,
) -> list[PlacedOrder]:
    """Book the orders of a CSV file (see `rules.csv_order`), all or none; orders booked before are duplicates."""
    orders = _recognise(parse_csv_orders(data), entity_id, OrderSource.CSV)
    return place_orders(orders, today=today, now=now, actor=actor, preview=preview, max_discount=max_discount)


def import_ubl(
    data: bytes,
    *,
    entity_id: UUID,
    today: date,
    now: datetime,
    actor: str,
    preview: bool = False,
    max_discount: Decimal | None = None,
) -> PlacedOrder:
    """Book the order of a UBL 2.1 Order document; one that was booked before is a duplicate."""
    orders = _recognise([parse_ubl_order(data)], entity_id, OrderSource.UBL)
    return place_orders(orders, today=today, now=now, actor=actor, preview=preview, max_discount=max_discount)[0]


def _recognise(incoming: Sequence[IncomingOrder], entity_id: UUID, source: OrderSource) -> list[NewOrder]:
    by_reference = customers_by_reference(buyer_references(incoming))
    by_tax_id = queries.customers_by_tax_id(buyer_tax_ids(incoming))
    by_name = queries.customers_by_name(buyer_names(incoming))
    return [
        to_order(
            order,
            customer_id=find_buyer(order.buyer, by_reference, by_tax_id, by_name),
            entity_id=entity_id,
            source=source.value,
        )
        for order in incoming
    ]
