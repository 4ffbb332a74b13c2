"""Writing the catalogue: products, price books, and prices of which one is valid at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.catalog import queries
from cashline.flow.agree.catalog.queries import ProductRow
from cashline.flow.agree.catalog.rules import (
    NewPrice,
    NewPriceBook,
    NewProduct,
    plan_prices,
    price_errors,
    product_errors,
    repeated_prices,
)
from cashline.flow.agree.customers.rules import is_country
from cashline.flow.agree.pricing.rules.including import including_errors
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import Conflict, InvalidValue, NotFound, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_FIELDS = (
    "id sku name description kind unit tax_category billing_trigger revenue_pattern unit_cost provisioning_key active "
    "created_at"
)
_COLUMNS = _FIELDS.split()
CHANGEABLE = frozenset(field.name for field in fields(NewProduct)) - {"sku", "kind"} | {"active"}
"""What `change_product` may be given; SKU and kind are what a product is."""


@transaction.atomic
def create_products(products: Sequence[NewProduct], *, now: datetime, actor: str) -> list[UUID]:
    """Create products; raises all errors of all of them at once."""
    several = len(products) > 1
    errors: list[Refusal] = []
    taken = queries.skus_taken(product.sku for product in products)
    for index, product in enumerate(products):
        place = f"products.{index}." if several else ""
        errors.extend(product_errors(product, place))
        if product.sku in taken:
            errors.append(Conflict(f"There is already a product {product.sku!r}.", field=f"{place}sku"))
        taken.add(product.sku)
    raise_all(errors)
    ids = [new_id() for _ in products]
    sql.insert("products", _COLUMNS, [_row(key, new, True, now) for key, new in zip(ids, products, strict=True)])
    record(
        [
            Event("ProductCreated", (ObjectRef("product", key),), {"sku": new.sku, "name": new.name})
            for key, new in zip(ids, products, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return ids


@transaction.atomic
def change_product(product_id: UUID, *, changes: Mapping[str, Any], now: datetime, actor: str) -> None:
    """Change some fields of a product (see CHANGEABLE); quotes and agreements keep what they were made with."""
    if unknown := sorted(changes.keys() - CHANGEABLE):
        raise InvalidValue(f"A product's {unknown[0]} cannot be changed.", field=unknown[0])
    row = queries.product(product_id)
    before = _as_given(row)
    after = replace(before, **{name: value for name, value in changes.items() if name != "active"})
    active = bool(changes.get("active", row.active))
    raise_all(product_errors(after))
    old_row, new_row = _row(row.id, before, row.active, row.created_at), _row(row.id, after, active, row.created_at)
    changed = {
        name: [str(old), str(new)] for name, old, new in zip(_COLUMNS, old_row, new_row, strict=True) if old != new
    }
    if not changed:
        return
    sets = ", ".join(f"{column} = %s" for column in _COLUMNS[1:])
    sql.execute(f"UPDATE products SET {sets} WHERE id = %s", [*new_row[1:], product_id])
    record([Event("ProductChanged", (ObjectRef("product", product_id),), {"changed": changed})], now=now, actor=actor)


@transaction.atomic
def create_price_books(books: Sequence[NewPriceBook], *, now: datetime, actor: str) -> list[UUID]:
    """Create price books; a currency has one default, and its first book is it whether asked or not."""
    errors: list[Refusal] = []
    taken = queries.price_books_taken((book.name, book.currency) for book in books)
    defaults = {row.currency for row in queries.price_books() if row.is_default}
    rows: list[tuple[UUID, str, str, bool, str]] = []
    for index, book in enumerate(books):
        place = f"price_books.{index}." if len(books) > 1 else ""
        errors.extend(_price_book_errors(book, taken, defaults, place))
        default = book.is_default or book.currency not in defaults
        rows.append((new_id(), book.name.strip(), book.currency, default, book.tax_country))
        taken.add((book.name, book.currency))
        defaults.add(book.currency)
    raise_all(errors)
    sql.insert("price_books", ("id", "name", "currency", "is_default", "tax_country"), rows)
    record(
        [
            Event(
                "PriceBookCreated",
                (ObjectRef("price_book", key),),
                {"name": name, "currency": currency} | ({"tax_country": country} if country else {}),
            )
            for key, name, currency, _, country in rows
        ],
        now=now,
        actor=actor,
    )
    return [row[0] for row in rows]


@transaction.atomic
def set_prices(prices: Sequence[NewPrice], *, now: datetime, actor: str) -> None:
    """Set list prices from a day on: each ends the price before it, and a price of the same day is restated.

    Raises all errors at once. What was quoted or agreed keeps the price that it was made with.
    """
    if not prices:
        return
    books = queries.price_books_for_update(price.price_book_id for price in prices)
    products = queries.products_by_id(price.product_id for price in prices)
    errors = repeated_prices(prices)
    for index, price in enumerate(prices):
        place = f"prices.{index}." if len(prices) > 1 else ""
        if price.price_book_id not in books:
            errors.append(NotFound(f"There is no price book {price.price_book_id}.", field=f"{place}price_book_id"))
        elif books[price.price_book_id].tax_country:
            errors.extend(_placed(error, f"{place}charge.") for error in including_errors(price.whole_charge))
        product = products.get(price.product_id)
        errors.extend(price_errors(price, product.kind if product else None, place))
    raise_all(errors)
    plan = plan_prices(queries.price_spans({price.key for price in prices}), prices)
    _cut(plan.cut)
    sql.update(
        "prices",
        {"unit_price": "numeric", "charge": "jsonb"},
        [(key, price.unit_price, sql.json(price.whole_charge.as_json())) for key, price in plan.restate],
    )
    sql.insert(
        "prices",
        ("id", "price_book_id", "product_id", "interval_months", "valid", "unit_price", "charge"),
        [
            (
                key,
                price.price_book_id,
                price.product_id,
                price.interval_months,
                f"[{price.valid_from},{end or ''})",
                price.unit_price,
                sql.json(price.whole_charge.as_json()),
            )
            for key, price, end in plan.add
        ],
    )
    record([_price_set(price) for price in prices], now=now, actor=actor)


def _placed(error: Refusal, place: str) -> Refusal:
    error.field = f"{place}{error.field}"
    return error


def _cut(spans: Sequence[tuple[UUID, Any]]) -> None:
    if spans:
        ids, days = zip(*spans, strict=True)
        sql.execute(
            "UPDATE prices SET valid = daterange(lower(valid), c.day) "
            "FROM unnest(%s::uuid[], %s::date[]) AS c(id, day) WHERE prices.id = c.id",
            (list(ids), list(days)),
        )


def _price_set(price: NewPrice) -> Event:
    data = {
        "interval_months": price.interval_months,
        "valid_from": price.valid_from.isoformat(),
        "unit_price": str(price.unit_price),
        "charge": price.whole_charge.as_json(),
    }
    return Event(
        "PriceSet", (ObjectRef("product", price.product_id), ObjectRef("price_book", price.price_book_id)), data
    )


def _price_book_errors(
    book: NewPriceBook, taken: set[tuple[str, str]], defaults: set[str], place: str
) -> list[Refusal]:
    errors: list[Refusal] = []
    if not book.name.strip() or len(book.name) > 200:
        errors.append(InvalidValue("A price book has a name of 1 to 200 characters.", field=f"{place}name"))
    if (book.name, book.currency) in taken:
        errors.append(
            Conflict(f"There is already a price book {book.name!r} in {book.currency}.", field=f"{place}name")
        )
    if book.tax_country and not is_country(book.tax_country):
        errors.append(InvalidValue(f"{book.tax_country!r} is no ISO 3166 country code.", field=f"{place}tax_country"))
    if book.is_default and book.currency in defaults:
        errors.append(Conflict(f"{book.currency} already has a default price book.", field=f"{place}is_default"))
    try:
        minor_units(book.currency)
    except InvalidValue as error:
        errors.append(InvalidValue(error.message, field=f"{place}currency"))
    return errors


def _row(key: UUID, new: NewProduct, active: bool, created_at: datetime) -> tuple[Any, ...]:
    """A row in the order of `_COLUMNS`."""
    return (
        key,
        new.sku,
        new.name.strip(),
        new.description,
        str(new.kind),
        new.unit,
        str(new.tax_category),
        str(new.trigger),
        str(new.pattern),
        new.unit_cost,
        new.provisioning_key,
        active,
        created_at,
    )


def _as_given(row: ProductRow) -> NewProduct:
    return NewProduct(
        row.sku,
        row.name,
        row.kind,
        row.description,
        row.unit,
        row.tax_category,
        row.billing_trigger,
        row.revenue_pattern,
        row.unit_cost,
        row.provisioning_key,
    )
