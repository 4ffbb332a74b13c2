"""A significant financing component: the price at the day of transfer, and effective interest (606-10-32-15).

What is paid before the transfer is accumulated to it, what is paid after it is discounted. A rate is held as `growth`,
the natural logarithm of the growth in a month, so that the factor of m months is exp(m × growth); m counts whole months
plus the days of a part month over its length. The balance ends at exactly what is paid or transferred.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import NamedTuple

from cashline.flow.recognise.revenue.rules.standard.elapsed import months_between
from cashline.flow.recognise.revenue.rules.standard.judgements import Financing
from cashline.kernel.rounding import divide, round_to

_CONTEXT = Context(prec=34)
_ZERO, _ONE, _TWELVE = Decimal(0), Decimal(1), Decimal(12)


class Payment(NamedTuple):
    """Cash of a part of the consideration, as agreed or as it came."""

    day: date
    amount: Decimal


class Interest(NamedTuple):
    """Interest to date; `given_back` is that on goods which are expected to come back (606-10-55-22 to 55-29)."""

    income: Decimal
    expense: Decimal
    given_back: Decimal

    @property
    def net(self) -> Decimal:
        """Income less expense."""
        return self.income - self.expense


def growth_of(judgement: Financing) -> Decimal:
    """The growth in a month: of (1 + r) a year, or of (1 + r / 12) a month."""
    rate = judgement.annual_rate
    if judgement.compounding == "monthly":
        return (_ONE + divide(rate, _TWELVE)).ln(_CONTEXT)
    return divide((_ONE + rate).ln(_CONTEXT), _TWELVE)


def factor(growth: Decimal, months: Decimal) -> Decimal:
    """What one unit grows to."""
    return (growth * months).exp(_CONTEXT)


@dataclass(frozen=True, slots=True)
class Financed:
    """A financed part: its price at `transfer`, and the growth of what is paid before and after it.

    Interest of the later payments runs from `recorded`, the day its revenue is; `owed` stands then.
    """

    price: Decimal
    transfer: date
    recorded: date | None
    before: tuple[Payment, ...]
    after: tuple[Payment, ...]
    growth_before: Decimal
    growth_after: Decimal
    owed_before: Decimal
    owed: Decimal
    digits: int

    def expense(self, day: date) -> Decimal:
        """Interest expense on what the customer paid in advance, by the end of the day."""
        paid = [one for one in self.before if one.day <= day]
        if not paid:
            return _ZERO
        total = sum((one.amount for one in self.before), _ZERO)
        if day >= self.transfer:
            return self.owed_before - total
        grown = sum(
            (one.amount * (factor(self.growth_before, months_between(one.day, day)) - _ONE) for one in paid), _ZERO
        )
        return round_to(grown, self.digits)

    def income(self, day: date) -> Decimal:
        """Interest income on what the customer pays later, by the end of the day."""
        if self.recorded is None or day < self.recorded or not self.after:
            return _ZERO
        paid = sum((one.amount for one in self.after if one.day <= day), _ZERO)
        if day >= self.after[-1].day:
            return paid - self.owed
        left = self.owed - sum((self._at_record(one) for one in self.after if one.day <= day), _ZERO)
        balance = factor(self.growth_after, months_between(self.recorded, day)) * left
        return round_to(balance + paid - self.owed, self.digits)

    def _at_record(self, one: Payment) -> Decimal:
        start = self.recorded or self.transfer
        return divide(one.amount, factor(self.growth_after, months_between(start, one.day)))

    def billed_value(self, billed: Decimal, day: date) -> Decimal:
        """What is billed, without the interest in it that is not yet accrued."""
        start = self.recorded or self.transfer
        now = factor(self.growth_after, months_between(start, day)) if day > start else _ONE
        value, left = _ZERO, billed
        for one in (*self.before, *self.after):
            covered = max(_ZERO, min(left, one.amount))
            left -= covered
            if one.day > day and one in self.after:
                value += divide(covered * now, factor(self.growth_after, months_between(start, one.day)))
            else:
                value += covered
        return round_to(value, self.digits) + left


def finance(
    judgement: Financing,
    payments: Sequence[Payment],
    *,
    transfer: date,
    recorded: date | None,
    digits: int,
) -> Financed:
    """The price of a part at the day of transfer, and the effective rate of the time left.

    IFRS 15 example 29: 4000 paid two years before at 6 % is a price of 4494.40. Example 26: 100 recorded three months
    after the transfer and 121 paid 21 months later grow by 121 / 100 in 21 months.
    """
    given = growth_of(judgement)
    before = tuple(sorted(one for one in payments if one.day <= transfer))
    after = tuple(sorted(one for one in payments if one.day > transfer))
    grown = sum((one.amount * factor(given, months_between(one.day, transfer)) for one in before), _ZERO)
    discounted = sum((divide(one.amount, factor(given, months_between(transfer, one.day))) for one in after), _ZERO)
    price = round_to(grown + discounted if judgement.cash_price is None else judgement.cash_price, digits)
    owed_before = price if not after else round_to(grown, digits)
    owed = price - owed_before if after else _ZERO
    growth_before = growth_after = given
    near = Decimal(1).scaleb(-digits)
    if before and not after and abs(grown - price) > near:
        growth_before = solve(before, price, transfer, given, forward=True)
    start = recorded or transfer
    if after and (start > transfer or abs(discounted - owed) > near):
        settled = sum((one.amount for one in after if one.day <= start), _ZERO)
        later = tuple(one for one in after if one.day > start)
        if later and owed > settled:
            growth_after = solve(later, owed - settled, start, given, forward=False)
    return Financed(price, transfer, recorded, before, after, growth_before, growth_after, owed_before, owed, digits)


def solve(payments: Sequence[Payment], target: Decimal, start: date, guess: Decimal, *, forward: bool) -> Decimal:
    """The growth at which payments are worth `target` on a day: grown to it (`forward`) or discounted to it."""
    months = [
        (one.amount, months_between(one.day, start) if forward else -months_between(start, one.day)) for one in payments
    ]

    def worth(growth: Decimal) -> Decimal:
        return sum((amount * factor(growth, count) for amount, count in months), _ZERO)

    if len(months) == 1 and months[0][1] and target > 0 and months[0][0] > 0:
        return divide(divide(target, months[0][0]).ln(_CONTEXT), months[0][1])
    low, high = min(guess, _ZERO) - Decimal("0.2"), max(guess, _ZERO) + Decimal("0.2")
    for _ in range(80):
        middle = (low + high) / 2
        if (worth(middle) < target) == forward:
            low = middle
        else:
            high = middle
    return (low + high) / 2
