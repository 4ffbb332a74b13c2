"""`cashline plan …`: rate plans from a terminal."""

from typing import IO, Any

import click

from cashline.platform.doors.terminal import as_option, authority_for, json_option, limit_option, now, say, table

SHOWN = ("code", "name", "version", "currency", "interval", "base_fee")


@click.group("plan")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Rate plans and their versions."""


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in code and name.")
@click.option("--cursor", default="")
@limit_option
@json_option
def plan_list(words: str, cursor: str, limit: int, as_json: bool) -> None:
    """Plans in their latest version, the newest first."""
    from cashline.flow.agree.plans import queries
    from cashline.platform.lists import Ask

    page = queries.list_plans(Ask(cursor=cursor, limit=limit), words=words)
    table([_flat(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("show")
@click.argument("code")
@json_option
def plan_show(code: str, as_json: bool) -> None:
    """The latest version of the plan CODE."""
    from cashline.flow.agree.plans import queries

    table([_flat(queries.plan_of(code))], SHOWN, as_json=as_json)


@COMMANDS.command("publish")
@click.argument("file", type=click.File("rb"))
@as_option
@json_option
def plan_publish(file: IO[bytes], email: str, as_json: bool) -> None:
    """Publish the plan that FILE (JSON, as the API takes it) holds, or the next version of it."""
    from cashline.flow.agree.plans import actions, api, queries

    authority = authority_for(email)
    authority.require("catalog.write")
    body = api.PlanIn.model_validate_json(file.read())
    plan = actions.NewPlan(body.code, body.name, body.currency, api.terms_of(body))
    key = actions.publish_plans([plan], now=now(), actor=authority.actor)[0]
    shape = api.shape(queries.plan_version(key))
    say(shape, f"{shape['code']} version {shape['version']} is published.", as_json=as_json)


@COMMANDS.command("indices")
@json_option
def index_list(as_json: bool) -> None:
    """The price indices that renewals may follow."""
    from cashline.flow.agree.plans import api, queries

    rows = [api.index_shape(row) for row in queries.price_indices()]
    table(rows, ("code", "name", "month", "value", "months"), as_json=as_json)


@COMMANDS.command("set-index")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--value", "values", multiple=True, required=True, help="A month and its value: 2026-01=121.4.")
@as_option
@json_option
def index_set(code: str, name: str, values: tuple[str, ...], email: str, as_json: bool) -> None:
    """Enter values of the price index CODE."""
    from cashline.flow.agree.plans import actions, api
    from cashline.platform.doors.schemas import body_of

    authority = authority_for(email)
    authority.require("catalog.write")
    parts = [text.partition("=") for text in values]
    body = body_of(
        api.PriceIndexIn,
        {"name": name, "values": [{"month": f"{month}-01", "value": value} for month, _sign, value in parts]},
    )
    found = {one.month: one.value for one in body.values}
    actions.set_index_values(code=code, name=name, values=found, now=now(), actor=authority.actor)
    say({"code": code, "months": len(found)}, f"{len(found)} values of {code} are entered.", as_json=as_json)


def _flat(row: Any) -> dict[str, Any]:
    from cashline.flow.agree.plans import api

    shape = api.shape(row)
    return shape | {"interval": shape["terms"]["interval"], "base_fee": shape["terms"]["base_fee"]}
