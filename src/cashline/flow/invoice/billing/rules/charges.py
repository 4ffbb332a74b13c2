"""A planned charge, the conventions under which it is planned, and the record of how its amount was made.

Charges are light tuples and their derivations are written as JSON at once: a run plans hundreds of thousands of them.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.agree.pricing.rules.including import with_tax
from cashline.kernel.periods import DayCount, Period
from cashline.kernel.rounding import WIDE, divide, round_to

ZERO = Decimal(0)
NEVER = date.max
ALWAYS = date.min


class BillingCalendar(StrEnum):
    """Where the periods of a subscription begin: on the day it was activated, or on the first of a calendar month."""

    ANNIVERSARY = "anniversary"
    CALENDAR_MONTH = "calendar_month"


@dataclass(frozen=True, slots=True)
class BillingConventions:
    """Where billing systems differ, these are declared: the calendar of periods, and how a part of one is counted."""

    calendar: BillingCalendar = BillingCalendar.ANNIVERSARY
    day_count: DayCount = DayCount.ACTUAL


DEFAULT_CONVENTIONS = BillingConventions()


class PlannedCharge(NamedTuple):
    """What should be billed: an amount for a delivery or a period, due on a day, and how it was made.

    `source_id` is the delivery fact of goods and services and the lineage of a subscription line. `term` is the version
    of the line that prices it. `due_on` is the first day on which a run bills it, `supplied_on` decides the tax rate.
    `gross_amount` is what it comes to with the tax that its price was given with (None: the price was without).
    """

    line_id: UUID
    source_id: UUID
    period_start: date
    period: Period | None
    quantity: Decimal
    unit_price: Decimal
    net_amount: Decimal
    due_on: date
    supplied_on: date
    term: TermLine
    derivation: str
    gross_amount: Decimal | None = None

    @property
    def key(self) -> tuple[UUID, date]:
        """What it is billed for; posted charges of the same key are the same charge."""
        return (self.source_id, self.period_start)

    @property
    def recurring(self) -> bool:
        """Is it of a subscription?"""
        return self.term.interval_months > 0


def gross_of(term: TermLine, quantity: Decimal, digits: int, days: int = 1, of_days: int = 1) -> Decimal | None:
    """What a quantity, for a part of a period, comes to at the price with tax: half a month of 9.99 is 5.00."""
    if term.included_tax_rate is None:
        return None
    price = with_tax(term.unit_price, term.included_tax_rate)
    return round_to(divide(WIDE.multiply(price, quantity) * days, Decimal(of_days)), digits)


@lru_cache(maxsize=4096)
def plain(number: Decimal) -> str:
    """A number with no needless zero and no exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit_derivation(quantity: Decimal, unit_price: Decimal, digits: int, amount: Decimal) -> str:
    """The record of quantity × price."""
    return (
        f'{{"rule":"billing.unit","version":1,"inputs":{{"quantity":"{plain(quantity)}","unit_price":'
        f'"{plain(unit_price)}"}},"formula":"round(quantity*unit_price,{digits})","result":"{amount}"}}'
    )


def share_derivation(
    term: TermLine, before: Decimal, through: Decimal, digits: int, amount: Decimal, *, by_price: bool
) -> str:
    """The record of one delivery among several: what is due for all so far, less what was due for those before it."""
    if by_price:
        given = f'"unit_price":"{plain(term.unit_price)}"'
        due = "round({0}*unit_price,{1})"
    else:
        given = f'"line_total":"{plain(term.net_total)}","line_quantity":"{plain(term.quantity)}"'
        due = "round({0}*line_total/line_quantity,{1})"
    formula = f"{due.format('delivered', digits)}-{due.format('delivered_before', digits)}"
    return (
        f'{{"rule":"billing.delivered_share","version":1,"inputs":{{"delivered":"{plain(through)}",'
        f'"delivered_before":"{plain(before)}",{given}}},"formula":"{formula}","result":"{amount}"}}'
    )


def proration_derivation(
    quantity: Decimal, unit_price: Decimal, days: int, of_days: int, digits: int, amount: Decimal
) -> str:
    """The record of a part of a period: price × days / days of the whole period."""
    return (
        f'{{"rule":"billing.prorated","version":1,"inputs":{{"quantity":"{plain(quantity)}","unit_price":'
        f'"{plain(unit_price)}","days":"{days}","days_of_period":"{of_days}"}},'
        f'"formula":"round(quantity*unit_price*days/days_of_period,{digits})","result":"{amount}"}}'
    )
