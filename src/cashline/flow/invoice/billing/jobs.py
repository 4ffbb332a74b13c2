"""What runs by itself: everything due is billed each day, and runs that were begun are carried out."""

from datetime import date, datetime

from cashline.flow.invoice.billing.actions import advance_bill_run, run_bills
from cashline.flow.invoice.billing.queries import Scope, count_due, running_runs


def bill_due(*, today: date, now: datetime, actor: str) -> None:
    """Bill what is due; a run that was killed goes on, and a day without anything due keeps no run."""
    if count_due(Scope(today)):
        run_bills(as_of=today, now=now, actor=actor)


def advance_runs(*, now: datetime, actor: str) -> int:
    """Work on the runs that were begun and are not completed, a batch a transaction; gives how many batches."""
    done = 0
    for run in running_runs():
        while advance_bill_run(run.id, now=now, actor=actor) is not None:
            done += 1
    return done
