"""What runs by itself: books follow the journal, once its month is recognised."""

from datetime import date, datetime, timedelta

from cashline.flow.recognise.books.actions import run_books


def adjust_books(*, today: date, now: datetime, actor: str) -> None:
    """Bring every book up to the end of the month before; a second time finds nothing."""
    run_books(through=today.replace(day=1) - timedelta(days=1), now=now, actor=actor)
