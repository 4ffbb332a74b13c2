"""The values that issuing works on: the draft as the planner gives it, what is looked up, and the prepared invoice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.coupons.rules import CouponUse, HeldCoupon
from cashline.flow.invoice.credits.rules import NO_CREDITS, Application, OpenCredit
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.flow.invoice.invoices.rules.totals import ZERO, TaxGroup
from cashline.flow.invoice.taxes.rules import (
    Certificate,
    RateTable,
    TaxDecision,
    TaxRounding,
    Withheld,
    WithholdingTerm,
)
from cashline.kernel.money import minor_units
from cashline.kernel.periods import Period
from cashline.kernel.rounding import round_parts

DEDUCTION = "deduction"
"""The component of a line that takes an earlier invoice off."""


class DraftLine(NamedTuple):
    """A charge to invoice. (`source_id`, `period_start`, `revision`) is billed once; `derivation` is its stored JSON.

    `supplied_on` decides the tax rate. `recurring` charges are of a subscription and count as exposure from now on.
    `component`, `plan` and `meter` say what of a subscription is billed, which coupons and wallets ask; `details` is a
    JSON object of what else is worth keeping of it. `agreement_id` is given on a bill over several agreements.
    `gross_amount` is what it comes to with tax of `included_tax_rate`, where its price was given so: a line that is
    taxed by that very rate comes to it exactly.
    """

    line_id: UUID | None
    product_id: UUID | None
    kind: str
    tax_category: str
    source_id: UUID
    period_start: date
    revision: int
    period: Period | None
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    net_amount: Decimal
    supplied_on: date
    recurring: bool
    derivation: str
    component: str = ""
    plan: str = ""
    meter: str = ""
    details: str = "{}"
    agreement_id: UUID | None = None
    gross_amount: Decimal | None = None
    included_tax_rate: Decimal | None = None


class DraftInvoice(NamedTuple):
    """The charges that go on one invoice, in the currency of their agreement (none: a one-off invoice).

    `deducts` names earlier deposits and partial invoices that it takes off. With `prices_include_tax` the amounts of
    the lines hold their tax. `terms_days` is given where the terms are not those of the agreement or the customer.
    A bill over several agreements has no `agreement_id`: it `combines` them, and each of its lines names its own.
    """

    entity_id: UUID
    customer_id: UUID
    agreement_id: UUID | None
    currency: str
    issued_on: date
    lines: tuple[DraftLine, ...]
    bill_run_id: UUID | None = None
    kind: InvoiceKind = InvoiceKind.STANDARD
    deducts: tuple[UUID, ...] = ()
    prices_include_tax: bool = False
    purchase_order: str = ""
    terms_days: int | None = None
    combines: tuple[UUID, ...] = ()

    @property
    def agreements(self) -> tuple[UUID, ...]:
        """The agreements that it bills."""
        return self.combines or (() if self.agreement_id is None else (self.agreement_id,))


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer as invoices need it: where it is taxed, and (`party_id`) how it stood when the invoice was issued."""

    customer_id: UUID
    country: str
    ship_to_country: str
    vat_id: str
    exempt_reason: str
    email: str
    party_id: UUID
    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Seller:
    """A legal entity as invoices need it."""

    entity_id: UUID
    code: str
    country: str
    currency: str
    party_id: UUID
    tax_rounding: TaxRounding = TaxRounding.PER_RATE


class AgreementPart(NamedTuple):
    """What a bill over several agreements bills of one of them: net of its coupons, and those coupons."""

    agreement_id: UUID
    net_total: Decimal
    discount_total: Decimal


def agreement_parts(draft: DraftInvoice, shares: Sequence[Fraction], net_total: Decimal) -> list[AgreementPart]:
    """The parts of a bill over several agreements; the widest takes what rounding the document as a whole left."""
    lines = dict.fromkeys(draft.combines, ZERO)
    coupons = dict.fromkeys(draft.combines, Fraction(0))
    for index, line in enumerate(draft.lines):
        assert line.agreement_id is not None  # noqa: S101 - every line of such a bill names its agreement
        lines[line.agreement_id] += line.net_amount
        if shares:
            coupons[line.agreement_id] += shares[index]
    nets = [Fraction(lines[key]) - coupons[key] for key in draft.combines]
    found = round_parts(nets, minor_units(draft.currency))
    widest = max(range(len(found)), key=lambda place: abs(found[place]))
    found[widest] += net_total - sum(found, ZERO)
    return [AgreementPart(key, net, lines[key] - net) for key, net in zip(draft.combines, found, strict=True)]


class Terms(NamedTuple):
    """What stands behind an invoice: when it is due, and the orders that its agreement was ordered by."""

    agreement_id: UUID | None
    payment_terms_days: int
    order_ids: tuple[UUID, ...]


class DeductedTax(NamedTuple):
    """What an earlier invoice billed at one code and rate and has not given back."""

    decision: TaxDecision
    base: Decimal
    tax: Decimal


class DeductedInvoice(NamedTuple):
    """A deposit or partial invoice that a later one may take off; `taken_by` is the invoice that did."""

    id: UUID
    number: str
    customer_id: UUID
    entity_id: UUID
    currency: str
    kind: str
    status: str
    issued_on: date
    taken_by: UUID | None
    taxes: tuple[DeductedTax, ...]


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that preparing looks up, by id: terms, buyers, sellers, tax rates, and units of the seller's currency.

    Terms are those of an agreement or, for a one-off invoice, of the customer. `coupons`, `credits` and
    `withholding` are by customer.
    """

    terms: Mapping[UUID, Terms]
    buyers: Mapping[UUID, Buyer]
    sellers: Mapping[UUID, Seller]
    rates: RateTable
    exchange: Mapping[tuple[str, str, date], Decimal]
    coupons: Mapping[UUID, Sequence[HeldCoupon]] = field(default_factory=dict)
    credits: Mapping[UUID, Sequence[OpenCredit]] = field(default_factory=dict)
    deducted: Mapping[UUID, DeductedInvoice] = field(default_factory=dict)
    withholding: Mapping[UUID, Sequence[WithholdingTerm]] = field(default_factory=dict)


class PreparedInvoice(NamedTuple):
    """An invoice but for its number: the draft, a tax decision per line, taxes, totals and dates.

    `shares` are the exact shares of the coupons on the lines (empty: none), `uses` the coupons, `applied` the credits
    that pay it at issue, `withheld` what the customer will keep back for the tax authority.
    """

    draft: DraftInvoice
    decisions: list[TaxDecision]
    taxes: list[TaxGroup]
    net_total: Decimal
    tax_total: Decimal
    due_on: date
    supply_on: date
    entity_rate: Decimal
    terms: Terms
    buyer: Buyer
    seller: Seller
    shares: Sequence[Fraction] = ()
    uses: Sequence[CouponUse] = ()
    deducted: Sequence[DeductedInvoice] = ()
    applied: Application = NO_CREDITS
    withheld: Sequence[Withheld] = ()

    @property
    def gross_total(self) -> Decimal:
        """The value of the invoice, tax included; below zero where it gives back more than it bills."""
        return self.net_total + self.tax_total

    @property
    def discount_total(self) -> Decimal:
        """What coupons take off."""
        return sum((tax.discount for tax in self.taxes), ZERO)

    @property
    def payable(self) -> Decimal:
        """What is left to pay at issue."""
        if self.applied.parts:
            return self.gross_total - self.applied.account - self.applied.prepaid
        return max(self.gross_total, ZERO)

    @property
    def account_credit(self) -> Decimal:
        """What becomes credit of the account, the invoice being below zero."""
        return max(-self.gross_total, ZERO)

    @property
    def one_off_net(self) -> Decimal:
        """The part that counted as exposure since the order was booked."""
        return sum((line.net_amount for line in self.draft.lines if not line.recurring and line.line_id), ZERO)

    def parts(self) -> list[AgreementPart]:
        """What a bill over several agreements bills of each, after coupons; the parts sum to its net."""
        return agreement_parts(self.draft, self.shares, self.net_total)

    @property
    def earned_at_once(self) -> Decimal:
        """The net of a one-off invoice, which no agreement recognises: without deposits, asked for or taken off."""
        if self.draft.agreements or self.draft.kind is InvoiceKind.DEPOSIT:
            return ZERO
        taken_off = sum((line.net_amount for line in self.draft.lines if line.component == DEDUCTION), ZERO)
        return self.net_total - taken_off
