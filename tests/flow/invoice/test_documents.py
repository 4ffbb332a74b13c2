"""Documents of issued invoices: PDF, UBL and CII state the same cents, pass the official rules, and are made once."""

import io
import threading
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from lxml import etree
from pypdf import PdfReader

from cashline.flow.agree.customers.rules import NewAddress
from cashline.flow.invoice.credit_notes.actions import credit_note_document
from cashline.flow.invoice.credit_notes.queries import statement_of as note_statement
from cashline.flow.invoice.invoices.actions import DocumentForm, invoice_document
from cashline.flow.invoice.invoices.queries import e_invoice, invoice, lines_of, statement_of
from cashline.flow.invoice.invoices.rules.en16931 import NotAnEInvoice, einvoice_problems
from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform import sql
from cashline.platform.documents.einvoice_check import Severity, check_einvoice
from cashline.platform.documents.wording import wording_for
from cashline.platform.outbox.sending import send_due
from tests.support.agree import german, make_customers
from tests.support.book import Shop, book, line, ship
from tests.support.invoice import (
    accept_installations,
    at,
    bill,
    billed,
    credit,
    end_subscriptions,
    make_billing_shop,
    ship_and_bill,
)
from tests.support.mail import mail_server
from tests.support.world import NOW, TODAY

D = Decimal
FRENCH = NewAddress("bill_to", "1 rue Royale", "Paris", "FR", "75008")
SWISS = NewAddress("bill_to", "Bahnhofstrasse 1", "Zürich", "CH", "8001")


def errors(xml: bytes) -> list[str]:
    return [finding.text for finding in check_einvoice(xml) if finding.severity is Severity.ERROR]


def xml_of(invoice_id: UUID, form: DocumentForm) -> bytes:
    return invoice_document(invoice_id, form, now=NOW).content


def pdf_of(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def require_same_cents(invoice_id: UUID) -> None:
    """The three documents are valid and state the totals that are stored."""
    row, statement = invoice(invoice_id), statement_of(invoice_id)
    ubl, cii = xml_of(invoice_id, DocumentForm.UBL), xml_of(invoice_id, DocumentForm.CII)
    assert errors(ubl) == []
    assert errors(cii) == []
    expected = [row.net_total, row.tax_total, row.gross_total]
    root = etree.fromstring(ubl)
    total = "{*}LegalMonetaryTotal/{*}"
    stated = [f"{total}TaxExclusiveAmount", "{*}TaxTotal/{*}TaxAmount", f"{total}PayableAmount"]
    assert [D(str(root.findtext(path))) for path in stated] == expected
    root = etree.fromstring(cii)
    total = ".//{*}SpecifiedTradeSettlementHeaderMonetarySummation/{*}"
    stated = [f"{total}TaxBasisTotalAmount", f"{total}TaxTotalAmount", f"{total}DuePayableAmount"]
    assert [D(str(root.findtext(path))) for path in stated] == expected
    pdf = pdf_of(invoice_document(invoice_id, DocumentForm.PDF, now=NOW).content)
    assert pdf.attachments["factur-x.xml"] == [cii]
    text = "".join(page.extract_text() for page in pdf.pages).replace("\u202f", " ").replace("\xa0", " ")
    money = wording_for(statement.buyer.locale).money(row.gross_total, row.currency)
    assert money.replace("\u202f", " ").replace("\xa0", " ") in text
    assert row.number in text


def foreign(shop: Shop, name: str, address: NewAddress, **changes: object) -> UUID:
    """An order of goods, a subscription and a service for a customer abroad, delivered; its invoice."""
    country = address.country
    customer = make_customers([german(name, country=country, addresses=(address,), **changes)])[0]
    lines = (line("SENSOR-1", 3), line("PLAT-PRO", 2, interval_months=1), line("SETUP-1"))
    order_id = book(shop, *lines, customer_id=customer)
    ship(order_id)
    accept_installations(order_id)
    (row,) = billed(bill())
    return row.id


@pytest.mark.usefixtures("db")
def test_a_domestic_invoice_states_the_same_in_every_form() -> None:
    row = ship_and_bill(make_billing_shop(), line("SENSOR-1", 7, discount_percent=D("3.5")), line("SENSOR-1", 1))
    require_same_cents(row.id)


@pytest.mark.usefixtures("db")
def test_within_the_union_goods_are_exempt_and_services_reverse_charged() -> None:
    key = foreign(make_billing_shop(), "Atelier Durand", FRENCH, tax_id="FR40303265045", locale="fr")
    assert [item.tax_code for item in lines_of([key])[key]] == ["K", "AE", "AE"]
    require_same_cents(key)


@pytest.mark.usefixtures("db")
def test_a_private_buyer_abroad_is_taxed_there() -> None:
    key = foreign(make_billing_shop(), "Mme Durand", FRENCH, tax_id="", locale="fr")
    assert [item.tax_rate for item in lines_of([key])[key]] == [20, 20, 19]
    require_same_cents(key)


@pytest.mark.usefixtures("db")
def test_export_carries_the_service_that_goes_with_it() -> None:
    key = foreign(make_billing_shop(), "Alpen AG", SWISS, tax_id="")
    assert [item.tax_code for item in lines_of([key])[key]] == ["G", "G", "G"]
    require_same_cents(key)


@pytest.mark.usefixtures("db")
def test_a_service_outside_the_scope_names_no_vat_number() -> None:
    shop = make_billing_shop()
    customer = make_customers([german("Alpen AG", country="CH", addresses=(SWISS,), tax_id="")])[0]
    book(shop, line("PLAT-PRO", 2, interval_months=1), customer_id=customer)
    (row,) = billed(bill())
    assert [item.tax_code for item in lines_of([row.id])[row.id]] == ["O"]
    require_same_cents(row.id)


@pytest.mark.usefixtures("db")
def test_a_part_of_a_period_adds_up_and_is_explained() -> None:
    shop = make_billing_shop()
    order_id = book(shop, line("PLAT-PRO", 3, interval_months=1))
    end_subscriptions(order_id, date(2026, 1, 22))
    (row,) = billed(bill())
    assert row.net_total == D("33.19")
    require_same_cents(row.id)
    text = pdf_of(invoice_document(row.id, DocumentForm.PDF, now=NOW).content).pages[0].extract_text()
    assert "7 von 31 Tagen" in text
    assert "Wie jeder Betrag zustande kam" in "".join(
        page.extract_text() for page in pdf_of(invoice_document(row.id, DocumentForm.PDF, now=NOW).content).pages
    )


@pytest.mark.usefixtures("db")
def test_credit_notes_are_valid_in_part_and_in_full() -> None:
    shop = make_billing_shop()
    row = ship_and_bill(shop, line("SENSOR-1", 3), line("SENSOR-1", 1, unit_price=D("33.33")))
    first, second = lines_of([row.id])[row.id]
    for key in (credit(row.id, [(first.id, D("10.01")), (second.id, D("33.33"))]), credit(row.id)):
        statement = note_statement(key)
        for form in (DocumentForm.UBL, DocumentForm.CII):
            content = credit_note_document(key, form, now=NOW).content
            assert errors(content) == []
            assert row.number.encode() in content
        pdf = pdf_of(credit_note_document(key, DocumentForm.PDF, now=NOW).content)
        assert "factur-x.xml" in pdf.attachments
        text = "".join(page.extract_text() for page in pdf.pages)
        assert statement.number in text
        assert "Damaged on arrival" in text


@pytest.mark.usefixtures("db")
def test_dinar_has_a_pdf_and_no_xml() -> None:
    shop = make_billing_shop()
    address = NewAddress("bill_to", "Gulf Road 1", "Kuwait City", "KW")
    customer = make_customers(
        [german("Gulf Co", country="KW", currency="KWD", tax_id="", locale="en", addresses=(address,))]
    )[0]
    ship(book(shop, line("SENSOR-1", 3, unit_price=D("0.3335")), customer_id=customer, currency="KWD"))
    (row,) = billed(bill())
    assert row.gross_total == D("1.001")
    with pytest.raises(Refusal) as caught:
        invoice_document(row.id, DocumentForm.UBL, now=NOW)
    assert any(
        isinstance(problem, NotAnEInvoice) and problem.data["rule"] == "BR-DEC"
        for problem in getattr(caught.value, "refusals", [caught.value])
    )
    text = pdf_of(invoice_document(row.id, DocumentForm.PDF, now=NOW).content).pages[0].extract_text()
    assert "1.001" in text


@pytest.mark.usefixtures("db")
def test_a_document_is_made_once_of_what_was_stored_at_issue() -> None:
    shop = make_billing_shop()
    row = ship_and_bill(shop, line("SENSOR-1", 1))
    sql.execute("UPDATE customers SET name = 'Renamed AG' WHERE id = %s", (shop.customer,))
    sql.execute("UPDATE customer_addresses SET city = 'Elsewhere' WHERE customer_id = %s", (shop.customer,))
    assert e_invoice(row.id).buyer.name == "Nordlicht Werke GmbH"
    assert e_invoice(row.id).buyer.address.city == "Frankfurt am Main"
    assert einvoice_problems(e_invoice(row.id)) == []
    first = invoice_document(row.id, DocumentForm.PDF, now=NOW)
    again = invoice_document(row.id, DocumentForm.PDF, now=at(date(2026, 5, 1)))
    assert again.file == first.file
    assert sql.fetch("SELECT count(*) FROM stored_files") == [(1,)]
    with pytest.raises(NotFound):
        invoice_document(shop.customer, DocumentForm.PDF, now=NOW)


@pytest.mark.usefixtures("committed_db")
def test_eight_who_ask_at_once_get_the_same_file() -> None:
    from django.db import connections

    row = ship_and_bill(make_billing_shop(), line("SENSOR-1", 1))
    found: list[UUID] = []

    def ask() -> None:
        try:
            found.append(invoice_document(row.id, DocumentForm.CII, now=NOW).file.id)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.usefixtures("committed_db")
def test_an_invoice_is_mailed_once_with_its_pdf() -> None:
    row = ship_and_bill(make_billing_shop(), line("SENSOR-1", 1))
    with mail_server() as arrived:
        while send_due(now=NOW):
            pass
        bill()
        while send_due(now=at(date(2026, 2, 1))):
            pass
    (mail,) = [message for message in arrived if "INV-" in str(message["Subject"])]
    assert str(mail["Subject"]) == "Rechnung INV-DE01-2026-000001 von Cashline Demo GmbH"
    assert mail["To"] == "ap@nordlicht.example"
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "INV-DE01-2026-000001.pdf"
    stored = invoice_document(row.id, DocumentForm.PDF, now=NOW)
    assert attached.get_content() == stored.content
    assert stored.file.created_at == NOW
    assert row.issued_on == TODAY
