"""Running bills: facts, plan, difference, append; a batch of agreements a transaction, so that a kill loses nothing.

What a delivery changes while a batch runs waits for it, and is looked at by the next run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.billing import queries
from cashline.flow.invoice.billing.actions.batches import (
    BilledDocument,
    PlannedBatch,
    append_batch,
    documents_of,
    plan_batch,
)
from cashline.flow.invoice.billing.actions.reversing import advance_reversal
from cashline.flow.invoice.billing.queries import BillRunRow, Scope
from cashline.flow.invoice.billing.queries.waiting import entities_that_approve
from cashline.flow.invoice.billing.rules.agreements import require_near
from cashline.flow.invoice.billing.rules.lifecycle import AWAITING_APPROVAL, BILL_RUN, BillRunStatus
from cashline.flow.invoice.billing.rules.manifest import BillException, CurrencyTotals, Manifest
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import Forbidden
from cashline.platform import sql
from cashline.platform.collection import paused_collection
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

BATCH = 2000
LISTED = 2000
"""How many documents a result lists; the list of invoices by run has them all."""


@dataclass(frozen=True, slots=True)
class BillRunResult:
    """What a run billed, or would bill. `documents` lists the first `LISTED` of them.

    `cursor` is the last customer and agreement that a preview of so many looked at; None where it looked at all.
    """

    run_id: UUID | None
    as_of: date
    invoices: int
    credit_notes: int
    totals: tuple[CurrencyTotals, ...]
    exceptions: tuple[BillException, ...]
    hash: str
    due: int = 0
    looked_at: int = 0
    documents: tuple[BilledDocument, ...] = ()
    cursor: tuple[UUID, UUID] | None = None

    @property
    def invoice_ids(self) -> list[UUID]:
        """The invoices among the listed documents."""
        return [item.document_id for item in self.documents if item.document_id and not item.is_credit_note]


def run_bills(
    *,
    as_of: date,
    now: datetime,
    actor: str,
    entity_id: UUID | None = None,
    customer_ids: Sequence[UUID] | None = None,
    agreement_ids: Sequence[UUID] | None = None,
    preview: bool = False,
    batch: int = BATCH,
    most: int | None = None,
    after: tuple[UUID, UUID] | None = None,
) -> BillRunResult:
    """Bill everything due by a day: goods shipped, services accepted, subscription periods; credit what was too much.

    Each batch is a transaction, so a run that was killed goes on where it stopped, and a second run finds nothing. A
    preview is the same without the append; with `most` it looks at so many agreements at the most, and goes on behind
    the customer and agreement of `after`. A run over named agreements keeps no manifest. Raises TooFarAhead.
    """
    require_near(as_of, local_day(now, "UTC"))
    scope = Scope(as_of, entity_id, _ids(customer_ids), _ids(agreement_ids))
    if preview or agreement_ids is not None:
        batch = min(batch, most or batch)
        return _run_at_once(scope, now=now, actor=actor, preview=preview, batch=batch, most=most, after=after)
    run = start_bill_run(as_of=as_of, now=now, actor=actor, entity_id=entity_id, customer_ids=customer_ids)
    documents: list[BilledDocument] = []
    while (done := advance_bill_run(run, now=now, actor=actor, batch=batch)) is not None:
        documents.extend(done[: LISTED - len(documents)])
    row = queries.bill_run(run)
    return _result(row.id, as_of, row.manifest, documents)


@transaction.atomic
def start_bill_run(
    *,
    as_of: date,
    now: datetime,
    actor: str,
    entity_id: UUID | None = None,
    customer_ids: Sequence[UUID] | None = None,
) -> UUID:
    """Begin a run, or go on with the one of the same day and scope that was not completed; gives its id.

    Where a legal entity in it has its runs approved, it is previewed first, and takes the place of earlier previews.
    """
    require_near(as_of, local_day(now, "UTC"))
    scope = Scope(as_of, entity_id, _ids(customer_ids))
    sql.execute("SELECT pg_advisory_xact_lock(hashtext('cashline.start_bill_run'))")
    unfinished = queries.unfinished_run(scope)
    if unfinished is not None:
        if unfinished.status == BillRunStatus.STOPPED:
            _change_status(unfinished, "resume", "BillRunResumed", now, actor)
        return unfinished.id
    key = new_id()
    series = Series("bill_run", "", local_day(now, "UTC").year)
    number = take_numbers({series: 1})[series][0]
    manifest = Manifest(due=queries.count_due(scope))
    columns = ("id", "number", "entity_id", "as_of", "status", "manifest", "started_at", "started_by")
    content = _content(manifest, scope.customer_ids)
    status = BillRunStatus.RUNNING
    if needs_approval(entity_id):
        status = BillRunStatus.PREVIEWING
        for earlier in queries.runs_in(AWAITING_APPROVAL, entity_id):
            if earlier.customer_ids == scope.customer_ids:
                _change_status(earlier, "discard", "BillRunDiscarded", now, actor)
    sql.insert("bill_runs", columns, [(key, number, entity_id, as_of, status.value, content, now, actor)])
    data = {"number": number, "as_of": as_of.isoformat(), "due": manifest.due}
    record([Event("BillRunStarted", (ObjectRef("bill_run", key),), data)], now=now, actor=actor)
    return key


@paused_collection()
@transaction.atomic
def advance_bill_run(run_id: UUID, *, now: datetime, actor: str, batch: int = BATCH) -> list[BilledDocument] | None:
    """Bill the next batch of a run; None once it is completed (or stopped). Any number of workers may call this.

    While one appends its batch the next plans the one after it, so that two are faster than one. A run that is to be
    approved is planned likewise and appends nothing, and one that is taken back is voided.
    """
    ahead = _plan_ahead(run_id, now=now, batch=batch)
    run = queries.bill_run_for_update(run_id)
    scope = Scope(run.as_of, run.entity_id, run.customer_ids)
    if run.status == BillRunStatus.REVERSING:
        return None if advance_reversal(run_id, now=now, actor=actor) is None else []
    if run.status == BillRunStatus.PREVIEWING:
        return _propose(run, scope, now=now, actor=actor, batch=batch)
    if run.status != BillRunStatus.RUNNING:
        return None
    if ahead is None and not queries.count_due(scope, after=run.manifest.cursor):
        _change_status(run, "complete", "BillRunCompleted", now, actor)
        return None
    if ahead is None or not _follows(ahead, run, scope):
        transaction.set_rollback(True)
        return []
    documents = append_batch(ahead.planned, run.id, now=now, actor=actor, as_of=run.as_of)
    _keep(run.id, ahead.planned.counted_in(run.manifest), run.customer_ids)
    return documents


class _Ahead(NamedTuple):
    """A batch that is planned: after which agreement, and its first customer."""

    after: tuple[UUID, UUID] | None
    first_customer: UUID
    planned: PlannedBatch


def _plan_ahead(run_id: UUID, *, now: datetime, batch: int) -> _Ahead | None:
    """Plan the batch after those that other workers are at; None where there is none."""
    run = queries.bill_run(run_id)
    if run.status != BillRunStatus.RUNNING:
        return None
    after = run.manifest.cursor
    scope = Scope(run.as_of, run.entity_id, run.customer_ids)
    due = queries.next_batch_for_update(scope, now=now, after=after, limit=batch)
    if not due:
        return None
    return _Ahead(after, due[0].customer_id, plan_batch(due, run.as_of, run.id, now=now, for_update=True))


def _follows(ahead: _Ahead, run: BillRunRow, scope: Scope) -> bool:
    """Is a batch that was planned ahead the next of the run, now that those before it are appended?

    It is all that is due after them up to its end; and where some were appended meanwhile, none of it is of their last
    customer, whose credit they may have changed. Else it is given up, to be planned again.
    """
    before = run.manifest.cursor
    if before is not None and before != ahead.after and before[0] == ahead.first_customer:
        return False
    return queries.count_due(scope, after=before, up_to=ahead.planned.cursor) == ahead.planned.looked_at


def _propose(
    run: BillRunRow, scope: Scope, *, now: datetime, actor: str, batch: int
) -> list[BilledDocument] | None:  # fmt: skip
    """Preview the next batch of a run that is to be approved; at the end it waits for the approval."""
    due = queries.due_agreements(scope, now=now, after=run.manifest.cursor, limit=batch, for_update=False)
    if due:
        planned = plan_batch(due, scope.as_of, run.id, now=now, for_update=False)
        _keep(run.id, planned.counted_in(run.manifest), run.customer_ids)
        return documents_of(planned)
    sql.execute("UPDATE bill_runs SET proposal = manifest -> 'manifest' WHERE id = %s", (run.id,))
    _change_status(run, "propose", "BillRunProposed", now, actor)
    return None


def needs_approval(entity_id: UUID | None) -> bool:
    """Are runs of that legal entity (None: of all) approved by a person before they post?"""
    approving = entities_that_approve()
    return entity_id in approving if entity_id is not None else bool(approving)


class SamePerson(Forbidden):
    """Who began a run does not approve it."""

    code = "same_person"


@transaction.atomic
def approve_bill_run(run_id: UUID, *, now: datetime, actor: str) -> None:
    """Let a previewed run post; it plans anew, and its page says where the result differs from what was approved.

    Raises IllegalTransition, or SamePerson: the four eyes are two people's.
    """
    run = queries.bill_run_for_update(run_id)
    if actor == run.started_by:
        raise SamePerson(f"Run {run.number} was begun by you: another person approves it.")
    _change_status(run, "approve", "BillRunApproved", now, actor)
    scope = Scope(run.as_of, run.entity_id, run.customer_ids)
    sql.execute("UPDATE bill_runs SET approved_by = %s WHERE id = %s", (actor, run.id))
    _keep(run.id, Manifest(due=queries.count_due(scope)), run.customer_ids)


@transaction.atomic
def discard_bill_run(run_id: UUID, *, now: datetime, actor: str) -> None:
    """Let a previewed run post nothing. Raises IllegalTransition."""
    _change_status(queries.bill_run_for_update(run_id), "discard", "BillRunDiscarded", now, actor)


@transaction.atomic
def stop_bill_run(run_id: UUID, *, now: datetime, actor: str) -> None:
    """Stop a run after the batch that it is at; it can be resumed. Raises IllegalTransition."""
    _change_status(queries.bill_run_for_update(run_id), "stop", "BillRunStopped", now, actor)


@transaction.atomic
def resume_bill_run(run_id: UUID, *, now: datetime, actor: str) -> None:
    """Go on with a stopped run. Raises IllegalTransition."""
    _change_status(queries.bill_run_for_update(run_id), "resume", "BillRunResumed", now, actor)


def _run_at_once(
    scope: Scope,
    *,
    now: datetime,
    actor: str,
    preview: bool,
    batch: int,
    most: int | None,
    after: tuple[UUID, UUID] | None,
) -> BillRunResult:
    manifest = Manifest(due=queries.count_due(scope) if preview else 0, cursor=after)
    documents: list[BilledDocument] = []
    more = False
    while True:
        with paused_collection(), transaction.atomic(savepoint=False):
            due = queries.due_agreements(
                scope, now=now, after=manifest.cursor, limit=batch, for_update=not preview
            )  # fmt: skip
            if not due:
                break
            planned = plan_batch(due, scope.as_of, None, now=now, for_update=not preview)
            found = documents_of(planned) if preview else append_batch(
                planned, None, now=now, actor=actor, as_of=scope.as_of
            )  # fmt: skip
        documents.extend(found[: LISTED - len(documents)])
        manifest = planned.counted_in(manifest)
        if len(due) < batch:
            break
        if most is not None and manifest.done >= most:
            more = queries.count_due(scope, after=manifest.cursor) > 0
            break
    result = _result(None, scope.as_of, manifest, documents)
    return replace(result, cursor=manifest.cursor) if more else result


def _change_status(run: BillRunRow, verb: str, event: str, now: datetime, actor: str) -> None:
    status = BILL_RUN.target(verb, run.status, document_id=run.number)
    ended = now if status in {BillRunStatus.COMPLETED, BillRunStatus.DISCARDED} else None
    sql.execute("UPDATE bill_runs SET status = %s, ended_at = %s WHERE id = %s", (status.value, ended, run.id))
    data = {"number": run.number, "invoices": run.manifest.invoices, "exceptions": run.manifest.exceptions}
    record([Event(event, (ObjectRef("bill_run", run.id),), data)], now=now, actor=actor)


def _keep(run_id: UUID, manifest: Manifest, customer_ids: Sequence[UUID] | None) -> None:
    sql.execute("UPDATE bill_runs SET manifest = %s WHERE id = %s", (_content(manifest, customer_ids), run_id))


def _content(manifest: Manifest, customer_ids: Sequence[UUID] | None) -> Any:
    chosen = None if customer_ids is None else [str(customer_id) for customer_id in customer_ids]
    return sql.json({"manifest": manifest.as_json(), "customer_ids": chosen})


def _ids(keys: Sequence[UUID] | None) -> tuple[UUID, ...] | None:
    return None if keys is None else tuple(sorted(set(keys)))


def _result(run_id: UUID | None, as_of: date, manifest: Manifest, documents: Sequence[BilledDocument]) -> BillRunResult:
    return BillRunResult(
        run_id,
        as_of,
        manifest.invoices,
        manifest.credit_notes,
        tuple(manifest.totals.values()),
        manifest.named,
        manifest.hash,
        manifest.due,
        manifest.done,
        tuple(documents),
    )
