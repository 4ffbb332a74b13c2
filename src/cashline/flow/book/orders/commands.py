"""`cashline order …`: orders from a terminal."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

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
    resolve,
    say,
    table,
    today,
)

SHOWN = ("number", "customer_name", "status", "net_total", "currency", "ordered_on", "lines_delivered", "lines_total")
LINES_SHOWN = ("line_no", "sku", "status", "quantity", "delivered_quantity", "unit_price", "net_total")
PLACED_SHOWN = ("number", "status", "duplicate", "net_total", "currency", "hold_reason")


@click.group("order")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Orders: placed, imported, released, cancelled."""


def find_order(text: str) -> UUID:
    """An order by public id or number."""
    from cashline.flow.book.orders.queries import order_numbered

    return resolve("order", text, order_numbered)


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in numbers, references and the customer.")
@click.option("--status", "statuses", multiple=True)
@click.option("--cursor", default="")
@limit_option
@json_option
def order_list(words: str, statuses: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Orders, the newest first."""
    from cashline.flow.book.orders import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_orders(Ask(cursor=cursor, limit=limit), words=words, statuses=statuses)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("show")
@click.argument("order")
@json_option
def order_show(order: str, as_json: bool) -> None:
    """One ORDER, by id or number, with its lines."""
    from cashline.flow.book.orders import api

    shape = api.whole(find_order(order))
    if as_json:
        say(shape, "", as_json=True)
        return
    table([shape], SHOWN, as_json=False)
    table(shape["lines"], LINES_SHOWN, as_json=False)


class OrderLine(click.ParamType[Any]):
    """SKU:QUANTITY[:INTERVAL[:TERM[:PRICE]]], such as PLAT-PRO:12:1:24."""

    name = "line"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read it, or say what is wrong."""
        from cashline.flow.book.orders.rules.new_order import NewOrderLine

        parts = [*str(value).split(":"), "", "", "", ""]
        numbers = [NUMBER.convert(part, param, ctx) if part else None for part in parts[1:5]]
        if not parts[0] or numbers[0] is None or any(parts[5:]):
            self.fail(f"{value!r} is not SKU:QUANTITY[:INTERVAL[:TERM[:PRICE]]].", param, ctx)
        interval, term = (int(number) if number is not None else None for number in numbers[1:3])
        return NewOrderLine(parts[0], numbers[0], numbers[3], interval, term)


@COMMANDS.command("place")
@click.argument("customer")
@click.option("--entity", required=True, help="The code of the legal entity, such as DE01.")
@click.option("--line", "lines", multiple=True, required=True, type=OrderLine(), help=OrderLine.__doc__)
@click.option("--reference", default=None, help="The buyer's own number; the same order again is recognised by it.")
@click.option("--requested-on", type=DAY, default=None)
@click.option("--preview", is_flag=True, help="Say what would come, and book nothing.")
@as_option
@json_option
def order_place(
    customer: str,
    entity: str,
    lines: Sequence[Any],
    reference: str | None,
    requested_on: date | None,
    preview: bool,
    email: str,
    as_json: bool,
) -> None:
    """Book an order of CUSTOMER; every error comes at once."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.agree.customers.queries import customer as customer_row
    from cashline.flow.book.orders import actions, api
    from cashline.flow.book.orders.rules.new_order import NewOrder
    from cashline.platform.company.queries import entity_by_code

    ours, authority = entity_by_code(entity), authority_for(email)
    authority.require("orders.write", ours.id)
    buyer = customer_row(find_customer(customer))
    order = NewOrder(buyer.id, ours.id, buyer.currency, "api", reference, None, requested_on, "", tuple(lines))
    placed = actions.place_orders(
        [order],
        today=today(ours.timezone),
        now=now(),
        actor=authority.actor,
        preview=preview,
        max_discount=authority.discount_authority(ours.id),
    )
    table([api.placed_shape(one) for one in placed], PLACED_SHOWN, as_json=as_json)


@COMMANDS.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--entity", required=True, help="The code of the legal entity, such as DE01.")
@click.option("--format", "kind", type=click.Choice(["csv", "ubl"]), default="csv", show_default=True)
@click.option("--preview", is_flag=True, help="Say what would come, and book nothing.")
@as_option
@json_option
def order_import(
    file: Path, entity: str, kind: Literal["csv", "ubl"], preview: bool, email: str, as_json: bool
) -> None:
    """Book the orders of a FILE, all or none; orders that were booked before are recognised."""
    from cashline.flow.book.orders import actions, api
    from cashline.flow.book.orders.rules.lifecycle import OrderSource
    from cashline.platform.company.queries import entity_by_code

    ours, authority = entity_by_code(entity), authority_for(email)
    authority.require("orders.import", ours.id)
    placed = actions.import_orders(
        file.read_bytes(),
        source=OrderSource(kind),
        entity_id=ours.id,
        today=today(ours.timezone),
        now=now(),
        actor=authority.actor,
        preview=preview,
        max_discount=authority.discount_authority(ours.id),
        file_name=file.name,
    )
    table([api.placed_shape(one) for one in placed], PLACED_SHOWN, as_json=as_json)


@COMMANDS.command("release")
@click.argument("order")
@reason_option
@as_option
@json_option
def order_release(order: str, reason: str, email: str, as_json: bool) -> None:
    """Let a held ORDER go on."""
    from cashline.flow.book.orders import actions, api, queries

    key, authority = find_order(order), authority_for(email)
    authority.require("orders.release", queries.order(key).entity_id)
    actions.release_orders([key], reason=reason, now=now(), actor=authority.actor)
    shape = api.whole(key)
    say(shape, f"{shape['number']} is {shape['status']}.", as_json=as_json)


@COMMANDS.command("cancel")
@click.argument("order")
@reason_option
@as_option
@json_option
def order_cancel(order: str, reason: str, email: str, as_json: bool) -> None:
    """Cancel what is not delivered of an ORDER."""
    from cashline.flow.book.orders import actions, api, queries

    key, authority = find_order(order), authority_for(email)
    authority.require("orders.cancel", queries.order(key).entity_id)
    actions.cancel_orders([key], reason=reason, now=now(), actor=authority.actor)
    shape = api.whole(key)
    say(shape, f"{shape['number']} is {shape['status']}.", as_json=as_json)
