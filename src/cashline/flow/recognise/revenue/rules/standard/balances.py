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


class Bill(NamedTuple):
    """An invoice: its day, the day it is due, and whether the customer may still walk away from it."""

    at: date
    due: date
    amount: Decimal
    cancellable: bool


@dataclass(frozen=True, slots=True)
class Cash:
    """Cash so far: from the customer, given back to the customer, and paid as an incentive."""

    received: Decimal = _ZERO
    refunded: Decimal = _ZERO
    incentives: Decimal = _ZERO

    @property
    def kept(self) -> Decimal:
        """What the customer paid and did not get back."""
        return self.received - self.refunded


@dataclass(frozen=True, slots=True)
class Standing:
    """The balances of a contract; `position` is a contract asset where positive, else a contract liability."""

    receivable: Decimal
    position: Decimal
    refund_liability: Decimal
    other_asset: Decimal


def receivable_billed(bills: Sequence[Bill], covered: Decimal, day: date, financed: Sequence[Financed]) -> Decimal:
    """What of the invoices up to a day is, or was, a receivable; `covered` is what performance gives a right to."""
    total, reached, billed = _ZERO, _ZERO, _ZERO
    for bill in bills:
        if bill.at > day:
            continue
        value = bill.amount
        if financed:
            value = _value(billed + bill.amount, day, financed) - _value(billed, day, financed)
        billed += bill.amount
        if value < 0 or (bill.due <= day and not bill.cancellable):
            total += value
        else:
            total += max(_ZERO, min(value, covered - reached))
        reached += value
    return total


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
    billed: Decimal,
    cash: Cash,
    borrowed: Decimal,
    given_back: Decimal,
    incentive_used: Decimal,
) -> Standing:
    """The balances: `earned` with interest, `billed` as far as it is a receivable, `borrowed` as a financing."""
    claimed = max(billed, cash.kept)
    other_asset = max(_ZERO, cash.incentives - incentive_used)
    position = earned - (claimed - borrowed) + cash.incentives - other_asset
    refund = min(given_back, -position) if position < 0 and given_back > 0 else _ZERO
    return Standing(claimed - cash.kept, position + refund, refund, other_asset)
