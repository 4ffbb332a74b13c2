"""What runs by itself: prepaid credit whose day has come expires."""

from datetime import date, datetime

from cashline.flow.invoice.credits.actions import expire_credits

BATCH = 1000


def expire_due(*, today: date, now: datetime, actor: str) -> int:
    """Expire all that is due, a batch a transaction; gives how many credits."""
    done = 0
    while count := expire_credits(today=today, now=now, actor=actor, limit=BATCH):
        done += count
    return done
