"""Months of the books: an open month takes entries, a closed one none; what comes late goes to the first open day."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum

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


def previous_month(month: date) -> date:
    """The first day of the month before."""
    return add_months(month.replace(day=1), -1)
