"""An invoice as a document: lines, tax, what settled it, timeline; every amount with its reason; its files."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.agree.catalog.pages import price_cell
from cashline.flow.invoice.invoices import queries
from cashline.flow.invoice.invoices.actions import DocumentForm, invoice_document
from cashline.flow.invoice.invoices.pages.listing import state_of
from cashline.flow.invoice.invoices.queries import InvoiceRow
from cashline.flow.invoice.invoices.rules.changing import compare
from cashline.flow.invoice.invoices.rules.explaining import explanation, tax_name
from cashline.flow.invoice.invoices.rules.settlements import TYPES, Settlement, settlements
from cashline.flow.invoice.invoices.rules.stating import StatedLine, StatedTax, Statement, can_be_einvoice
from cashline.flow.invoice.invoices.rules.wording import phrase
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform.documents.queries import StoredContent
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.events.queries import timeline
from cashline.platform.pages.anatomies import DerivationPage, DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Crumb,
    Download,
    KeyValue,
    MoneyCell,
    Notice,
    Row,
    SummaryRow,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.formats import format_day
from cashline.platform.pages.render import render_derivation, render_document
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import timeline_of

SHOWN_LINES = 500
"""How many lines a page shows; the files have all."""
LINE_COLUMNS = (
    Column("line_no", lazy("No."), "number", place="hidden"),
    Column("description", lazy("Description"), place="title"),
    Column("period", lazy("Period")),
    Column("quantity", lazy("Quantity"), "number"),
    Column("unit_price", lazy("Unit price"), "money"),
    Column("tax", lazy("Tax")),
    Column("net_amount", lazy("Net"), "money", place="amount"),
)
TAX_COLUMNS = (
    Column("code", lazy("Tax"), place="title"),
    Column("basis", lazy("Why")),
    Column("base", lazy("On"), "money"),
    Column("tax", lazy("Tax"), "money", place="amount"),
)
CHANGE_COLUMNS = (
    Column("words", lazy("What changed"), place="title"),
    Column("before", lazy("Before"), "money"),
    Column("after", lazy("Now"), "money"),
    Column("difference", lazy("Difference"), "money", place="amount"),
)
SETTLEMENT_COLUMNS = (
    Column("document", lazy("Document"), "code", place="title"),
    Column("day", lazy("Day"), "date"),
    Column("paid", lazy("Paid"), "money", place="amount"),
    Column("applied", lazy("Credit applied"), "money"),
    Column("credited", lazy("Credited"), "money"),
    Column("written_off", lazy("Written off"), "money"),
    Column("reason", lazy("Reason")),
)
FILE_WORDS = {DocumentForm.PDF: lazy("PDF"), DocumentForm.UBL: lazy("UBL 2.1"), DocumentForm.CII: lazy("CII")}


def seen(caller: Caller, invoice_id: str, permission: str = "invoices.read") -> InvoiceRow:
    """The invoice, where the caller has the permission for its legal entity; else NotFound or Forbidden."""
    row = queries.invoice(key_of("invoice", invoice_id))
    require_visible(caller, permission, row.entity_id, "invoice", row.id)
    return row


def invoice_detail(request: HttpRequest, invoice_id: str) -> HttpResponse:
    """One invoice."""
    caller = caller_of(request)
    row = seen(caller, invoice_id)
    statement = queries.with_previous(queries.statement_of(row.id))
    settled = settlements((event for event in timeline([row.id]) if event.type in TYPES), row.id)
    page = DocumentPage(
        _("Invoice"),
        row.number,
        state_of(row, caller.today()),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        actions=_steps(row, caller),
        more_actions=(*_receiving(row, caller), *_taking_back(row, caller)),
        thread=thread_of(queries.agreements_of(row), row.id),
        facts=_facts(row, statement),
        sections=_sections(row, statement, settled),
        summary=_summary(row, statement, settled),
        timeline=timeline_of([row.id], current=row.id),
        downloads=_downloads(row, statement),
        notices=_notices(row),
        crumbs=(Crumb(_("Invoices"), reverse("invoice_list")),),
    )
    return render_document(request, page)


def _why(row: InvoiceRow, name: str) -> str:
    return reverse("invoice_why", args=[public("invoice", row.id), name])


def _facts(row: InvoiceRow, statement: Statement) -> tuple[KeyValue, ...]:
    run = Cell(_("Bill run"), address_of("bill_run", row.bill_run_id)) if row.bill_run_id else None
    facts = (
        KeyValue(_("Issued"), row.issued_on),
        KeyValue(_("Due"), row.due_on, _("%(days)s days") % {"days": (row.due_on - row.issued_on).days}),
        KeyValue(_("Supplied until"), row.supply_on),
        KeyValue(_("Purchase order"), statement.purchase_order),
        KeyValue(_("Orders"), ", ".join(statement.order_numbers)),
        KeyValue(_("Billed to"), _party(statement)),
        KeyValue(_("VAT number"), statement.buyer.vat_id),
        KeyValue(_("Rate to the books"), None if row.entity_rate == 1 else row.entity_rate.normalize() + 0),
        KeyValue(
            _("Customer withholds"), Money(statement.withheld_total, row.currency) if statement.withheld else None
        ),
        KeyValue(_("Made by"), run),
    )
    return tuple(fact for fact in facts if fact.value)


def _party(statement: Statement) -> Cell:
    address = statement.buyer.address
    return Cell(statement.buyer.name, sub=", ".join(part for part in (address.street, address.city) if part))


def _sections(row: InvoiceRow, statement: Statement, settled: list[Settlement]) -> tuple[Section, ...]:
    lines = tuple(_line(row, line) for line in statement.lines[:SHOWN_LINES])
    more = len(statement.lines) - len(lines)
    words = _("%(count)s more lines stand in the files.") % {"count": more} if more else ""
    found = [
        Section(_("Lines"), Table(LINE_COLUMNS, lines), text=words, anchor="lines"),
        Section(_("Tax"), Table(TAX_COLUMNS, tuple(_tax(row, tax) for tax in statement.taxes)), anchor="tax"),
    ]
    changed = changes_section(statement)
    if changed is not None:
        found.append(changed)
    table = Table(SETTLEMENT_COLUMNS, tuple(_settled(row, item) for item in settled), empty=_("Nothing came in yet."))
    found.append(Section(_("Payments and credit notes"), table, anchor="settled"))
    return tuple(found)


def changes_section(statement: Statement) -> Section | None:
    """What changed since the invoice before, in plain words; nothing for the first."""
    found = compare(statement, get_language() or "en")
    if found is None:
        return None
    rows = tuple(
        Row(
            str(index),
            {
                "words": item.words,
                "before": Money(item.before, statement.currency),
                "after": Money(item.after, statement.currency),
                "difference": Money(item.difference, statement.currency),
            },
        )
        for index, item in enumerate(found.changes)
    )
    table = Table(CHANGE_COLUMNS, rows) if rows else None
    title = phrase(get_language() or "en", "since_title", number=found.number)
    return Section(title, table, text=found.words, anchor="changes")


def _line(row: InvoiceRow, line: StatedLine) -> Row:
    rate = f"{line.tax_rate:f} %" if line.tax_code == "S" else line.tax_code
    cells: dict[str, Any] = {
        "line_no": line.line_no,
        "description": Cell(line.description, sub=line.sku),
        "period": f"{format_day(line.period.start)} – {format_day(line.period.last_day)}" if line.period else "",
        "quantity": _used(line),
        "unit_price": price_cell(line.unit_price, row.currency, None if line.gross_amount is None else line.tax_rate),
        "tax": rate,
        "net_amount": MoneyCell(Money(line.net_amount, row.currency), explain=_why(row, f"line-{line.line_no}")),
    }
    return Row(public("invoice_line", line.id), cells)


def _tax(row: InvoiceRow, tax: StatedTax) -> Row:
    cells: dict[str, Any] = {
        "code": f"{tax.code}\u00a0{tax.rate:f} %",
        "basis": Cell(tax.basis, sub=tax.reason),
        "base": Money(tax.base, row.currency),
        "tax": MoneyCell(Money(tax.tax, row.currency), explain=_why(row, tax_name(tax))),
    }
    return Row(tax_name(tax), cells)


def _used(line: StatedLine) -> CellValue:
    """The quantity; of usage with the events behind it, as a file that recomputes it."""
    if not (line.meter and line.subscription and line.period):
        return line.quantity
    query = urlencode({"meter": line.meter, "start": line.period.start, "end": line.period.end, "form": "csv"})
    return Cell(f"{line.quantity:f}", f"/v1/subscriptions/{line.subscription}/usage-export?{query}", icon="download")


def _settled(row: InvoiceRow, item: Settlement) -> Row:
    cells: dict[str, Any] = {
        "document": item.number or _("Credit of the customer"),
        "day": item.day,
        "paid": Money(item.paid, row.currency) if item.paid and not item.is_credit else None,
        "applied": Money(item.paid, row.currency) if item.is_credit else None,
        "credited": Money(item.credited, row.currency) if item.credited else None,
        "written_off": Money(item.written_off, row.currency) if item.written_off else None,
        "reason": item.reason,
    }
    return Row(public(item.kind, item.document_id), cells, address_of(item.kind, item.document_id))


def _summary(row: InvoiceRow, statement: Statement, settled: list[Settlement]) -> tuple[SummaryRow, ...]:
    def money(amount: Decimal) -> Money:
        return Money(amount, row.currency)

    sums = _sums(settled)
    found = [SummaryRow(name, money(-amount)) for name, amount in statement.discounts]
    found += [
        SummaryRow(_("Net total"), MoneyCell(money(row.net_total), explain=_why(row, "net"))),
        SummaryRow(_("Tax"), MoneyCell(money(row.tax_total), explain=_why(row, "tax"))),
        SummaryRow(
            _("Total"),
            MoneyCell(money(row.gross_total), explain=_why(row, "gross")),
            total=True,
            note=_("prices include tax") if statement.includes_tax else "",
        ),
    ]
    words = {
        "credited": _("Credited"),
        "credit_applied": _("Credit applied"),
        "paid": _("Paid"),
        "written_off": _("Written off"),
    }
    found += [SummaryRow(words[name], money(-amount)) for name, amount in sums.items() if amount]
    found.append(SummaryRow(_("Open"), MoneyCell(money(row.open_amount), explain=_why(row, "open")), total=True))
    return tuple(found)


def _sums(settled: list[Settlement]) -> dict[str, Decimal]:
    """What lowered the open amount, by its kind: credit of the customer is no money that came in."""
    zero = Decimal(0)
    return {
        "credited": sum((item.credited for item in settled), zero),
        "credit_applied": sum((item.paid for item in settled if item.is_credit), zero),
        "paid": sum((item.paid for item in settled if not item.is_credit), zero),
        "written_off": sum((item.written_off for item in settled), zero),
    }


def _steps(row: InvoiceRow, caller: Caller) -> tuple[Action, ...]:
    """What is done most: while it is open its money is recorded, afterwards it is read; crediting it is rare."""
    key = public("invoice", row.id)
    paying = row.open_amount > 0 and caller.authority.allows("payments.write", row.entity_id)
    paper = Action.link(
        _("Open the PDF"), reverse("invoice_file", args=[key, "pdf"]), icon="file-text", primary=not paying, key="f"
    )
    found = [paper]
    if caller.authority.allows("credit_notes.write", row.entity_id):
        refused = "" if row.status == "issued" else _("The invoice is void.")
        credit = reverse("invoice_credit", args=[key])
        found.append(Action(_("Credit"), credit, post=False, refused=refused, key="c"))
    if paying:
        pay = f"{reverse('payment_new')}?invoice={key}"
        found.append(Action.link(_("Record payment"), pay, icon="hand-coins", primary=True, key="p"))
    return tuple(found)


def _taking_back(row: InvoiceRow, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("credit_notes.write", row.entity_id):
        return ()
    refused = "" if row.status == "issued" else _("The invoice is void.")
    why = Field("reason", _("Reason"), "textarea", max_length=1000)
    again = _("The invoice is taken back in full; the next bill run bills anew what was delivered.")
    url = reverse("invoice_void", args=[public("invoice", row.id)])
    return (Action(_("Void"), url, "danger", confirm=again, fields=(why,), refused=refused),)


RECEIVING = (
    ("invoice_charge", "payments.write", lazy("Charge a card"), "credit-card"),
    ("dispute_new", "disputes.write", lazy("Dispute"), "message-square"),
    ("promise_new", "collections.write", lazy("Promise to pay"), "bell"),
)
"""What can be done about an open invoice in the next stage, where it has the page."""


def _receiving(row: InvoiceRow, caller: Caller) -> tuple[Action, ...]:
    if not row.open_amount:
        return ()
    key = public("invoice", row.id)
    found: list[Action] = []
    for name, permission, label, icon in RECEIVING:
        if caller.authority.allows(permission, row.entity_id):
            found.append(Action.link(label, reverse(name, args=[key]), icon=icon))
    return tuple(found)


def _downloads(row: InvoiceRow, statement: Statement) -> tuple[Download, ...]:
    forms = tuple(DocumentForm) if can_be_einvoice(statement) else (DocumentForm.PDF,)
    return tuple(
        Download(FILE_WORDS[form], reverse("invoice_file", args=[public("invoice", row.id), form.value]))
        for form in forms
    )


def _notices(row: InvoiceRow) -> tuple[Notice, ...]:
    if row.status == "void":
        return (Notice(_("This invoice was taken back by a full credit note."), Tone.WARNING),)
    return ()


def invoice_why(request: HttpRequest, invoice_id: str, name: str) -> HttpResponse:
    """Why an amount of the invoice is what it is."""
    row = seen(caller_of(request), invoice_id)
    crumbs = (
        Crumb(_("Invoices"), reverse("invoice_list")),
        Crumb(row.number, reverse("invoice_detail", args=[invoice_id])),
    )
    if name == "open":
        derivation = _open_derivation(row)
        page = DerivationPage(_("Open"), Money(row.open_amount, row.currency), derivation, crumbs)
        return render_derivation(request, page)
    found = explanation(queries.statement_of(row.id), name, get_language() or "en")
    if found is None:
        raise NotFound(f"There is no amount {name[:40]!r} on this invoice.", field="name")
    page = DerivationPage(found.label, Money(found.amount, row.currency), found.derivation, crumbs)
    return render_derivation(request, page)


def _open_derivation(row: InvoiceRow) -> Derivation:
    settled = settlements((event for event in timeline([row.id]) if event.type in TYPES), row.id)
    sums = _sums(settled)
    inputs = {"total": row.gross_total} | sums
    words = _("What is left of the total after credit notes, payments, credits and write-offs.")
    if row.gross_total < 0:
        words = _("An invoice below zero has nothing open: it became credit of the customer.")
        inputs |= {"to_account": row.gross_total - sum(sums.values()) - row.open_amount}
    return Derivation("invoices.open", 2, inputs, "-".join(inputs), row.open_amount, words)


def invoice_file(request: HttpRequest, invoice_id: str, form: str) -> HttpResponse:
    """A document of the invoice: shown (PDF) or downloaded (XML)."""
    caller = caller_of(request)
    row = seen(caller, invoice_id)
    return file_page(invoice_document(row.id, known_form(form), now=caller.now))


def known_form(form: str) -> DocumentForm:
    """The form of that name; raises NotFound."""
    try:
        return DocumentForm(form)
    except ValueError:
        raise NotFound(f"There is no document {form[:20]!r} of this kind.", field="form") from None


def file_page(stored: StoredContent) -> HttpResponse:
    """A stored file in the browser."""
    answer = HttpResponse(stored.content, content_type=stored.file.media_type)
    shown = "inline" if stored.file.media_type == "application/pdf" else "attachment"
    answer["Content-Disposition"] = f'{shown}; filename="{stored.file.file_name}"'
    return answer
