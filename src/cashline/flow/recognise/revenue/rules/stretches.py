"""Amounts that are earned evenly over the days of a stretch: what a period was billed, and what is taken off it.

A stretch may count from a later day than its first (a credit note given as a concession): on that day all that its
earlier days would have earned is caught up (ASC 606-10-32-42 to 32-44). Earned to date is a rounded share of the
amount, so that the months of a stretch sum to it exactly.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from cashline.kernel.derivations import Derivation, Input
from cashline.kernel.fiscal import Slicer
from cashline.kernel.periods import month_of
from cashline.kernel.rounding import divide, round_to

_ZERO = Decimal(0)
_DAY = timedelta(days=1)


class Stretch(NamedTuple):
    """`amount` is earned over the days of `[start, end)`, and counts from a day on; `source` says of what."""

    amount: Decimal
    start: date
    end: date
    counts_from: date
    source: str

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    @property
    def first(self) -> date:
        """The first day on which something is earned."""
        return max(self.start, self.counts_from)

    @property
    def last(self) -> date:
        """The day on which all of it is earned."""
        return max(self.end - _DAY, self.counts_from)

    def days_by(self, day: date) -> int:
        """How many of its days are earned at the end of a day."""
        if day < self.counts_from or day < self.start:
            return 0
        return min((day - self.start).days + 1, self.days)

    def earned(self, day: date, digits: int) -> Decimal:
        """What is earned of it at the end of a day."""
        done = self.days_by(day)
        if done == self.days:
            return self.amount
        return round_to(divide(self.amount * done, Decimal(self.days)), digits) if done else _ZERO

    def moved_by(self, amount: Decimal, source: str, *, counts_from: date | None = None) -> "Stretch":
        """Another amount over the same days; from a day on, or as if it had always been so."""
        return Stretch(amount, self.start, self.end, max(counts_from or self.counts_from, self.counts_from), source)

    def derivation(self, start: date, day: date, digits: int) -> Derivation:
        """What it earned from the beginning of `start` to the end of `day`."""
        before, done = self.days_by(start - _DAY), self.days_by(day)
        earned = self.earned(day, digits) - self.earned(start - _DAY, digits)
        inputs: dict[str, Input] = {"amount": self.amount, "days": done, "days_before": before, "whole": self.days}
        share = "round(amount * {} / whole, {})".format
        formula = f"{share('days', digits)} - {share('days_before', digits)}"
        return Derivation("revenue.stretch", 1, inputs, formula, earned, self.source)


def at_once(amount: Decimal, day: date, source: str) -> Stretch:
    """An amount that is earned on one day."""
    return Stretch(amount, day, day + _DAY, day, source)


def earned_of(stretches: Sequence[Stretch], day: date, digits: int) -> Decimal:
    """What is earned of all of them at the end of a day."""
    return sum((one.earned(day, digits) for one in stretches), _ZERO)


def months_of(stretch: Stretch, through: date, slicer: Slicer = month_of) -> Iterator[tuple[date, date]]:
    """The months, or slices of them, in which it earns up to `through`, each with its last day that counts."""
    last = min(stretch.last, through)
    month = slicer(stretch.first).start
    while month <= last:
        end = slicer(month).end
        yield month, min(end - _DAY, through)
        month = end
