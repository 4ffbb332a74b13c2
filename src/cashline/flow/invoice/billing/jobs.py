"""What runs by itself: everything due is billed each day."""

from datetime import date, datetime

from cashline.flow.invoice.billing.actions import run_bills
from cashline.flow.invoice.billing.queries import Scope, count_due


def bill_due(*, today: date, now: datetime, actor: str) -> None:
    """Bill what is due; a run that was killed goes on, and a day without anything due keeps no run."""
    if count_due(Scope(today)):
        run_bills(as_of=today, now=now, actor=actor)
