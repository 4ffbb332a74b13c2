"""The API of installations."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.deliver.projects import actions, queries
from cashline.flow.deliver.projects.queries import InstallationRow
from cashline.flow.deliver.projects.rules import InstallationStatus
from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Limit,
    Name,
    PublicId,
    Sort,
    Text,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Installations"])


class ScheduleIn(Closed):
    """A day, and who comes."""

    scheduled_on: date
    technician: Text = ""


class FinishIn(Closed):
    """That the work is done."""

    done_on: date | None = None
    note: Annotated[str, StringConstraints(max_length=4000)] = ""


class AcceptIn(Closed):
    """That the customer accepts the work, and who did so."""

    accepted_by: Annotated[Name, Field(description="A contact of the customer, else with evidence.")]
    accepted_on: date | None = None
    evidence: Annotated[
        str, Field(max_length=4000, description="What shows the acceptance: a signed sheet, a mail.")
    ] = ""


def shape(row: InstallationRow) -> dict[str, Any]:
    """An installation as the API shows it."""
    plain = (
        "number status sku description quantity scheduled_on technician done_on accepted_on accepted_by "
        "accepted_evidence note"
    )
    return {"id": public("installation", row.id)} | {name: getattr(row, name) for name in plain.split()} | {
        "order": public("order", row.order_id),
        "order_number": row.order_number,
        "customer": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "created_at": row.created_at,
    }  # fmt: skip


@router.get("/installations")
def installation_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[InstallationStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    customer: Annotated[str, Query(max_length=64)] = "",
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Installations, the newest first unless sorted by number, customer, status, scheduled_on or technician."""
    caller = caller_of(request)
    caller.require("projects.read")
    page = queries.list_installations(
        ask_of(sort, cursor, limit),
        words=q,
        statuses=status,
        customer_id=key_of("customer", customer) if customer else None,
        entity_ids=caller.entities("projects.read"),
    )
    return listed(page, shape)


@router.get("/installations/{installation_id}")
def installation_show(request: HttpRequest, installation_id: PublicId) -> dict[str, Any]:
    """One installation."""
    return shape(_seen(caller_of(request), installation_id, "projects.read"))


@router.post("/installations/{installation_id}/schedule")
def installation_schedule(request: HttpRequest, installation_id: PublicId, body: ScheduleIn) -> dict[str, Any]:
    """Agree a day, or another one."""
    caller = caller_of(request)
    row = _seen(caller, installation_id, "projects.write")
    actions.schedule_installation(
        installation_id=row.id,
        scheduled_on=body.scheduled_on,
        technician=body.technician,
        now=caller.now,
        actor=caller.actor,
    )
    return shape(queries.installation(row.id))


@router.post("/installations/{installation_id}/finish")
def installation_finish(request: HttpRequest, installation_id: PublicId, body: FinishIn) -> dict[str, Any]:
    """The work is done, and waits for acceptance."""
    caller = caller_of(request)
    row = _seen(caller, installation_id, "projects.write")
    day = body.done_on or _today(caller, row)
    actions.finish_installation(installation_id=row.id, done_on=day, note=body.note, now=caller.now, actor=caller.actor)
    return shape(queries.installation(row.id))


@router.post("/installations/{installation_id}/accept")
def installation_accept(request: HttpRequest, installation_id: PublicId, body: AcceptIn) -> dict[str, Any]:
    """Record the customer's acceptance: the service is delivered, and may be billed."""
    caller = caller_of(request)
    row = _seen(caller, installation_id, "projects.write")
    actions.accept_installation(
        installation_id=row.id,
        accepted_by=body.accepted_by,
        accepted_on=body.accepted_on or _today(caller, row),
        evidence=body.evidence,
        now=caller.now,
        actor=caller.actor,
    )
    return shape(queries.installation(row.id))


@router.post("/installations/{installation_id}/reject")
def installation_reject(request: HttpRequest, installation_id: PublicId, body: Why) -> dict[str, Any]:
    """Record that the customer wants it done again."""
    caller = caller_of(request)
    row = _seen(caller, installation_id, "projects.write")
    actions.reject_installation(installation_id=row.id, reason=body.reason, now=caller.now, actor=caller.actor)
    return shape(queries.installation(row.id))


def _today(caller: Caller, row: InstallationRow) -> date:
    return caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)


def _seen(caller: Caller, installation_id: str, permission: str) -> InstallationRow:
    row = queries.installation(key_of("installation", installation_id))
    require_visible(caller, permission, row.entity_id, "installation", row.id)
    return row
