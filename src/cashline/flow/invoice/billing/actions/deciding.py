"""What a person decides about a bill that waits: issue it now, refuse it, or hold an agreement in the first place."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.billing import queries
from cashline.flow.invoice.billing.actions.batches import BilledDocument, append_batch, plan_batch
from cashline.flow.invoice.billing.actions.waiting import hold_agreements, keep_waits
from cashline.flow.invoice.billing.queries.waiting import WaitingRow, waiting_bill, waiting_of
from cashline.flow.invoice.billing.rules.waiting import WAITING_BILL, WaitingCause, require_same
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


@transaction.atomic
def release_bill(*, waiting_id: UUID, reason: str, now: datetime, actor: str) -> list[BilledDocument]:
    """Issue a bill that waits: what is due of its agreement is billed now, past the gate; gives the documents.

    Raises BillChanged where that is no longer the amount that was held, IllegalTransition, or why it cannot be billed.
    """
    row = _locked(waiting_id)
    WAITING_BILL.target("release", row.status, document_id=row.agreement_number)
    scope = queries.Scope(date.max, agreement_ids=(row.agreement_id,))
    due = queries.due_agreements(scope, now=now, after=None, limit=1, for_update=True)
    held = waiting_of([row.agreement_id])[row.agreement_id]
    as_of = max(row.as_of, due[0].today) if due else row.as_of
    _decided(row, reason, now, actor)
    record([_event("BillReleased", row, reason)], now=now, actor=actor)
    if not due:
        keep_waits([], {row.agreement_id: (held, None)}, as_of, row.bill_run_id, now=now, actor=actor)
        return []
    planned = plan_batch(due, as_of, row.bill_run_id, now=now, for_update=True, released=True)
    if planned.exceptions:
        raise InvalidValue(planned.exceptions[0].message, field="agreement", fix=planned.exceptions[0].fix)
    net = sum((item.net_total for item in planned.prepared), start=row.net * 0)
    credited = sum((note.net_total for note in planned.notes), start=row.net * 0)
    require_same(held, net, credited, row.currency)
    return append_batch(planned, row.bill_run_id, now=now, actor=actor, as_of=as_of)


@transaction.atomic
def refuse_bill(*, waiting_id: UUID, reason: str, now: datetime, actor: str) -> None:
    """Refuse a bill that waits: no run issues that amount; what is due must change first. Raises IllegalTransition."""
    row = _locked(waiting_id)
    if not reason.strip():
        raise InvalidValue("Say why the bill is refused.", field="reason")
    status = WAITING_BILL.target("refuse", row.status, document_id=row.agreement_number)
    _decided(row, reason, now, actor)
    sql.execute("UPDATE waiting_bills SET status = %s WHERE id = %s", (status.value, row.id))
    record([_event("BillRefused", row, reason)], now=now, actor=actor)


@transaction.atomic
def hold_bills(*, agreement_ids: Sequence[UUID], reason: str, as_of: date, now: datetime, actor: str) -> None:
    """Let no run bill these agreements until a person releases them; raises InvalidValue without a reason."""
    if not reason.strip():
        raise InvalidValue("Say why the agreement is held.", field="reason")
    hold_agreements(agreement_ids, cause=WaitingCause.BY_HAND, words=reason.strip(), as_of=as_of, now=now, actor=actor)


def _locked(waiting_id: UUID) -> WaitingRow:
    """The row; its agreement's schedule is locked first, as a run does."""
    row = waiting_bill(waiting_id)
    locked = sql.fetch(
        "SELECT agreement_id FROM billing_schedules WHERE agreement_id = %s FOR NO KEY UPDATE", (row.agreement_id,)
    )
    if not locked:
        raise NotFound(f"There is no schedule of agreement {row.agreement_number}.", field="agreement")
    return waiting_bill(waiting_id, for_update=True)


def _decided(row: WaitingRow, reason: str, now: datetime, actor: str) -> None:
    sql.execute(
        "UPDATE waiting_bills SET decided_by = %s, decision_reason = %s, changed_at = %s WHERE id = %s",
        (actor, reason.strip(), now, row.id),
    )


def _event(kind: str, row: WaitingRow, reason: str) -> Event:
    objects = (
        ObjectRef("waiting_bill", row.id),
        ObjectRef("agreement", row.agreement_id),
        ObjectRef("customer", row.customer_id),
    )
    return Event(kind, objects, {"net": str(row.net), "currency": row.currency, "cause": row.cause}, reason.strip())
