"""What runs by itself: everything due is billed each day, and runs that were begun are carried out."""

from datetime import date, datetime
from uuid import UUID

from cashline.flow.invoice.billing.actions import advance_bill_run, run_bills
from cashline.flow.invoice.billing.actions import settle_gates as settle_all
from cashline.flow.invoice.billing.queries import Scope, count_due, running_runs
from cashline.flow.invoice.billing.queries.waiting import entities_that_approve
from cashline.platform.company.queries import entities


def bill_due(*, today: date, now: datetime, actor: str) -> None:
    """Bill what is due; a run that was killed goes on, and a day without anything due keeps no run.

    Where a legal entity has its runs approved, each has a run of its own, so that the others do not wait for it.
    """
    apart: list[UUID | None] = [None]
    if entities_that_approve():
        apart = [entity.id for entity in entities()]
    for entity_id in apart:
        if count_due(Scope(today, entity_id)):
            run_bills(as_of=today, now=now, actor=actor, entity_id=entity_id)


def advance_runs(*, now: datetime, actor: str) -> int:
    """Work on the runs that were begun and are not completed, a batch a transaction; gives how many batches."""
    done = 0
    for run in running_runs():
        while advance_bill_run(run.id, now=now, actor=actor) is not None:
            done += 1
    return done


def settle_gates(*, now: datetime, actor: str) -> int:
    """Confirm the changes whose invoice is paid, and take back those that waited long; gives how many."""
    return settle_all(now=now, actor=actor)
