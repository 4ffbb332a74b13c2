"""`cashline credit …`: credit from a terminal."""

from collections.abc import Sequence
from decimal import Decimal

import click

from cashline.platform.doors.terminal import (
    NUMBER,
    as_option,
    authority_for,
    json_option,
    limit_option,
    now,
    reason_option,
    say,
    table,
)

SHOWN = ("customer_number", "customer_name", "limit", "exposure", "available", "currency", "held", "held_orders")


@click.group("credit")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Credit: limits, exposure, holds."""


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in number and name.")
@click.option("--state", "states", multiple=True, type=click.Choice(["over", "held", "limited"]))
@click.option("--cursor", default="")
@limit_option
@json_option
def credit_list(words: str, states: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Every customer's credit."""
    from cashline.flow.book.credit import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_credit(Ask(cursor=cursor, limit=limit), words=words, states=states)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("show")
@click.argument("customer")
@json_option
def credit_show(customer: str, as_json: bool) -> None:
    """The credit of one CUSTOMER, by id, number or reference."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.book.credit import api, queries

    shape = api.shape(queries.credit_of(find_customer(customer)))
    if as_json:
        say(shape, "", as_json=True)
    else:
        table([shape], SHOWN, as_json=False)


@COMMANDS.command("limit")
@click.argument("customer")
@click.argument("amount", type=NUMBER, required=False)
@reason_option
@as_option
@json_option
def credit_limit(customer: str, amount: Decimal | None, reason: str, email: str, as_json: bool) -> None:
    """Set the limit of a CUSTOMER to AMOUNT; without one, take the limit away."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.book.credit import actions, api, queries

    key, authority = find_customer(customer), authority_for(email)
    authority.require("credit.write")
    actions.set_limit(customer_id=key, limit=amount, reason=reason, now=now(), actor=authority.actor)
    shape = api.shape(queries.credit_of(key))
    say(shape, f"The limit is {shape['limit'] if amount is not None else 'none'}.", as_json=as_json)
