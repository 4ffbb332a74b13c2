"""`cashline product …` and `cashline price …`: the catalogue from a terminal."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cashline.platform.doors.terminal import DAY, NUMBER, TERMINAL, json_option, limit_option, now, resolve, say, table

if TYPE_CHECKING:
    from cashline.flow.agree.pricing.rules.charges import Charge

SHOWN = ("sku", "name", "kind", "billing_trigger", "active")
PRICES_SHOWN = ("currency", "interval_months", "unit_price", "tax_country", "valid_from", "valid_until")
BOOKS_SHOWN = ("name", "currency", "is_default", "tax_country")


@click.group("product")
def product() -> None:
    """Products: what is sold."""


@click.group("price")
def price() -> None:
    """Price books and prices."""


COMMANDS = (product, price)


def find_product(text: str) -> UUID:
    """A product by public id or SKU."""
    from cashline.flow.agree.catalog.queries import products_by_sku

    def by_sku(sku: str) -> UUID | None:
        found = products_by_sku([sku]).get(sku)
        return found.id if found else None

    return resolve("product", text, by_sku)


def _shape(key: UUID) -> dict[str, Any]:
    from cashline.flow.agree.catalog import api, queries

    return api.shape(queries.product(key))


@product.command("list")
@click.option("--words", default="", help="Looked for in SKU, name and description.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(["goods", "subscription", "service"]))
@click.option("--cursor", default="")
@limit_option
@json_option
def product_list(words: str, kinds: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Products by SKU."""
    from cashline.flow.agree.catalog import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_products(Ask("sku", cursor=cursor, limit=limit), words=words, kinds=kinds)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@product.command("show")
@click.argument("sku")
@json_option
def product_show(sku: str, as_json: bool) -> None:
    """One product by SKU or id, with its prices."""
    from cashline.flow.agree.catalog import api, queries

    key = find_product(sku)
    prices = [api.price_shape(row) for row in queries.prices_of(key)]
    if as_json:
        say(_shape(key) | {"prices": prices}, "", as_json=True)
        return
    shape = _shape(key)
    say(shape, f"{shape['sku']}  {shape['name']}  ({shape['kind']})", as_json=False)
    table(prices, PRICES_SHOWN, as_json=False)


@product.command("create")
@click.argument("sku")
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(["goods", "subscription", "service"]))
@click.option("--description", default="")
@click.option("--unit", default="C62", show_default=True, help="UNECE Recommendation 20.")
@click.option("--unit-cost", default="0", type=NUMBER, show_default=True)
@json_option
def product_create(
    sku: str, name: str, kind: str, description: str, unit: str, unit_cost: Decimal, as_json: bool
) -> None:
    """Create a product."""
    from cashline.flow.agree.catalog import actions
    from cashline.flow.agree.catalog.rules import NewProduct

    new = NewProduct(sku, name, kind, description, unit, unit_cost=unit_cost)
    (key,) = actions.create_products([new], now=now(), actor=TERMINAL.actor)
    say(_shape(key), f"{sku} is created; set its price next.", as_json=as_json)


@price.command("books")
@json_option
def price_books(as_json: bool) -> None:
    """All price books."""
    from cashline.flow.agree.catalog import api, queries

    table([api.price_book_shape(row) for row in queries.price_books()], BOOKS_SHOWN, as_json=as_json)


@price.command("create-book")
@click.argument("name")
@click.argument("currency")
@click.option("--default", "is_default", is_flag=True)
@click.option("--tax-country", default="", help="The country whose tax its prices include; none: without tax.")
@json_option
def price_book_create(name: str, currency: str, is_default: bool, tax_country: str, as_json: bool) -> None:
    """Create a price book; the first of a currency is its default."""
    from cashline.flow.agree.catalog import actions, api, queries
    from cashline.flow.agree.catalog.rules import NewPriceBook

    book = NewPriceBook(name, currency, is_default, tax_country.upper())
    (key,) = actions.create_price_books([book], now=now(), actor=TERMINAL.actor)
    say(api.price_book_shape(queries.price_book(key)), f"{name} is created.", as_json=as_json)


@price.command("set")
@click.argument("sku")
@click.argument("amount", type=NUMBER, required=False)
@click.option("--charge", "given_charge", default="", help="A charge of another model as JSON, in place of AMOUNT.")
@click.option("--currency", required=True)
@click.option("--from", "valid_from", required=True, type=DAY, help="The first day on which it applies.")
@click.option("--interval", "interval_months", default=0, show_default=True, help="Months between payments; 0: once.")
@click.option("--book", default="", help="The name of a price book; else the default of the currency.")
@json_option
def price_set(
    sku: str,
    amount: Decimal | None,
    given_charge: str,
    currency: str,
    valid_from: date,
    interval_months: int,
    book: str,
    as_json: bool,
) -> None:
    """Set the price of SKU: AMOUNT for one unit, or a charge; it ends the price before it."""
    from cashline.flow.agree.catalog import actions
    from cashline.flow.agree.catalog.rules import NewPrice

    charge = _charge(amount, given_charge)
    new = NewPrice(_book(currency, book), find_product(sku), interval_months, valid_from, charge.list_price, charge)
    actions.set_prices([new], now=now(), actor=TERMINAL.actor)
    shape = {"sku": sku, "currency": currency, "unit_price": charge.list_price, "valid_from": valid_from}
    words = f"{amount} {currency}" if amount is not None else f"a {charge.model} charge in {currency}"
    say(shape | {"charge": charge.as_json()}, f"{sku} costs {words} from {valid_from} on.", as_json=as_json)


def _charge(amount: Decimal | None, given: str) -> "Charge":
    import json

    from cashline.flow.agree.pricing.rules.charges import Charge
    from cashline.kernel.refusals import InvalidValue

    if (amount is None) == (not given):
        raise InvalidValue("Give either AMOUNT or --charge.", field="amount")
    if amount is not None:
        return Charge.unit(amount)
    try:
        shape = json.loads(given)
    except ValueError as error:
        raise InvalidValue(f"The charge is no JSON: {error}.", field="charge") from error
    if not isinstance(shape, dict):
        raise InvalidValue("A charge is a JSON object.", field="charge")
    return Charge.from_json(shape)


@price.command("preview")
@click.argument("sku")
@click.argument("quantity", type=NUMBER, required=False)
@click.option("--payment", "payments", multiple=True, type=NUMBER, help="A payment, in order; may be repeated.")
@click.option("--part", "parts", multiple=True, type=NUMBER, help="A part of the quantity, in order; may be repeated.")
@click.option("--attribute", "attributes", multiple=True, help="name=value, for a matrix; may be repeated.")
@click.option("--currency", required=True)
@click.option("--on", "day", type=DAY, default=None, help="The day of the price list; else today.")
@click.option("--interval", "interval_months", default=0, show_default=True, help="Months between payments; 0: once.")
@json_option
def price_preview(
    sku: str,
    quantity: Decimal | None,
    payments: Sequence[Decimal],
    parts: Sequence[Decimal],
    attributes: Sequence[str],
    currency: str,
    day: date | None,
    interval_months: int,
    as_json: bool,
) -> None:
    """What QUANTITY of SKU, or payments or parts, would cost in one interval at the list price, and why."""
    from cashline.flow.agree.catalog import api, queries
    from cashline.flow.agree.pricing.rules.usage_prices import PreviewUsage

    pairs = (text.partition("=") for text in attributes)
    usage = PreviewUsage(quantity, tuple(parts), tuple(payments), attributes={name: value for name, _, value in pairs})
    found = queries.preview_price((find_product(sku), currency, interval_months), day or now().date(), usage)
    shape = api.preview_shape(found)
    lines = [f"{found.priced.amount:f} {currency}", *shape["words"], f"= {found.priced.whole.derivation.formula}"]
    say(shape, "\n".join(lines), as_json=as_json)


def _book(currency: str, name: str) -> UUID:
    from cashline.flow.agree.catalog import queries
    from cashline.kernel.refusals import NotFound

    for row in queries.price_books():
        if row.currency == currency and (row.name == name if name else row.is_default):
            return row.id
    raise NotFound(f"There is no price book {name!r} in {currency}.", field="book")
