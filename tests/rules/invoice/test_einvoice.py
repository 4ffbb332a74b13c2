"""What keeps an invoice from being an EN 16931 invoice is said before it is written, all at once, by rule."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.support.einvoices import (
    BUYER,
    EXEMPT,
    EXPORT,
    OUTSIDE,
    REVERSE,
    S7,
    S19,
    SELLER,
    SWISS_BUYER,
    WITHIN_EU,
    discount,
    generated,
    invoice,
    line,
    of_profile,
)

from cashline.flow.invoice.invoices.rules.cii import to_cii
from cashline.flow.invoice.invoices.rules.einvoice import (
    Address,
    AllowanceCharge,
    DocumentType,
    EInvoice,
    Identifier,
    PaymentMeans,
    Preceding,
    Profile,
    TaxSubtotal,
    tax_breakdown,
    taxable_amounts,
    unit_code,
)
from cashline.flow.invoice.invoices.rules.en16931 import amount_text, einvoice_problems, number_text
from cashline.flow.invoice.invoices.rules.ubl import to_ubl
from cashline.kernel.refusals import InvalidValue, Refusals

D = Decimal
PLAIN = invoice(line(1, "1", "100.00"))
NAMELESS = replace(SELLER, vat_id="", tax_number="", legal_id=None, identifiers=())


def rules_broken(source: EInvoice) -> list[str]:
    return [problem.data["rule"] for problem in einvoice_problems(source)]


@pytest.mark.parametrize("name", generated())
def test_nothing_is_wrong_with_the_generated_set(name: str) -> None:
    assert rules_broken(generated()[name]) == []


CASES: dict[str, tuple[EInvoice, list[str]]] = {
    "no number": (replace(PLAIN, number=" "), ["BR-02"]),
    "no line": (invoice(), ["BR-16"]),
    "a number twice": (invoice(line(1, "1", "1"), line(1, "1", "1")), ["BR-21"]),
    "tax currency without amount": (replace(PLAIN, tax_currency="SEK"), ["BR-53"]),
    "tax currency is the currency": (replace(PLAIN, tax_currency="EUR", tax_in_tax_currency=D(19)), ["BR-53"]),
    "preceding without number": (replace(PLAIN, preceding=(Preceding(""),)), ["BR-55"]),
    "nothing says when to pay": (replace(PLAIN, due_on=None), ["BR-CO-25"]),
    "a credit note states a date only with means": (
        replace(PLAIN, document_type=DocumentType.CREDIT_NOTE, payment_means=()),
        ["BR-CO-25"],
    ),
    "transfer without account": (replace(PLAIN, payment_means=(PaymentMeans("30"),)), ["BR-61"]),
    "a whole card number": (replace(PLAIN, payment_means=(PaymentMeans("48", card="4242424242424242"),)), ["BR-51"]),
    "no seller name": (replace(PLAIN, seller=replace(SELLER, name="")), ["BR-06"]),
    "no buyer name": (replace(PLAIN, buyer=replace(BUYER, name="")), ["BR-07"]),
    "country in words": (replace(PLAIN, buyer=replace(BUYER, address=Address("Germany"))), ["BR-11"]),
    "endpoint without scheme": (replace(PLAIN, buyer=replace(BUYER, endpoint=Identifier("x"))), ["BR-62"]),
    "VAT number without country": (replace(PLAIN, seller=replace(SELLER, vat_id="123456789")), ["BR-CO-09"]),
    "seller without a number": (replace(PLAIN, seller=NAMELESS), ["BR-CO-26", "BR-S-02"]),
    "line without name": (invoice(replace(line(1, "1", "1"), name="")), ["BR-25"]),
    "negative price": (invoice(line(1, "1", "-1.00"), due_on=None), ["BR-27"]),
    "gross below net": (invoice(line(1, "1", "2.00", gross_price=D(1))), ["BR-28"]),
    "GTIN without scheme": (invoice(line(1, "1", "2.00", standard_item=Identifier("40123"))), ["BR-64"]),
    "allowance without reason": (
        invoice(line(1, "1", "2.00", allowances=(AllowanceCharge(False, D(1)),))),
        ["BR-33"],
    ),
    "document allowance without tax": (invoice(line(1, "1", "2.00"), allowances=(discount("1.00"),)), ["BR-32"]),
    "summary differs from lines": (
        replace(PLAIN, taxes=(TaxSubtotal(S19, D("99.00"), D("18.81")),)),
        ["BR-S-08"],
    ),
    "summary of a rate that no line has": (
        replace(PLAIN, taxes=(*PLAIN.taxes, TaxSubtotal(S7, D(0), D(0)))),
        ["BR-CO-18"],
    ),
    "tax is not rate × amount": (replace(PLAIN, taxes=(TaxSubtotal(S19, D("100.00"), D("21.00")),)), ["BR-CO-17"]),
    "exempt without reason": (
        invoice(line(1, "1", "5.00", EXEMPT), taxes=(TaxSubtotal(EXEMPT, D("5.00"), D(0)),)),
        ["BR-E-10"],
    ),
    "outside and inside": (invoice(line(1, "1", "5.00", OUTSIDE), line(2, "1", "5.00")), ["BR-O-11"]),
    "a rate outside the scope": (invoice(line(1, "1", "5.00", replace(OUTSIDE, percent=D(0)))), ["BR-O-05"]),
    "standard at zero": (invoice(line(1, "1", "5.00", replace(S19, percent=D(0)))), ["BR-S-05"]),
    "reverse charge to nobody known": (
        invoice(line(1, "1", "5.00", REVERSE), buyer=replace(BUYER, vat_id="", legal_id=None)),
        ["BR-AE-02"],
    ),
    "supply within the EU, nothing known": (
        invoice(line(1, "1", "5.00", WITHIN_EU), buyer=replace(BUYER, vat_id="")),
        ["BR-IC-02", "BR-IC-11", "BR-IC-12"],
    ),
    "export by a seller without VAT number": (
        invoice(line(1, "1", "5.00", EXPORT), buyer=SWISS_BUYER, seller=replace(SELLER, vat_id="")),
        ["BR-G-02"],
    ),
    "three decimals": (invoice(line(1, "1", "1.234", currency="KWD"), currency="KWD"), ["BR-DEC"] * 3),
    "Peppol without addresses": (
        replace(PLAIN, profile=Profile.PEPPOL, seller=replace(SELLER, endpoint=None)),
        ["PEPPOL-EN16931-R020", "PEPPOL-EN16931-R003", "PEPPOL-EN16931-CL008"],
    ),
    "Peppol and a price that rounds far": (
        of_profile(generated()["zero-decimal currency"], Profile.PEPPOL),
        ["PEPPOL-EN16931-R120"] * 2,
    ),
    "Peppol and a correction": (
        of_profile(generated()["correction with a negative line"], Profile.PEPPOL),
        ["PEPPOL-EN16931-P0100"],
    ),
    "XRechnung without what Germany asks for": (
        replace(PLAIN, profile=Profile.XRECHNUNG, payment_means=(), seller=replace(SELLER, contact=None)),
        ["BR-DE-15", "BR-DE-1", "BR-DE-5", "BR-DE-6", "BR-DE-7"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_problem_is_named_by_its_rule(name: str) -> None:
    source, rules = CASES[name]
    assert rules_broken(source) == rules


def test_every_problem_comes_at_once_and_nothing_is_written() -> None:
    source = replace(PLAIN, number="", due_on=None, seller=NAMELESS)
    for write in (to_ubl, to_cii):
        with pytest.raises(Refusals) as caught:
            write(source)
        assert {refusal.field for refusal in caught.value} == {"number", "due_on", "seller", "seller.vat_id"}


def test_two_decimals_of_a_currency_with_three_can_be_stated() -> None:
    source = invoice(
        line(1, "1", "10.250", S19, currency="KWD"), currency="KWD", taxes=(TaxSubtotal(S19, D("10.250"), D("1.950")),)
    )
    assert b'<cbc:PayableAmount currencyID="KWD">12.20</cbc:PayableAmount>' in to_ubl(source)


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("1200.5", "EUR", "1200.50"),
        ("202", "JPY", "202"),
        ("1.230", "KWD", "1.23"),
        ("-0.00", "EUR", "0.00"),
        ("1E+3", "EUR", "1000.00"),
    ],
)
def test_amounts_are_written_plainly(value: str, currency: str, text: str) -> None:
    assert amount_text(D(value), currency) == text


@pytest.mark.parametrize(("value", "text"), [("8.695652", "8.695652"), ("10.00", "10"), ("1E+2", "100"), ("0.0", "0")])
def test_numbers_are_written_without_needless_zeros(value: str, text: str) -> None:
    assert number_text(D(value)) == text


def test_units_have_codes() -> None:
    assert [unit_code(unit) for unit in ("piece", "Hour", "MON", "H87")] == ["H87", "HUR", "MON", "H87"]
    with pytest.raises(InvalidValue, match="Recommendation 20"):
        unit_code("bunch")


def test_signs_that_xml_forbids_do_not_stop_an_invoice() -> None:
    source = replace(PLAIN, notes=("before\x00\x0cafter <&> 山田",))
    assert etree.fromstring(to_ubl(source)).findtext("{*}Note") == "beforeafter <&> 山田"


amounts = st.decimals(min_value="0", max_value="100000", places=2)
rates = st.sampled_from([S19, S7, EXEMPT])


@given(
    st.lists(st.tuples(st.integers(1, 50), amounts, rates), min_size=1, max_size=12),
    st.lists(st.tuples(st.booleans(), amounts, rates), max_size=3),
)
def test_both_syntaxes_state_the_same_amounts_and_they_add_up(lines: list[Any], extras: list[Any]) -> None:
    source = invoice(
        *(line(index, str(quantity), str(price), tax) for index, (quantity, price, tax) in enumerate(lines)),
        allowances=tuple(AllowanceCharge(charge, amount, "x", tax=tax) for charge, amount, tax in extras),
        payment_terms="Now",
    )
    ubl, cii = etree.fromstring(to_ubl(source)), etree.fromstring(to_cii(source))
    pairs = [
        ("LineExtensionAmount", "LineTotalAmount"),
        ("TaxExclusiveAmount", "TaxBasisTotalAmount"),
        ("TaxInclusiveAmount", "GrandTotalAmount"),
        ("PayableAmount", "DuePayableAmount"),
    ]
    for in_ubl, in_cii in pairs:
        amount = ubl.findtext(f"{{*}}LegalMonetaryTotal/{{*}}{in_ubl}")
        assert amount == cii.findtext(f".//{{*}}SpecifiedTradeSettlementHeaderMonetarySummation/{{*}}{in_cii}")
    assert sum(taxable_amounts(source.lines, source.allowances).values()) == source.tax_exclusive
    assert D(str(ubl.findtext("{*}TaxTotal/{*}TaxAmount"))) == sum(item.amount for item in source.taxes)
    assert source.payable == source.tax_exclusive + source.tax_total


def test_tax_is_rounded_once_for_each_rate() -> None:
    rate = replace(S19, percent=D(23))
    lines = (line(1, "1", "55.55", rate), line(2, "1", "11.11", rate))
    assert [item.amount for item in tax_breakdown(lines, (), "EUR")] == [D("15.33")]
