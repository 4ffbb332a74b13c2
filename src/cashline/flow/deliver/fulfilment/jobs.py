"""What runs by itself: steps advance."""

from datetime import datetime

from cashline.flow.deliver.fulfilment import actions


def advance_due(*, now: datetime, actor: str) -> int:
    """Advance every step whose time has come; gives how many."""
    advanced = 0
    while found := actions.advance_steps(now=now, actor=actor):
        advanced += found
    return advanced
