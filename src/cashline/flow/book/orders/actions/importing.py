"""Importing orders from files: read, recognise the buyers, place, keep the file. All errors of a file come at once."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

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
from cashline.platform.documents.actions import NewFile, store_files
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

FILE_KIND = "order_import"
_MEDIA_TYPES = {OrderSource.CSV: "text/csv", OrderSource.UBL: "application/xml"}


@transaction.atomic
def import_orders(
    data: bytes,
    *,
    source: OrderSource,
    entity_id: UUID,
    today: date,
    now: datetime,
    actor: str,
    preview: bool = False,
    max_discount: Decimal | None = None,
    file_name: str = "",
    file_id: UUID | None = None,
) -> list[PlacedOrder]:
    """Book the orders of a file, all or none, and keep the file with them; orders booked before are duplicates.

    `file_id` is the file where it was kept before (`keep_file`). A preview books and keeps nothing.
    """
    incoming = parse_csv_orders(data) if source is OrderSource.CSV else [parse_ubl_order(data)]
    orders = _recognise(incoming, entity_id, source)
    placed = place_orders(orders, today=today, now=now, actor=actor, preview=preview, max_discount=max_discount)
    fresh = [one.order_id for one in placed if one.order_id is not None and not one.duplicate]
    if fresh:
        kept = file_id or keep_file(data, source=source, entity_id=entity_id, file_name=file_name, now=now)
        objects = (ObjectRef("file", kept), *(ObjectRef("order", key) for key in fresh))
        record([Event("OrdersImported", objects, {"orders": len(fresh), "source": source.value})], now=now, actor=actor)
    return placed


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
    """Book the orders of a CSV file (see `rules.csv_order`)."""
    return import_orders(
        data,
        source=OrderSource.CSV,
        entity_id=entity_id,
        today=today,
        now=now,
        actor=actor,
        preview=preview,
        max_discount=max_discount,
    )


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
    """Book the order of a UBL 2.1 Order document (see `rules.ubl_order`)."""
    return import_orders(
        data,
        source=OrderSource.UBL,
        entity_id=entity_id,
        today=today,
        now=now,
        actor=actor,
        preview=preview,
        max_discount=max_discount,
    )[0]


def keep_file(data: bytes, *, source: OrderSource, entity_id: UUID, file_name: str, now: datetime) -> UUID:
    """Keep a file as it came, under the legal entity that it was sent to."""
    name = file_name[-200:] or f"orders.{'csv' if source is OrderSource.CSV else 'xml'}"
    return store_files([NewFile("entity", entity_id, FILE_KIND, name, _MEDIA_TYPES[source], data)], now=now)[0]


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
