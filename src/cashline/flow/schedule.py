"""What runs by itself: the work of every minute and of every business day, in the order of the flow.

Each entry finds its work in the tables and appends only what is missing, so running one twice, late, or again after a
crash changes nothing more. A moved clock runs the very same entries day by day.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from cashline.platform.clock.actions import move_clock
from cashline.platform.clock.queries import read_clock
from cashline.platform.events.actions import seal_events
from cashline.platform.outbox.sending import send_due
from cashline.platform.webhooks.actions import enqueue_events

type DailyJob = Callable[..., object]
"""`job(*, today: date, now: datetime, actor: str)`."""

DAILY: tuple[tuple[str, DailyJob], ...] = ()
ACTOR = "system:schedule"


def run_minute(*, now: datetime) -> int:
    """The work that should not wait: fulfilment steps, the event feed, webhooks, mails. Gives how much was done."""
    done = seal_events(now=now)
    done += enqueue_events(now=now)
    return done + send_due(now=now)


def run_day(*, today: date, now: datetime, actor: str = ACTOR) -> None:
    """The work of a business day."""
    for _, job in DAILY:
        job(today=today, now=now, actor=actor)
    while run_minute(now=now):
        pass


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
