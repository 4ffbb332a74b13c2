"""Receivables and the contract position (606-10-45): what was billed or paid against what was earned, by contract.

An invoice is a receivable as far as revenue is recognised for it; the rest when it is due, in a cancellable contract
not before performance. Cash without an invoice goes against the contract position. What exceeds revenue and is expected
to be given back is a refund liability, the other excess a contract liability.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from cashline.flow.recognise.revenue.rules.standard.financing import Financed

_ZERO = Decimal(0)


@dataclass(slots=True)
class Bill:
    """An invoice: its day, the day it is due, whether the customer may still walk away from it, and cash put to it."""

    at: date
    due: date
    amount: Decimal
    cancellable: bool
    paid: Decimal = _ZERO


class Claims(NamedTuple):
    """What was claimed of the customer (billed as far as it is a receivable, or paid), and what of it is open."""

    claimed: Decimal
    receivable: Decimal


@dataclass(slots=True)
class Cash:
    """Cash so far: from the customer, given back, paid as an incentive; and what came without an invoice, lately."""

    received: Decimal = _ZERO
    refunded: Decimal = _ZERO
    incentives: Decimal = _ZERO
    unapplied: Decimal = _ZERO
    unapplied_today: Decimal = _ZERO
    today: date = date.min

    @property
    def kept(self) -> Decimal:
        """What the customer paid and did not get back."""
        return self.received - self.refunded


def receive(cash: Cash, bills: Sequence[Bill], amount: Decimal, day: date) -> None:
    """Put cash to the open invoices, the oldest first; the rest came without one."""
    cash.received += amount
    left = amount
    for bill in bills:
        share = max(_ZERO, min(left, bill.amount - bill.paid))
        bill.paid += share
        left -= share
    cash.unapplied_today = left + (cash.unapplied_today if cash.today == day else _ZERO)
    cash.today = day
    cash.unapplied += left


def absorb(cash: Cash, bills: Sequence[Bill], bill: Bill, price: Decimal) -> None:
    """Put cash that came before to an invoice: that of its day, and what would claim more than the price in all."""
    billed = sum((one.amount for one in bills), _ZERO)
    beyond = max(_ZERO, billed + cash.unapplied - price)
    today = cash.unapplied_today if cash.today == bill.at else _ZERO
    share = max(_ZERO, min(cash.unapplied, bill.amount, max(beyond, today)))
    bill.paid += share
    cash.unapplied -= share
    cash.unapplied_today = max(_ZERO, cash.unapplied_today - share)


@dataclass(frozen=True, slots=True)
class Standing:
    """The balances of a contract; `position` is a contract asset where positive, else a contract liability."""

    receivable: Decimal
    position: Decimal
    refund_liability: Decimal
    other_asset: Decimal


def claims(bills: Sequence[Bill], cash: Cash, covered: Decimal, day: date, financed: Sequence[Financed]) -> Claims:
    """What of the invoices and cash up to a day is claimed; `covered` is what performance gives a right to."""
    claimed, receivable, reached, billed = cash.unapplied - cash.refunded, _ZERO, _ZERO, _ZERO
    for bill in bills:
        if bill.at > day:
            continue
        value = bill.amount
        if financed:
            value = _value(billed + bill.amount, day, financed) - _value(billed, day, financed)
        billed += bill.amount
        recognised = value
        if value >= 0 and (bill.due > day or bill.cancellable):
            recognised = max(_ZERO, min(value, covered - reached))
        reached += value
        claim = max(recognised, bill.paid) if value >= 0 else value
        claimed += claim
        receivable += claim - bill.paid
    return (
        Claims(claimed - min(_ZERO, receivable), max(_ZERO, receivable))
        if receivable < 0
        else Claims(claimed, receivable)
    )


def _value(billed: Decimal, day: date, financed: Sequence[Financed]) -> Decimal:
    """The value of what is billed, without interest that is not accrued yet; financed parts are billed first."""
    value = _ZERO
    for one in financed:
        whole = sum((payment.amount for payment in (*one.before, *one.after)), _ZERO)
        part = min(billed, whole)
        value += one.billed_value(part, day)
        billed -= part
    return value + billed


def stand(
    *,
    earned: Decimal,
    claims: Claims,
    cash: Cash,
    borrowed: Decimal,
    given_back: Decimal,
    refund_due: Decimal,
    incentive_used: Decimal,
) -> Standing:
    """The balances: `earned` with interest against what is claimed, without what is `borrowed` as a financing.

    `refund_due` is owed since the contract ended; `given_back` is expected to be, as far as claims exceed revenue.
    """
    other_asset = max(_ZERO, cash.incentives - incentive_used)
    position = earned - (claims.claimed - refund_due - borrowed) + cash.incentives - other_asset
    refund = min(given_back, -position) if position < 0 and given_back > 0 else _ZERO
    return Standing(claims.receivable, position + refund, refund + refund_due, other_asset)
