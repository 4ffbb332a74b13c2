"""Rules of commitments: what is wrong with a new one, what is left of it, and what its end is still to bill.

Amounts are net of sales tax, in the commitment's currency.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

import msgspec

from cashline.flow.agree.catalog.rules import ProductKind, TaxCategory
from cashline.flow.invoice.credit_notes.rules import CreditCause, CreditRequest
from cashline.flow.invoice.invoices.rules.drafts import DraftInvoice, DraftLine
from cashline.flow.invoice.invoices.rules.one_off import ITEM
from cashline.kernel.derivations import Derivation
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.money import MAX_AMOUNT, minor_units
from cashline.kernel.periods import Period
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal
from cashline.kernel.rounding import round_fraction, round_to

ZERO = Decimal(0)
WATCHED_DAYS = 400
"""For how long after its end a commitment is compared with what was billed late or credited."""


class CommitmentStatus(StrEnum):
    """Where a commitment stands."""

    ACTIVE = "active"
    CANCELLED = "cancelled"


COMMITMENT = Lifecycle("commitment", ("cancel", [CommitmentStatus.ACTIVE], CommitmentStatus.CANCELLED))


@dataclass(frozen=True, slots=True)
class NewCommitment:
    """What a customer promises to be billed at least, from `starts_on` to before `ends_on`; no `plans`: by anything."""

    entity_id: UUID
    customer_id: UUID
    currency: str
    name: str
    amount: Decimal
    starts_on: date
    ends_on: date
    plans: tuple[str, ...] = ()
    tax_category: TaxCategory = TaxCategory.STANDARD


class Term(NamedTuple):
    """A commitment on file, as another is compared with it."""

    entity_id: UUID
    customer_id: UUID
    currency: str
    name: str
    starts_on: date
    ends_on: date
    plans: frozenset[str]


class OverlappingCommitment(Conflict):
    """Another commitment would count the same lines."""

    code = "overlapping_commitment"


def commitment_problems(new: NewCommitment) -> list[Refusal]:
    """What is wrong with a commitment, all at once."""
    found: list[Refusal] = []
    digits = minor_units(new.currency)
    if not 0 < new.amount < MAX_AMOUNT or round_to(new.amount, digits) != new.amount:
        found.append(InvalidValue(f"An amount above zero, with at most {digits} decimals.", field="amount"))
    if new.ends_on <= new.starts_on:
        found.append(InvalidValue("The term ends after it begins.", field="ends_on"))
    if not new.name.strip():
        found.append(InvalidValue("A commitment has a name: the invoice states it.", field="name"))
    return found


def overlaps(new: NewCommitment, others: Iterable[Term]) -> list[Refusal]:
    """The commitments that would count lines that this one counts."""
    found: list[Refusal] = []
    for one in others:
        same = (one.entity_id, one.customer_id, one.currency) == (new.entity_id, new.customer_id, new.currency)
        apart = one.ends_on <= new.starts_on or new.ends_on <= one.starts_on
        different = bool(one.plans and new.plans) and one.plans.isdisjoint(new.plans)
        if same and not apart and not different:
            words = f"{one.name} counts the same from {one.starts_on} to before {one.ends_on}."
            found.append(OverlappingCommitment(words, field="starts_on", fix="Give another term, or other plans."))
    return found


class TrueUpLine(NamedTuple):
    """A true-up that was billed: what is left of it, and what of it was waived by a concession."""

    invoice_id: UUID
    line_id: UUID
    revision: int
    left: Decimal
    waived: Decimal = ZERO


class Drawn(NamedTuple):
    """A commitment with what was billed in its term, and its true-up so far."""

    id: UUID
    entity_id: UUID
    customer_id: UUID
    currency: str
    name: str
    amount: Decimal
    starts_on: date
    ends_on: date
    tax_category: str
    drawn: Decimal
    trued_up: Sequence[TrueUpLine]

    @property
    def left(self) -> Decimal:
        """What is still to be drawn."""
        return max(self.amount - self.drawn, ZERO)

    @property
    def billed(self) -> Decimal:
        """What was billed for the rest, and not taken back; what was waived of it is not billed again."""
        return sum((one.left + one.waived for one in self.trued_up), ZERO)


def true_up(found: Drawn, today: date) -> tuple[DraftInvoice | None, list[CreditRequest]]:
    """What brings the true-up of a commitment that is over to committed − drawn; nothing where it is there.

    Of 1,000.00 committed and 800.00 drawn 200.00 are billed; if 50.00 come late, they are credited again.
    """
    difference = found.left - found.billed
    if found.ends_on > today or not difference:
        return None, []
    if difference > 0:
        line = _line(found, difference)
        return DraftInvoice(found.entity_id, found.customer_id, None, found.currency, today, (line,)), []
    requests, wanted = [], -difference
    for one in sorted(found.trued_up, key=lambda one: -one.revision):
        taken = min(wanted, one.left)
        if taken > 0:
            words = f"More of {found.name} was drawn"
            lines = ((one.line_id, taken),)
            requests.append(CreditRequest(one.invoice_id, words, lines, CreditCause.CORRECTION))
            wanted -= taken
    return None, requests


def _line(found: Drawn, amount: Decimal) -> DraftLine:
    digits = minor_units(found.currency)
    inputs = {"committed": found.amount, "drawn": found.drawn, "billed": found.billed}
    words = f"{found.name}: {found.amount:f} committed, {found.drawn:f} drawn"
    made = Derivation("commitments.true_up", 1, inputs, f"round(committed-drawn-billed,{digits})", amount, words)
    revision = max((one.revision for one in found.trued_up), default=-1) + 1
    return DraftLine(
        None, None, ProductKind.SERVICE.value, found.tax_category, found.id, found.starts_on, revision,
        Period(found.starts_on, found.ends_on), f"{found.name}: rest of the commitment", Decimal(1), "C62", amount,
        amount, found.ends_on - timedelta(days=1), False, msgspec.json.encode(made.as_json()).decode(), ITEM,
    )  # fmt: skip


class BurnDown(NamedTuple):
    """How a commitment is drawn: how much of it, of its days, and what the pace comes to at the end."""

    share_drawn: Decimal
    share_of_term: Decimal
    projected: Decimal
    projected_true_up: Decimal


def burn_down(found: Drawn, today: date) -> BurnDown:
    """The pace so far, carried on: 300.00 of 1,200.00 drawn in 3 of 6 equal months come to 600.00, and 600.00 rest."""
    digits = minor_units(found.currency)
    days = (found.ends_on - found.starts_on).days
    gone = min(max((today - found.starts_on).days, 0), days)
    projected = round_fraction(Fraction(found.drawn) * days / gone, digits) if gone else found.drawn
    return BurnDown(
        round_fraction(Fraction(found.drawn) * 100 / Fraction(found.amount), 1),
        round_fraction(Fraction(gone * 100, days), 1),
        projected,
        max(found.amount - projected, ZERO),
    )
