"""Writing the close: owners and signatures of tasks, and closing a period once nothing stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.recognise.books.actions import run_books
from cashline.flow.recognise.ledger.actions import close_period, summarise_journal
from cashline.flow.recognise.ledger.actions.revaluing import revalue_month
from cashline.flow.recognise.ledger.queries.books import period_of
from cashline.flow.recognise.ledger.rules.periods import PERIOD
from cashline.flow.recognise.revenue.actions import (
    ArrangementRunResult,
    RevenueRunResult,
    recognise_arrangements,
    run_revenue,
)
from cashline.flow.report.closing.queries import period_state, tasks_of
from cashline.flow.report.closing.queries.checks import findings
from cashline.flow.report.closing.rules import CloseBlocked, Outcome, Task, TaskState, blockers, outcome_of, template
from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import InvalidValue, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_SIGNATURE = (
    "id",
    "entity_id",
    "starts_on",
    "ends_on",
    "task",
    "outcome",
    "note",
    "found",
    "address",
    "figures",
    "signed_at",
    "signed_by",
)


@dataclass(frozen=True, slots=True)
class CloseResult:
    """What a close came to: revenue of agreements and arrangements, the tasks, and whether it is closed now."""

    period: FiscalPeriod
    preview: bool
    revenue: RevenueRunResult
    arrangements: ArrangementRunResult
    tasks: tuple[Task, ...]
    closed: bool
    blockers: tuple[str, ...] = field(default=())


@transaction.atomic
def assign_owner(*, entity_id: UUID, task: str, owner: str, now: datetime, actor: str) -> None:
    """Say who sees to a task in every close of an entity; an empty owner takes it back to its role."""
    one, name = template(task), owner.strip()
    if len(name) > 200:
        raise InvalidValue("The name of an owner has at most 200 characters.", field="owner")
    if name:
        sql.execute(
            "INSERT INTO close_task_owners (id, entity_id, task, owner) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (entity_id, task) DO UPDATE SET owner = EXCLUDED.owner",
            (new_id(), entity_id, one.code, name),
        )
    else:
        sql.execute("DELETE FROM close_task_owners WHERE entity_id = %s AND task = %s", (entity_id, one.code))
    data = {"task": one.code, "owner": name}
    record([Event("CloseTaskAssigned", (ObjectRef("entity", entity_id),), data)], now=now, actor=actor)


@transaction.atomic
def sign_task(*, entity_id: UUID, month: date, task: str, note: str = "", now: datetime, actor: str) -> Outcome:
    """Sign a task of the period that holds the day `month` with what its check finds now.

    One that is not done is accepted, which needs a reason. Raises IllegalTransition for a closed period, CloseBlocked
    for a task that waits for another.
    """
    code, period = template(task).code, period_of(entity_id, month)
    PERIOD.target("close", period_state(entity_id, period).status, document_id=period.code)
    return _sign(entity_id, period, code, tasks_of(entity_id, period), note.strip(), now=now, actor=actor)


def _sign(
    entity_id: UUID, period: FiscalPeriod, code: str, tasks: Sequence[Task], note: str, *, now: datetime, actor: str
) -> Outcome:
    one = next(item for item in tasks if item.template.code == code)
    outcome = outcome_of(one, note)
    _keep(entity_id, period, [one], outcome, note, now=now, actor=actor)
    data = {"month": period.start.isoformat(), "period": period.code, "task": code, "outcome": outcome.value}
    data["found"] = one.finding.found
    event = Event("CloseTaskSigned", (ObjectRef("entity", entity_id),), data, note)
    record([event], now=now, actor=actor)
    return outcome


def _keep(
    entity_id: UUID,
    period: FiscalPeriod,
    tasks: Sequence[Task],
    outcome: Outcome,
    note: str,
    *,
    now: datetime,
    actor: str,
) -> None:
    """Keep signatures with their evidence."""
    sql.insert(
        "close_signatures",
        _SIGNATURE,
        [
            (
                new_id(),
                entity_id,
                period.start,
                period.end,
                task.template.code,
                outcome.value,
                note,
                task.finding.found,
                task.finding.address,
                sql.json(dict(task.finding.figures)),
                now,
                actor,
            )
            for task in tasks
        ],
    )


@transaction.atomic
def close_month(
    *,
    entity_id: UUID,
    month: date,
    now: datetime,
    actor: str,
    reason: str = "",
    signing: Sequence[tuple[str, str]] = (),
    override: bool = False,
    preview: bool = False,
) -> CloseResult:
    """Recognise revenue, revalue, check everything, and close the month or fiscal period that holds the day `month`.

    Raises CloseBlocked for what is in the way. `signing` are tasks to sign, with their notes, once that is posted. With
    `override` what is in the way is accepted as it is found, with the reason, which is then needed. With `preview`
    nothing is written: the blockers are told, with revenue as it would be recognised.
    """
    if override and not reason.strip():
        raise InvalidValue("Say why the month is closed with tasks in the way.", field="reason")
    period = period_of(entity_id, month)
    PERIOD.target("close", period_state(entity_id, period).status, document_id=period.code)
    first, last = period.start, period.last_day
    revenue = run_revenue(through=last, entity_id=entity_id, now=now, actor=actor, preview=preview)
    others = recognise_arrangements(through=last, entity_id=entity_id, now=now, actor=actor, preview=preview)
    revalue_month(entity_id=entity_id, month=first, now=now, actor=actor, preview=preview)
    if preview:
        left = revenue.exceptions or others.exceptions
        recognising = None if left else revenue.agreements + others.arrangements
        tasks = tasks_of(entity_id, period, recognising=recognising)
        told = tuple(one.message for one in blockers(tasks))
        return CloseResult(period, True, revenue, others, tasks, closed=False, blockers=told)
    who: dict[str, Any] = {"now": now, "actor": actor}
    run_books(through=last, entity_id=entity_id, now=now, actor=actor)
    found = findings(entity_id, period)
    for task, note in signing:
        _sign(entity_id, period, template(task).code, tasks_of(entity_id, period, found=found), note.strip(), **who)
    tasks = tasks_of(entity_id, period, found=found)
    if override:
        _keep(entity_id, period, [task for task in tasks if not task.complete], Outcome.ACCEPTED, reason, **who)
    else:
        raise_all(blockers(tasks))
    checked = [task for task in tasks if task.state is TaskState.DONE]
    _keep(entity_id, period, checked, Outcome.CHECKED, "", **who)
    if close_period(entity_id=entity_id, month=first, reason=reason, **who) != period:
        raise CloseBlocked("The fiscal calendar was changed meanwhile.", field="month", fix="Close it again.")
    summarise_journal()
    return CloseResult(period, False, revenue, others, tasks, closed=True)
