"""`cashline subscription …`: subscriptions from a terminal."""

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
    reason_option,
    resolve,
    say,
    table,
)

SHOWN = ("number", "customer_name", "sku", "quantity", "status", "activated_on", "ends_on")


@click.group("subscription")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Subscriptions: running services and their end."""


def find_subscription(text: str) -> UUID:
    """A subscription by public id or number."""
    from cashline.flow.deliver.subscriptions.queries import subscription_numbered

    return resolve("subscription", text, subscription_numbered)


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in number, product and customer.")
@click.option("--status", "statuses", multiple=True)
@click.option("--cursor", default="")
@limit_option
@json_option
def subscription_list(words: str, statuses: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Subscriptions, the newest first."""
    from cashline.flow.deliver.subscriptions import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_subscriptions(Ask(cursor=cursor, limit=limit), words=words, statuses=statuses)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("show")
@click.argument("subscription")
@json_option
def subscription_show(subscription: str, as_json: bool) -> None:
    """One SUBSCRIPTION, by id or number."""
    from cashline.flow.deliver.subscriptions import api, queries

    shape = api.shape(queries.subscription(find_subscription(subscription)))
    if as_json:
        say(shape, "", as_json=True)
    else:
        table([shape], SHOWN, as_json=False)


@COMMANDS.command("cancel")
@click.argument("subscription")
@click.option("--ends-on", required=True, type=DAY, help="The first day without it.")
@reason_option
@as_option
@json_option
def subscription_cancel(subscription: str, ends_on: date, reason: str, email: str, as_json: bool) -> None:
    """End a SUBSCRIPTION on a day."""
    from cashline.flow.deliver.subscriptions import actions, api, queries

    key, authority = find_subscription(subscription), authority_for(email)
    authority.require("subscriptions.write", queries.subscription(key).entity_id)
    actions.cancel_subscriptions([key], ends_on=ends_on, reason=reason, now=now(), actor=authority.actor)
    shape = api.shape(queries.subscription(key))
    say(shape, f"{shape['number']} ends on {ends_on}.", as_json=as_json)
