"""Reading the catalogue: products, price books and the prices of a day."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from cashline.flow.agree.catalog.rules import PriceSpan, TaxCategory
from cashline.flow.agree.customers.queries.finding import Meant
from cashline.flow.agree.pricing.rules.charges import Charge
from cashline.flow.agree.pricing.rules.including import charge_without_tax
from cashline.flow.agree.pricing.rules.usage_prices import PreviewUsage, PricedUsage, price_usage
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page

type PriceRequest = tuple[UUID, str, int]
"""Product, currency, interval in months (0: paid once)."""


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product as it stands."""

    id: UUID
    sku: str
    name: str
    description: str
    kind: str
    unit: str
    tax_category: str
    billing_trigger: str
    revenue_pattern: str
    unit_cost: Decimal
    provisioning_key: str
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PriceBookRow:
    """A price book; `tax_country` is the country whose tax its prices include, empty where they are without."""

    id: UUID
    name: str
    currency: str
    is_default: bool
    tax_country: str


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A list price; `valid_until` is the first day on which it no longer applies. `charge` is a Charge as JSON.

    In a book of a `tax_country` it includes that tax: `tax_percent` of the day that was asked for. `untaxable` says why
    that is not known.
    """

    id: UUID
    price_book_id: UUID
    product_id: UUID
    currency: str
    interval_months: int
    valid_from: date
    valid_until: date | None
    unit_price: Decimal
    charge: dict[str, Any]
    tax_country: str = ""
    tax_percent: Decimal | None = None
    untaxable: str = ""

    def without_tax(self) -> "PriceRow":
        """The price without the tax that it includes; itself where there is none."""
        if self.tax_percent is None:
            return self
        charge = charge_without_tax(Charge.from_json(self.charge), self.tax_percent)
        return replace(self, unit_price=charge.list_price, charge=charge.as_json())


_PRODUCT = (
    "p.id, p.sku, p.name, p.description, p.kind, p.unit, p.tax_category, p.billing_trigger, p.revenue_pattern, "
    "p.unit_cost, p.provisioning_key, p.active, p.created_at"
)
_PRICE = (
    "x.id, x.price_book_id, x.product_id, b.currency, x.interval_months, lower(x.valid), upper(x.valid), "
    "x.unit_price, x.charge, b.tax_country"
)
_BOOK = "id, name, currency, is_default, tax_country"
SORTS = {"sku": "p.sku", "name": "lower(p.name)", "kind": "p.kind", "created_at": "p.id"}


def products_by_id(ids: Iterable[UUID]) -> dict[UUID, ProductRow]:
    """The products with those ids; an unknown id is left out."""
    rows = sql.fetch_as(ProductRow, f"SELECT {_PRODUCT} FROM products p WHERE p.id = ANY(%s)", (list(set(ids)),))
    return {row.id: row for row in rows}


def products_by_sku(skus: Iterable[str]) -> dict[str, ProductRow]:
    """The products with those SKUs; an unknown SKU is left out."""
    rows = sql.fetch_as(ProductRow, f"SELECT {_PRODUCT} FROM products p WHERE p.sku = ANY(%s)", (list(set(skus)),))
    return {row.sku: row for row in rows}


def products_meant(word: str, column: str) -> Meant | None:
    """What a word means of the products that a column points to: their SKU, from the beginning; None for nothing."""
    found = sql.ids(sql.fetch("SELECT id FROM products WHERE sku ILIKE %s", (lists.starting_with(word),)))
    return Meant(f"{column} = ANY(%s::uuid[])", (found,)) if found else None


def product(product_id: UUID) -> ProductRow:
    """One product; raises NotFound."""
    found = products_by_id([product_id]).get(product_id)
    if found is None:
        raise NotFound(f"There is no product {product_id}.", field="product_id")
    return found


def list_products(
    ask: lists.Ask, *, words: str = "", kinds: Sequence[str] = (), active: bool | None = None
) -> Page[ProductRow]:
    """One page of products; the words are looked for in SKU, name and description."""
    conditions = lists.Conditions()
    conditions.among("p.kind", kinds)
    conditions.given("p.active = %s", active)
    conditions.contains(("p.sku", "p.name", "p.description"), words)
    return lists.page(
        ProductRow,
        columns=_PRODUCT,
        source="products p",
        key="p.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def price_books() -> list[PriceBookRow]:
    """All price books, by currency, the default first."""
    return sql.fetch_as(
        PriceBookRow,
        f"SELECT {_BOOK} FROM price_books ORDER BY currency, is_default DESC, name, id",
    )


def price_book(price_book_id: UUID) -> PriceBookRow:
    """One price book; raises NotFound."""
    for row in price_books():
        if row.id == price_book_id:
            return row
    raise NotFound(f"There is no price book {price_book_id}.", field="price_book_id")


def price_books_for_update(ids: Iterable[UUID]) -> dict[UUID, PriceBookRow]:
    """The price books, locked in key order until the commit; an unknown id is left out."""
    rows = sql.fetch_as(
        PriceBookRow,
        f"SELECT {_BOOK} FROM price_books WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        (list(set(ids)),),
    )
    return {row.id: row for row in rows}


def prices_on(
    requests: Collection[PriceRequest], day: date, price_book_id: UUID | None = None
) -> dict[PriceRequest, PriceRow]:
    """The list prices of a day; a request without a price is left out.

    The named book comes first where it is in the currency and has a price, then the default book of the currency.
    """
    wanted = list(requests)
    if not wanted:
        return {}
    products, currencies, intervals = zip(*wanted, strict=True)
    rows = sql.fetch_as(
        PriceRow,
        f"SELECT DISTINCT ON (w.product_id, w.currency, w.interval_months) {_PRICE} "
        "FROM unnest(%s::uuid[], %s::text[], %s::int[]) AS w(product_id, currency, interval_months) "
        "JOIN price_books b ON b.currency = w.currency AND (b.is_default OR b.id = %s::uuid) "
        "JOIN prices x ON x.price_book_id = b.id AND x.product_id = w.product_id "
        "AND x.interval_months = w.interval_months AND x.valid @> %s::date "
        "ORDER BY w.product_id, w.currency, w.interval_months, (b.id = %s::uuid) DESC NULLS LAST",
        (list(products), list(currencies), list(intervals), price_book_id, day, price_book_id),
    )
    taxed = _taxed([(row, day) for row in rows])
    return {(row.product_id, row.currency, row.interval_months): row for row in taxed}


def prices_on_days(requests: Collection[tuple[UUID, str, int, date]]) -> dict[tuple[UUID, str, int, date], PriceRow]:
    """The list prices of the default books, each on a day of its own; a request without a price is left out."""
    wanted = list(requests)
    if not wanted:
        return {}
    products, currencies, intervals, days = zip(*wanted, strict=True)
    rows = sql.fetch(
        f"SELECT w.day, {_PRICE} FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::date[]) "
        "AS w(product_id, currency, interval_months, day) "
        "JOIN price_books b ON b.currency = w.currency AND b.is_default "
        "JOIN prices x ON x.price_book_id = b.id AND x.product_id = w.product_id "
        "AND x.interval_months = w.interval_months AND x.valid @> w.day",
        (list(products), list(currencies), list(intervals), list(days)),
    )
    taxed = _taxed([(PriceRow(*row[1:]), row[0]) for row in rows])
    return {(row[3], row[4], row[5], row[0]): price for row, price in zip(rows, taxed, strict=True)}


class TaxPercents(Protocol):
    """The tax rates on file of some countries."""

    def percent(self, country: str, category: str, day: date) -> Decimal:
        """The percentage on that day; raises a Refusal where none is on file."""


_percents_of: list[Callable[[Iterable[str]], TaxPercents]] = []


def register_tax_percents(percents_of: Callable[[Iterable[str]], TaxPercents]) -> None:
    """Say who knows the tax rates on file: tax is decided downstream, and prices that include it need its rate."""
    _percents_of[:] = [percents_of]


def _taxed(prices: Sequence[tuple[PriceRow, date]]) -> list[PriceRow]:
    """The prices, those that include tax with its rate on the day of each."""
    countries = {row.tax_country for row, _ in prices if row.tax_country}
    if not countries:
        return [row for row, _ in prices]
    percents = _percents_of[0](countries)
    products = products_by_id(row.product_id for row, _ in prices if row.tax_country)
    return [
        _with_percent(row, products[row.product_id].tax_category, day, percents) if row.tax_country else row
        for row, day in prices
    ]


def _with_percent(row: PriceRow, category: str, day: date, percents: TaxPercents) -> PriceRow:
    if category in (TaxCategory.ZERO, TaxCategory.EXEMPT):
        return replace(row, tax_percent=Decimal(0))
    try:
        return replace(row, tax_percent=percents.percent(row.tax_country, category, day))
    except Refusal as refusal:
        return replace(row, untaxable=f"The price includes the tax of {row.tax_country}. {refusal.message}")


@dataclass(frozen=True, slots=True)
class PricePreview:
    """What usage of one interval would cost at a list price; `digits` None where the amounts are not rounded."""

    price: PriceRow
    charge: Charge
    priced: PricedUsage
    digits: int | None


def preview_price(
    request: PriceRequest, day: date, usage: PreviewUsage, *, exact: bool = False, price_book_id: UUID | None = None
) -> PricePreview:
    """Price usage by the charge that is in the price list that day; raises NotFound where there is none."""
    found = prices_on([request], day, price_book_id).get(request)
    if found is None:
        raise NotFound(f"There is no price in {request[1]} on {day}.", field="product")
    charge = Charge.from_json(found.charge)
    digits = None if exact else minor_units(found.currency)
    return PricePreview(found, charge, price_usage(charge, usage, digits=digits), digits)


def interval_options(
    product_ids: Iterable[UUID], currency: str, day: date, price_book_id: UUID | None = None
) -> dict[UUID, list[int]]:
    """The intervals (months, 0: paid once) in which each product has a price that day, rising."""
    found: dict[UUID, list[int]] = {}
    for product_id, interval in sql.fetch(
        "SELECT DISTINCT x.product_id, x.interval_months FROM prices x JOIN price_books b ON b.id = x.price_book_id "
        "WHERE x.product_id = ANY(%s) AND b.currency = %s AND (b.is_default OR b.id = %s::uuid) "
        "AND x.valid @> %s::date ORDER BY 1, 2",
        (list(set(product_ids)), currency, price_book_id, day),
    ):
        found.setdefault(product_id, []).append(interval)
    return found


def prices_of(product_id: UUID) -> list[PriceRow]:
    """Every price that a product ever had or will have, by book, interval and day."""
    return sql.fetch_as(
        PriceRow,
        f"SELECT {_PRICE} FROM prices x JOIN price_books b ON b.id = x.price_book_id WHERE x.product_id = %s "
        "ORDER BY b.currency, b.name, x.interval_months, lower(x.valid)",
        (product_id,),
    )


def price_spans(keys: Collection[tuple[UUID, UUID, int]]) -> dict[tuple[UUID, UUID, int], list[PriceSpan]]:
    """The stored spans of those keys (book, product, interval)."""
    books, products, intervals = zip(*keys, strict=True)
    found: dict[tuple[UUID, UUID, int], list[PriceSpan]] = {}
    for row in sql.fetch(
        "SELECT x.price_book_id, x.product_id, x.interval_months, x.id, lower(x.valid), upper(x.valid) FROM prices x "
        "JOIN (SELECT DISTINCT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[]) AS u(b, p, i)) w "
        "ON x.price_book_id = w.b AND x.product_id = w.p AND x.interval_months = w.i",
        (list(books), list(products), list(intervals)),
    ):
        found.setdefault((row[0], row[1], row[2]), []).append(PriceSpan(row[3], row[4], row[5]))
    return found


def skus_taken(skus: Iterable[str]) -> set[str]:
    """Those SKUs that a product already has."""
    return {row[0] for row in sql.fetch("SELECT sku FROM products WHERE sku = ANY(%s)", (list(set(skus)),))}


def price_books_taken(books: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those pairs of name and currency that a price book already has."""
    wanted = set(books)
    return wanted & {(row.name, row.currency) for row in price_books()}
