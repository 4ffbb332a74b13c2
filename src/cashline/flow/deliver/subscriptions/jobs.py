"""What runs by itself: subscriptions end on their day."""

from datetime import date, datetime

from cashline.flow.deliver.subscriptions import actions


def end_due(*, today: date, now: datetime, actor: str) -> int:
    """End every subscription whose last day is over; gives how many."""
    ended = 0
    while found := actions.end_due(today=today, now=now, actor=actor):
        ended += found
    return ended
