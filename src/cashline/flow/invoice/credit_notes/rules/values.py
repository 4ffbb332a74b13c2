"""The values that crediting works on: an invoice and its lines with what was credited of them, and a credited line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from cashline.flow.invoice.taxes.rules import TaxRounding
from cashline.kernel.rounding import round_fraction

ZERO = Decimal(0)


class CreditableLine(NamedTuple):
    """An invoice line, and what was credited of it so far; its agreement where the invoice is over several.

    `gross_amount` is what it came to with tax, before coupons, where its price included tax, `credited_gross` what was
    credited of that.
    """

    id: UUID
    line_no: int
    line_id: UUID | None
    description: str
    quantity: Decimal
    unit_price: Decimal
    net_amount: Decimal
    tax_code: str
    tax_rate: Decimal
    recurring: bool
    credited_net: Decimal
    credited_tax: Decimal
    discount_share: Decimal = ZERO
    credited_discount: Decimal = ZERO
    agreement_id: UUID | None = None
    gross_amount: Decimal | None = None
    credited_gross: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """The amount that can still be credited; of a line below zero a negative one."""
        return self.net_amount - self.credited_net

    def discount_of(self, amount: Decimal) -> Fraction:
        """The exact share of the coupons in an amount of the line."""
        if not self.discount_share:
            return Fraction(0)
        return Fraction(self.discount_share) * Fraction(amount) / Fraction(self.net_amount)

    def with_tax(self, amount: Decimal, digits: int, wanted: Decimal | None = None) -> Decimal | None:
        """What an amount that is taken back comes to with tax, before coupons; None where the price was without.

        It is the same part of what is left of the price, all of it with the rest; or what is `wanted`, as far as it is
        between the amount and what is left.
        """
        if self.gross_amount is None:
            return None
        left = self.gross_amount - self.credited_gross
        if amount == self.left:
            return left
        if wanted is None or self.net_amount < 0:
            return round_fraction(Fraction(left) * Fraction(amount) / Fraction(self.left), digits)
        return min(max(wanted, amount), left)

    def tax_within(self, gross: Decimal, amount: Decimal, discount: Decimal, digits: int) -> Decimal:
        """The tax of an amount that comes to `gross` with tax, when the coupons have taken their part of both."""
        coupons = self.discount_of(amount) * Fraction(self.gross_amount or ZERO) / Fraction(self.net_amount)
        return gross - round_fraction(coupons, digits) - (amount - discount)


@dataclass(frozen=True, slots=True)
class CreditableInvoice:
    """An invoice as crediting it needs it; `taxes` holds the tax by code and rate."""

    id: UUID
    number: str
    status: str
    entity_id: UUID
    customer_id: UUID
    agreement_id: UUID | None
    currency: str
    issued_on: date
    open_amount: Decimal
    entity_rate: Decimal
    has_mail: bool
    lines: Sequence[CreditableLine]
    taxes: dict[tuple[str, Decimal], Decimal]
    discount_total: Decimal = ZERO
    gross_total: Decimal | None = None
    tax_rounding: TaxRounding = TaxRounding.PER_RATE

    @property
    def agreements(self) -> list[UUID]:
        """The agreements that it bills."""
        if self.agreement_id is not None:
            return [self.agreement_id]
        return list(dict.fromkeys(line.agreement_id for line in self.lines if line.agreement_id is not None))

    @property
    def tax_left(self) -> Decimal:
        """The tax that was not given back yet."""
        return sum(self.taxes.values(), ZERO) - sum((line.credited_tax for line in self.lines), ZERO)

    @property
    def discount_left(self) -> Decimal:
        """The coupons that were not taken back yet."""
        return self.discount_total - sum((line.credited_discount for line in self.lines), ZERO)

    @property
    def gross_left(self) -> Decimal:
        """What can still be credited of the invoice, tax included."""
        return sum((line.left for line in self.lines), ZERO) - self.discount_left + self.tax_left


class CreditLine(NamedTuple):
    """A line of a credit note; amounts are positive but for lines below zero. `discount` goes off the net amount."""

    invoice_line: CreditableLine
    quantity: Decimal
    net_amount: Decimal
    tax_amount: Decimal
    derivation: str
    discount: Decimal = ZERO
    gross_amount: Decimal | None = None
