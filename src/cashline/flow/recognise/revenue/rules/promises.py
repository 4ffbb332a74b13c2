"""Promises: what each line of an agreement obliges us to, at what price, and what it would cost alone (step 2)."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.catalog.rules import RevenuePattern
from cashline.flow.agree.contracts.rules import TermLine
from cashline.kernel.rounding import divide, round_to


@dataclass(frozen=True, slots=True)
class Promise:
    """A performance obligation as promised: a distinct good or service, or a series (ASC 606-10-25-14).

    `price` and `stand_alone` are for the whole of it, in minor units of the agreement's currency. An open-ended
    subscription is promised one interval at a time (either side may end it, ASC 606-10-25-3), so its two are for one.
    """

    line_id: UUID
    kind: str
    pattern: str
    quantity: Decimal
    price: Decimal
    stand_alone: Decimal
    interval_months: int = 0
    term_months: int = 0
    interval_price: Decimal = Decimal(0)
    """What an interval of an open-ended service costs before rounding, of which a part is billed by days."""

    @property
    def open_ended(self) -> bool:
        """Does it go on, interval by interval, until someone ends it?"""
        return self.interval_months > 0 and self.term_months == 0


def promise_of(line: TermLine, digits: int) -> Promise:
    """The promise of an agreement line. Where no stand-alone price is known, its own price stands for it."""
    quantity = line.quantity
    stand_alone = line.stand_alone_price * quantity
    price, interval_price = line.net_total, Decimal(0)
    if line.interval_months:
        if line.term_months:
            if line.term_months != line.interval_months:
                stand_alone = divide(stand_alone * line.term_months, Decimal(line.interval_months))
        else:
            interval_price = line.unit_price * quantity
            price = round_to(interval_price, digits)
    return Promise(
        line.line_id,
        line.kind,
        line.revenue_pattern,
        quantity,
        price,
        round_to(stand_alone, digits) or price,
        line.interval_months,
        line.term_months,
        interval_price,
    )


def is_over_time(promise: Promise) -> bool:
    """Is it satisfied over time rather than unit by unit?"""
    return promise.pattern == RevenuePattern.RATABLE_DAILY
