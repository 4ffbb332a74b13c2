"""`cashline stock …`: stock from a terminal."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import click

from cashline.platform.doors.terminal import (
    DAY,
    NUMBER,
    as_option,
    authority_for,
    json_option,
    limit_option,
    now,
    reason_option,
    say,
    table,
    today,
)

SHOWN = ("warehouse", "sku", "on_hand", "reserved", "available", "reorder_point", "value", "currency")


@click.group("stock")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Stock: what lies where, goods in, counts."""


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in SKU and name.")
@click.option("--state", "states", multiple=True, type=click.Choice(["short", "reserved", "empty"]))
@click.option("--cursor", default="")
@limit_option
@json_option
def stock_list(words: str, states: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """What lies in all warehouses."""
    from cashline.flow.deliver.inventory import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_stock(Ask("sku", cursor=cursor, limit=limit), words=words, state=states)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("receive")
@click.argument("warehouse")
@click.argument("sku")
@click.argument("quantity", type=NUMBER)
@click.option("--unit-cost", type=NUMBER, default=None, help="The product's own unless given.")
@click.option("--day", type=DAY, default=None, help="Today unless given.")
@as_option
@json_option
def stock_receive(
    warehouse: str,
    sku: str,
    quantity: Decimal,
    unit_cost: Decimal | None,
    day: date | None,
    email: str,
    as_json: bool,
) -> None:
    """Take QUANTITY of SKU in at WAREHOUSE; orders that wait for it are filled first."""
    from cashline.flow.agree.catalog.queries import products_by_sku
    from cashline.flow.deliver.inventory import actions, api, queries
    from cashline.flow.deliver.inventory.rules import StockReceipt
    from cashline.kernel.refusals import NotFound

    place, authority = queries.warehouse_by_code(warehouse), authority_for(email)
    authority.require("inventory.write", place.entity_id)
    product = products_by_sku([sku]).get(sku)
    if product is None:
        raise NotFound(f"There is no product {sku!r}.", field="sku")
    receipt = StockReceipt(place.id, product.id, quantity, day or today(), unit_cost)
    actions.receive_stock([receipt], now=now(), actor=authority.actor)
    shape = api.shape(queries.stock_at(place.id, product.id))
    say(shape, f"{shape['on_hand'].normalize():f} of {sku} lie in {warehouse}.", as_json=as_json)


@COMMANDS.command("adjust")
@click.argument("warehouse")
@click.argument("sku")
@click.argument("quantity", type=NUMBER)
@reason_option
@as_option
@json_option
def stock_adjust(warehouse: str, sku: str, quantity: Decimal, reason: str, email: str, as_json: bool) -> None:
    """Correct the count of SKU at WAREHOUSE by the signed QUANTITY (write -- before a minus)."""
    from cashline.flow.agree.catalog.queries import products_by_sku
    from cashline.flow.deliver.inventory import actions, api, queries
    from cashline.flow.deliver.inventory.rules import StockAdjustment
    from cashline.kernel.refusals import NotFound

    place, authority = queries.warehouse_by_code(warehouse), authority_for(email)
    authority.require("inventory.write", place.entity_id)
    product = products_by_sku([sku]).get(sku)
    if product is None:
        raise NotFound(f"There is no product {sku!r}.", field="sku")
    adjustment = StockAdjustment(place.id, product.id, quantity, today(), reason)
    actions.adjust_stock([adjustment], now=now(), actor=authority.actor)
    shape = api.shape(queries.stock_at(place.id, product.id))
    say(shape, f"{shape['on_hand'].normalize():f} of {sku} lie in {warehouse}.", as_json=as_json)
