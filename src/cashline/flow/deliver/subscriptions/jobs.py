"""What runs by itself: subscriptions end on their day, and show what was scheduled when it takes effect."""

from datetime import date, datetime

from cashline.flow.deliver.subscriptions import actions


def end_due(*, today: date, now: datetime, actor: str) -> int:
    """End every subscription whose last day is over; gives how many."""
    ended = 0
    while found := actions.end_due(today=today, now=now, actor=actor):
        ended += found
    return ended


def show_changes(*, now: datetime, actor: str) -> int:  # noqa: ARG001 - a job
    """Let subscriptions to plans show what has taken effect; gives how many."""
    return actions.show_lives(now=now)


def renew_due(*, today: date, now: datetime, actor: str) -> int:  # noqa: ARG001 - a job
    """Renew the terms that renew themselves; gives how many."""
    return actions.renew_due(now=now, actor=actor)


def advance_campaigns(*, now: datetime, actor: str) -> int:
    """Carry out the price campaigns that are under way; gives how many subscriptions they came to."""
    return actions.advance_campaigns(now=now, actor=actor)
