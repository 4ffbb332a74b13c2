"""The API of the close: the checklist of a period, signatures, owners, and closing it."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router
from pydantic import StringConstraints

from cashline.flow.recognise.ledger.actions import close_period
from cashline.flow.recognise.ledger.api import period_shape
from cashline.flow.recognise.ledger.queries.books import period_named
from cashline.flow.recognise.ledger.rules.periods import Area, PeriodStatus
from cashline.flow.report.closing import actions
from cashline.flow.report.closing.queries import period_state, tasks_of
from cashline.flow.report.closing.rules import Task, days_to_close
from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.periods import local_day
from cashline.platform.company.queries import Entity, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import Closed, EntityCode

router = Router(tags=["Recognise"])
type Note = Annotated[str, StringConstraints(max_length=1000)]
type PeriodCode = Annotated[str, StringConstraints(min_length=1, max_length=20)]
type TaskCode = Annotated[str, StringConstraints(min_length=1, max_length=30)]


class NewSignature(Closed):
    """A task to sign; one that is not done is accepted as it is found, which needs a note."""

    task: TaskCode
    note: Note = ""


class NewOwner(Closed):
    """Who sees to a task in every close of the entity; empty takes it back to its role."""

    task: TaskCode
    owner: Annotated[str, StringConstraints(max_length=200)] = ""


class Close(Closed):
    """With `preview` nothing is written, and what stands in the way is told.

    With `override` tasks in the way are accepted as they are found, which needs a reason.
    """

    preview: bool = False
    override: bool = False
    reason: Note = ""


class PeriodClose(Closed):
    """A month or fiscal period of an entity, named by any of its days. A whole one goes through the checklist; an area
    just shuts.
    """

    entity: Annotated[str, StringConstraints(min_length=1, max_length=8)]
    month: date
    reason: Annotated[str, StringConstraints(max_length=500)] = ""
    area: Area = Area.ALL
    override: bool = False


@router.get("/closes/{entity}/{month}")
def close_detail(request: HttpRequest, entity: EntityCode, month: PeriodCode) -> dict[str, Any]:
    """The checklist of a period (2026-03, or FY2026-P03): each task with its state, owner, evidence and signature."""
    _caller, owner, period = _named(request, entity, month, "ledger.read")
    state = period_state(owner.id, period)
    closed_on = local_day(state.closed_at, owner.timezone) if state.closed_at else None
    return period_shape(owner, period) | {
        "status": state.status,
        "areas": dict(state.areas),
        "entries": state.entries,
        "closed_at": state.closed_at,
        "closed_by": state.closed_by,
        "days_to_close": days_to_close(period, closed_on),
        "tasks": [task_shape(task) for task in tasks_of(owner.id, period)],
    }


@router.post("/closes/{entity}/{month}/sign")
def close_sign(request: HttpRequest, entity: EntityCode, month: PeriodCode, body: NewSignature) -> dict[str, Any]:
    """Sign a task with what its check finds now."""
    caller, owner, period = _named(request, entity, month, "ledger.close")
    outcome = actions.sign_task(
        entity_id=owner.id, month=period.start, task=body.task, note=body.note, now=caller.now, actor=caller.actor
    )
    return {"task": body.task, "outcome": outcome.value}


@router.post("/closes/{entity}/{month}/owners")
def close_owner(request: HttpRequest, entity: EntityCode, month: PeriodCode, body: NewOwner) -> dict[str, Any]:
    """Say who sees to a task, in this close and in those to come."""
    caller, owner, _period = _named(request, entity, month, "ledger.close")
    actions.assign_owner(entity_id=owner.id, task=body.task, owner=body.owner, now=caller.now, actor=caller.actor)
    return {"task": body.task, "owner": body.owner}


@router.post("/closes/{entity}/{month}/close")
def close_close(request: HttpRequest, entity: EntityCode, month: PeriodCode, body: Close) -> dict[str, Any]:
    """Recognise revenue, check everything and close the period; refused while a task is neither done nor accepted."""
    caller, owner, period = _named(request, entity, month, "ledger.close")
    result = actions.close_month(
        entity_id=owner.id,
        month=period.start,
        reason=body.reason,
        override=body.override,
        preview=body.preview,
        now=caller.now,
        actor=caller.actor,
    )
    return result_shape(owner, result)


@router.post("/periods/close")
def period_close(request: HttpRequest, body: PeriodClose) -> dict[str, Any]:
    """Close a period, or an area of it: it takes no entry any more. A whole one is closed as `/closes` closes it:
    recognised, checked, and refused while a task is neither done nor accepted, unless that is overridden.
    """
    caller, owner = caller_of(request), entity_by_code(body.entity)
    caller.require("ledger.close", owner.id)
    who: dict[str, Any] = {"entity_id": owner.id, "month": body.month, "reason": body.reason}
    who |= {"now": caller.now, "actor": caller.actor}
    if body.area is Area.ALL:
        period = actions.close_month(override=body.override, **who).period
    else:
        period = close_period(area=body.area, **who)
    return period_shape(owner, period) | {"area": body.area.value, "status": PeriodStatus.CLOSED.value}


def result_shape(owner: Entity, result: actions.CloseResult) -> dict[str, Any]:
    """What a close came to, as every door tells it."""
    totals = sorted(result.revenue.totals.items())
    return period_shape(owner, result.period) | {
        "preview": result.preview,
        "closed": result.closed,
        "revenue": [
            {"currency": currency, "month": f"{month:%Y-%m}", "kind": kind, "amount": amount}
            for (currency, month, kind), amount in totals
        ],
        "arrangements": result.arrangements.arrangements,
        "blockers": list(result.blockers),
        "tasks": [task_shape(task) for task in result.tasks],
    }


def task_shape(task: Task) -> dict[str, Any]:
    """A task as every door tells it."""
    signed = task.signature
    return {
        "task": task.template.code,
        "sentence": task.template.sentence,
        "state": task.state.value,
        "owner": task.owner or task.template.role,
        "found": task.finding.found,
        "figures": dict(task.finding.figures),
        "address": task.finding.address,
        "after": list(task.template.after),
        "signed_by": signed.signed_by if signed else "",
        "signed_at": signed.signed_at if signed else None,
        "note": signed.note if signed else "",
    }


def _named(request: HttpRequest, entity: str, month: str, permission: str) -> tuple[Caller, Entity, FiscalPeriod]:
    caller = caller_of(request)
    owner = entity_by_code(entity)
    caller.require(permission, owner.id)
    return caller, owner, period_named(owner.id, month)
