"""The API of the catalogue: products, price books and prices."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.agree.catalog import actions, queries
from cashline.flow.agree.catalog.queries import PriceBookRow, PricePreview, PriceRow, ProductRow
from cashline.flow.agree.catalog.rules import (
    BillingTrigger,
    NewPrice,
    NewPriceBook,
    NewProduct,
    ProductKind,
    RevenuePattern,
    TaxCategory,
)
from cashline.flow.agree.pricing.rules.charges import Charge, ChargeModel, Rounding
from cashline.flow.agree.pricing.rules.parts import ItemStep
from cashline.flow.agree.pricing.rules.quantity_changes import QuantityChange
from cashline.flow.agree.pricing.rules.reading import MAX_PARAMETERS, MAX_ROWS, MAX_TIERS
from cashline.flow.agree.pricing.rules.usage_prices import PreviewUsage
from cashline.flow.agree.pricing.rules.wording import describe
from cashline.kernel.formulas import MAX_LENGTH
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue, Refusal, Refusals, raise_all
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    Limit,
    Months,
    Name,
    Percent,
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
    """A price book; the first of a currency is its default. Its prices include the tax of `tax_country`, if any."""

    name: Name
    currency: CurrencyCode
    is_default: bool = False
    tax_country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = ""


type Metered = Annotated[Decimal, Field(gt=Decimal("-1e12"), lt=Decimal("1e12"), decimal_places=6)]
type Units = Annotated[Decimal, Field(ge=0, lt=Decimal("1e12"), decimal_places=6)]
type Factor = Annotated[Decimal, Field(gt=0, lt=Decimal("1e12"), decimal_places=10)]
type AttributeText = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class TierIn(Closed):
    """Units up to and including `up_to` (none: without end); `percent` for graduated_percentage, else `unit_price`."""

    unit_price: UnitPrice | None = None
    percent: Percent | None = None
    up_to: Factor | None = None
    flat_fee: UnitPrice = Decimal(0)


class ConversionIn(Closed):
    """Turns the metered quantity into the priced one: by one of the factors."""

    divide_by: Factor | None = None
    multiply_by: Factor | None = None
    round: Rounding = Rounding.NONE


class MatrixRowIn(Closed):
    """The price of a unit that carries all these attributes."""

    when: Annotated[dict[AttributeText, AttributeText], Field(max_length=20)]
    unit_price: UnitPrice


class ChargeIn(Closed):
    """How the quantity becomes an amount; each model has its own parameters.

    Before the price: `conversion`, then `free_units`. After it: `discount_percent`, `minimum`, `maximum`.
    """

    model: ChargeModel
    price: UnitPrice | None = None
    tiers: Annotated[list[TierIn], Field(max_length=MAX_TIERS)] | None = None
    package_size: Factor | None = None
    minimum: UnitPrice | None = None
    maximum: UnitPrice | None = None
    free_units: Units | None = None
    conversion: ConversionIn | None = None
    discount_percent: Percent | None = None
    high_water_mark: bool | None = None
    fee_at_zero: bool | None = None
    fixed_fee: UnitPrice | None = None
    free_events: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    free_amount: UnitPrice | None = None
    payment_minimum: UnitPrice | None = None
    payment_maximum: UnitPrice | None = None
    included_units: Units | None = None
    default_price: UnitPrice | None = None
    rows: Annotated[list[MatrixRowIn], Field(max_length=MAX_ROWS)] | None = None
    formula: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)] | None = None
    parameters: Annotated[dict[AttributeText, Decimal], Field(max_length=MAX_PARAMETERS)] | None = None


class ItemIn(Closed):
    """An item added, or removed."""

    item: AttributeText
    added: bool = True


class QuantityChangeIn(Closed):
    """Whole units added (removed where negative), and the same times the part of the period they count for."""

    units: Metered
    prorated_units: Metered


class PricePreviewIn(Closed):
    """Usage of one interval: one of quantity, parts, payments, items and changes. `exact` leaves amounts unrounded."""

    currency: CurrencyCode
    interval_months: Months = 0
    day: date
    quantity: Units | None = None
    parts: Annotated[list[Metered], Field(max_length=1000)] = []
    payments: Annotated[list[UnitPrice], Field(max_length=1000)] = []
    items: Annotated[list[ItemIn], Field(max_length=1000)] = []
    changes: Annotated[list[QuantityChangeIn], Field(max_length=1000)] = []
    attributes: Annotated[dict[AttributeText, AttributeText], Field(max_length=20)] = {}
    exact: bool = False


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


def price_book_shape(row: PriceBookRow) -> dict[str, Any]:
    """A price book as the API shows it; `tax_country` is whose tax its prices include, empty where they are without."""
    return {
        "id": public("price_book", row.id),
        "name": row.name,
        "currency": row.currency,
        "is_default": row.is_default,
        "tax_country": row.tax_country,
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
        "tax_country": row.tax_country,
        "charge": row.charge,
        "words": describe(Charge.from_json(row.charge)),
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
    return {"items": [price_book_shape(row) for row in queries.price_books()], "next_cursor": ""}


@router.post("/price-books", response={201: dict[str, Any]})
def price_book_create(request: HttpRequest, body: PriceBookIn) -> tuple[int, dict[str, Any]]:
    """Create a price book."""
    caller = caller_of(request)
    caller.require("catalog.write")
    (key,) = actions.create_price_books([NewPriceBook(**body.model_dump())], now=caller.now, actor=caller.actor)
    return 201, price_book_shape(queries.price_book(key))


@router.post("/price-books/{price_book_id}/prices", response={201: dict[str, Any]})
def price_set(request: HttpRequest, price_book_id: PublicId, body: PricesIn) -> tuple[int, dict[str, Any]]:
    """Set prices from a day on; each ends the price before it."""
    caller = caller_of(request)
    caller.require("catalog.write")
    book = queries.price_book(key_of("price_book", price_book_id))
    prices = _new_prices(body.prices, book.id)
    actions.set_prices(prices, now=caller.now, actor=caller.actor)
    return 201, {"set": len(prices)}


@router.post("/products/{product_id}/price-preview")
def price_preview(request: HttpRequest, product_id: PublicId, body: PricePreviewIn) -> dict[str, Any]:
    """What usage of one interval would cost at the list price of a day, and how that comes about."""
    caller_of(request).require("catalog.read")
    key = queries.product(key_of("product", product_id)).id
    usage = PreviewUsage(
        body.quantity,
        tuple(body.parts),
        tuple(body.payments),
        tuple(ItemStep(one.item, one.added) for one in body.items),
        tuple(QuantityChange(one.units, one.prorated_units) for one in body.changes),
        body.attributes,
    )
    found = queries.preview_price((key, body.currency, body.interval_months), body.day, usage, exact=body.exact)
    return preview_shape(found)


def preview_shape(found: PricePreview) -> dict[str, Any]:
    """A preview as the API shows it."""
    whole = found.priced.whole
    payments = found.priced.payments
    return {
        "currency": found.price.currency,
        "tax_country": found.price.tax_country,
        "amount": found.priced.amount,
        "quantity": whole.quantity,
        "list_amount": whole.list_amount,
        "discount": whole.discount,
        "minimum_shortfall": whole.minimum_shortfall,
        "maximum_discount": whole.maximum_discount,
        "parts": [part.amount for part in found.priced.parts],
        "payments": [one.cost for one in payments.payments] if payments else [],
        "words": describe(found.charge),
        "derivation": whole.derivation.as_json(),
    }


def _new_prices(given: list[PriceIn], book: UUID) -> list[NewPrice]:
    """The prices; raises what is wrong with all of them at once."""
    found: list[NewPrice] = []
    errors: list[Refusal] = []
    for index, one in enumerate(given):
        try:
            found.append(_new_price(one, book, index))
        except Refusals as several:
            errors.extend(several)
        except Refusal as refusal:
            errors.append(refusal)
    raise_all(errors)
    return found


def _charge(given: ChargeIn, place: str) -> Charge:
    try:
        return Charge.from_json(given.model_dump(exclude_none=True))
    except Refusal as refusal:
        found = refusal if isinstance(refusal, Refusals) else [refusal]
        raise Refusals(InvalidValue(one.message, field=place + one.field, fix=one.fix) for one in found) from None


def _new_price(given: PriceIn, book: UUID, index: int) -> NewPrice:
    if (given.unit_price is None) == (given.charge is None):
        raise InvalidValue("Give either unit_price or charge.", field=f"prices.{index}.unit_price")
    charge = _charge(given.charge, f"prices.{index}.charge.") if given.charge else None
    unit_price = charge.list_price if charge else given.unit_price
    assert unit_price is not None  # noqa: S101 - one of the two was given
    product = key_of("product", given.product)
    return NewPrice(book, product, given.interval_months, given.valid_from, unit_price, charge)
