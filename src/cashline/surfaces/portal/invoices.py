"""The customer's invoices: what was billed and why, what is open, how it was paid, the files, and disputes."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from cashline.flow.invoice.credit_notes.actions import credit_note_document
from cashline.flow.invoice.credits.queries import MovementRow, movements_of_invoice
from cashline.flow.invoice.invoices.actions.documents import DocumentForm, invoice_document
from cashline.flow.invoice.invoices.pages.document import changes_section
from cashline.flow.invoice.invoices.queries import statement_of, with_previous
from cashline.flow.invoice.invoices.rules.explaining import explanation
from cashline.flow.invoice.invoices.rules.stating import Statement, can_be_einvoice
from cashline.flow.receive.payments.queries import withheld_of
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import NotFound
from cashline.platform.company.queries import entities_by_id
from cashline.platform.pages.anatomies import DerivationPage, DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Crumb,
    Download,
    Filter,
    KeyValue,
    MoneyCell,
    Notice,
    Option,
    Pill,
    Row,
    SummaryRow,
    Table,
    Tone,
)
from cashline.platform.pages.formats import format_day, format_money
from cashline.platform.pages.render import render_derivation, render_document, render_list
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.disputes import dispute_action, dispute_table, withdraw_actions
from cashline.surfaces.portal.frame import frame_for, portal_frame, visitor
from cashline.surfaces.portal.parts import download, last_day, method_word, money, plain, price_cell
from cashline.surfaces.portal.queries import paying
from cashline.surfaces.portal.queries.paying import (
    ChargeRow,
    InvoiceLineRow,
    InvoiceRow,
    InvoiceTaxRow,
    SettlementRow,
)

COLUMNS = (
    Column("number", gettext_lazy("Invoice"), "code", sort=True, place="title"),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("issued_on", gettext_lazy("Issued"), "date", sort=True),
    Column("due_on", gettext_lazy("Due"), "date", sort=True),
    Column("gross_total", gettext_lazy("Total"), "money", sort=True),
    Column("open_amount", gettext_lazy("Open"), "money", sort=True, place="amount"),
    Column("purchase_order", gettext_lazy("Your order number"), only_export=True),
)
STATES = (
    Option("open", gettext_lazy("Open")),
    Option("overdue", gettext_lazy("Overdue")),
    Option("paid", gettext_lazy("Settled")),
    Option("void", gettext_lazy("Void")),
)


def invoice_list(request: HttpRequest) -> HttpResponseBase:
    """All invoices of the customer."""
    who = visitor(request)
    today = who.today("UTC")

    def fetch(ask: ListAsk) -> RowPage:
        with as_portal(who.customer_id):
            page = paying.find_invoices(
                ask.page, who.customer_id, today=today, words=ask.text(), states=ask.choices("state")
            )
        return RowPage(tuple(_row(row, today) for row in page.items), page.next_cursor)

    page = ListPage(
        _("Invoices"),
        COLUMNS,
        fetch,
        (Filter.search(_("Our number or yours")), Filter.choice("state", _("State"), STATES)),
        "-issued_on",
        empty=Empty(_("No invoice yet"), _("Invoices stand here, to be read, paid or disputed."), icon="receipt-text"),
        filename="invoices",
    )
    return render_list(request, page, portal=portal_frame(who))


def _row(row: InvoiceRow, today: date) -> Row:
    cells: dict[str, CellValue] = {
        "number": row.number,
        "state": invoice_pill(row, today),
        "issued_on": row.issued_on,
        "due_on": row.due_on,
        "gross_total": money(row.gross_total, row.currency),
        "open_amount": money(row.open_amount, row.currency),
        "purchase_order": row.purchase_order or "",
    }
    return Row(public("invoice", row.id), cells, invoice_url(row.id))


def invoice_pill(row: InvoiceRow, today: date) -> Pill:
    """Where an invoice stands, in the customer's words."""
    if row.status == "void":
        return Pill(_("Void"))
    if not row.open_amount:
        if row.gross_total <= 0:
            return Pill(_("Nothing to pay"))
        return Pill(_("Paid") if row.money_came else _("Settled by credit"), Tone.SUCCESS)
    if row.disputed >= row.open_amount:
        return Pill(_("Disputed"), Tone.WARNING)
    if row.due_on < today:
        return Pill(_("Overdue"), Tone.DANGER)
    if row.open_amount < row.gross_total:
        return Pill(_("Partly paid") if row.money_came else _("Partly credited"), Tone.ACCENT)
    return Pill(_("Open"), Tone.INFO)


def invoice_url(key: UUID, name: str = "portal_invoice") -> str:
    """A page about an invoice."""
    return reverse(name, args=[public("invoice", key)])


def invoice_detail(request: HttpRequest, invoice_id: str) -> HttpResponse:
    """One invoice: lines, taxes, what paid it, disputes; every amount says why it is so."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = paying.invoice(key_of("invoice", invoice_id))
        entity = entities_by_id([row.entity_id])[row.entity_id]
        lines = paying.invoice_lines(row.id)
        taxes = paying.invoice_taxes(row.id)
        settled = paying.settlements(row.id)
        disputes = paying.disputes_of(row.id)
        charges = paying.charges_under_way(row.id)
    today = who.today(entity.timezone)
    statement = with_previous(statement_of(row.id))
    movements = movements_of_invoice(row.id)
    sections = [Section(_("What was billed"), _line_table(row, lines)), Section(_("Tax"), _tax_table(row, taxes))]
    changed = changes_section(statement)
    if changed is not None:
        sections.append(changed)
    if settled or movements:
        sections.append(Section(_("What paid it"), _settlement_table(row, settled, movements)))
    if disputes:
        sections.append(Section(_("Disputes"), dispute_table(row, disputes), actions=withdraw_actions(disputes)))
    page = DocumentPage(
        _("Invoice"),
        row.number,
        invoice_pill(row, today),
        subtitle=_("your order %(number)s") % {"number": row.purchase_order} if row.purchase_order else "",
        actions=_steps(row, charges),
        notices=_notices(row, charges, today),
        facts=_facts(row),
        sections=tuple(sections),
        summary=_summary(row, statement, movements, settled),
        downloads=_downloads(row),
        crumbs=(Crumb(_("Invoices"), reverse("portal_invoice_list")),),
    )
    return render_document(request, page, portal=frame_for(entity))


def _steps(row: InvoiceRow, charges: list[ChargeRow]) -> tuple[Action, ...]:
    if not row.open_amount or row.status != "issued":
        return ()
    found = [dispute_action(row)] if row.disputed < row.open_amount else []
    if not charges:
        pay = Action.link(_("Pay"), invoice_url(row.id, "portal_pay"), icon="credit-card", primary=True, key="e")
        return (*found, pay)
    return tuple(found)


def _notices(row: InvoiceRow, charges: list[ChargeRow], today: date) -> tuple[Notice, ...]:
    found = []
    for charge in charges:
        link = Action.link(_("See how it stands"), reverse("portal_charge", args=[public("payment_intent", charge.id)]))
        found.append(Notice(_("A card payment is under way."), Tone.INFO, actions=(link,)))
    if row.disputed:
        text = _("You dispute %(amount)s of it; we do not ask for that part meanwhile.")
        found.append(Notice(text % {"amount": format_money(money(row.disputed, row.currency))}, Tone.INFO))
    elif row.open_amount and row.due_on < today and row.status == "issued" and not charges:
        text = _("It was due on %(day)s.") % {"day": format_day(row.due_on)}
        found.append(Notice(text, Tone.WARNING))
    if row.status == "void":
        found.append(Notice(_("This invoice was taken back; nothing is to be paid."), Tone.INFO))
    return tuple(found)


def _facts(row: InvoiceRow) -> tuple[KeyValue, ...]:
    contract = None
    if row.agreement_origin == "contract" and row.agreement_id and row.agreement_number:
        contract = Cell(row.agreement_number, reverse("portal_contract", args=[public("agreement", row.agreement_id)]))
    facts = (
        KeyValue(_("Issued"), row.issued_on),
        KeyValue(_("Due"), row.due_on),
        KeyValue(_("Supplied"), row.supply_on),
        KeyValue(_("Contract"), contract),
        KeyValue(_("Your order number"), row.purchase_order),
    )
    return tuple(fact for fact in facts if fact.value)


def _why(row: InvoiceRow, name: str) -> str:
    return reverse("portal_invoice_why", args=[public("invoice", row.id), name])


def _line_table(row: InvoiceRow, lines: list[InvoiceLineRow]) -> Table:
    rows = []
    for line in lines:
        period = ""
        if line.start and line.end:
            period = f"{format_day(line.start)} – {format_day(last_day(line.end))}"
        cells: dict[str, CellValue] = {
            "item": Cell(line.description, sub=period),
            "quantity": plain(line.quantity),
            "unit_price": price_cell(
                line.unit_price, row.currency, None if line.gross_amount is None else line.tax_rate
            ),
            "tax": plain(line.tax_rate),
            "net": MoneyCell(money(line.net_amount, row.currency), explain=_why(row, f"line-{line.line_no}")),
        }
        rows.append(Row(public("invoice_line", line.id), cells))
    columns = (
        Column("item", _("Item"), place="title"),
        Column("quantity", _("Quantity"), "number"),
        Column("unit_price", _("Price"), "money"),
        Column("tax", _("Tax"), "percent", place="hidden"),
        Column("net", _("Net"), "money", place="amount"),
    )
    total = sum((line.net_amount for line in lines), Decimal(0))
    return Table(columns, tuple(rows), totals={"net": money(total, row.currency)})


def _tax_table(row: InvoiceRow, taxes: list[InvoiceTaxRow]) -> Table:
    rows = []
    for tax in taxes:
        rate = plain(tax.rate)
        cells: dict[str, CellValue] = {
            "rate": Cell(f"{rate:f} %", sub=tax.reason),
            "base": money(tax.base, row.currency),
            "tax": MoneyCell(money(tax.tax, row.currency), explain=_why(row, f"tax-{tax.tax_code}-{rate:f}")),
        }
        rows.append(Row(f"{tax.tax_code}-{rate:f}", cells))
    columns = (
        Column("rate", _("Rate"), place="title"),
        Column("base", _("On"), "money"),
        Column("tax", _("Tax"), "money", place="amount"),
    )
    return Table(columns, tuple(rows))


def _settlement_table(row: InvoiceRow, settled: list[SettlementRow], movements: list[MovementRow]) -> Table:
    rows = [
        Row(
            str(one.id),
            {
                "what": _("Your credit"),
                "kind": _("Credit applied"),
                "day": one.moved_on,
                "amount": money(-one.amount, row.currency),
            },
        )
        for one in movements
    ]
    for one in settled:
        is_note = one.kind == "credit_note"
        url = (
            reverse("portal_credit_note_file", args=[public("credit_note", one.id)])
            if is_note
            else reverse("portal_payment", args=[public("payment", one.id)])
        )
        cells: dict[str, CellValue] = {
            "what": Cell(one.number, sub=one.words if is_note else method_word(one.words)),
            "kind": _("Credit note") if is_note else _("Payment"),
            "day": one.on,
            "amount": money(one.amount, row.currency),
        }
        rows.append(Row(str(one.id), cells, url))
    columns = (
        Column("what", _("Number"), place="title"),
        Column("kind", _("What")),
        Column("day", _("Day"), "date"),
        Column("amount", _("Amount"), "money", place="amount"),
    )
    return Table(columns, tuple(rows))


def _summary(
    row: InvoiceRow, statement: Statement, movements: list[MovementRow], settled: list[SettlementRow]
) -> tuple[SummaryRow, ...]:
    """From the lines to what is to be paid: coupons, net, tax, total, credit, what came in, what is withheld."""
    applied = -sum((one.amount for one in movements), Decimal(0))
    credited = sum((one.amount for one in settled if one.kind == "credit_note"), Decimal(0))
    paid = row.gross_total - row.open_amount - applied - credited
    rows = [SummaryRow(name, money(-amount, row.currency)) for name, amount in statement.discounts]
    rows += [
        SummaryRow(_("Net total"), MoneyCell(money(row.net_total, row.currency), explain=_why(row, "net"))),
        SummaryRow(_("Tax"), MoneyCell(money(row.tax_total, row.currency), explain=_why(row, "tax"))),
        SummaryRow(
            _("Total"),
            MoneyCell(money(row.gross_total, row.currency), explain=_why(row, "gross")),
            note=_("prices include tax") if statement.includes_tax else "",
        ),
    ]
    if applied:
        rows.append(SummaryRow(_("Credit applied"), money(-applied, row.currency)))
    if credited:
        rows.append(SummaryRow(_("Credited"), money(-credited, row.currency)))
    if paid:
        rows.append(SummaryRow(_("Paid"), money(-paid, row.currency)))
    rows.append(SummaryRow(_("Open"), money(row.open_amount, row.currency), total=True))
    if statement.withheld and (withheld := withheld_of([row.id]).get(row.id)):
        rows.append(SummaryRow(_("To be withheld for the tax authority"), money(-withheld, row.currency)))
        rows.append(SummaryRow(_("To pay"), money(row.open_amount - withheld, row.currency), total=True))
    return tuple(rows)


def _downloads(row: InvoiceRow) -> tuple[Download, ...]:
    key = public("invoice", row.id)
    found = [Download(_("Invoice as PDF"), reverse("portal_invoice_file", args=[key, DocumentForm.PDF.value]))]
    if can_be_einvoice(statement_of(row.id)):
        for form, label in ((DocumentForm.UBL, _("E-invoice, UBL")), (DocumentForm.CII, _("E-invoice, CII"))):
            found.append(Download(label, reverse("portal_invoice_file", args=[key, form.value]), "file-text"))
    return tuple(found)


@require_safe
def invoice_file(request: HttpRequest, invoice_id: str, form: str) -> HttpResponse:
    """The invoice as PDF or e-invoice, the same bytes for everyone who asks."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = paying.invoice(key_of("invoice", invoice_id))
    known = form in {one.value for one in DocumentForm}
    if not known or (form != DocumentForm.PDF and not can_be_einvoice(statement_of(row.id))):
        raise NotFound(_("There is no such file."))
    return download(invoice_document(row.id, DocumentForm(form), now=who.now))


@require_safe
def credit_note_file(request: HttpRequest, credit_note_id: str) -> HttpResponse:
    """The credit note as PDF."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = paying.credit_note(key_of("credit_note", credit_note_id))
    return download(credit_note_document(row.id, DocumentForm.PDF, now=who.now))


def invoice_why(request: HttpRequest, invoice_id: str, name: str) -> HttpResponse:
    """Why an amount of the invoice is what it is."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = paying.invoice(key_of("invoice", invoice_id))
        frame = frame_for(entities_by_id([row.entity_id])[row.entity_id])
    found = explanation(statement_of(row.id), name, get_language() or "en")
    if found is None:
        raise NotFound(_("There is no such amount."))
    page = DerivationPage(
        found.label,
        money(found.amount, row.currency),
        found.derivation,
        crumbs=(Crumb(_("Invoices"), reverse("portal_invoice_list")), Crumb(row.number, invoice_url(row.id))),
    )
    return render_derivation(request, page, portal=frame)
