"""What the matching of payments gives: proposals with their reasons, and which of them may be applied unseen."""

from collections.abc import Hashable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from cashline.flow.receive.bank.rules.statement import StatementLine


class MatchRule(StrEnum):
    """What a proposal rests on."""

    REFERENCE = "reference"
    PARTIAL_NUMBER = "partial_number"
    MISSPELT_NUMBER = "misspelt_number"
    ACCOUNT_AND_AMOUNT = "account_and_amount"
    ACCOUNT_AND_SUM = "account_and_sum"
    NAME_AND_AMOUNT = "name_and_amount"
    NAME_AND_SUM = "name_and_sum"
    AMOUNT = "amount"
    ON_ACCOUNT = "on_account"


class WriteOffReason(StrEnum):
    """Why an invoice is settled by more than the money that came; tax withheld is settled apart, not written off."""

    DISCOUNT = "discount"
    BANK_CHARGES = "bank_charges"
    TOLERANCE = "tolerance"
    TAX_WITHHELD = "tax_withheld"


class MatchStatus(StrEnum):
    """What is to be done with a line."""

    APPLY = "apply"
    SUGGEST = "suggest"
    UNMATCHED = "unmatched"
    NOT_A_RECEIPT = "not_a_receipt"


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """Declared policy. A difference is written off only within both tolerances; zero means never.

    `tolerance_amount` is in major units of the payment's currency, `tolerance_rate` a share of what is open.
    """

    auto_apply_confidence: int = 95
    ambiguity_margin: int = 5
    tolerance_amount: Decimal = Decimal(0)
    tolerance_rate: Decimal = Decimal(0)
    max_sum_items: int = 30
    max_sum_steps: int = 20_000
    max_proposals: int = 5

    def tolerance(self, open_amount: Decimal) -> Decimal:
        """The largest difference that may be written off against this open amount."""
        return min(self.tolerance_amount, abs(open_amount) * self.tolerance_rate)


@dataclass(frozen=True, slots=True)
class ProposedAllocation:
    """Money put to one open item; `amount + write_off` is what it settles. Negative for a credit note that is used."""

    invoice_id: Hashable
    number: str
    amount: Decimal
    write_off: Decimal = Decimal(0)
    write_off_reason: WriteOffReason | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One way to apply a line: `allocations` and `unapplied` (kept on account of the customer) sum to its amount.

    `confidence` is 0 to 100; `reasons` are sentences for the person who decides.
    """

    rule: MatchRule
    confidence: int
    customer_id: Hashable
    allocations: tuple[ProposedAllocation, ...]
    unapplied: Decimal
    reasons: tuple[str, ...]

    @property
    def settles(self) -> frozenset[tuple[Hashable, Decimal]]:
        """What it does to whom; two proposals that do the same are no alternatives."""
        return frozenset((each.invoice_id, each.amount + each.write_off) for each in self.allocations)


@dataclass(frozen=True, slots=True)
class LineMatch:
    """The result for one line: proposals best first, of which the first is applied where `status` says so."""

    line: StatementLine
    status: MatchStatus
    proposals: tuple[Proposal, ...] = ()
    reason: str = ""

    @property
    def applied(self) -> Proposal | None:
        """The proposal that is certain enough to apply unseen."""
        return self.proposals[0] if self.status is MatchStatus.APPLY else None


@dataclass(frozen=True, slots=True)
class MatchPlan:
    """The results in the order of the lines; what is applied never passes what is open, over all lines together."""

    matches: tuple[LineMatch, ...]

    def of_status(self, status: MatchStatus) -> tuple[LineMatch, ...]:
        """The lines with that outcome."""
        return tuple(match for match in self.matches if match.status is status)
