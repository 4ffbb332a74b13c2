"""Disputes: what a customer contests of an invoice, and how that ends.

The invariant: the disputed parts of an invoice never pass what is open on it, and a credit never passes what was
disputed. Only the disputed part is left out of reminders and credit exposure; the rest stays due.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.money import Money, minor_units
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.kernel.rounding import RoundingMode, divide, round_to


class DisputeStatus(StrEnum):
    """Where a dispute stands."""

    OPENED = "opened"
    UNDER_REVIEW = "under_review"
    RESOLVED_CREDIT = "resolved_credit"
    RESOLVED_REJECTED = "resolved_rejected"
    WITHDRAWN = "withdrawn"


UNRESOLVED = (DisputeStatus.OPENED, DisputeStatus.UNDER_REVIEW)
"""While a dispute stands so, its part of the invoice is not asked for."""

DISPUTE = Lifecycle[DisputeStatus](
    "dispute",
    ("review", (DisputeStatus.OPENED,), DisputeStatus.UNDER_REVIEW),
    ("resolve_with_credit", UNRESOLVED, DisputeStatus.RESOLVED_CREDIT),
    ("reject", UNRESOLVED, DisputeStatus.RESOLVED_REJECTED),
    ("withdraw", UNRESOLVED, DisputeStatus.WITHDRAWN),
    ("reopen", (DisputeStatus.RESOLVED_REJECTED,), DisputeStatus.UNDER_REVIEW),
)


class DisputeReason(StrEnum):
    """Why an invoice is contested; each points at the step of the flow that made the error."""

    PRICE = "price"
    QUANTITY = "quantity"
    NOT_ORDERED = "not_ordered"
    NOT_DELIVERED = "not_delivered"
    DAMAGED = "damaged"
    QUALITY = "quality"
    DUPLICATE = "duplicate"
    TAX = "tax"
    TERMS = "terms"
    OTHER = "other"


CAUSING_DOMAIN = {
    DisputeReason.PRICE: "pricing",
    DisputeReason.QUANTITY: "fulfilment",
    DisputeReason.NOT_ORDERED: "orders",
    DisputeReason.NOT_DELIVERED: "fulfilment",
    DisputeReason.DAMAGED: "fulfilment",
    DisputeReason.QUALITY: "projects",
    DisputeReason.DUPLICATE: "billing",
    DisputeReason.TAX: "taxes",
    DisputeReason.TERMS: "contracts",
    DisputeReason.OTHER: "",
}
"""The domain to look at first, by reason."""


class DisputeTooLarge(Refusal):
    """More would be disputed, or credited, than there is."""

    code = "dispute_too_large"
    status = 409


@dataclass(frozen=True, slots=True)
class DisputedPart:
    """The gross amount of a dispute, with its status."""

    amount: Money
    status: DisputeStatus


def disputed_amount(parts: Iterable[DisputedPart], currency: str) -> Money:
    """What is contested and not yet resolved."""
    return Money.total((part.amount for part in parts if part.status in UNRESOLVED), currency)


def check_dispute(amount: Money, *, open_amount: Money, others: Iterable[DisputedPart]) -> None:
    """Refuse a dispute of nothing, or of more than is open on the invoice beside its other disputes.

    Raises InvalidValue, DisputeTooLarge, CurrencyMismatch.
    """
    _check_amount(amount)
    left = open_amount - disputed_amount(others, open_amount.currency)
    if amount > left:
        raise DisputeTooLarge(
            f"{amount} cannot be disputed: {left} of the invoice is open and undisputed.",
            field="amount",
            disputable=left,
        )


def check_credit(credit: Money, *, disputed: Money) -> None:
    """Refuse to resolve a dispute with a credit of nothing or of more than was disputed (gross)."""
    _check_amount(credit)
    if credit > disputed:
        raise DisputeTooLarge(f"A credit of {credit} is more than the {disputed} disputed.", field="amount")


def _check_amount(amount: Money) -> None:
    if amount.amount <= 0 or amount.rounded() != amount:
        raise InvalidValue("The amount is more than zero, in whole minor units.", field="amount")


@dataclass(frozen=True, slots=True)
class CreditablePart:
    """A line of the invoice: what can still be credited of it (net), and its tax rate in percent."""

    line_id: UUID
    left: Decimal
    tax_rate: Decimal


def spread_credit(gross: Money, parts: Sequence[CreditablePart]) -> list[tuple[UUID, Decimal]]:
    """Net amounts by line that with their tax make `gross`, or a cent less; the largest lines first.

    119 of one line at 19 % is 100 net, and 19 is 15.97. Raises DisputeTooLarge where the lines have not so much left.
    """
    _check_amount(gross)
    digits = minor_units(gross.currency)
    missing = gross.amount
    found: list[tuple[UUID, Decimal]] = []
    for part in sorted(parts, key=lambda one: -one.left):
        factor = 1 + part.tax_rate / 100
        whole = round_to(part.left * factor, digits)
        taken = min(missing, whole)
        net = part.left if taken == whole else _net_of(taken, part.tax_rate, digits)
        if net > 0:
            found.append((part.line_id, net))
        missing -= taken
        if not missing:
            return found
    left = Money(gross.amount - missing, gross.currency)
    raise DisputeTooLarge(f"Only {left} can still be credited on this invoice.", field="amount")


def _net_of(gross: Decimal, tax_rate: Decimal, digits: int) -> Decimal:
    """The net amount that with its tax, rounded once, comes nearest to the gross one without passing it."""
    exact = divide(gross, 1 + tax_rate / 100)
    net = round_to(exact, digits)
    if net + round_to(net * tax_rate / 100, digits) > gross:
        return round_to(exact, digits, RoundingMode.DOWN)
    return net
