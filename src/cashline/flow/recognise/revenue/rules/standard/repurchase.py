"""Sales with a right or duty to buy back that are a financing (606-10-55-70): what is received is a liability."""

from datetime import date
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.judgements import Repurchase
from cashline.flow.recognise.revenue.rules.standard.standing import Work
from cashline.kernel.rounding import divide, round_to

_ZERO = Decimal(0)


def repurchased(work: Work, allocated: Decimal, stop: date) -> tuple[Decimal, Decimal, Decimal]:
    """Revenue, allocated price and what remains.

    Nothing is earned before the right lapses, then the whole liability; in a lease the liability falls to the price of
    the repurchase and what it falls by is earned (606-10-55-68).
    """
    if work.repurchase_end is None or work.repurchase_end >= stop:
        return work.lease_income, max(allocated, work.lease_income), max(_ZERO, allocated - work.lease_income)
    if work.repurchase_outcome == "exercised":
        return work.lease_income, work.lease_income, _ZERO
    return work.liability + work.lease_income, work.liability + work.lease_income, _ZERO


def accrued(judgement: Repurchase, principal: Decimal, start: date, day: date, digits: int) -> Decimal:
    """Interest from the first day, itself included, evenly by days to the price on the last day (IE example 62)."""
    if day < start or not principal:
        return _ZERO
    days = (judgement.until - start).days + 1
    gone = min((day - start).days + 1, days)
    return round_to(divide((judgement.price - principal) * gone, Decimal(max(days, 1))), digits)
