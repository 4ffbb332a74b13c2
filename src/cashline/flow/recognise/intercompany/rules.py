"""Rules of intercompany sales: what may be charged and settled, and the facts that both books are posted from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.flow.recognise.ledger.rules.posting import Fact, FactAmount
from cashline.kernel.money import MAX_AMOUNT, minor_units
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.kernel.rounding import round_to


class MoreThanOpen(Refusal):
    """More is settled than is open of the sale."""

    code = "more_than_open"
    status = 409


class Kind(StrEnum):
    """How a sale is settled."""

    PAID = "paid"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class NewSale:
    """What one entity charges another; `number` of the sale is given when it is recorded."""

    seller_id: UUID
    buyer_id: UUID
    currency: str
    amount: Decimal
    sold_on: date
    text: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale as it stands."""

    id: UUID
    number: str
    seller_id: UUID
    buyer_id: UUID
    currency: str
    amount: Decimal
    settled_amount: Decimal
    seller_rate: Decimal
    buyer_rate: Decimal
    sold_on: date
    text: str

    @property
    def open_amount(self) -> Decimal:
        """What is neither paid nor reversed."""
        return self.amount - self.settled_amount


def check_sale(new: NewSale) -> list[InvalidValue]:
    """What is wrong with a sale."""
    found: list[InvalidValue] = []
    if new.seller_id == new.buyer_id:
        found.append(InvalidValue("An entity charges another one, not itself.", field="buyer"))
    found.extend(_check_amount(new.amount, new.currency))
    if not new.text.strip():
        found.append(InvalidValue("Say what is charged.", field="text"))
    return found


def _check_amount(amount: Decimal, currency: str) -> list[InvalidValue]:
    digits = minor_units(currency)
    if amount >= MAX_AMOUNT:
        return [InvalidValue("That is more than the books can hold.", field="amount")]
    if amount <= 0 or amount != round_to(amount, digits):
        return [InvalidValue(f"Give an amount above zero with at most {digits} decimals.", field="amount")]
    return []


def check_worth(amount: Decimal, currency: str, worth: Iterable[tuple[str, Decimal]]) -> list[InvalidValue]:
    """Whether the books of both can hold it; `worth` is what one unit is worth in the currency of each."""
    return [
        InvalidValue(f"In {own} that is more than the books can hold.", field="amount")
        for own, rate in worth
        if own != currency and amount * rate >= MAX_AMOUNT
    ]


def check_movement(sale: Sale, kind: Kind, amount: Decimal, moved_on: date, reason: str) -> list[Refusal]:
    """What is wrong with settling so much of a sale."""
    found: list[Refusal] = [*_check_amount(amount, sale.currency)]
    if amount > sale.open_amount:
        left = round_to(sale.open_amount, minor_units(sale.currency))
        sentence = f"Only {left:,f} {sale.currency} of {sale.number} is open."
        found.append(MoreThanOpen(sentence, field="amount"))
    if moved_on < sale.sold_on:
        found.append(InvalidValue(f"{sale.number} was charged on {sale.sold_on}: give no day before.", field="day"))
    if kind is Kind.REVERSED and not reason.strip():
        found.append(InvalidValue("Say why it is taken back.", field="reason"))
    return found


SIDES: Mapping[str, tuple[str, str]] = {
    "sold": ("IntercompanySold", "IntercompanyBought"),
    Kind.PAID: ("IntercompanyReceived", "IntercompanyPaid"),
    Kind.REVERSED: ("IntercompanySaleReversed", "IntercompanyPurchaseReversed"),
}
"""The event of the seller and that of the buyer."""


def facts_of_sale(sale: Sale, source_id: UUID, day: date, amount: Decimal) -> tuple[Fact, Fact]:
    """What the seller and the buyer post of a charge, or below zero of one that is taken back."""
    seller = (
        FactAmount("due_from", amount, sale.id, sale.seller_rate),
        FactAmount("charged", amount, sale.id),
    )
    buyer = (FactAmount("bought", amount, sale.id), FactAmount("due_to", amount, sale.id, sale.buyer_rate))
    return _pair(sale, source_id, day, (sale.seller_rate, sale.buyer_rate), (seller, buyer))


def facts_of_payment(
    sale: Sale, source_id: UUID, day: date, amount: Decimal, rates: Sequence[Decimal]
) -> tuple[Fact, Fact]:
    """What the seller and the buyer post of a payment; `rates` of its day to the currency of each."""
    seller = (FactAmount("received", amount), FactAmount("settled", amount, sale.id, sale.seller_rate))
    buyer = (FactAmount("settled", amount, sale.id, sale.buyer_rate), FactAmount("paid", amount))
    return _pair(sale, source_id, day, rates, (seller, buyer))


def _pair(
    sale: Sale,
    source_id: UUID,
    day: date,
    rates: Sequence[Decimal],
    amounts: tuple[tuple[FactAmount, ...], tuple[FactAmount, ...]],
) -> tuple[Fact, Fact]:
    seller, buyer = (
        Fact(entity, sale.currency, rate, day, source_id, sale.number, None, None, each)
        for entity, rate, each in zip((sale.seller_id, sale.buyer_id), rates, amounts, strict=True)
    )
    return seller, buyer
