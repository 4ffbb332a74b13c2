"""The customer's contracts: what was agreed, who signs, and the sealed original."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from cashline.flow.agree.contracts.queries.signatures import CONTRACT_FILE, DRAFT_FILE, signing_token
from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import entities_by_id
from cashline.platform.documents.queries import FileRow, files_of
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
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
    Notice,
    Option,
    Pill,
    Row,
    SummaryRow,
    Table,
    Tone,
)
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.frame import Visitor, frame_for, portal_frame, visitor
from cashline.surfaces.portal.parts import every, money, plain, price_cell, term
from cashline.surfaces.portal.queries import agreeing, delivering, paying
from cashline.surfaces.portal.queries.agreeing import ContractLineRow, ContractRow, SignerRow
from cashline.surfaces.portal.signing import sign_address

COLUMNS = (
    Column("number", gettext_lazy("Contract"), "code", sort=True, place="title"),
    Column("title", gettext_lazy("For")),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("starts_on", gettext_lazy("Begins"), "date", sort=True),
    Column("signed_on", gettext_lazy("Signed"), "date"),
    Column("net_total", gettext_lazy("Net total"), "money", sort=True, place="amount"),
)
STATES = (
    Option("out_for_signature", gettext_lazy("To be signed")),
    Option("active", gettext_lazy("In force")),
    Option("ended", gettext_lazy("Ended")),
    Option("declined", gettext_lazy("Declined")),
)


def contract_list(request: HttpRequest) -> HttpResponseBase:
    """All contracts of the customer."""
    who = visitor(request)

    def fetch(ask: ListAsk) -> RowPage:
        with as_portal(who.customer_id):
            page = agreeing.find_contracts(ask.page, who.customer_id, words=ask.text(), statuses=ask.choices("state"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    told = _("What we agreed stands here, with the signed original.")
    page = ListPage(
        _("Contracts"),
        COLUMNS,
        fetch,
        (Filter.search(_("Number, title or order number")), Filter.choice("state", _("State"), STATES)),
        empty=Empty(_("No contract yet"), told, icon="file-signature"),
        filename="contracts",
    )
    return render_list(request, page, portal=portal_frame(who))


def _row(row: ContractRow) -> Row:
    cells: dict[str, CellValue] = {
        "number": row.number,
        "title": row.title,
        "state": contract_pill(row.status),
        "starts_on": row.starts_on,
        "signed_on": row.signed_on,
        "net_total": money(row.net_total, row.currency),
    }
    return Row(public("agreement", row.id), cells, _url(row.id))


def contract_pill(status: str) -> Pill:
    """Where a contract stands, in the customer's words."""
    known = {
        "out_for_signature": Pill(_("To be signed"), Tone.WARNING),
        "active": Pill(_("In force"), Tone.SUCCESS),
        "declined": Pill(_("Declined"), Tone.DANGER),
        "cancelled": Pill(_("Withdrawn")),
        "ended": Pill(_("Ended")),
    }
    return known.get(status, Pill(status))


def _url(key: UUID) -> str:
    return reverse("portal_contract", args=[public("agreement", key)])


def contract_detail(request: HttpRequest, contract_id: str) -> HttpResponse:
    """One contract: lines, signatures, orders and invoices under it, its files."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = agreeing.contract(key_of("agreement", contract_id))
        entity = entities_by_id([row.entity_id])[row.entity_id]
        lines = agreeing.contract_lines(row.id, who.today(entity.timezone))
        people = agreeing.signers(row.id)
        files = files_of([row.id], (CONTRACT_FILE, DRAFT_FILE))
        orders = delivering.orders_of_agreement(row.id)
        invoices = paying.invoices_of_agreement(row.id)
    mine = _mine(row, people, who)
    follow = tuple(
        KeyValue(_("Order"), Cell(one.number, reverse("portal_order", args=[public("order", one.id)])))
        for one in orders
    )
    bills = tuple(
        KeyValue(_("Invoice"), Cell(one.number, reverse("portal_invoice", args=[public("invoice", one.id)])))
        for one in invoices[:12]
    )
    sections = [Section(_("What was agreed"), _line_table(row, lines))]
    if row.terms:
        sections.append(Section(_("Special terms"), text=row.terms))
    if people:
        sections.append(Section(_("Signatures"), _signatures(people)))
    if follow or bills:
        sections.append(Section(_("What came of it"), facts=(*follow, *bills)))
    page = DocumentPage(
        _("Contract"),
        row.number,
        contract_pill(row.status),
        subtitle=row.title,
        actions=_steps(mine),
        notices=_notices(row, mine, people),
        facts=_facts(row),
        sections=tuple(sections),
        summary=(SummaryRow(_("Net total over the term"), money(row.net_total, row.currency), total=True),),
        downloads=_downloads(files),
        crumbs=(Crumb(_("Contracts"), reverse("portal_contract_list")),),
    )
    return render_document(request, page, portal=frame_for(entity))


def _mine(row: ContractRow, people: list[SignerRow], who: Visitor) -> SignerRow | None:
    """The request to sign that waits for this person."""
    if row.status != "out_for_signature":
        return None
    return next((one for one in people if one.status == "requested" and one.email.lower() == who.email.lower()), None)


def _steps(mine: SignerRow | None) -> tuple[Action, ...]:
    if mine is None:
        return ()
    url = sign_address(signing_token(mine.id))
    return (Action.link(_("Read and sign"), url, icon="file-signature", primary=True, key="e"),)


def _notices(row: ContractRow, mine: SignerRow | None, people: list[SignerRow]) -> tuple[Notice, ...]:
    if row.status != "out_for_signature":
        return ()
    if mine is not None:
        return (Notice(_("This contract waits for your signature."), Tone.WARNING),)
    names = ", ".join(one.name for one in people if one.status == "requested")
    return (
        Notice(_("It waits for the signature of %(names)s, who has a link by mail.") % {"names": names}, Tone.INFO),
    )


def _facts(row: ContractRow) -> tuple[KeyValue, ...]:
    quote_url = reverse("portal_quote", args=[public("quote", row.quote_id)]) if row.quote_id else ""
    facts = (
        KeyValue(_("Begins"), row.starts_on),
        KeyValue(_("Signed"), row.signed_on),
        KeyValue(_("Invoices are due within"), _("%(days)s days") % {"days": row.payment_terms_days}),
        KeyValue(_("Your order number"), row.purchase_order),
        KeyValue(_("Quote"), Cell(row.quote_number, quote_url) if quote_url else None),
    )
    return tuple(fact for fact in facts if fact.value)


def _line_table(row: ContractRow, lines: list[ContractLineRow]) -> Table:
    rows = []
    for line in lines:
        cells: dict[str, CellValue] = {
            "item": Cell(line.description, sub=term(line.term_months)),
            "quantity": plain(line.quantity),
            "unit_price": price_cell(line.unit_price, row.currency, line.included_tax_rate),
            "often": every(line.interval_months),
            "net": money(line.net_total, row.currency),
        }
        rows.append(Row(str(line.line_id), cells))
    columns = (
        Column("item", _("Item"), place="title"),
        Column("quantity", _("Quantity"), "number"),
        Column("unit_price", _("Price"), "money"),
        Column("often", _("Paid")),
        Column("net", _("Net total"), "money", place="amount"),
    )
    return Table(columns, tuple(rows))


def _signatures(people: list[SignerRow]) -> Table:
    pills = {
        "requested": Pill(_("Asked"), Tone.INFO),
        "signed": Pill(_("Signed"), Tone.SUCCESS),
        "declined": Pill(_("Declined"), Tone.DANGER),
    }
    rows = tuple(
        Row(
            public("signature", one.id),
            {"name": Cell(one.name, sub=one.title or one.email), "state": pills[one.status], "at": one.signed_at},
        )
        for one in people
    )
    columns = (
        Column("name", _("Name"), place="title"),
        Column("state", _("State"), "pill", place="state"),
        Column("at", _("Signed"), "datetime"),
    )
    return Table(columns, rows)


def _downloads(files: list[FileRow]) -> tuple[Download, ...]:
    sealed = [one for one in files if one.kind == CONTRACT_FILE]
    shown = sealed or files
    return tuple(
        Download(
            _("The signed, sealed contract") if one.kind == CONTRACT_FILE else _("The contract as PDF"),
            reverse("portal_file", args=[public("file", one.id)]),
            "shield-check" if one.kind == CONTRACT_FILE else "download",
        )
        for one in shown[-1:]
    )
