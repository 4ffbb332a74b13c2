"""`cashline subscription …`: services of orders and subscriptions to rate plans from a terminal."""

from collections.abc import Sequence
from datetime import date
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
@click.option("--effect", type=click.Choice(["now", "period_end", "term_end", "at"]), default="now", show_default=True)
@click.option("--at", default="", help="With --effect at: the instant, such as 2026-02-01T09:00:00Z.")
@click.option("--on", type=DAY, default=None, help="With --effect at: the day, from its beginning.")
@click.option("--plan", default="", help="The plan to change to.")
@click.option("--quantity", default="", help="How many from then on.")
@click.option("--unit-price", default="", help="The base fee of one unit from then on.")
@click.option("--add-on", default="", help="The code of the add-on.")
@click.option("--billing-day", default=0, help="The day of month on which periods begin.")
@click.option("--days", default=0, help="By how many days the trial or the term is extended.")
@click.option("--unused", type=click.Choice(["credit", "refund", "keep"]), default="credit", show_default=True)
@click.option("--without-final-invoice", is_flag=True)
@click.option("--months", type=int, default=None, help="The months of the term; 0 is without end.")
@click.option("--ends-on", type=DAY, default=None, help="The first day after the term.")
@click.option("--auto-renew/--ends-by-itself", default=None, help="What happens when the term is over.")
@click.option("--notice-days", type=int, default=None, help="How long before its end it is renewed by itself.")
@click.option("--uplift", default="", help="By how many percent a renewal raises the price.")
@click.option("--index", default="", help="The price index that a renewal follows.")
@click.option("--cap", default="", help="The most that an index raises the price, in percent.")
@click.option("--floor", default="", help="The least that an index raises the price, in percent.")
@click.option("--withdraw", default="", help="The scheduled change to take back.")
@click.option("--replace", is_flag=True, help="Take back what is scheduled and contradicts it.")
@as_option
@json_option
def subscription_change(subscription: str, kind: str, email: str, as_json: bool, **given: Any) -> None:
    """Change a SUBSCRIPTION to a plan.

    KIND: plan_changed, quantity_changed, price_changed, add_on_changed, billing_day_moved, trial_extended, paused,
    resumed, cancelled, reactivated, term_set, renewed, extended or withdrawn.
    """
    from cashline.flow.deliver.subscriptions import actions, api, queries
    from cashline.platform.doors.schemas import body_of

    key, authority = find_subscription(subscription), authority_for(email)
    authority.require("subscriptions.write", queries.life(key).entity_id)
    body = body_of(api.ChangesIn, _body(kind, given))
    actions.change_lives(api.changes_of(key, body), now=now(), actor=authority.actor)
    shape = api.life_shape(queries.life(key))
    say(shape, f"{shape['number']} is {shape['status']}.", as_json=as_json)


def _body(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """What the options of a command ask for, as the API takes it."""
    names = ("effect", "at", "on", "plan", "quantity", "unit_price", "add_on", "billing_day", "days", "unused")
    change = {name: given[name] for name in names if given[name] not in ("", None)}
    uplift = {"percent": given["uplift"], "index": given["index"], "cap": given["cap"], "floor": given["floor"]}
    uplift = {name: value for name, value in uplift.items() if value}
    term = {name: given[name] for name in ("months", "ends_on", "auto_renew", "notice_days") if given[name] is not None}
    if uplift and kind == "renewed":
        change["uplift"] = uplift
    elif uplift:
        term["uplift"] = uplift
    if term:
        change["term"] = term
    if given["withdraw"]:
        change["change"] = given["withdraw"]
    change |= {"kind": kind, "final_invoice": not given["without_final_invoice"]}
    return {"changes": [change], "on_conflict": "replace" if given["replace"] else "refuse"}


@COMMANDS.command("ramp")
@click.argument("subscription")
@click.option(
    "--step", "steps", multiple=True, required=True, help="A day, the quantity and the price: 2026-07-01;50;9.50."
)
@as_option
@json_option
def subscription_ramp(subscription: str, steps: Sequence[str], email: str, as_json: bool) -> None:
    """Let quantity and price of a SUBSCRIPTION to a plan follow a ramp; what a step leaves empty stays."""
    from cashline.flow.deliver.subscriptions import actions, api, queries
    from cashline.platform.doors.schemas import body_of

    key, authority = find_subscription(subscription), authority_for(email)
    authority.require("subscriptions.write", queries.life(key).entity_id)
    parts = [dict(zip(("on", "quantity", "unit_price"), step.split(";"), strict=False)) for step in steps]
    body = body_of(api.RampIn, {"steps": [{name: text for name, text in one.items() if text} for one in parts]})
    found = [actions.RampStep(step.on, step.quantity, step.unit_price) for step in body.steps]
    actions.change_lives(actions.ramp_changes(key, found), now=now(), actor=authority.actor)
    shape = api.life_shape(queries.life(key))
    say(shape, f"{shape['number']} follows {len(found)} steps.", as_json=as_json)


@COMMANDS.command("skip")
@click.argument("subscription")
@click.option("--periods", default=1, show_default=True)
@as_option
@json_option
def subscription_skip(subscription: str, periods: int, email: str, as_json: bool) -> None:
    """Let a SUBSCRIPTION to a plan skip its next periods."""
    from cashline.flow.deliver.subscriptions import actions, api, queries

    key, authority = find_subscription(subscription), authority_for(email)
    authority.require("subscriptions.write", queries.life(key).entity_id)
    instant = now()
    actions.change_lives(actions.skip_changes(key, periods, now=instant), now=instant, actor=authority.actor)
    shape = api.life_shape(queries.life(key))
    say(shape, f"{shape['number']} skips {periods}.", as_json=as_json)


@COMMANDS.command("transfer")
@click.argument("subscription")
@click.option("--customer", required=True, help="The id of who has it then.")
@click.option("--on", type=DAY, default=None, help="From the beginning of which day; left out: from now.")
@reason_option
@as_option
@json_option
def subscription_transfer(
    subscription: str, customer: str, on: date | None, reason: str, email: str, as_json: bool
) -> None:
    """Let another customer have a SUBSCRIPTION to a plan; the bills split at the date."""
    from cashline.flow.deliver.subscriptions import actions, api, queries
    from cashline.kernel.identifiers import key_of

    key, authority = find_subscription(subscription), authority_for(email)
    authority.require("subscriptions.write", queries.life(key).entity_id)
    found = actions.transfer_life(
        key, customer_id=key_of("customer", customer), on=on, reason=reason, now=now(), actor=authority.actor
    )
    shape = api.life_shape(queries.life(found))
    say(shape, f"It goes on as {shape['number']}.", as_json=as_json)


@COMMANDS.group("campaign")
def campaign_group() -> None:
    """Price campaigns over the subscriptions to a plan."""


@campaign_group.command("list")
@json_option
def campaign_list(as_json: bool) -> None:
    """Price campaigns, the newest first."""
    from cashline.flow.deliver.subscriptions import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_campaigns(Ask(limit=100))
    rows = [api.campaign_shape(row) for row in page.items]
    table(rows, ("id", "name", "plan_code", "status", "done", "refused"), as_json=as_json)


@campaign_group.command("draft")
@click.argument("name")
@click.option("--plan", required=True)
@click.option("--unit-price", default="", help="The new price of one unit.")
@click.option("--percent", default="", help="Or by how many percent it changes.")
@click.option("--on", type=DAY, default=None, help="From which day; left out: from the next renewal of each.")
@click.option("--keep-own-prices", is_flag=True)
@as_option
@json_option
def campaign_draft(
    name: str,
    plan: str,
    unit_price: str,
    percent: str,
    on: date | None,
    keep_own_prices: bool,
    email: str,
    as_json: bool,
) -> None:
    """Draft the price campaign NAME, and say what it would do."""
    from cashline.flow.agree.plans.queries import plan_of
    from cashline.flow.deliver.subscriptions import actions, api, queries
    from cashline.flow.deliver.subscriptions.rules.campaigns import CampaignEffective, NewCampaign
    from cashline.kernel.money import to_decimal

    authority = authority_for(email)
    authority.require("catalog.write")
    new = NewCampaign(
        name,
        plan_of(plan).plan_id,
        unit_price=to_decimal(unit_price, field="unit_price") if unit_price else None,
        percent=to_decimal(percent, field="percent") if percent else None,
        effective=CampaignEffective.ON if on else CampaignEffective.NEXT_RENEWAL,
        effective_on=on,
        keep_own_prices=keep_own_prices,
    )
    instant = now()
    key = actions.create_campaign(new, today=instant.date(), now=instant, actor=authority.actor)
    row = queries.campaign(key)
    effect = api.effect_shape(row, instant)
    shape = api.campaign_shape(row) | {"effect": effect}
    say(shape, "\n".join([f"{shape['id']} is drafted.", *_effect_words(effect)]), as_json=as_json)


@campaign_group.command("preview")
@click.argument("campaign")
@as_option
@json_option
def campaign_preview(campaign: str, email: str, as_json: bool) -> None:
    """Say whom a CAMPAIGN concerns still, what it comes to in a year, and who could not follow and why."""
    from cashline.flow.deliver.subscriptions import api, queries
    from cashline.kernel.identifiers import key_of

    row, authority = queries.campaign(key_of("price_campaign", campaign)), authority_for(email)
    authority.require("subscriptions.read", row.entity_id)
    effect = api.effect_shape(row, now())
    say(effect, "\n".join(_effect_words(effect)), as_json=as_json)


def _effect_words(effect: dict[str, Any]) -> list[str]:
    """The effect of a campaign, a line for each thing to know."""
    words = [f"{effect['subscriptions']} subscriptions follow, {effect['cannot_follow']} could not."]
    words += [
        f"  {one['subscriptions']} in {one['currency']}: {one['before']:f} a year becomes {one['after']:f}"
        for one in effect["a_year"]
    ]
    words += [f"  {one['number']} ({one['customer_name']}): {one['reason']}" for one in effect["refused"]]
    more = effect["cannot_follow"] - len(effect["refused"])
    return [*words, f"  and {more} more"] if more else words


@campaign_group.command("move")
@click.argument("campaign")
@click.argument("verb", type=click.Choice(["start", "stop", "resume", "undo", "discard"]))
@as_option
@json_option
def campaign_move(campaign: str, verb: str, email: str, as_json: bool) -> None:
    """Start, stop, resume, undo or discard a CAMPAIGN, and carry it out."""
    from cashline.flow.deliver.subscriptions import actions, api, queries
    from cashline.kernel.identifiers import key_of

    key, authority = key_of("price_campaign", campaign), authority_for(email)
    authority.require("catalog.write", queries.campaign(key).entity_id)
    instant = now()
    actions.move_campaign(key, verb, now=instant, actor=authority.actor)
    while actions.advance_campaign(key, now=instant, actor=authority.actor):
        pass
    shape = api.campaign_shape(queries.campaign(key))
    say(shape, f"{shape['name']} is {shape['status']}: {shape['done']} done.", as_json=as_json)
