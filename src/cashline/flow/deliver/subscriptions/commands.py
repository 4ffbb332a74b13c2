"""`cashline subscription …`: services of orders and subscriptions to rate plans from a terminal."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
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


@COMMANDS.command("start")
@click.option("--customer", required=True, help="Its id.")
@click.option("--entity", required=True, help="The code of the legal entity.")
@click.option("--plan", required=True, help="The code of the plan.")
@click.option("--quantity", default="1", show_default=True)
@as_option
@json_option
def subscription_start(customer: str, entity: str, plan: str, quantity: str, email: str, as_json: bool) -> None:
    """Subscribe a customer to a plan."""
    from cashline.flow.agree.plans.queries import plan_of
    from cashline.flow.deliver.subscriptions import actions, api, queries
    from cashline.kernel.identifiers import key_of
    from cashline.kernel.money import to_decimal
    from cashline.platform.company.queries import entity_by_code

    entity_id, authority = entity_by_code(entity).id, authority_for(email)
    authority.require("subscriptions.write", entity_id)
    new = actions.NewSubscription(
        key_of("customer", customer), entity_id, plan_of(plan).id, to_decimal(quantity, field="quantity")
    )
    key = actions.subscribe([new], now=now(), actor=authority.actor)[0]
    shape = api.life_shape(queries.life(key))
    say(shape, f"{shape['number']} is subscribed to {shape['plan_code']}.", as_json=as_json)


@COMMANDS.command("life")
@click.argument("subscription")
@json_option
def subscription_life(subscription: str, as_json: bool) -> None:
    """What happened to a SUBSCRIPTION to a plan, and what is scheduled."""
    from cashline.flow.deliver.subscriptions import api, queries

    shape = api.life_shape(queries.life(find_subscription(subscription)))
    if as_json:
        say(shape, "", as_json=True)
    else:
        table(shape["changes"], ("at", "kind", "in_force"), as_json=False)


@COMMANDS.command("change")
@click.argument("subscription")
@click.argument("kind")
@click.option("--effect", type=click.Choice(["now", "period_end", "at"]), default="now", show_default=True)
@click.option("--at", default="", help="With --effect at: the instant, such as 2026-02-01T09:00:00Z.")
@click.option("--plan", default="", help="The plan to change to.")
@click.option("--quantity", default="", help="How many from then on.")
@click.option("--unit-price", default="", help="The base fee of one unit from then on.")
@click.option("--add-on", default="", help="The code of the add-on.")
@click.option("--billing-day", default=0, help="The day of month on which periods begin.")
@click.option("--days", default=0, help="By how many days the trial is extended.")
@click.option("--unused", type=click.Choice(["credit", "refund", "keep"]), default="credit", show_default=True)
@click.option("--without-final-invoice", is_flag=True)
@as_option
@json_option
def subscription_change(subscription: str, kind: str, email: str, as_json: bool, **given: Any) -> None:
    """Change a SUBSCRIPTION to a plan.

    KIND: plan_changed, quantity_changed, price_changed, add_on_changed, billing_day_moved, trial_extended, paused,
    resumed, cancelled or reactivated.
    """
    from cashline.flow.deliver.subscriptions import actions, api, queries

    key, authority = find_subscription(subscription), authority_for(email)
    authority.require("subscriptions.write", queries.life(key).entity_id)
    actions.change_lives([_change(key, kind, given)], now=now(), actor=authority.actor)
    shape = api.life_shape(queries.life(key))
    say(shape, f"{shape['number']} is {shape['status']}.", as_json=as_json)


def _change(key: UUID, kind: str, given: dict[str, Any]) -> Any:
    """The change that the options of a command ask for; raises InvalidValue."""
    from cashline.flow.agree.plans.queries import plan_of
    from cashline.flow.deliver.subscriptions.rules import Effect, LifeChange, LifeKind, Unused
    from cashline.kernel.money import to_decimal
    from cashline.kernel.refusals import InvalidValue

    if kind not in list(LifeKind):
        raise InvalidValue(f"{kind!r} is no change of a subscription.", field="kind")
    try:
        at = datetime.fromisoformat(given["at"]) if given["at"] else None
    except ValueError:
        raise InvalidValue(f"{given['at']!r} is no instant such as 2026-02-01T09:00:00Z.", field="at") from None
    return LifeChange(
        key,
        LifeKind(kind),
        Effect(given["effect"]),
        at,
        plan_of(given["plan"]).id if given["plan"] else None,
        to_decimal(given["quantity"], field="quantity") if given["quantity"] else None,
        to_decimal(given["unit_price"], field="unit_price") if given["unit_price"] else None,
        given["add_on"],
        given["billing_day"],
        given["days"],
        Unused(given["unused"]),
        not given["without_final_invoice"],
    )
