"""`cashline shipment …` and `cashline fulfilment …`: goods on their way, and plans moving on, from a terminal."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import click

from cashline.platform.doors.terminal import (
    DAY,
    as_option,
    authority_for,
    json_option,
    limit_option,
    now,
    resolve,
    say,
    table,
    today,
)
from cashline.platform.permissions.rules import Authority

SHOWN = ("number", "order_number", "customer_name", "status", "warehouse", "shipped_on", "carrier", "tracking_number")
STEPS_SHOWN = ("sequence", "kind", "status", "attempts", "error")


@click.group("shipment")
def shipments() -> None:
    """Shipments: picked, shipped, arrived."""


@click.group("fulfilment")
def fulfilment() -> None:
    """Fulfilment: the steps that deliver orders."""


COMMANDS = [shipments, fulfilment]


def find_shipment(text: str) -> UUID:
    """A shipment by public id or number."""
    from cashline.flow.deliver.fulfilment.queries import shipment_numbered

    return resolve("shipment", text, shipment_numbered)


@shipments.command("list")
@click.option("--words", default="", help="Looked for in numbers, tracking and the customer.")
@click.option("--status", "statuses", multiple=True)
@click.option("--cursor", default="")
@limit_option
@json_option
def shipment_list(words: str, statuses: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Shipments, the newest first."""
    from cashline.flow.deliver.fulfilment import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_shipments(Ask(cursor=cursor, limit=limit), words=words, statuses=statuses)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@shipments.command("pick")
@click.argument("orders", nargs=-1, required=True)
@as_option
@json_option
def shipment_pick(orders: Sequence[str], email: str, as_json: bool) -> None:
    """Put what is reserved of ORDERS on shipments."""
    from cashline.flow.book.orders.commands import find_order
    from cashline.flow.book.orders.queries import orders_by_id
    from cashline.flow.deliver.fulfilment import actions, api, queries

    keys, authority = [find_order(text) for text in orders], authority_for(email)
    for row in orders_by_id(keys).values():
        authority.require("fulfilment.write", row.entity_id)
    found = actions.create_shipments(keys, now=now(), actor=authority.actor)
    table([api.shape(queries.shipment(key)) for key in found], SHOWN, as_json=as_json)


@shipments.command("ship")
@click.argument("shipment")
@click.option("--carrier", default="")
@click.option("--tracking", default="")
@click.option("--day", type=DAY, default=None, help="Today unless given.")
@as_option
@json_option
def shipment_ship(shipment: str, carrier: str, tracking: str, day: date | None, email: str, as_json: bool) -> None:
    """Confirm that a SHIPMENT left."""
    from cashline.flow.deliver.fulfilment import actions, api, queries
    from cashline.flow.deliver.fulfilment.rules import ShipConfirmation

    key, authority = find_shipment(shipment), authority_for(email)
    left = day or _today(key, authority)
    actions.ship_shipments([ShipConfirmation(key, carrier, tracking, left)], now=now(), actor=authority.actor)
    shape = api.shape(queries.shipment(key))
    say(shape, f"{shape['number']} has left.", as_json=as_json)


@shipments.command("deliver")
@click.argument("shipment")
@click.option("--day", type=DAY, default=None, help="Today unless given.")
@as_option
@json_option
def shipment_deliver(shipment: str, day: date | None, email: str, as_json: bool) -> None:
    """Confirm that a SHIPMENT arrived."""
    from cashline.flow.deliver.fulfilment import actions, api, queries
    from cashline.flow.deliver.fulfilment.rules import DeliveryConfirmation

    key, authority = find_shipment(shipment), authority_for(email)
    arrived = day or _today(key, authority)
    actions.deliver_shipments([DeliveryConfirmation(key, arrived)], now=now(), actor=authority.actor)
    shape = api.shape(queries.shipment(key))
    say(shape, f"{shape['number']} has arrived.", as_json=as_json)


@fulfilment.command("plan")
@click.argument("order")
@json_option
def fulfilment_plan(order: str, as_json: bool) -> None:
    """The steps that deliver an ORDER."""
    from cashline.flow.book.orders.commands import find_order
    from cashline.flow.deliver.fulfilment import api, queries

    steps = queries.steps_of([find_order(order)])
    table([api.step_shape(step) for step in steps], STEPS_SHOWN, as_json=as_json)


@fulfilment.command("advance")
@json_option
def fulfilment_advance(as_json: bool) -> None:
    """Advance every step that is due; the worker does the same every minute."""
    from cashline.flow.deliver.fulfilment.jobs import advance_due

    advanced = advance_due(now=now(), actor=authority_for("").actor)
    say({"advanced": advanced}, f"{advanced} steps were due.", as_json=as_json)


def _today(shipment_id: UUID, authority: Authority) -> date:
    """The business day of the shipment's legal entity, for which the permission must be held."""
    from cashline.flow.deliver.fulfilment.queries import shipment
    from cashline.platform.company.queries import entities_by_id

    entity_id = shipment(shipment_id).entity_id
    authority.require("fulfilment.write", entity_id)
    return today(entities_by_id([entity_id])[entity_id].timezone)
