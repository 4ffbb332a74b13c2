"""Months of the books: an open month takes entries, a closed one none; what comes late goes to the first open day."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from msgspec.structs import replace

from cashline.flow.recognise.ledger.rules.entries import PlannedEntry
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.periods import add_months, month_of


class PeriodStatus(StrEnum):
    """Whether a month takes entries."""

    OPEN = "open"
    CLOSED = "closed"


PERIOD = Lifecycle(
    "accounting period",
    ("close", [PeriodStatus.OPEN], PeriodStatus.CLOSED),
    ("reopen", [PeriodStatus.CLOSED], PeriodStatus.OPEN),
)


def accounting_day(day: date, closed: Collection[date]) -> date:
    """The day on which a fact of `day` is posted: its own, or the first day after it that is in no closed month.

    `closed` holds the first days of closed months (IAS 10.9 ff.: a closed period is not touched by later knowledge).
    """
    first = day.replace(day=1)
    if first not in closed:
        return day
    while first in closed:
        first = month_of(first).end
    return first


def dated(entry: PlannedEntry, closed: Collection[date]) -> PlannedEntry:
    """The entry on the day on which the books take it; where that is another day, its text says of which it is."""
    day = accounting_day(entry.day, closed)
    if day == entry.day:
        return entry
    return replace(entry, day=day, text=f"{entry.text} (of {entry.day.isoformat()}, a closed month)")


def previous_month(month: date) -> date:
    """The first day of the month before."""
    return add_months(month.replace(day=1), -1)
