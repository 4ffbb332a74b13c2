"""Documents are set whole, alike every time, in any script, and carry their totals over pages."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from cashline.platform.documents.papers import Brand, Recipient
from cashline.platform.documents.papers.parts import breakable
from cashline.platform.documents.typesetting import Attachment, render
from tests.support.papers import (
    AT,
    BRAND,
    Paper,
    contract_paper,
    invoice_paper,
    quote_paper,
    set_paper,
    statement_paper,
)

PAPERS: dict[str, Paper] = {
    "invoice": invoice_paper(),
    "quote": quote_paper(),
    "contract": contract_paper(),
    "statement": statement_paper(),
}


def pages(pdf: bytes) -> list[str]:
    """The text of each page, with single blanks."""
    return [" ".join(page.extract_text().replace("\u00a0", " ").split()) for page in PdfReader(BytesIO(pdf)).pages]


@pytest.mark.parametrize("template", PAPERS)
def test_the_same_input_gives_the_same_bytes(template: str) -> None:
    first = set_paper(template, PAPERS[template])
    assert first == set_paper(template, PAPERS[template])
    assert first.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in first


def test_an_invoice_shows_what_is_due_when_and_where() -> None:
    first, annex = pages(set_paper("invoice", PAPERS["invoice"]))
    for part in (
        "INV-2026-000123",
        "€7,556.74",
        "30 April 2026",
        "DE02 1203 0000 0000 2020 51",
        "Müller & Söhne KG",
        "1 Mar 2026 – 31 Mar 2026",
        "−10%",
        "Page 1 of 2",
    ):
        assert part in first
    assert "How each amount was made" in annex
    assert "round(quantity × unit price × (100 − discount) ÷ 100, 2)" in annex
    assert "4201.20" in annex


def test_totals_are_carried_from_page_to_page() -> None:
    paper = invoice_paper(70, explained=())
    shown = pages(set_paper("invoice", paper))
    assert len(shown) >= 4
    carried = [re.findall(r"Carried forward ([\d,.]+)", text) for text in shown]
    brought = [re.findall(r"Brought forward ([\d,.]+)", text) for text in shown]
    assert brought[0] == []
    assert [found for found in carried if found] == [found for found in brought if found]
    running, sums = Decimal(0), set()
    for line in paper.lines:
        running += line.net
        sums.add(f"{running:,.2f}")
    for text, (sum_carried,) in zip(shown, [found for found in carried if found], strict=False):
        assert sum_carried in sums
        assert "DESCRIPTION" in text
    assert f"{paper.net_total:,.2f}" in " ".join(shown[-2:])


@pytest.mark.parametrize(
    ("locale", "currency", "shown"),
    [
        ("de", "EUR", ("Rechnung", "7.556,74 €", "Zahlbar bis", "Seite 1 von 2")),
        ("fr", "KWD", ("Facture", "7 556,738 KWD", "À payer avant le")),
        ("ja", "JPY", ("7,557", "2026年3月31日")),
    ],
)
def test_documents_speak_the_language_and_currency_of_the_customer(
    locale: str, currency: str, shown: tuple[str, ...]
) -> None:
    text = pages(set_paper("invoice", invoice_paper(3, locale, currency)))[0].replace("\u202f", " ")
    for part in shown:
        assert part in text or part in text.replace(" ", "")


def test_a_credit_note_asks_for_no_payment() -> None:
    paper = invoice_paper(1, "de", is_credit_note=True, due_on=None, facts=(("preceding_invoice", "INV-1"),))
    text = pages(set_paper("invoice", paper))[0]
    assert "Gutschrift" in text
    assert "Zu Rechnung" in text
    assert "Zahlung" not in text
    assert paper.files() == {}


def test_a_contract_shows_its_evidence_once_it_is_signed() -> None:
    unsigned = pages(set_paper("contract", contract_paper(signed=False)))
    signed = pages(set_paper("contract", contract_paper()))
    assert "Not yet signed" in unsigned[-1]
    assert "Evidence of signature" in signed[-1]
    assert "9f86d081" * 8 in signed[-1]


def test_names_in_any_script_and_hostile_text_are_set() -> None:
    names = "株式会社山田 한국 Ωμέγα Ромашка שלום اسم 😀 \x00\ud800 𓀀"
    hostile = ("#set page(width: 1pt)", '$x^2$ *b* `c` <d> @e \\ [f] "g" // h', "y" * 300)
    paper = invoice_paper(2, recipient=Recipient(names, hostile), notes="#panic(1)\n" + "long " * 900)
    text = " ".join(pages(set_paper("invoice", paper)))
    assert "株式会社山田" in text
    assert "#set page(width: 1pt)" in text
    assert "□" in text


def test_long_words_get_places_to_break() -> None:
    assert breakable("short words stay as they are") == "short words stay as they are"
    assert max(len(part) for part in breakable("y" * 300).split("\u200b")) == 12


@pytest.mark.parametrize("colour", ["#ffffff", "#000000", "#fde047", "#1d4ed8"])
def test_any_brand_colour_and_a_logo_are_set(colour: str) -> None:
    logo = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>'
    brand = Brand("N", (), colour=colour, logo=logo, paper="us-letter")
    paper = invoice_paper(1, brand=brand)
    assert paper.files().keys() == {"logo.svg"}
    page = PdfReader(BytesIO(set_paper("invoice", paper))).pages[0]
    assert [round(float(side)) for side in page.mediabox[2:]] == [612, 792]


def test_files_are_attached() -> None:
    data = quote_paper().data()
    attachments = [Attachment("terms.txt", b"one", "text/plain", "Terms"), Attachment("lines.csv", b"a;b", "text/csv")]
    pdf = render("quote", data, files=quote_paper().files(), timestamp=AT, attachments=attachments)
    found = PdfReader(BytesIO(pdf)).attachments
    assert dict(found) == {"terms.txt": [b"one"], "lines.csv": [b"a;b"]}


def test_threads_may_set_at_once() -> None:
    papers = [invoice_paper(3, number=f"INV-{number}", explained=()) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda paper: set_paper("invoice", paper), papers))
    assert found == [set_paper("invoice", paper) for paper in papers]


def test_an_unknown_template_is_an_error() -> None:
    with pytest.raises(KeyError):
        render("letter", {}, timestamp=AT)


def test_a_bank_account_is_read_in_groups() -> None:
    assert BRAND.bank is not None
    assert replace(BRAND.bank, iban="DE0212030000").grouped_iban == "DE02 1203 0000"
