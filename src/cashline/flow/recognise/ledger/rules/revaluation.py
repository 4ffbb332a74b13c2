"""Revaluation: monetary items in foreign currency at the closing rate (IAS 21.23), taken back on the next day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.ledger.rules.entries import PlannedEntry, PlannedLine
from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.rounding import round_to

MONETARY = (
    AccountRole.RECEIVABLE,
    AccountRole.UNAPPLIED_CASH,
    AccountRole.BANK,
    AccountRole.CARD_CLEARING,
    AccountRole.INTERCOMPANY_RECEIVABLE,
    AccountRole.INTERCOMPANY_PAYABLE,
)
"""What is revalued; the contract position is not monetary and keeps the rate of its advance (IFRIC 22)."""


@dataclass(frozen=True, slots=True)
class MonetaryItem:
    """What a role holds in a currency at the end of a period: there, in the entity's, and the closing rate."""

    role: AccountRole
    currency: str
    amount: Decimal
    own: Decimal
    rate: Decimal

    def difference(self, digits: int) -> Decimal:
        """What it is worth more (or less) at the closing rate than it stands at."""
        return round_to(self.amount * self.rate, digits) - self.own


def plan_revaluation(
    entity_id: UUID,
    currency: str,
    digits: int,
    period: FiscalPeriod,
    items: Sequence[MonetaryItem],
    posted: Decimal,
    source_id: UUID,
) -> tuple[PlannedEntry, ...]:
    """The difference that is not posted yet: on the last day of the period, and taken back on the next day.

    It stands on an account of its own, so that receivables still equal their open items.
    """
    off = sum((one.difference(digits) for one in items), Decimal(0)) - posted
    if not off:
        return ()

    def entry(rule: str, day: date, value: Decimal, text: str) -> PlannedEntry:
        lines = (
            PlannedLine(AccountRole.CURRENCY_VALUATION, value, value),
            PlannedLine(AccountRole.FX_GAIN_LOSS, -value, -value),
        )
        return PlannedEntry(entity_id, currency, day, "revaluation", source_id, rule, text, lines)

    name = period.code
    return (
        entry("revaluation", period.last_day, off, f"Open items in foreign currency at the rates of the end of {name}"),
        entry("revaluation_reversal", period.end, -off, f"Revaluation of {name} taken back"),
    )
