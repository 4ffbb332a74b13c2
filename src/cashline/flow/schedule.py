"""What runs by itself: the work of every minute and of every business day, in the order of the flow.

Each entry finds its work in the tables and appends only what is missing, so running one twice, late, or again after a
crash changes nothing more. A moved clock runs the very same entries day by day.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from cashline.flow.agree.quotes.jobs import expire_quotes
from cashline.flow.book.orders.jobs import recheck_holds
from cashline.flow.deliver.fulfilment.jobs import advance_due
from cashline.flow.deliver.provisioning.jobs import fail_unanswered
from cashline.flow.deliver.subscriptions.jobs import advance_campaigns, end_due, renew_due, show_changes
from cashline.flow.deliver.usage.jobs import alert_due, open_coming_months
from cashline.flow.invoice.billing.jobs import advance_runs, bill_due, settle_gates
from cashline.flow.invoice.commitments.jobs import true_up_due
from cashline.flow.invoice.credits.jobs import expire_due
from cashline.flow.invoice.invoices.queries import RECEIVABLES
from cashline.flow.invoice.notices.jobs import check_money, tell_renewals
from cashline.flow.receive.bank.jobs import match_due
from cashline.flow.receive.collections.actions import NEXT
from cashline.flow.receive.collections.jobs import remind_due
from cashline.flow.receive.payments.jobs import settle_charges
from cashline.flow.recognise.books.jobs import adjust_books
from cashline.flow.recognise.ledger.jobs import summarise
from cashline.flow.recognise.revenue.jobs import recognise_month
from cashline.flow.report.closing.queries import FINDINGS
from cashline.flow.report.consolidation.queries import CONSOLIDATION
from cashline.flow.report.health.jobs import check_daily
from cashline.flow.report.health.queries import LAWS
from cashline.flow.report.metrics.queries import BOARD
from cashline.flow.report.mining.queries import CYCLE_TIMES
from cashline.flow.report.statements.queries import AGEING, DEFERRED, REMAINING
from cashline.flow.report.statements.queries.financial import STATEMENTS
from cashline.platform.clock.actions import move_clock
from cashline.platform.clock.queries import read_clock
from cashline.platform.events.actions import seal_events
from cashline.platform.outbox.sending import send_due
from cashline.platform.snapshots.rules import Figure
from cashline.platform.webhooks.actions import enqueue_events

type MinuteJob = Callable[..., int]
"""`job(*, now: datetime, actor: str) -> int`: how much was done."""
type DailyJob = Callable[..., object]
"""`job(*, today: date, now: datetime, actor: str)`."""

MINUTELY: tuple[MinuteJob, ...] = (
    recheck_holds,
    advance_due,
    fail_unanswered,
    show_changes,
    advance_campaigns,
    advance_runs,
    settle_charges,
    settle_gates,
    summarise,
    alert_due,
    check_money,
)
DAILY: tuple[DailyJob, ...] = (
    expire_quotes,
    renew_due,
    tell_renewals,
    end_due,
    expire_due,
    bill_due,
    true_up_due,
    match_due,
    remind_due,
    recognise_month,
    adjust_books,
    check_daily,
    open_coming_months,
)
FIGURES: tuple[Figure[Any, Any], ...] = (
    LAWS,
    BOARD,
    AGEING,
    CYCLE_TIMES,
    DEFERRED,
    REMAINING,
    STATEMENTS,
    CONSOLIDATION,
    FINDINGS,
    NEXT,
    RECEIVABLES,
)
"""The figures over all the books that are kept as snapshots and read again beside the other work."""
ACTOR = "system:schedule"
log = logging.getLogger(__name__)


def run_minute(*, now: datetime, actor: str = ACTOR) -> int:
    """The work that should not wait, then the event feed, webhooks and mails. Gives how much was done.

    What fails keeps none of the others from theirs; the first failure is raised at the end.
    """
    found = _each([partial(job, now=now, actor=actor) for job in MINUTELY])
    found += _each([partial(step, now=now) for step in (seal_events, enqueue_events, send_due)])
    return sum(_sound(found))


def run_day(*, today: date, now: datetime, actor: str = ACTOR) -> None:
    """The work of a business day; what fails keeps none of the others from theirs, and is raised at the end."""
    found = _each([partial(job, today=today, now=now, actor=actor) for job in DAILY])
    while run_minute(now=now, actor=actor):
        pass
    _sound(found)


def _each(steps: Sequence[partial[Any]]) -> list[Any]:
    """Carry out each step; gives what it gave, or its failure."""
    found: list[Any] = []
    for step in steps:
        try:
            found.append(step())
        except Exception as failure:
            log.exception("%s failed; what comes after it goes on", step.func.__name__)
            found.append(failure)
    return found


def _sound(found: list[Any]) -> list[Any]:
    """What was given; raises the first failure among it."""
    for one in found:
        if isinstance(one, Exception):
            raise one
    return found


def advance_clock(*, to: datetime, actor: str) -> int:
    """Move a sandbox's clock to an instant, running the jobs of every day on the way; gives the number of days."""
    now = read_clock().now
    days = 0
    while now < to:
        now = min(now + timedelta(days=1), to)
        move_clock(now)
        run_day(today=now.date(), now=now, actor=actor)
        days += 1
    return days
