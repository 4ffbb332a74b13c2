"""Rules of snapshots: which figures are kept, how long one is good, and when it is read again.

A figure over all the books of a large company costs seconds. It is read by a job instead of by every visitor, and shown
with the instant as of which it is true. A small company's figures are always read anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cashline.kernel.periods import local_day

LEAST = timedelta(minutes=5)
"""A figure is not read again before so long."""
SHARE = 60
"""Nor before so many times what reading it took: reading costs at most one part in so many of a processor."""
GOOD = timedelta(hours=6)
"""One that is older, since nobody looked at it, is read again at once when somebody does."""
FORGOTTEN = timedelta(days=2)
"""One that nobody looked at for so long is dropped."""


@dataclass(frozen=True, slots=True)
class Figure[A, T]:
    """A figure over all the books: its name, the types of what is asked of it and of its answer, and how it is read.

    `read(asked, today)` gives the answer. One `on_demand` is read when it is requested, and never by itself.
    """

    name: str
    asks: type[A]
    answers: Any
    read: Callable[[A, date], T]
    on_demand: bool = False


@dataclass(frozen=True, slots=True)
class Shown[T]:
    """An answer and the instant as of which it is true; `kept` where it was not read for this very request.

    One that is `renewed` is no longer good: another is being read.
    """

    answer: T
    as_of: datetime
    milliseconds: int = 0
    kept: bool = False
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Request[T]:
    """A figure that is read on demand: the last answer, if there is one, and since when another is on its way."""

    last: Shown[T] | None = None
    requested_at: datetime | None = None
    requested_by: str = ""


def is_good(as_of: datetime, *, now: datetime, timezone: str) -> bool:
    """May an answer still be shown? It is of the same business day and not too old; a moved clock makes it old."""
    return as_of <= now < as_of + GOOD and local_day(as_of, timezone) == local_day(now, timezone)


def is_due(as_of: datetime, milliseconds: int, *, now: datetime, timezone: str) -> bool:
    """Should an answer be read again?"""
    age = max(LEAST, timedelta(milliseconds=milliseconds * SHARE))
    return not as_of <= now < as_of + age or local_day(as_of, timezone) != local_day(now, timezone)
