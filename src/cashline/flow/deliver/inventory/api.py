"""The API of stock."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.agree.catalog.queries import products_by_sku
from cashline.flow.deliver.inventory import actions, queries
from cashline.flow.deliver.inventory.queries import StockRow, WarehouseRow
from cashline.flow.deliver.inventory.rules import NewWarehouse, StockAdjustment, StockReceipt
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import NotFound
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CountryCode,
    Cursor,
    EntityCode,
    Limit,
    Name,
    Quantity,
    Reason,
    Sort,
    Text,
    UnitPrice,
    Words,
    ask_of,
    listed,
)

router = Router(tags=["Stock"])
type Code = Annotated[str, StringConstraints(min_length=1, max_length=20)]


class WarehouseIn(Closed):
    """A warehouse of a legal entity."""

    entity: EntityCode
    code: Code
    name: Name
    country: CountryCode


class ReceiptIn(Closed):
    """Goods that came in. `source_id` makes it exactly-once; without a unit cost the product's own is taken."""

    warehouse: Code
    sku: Name
    quantity: Quantity
    unit_cost: UnitPrice | None = None
    received_on: date | None = None
    source_id: UUID | None = None


class ReceiptsIn(Closed):
    """Up to 1,000 receipts, taken together or not at all."""

    receipts: Annotated[list[ReceiptIn], Field(min_length=1, max_length=1000)]


class AdjustmentIn(Closed):
    """A counted difference; the quantity is signed."""

    warehouse: Code
    sku: Name
    quantity: Annotated[Decimal, Field(gt=Decimal("-1e9"), lt=Decimal("1e9"), decimal_places=6)]
    reason: Reason


class ReorderIn(Closed):
    """Below which free quantity the product is short."""

    warehouse: Code
    sku: Name
    reorder_point: Annotated[Decimal, Field(ge=0, lt=Decimal("1e9"), decimal_places=6)]


def shape(row: StockRow) -> dict[str, Any]:
    """A product in a warehouse as the API shows it."""
    return {
        "warehouse": row.warehouse_code,
        "sku": row.sku,
        "product": public("product", row.product_id),
        "name": row.name,
        "unit": row.unit,
        "on_hand": row.on_hand,
        "reserved": row.reserved,
        "available": row.available,
        "reorder_point": row.reorder_point,
        "value": row.value,
        "currency": row.currency,
    }


def _warehouse(row: WarehouseRow) -> dict[str, Any]:
    return {
        "id": public("warehouse", row.id),
        "entity": public("entity", row.entity_id),
        "code": row.code,
        "name": row.name,
        "country": row.country,
    }


@router.get("/warehouses")
def warehouse_list(request: HttpRequest) -> dict[str, Any]:
    """All warehouses that the caller may see."""
    caller = caller_of(request)
    caller.require("inventory.read")
    rows = queries.warehouses(caller.entities("inventory.read"))
    return {"items": [_warehouse(row) for row in rows], "next_cursor": ""}


@router.post("/warehouses", response={201: dict[str, Any]})
def warehouse_create(request: HttpRequest, body: WarehouseIn) -> tuple[int, dict[str, Any]]:
    """Set up a warehouse."""
    caller = caller_of(request)
    entity = entity_by_code(body.entity)
    caller.require("inventory.write", entity.id)
    new = NewWarehouse(entity.id, body.code, body.name, body.country)
    actions.create_warehouses([new], now=caller.now, actor=caller.actor)
    return 201, _warehouse(queries.warehouse_by_code(body.code))


@router.get("/stock")
def stock_list(
    request: HttpRequest,
    q: Words = "",
    warehouse: Text = "",
    state: Annotated[list[Literal["short", "reserved", "empty"]], Query()] = [],  # noqa: B006 - read only
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Stock by product and warehouse; sorts: sku, name, warehouse, on_hand, reserved, available, value."""
    caller = caller_of(request)
    caller.require("inventory.read")
    page = queries.list_stock(
        ask_of(sort, cursor, limit),
        words=q,
        warehouse_ids=[queries.warehouse_by_code(warehouse).id] if warehouse else None,
        entity_ids=caller.entities("inventory.read"),
        state=state,
    )
    return listed(page, shape)


@router.post("/stock/receipts", response={201: dict[str, Any]})
def stock_receive(request: HttpRequest, body: ReceiptsIn) -> tuple[int, dict[str, Any]]:
    """Take goods in; orders that wait for them are filled first. A `source_id` seen before changes nothing."""
    caller = caller_of(request)
    products = _products(receipt.sku for receipt in body.receipts)
    receipts = []
    for receipt in body.receipts:
        place = _place(caller, receipt.warehouse)
        day = receipt.received_on or caller.today()
        receipts.append(
            StockReceipt(place.id, products[receipt.sku], receipt.quantity, day, receipt.unit_cost, receipt.source_id)
        )
    taken = actions.receive_stock(receipts, now=caller.now, actor=caller.actor)
    return 201, {"received": len(taken), "repeated": len(receipts) - len(taken)}


@router.post("/stock/adjustments", response={201: dict[str, Any]})
def stock_adjust(request: HttpRequest, body: AdjustmentIn) -> tuple[int, dict[str, Any]]:
    """Correct stock after counting; goods that are promised to orders are never taken away."""
    caller = caller_of(request)
    place = _place(caller, body.warehouse)
    key = _products([body.sku])[body.sku]
    adjustment = StockAdjustment(place.id, key, body.quantity, caller.today(), body.reason)
    actions.adjust_stock([adjustment], now=caller.now, actor=caller.actor)
    return 201, _one(place.id, key)


@router.post("/stock/reorder-points")
def stock_reorder_point(request: HttpRequest, body: ReorderIn) -> dict[str, Any]:
    """Say below which free quantity a product is short in a warehouse."""
    caller = caller_of(request)
    place = _place(caller, body.warehouse)
    row = queries.stock_at(place.id, _products([body.sku])[body.sku])
    actions.set_reorder_point(stock_id=row.id, quantity=body.reorder_point, now=caller.now, actor=caller.actor)
    return shape(queries.stock_row(row.id))


def _one(warehouse_id: UUID, product_id: UUID) -> dict[str, Any]:
    return shape(queries.stock_at(warehouse_id, product_id))


def _place(caller: Caller, code: str) -> WarehouseRow:
    row = queries.warehouse_by_code(code)
    caller.require("inventory.write", row.entity_id)
    return row


def _products(skus: Any) -> dict[str, UUID]:
    wanted = list(skus)
    found = {sku: row.id for sku, row in products_by_sku(wanted).items()}
    for index, sku in enumerate(wanted):
        if sku not in found:
            raise NotFound(f"There is no product {sku!r}.", field=f"receipts.{index}.sku" if len(wanted) > 1 else "sku")
    return found
