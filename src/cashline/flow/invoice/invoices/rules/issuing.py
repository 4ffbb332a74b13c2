"""What becomes an invoice: the draft as the planner gives it, and the same with tax, totals, dates and parties.

Preparing is pure and knows no number: a preview shows exactly what issuing would append.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.invoice.invoices.rules.totals import ZERO, TaxGroup, tax_groups
from cashline.flow.invoice.taxes.rules import RateTable, Supply, TaxDecision, decide_tax, of_one_document
from cashline.kernel.money import MAX_AMOUNT, minor_units
from cashline.kernel.periods import Period
from cashline.kernel.refusals import Conflict, Refusal


class EmptyInvoice(Refusal):
    """An invoice has at least one line (EN 16931 BR-16)."""

    code = "empty_invoice"


class AmountTooLarge(Refusal):
    """A document would pass the largest amount that the books can hold."""

    code = "amount_too_large"


class AlreadyBilled(Conflict):
    """The same delivery or period stands on an invoice already."""

    code = "already_billed"


class DraftLine(NamedTuple):
    """A charge to invoice. (`source_id`, `period_start`, `revision`) is billed once; `derivation` is its stored JSON.

    `supplied_on` decides the tax rate. `recurring` charges are of a subscription and count as exposure from now on.
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


class DraftInvoice(NamedTuple):
    """The charges that go on one invoice; all of one agreement, in its currency."""

    entity_id: UUID
    customer_id: UUID
    agreement_id: UUID
    currency: str
    issued_on: date
    lines: tuple[DraftLine, ...]
    bill_run_id: UUID | None = None


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


@dataclass(frozen=True, slots=True)
class Seller:
    """A legal entity as invoices need it."""

    entity_id: UUID
    code: str
    country: str
    currency: str
    party_id: UUID


class Terms(NamedTuple):
    """The agreement behind an invoice: when its bills are due, and the orders that it was ordered by."""

    agreement_id: UUID
    payment_terms_days: int
    order_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that preparing looks up, by id: terms, buyers, sellers, tax rates, and units of the seller's currency."""

    terms: Mapping[UUID, Terms]
    buyers: Mapping[UUID, Buyer]
    sellers: Mapping[UUID, Seller]
    rates: RateTable
    exchange: Mapping[tuple[str, str, date], Decimal]


class PreparedInvoice(NamedTuple):
    """An invoice but for its number: the draft, a tax decision per line, taxes, totals and dates."""

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

    @property
    def gross_total(self) -> Decimal:
        """What is to be paid."""
        return self.net_total + self.tax_total

    @property
    def one_off_net(self) -> Decimal:
        """The part that counted as exposure since the order was booked."""
        return sum((line.net_amount for line in self.draft.lines if not line.recurring), ZERO)


type _Decide = Callable[[str, str, date], TaxDecision]
"""The tax decision of a kind, a category and a day, between two parties."""


def prepare(
    drafts: Iterable[DraftInvoice], grounds: Grounds
) -> tuple[list[PreparedInvoice], list[tuple[DraftInvoice, Refusal]]]:
    """The invoices that can be issued, and those that cannot, each with its reason."""
    prepared: list[PreparedInvoice] = []
    refused: list[tuple[DraftInvoice, Refusal]] = []
    decide = _remembering(grounds)
    for draft in drafts:
        try:
            prepared.append(_prepare(draft, grounds, decide(draft)))
        except Refusal as refusal:
            refused.append((draft, refusal))
    return prepared, refused


def _prepare(draft: DraftInvoice, grounds: Grounds, decide: _Decide) -> PreparedInvoice:
    if not draft.lines:
        raise EmptyInvoice("An invoice needs at least one line.", field="lines")
    decisions = [decide(line.kind, line.tax_category, line.supplied_on) for line in draft.lines]
    if any(decision.code == "O" for decision in decisions):
        decisions = of_one_document(decisions)
    nets = [line.net_amount for line in draft.lines]
    taxes = tax_groups(zip(decisions, nets, strict=True), minor_units(draft.currency))
    net_total = sum(nets, ZERO)
    tax_total = sum((group.tax for group in taxes), ZERO)
    if net_total + tax_total >= MAX_AMOUNT:
        raise AmountTooLarge(f"An invoice over {net_total + tax_total} {draft.currency} cannot be held.", field="lines")
    seller = grounds.sellers[draft.entity_id]
    terms = grounds.terms[draft.agreement_id]
    return PreparedInvoice(
        draft,
        decisions,
        taxes,
        net_total,
        tax_total,
        draft.issued_on + timedelta(days=terms.payment_terms_days),
        max(line.supplied_on for line in draft.lines),
        entity_rate(draft.currency, seller.currency, draft.issued_on, grounds.exchange),
        terms,
        grounds.buyers[draft.customer_id],
        seller,
    )


def _remembering(grounds: Grounds) -> Callable[[DraftInvoice], _Decide]:
    """The tax decisions of a draft by kind, category and day; equal cases of one pair of parties are decided once."""
    of_parties: dict[tuple[UUID, UUID], dict[tuple[str, str, date], TaxDecision]] = {}

    def for_draft(draft: DraftInvoice) -> _Decide:
        known = of_parties.setdefault((draft.entity_id, draft.customer_id), {})

        def decide(kind: str, category: str, day: date) -> TaxDecision:
            found = known.get((kind, category, day))
            if found is None:
                buyer, seller = grounds.buyers[draft.customer_id], grounds.sellers[draft.entity_id]
                supply = Supply(
                    seller.country,
                    buyer.country,
                    buyer.ship_to_country,
                    buyer.vat_id,
                    buyer.exempt_reason,
                    kind,
                    category,
                    day,
                )
                found = known[kind, category, day] = decide_tax(supply, grounds.rates)
            return found

        return decide

    return for_draft


class MissingExchangeRate(Refusal):
    """No exchange rate is known for the currency of a document up to its day."""

    code = "missing_exchange_rate"


def entity_rate(
    currency: str, own: str, day: date, exchange: Mapping[tuple[str, str, date], Decimal]
) -> Decimal:  # fmt: skip
    """Units of the seller's currency for one of the document's; raises MissingExchangeRate."""
    if currency == own:
        return Decimal(1)
    rate = exchange.get((currency, own, day))
    if rate is None:
        raise MissingExchangeRate(
            f"No exchange rate from {currency} to {own} is known up to {day}.",
            field="currency",
            fix="Enter the exchange rates of that day, then run again.",
        )
    return rate
