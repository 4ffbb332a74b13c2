"""Months of the books, whole or by area: what comes after a month was closed goes to the first open day.

A soft-closed month takes no document any more, but still what the close itself posts: revenue and revaluations.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from msgspec.structs import replace

from cashline.flow.recognise.ledger.rules.entries import PlannedEntry
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.periods import add_months, month_of


class PeriodStatus(StrEnum):
    """Whether a month takes entries."""

    OPEN = "open"
    SOFT_CLOSED = "soft_closed"
    CLOSED = "closed"


class Area(StrEnum):
    """What of the books a month is closed for."""

    ALL = "all"
    RECEIVABLES = "receivables"
    REVENUE = "revenue"
    STOCK = "stock"


PERIOD = Lifecycle(
    "accounting period",
    ("soft_close", [PeriodStatus.OPEN], PeriodStatus.SOFT_CLOSED),
    ("close", [PeriodStatus.OPEN, PeriodStatus.SOFT_CLOSED], PeriodStatus.CLOSED),
    ("reopen", [PeriodStatus.CLOSED, PeriodStatus.SOFT_CLOSED], PeriodStatus.OPEN),
)
_AREAS = {
    Area.STOCK: "receipt adjustment shipment",
    Area.RECEIVABLES: "invoice credit_note payment allocation unallocation refund credited_invoice top_up promotion "
    "credit_applied credit_refund credit_expiry revaluation revaluation_reversal",
}
_AREA_OF = {rule: area for area, rules in _AREAS.items() for rule in rules.split()}
REVALUATION_RULES = frozenset({"revaluation", "revaluation_reversal"})


def area_of(rule: str) -> Area:
    """The area that a posting rule belongs to; what moves neither stock nor receivables is revenue's."""
    return _AREA_OF.get(rule, Area.REVENUE)


def of_the_close(rule: str) -> bool:
    """Is it posted by the close itself, so that a soft-closed month takes it?"""
    return rule in REVALUATION_RULES or area_of(rule) is Area.REVENUE


@dataclass(frozen=True, slots=True)
class Shut:
    """A month that is closed or soft-closed, for an area or for all."""

    month: date
    area: str
    status: str

    def refuses(self, rule: str) -> bool:
        """Does the month take no entry of that rule?"""
        if self.area not in (Area.ALL, area_of(rule)):
            return False
        return self.status == PeriodStatus.CLOSED or not of_the_close(rule)


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
    day = accounting_day(entry.day, closed) if closed else entry.day
    if day == entry.day:
        return entry
    return replace(entry, day=day, text=f"{entry.text} (of {entry.day.isoformat()}, a closed month)")


def previous_month(month: date) -> date:
    """The first day of the month before."""
    return add_months(month.replace(day=1), -1)
