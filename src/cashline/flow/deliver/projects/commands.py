"""`cashline installation …`: installations from a terminal."""

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

SHOWN = ("number", "customer_name", "sku", "status", "scheduled_on", "technician", "done_on", "accepted_on")


@click.group("installation")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Installations: scheduled, done, accepted."""


def find_installation(text: str) -> UUID:
    """An installation by public id or number."""
    from cashline.flow.deliver.projects.queries import installation_numbered

    return resolve("installation", text, installation_numbered)


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in number, technician, customer and product.")
@click.option("--status", "statuses", multiple=True)
@click.option("--cursor", default="")
@limit_option
@json_option
def installation_list(words: str, statuses: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Installations, the newest first."""
    from cashline.flow.deliver.projects import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_installations(Ask(cursor=cursor, limit=limit), words=words, statuses=statuses)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("schedule")
@click.argument("installation")
@click.argument("day", type=DAY)
@click.option("--technician", default="")
@as_option
@json_option
def installation_schedule(installation: str, day: date, technician: str, email: str, as_json: bool) -> None:
    """Agree a DAY for an INSTALLATION."""
    from cashline.flow.deliver.projects import actions

    key, authority, _today = _writer(installation, email)
    actions.schedule_installation(
        installation_id=key, scheduled_on=day, technician=technician, now=now(), actor=authority.actor
    )
    _told(key, as_json)


@COMMANDS.command("finish")
@click.argument("installation")
@click.option("--day", type=DAY, default=None, help="Today unless given.")
@click.option("--note", default="")
@as_option
@json_option
def installation_finish(installation: str, day: date | None, note: str, email: str, as_json: bool) -> None:
    """The work of an INSTALLATION is done."""
    from cashline.flow.deliver.projects import actions

    key, authority, this_day = _writer(installation, email)
    actions.finish_installation(
        installation_id=key, done_on=day or this_day, note=note, now=now(), actor=authority.actor
    )
    _told(key, as_json)


@COMMANDS.command("accept")
@click.argument("installation")
@click.argument("accepted_by")
@click.option("--day", type=DAY, default=None, help="Today unless given.")
@click.option("--evidence", default="", help="What shows it, where ACCEPTED_BY is no contact of the customer we know.")
@as_option
@json_option
def installation_accept(
    installation: str, accepted_by: str, day: date | None, evidence: str, email: str, as_json: bool
) -> None:
    """The customer accepts an INSTALLATION; ACCEPTED_BY is who did so."""
    from cashline.flow.deliver.projects import actions

    key, authority, this_day = _writer(installation, email)
    actions.accept_installation(
        installation_id=key,
        accepted_by=accepted_by,
        accepted_on=day or this_day,
        evidence=evidence,
        now=now(),
        actor=authority.actor,
    )
    _told(key, as_json)


def _writer(text: str, email: str) -> tuple[UUID, Authority, date]:
    from cashline.flow.deliver.projects.queries import installation
    from cashline.platform.company.queries import entities_by_id

    key, authority = find_installation(text), authority_for(email)
    entity_id = installation(key).entity_id
    authority.require("projects.write", entity_id)
    return key, authority, today(entities_by_id([entity_id])[entity_id].timezone)


def _told(key: UUID, as_json: bool) -> None:
    from cashline.flow.deliver.projects import api, queries

    shape = api.shape(queries.installation(key))
    say(shape, f"{shape['number']} is {shape['status']}.", as_json=as_json)
