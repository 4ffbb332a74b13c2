"""Preparing invoices: pure, and without a number, so that a preview shows exactly what issuing would append.

The order is that of the document: lines, coupons, tax, earlier invoices taken off, credit of the account, wallets.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from cashline.flow.agree.coupons.rules import CouponUse, DiscountableLine, HeldCoupon, spread_coupons
from cashline.flow.invoice.credits.rules import NO_CREDITS, Application, OpenCredit, PayableLine, apply_to
from cashline.flow.invoice.invoices.rules.deducting import deduction_lines
from cashline.flow.invoice.invoices.rules.drafts import (
    DEDUCTION,
    Buyer,
    DeductedInvoice,
    DeductedTax,
    DraftInvoice,
    DraftLine,
    Grounds,
    PreparedInvoice,
    Seller,
    Terms,
)
from cashline.flow.invoice.invoices.rules.inclusive import without_tax
from cashline.flow.invoice.invoices.rules.totals import (
    NOTHING,
    ZERO,
    TaxedLine,
    TaxGroup,
    discounted_groups,
    tax_groups,
    times_tax,
)
from cashline.flow.invoice.taxes.rules import (
    Supply,
    TaxDecision,
    TaxRounding,
    Withheld,
    WithholdingTerm,
    decide_tax,
    expected_withholding,
    of_one_document,
)
from cashline.kernel.money import MAX_AMOUNT, minor_units
from cashline.kernel.refusals import Conflict, Refusal
from cashline.kernel.writing import write_money

__all__ = [
    "AlreadyBilled", "AmountTooLarge", "Buyer", "DeductedInvoice", "DeductedTax", "DraftInvoice", "DraftLine",
    "EmptyInvoice", "Grounds", "MissingExchangeRate", "PreparedInvoice", "Seller", "Terms", "entity_rate", "prepare",
]  # fmt: skip


class EmptyInvoice(Refusal):
    """An invoice has at least one line (EN 16931 BR-16)."""

    code = "empty_invoice"


class AmountTooLarge(Refusal):
    """A document would pass the largest amount that the books can hold."""

    code = "amount_too_large"


class AlreadyBilled(Conflict):
    """The same delivery or period stands on an invoice already."""

    code = "already_billed"


type _Decide = Callable[[str, str, date], TaxDecision]
"""The tax decision of a kind, a category and a day, between two parties."""


def prepare(
    drafts: Iterable[DraftInvoice], grounds: Grounds
) -> tuple[list[PreparedInvoice], list[tuple[DraftInvoice, Refusal]]]:
    """The invoices that can be issued, and those that cannot, each with its reason."""
    prepared: list[PreparedInvoice] = []
    refused: list[tuple[DraftInvoice, Refusal]] = []
    decide = _remembering(grounds)
    held = _Held(grounds)
    for draft in drafts:
        try:
            prepared.append(held.less(_prepare(draft, grounds, decide(draft), held)))
        except Refusal as refusal:
            refused.append((draft, refusal))
    return prepared, refused


class _Held:
    """The coupons and credits of customers as the invoices of one batch use them up, one after the other."""

    def __init__(self, grounds: Grounds) -> None:
        self._coupons = {key: list(found) for key, found in grounds.coupons.items()}
        self._credits = {key: list(found) for key, found in grounds.credits.items()}

    def coupons(self, draft: DraftInvoice) -> Sequence[HeldCoupon]:
        return self._coupons.get(draft.customer_id, ())

    def credits(self, draft: DraftInvoice) -> list[OpenCredit]:
        found = self._credits.get(draft.customer_id, ())
        return [credit for credit in found if credit.balance and credit.entity_id == draft.entity_id]

    def less(self, item: PreparedInvoice) -> PreparedInvoice:
        """Take away what an invoice used; gives the invoice."""
        customer = item.draft.customer_id
        if item.uses:
            used = {use.coupon.id for use in item.uses}
            self._coupons[customer] = [
                one._replace(uses_left=one.uses_left - 1) if one.id in used and one.uses_left is not None else one
                for one in self._coupons[customer]
            ]
        if item.applied.parts:
            taken = {part.credit.id: part.amount for part in item.applied.parts}
            self._credits[customer] = [
                one._replace(balance=one.balance - taken.get(one.id, ZERO)) for one in self._credits[customer]
            ]
        return item


class _Sums(NamedTuple):
    """What the amounts of a document come to."""

    draft: DraftInvoice
    decisions: list[TaxDecision]
    taxes: list[TaxGroup]
    shares: Sequence[Fraction] = ()
    uses: Sequence[CouponUse] = ()


def _prepare(draft: DraftInvoice, grounds: Grounds, decide: _Decide, held: _Held) -> PreparedInvoice:
    if not draft.lines:
        raise EmptyInvoice("An invoice needs at least one line.", field="lines")
    seller = grounds.sellers[draft.entity_id]
    decisions = [decide(line.kind, line.tax_category, line.supplied_on) for line in draft.lines]
    coupons = held.coupons(draft)
    if (
        coupons or draft.deducts or draft.prices_include_tax or seller.tax_rounding is not TaxRounding.PER_RATE
        or any(line.gross_amount is not None for line in draft.lines)
    ):  # fmt: skip
        sums = _summed(draft, decisions, grounds, coupons, seller.tax_rounding)
    else:
        if any(decision.code == "O" for decision in decisions):
            decisions = of_one_document(decisions)
        nets = [line.net_amount for line in draft.lines]
        sums = _Sums(draft, decisions, tax_groups(zip(decisions, nets, strict=True), minor_units(draft.currency)))
    net_total = sum((group.base for group in sums.taxes), ZERO)
    tax_total = sum((group.tax for group in sums.taxes), ZERO)
    if abs(net_total + tax_total) >= MAX_AMOUNT:
        told = write_money(net_total + tax_total, draft.currency)
        raise AmountTooLarge(f"An invoice over {told} cannot be held.", field="lines")
    terms = grounds.terms[draft.agreement_id or draft.customer_id]
    days = terms.payment_terms_days if draft.terms_days is None else draft.terms_days
    credits_held = held.credits(draft)
    return PreparedInvoice(
        sums.draft,
        sums.decisions,
        sums.taxes,
        net_total,
        tax_total,
        draft.issued_on + timedelta(days=days),
        max(line.supplied_on for line in draft.lines),
        entity_rate(draft.currency, seller.currency, draft.issued_on, grounds.exchange),
        terms,
        grounds.buyers[draft.customer_id],
        seller,
        sums.shares,
        sums.uses,
        tuple(grounds.deducted[key] for key in draft.deducts),
        _credits(sums, net_total + tax_total, credits_held) if credits_held else NO_CREDITS,
        _withheld(sums, grounds.withholding[draft.customer_id]) if draft.customer_id in grounds.withholding else (),
    )


def _withheld(sums: _Sums, terms: Sequence[WithholdingTerm]) -> Sequence[Withheld]:
    """What the customer will keep back of it, by what the legal entity's terms say on the day of issue.

    Earlier invoices that it takes off were for what it is for: they lower the supplies of every kind by the same part.
    """
    draft = sums.draft
    shares = sums.shares or [NOTHING] * len(draft.lines)
    nets = [Fraction(line.net_amount) - share for line, share in zip(draft.lines, shares, strict=True)]
    found = [(line.kind, net) for line, net in zip(draft.lines, nets, strict=True) if line.component != DEDUCTION]
    whole = sum((net for _, net in found), NOTHING)
    left = sum(nets, NOTHING) / whole if whole > 0 else Fraction(1)
    supplies = [(kind, net * left) for kind, net in found]
    own = [one for one in terms if one.entity_id == draft.entity_id]
    return expected_withholding(supplies, own, draft.issued_on, minor_units(draft.currency))


def _summed(
    draft: DraftInvoice,
    decisions: list[TaxDecision],
    grounds: Grounds,
    coupons: Sequence[HeldCoupon],
    rounding: TaxRounding,
) -> _Sums:
    """The sums of a document with coupons, deductions, prices with tax, or another rounding than by rate."""
    digits = minor_units(draft.currency)
    fixed: list[Decimal | None] = [None] * len(draft.lines)
    if draft.prices_include_tax:
        lines, taxes = without_tax(draft.lines, decisions, digits, rounding)
        draft = draft._replace(lines=tuple(lines))
        fixed = list(taxes)
    draft = _restoring(draft, decisions)
    fixed = [tax if line.gross_amount is None else None for tax, line in zip(fixed, draft.lines, strict=True)]
    shares: list[Fraction] = []
    uses: Sequence[CouponUse] = ()
    if coupons:
        found = [_discountable(line) for line in draft.lines]
        shares, uses = spread_coupons(coupons, found, currency=draft.currency, day=draft.issued_on)
    if draft.deducts:
        added = deduction_lines(draft, grounds.deducted)
        draft = draft._replace(lines=(*draft.lines, *(line for line, _, _ in added)))
        decisions = [*decisions, *(decision for _, decision, _ in added)]
        fixed += [tax for _, _, tax in added]
        shares += [NOTHING] * len(added) if shares else []
    decisions = of_one_document(decisions)
    parts = zip(decisions, draft.lines, shares or [NOTHING] * len(decisions), fixed, strict=True)
    taxed = [
        TaxedLine(decision, line.net_amount, share, tax, line.gross_amount) for decision, line, share, tax in parts
    ]
    return _Sums(draft, decisions, discounted_groups(taxed, digits, rounding), shares if uses else (), uses)


def _restoring(draft: DraftInvoice, decisions: Sequence[TaxDecision]) -> DraftInvoice:
    """The draft with the prices with tax of those lines alone that are taxed by the very rate that is in them."""
    lines = draft.lines
    if all(line.gross_amount is None for line in lines):
        return draft
    kept = tuple(
        line
        if line.gross_amount is None or (line.net_amount and (code, rate) == ("S", line.included_tax_rate))
        else line._replace(gross_amount=None)
        for line, (code, rate, *_) in zip(lines, decisions, strict=True)
    )
    return draft._replace(lines=kept)


def _discountable(line: DraftLine) -> DiscountableLine:
    return DiscountableLine(line.net_amount, line.component, line.plan, line.meter, line.product_id)


def _credits(sums: _Sums, due: Decimal, held: Sequence[OpenCredit]) -> Application:
    if due <= 0:
        return NO_CREDITS
    shares = sums.shares or [NOTHING] * len(sums.decisions)
    lines = [
        PayableLine(
            line.component,
            line.meter,
            (Fraction(line.net_amount) - share) * times_tax(line.net_amount, line.gross_amount, decision.rate),
        )
        for line, decision, share in zip(sums.draft.lines, sums.decisions, shares, strict=True)
    ]
    return apply_to(due, lines, held, currency=sums.draft.currency, day=sums.draft.issued_on)


def _remembering(grounds: Grounds) -> Callable[[DraftInvoice], _Decide]:
    """The tax decisions of a draft by kind, category and day; equal cases of equal parties are decided once."""
    of_parties: dict[tuple[object, ...], dict[tuple[str, str, date], TaxDecision]] = {}

    def for_draft(draft: DraftInvoice) -> _Decide:
        buyer, seller = grounds.buyers[draft.customer_id], grounds.sellers[draft.entity_id]
        parties = (seller.country, buyer.country, buyer.ship_to_country, buyer.vat_id, buyer.exempt_reason)
        known = of_parties.setdefault((*parties, buyer.certificates), {})

        def decide(kind: str, category: str, day: date) -> TaxDecision:
            found = known.get((kind, category, day))
            if found is None:
                supply = Supply(*parties, kind, category, day, buyer.certificates)
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
