"""Rules of the close: its tasks, when each is complete, and what stands in the way of closing a period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.refusals import InvalidValue, Refusal


class CloseBlocked(Refusal):
    """A task of the checklist is neither done nor accepted."""

    code = "close_blocked"
    status = 409


class TaskState(StrEnum):
    """How a task stands."""

    DONE = "done"
    SIGNED = "signed"
    ACCEPTED = "accepted"
    TO_DO = "to_do"
    WAITING = "waiting"


class Outcome(StrEnum):
    """What a signature says: the check was seen done, a person vouches, or it is left as found."""

    CHECKED = "checked"
    SIGNED = "signed"
    ACCEPTED = "accepted"


COMPLETE = frozenset({TaskState.DONE, TaskState.SIGNED, TaskState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class TaskTemplate:
    """A task of every close. `after` are tasks that come first; a `manual` one has no check and is signed."""

    code: str
    stage: str
    sentence: str
    role: str
    after: tuple[str, ...] = ()
    manual: bool = False


TASKS: tuple[TaskTemplate, ...] = (
    TaskTemplate("earlier", "report", "The periods before are closed", "Revenue accounting"),
    TaskTemplate("drafts", "invoice", "No invoice or credit note is left as a draft", "Billing"),
    TaskTemplate("billed", "invoice", "What was delivered is billed", "Billing"),
    TaskTemplate("bank", "receive", "The bank's lines are matched", "Collections"),
    TaskTemplate("applied", "receive", "Payments are applied", "Collections", ("bank",)),
    TaskTemplate("posted", "recognise", "Every document has its entry", "Revenue accounting"),
    TaskTemplate("earned", "recognise", "Revenue is recognised", "Revenue accounting", ("billed",)),
    TaskTemplate(
        "revalued",
        "recognise",
        "What is held in foreign currency is at the rates of the period's end",
        "Revenue accounting",
    ),
    TaskTemplate("ties", "recognise", "The ageing is the receivables of the journal", "Revenue accounting"),
    TaskTemplate("unapplied", "recognise", "Unapplied money is that of the journal", "Revenue accounting"),
    TaskTemplate("stock", "recognise", "The value of stock is the inventory of the journal", "Revenue accounting"),
    TaskTemplate("intercompany", "recognise", "What entities owe each other agrees", "Revenue accounting"),
    TaskTemplate("deferred", "recognise", "Deferred revenue rolls forward", "Revenue accounting", ("earned",)),
    TaskTemplate("balances", "report", "The trial balance and the statements tie", "Revenue accounting"),
    TaskTemplate(
        "review",
        "report",
        "Somebody has read the statements",
        "Revenue accounting",
        ("earned", "revalued", "balances"),
        manual=True,
    ),
)
"""In the order of the flow."""
BY_CODE: Mapping[str, TaskTemplate] = {one.code: one for one in TASKS}


def template(code: str) -> TaskTemplate:
    """The task with that code; raises InvalidValue."""
    if code not in BY_CODE:
        raise InvalidValue(f"There is no task {code!r}.", field="task", fix=f"Give one of {', '.join(BY_CODE)}.")
    return BY_CODE[code]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: whether the task is done, in words, the figures, and the list where it is mended."""

    done: bool
    found: str = ""
    address: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PeriodAsked:
    """The period of an entity whose checks are asked for, by its first day."""

    entity_id: UUID
    start: date


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed a task when, and what was found then."""

    code: str
    outcome: str
    signed_at: datetime
    signed_by: str
    note: str
    found: str
    figures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Task:
    """A task of one close."""

    template: TaskTemplate
    finding: Finding
    state: TaskState
    owner: str = ""
    signature: Signature | None = None

    @property
    def complete(self) -> bool:
        """Does it no longer stand in the way?"""
        return self.state in COMPLETE


def checklist(
    findings: Mapping[str, Finding], owners: Mapping[str, str], signatures: Sequence[Signature]
) -> tuple[Task, ...]:
    """The tasks with their states; the last signature of a task counts while what it found still stands."""
    latest = {one.code: one for one in signatures}
    made: dict[str, Task] = {}
    for one in TASKS:
        finding, signature = findings[one.code], latest.get(one.code)
        state = _state(one, finding, signature)
        if state is TaskState.TO_DO and any(not made[code].complete for code in one.after):
            state = TaskState.WAITING
        made[one.code] = Task(one, finding, state, owners.get(one.code, ""), signature)
    return tuple(made.values())


def _state(one: TaskTemplate, finding: Finding, signature: Signature | None) -> TaskState:
    if not one.manual and finding.done:
        return TaskState.DONE
    if signature is None or signature.found != finding.found:
        return TaskState.TO_DO
    if signature.outcome == Outcome.ACCEPTED:
        return TaskState.ACCEPTED
    return TaskState.SIGNED if one.manual and signature.outcome == Outcome.SIGNED else TaskState.TO_DO


def outcome_of(task: Task, note: str) -> Outcome:
    """What signing the task now says; raises a refusal where it cannot be signed."""
    if task.state is TaskState.WAITING:
        raise CloseBlocked(
            f"“{task.template.sentence}” waits for other tasks.",
            field="task",
            fix=f"First complete {', '.join(BY_CODE[code].sentence for code in task.template.after)}.",
        )
    if task.template.manual or task.finding.done:
        return Outcome.SIGNED
    if not note:
        raise InvalidValue(
            f"“{task.template.sentence}” is not done: {task.finding.found}.",
            field="note",
            fix="Mend it, or say why it is left as it is.",
        )
    return Outcome.ACCEPTED


def blockers(tasks: Sequence[Task]) -> list[CloseBlocked]:
    """What stands in the way of closing, each with where it is mended."""
    return [
        CloseBlocked(
            f"{task.template.sentence}: {task.finding.found or 'nobody has signed it'}.",
            field=task.template.code,
            fix=f"See {task.finding.address}" if task.finding.address else "Sign the task.",
        )
        for task in tasks
        if not task.complete
    ]


def days_to_close(period: FiscalPeriod, closed_on: date | None) -> int | None:
    """Days from the last day of the period to the day on which it was closed."""
    return (closed_on - period.last_day).days if closed_on else None
