"""Taking a run back: every invoice of it is void by a credit note in full, once, a batch of invoices a transaction.

What it billed is due again; so that no run bills it before the facts are mended, its agreements are held.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.billing.actions.waiting import hold_agreements
from cashline.flow.invoice.billing.queries import BillRunRow, bill_run_for_update
from cashline.flow.invoice.billing.queries.waiting import unreversed
from cashline.flow.invoice.billing.rules.lifecycle import BILL_RUN, BillRunStatus
from cashline.flow.invoice.billing.rules.manifest import Manifest
from cashline.flow.invoice.billing.rules.waiting import WaitingCause
from cashline.flow.invoice.credit_notes.actions import void_invoices
from cashline.flow.invoice.credit_notes.queries import creditable
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

BATCH = 500


@transaction.atomic
def reverse_bill_run(*, run_id: UUID, reason: str, now: datetime, actor: str) -> None:
    """Begin to take a run back; the worker voids its invoices. Raises IllegalTransition or (no reason) InvalidValue."""
    if not reason.strip():
        raise InvalidValue("Say why the run is taken back.", field="reason")
    run = bill_run_for_update(run_id)
    status = BILL_RUN.target("reverse", run.status, document_id=run.number)
    sql.execute(
        "UPDATE bill_runs SET status = %s, reversal_reason = %s WHERE id = %s", (status.value, reason.strip(), run.id)
    )
    data = {"number": run.number, "invoices": run.manifest.invoices}
    record([Event("BillRunReversing", (ObjectRef("bill_run", run.id),), data, reason.strip())], now=now, actor=actor)


@transaction.atomic
def advance_reversal(run_id: UUID, *, now: datetime, actor: str, batch: int = BATCH) -> int | None:
    """Take the next invoices of a run back; None once nothing is left of it. Gives how many credit notes it made.

    What cannot be taken back any more, being credited in full already, is passed over.
    """
    run = bill_run_for_update(run_id)
    if run.status != BillRunStatus.REVERSING:
        return None
    reversal = run.reversal or Manifest()
    after = reversal.cursor[0] if reversal.cursor else None
    rows = unreversed(run.id, after=after, limit=batch)
    if not rows:
        _end(run, reversal.credit_notes, now, actor)
        return None
    made = _void(run, rows, now=now, actor=actor)
    last = rows[-1][0]
    kept = replace(
        reversal, credit_notes=reversal.credit_notes + made, done=reversal.done + len(rows), cursor=(last, last)
    )
    sql.execute("UPDATE bill_runs SET reversal = %s WHERE id = %s", (sql.json(kept.as_json()), run.id))
    return made


def _void(run: BillRunRow, rows: Sequence[tuple[UUID, list[UUID], UUID]], *, now: datetime, actor: str) -> int:
    """Void what can be, by legal entity on its own day, and hold its agreements."""
    left = {key for key, found in creditable(key for key, _, _ in rows).items() if any(one.left for one in found.lines)}
    made = 0
    for entity in entities_by_id({entity_id for _, _, entity_id in rows}).values():
        keys = [key for key, _, entity_id in rows if entity_id == entity.id and key in left]
        today = local_day(now, entity.timezone)
        if keys:
            made += len(void_invoices(keys, reason=run.reversal_reason, today=today, now=now, actor=actor))
        hold_agreements(
            {agreement for key, agreements, _ in rows if key in set(keys) for agreement in agreements},
            cause=WaitingCause.RUN_REVERSED,
            words=f"Bill run {run.number} was taken back: {run.reversal_reason}",
            as_of=today,
            now=now,
            actor=actor,
            run_id=run.id,
        )
    return made


def _end(run: BillRunRow, credit_notes: int, now: datetime, actor: str) -> None:
    status = BILL_RUN.target("end_reversal", run.status, document_id=run.number)
    sql.execute("UPDATE bill_runs SET status = %s, ended_at = %s WHERE id = %s", (status.value, now, run.id))
    data = {"number": run.number, "credit_notes": credit_notes}
    record(
        [Event("BillRunReversed", (ObjectRef("bill_run", run.id),), data, run.reversal_reason)], now=now, actor=actor
    )
