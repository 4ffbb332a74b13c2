"""Prices that include tax: the invoice restores them, a buyer elsewhere pays the net, a credit gives all back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.billing_facts import activated, ended, returned, shipped, term

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.agree.coupons.rules import HeldCoupon
from cashline.flow.agree.pricing.rules.charges import Charge, ChargeModel, Tier
from cashline.flow.agree.pricing.rules.including import charge_without_tax, including_errors, with_tax, without_tax
from cashline.flow.agree.pricing.rules.waterfall import price_line
from cashline.flow.deliver.fulfilment.rules import DeliveryFact
from cashline.flow.invoice.billing.rules.agreements import AgreementBills, DueAgreement, bill_agreement
from cashline.flow.invoice.billing.rules.charges import DEFAULT_CONVENTIONS
from cashline.flow.invoice.billing.rules.differences import PostedLine
from cashline.flow.invoice.billing.rules.planning import lines_to_bill
from cashline.flow.invoice.credit_notes.rules import CreditableInvoice, CreditableLine, CreditRequest, plan_credit_note
from cashline.flow.invoice.invoices.rules.drafts import Buyer, Grounds, PreparedInvoice, Seller, Terms
from cashline.flow.invoice.invoices.rules.issuing import prepare
from cashline.flow.invoice.taxes.rules import DatedRate, RateTable, TaxRounding
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to

D = Decimal
DAY = date(2026, 3, 2)
RATES = ("5", "7", "8.1", "10", "19", "20", "21", "25")
ON_FILE = RateTable({("DE", rate): [DatedRate(date(2000, 1, 1), None, D(rate))] for rate in RATES})
OTHER_RATES = RateTable({("DE", rate): [DatedRate(date(2000, 1, 1), None, D(3))] for rate in RATES})
CUSTOMER, ENTITY, AGREEMENT, PRODUCT = (new_id() for _ in range(4))


def priced(price: str, rate: str, quantity: str = "1", kind: str = "goods", currency: str = "EUR") -> TermLine:
    """A line at a price with tax, as it is agreed: without."""
    made = term(kind, quantity=quantity, price=str(without_tax(D(price), D(rate))), currency=currency)
    return msgspec.structs.replace(made, included_tax_rate=D(rate), tax_category=rate, product_id=PRODUCT)


def plan(
    lines: Sequence[TermLine], facts: Sequence[DeliveryFact], posted: Sequence[PostedLine] = (), as_of: date = DAY
) -> AgreementBills:
    due = DueAgreement(AGREEMENT, CUSTOMER, ENTITY, lines[0].currency, None, False, as_of)
    given_lines = lines_to_bill(lines, facts)
    return bill_agreement(due, given_lines, posted, {PRODUCT: "C62"}, as_of, DEFAULT_CONVENTIONS, None)


def invoice(
    bills: AgreementBills,
    *,
    country: str = "DE",
    rounding: TaxRounding = TaxRounding.PER_RATE,
    rates: RateTable = ON_FILE,
    coupons: Sequence[HeldCoupon] = (),
) -> PreparedInvoice:
    assert bills.draft is not None
    buyer = Buyer(CUSTOMER, country, country, "", "", "", CUSTOMER)
    seller = Seller(ENTITY, "DE01", "DE", bills.draft.currency, ENTITY, rounding)
    found = Grounds(
        {AGREEMENT: Terms(AGREEMENT, 30, ())}, {CUSTOMER: buyer}, {ENTITY: seller}, rates, {},
        {CUSTOMER: coupons} if coupons else {},
    )  # fmt: skip
    (prepared,), refused = prepare([bills.draft], found)
    assert refused == []
    return prepared


def posted_of(prepared: PreparedInvoice) -> list[PostedLine]:
    return [
        PostedLine(
            new_id(), ENTITY, line.line_id or new_id(), line.source_id, line.period_start,
            line.period.end if line.period else None, line.revision, line.net_amount, D(0), D(0), line.gross_amount,
        )
        for line in prepared.draft.lines
    ]  # fmt: skip


def creditable(prepared: PreparedInvoice) -> CreditableInvoice:
    lines = [
        CreditableLine(
            new_id(), number, line.line_id, line.description, line.quantity, line.unit_price, line.net_amount,
            decision.code, decision.rate, line.recurring, D(0), D(0),
            D(0) if not prepared.shares else D(prepared.shares[number - 1].numerator)
            / D(prepared.shares[number - 1].denominator), D(0), None, line.gross_amount,
        )
        for number, (line, decision) in enumerate(zip(prepared.draft.lines, prepared.decisions, strict=True), 1)
    ]  # fmt: skip
    return CreditableInvoice(
        new_id(), "INV-1", "issued", ENTITY, CUSTOMER, AGREEMENT, prepared.draft.currency, DAY, prepared.gross_total,
        D(1), False, lines, {(tax.code, tax.rate): tax.tax for tax in prepared.taxes}, prepared.discount_total,
        prepared.gross_total, prepared.seller.tax_rounding,
    )  # fmt: skip


def take_back(source: CreditableInvoice, index: int | None = None, net: Decimal | None = None) -> tuple[
    Decimal, CreditableInvoice
]:  # fmt: skip
    """Credit a line (all of them without one); what is given back, and the invoice after."""
    lines = None if index is None else [(source.lines[index].id, net or source.lines[index].left)]
    note = plan_credit_note(source, CreditRequest(source.id, "Returned", lines), DAY)
    taken = {
        line.invoice_line.id: (line.net_amount, line.tax_amount, line.discount, line.gross_amount or D(0))
        for line in note.lines
    }
    after = [
        line._replace(
            credited_net=line.credited_net + taken[line.id][0],
            credited_tax=line.credited_tax + taken[line.id][1],
            credited_discount=line.credited_discount + taken[line.id][2],
            credited_gross=line.credited_gross + taken[line.id][3],
        )
        if line.id in taken
        else line
        for line in source.lines
    ]
    return note.gross_total, replace(source, lines=after, open_amount=source.open_amount - note.settled)


@st.composite
def baskets(draw: st.DrawFn) -> tuple[str, list[tuple[str, str, str]]]:
    """A currency, and lines of price with tax, rate and quantity."""
    currency = draw(st.sampled_from(["EUR", "JPY"]))
    digits = minor_units(currency)
    amounts = st.integers(1, 99_999).map(lambda minor: str(D(minor).scaleb(-digits)))
    line = st.tuples(amounts, st.sampled_from(RATES), st.integers(1, 50).map(str))
    return currency, draw(st.lists(line, min_size=1, max_size=6))


@given(baskets(), st.sampled_from(TaxRounding), st.randoms(use_true_random=False))
def test_the_invoice_comes_to_the_prices_and_a_full_credit_gives_it_all_back(
    basket: tuple[str, list[tuple[str, str, str]]], rounding: TaxRounding, random: Random
) -> None:
    currency, asked = basket
    lines = [priced(price, rate, quantity, currency=currency) for price, rate, quantity in asked]
    facts = [shipped(line, DAY) for line in lines]
    bills = plan(lines, facts)
    found = invoice(bills, rounding=rounding)
    worth = sum((D(price) * D(quantity) for price, _, quantity in asked), D(0))
    assert found.gross_total == worth
    assert [line.gross_amount for line in found.draft.lines] == [D(price) * D(quantity) for price, _, quantity in asked]
    abroad = invoice(bills, country="US", rounding=rounding)
    assert (abroad.net_total, abroad.tax_total) == (found.net_total, D(0))
    assert all(line.gross_amount is None for line in abroad.draft.lines)
    again = plan(lines, facts, posted_of(found))
    assert (again.draft, again.requests) == (None, [])
    source = creditable(found)
    assert take_back(source)[0] == worth
    order = list(range(len(asked)))
    random.shuffle(order)
    given_back = []
    for index in order:
        amount, source = take_back(source, index)
        given_back.append(amount)
    assert sum(given_back) == worth
    assert source.gross_left == 0


@given(
    st.integers(1, 10**14).map(lambda digits: D(digits).scaleb(-8)),
    st.integers(0, 9999).map(lambda hundredths: D(hundredths).scaleb(-2)),
    st.integers(0, 9999).map(lambda hundredths: D(hundredths).scaleb(-2)),
)
def test_a_price_with_tax_comes_back_exactly(price: Decimal, rate: Decimal, discount: Decimal) -> None:
    assert with_tax(without_tax(price, rate), rate) == price
    cents = round_to(price, 2)
    fall = price_line(
        Charge.unit(cents), D(3), interval_months=0, term_months=0, line_discount=discount, document_discount=D(0),
        digits=2, included_tax=rate,
    )  # fmt: skip
    assert with_tax(fall.unit_price, rate) == cents * (100 - discount) / 100


@pytest.mark.parametrize("rounding", TaxRounding)
def test_three_at_9_99_are_29_97_and_half_a_month_is_5(rounding: TaxRounding) -> None:
    one = invoice(plan([line := priced("9.99", "19")], [shipped(line, DAY)]), rounding=rounding)
    assert (one.net_total, one.tax_total, one.gross_total) == (D("8.39"), D("1.60"), D("9.99"))
    three = invoice(plan([line := priced("9.99", "19", "3")], [shipped(line, DAY)]), rounding=rounding)
    assert (three.net_total, three.tax_total, three.gross_total) == (D("25.18"), D("4.79"), D("29.97"))
    apart = [priced("9.99", "19") for _ in range(3)]
    together = invoice(plan(apart, [shipped(line, DAY) for line in apart]), rounding=rounding)
    assert (together.net_total, together.gross_total) == (D("25.17"), D("29.97"))
    month = priced("9.99", "19", kind="subscription")
    start = date(2026, 4, 1)
    half = invoice(
        plan([month], [activated(month, start), ended(month, date(2026, 4, 16))], as_of=start), rounding=rounding
    )
    assert (half.net_total, half.gross_total) == (D("4.20"), D("5.00"))


def test_another_rate_than_that_in_the_price_is_charged_on_the_net() -> None:
    line = priced("9.99", "19")
    found = invoice(plan([line], [shipped(line, DAY)]), rates=OTHER_RATES)
    assert (found.net_total, found.tax_total) == (D("8.39"), D("0.25"))


def test_lines_without_tax_in_their_price_are_taxed_as_ever_beside_those_with() -> None:
    line, plain = priced("9.99", "19"), term("goods", price="10.03")
    plain = msgspec.structs.replace(plain, tax_category="19", product_id=PRODUCT)
    found = invoice(plan([line, plain], [shipped(line, DAY), shipped(plain, DAY)]))
    assert (found.net_total, found.tax_total) == (D("18.42"), D("1.60") + D("1.91"))


@pytest.mark.parametrize("rounding", TaxRounding)
@pytest.mark.parametrize(("percent", "worth"), [("10", "26.97"), ("100", "0"), ("33.3333", "19.98")])
def test_a_coupon_takes_its_part_of_the_price_with_tax(rounding: TaxRounding, percent: str, worth: str) -> None:
    lines = [priced("9.99", "19") for _ in range(3)]
    coupon = held(percent)
    found = invoice(plan(lines, [shipped(line, DAY) for line in lines]), rounding=rounding, coupons=[coupon])
    assert found.gross_total == D(worth)
    source = creditable(found)
    if found.gross_total:
        assert take_back(source)[0] == D(worth)
        first, rest = take_back(source, 0)
        assert first + take_back(rest)[0] == D(worth)


def held(percent: str) -> HeldCoupon:
    none: frozenset[str] = frozenset()
    return HeldCoupon(
        new_id(), CUSTOMER, "OFF", "Off", None, "", D(percent), None, none, none, frozenset(), None, None, 1
    )


def test_parts_of_a_line_and_parts_of_a_delivery_sum_to_the_price() -> None:
    line = priced("9.99", "19", "3")
    parts = [shipped(line, DAY, "1"), shipped(line, DAY, "1"), shipped(line, DAY, "1")]
    found = invoice(plan([line], parts))
    assert [item.gross_amount for item in found.draft.lines] == [D("9.99")] * 3
    assert found.gross_total == D("29.97")
    source = creditable(found)
    amounts = []
    for net in (D("1.11"), D("3.33"), None):
        amount, source = take_back(source, 0, net)
        amounts.append(amount)
    assert sum(amounts) == D("9.99")


def test_more_of_what_was_billed_adds_what_is_missing_of_the_price() -> None:
    line = priced("9.99", "19", "2")
    first = [shipped(line, DAY, "1")]
    bills = plan([line], first)
    found = invoice(bills)
    (posted,) = posted_of(found)
    grown = msgspec.structs.replace(first[0], quantity=D(2))
    added = plan([line], [grown], [posted])
    assert added.draft is not None
    assert [(item.net_amount, item.gross_amount) for item in added.draft.lines] == [(D("8.40"), D("9.99"))]
    assert invoice(added).gross_total == D("9.99")
    unknown = plan([line], [grown], [posted._replace(gross_amount=None)])
    assert unknown.draft is not None
    assert unknown.draft.lines[0].gross_amount is None
    back = plan([line], [grown, returned(line, DAY, "2")], posted_of(found))
    assert [net for request in back.requests for _, net in request.lines or ()] == [D("8.39")]


def test_the_tax_comes_out_of_every_price_of_a_charge() -> None:
    tiers = (Tier(D(10), D("11.90"), D("1.19")), Tier(None, D("5.95")))
    charge = Charge(ChargeModel.GRADUATED, tiers=tiers, minimum=D("23.80"), free_units=D(2))
    net = charge_without_tax(charge, D(19))
    assert [(tier.up_to, tier.unit_price, tier.flat_fee) for tier in net.tiers] == [
        (D(10), D(10), D(1)),
        (None, D(5), D(0)),
    ]
    assert (net.minimum, net.maximum, net.free_units) == (D(20), None, D(2))
    assert charge_without_tax(Charge.unit(D("9.99")), D(19)) == Charge.unit(D("8.3949579832"))
    assert charge_without_tax(charge, D(0)) is charge
    assert [error.field for error in including_errors(Charge(ChargeModel.PRE_RATED))] == ["model"]
    assert list(including_errors(charge)) == []


def test_the_waterfall_begins_with_the_price_with_tax() -> None:
    fall = price_line(
        Charge.unit(D("9.99")), D(2), interval_months=1, term_months=12, line_discount=D(0), document_discount=D(0),
        digits=2, included_tax=D(19),
    )  # fmt: skip
    first, tax, *_ = fall.steps
    assert (first.name, first.price) == ("list_price_with_tax", D("9.99"))
    assert (tax.name, tax.change, tax.percent) == ("included_tax", D("-1.5950420168"), D(19))
    assert [step.name for step in fall.steps][2:4] == ["list_price", "quantity_tier"]
    assert (fall.list_price, fall.net_total) == (D("8.3949579832"), D("16.79") * 12)
    assert fall.derivation.breaks() == []


LASTING = st.integers(1, 29)


@given(st.integers(3_000, 99_999), st.sampled_from(RATES), st.integers(1, 9).map(str), LASTING, LASTING)
def test_a_part_of_a_period_costs_its_part_of_the_price_however_it_became_known(
    cents: int, rate: str, quantity: str, days: int, fewer: int
) -> None:
    """Billed whole and corrected once or twice, it comes to what it would have come to at once."""
    start = date(2026, 4, 1)
    month = priced(str(D(cents).scaleb(-2)), rate, quantity, kind="subscription")
    facts = [activated(month, start)]
    (posted,) = posted_of(invoice(plan([month], facts, as_of=start)))
    for last in (max(days, fewer), min(days, fewer)):
        facts.append(ended(month, date(2026, 4, 1 + last)))
        at_once = invoice_or_none(plan([month], facts, as_of=start))
        for request in plan([month], facts, [posted], as_of=start).requests:
            ((_, net),) = request.lines or ()
            line = CreditableLine(
                posted.invoice_line_id, 1, month.line_id, "", D(quantity), month.unit_price, posted.net_amount, "S",
                D(rate), True, posted.corrected, D(0), gross_amount=posted.gross_amount,
                credited_gross=posted.corrected_gross,
            )  # fmt: skip
            gross = line.with_tax(net, 2, request.with_tax.get(posted.invoice_line_id)) or D(0)
            posted = posted._replace(
                corrected=posted.corrected + net, credited=posted.credited + net,
                corrected_gross=posted.corrected_gross + gross,
            )  # fmt: skip
        assert posted.gross_left == (at_once.gross_total if at_once else D(0))
        assert plan([month], facts, [posted], as_of=start).requests == []


def invoice_or_none(bills: AgreementBills) -> PreparedInvoice | None:
    return invoice(bills) if bills.draft else None
