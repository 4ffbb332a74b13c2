"""Journal entries as values: planned lines, and how a balance held in a foreign currency is valued when it changes."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec

from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.kernel.rounding import divide, round_to


class PlannedLine(msgspec.Struct, frozen=True, gc=False):
    """A line to post: debit positive, credit negative. `functional` is in the entity's currency."""

    role: AccountRole
    amount: Decimal
    functional: Decimal
    document_id: UUID | None = None
    customer_id: UUID | None = None
    agreement_id: UUID | None = None


class PlannedEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry to post: once per (source, rule, book). `belongs_on` is its day where that was in a closed period."""

    entity_id: UUID
    currency: str
    day: date
    source_type: str
    source_id: UUID
    rule: str
    text: str
    lines: tuple[PlannedLine, ...]
    belongs_on: date | None = None


class UnbalancedEntry(ValueError):
    """A posting rule made an entry whose lines do not sum to zero: a mistake in the rule, never in the input."""


def check_balance(entry: PlannedEntry) -> None:
    """Raise UnbalancedEntry unless the lines sum to zero in both currencies; the database checks it again."""
    amount = functional = _ZERO
    for line in entry.lines:
        amount += line.amount
        functional += line.functional
    if amount or functional or len(entry.lines) < 2:
        raise UnbalancedEntry(f"{entry.rule} of {entry.source_type} {entry.source_id}: off by {amount} / {functional}")


_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds for one document or agreement: in its currency and in the entity's (debit positive)."""

    amount: Decimal = _ZERO
    functional: Decimal = _ZERO


def revalue_at_document_rate(held: Balance, change: Decimal, rate: Decimal, digits: int) -> Decimal:
    """The functional side of a change to a monetary item that keeps the rate of its document (IAS 21.21).

    After every change the item stands at its balance × rate, rounded once; so it ends at exactly zero.
    """
    return round_to((held.amount + change) * rate, digits) - held.functional


def carry(held: Balance, change: Decimal, rate: Decimal, digits: int) -> Decimal:
    """The functional side of a change to a contract position (IFRIC 22.8: an advance keeps the rate of its payment).

    What reduces the position is taken out at its carrying value, in proportion; what passes zero or adds to it comes
    in at `rate`, the rate of the day. A position of zero is worth exactly zero.
    """
    if not change or held.amount * change >= 0:
        return round_to(change * rate, digits)
    if abs(change) >= abs(held.amount):
        return round_to((held.amount + change) * rate, digits) - held.functional
    return round_to(divide(held.functional * change, held.amount), digits)
