"""What runs by itself: orders held for credit go on when there is room again."""

from datetime import datetime

from cashline.flow.book.orders import actions


def recheck_holds(*, now: datetime, actor: str) -> int:
    """Release the held orders that fit under their limit by now; gives how many."""
    return actions.recheck_holds(now=now, actor=actor)
