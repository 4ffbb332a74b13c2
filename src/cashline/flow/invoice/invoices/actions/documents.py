"""Documents of invoices and credit notes: made of what was stored at issue, outside any transaction, and kept once.

Whoever asks first has the document made; everyone after gets the very same bytes.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.invoices.queries import statement_of, with_previous
from cashline.flow.invoice.invoices.rules.changing import compare
from cashline.flow.invoice.invoices.rules.cii import to_cii
from cashline.flow.invoice.invoices.rules.en16931 import require_einvoice
from cashline.flow.invoice.invoices.rules.explaining import explained_line
from cashline.flow.invoice.invoices.rules.parties import Party, PostalAddress
from cashline.flow.invoice.invoices.rules.stating import (
    StatedLine,
    StatedTax,
    Statement,
    can_be_einvoice,
    e_invoice_of,
    payment_terms_of,
)
from cashline.flow.invoice.invoices.rules.ubl import to_ubl
from cashline.flow.invoice.invoices.rules.wording import phrase
from cashline.kernel.derivations import Derivation
from cashline.kernel.writing import write_money, write_number
from cashline.platform import sql
from cashline.platform.documents.actions import NewFile, store_files
from cashline.platform.documents.facturx import render_facturx
from cashline.platform.documents.letterheads import address_lines, paper_size
from cashline.platform.documents.papers import BankAccount, Brand, Fact, InvoicePaper, PaperLine, PaperTax, Recipient
from cashline.platform.documents.queries import StoredContent, latest_file
from cashline.platform.documents.typesetting import render
from cashline.platform.documents.wording import wording_for

ANNEX_LINES = 100
"""How many lines the annex explains at most; the console explains all."""


class DocumentForm(StrEnum):
    """The forms in which a document is had: PDF (with the CII inside, Factur-X), or the XML of EN 16931 alone."""

    PDF = "pdf"
    UBL = "ubl"
    CII = "cii"


def invoice_document(invoice_id: UUID, form: DocumentForm, *, now: datetime) -> StoredContent:
    """The stored document of an issued invoice, made now where it was not yet. Raises NotFound or NotAnEInvoice."""

    def read() -> Statement:
        found = statement_of(invoice_id)
        return with_previous(found) if form is DocumentForm.PDF else found

    return kept_document("invoice", invoice_id, form, read, now=now)


def kept_document(
    subject: Literal["invoice", "credit_note"],
    subject_id: UUID,
    form: DocumentForm,
    read: Callable[[], Statement],
    *,
    now: datetime,
) -> StoredContent:
    """The stored document, or one made of the statement and stored; two who ask at once get the same."""
    kind = f"{subject}_{form}"
    found = latest_file(subject_id, kind)
    if found is not None:
        return found
    statement = read()
    content = document_bytes(statement, form)
    media_type = "application/pdf" if form is DocumentForm.PDF else "application/xml"
    name = f"{statement.number}.{'pdf' if form is DocumentForm.PDF else f'{form}.xml'}"
    file = NewFile(subject, subject_id, kind, name, media_type, content, statement.customer_id)
    with transaction.atomic():
        sql.fetch(f"SELECT id FROM {subject}s WHERE id = %s FOR NO KEY UPDATE", (subject_id,))
        kept = latest_file(subject_id, kind)
        if kept is None:
            store_files([file], now=now)
            kept = latest_file(subject_id, kind)
    assert kept is not None  # noqa: S101 - it was stored just now
    return kept


def document_bytes(statement: Statement, form: DocumentForm) -> bytes:
    """The document; the same bytes for the same statement. Raises NotAnEInvoice where XML cannot state it."""
    if form is DocumentForm.PDF:
        return _pdf(statement)
    invoice = e_invoice_of(statement)
    require_einvoice(invoice)
    return to_ubl(invoice) if form is DocumentForm.UBL else to_cii(invoice)


def _pdf(statement: Statement) -> bytes:
    paper = paper_of(statement)
    if can_be_einvoice(statement):
        cii = to_cii(e_invoice_of(statement))
        return render_facturx("invoice", paper.data(), cii, timestamp=statement.created_at, files=paper.files())
    return render("invoice", paper.data(), timestamp=statement.created_at, files=paper.files())


def paper_of(statement: Statement) -> InvoicePaper:
    """What stands on the PDF, in the customer's language."""
    locale = statement.buyer.locale
    wording = wording_for(locale)
    facts: list[Fact] = [
        ("customer_number", statement.buyer.number),
        ("order_number", statement.purchase_order),
        ("our_order", ", ".join(statement.order_numbers[:3])),
        ("contract_number", statement.agreement_number),
        ("delivery_date", wording.long_date(statement.supply_on)),
        ("preceding_invoice", statement.preceding[0] if statement.preceding else ""),
    ]
    return InvoicePaper(
        brand=_brand(statement.seller, locale),
        recipient=_recipient(statement.buyer, locale),
        locale=locale,
        currency=statement.currency,
        number=statement.number,
        issued_on=statement.issued_on,
        lines=tuple(_line(line, statement.currency, locale) for line in statement.lines),
        taxes=tuple(_tax(tax) for tax in statement.taxes),
        net_total=statement.net_total,
        tax_total=statement.tax_total,
        gross_total=statement.gross_total,
        payable=statement.payable,
        paid=statement.prepaid,
        adjustments=_adjustments(statement),
        due_on=statement.due_on,
        is_credit_note=statement.is_credit_note,
        facts=tuple(facts),
        payment_terms=payment_terms_of(statement),
        payment_reference=statement.number,
        notes="\n".join(part for part in _notes(statement, locale) if part),
        explained=_explained(statement, locale),
        changes=_changes(statement, locale),
    )


def _notes(statement: Statement, locale: str) -> tuple[str, ...]:
    included = phrase(locale, "prices_include_tax") if statement.includes_tax else ""
    return (statement.reason, included, _set_off(statement), _accounted_tax(statement, locale))


def _adjustments(statement: Statement) -> tuple[tuple[str, Decimal], ...]:
    """The coupons, between the lines and the net total."""
    if statement.discounts:
        return tuple((name, -value) for name, value in statement.discounts)
    if statement.discount_total:
        return ((phrase(statement.buyer.locale, "discount"), -statement.discount_total),)
    return ()


def _accounted_tax(statement: Statement, locale: str) -> str:
    """The tax in the currency of the legal entity, which the law asks for on an invoice in another."""
    found = statement.accounted_tax
    if found is None:
        return ""
    own, tax = found
    return phrase(
        locale, "accounted_tax", own=own, tax=write_money(tax, own, locale),
        rate=write_number(statement.entity_rate, locale), currency=statement.currency,
    )  # fmt: skip


def _set_off(statement: Statement) -> str:
    return payment_terms_of(statement) if statement.is_credit_note else ""


def _explained(statement: Statement, locale: str) -> tuple[tuple[str, Derivation], ...]:
    """The amounts that are more than quantity × price, each with its words."""
    found = []
    for line in statement.lines:
        if line.derivation["rule"] != "billing.unit":
            why = explained_line(line, statement, locale)
            found.append((f"{line.line_no}. {line.description}", why.derivation))
    return tuple(found[:ANNEX_LINES])


def _changes(statement: Statement, locale: str) -> tuple[str, str, tuple[tuple[str, Decimal], ...]] | None:
    """What changed since the invoice before: a title, a sentence, and each change with what it adds."""
    found = compare(statement, locale)
    if found is None or not found.changes:
        return None
    title = phrase(locale, "since_title", number=found.number)
    return title, found.words, tuple((item.words, item.difference) for item in found.changes)


def _line(line: StatedLine, currency: str, locale: str) -> PaperLine:
    inputs = line.derivation.get("inputs")
    detail = []
    if line.derivation["rule"] == "billing.prorated" and isinstance(inputs, dict):
        detail.append(
            phrase(locale, "part_of_period", days=inputs["days"], of_days=inputs["days_of_period"])
        )  # fmt: skip
    if line.revision:
        detail.append(phrase(locale, "correction"))
    if line.gross_amount is not None and line.price_with_tax is not None:
        price, gross = (write_money(value, currency, locale) for value in (line.price_with_tax, line.gross_amount))
        detail.append(phrase(locale, "each_with_tax", price=price, gross=gross))
    return PaperLine(
        title=line.description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        net=line.net_amount,
        unit=line.unit,
        detail="\n".join([line.sku, *detail]).strip(),
        period=line.period,
        tax_percent=None if line.tax_code == "O" else line.tax_rate,
    )


def _tax(tax: StatedTax) -> PaperTax:
    return PaperTax(None if tax.code == "O" else tax.rate, tax.base, tax.tax, tax.reason)


def _brand(seller: Party, locale: str) -> Brand:
    return Brand(
        name=seller.name,
        address=_lines(seller.address, locale),
        colour=seller.brand_color or "#0f766e",
        email=seller.email,
        phone=seller.phone,
        website=seller.website,
        tax_id=seller.tax_id,
        registration=seller.registration,
        bank=BankAccount(seller.iban, seller.bic, seller.name) if seller.iban else None,
        paper=paper_size(seller.address.country),
    )


def _recipient(buyer: Party, locale: str) -> Recipient:
    return Recipient(buyer.name, _lines(buyer.address, locale), buyer.tax_id)


def _lines(address: PostalAddress, locale: str) -> tuple[str, ...]:
    return address_lines(
        street=address.street,
        postcode=address.postcode,
        city=address.city,
        region=address.region,
        country=address.country,
        locale=locale,
    )
