"""How the customers of the demo pay: like the receivables of a published sample, about a third of them late.

Days to settle spread around each customer's own mean (8 to 50 days from issue, median 26); 36 % of invoices are late,
and disputed ones take half as long again.
"""

from dataclasses import dataclass
from random import Random
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Payer:
    """A customer's habits: mean days from issue to money, and how often money comes short or too much."""

    mean_days: int
    spread: int
    short_share: int
    disputes_share: int


_MEANS = (8, 14, 19, 22, 24, 26, 28, 30, 33, 36, 40, 43, 49)


def payer(chance: Random) -> Payer:
    """Draw a customer's habits."""
    return Payer(chance.choice(_MEANS), chance.choice((3, 6, 9)), chance.choice((0, 0, 0, 2)), chance.choice((0, 1, 3)))


def days_to_settle(one: Payer, chance: Random, *, disputed: bool) -> int:
    """Days from issue to payment of one invoice."""
    days = max(1, round_to_days(chance.gauss(one.mean_days, one.spread)))
    return days + days // 2 if disputed else days


def round_to_days(value: float) -> int:
    """Whole days."""
    return int(value + 0.5)


def chance_for(seed: str) -> Random:
    """A source of chance of its own for each purpose, so that a change in one does not shift the others."""
    return Random(seed)  # noqa: S311 - a demo, not a secret


type Invoices = dict[UUID, int]
