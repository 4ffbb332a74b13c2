"""Writing installations: planned when their turn comes, scheduled, done, and accepted by the customer.

Acceptance is the delivery fact that makes the service billable and its revenue earned.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.deliver.fulfilment.actions import finish_steps, record_deliveries
from cashline.flow.deliver.fulfilment.rules import DeliveryKind, NewDelivery, StepKind
from cashline.flow.deliver.projects import queries
from cashline.flow.deliver.projects.queries import LockedInstallation
from cashline.flow.deliver.projects.rules import (
    INSTALLATION,
    MAX_NOTE,
    InstallationStatus,
    acceptance_errors,
    happened_errors,
    text_errors,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_COLUMNS = ("id", "number", "order_line_id", "step_id", "customer_id", "status", "created_at")


def plan_installations(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on InstallationStarted: one planned installation for each service line, whatever comes twice."""
    steps = {UUID(step["order_line_id"]): UUID(step["step_id"]) for event in events for step in event.data["steps"]}
    lines = queries.unplanned_lines(steps)
    if not lines:
        return
    entities = entities_by_id({line.entity_id for line in lines})
    series = {
        key: Series("installation", entity.code, local_day(now, entity.timezone).year, key)
        for key, entity in entities.items()
    }
    wanted: dict[Series, int] = {}
    for line in lines:
        wanted[series[line.entity_id]] = wanted.get(series[line.entity_id], 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted).items()}
    status = InstallationStatus.PLANNED.value
    rows, planned = [], []
    for line in lines:
        key, number = new_id(), next(taken[series[line.entity_id]])
        rows.append((key, number, line.order_line_id, steps[line.order_line_id], line.customer_id, status, now))
        objects = _objects(key, line.order_id, line.customer_id, line.agreement_id)
        planned.append(Event("InstallationPlanned", objects, {"number": number}))
    sql.insert("installations", _COLUMNS, rows)
    record(planned, now=now, actor=actor)


@transaction.atomic
def schedule_installation(
    *, installation_id: UUID, scheduled_on: date, technician: str, now: datetime, actor: str
) -> None:
    """Agree a day and who comes; may be changed until the work is done."""
    raise_all(text_errors(technician, "technician"))
    row = queries.installations_for_update([installation_id])[installation_id]
    data = {"number": row.number, "scheduled_on": scheduled_on.isoformat(), "technician": technician}
    changes = {"scheduled_on": ("date", scheduled_on), "technician": ("text", technician.strip())}
    _move(row, "schedule", "InstallationScheduled", changes, data, now=now, actor=actor)


@transaction.atomic
def finish_installation(*, installation_id: UUID, done_on: date, note: str = "", now: datetime, actor: str) -> None:
    """The work is done, and waits for the customer's acceptance."""
    raise_all([*happened_errors(done_on, now.date(), None, "done_on"), *text_errors(note, "note", most=MAX_NOTE)])
    row = queries.installations_for_update([installation_id])[installation_id]
    changes = {"done_on": ("date", done_on), "note": ("text", note.strip() or row.note)}
    data = {"number": row.number, "done_on": done_on.isoformat()}
    _move(row, "finish", "InstallationFinished", changes, data, now=now, actor=actor)


@transaction.atomic
def accept_installation(
    *, installation_id: UUID, accepted_by: str, accepted_on: date, evidence: str = "", now: datetime, actor: str
) -> None:
    """The customer accepts the work: the service is delivered, and may be billed.

    `accepted_by` is a contact of the customer, or `evidence` says what shows the acceptance (a signed sheet, a mail,
    the log-in of the portal); raises all errors at once.
    """
    row = queries.installations_for_update([installation_id])[installation_id]
    INSTALLATION.target("accept", row.status, document_id=row.number)
    contacts = [] if evidence.strip() else queries.contacts_of(row.customer_id)
    raise_all(
        [
            *happened_errors(accepted_on, now.date(), row.done_on, "accepted_on"),
            *text_errors(accepted_by, "accepted_by", required=True),
            *text_errors(evidence, "evidence", most=MAX_NOTE),
            *acceptance_errors(accepted_by, evidence, contacts),
        ]
    )
    fact = NewDelivery(
        row.order_line_id, row.line_id, row.customer_id, DeliveryKind.ACCEPTED.value, row.quantity, accepted_on, row.id
    )
    finish_steps([row.order_line_id], StepKind.INSTALL)
    changes = {
        "accepted_on": ("date", accepted_on),
        "accepted_by": ("text", accepted_by.strip()),
        "accepted_evidence": ("text", evidence.strip()),
    }
    data = {
        "number": row.number,
        "accepted_on": accepted_on.isoformat(),
        "accepted_by": accepted_by,
        "evidence": evidence.strip(),
    }
    _move(row, "accept", "InstallationAccepted", changes, data, now=now, actor=actor)
    record_deliveries([fact], now=now, actor=actor)


@transaction.atomic
def reject_installation(*, installation_id: UUID, reason: str, now: datetime, actor: str) -> None:
    """The customer does not accept the work: it is to be done again."""
    raise_all(text_errors(reason, "reason", most=MAX_NOTE, required=True))
    row = queries.installations_for_update([installation_id])[installation_id]
    changes = {"done_on": ("date", None), "note": ("text", reason.strip())}
    _move(row, "reject", "InstallationRejected", changes, {"number": row.number}, reason, now=now, actor=actor)


def cancel_orders(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on OrderCancelled: work that was not accepted is cancelled."""
    reasons = {event.subject_id: event.reason for event in events}
    rows = queries.open_of_orders_for_update(reasons)
    target = INSTALLATION.transitions["cancel"].target.value
    sql.update("installations", {"status": "text"}, [(row.id, target) for row in rows])
    record(
        [
            Event(
                "InstallationCancelled",
                _objects(row.id, row.order_id, row.customer_id, row.agreement_id),
                {"number": row.number},
                reasons[row.order_id],
            )
            for row in rows
        ],
        now=now,
        actor=actor,
    )


def _move(
    row: LockedInstallation,
    verb: str,
    event: str,
    changes: dict[str, tuple[str, Any]],
    data: dict[str, Any],
    reason: str = "",
    *,
    now: datetime,
    actor: str,
) -> None:
    target = INSTALLATION.target(verb, row.status, document_id=row.number)
    columns = {"status": "text"} | {name: kind for name, (kind, _) in changes.items()}
    sql.update("installations", columns, [(row.id, target.value, *(value for _, value in changes.values()))])
    objects = _objects(row.id, row.order_id, row.customer_id, row.agreement_id)
    record([Event(event, objects, data, reason)], now=now, actor=actor)


def _objects(installation_id: UUID, order_id: UUID, customer_id: UUID, agreement_id: UUID) -> tuple[ObjectRef, ...]:
    return (
        ObjectRef("installation", installation_id),
        ObjectRef("order", order_id),
        ObjectRef("customer", customer_id),
        ObjectRef("agreement", agreement_id),
    )
