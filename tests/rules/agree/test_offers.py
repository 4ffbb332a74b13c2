"""Offers: their lines sum to their totals, whatever is asked; every wrong line is told; the waterfall lands on net."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.agree.pricing.rules.charge_models import Charge, ChargeModel, Tier
from cashline.flow.agree.pricing.rules.waterfall import discount_percent
from cashline.flow.agree.quotes.rules import Listed, ListedPrice, NewQuoteLine, QuoteContent, judge_discount, plan_offer
from cashline.flow.agree.quotes.rules.waterfalls import offer_waterfall
from cashline.kernel.money import minor_units

TIERS = Charge(ChargeModel.GRADUATED, tiers=(Tier(Decimal(10), Decimal("9.99")), Tier(None, Decimal("7.5"))))


def at(charges: dict[int, Charge]) -> dict[int, ListedPrice]:
    """Prices without tax by interval."""
    return {months: ListedPrice(charge) for months, charge in charges.items()}


LISTED = {
    "GOODS": Listed(UUID(int=1), "GOODS", "Goods", "goods", True, at({0: Charge.unit(Decimal("89.90"))})),
    "TIERED": Listed(UUID(int=2), "TIERED", "Tiered", "goods", True, at({0: TIERS})),
    "SUB": Listed(
        UUID(int=3), "SUB", "Subscription", "subscription", True,
        at({1: Charge.unit(Decimal("49.95")), 12: Charge.unit(Decimal("529"))}),
    ),
    "SERVICE": Listed(
        UUID(int=4), "SERVICE", "Service", "service", True,
        {0: ListedPrice(Charge(ChargeModel.FLAT, Decimal(1200)), Decimal(19))},
    ),
    "GONE": Listed(UUID(int=5), "GONE", "Gone", "goods", False, at({0: Charge.unit(Decimal(1))})),
    "UNPRICED": Listed(UUID(int=6), "UNPRICED", "Unpriced", "goods", True),
}  # fmt: skip
percents = st.decimals(0, 100, places=2)
quantities = st.decimals(Decimal("0.01"), 100_000, places=2)


@st.composite
def lines(draw: st.DrawFn) -> NewQuoteLine:
    """A line that can be priced."""
    sku = draw(st.sampled_from(["GOODS", "TIERED", "SUB", "SERVICE"]))
    interval, term = draw(st.sampled_from([(1, 12), (1, 7), (12, 36), (None, None)])) if sku == "SUB" else (None, None)
    return NewQuoteLine(sku, draw(quantities), interval, term, draw(percents))


def content(asked: list[NewQuoteLine], discount: Decimal) -> QuoteContent:
    return QuoteContent("Title", date(2026, 3, 1), date(2026, 2, 1), tuple(asked), discount)


@given(st.lists(lines(), min_size=1, max_size=6), percents, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_lines_sum_to_totals_and_every_amount_recomputes(
    asked: list[NewQuoteLine], discount: Decimal, currency: str
) -> None:
    offer, errors = plan_offer(content(asked, discount), currency=currency, listed=LISTED)
    assert errors == []
    assert offer.net_total == sum(line.net_total for line in offer.lines) == offer.one_off_total + offer.recurring_total
    assert 0 <= offer.net_total <= offer.list_total
    assert all(line.derivation.breaks() == [] for line in offer.lines)
    digits = minor_units(currency)
    fall = offer_waterfall([(line, line.derivation) for line in offer.lines], digits)
    assert fall.list_prices + fall.tiers + fall.line_discounts + fall.document_discount == fall.net == offer.net_total
    for months in {line.interval_months for line in offer.lines}:
        due = sum(line.interval_amount for line in offer.lines if line.interval_months == months)
        assert offer.interval_amounts[months] == due


@given(st.lists(lines(), min_size=1, max_size=4), st.decimals(0, 99, places=2), st.decimals(0, 60, places=1))
def test_the_verdict_and_its_advice_agree(asked: list[NewQuoteLine], discount: Decimal, limit: Decimal) -> None:
    offer, _ = plan_offer(content(asked, discount), currency="EUR", listed=LISTED)
    verdict = judge_discount(offer.list_total, offer.net_total, discount, limit)
    assert verdict.needs_approval == (discount_percent(offer.list_total, offer.net_total) > limit)
    passing = verdict.passing_document_discount
    if passing is None:
        assert verdict.needs_approval
    elif verdict.needs_approval:
        assert passing < discount


@given(lines(), st.sampled_from(["GONE", "UNPRICED", "NOWHERE"]))
def test_a_wrong_line_does_not_hide_the_others(good: NewQuoteLine, sku: str) -> None:
    asked = [good, NewQuoteLine(sku, Decimal(1)), NewQuoteLine("GOODS", Decimal(0))]
    offer, errors = plan_offer(content(asked, Decimal(0)), currency="EUR", listed=LISTED)
    assert [error.field for error in errors] == ["lines.1.sku", "lines.2.quantity"]
    assert [line.line_no for line in offer.lines] == [1]


def test_what_is_left_out_follows_from_the_prices() -> None:
    asked = [NewQuoteLine("SUB", Decimal(1)), NewQuoteLine("SUB", Decimal(1), 12), NewQuoteLine("GOODS", Decimal(1))]
    offer, _ = plan_offer(content(asked, Decimal(0)), currency="EUR", listed=LISTED)
    assert [(line.interval_months, line.term_months) for line in offer.lines] == [(1, 12), (12, 12), (0, 0)]
