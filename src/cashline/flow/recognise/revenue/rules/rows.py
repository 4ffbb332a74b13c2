"""What a run reads and appends of a contract, as light values: obligations, postings, and how their amounts came about.

Derivations are written as JSON at once, since a run plans them by the hundred thousand.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol
from uuid import UUID


class RecordedRevenue(Protocol):
    """What was recorded of a line: the latest version of its obligation, and (amount, sequence) by month."""

    @property
    def version(self) -> int:
        """The latest version; -1 where there is none."""

    @property
    def prices(self) -> tuple[Decimal, Decimal, Decimal] | None:
        """Transaction, stand-alone and allocated price of that version."""

    @property
    def months(self) -> dict[date, tuple[Decimal, int]]:
        """What was posted by month, and the last sequence."""


class PlannedObligationRow(NamedTuple):
    """A version of an obligation to record."""

    line_id: UUID
    version: int
    pattern: str
    open_ended: bool
    transaction_price: Decimal
    stand_alone_price: Decimal
    allocated_price: Decimal
    derivation: str


class PlannedPosting(NamedTuple):
    """Revenue to post: so much of a line in a month, dated `day` unless that month is closed."""

    line_id: UUID
    kind: str
    month: date
    day: date
    sequence: int
    amount: Decimal
    derivation: str


class ContractPlan(NamedTuple):
    """What a run appends of a contract; `complete_on` is the day after which nothing is earned without a new fact.

    `ahead` is what is still to be earned by month, from the month of `through` on.
    """

    through: date
    obligations: list[PlannedObligationRow]
    postings: list[PlannedPosting]
    complete_on: date | None
    ahead: list[Decimal]


def stated_derivation(price: Decimal) -> str:
    """The record of an obligation that keeps its own price; `allocation.derivation_of` as JSON."""
    return (
        f'{{"rule":"revenue.stated_price","version":1,"inputs":{{"price":"{price}"}},'
        f'"formula":"price","result":"{price}"}}'
    )


def to_date_derivation(
    price: Decimal, done: Decimal, whole: Decimal, before: Decimal, earned: Decimal, digits: int
) -> str:
    """The record of revenue to date, less what was recognised before."""
    return (
        f'{{"rule":"revenue.to_date","version":1,"inputs":{{"price":"{price}","done":"{done}","whole":"{whole}",'
        f'"before":"{before}"}},"formula":"round(price * done / whole, {digits}) - before",'
        f'"result":"{earned - before}"}}'
    )
