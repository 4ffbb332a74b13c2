"""`cashline customer …`: customers from a terminal."""

import csv
from collections.abc import Sequence
from typing import Any, TextIO
from uuid import UUID

import click

from cashline.platform.doors.terminal import (
    TERMINAL,
    json_option,
    limit_option,
    now,
    reason_option,
    resolve,
    say,
    table,
)

SHOWN = ("number", "name", "status", "country", "currency", "payment_terms_days")


@click.group("customer")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Customers: who they are, where they are, whether business is done with them."""


def find_customer(text: str) -> UUID:
    """A customer by public id, number or external reference."""
    from cashline.flow.agree.customers.queries import customers_by_reference

    def by_number(number: str) -> UUID | None:
        found = customers_by_reference([number]).get(number)
        return found.id if found else None

    return resolve("customer", text, by_number)


def _shape(key: UUID) -> dict[str, Any]:
    from cashline.flow.agree.customers import api, queries

    return api.shape(queries.customer(key), queries.addresses_of([key])[key])


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in number, name, e-mail and tax number.")
@click.option("--status", "statuses", multiple=True, type=click.Choice(["active", "blocked", "closed"]))
@click.option("--cursor", default="")
@limit_option
@json_option
def customer_list(words: str, statuses: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Customers by name."""
    from cashline.flow.agree.customers import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_customers(Ask("name", cursor=cursor, limit=limit), words=words, statuses=statuses)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("show")
@click.argument("customer")
@json_option
def customer_show(customer: str, as_json: bool) -> None:
    """One CUSTOMER, by id, number or reference."""
    shape = _shape(find_customer(customer))
    say(shape, "\n".join(f"{name:20} {shape[name]}" for name in shape if shape[name]), as_json=as_json)


@COMMANDS.command("create")
@click.argument("name")
@click.option("--country", required=True, help="Two capitals, such as DE.")
@click.option("--currency", required=True, help="Three capitals, such as EUR.")
@click.option("--email", default="")
@click.option("--tax-id", default="")
@click.option("--reference", default=None, help="The number in another system.")
@click.option("--timezone", default="", help="Such as Europe/Berlin; without it, that of the country.")
@click.option("--locale", default="en", show_default=True)
@click.option("--terms", "payment_terms_days", default=30, show_default=True, help="Payment terms in days.")
@click.option("--bill-to", nargs=3, default=None, help="Street, postcode and city; the country is the customer's.")
@click.option("--ship-to", nargs=3, default=None, help="Street, postcode and city; the country is the customer's.")
@json_option
def customer_create(
    name: str,
    country: str,
    currency: str,
    reference: str | None,
    bill_to: tuple[str, str, str] | None,
    ship_to: tuple[str, str, str] | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Create the customer NAME."""
    from cashline.flow.agree.customers import actions
    from cashline.flow.agree.customers.rules import NewAddress, NewCustomer, timezone_of

    given["timezone"] = given["timezone"] or timezone_of(country)
    addresses = tuple(
        NewAddress(role, parts[0], parts[2], country, parts[1])
        for role, parts in (("bill_to", bill_to), ("ship_to", ship_to))
        if parts
    )
    new = NewCustomer(name, country, currency, external_reference=reference, addresses=addresses, **given)
    (key,) = actions.create_customers([new], now=now(), actor=TERMINAL.actor)
    shape = _shape(key)
    say(shape, f"{shape['number']} {name} is created.", as_json=as_json)


@COMMANDS.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@json_option
def customer_import(file: TextIO, as_json: bool) -> None:
    """Create the customers of a CSV FILE: all of them, or none with every error by line and column."""
    from cashline.flow.agree.customers import actions
    from cashline.flow.agree.customers.rules import customers_of

    text = file.read()
    separator = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    rows = [
        {name or "": value or "" for name, value in row.items() if isinstance(value, str | None)}
        for row in csv.DictReader(text.splitlines(), delimiter=separator)
    ]
    keys = actions.create_customers(customers_of(rows), now=now(), actor=TERMINAL.actor)
    say({"created": len(keys)}, f"{len(keys)} customers are created.", as_json=as_json)


def _step(verb: str, words: str) -> click.Command:
    @click.argument("customer")
    @reason_option
    @json_option
    def step(customer: str, reason: str, as_json: bool) -> None:
        from cashline.flow.agree.customers import actions

        act = {
            "block": actions.block_customers,
            "unblock": actions.unblock_customers,
            "close": actions.close_customers,
        }[verb]
        key = find_customer(customer)
        act([key], reason=reason, now=now(), actor=TERMINAL.actor)
        shape = _shape(key)
        say(shape, f"{shape['number']} is {shape['status']}.", as_json=as_json)

    return click.command(verb, help=words)(step)


COMMANDS.add_command(_step("block", "Agree no new business with CUSTOMER."))
COMMANDS.add_command(_step("unblock", "Do business with CUSTOMER again."))
COMMANDS.add_command(_step("close", "End the relation with CUSTOMER."))
