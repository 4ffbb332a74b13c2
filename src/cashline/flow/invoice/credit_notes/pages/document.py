"""A credit note as a document: what is taken back of which invoice, with its tax, its reason and its files."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.invoice.credit_notes import queries
from cashline.flow.invoice.credit_notes.actions import credit_note_document
from cashline.flow.invoice.credit_notes.pages.listing import CAUSE_PILLS
from cashline.flow.invoice.credit_notes.queries import CreditNoteRow
from cashline.flow.invoice.invoices.actions import DocumentForm
from cashline.flow.invoice.invoices.pages.document import FILE_WORDS, SHOWN_LINES, file_page, known_form
from cashline.flow.invoice.invoices.queries import invoice
from cashline.flow.invoice.invoices.rules.explaining import explanation, tax_name
from cashline.flow.invoice.invoices.rules.stating import Statement, can_be_einvoice
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.anatomies import DerivationPage, DocumentPage, Section
from cashline.platform.pages.components import (
    Cell,
    Column,
    Crumb,
    Download,
    KeyValue,
    MoneyCell,
    Row,
    SummaryRow,
    Table,
)
from cashline.platform.pages.render import render_derivation, render_document
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import timeline_of

LINE_COLUMNS = (
    Column("description", lazy("Description"), place="title"),
    Column("quantity", lazy("Quantity"), "number"),
    Column("tax", lazy("Tax")),
    Column("net_amount", lazy("Net"), "money", place="amount"),
)
TAX_COLUMNS = (
    Column("code", lazy("Tax"), place="title"),
    Column("basis", lazy("Why")),
    Column("base", lazy("On"), "money"),
    Column("tax", lazy("Tax"), "money", place="amount"),
)


def seen(caller: Caller, credit_note_id: str) -> CreditNoteRow:
    """The credit note, where the caller may read it; else NotFound or Forbidden."""
    row = queries.credit_note(key_of("credit_note", credit_note_id))
    require_visible(caller, "credit_notes.read", row.entity_id, "credit_note", row.id)
    return row


def credit_note_detail(request: HttpRequest, credit_note_id: str) -> HttpResponse:
    """One credit note."""
    row = seen(caller_of(request), credit_note_id)
    statement = queries.statement_of(row.id)
    agreement = invoice(row.invoice_id).agreement_id
    page = DocumentPage(
        _("Credit note"),
        row.number,
        CAUSE_PILLS[row.cause],
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        thread=thread_of([row.invoice_id, *([agreement] if agreement else [])], row.id),
        facts=(
            KeyValue(_("Invoice"), Cell(row.invoice_number, address_of("invoice", row.invoice_id))),
            KeyValue(_("Issued"), row.issued_on),
            KeyValue(_("Reason"), row.reason),
        ),
        sections=_sections(row, statement),
        summary=_summary(row),
        timeline=timeline_of([row.id], current=row.id),
        downloads=_downloads(row, statement),
        crumbs=(Crumb(_("Credit notes"), reverse("credit_note_list")),),
    )
    return render_document(request, page)


def _why(row: CreditNoteRow, name: str) -> str:
    return reverse("credit_note_why", args=[public("credit_note", row.id), name])


def _money(row: CreditNoteRow, amount: Any, name: str) -> MoneyCell:
    return MoneyCell(Money(amount, row.currency), explain=_why(row, name))


def _sections(row: CreditNoteRow, statement: Statement) -> tuple[Section, ...]:
    lines = tuple(
        Row(
            public("credit_note_line", line.id),
            {
                "description": Cell(line.description, sub=line.sku),
                "quantity": line.quantity,
                "tax": f"{line.tax_rate:f} %" if line.tax_code == "S" else line.tax_code,
                "net_amount": _money(row, line.net_amount, f"line-{line.line_no}"),
            },
        )
        for line in statement.lines[:SHOWN_LINES]
    )
    taxes = tuple(
        Row(
            tax_name(tax),
            {
                "code": f"{tax.code}\u00a0{tax.rate:f} %",
                "basis": Cell(tax.basis, sub=tax.reason),
                "base": Money(tax.base, row.currency),
                "tax": _money(row, tax.tax, tax_name(tax)),
            },
        )
        for tax in statement.taxes
    )
    more = len(statement.lines) - len(lines)
    words = _("%(count)s more lines stand in the files.") % {"count": more} if more else ""
    return (
        Section(_("Taken back"), Table(LINE_COLUMNS, lines), text=words, anchor="lines"),
        Section(_("Tax"), Table(TAX_COLUMNS, taxes), anchor="tax"),
    )


def _summary(row: CreditNoteRow) -> tuple[SummaryRow, ...]:
    settled = row.gross_total - row.unapplied_amount
    found = [
        SummaryRow(_("Net total"), _money(row, row.net_total, "net")),
        SummaryRow(_("Tax"), _money(row, row.tax_total, "tax")),
        SummaryRow(_("Total"), _money(row, row.gross_total, "gross"), total=True),
        SummaryRow(_("Set off against the invoice"), Money(settled, row.currency)),
    ]
    if row.unapplied_amount:
        found.append(SummaryRow(_("To the customer's account"), Money(row.unapplied_amount, row.currency)))
    return tuple(found)


def _downloads(row: CreditNoteRow, statement: Statement) -> tuple[Download, ...]:
    forms = tuple(DocumentForm) if can_be_einvoice(statement) else (DocumentForm.PDF,)
    key = public("credit_note", row.id)
    return tuple(Download(FILE_WORDS[form], reverse("credit_note_file", args=[key, form.value])) for form in forms)


def credit_note_why(request: HttpRequest, credit_note_id: str, name: str) -> HttpResponse:
    """Why an amount of the credit note is what it is."""
    row = seen(caller_of(request), credit_note_id)
    found = explanation(queries.statement_of(row.id), name, get_language() or "en")
    if found is None:
        raise NotFound(f"There is no amount {name[:40]!r} on this credit note.", field="name")
    crumbs = (
        Crumb(_("Credit notes"), reverse("credit_note_list")),
        Crumb(row.number, reverse("credit_note_detail", args=[credit_note_id])),
    )
    page = DerivationPage(found.label, Money(found.amount, row.currency), found.derivation, crumbs)
    return render_derivation(request, page)


def credit_note_file(request: HttpRequest, credit_note_id: str, form: str) -> HttpResponse:
    """A document of the credit note: shown (PDF) or downloaded (XML)."""
    caller = caller_of(request)
    row = seen(caller, credit_note_id)
    return file_page(credit_note_document(row.id, known_form(form), now=caller.now))
