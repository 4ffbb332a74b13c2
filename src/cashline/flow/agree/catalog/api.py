"""The API of the catalogue: products, price books and prices."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.agree.catalog import actions, queries
from cashline.flow.agree.catalog.queries import PriceRow, ProductRow
from cashline.flow.agree.catalog.rules import (
    BillingTrigger,
    NewPrice,
    NewPriceBook,
    NewProduct,
    ProductKind,
    RevenuePattern,
    TaxCategory,
)
from cashline.flow.agree.pricing.rules.charge_models import Charge, ChargeModel
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    Limit,
    Months,
    Name,
    PublicId,
    Sort,
    UnitPrice,
    Words,
    ask_of,
    listed,
)

router = Router(tags=["Catalogue"])
type Description = Annotated[str, StringConstraints(max_length=2000)]
type UnitCode = Annotated[str, StringConstraints(min_length=1, max_length=3)]
type ProvisioningKey = Annotated[str, StringConstraints(max_length=200)]


class ProductIn(Closed):
    """A product; billing trigger and revenue pattern follow from the kind where they are left out."""

    sku: Name
    name: Name
    kind: ProductKind
    description: Description = ""
    unit: UnitCode = "C62"
    tax_category: TaxCategory = TaxCategory.STANDARD
    billing_trigger: BillingTrigger | None = None
    revenue_pattern: RevenuePattern | None = None
    unit_cost: UnitPrice = Decimal(0)
    provisioning_key: ProvisioningKey = ""


class ProductChangeIn(Closed):
    """What changes; a field left out stays as it is. SKU and kind cannot change."""

    name: Name | None = None
    description: Description | None = None
    unit: UnitCode | None = None
    tax_category: TaxCategory | None = None
    billing_trigger: BillingTrigger | None = None
    revenue_pattern: RevenuePattern | None = None
    unit_cost: UnitPrice | None = None
    provisioning_key: ProvisioningKey | None = None
    active: bool | None = None


class PriceBookIn(Closed):
    """A price book; the first of a currency is its default."""

    name: Name
    currency: CurrencyCode
    is_default: bool = False


class TierIn(Closed):
    """Units up to and including `up_to` (none: without end)."""

    unit_price: UnitPrice
    up_to: Annotated[Decimal, Field(gt=0, lt=Decimal("1e12"), decimal_places=6)] | None = None
    flat_fee: UnitPrice = Decimal(0)


class ChargeIn(Closed):
    """How the quantity becomes an amount; each model has its own parameters."""

    model: ChargeModel
    price: UnitPrice | None = None
    tiers: Annotated[list[TierIn], Field(max_length=100)] | None = None
    package_size: Annotated[Decimal, Field(gt=0, lt=Decimal("1e12"), decimal_places=6)] | None = None
    minimum: UnitPrice | None = None
    maximum: UnitPrice | None = None


class PriceIn(Closed):
    """A list price from a day on: the price of one unit, or a charge."""

    product: PublicId
    interval_months: Months = 0
    valid_from: date
    unit_price: UnitPrice | None = None
    charge: ChargeIn | None = None


class PricesIn(Closed):
    """Prices of one book."""

    prices: Annotated[list[PriceIn], Field(min_length=1, max_length=1000)]


def shape(row: ProductRow) -> dict[str, Any]:
    """A product as the API shows it."""
    return {
        "id": public("product", row.id),
        "sku": row.sku,
        "name": row.name,
        "description": row.description,
        "kind": row.kind,
        "unit": row.unit,
        "tax_category": row.tax_category,
        "billing_trigger": row.billing_trigger,
        "revenue_pattern": row.revenue_pattern,
        "unit_cost": row.unit_cost,
        "provisioning_key": row.provisioning_key,
        "active": row.active,
        "created_at": row.created_at,
    }


def price_shape(row: PriceRow) -> dict[str, Any]:
    """A price as the API shows it; `valid_until` is the first day on which it no longer applies."""
    return {
        "price_book": public("price_book", row.price_book_id),
        "product": public("product", row.product_id),
        "currency": row.currency,
        "interval_months": row.interval_months,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "unit_price": row.unit_price,
        "charge": row.charge,
    }


@router.get("/products")
def product_list(
    request: HttpRequest,
    q: Words = "",
    kind: Annotated[list[ProductKind], Query()] = [],  # noqa: B006 - read only, and shown in the description
    active: bool | None = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Products, the newest first unless sorted by sku, name, kind or created_at."""
    caller_of(request).require("catalog.read")
    return listed(queries.list_products(ask_of(sort, cursor, limit), words=q, kinds=kind, active=active), shape)


@router.post("/products", response={201: dict[str, Any]})
def product_create(request: HttpRequest, body: ProductIn) -> tuple[int, dict[str, Any]]:
    """Create a product."""
    caller = caller_of(request)
    caller.require("catalog.write")
    given = body.model_dump()
    given |= {name: given[name] or "" for name in ("billing_trigger", "revenue_pattern")}
    (key,) = actions.create_products([NewProduct(**given)], now=caller.now, actor=caller.actor)
    return 201, shape(queries.product(key))


@router.get("/products/{product_id}")
def product_show(request: HttpRequest, product_id: PublicId) -> dict[str, Any]:
    """One product."""
    caller_of(request).require("catalog.read")
    return shape(queries.product(key_of("product", product_id)))


@router.patch("/products/{product_id}")
def product_change(request: HttpRequest, product_id: PublicId, body: ProductChangeIn) -> dict[str, Any]:
    """Change some fields; quotes and agreements keep what they were made with."""
    caller = caller_of(request)
    caller.require("catalog.write")
    key = key_of("product", product_id)
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    actions.change_product(key, changes=changes, now=caller.now, actor=caller.actor)
    return shape(queries.product(key))


@router.get("/products/{product_id}/prices")
def product_prices(request: HttpRequest, product_id: PublicId) -> dict[str, Any]:
    """Every price that the product ever had or will have."""
    caller_of(request).require("catalog.read")
    key = queries.product(key_of("product", product_id)).id
    return {"items": [price_shape(row) for row in queries.prices_of(key)], "next_cursor": ""}


@router.get("/price-books")
def price_book_list(request: HttpRequest) -> dict[str, Any]:
    """All price books."""
    caller_of(request).require("catalog.read")
    items = [
        {"id": public("price_book", row.id), "name": row.name, "currency": row.currency, "is_default": row.is_default}
        for row in queries.price_books()
    ]
    return {"items": items, "next_cursor": ""}


@router.post("/price-books", response={201: dict[str, Any]})
def price_book_create(request: HttpRequest, body: PriceBookIn) -> tuple[int, dict[str, Any]]:
    """Create a price book."""
    caller = caller_of(request)
    caller.require("catalog.write")
    (key,) = actions.create_price_books([NewPriceBook(**body.model_dump())], now=caller.now, actor=caller.actor)
    row = queries.price_book(key)
    return 201, {"id": public("price_book", row.id), **body.model_dump(), "is_default": row.is_default}


@router.post("/price-books/{price_book_id}/prices", response={201: dict[str, Any]})
def price_set(request: HttpRequest, price_book_id: PublicId, body: PricesIn) -> tuple[int, dict[str, Any]]:
    """Set prices from a day on; each ends the price before it."""
    caller = caller_of(request)
    caller.require("catalog.write")
    book = queries.price_book(key_of("price_book", price_book_id))
    prices = [_new_price(one, book.id, index) for index, one in enumerate(body.prices)]
    actions.set_prices(prices, now=caller.now, actor=caller.actor)
    return 201, {"set": len(prices)}


def _new_price(given: PriceIn, book: Any, index: int) -> NewPrice:
    if (given.unit_price is None) == (given.charge is None):
        raise InvalidValue("Give either unit_price or charge.", field=f"prices.{index}.unit_price")
    charge = Charge.from_json(given.charge.model_dump(exclude_none=True)) if given.charge else None
    unit_price = charge.list_price if charge else given.unit_price
    assert unit_price is not None  # noqa: S101 - one of the two was given
    product = key_of("product", given.product)
    return NewPrice(book, product, given.interval_months, given.valid_from, unit_price, charge)
