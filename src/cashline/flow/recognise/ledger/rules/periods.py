"""Periods of the books, whole or by area: what comes after one was closed goes to the first open day.

They are those of the entity's fiscal calendar: calendar months, or weeks by its pattern. A soft-closed period takes no
document any more, but still what the close itself posts: revenue and revaluations.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from msgspec.structs import replace

from cashline.flow.recognise.ledger.rules.entries import PlannedEntry
from cashline.kernel.fiscal import FiscalCalendar
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.periods import Period, month_of
from cashline.kernel.refusals import Conflict


class PeriodStatus(StrEnum):
    """Whether a period takes entries."""

    OPEN = "open"
    SOFT_CLOSED = "soft_closed"
    CLOSED = "closed"


class Area(StrEnum):
    """What of the books a period is closed for."""

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
    "credit_applied credit_refund credit_expiry revaluation revaluation_reversal intercompany_sale "
    "intercompany_sale_reversal intercompany_purchase intercompany_purchase_reversal intercompany_receipt "
    "intercompany_payment",
}
_AREA_OF = {rule: area for area, rules in _AREAS.items() for rule in rules.split()}
REVALUATION_RULES = frozenset({"revaluation", "revaluation_reversal"})


def area_of(rule: str) -> Area:
    """The area that a posting rule belongs to; what moves neither stock nor receivables is revenue's."""
    return _AREA_OF.get(rule, Area.REVENUE)


def of_the_close(rule: str) -> bool:
    """Is it posted by the close itself, so that a soft-closed period takes it?"""
    return rule in REVALUATION_RULES or area_of(rule) is Area.REVENUE


class ClosedPeriodCut(Conflict):
    """A fiscal calendar would begin or end a period within one that is closed."""

    code = "closed_period_cut"


@dataclass(frozen=True, slots=True)
class Shut:
    """A period `[start, end)` that is closed or soft-closed, for an area or for all."""

    start: date
    end: date
    area: str
    status: str

    def refuses(self, rule: str) -> bool:
        """Does the period take no entry of that rule?"""
        if self.area not in (Area.ALL, area_of(rule)):
            return False
        return self.status == PeriodStatus.CLOSED or not of_the_close(rule)


def accounting_day(day: date, closed: Sequence[Period]) -> date:
    """The day on which a fact of `day` is posted: its own, or the first day after it that is in no closed period.

    `closed` comes in the order of its days (IAS 10.9 ff.: a closed period is not touched by later knowledge).
    """
    if not closed or day >= closed[-1].end:
        return day
    for one in closed:
        if day in one:
            day = one.end
    return day


def dated(entry: PlannedEntry, closed: Sequence[Period]) -> PlannedEntry:
    """The entry on the day on which the books take it; where that is another day, its text says of which it is."""
    day = accounting_day(entry.day, closed)
    if day == entry.day:
        return entry
    held = next(one for one in closed if entry.day in one)
    name = "month" if held == month_of(held.start) else "period"
    text = f"{entry.text} (of {entry.day.isoformat()}, a closed {name})"
    return replace(entry, day=day, belongs_on=entry.day, text=text)


def code_of(calendar: FiscalCalendar, start: date, end: date) -> str:
    """By which name doors tell of a period; one of an earlier calendar is told by its days."""
    found = calendar.period_of(start)
    if (found.start, found.end) == (start, end):
        return found.code
    whole = Period(start, end)
    return f"{start:%Y-%m}" if whole == month_of(start) else str(whole)


def check_calendar(calendar: FiscalCalendar, shut: Iterable[Shut]) -> None:
    """Raises ClosedPeriodCut where a closed or soft-closed period is none of the calendar's."""
    closed = sorted({(one.start, one.end) for one in shut})
    after = closed[-1][1] if all(Period(*one) == month_of(one[0]) for one in closed) else None
    for start, end in closed:
        found = calendar.period_of(start)
        if (found.start, found.end) != (start, end):
            raise ClosedPeriodCut(
                f"{Period(start, end).last_day} is the last day of a closed period from {start} on, and {found.code} "
                f"would go from {found.start} to {found.last_day}.",
                field="since",
                fix=f"Let the calendar hold from {after} on." if after else "Open the closed periods again first.",
            )
