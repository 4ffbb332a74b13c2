"""`cashline provisioning …`: the switching of services from a terminal, and a sandbox's own endpoint."""

from collections.abc import Sequence

import click

from cashline.platform.doors.terminal import (
    as_option,
    authority_for,
    json_option,
    limit_option,
    now,
    resolve,
    say,
    table,
)

SHOWN = ("id", "operation", "sku", "order_number", "status", "attempts", "reference", "error")


@click.group("provisioning")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Provisioning: requests to switch services, and their endpoints."""


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in order, customer, SKU and reference.")
@click.option("--status", "statuses", multiple=True)
@click.option("--cursor", default="")
@limit_option
@json_option
def request_list(words: str, statuses: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Requests, the newest first."""
    from cashline.flow.deliver.provisioning import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_requests(Ask(cursor=cursor, limit=limit), words=words, statuses=statuses)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("retry")
@click.argument("request")
@as_option
@json_option
def request_retry(request: str, email: str, as_json: bool) -> None:
    """Ask again after a failed REQUEST."""
    from cashline.flow.deliver.provisioning import actions, api, queries

    key, authority = resolve("provisioning_request", request, lambda _text: None), authority_for(email)
    authority.require("provisioning.write", queries.request(key).entity_id)
    actions.retry_requests([key], now=now(), actor=authority.actor)
    say(api.shape(queries.request(key)), "The endpoint is asked again.", as_json=as_json)


@COMMANDS.command("endpoint")
@click.argument("key")
@click.argument("url")
@click.option("--secret", default="", help="A new one is made unless given.")
@click.option("--active/--inactive", default=True)
@as_option
@json_option
def endpoint_set(key: str, url: str, secret: str, active: bool, email: str, as_json: bool) -> None:
    """Set the endpoint at URL that switches the services of a provisioning KEY, and show its secret."""
    from cashline.flow.deliver.provisioning import actions

    authority = authority_for(email)
    authority.require("provisioning.write")
    _, secret = actions.set_endpoint(key=key, url=url, secret=secret, active=active, now=now(), actor=authority.actor)
    say({"key": key, "url": url, "active": active, "secret": secret}, f"The secret is {secret}", as_json=as_json)


@COMMANDS.command("sandbox")
@click.option("--secret", required=True, help="The endpoint's secret.")
@click.option("--port", default=8090, show_default=True)
@click.option("--faults", default="ok", show_default=True, help="What becomes of each call, such as error,fail,ok.")
def sandbox(secret: str, port: int, faults: str) -> None:
    """Be the outside: an endpoint on this machine that switches what it is asked to, until interrupted."""
    from cashline.flow.deliver.provisioning.sandbox import FAULTS, SandboxEndpoint

    wanted = tuple(faults.split(","))
    if unknown := [fault for fault in wanted if fault not in FAULTS]:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(FAULTS)}.")
    endpoint = SandboxEndpoint(secret, wanted, port)
    click.echo(f"Listening on {endpoint.url}")
    endpoint.serve()
