"""A quote as a document: state, lines, money, versions, approvals, timeline; its PDFs and derivations."""

from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.agree.pricing.rules.line_totals import interval_amount
from cashline.flow.agree.pricing.rules.waterfall import discount_percent
from cashline.flow.agree.quotes import queries
from cashline.flow.agree.quotes.actions.approving import verdict_on
from cashline.flow.agree.quotes.pages.builder import (
    address,
)
from cashline.flow.agree.quotes.pages.parts import due_facts, line_table, verdict_notice, waterfall_chart
from cashline.flow.agree.quotes.pages.steps import next_steps, seen
from cashline.flow.agree.quotes.queries import QuoteLineRow, QuoteRow, VersionRow
from cashline.flow.agree.quotes.queries.documents import foretold_taxes
from cashline.flow.agree.quotes.rules import QuoteStatus, plain
from cashline.flow.agree.quotes.rules.waterfalls import offer_waterfall
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money, minor_units
from cashline.kernel.refusals import NotFound
from cashline.platform.approvals.queries import ApprovalRow, approvals_of
from cashline.platform.documents.queries import files_of, latest_file
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.anatomies import DerivationPage, DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Download,
    KeyValue,
    Notice,
    Row,
    SummaryRow,
    Table,
    Tone,
    View,
    pill,
)
from cashline.platform.pages.render import render_derivation, render_document
from cashline.platform.pages.threads import thread_of
from cashline.platform.pages.timelines import actor_name, timeline_of

VERSION_COLUMNS = (
    Column("version", lazy("Version"), place="title"),
    Column("sent", lazy("Sent"), "datetime"),
    Column("discount", lazy("Document discount"), "percent"),
    Column("list_total", lazy("List prices"), "money", place="hidden"),
    Column("net_total", lazy("Net total"), "money", place="amount"),
)


def quote_detail(request: HttpRequest, quote_id: str) -> HttpResponse:
    """One quote; `?version=` shows the lines of an earlier version."""
    caller = caller_of(request)
    row = seen(caller, quote_id)
    versions = queries.versions_of(row.id)
    asked = request.GET.get("version", "")
    shown = next((one for one in versions if str(one.version) == asked), versions[-1])
    lines = queries.version_lines([shown.id])
    approvals = approvals_of([row.id])
    page = DocumentPage(
        _("Quote"),
        row.number,
        pill(row.status),
        party=Cell(row.customer_name, reverse("customer_detail", args=[public("customer", row.customer_id)])),
        subtitle=row.title,
        actions=next_steps(row, caller, approvals),
        thread=thread_of([row.id], row.id),
        facts=_facts(row),
        sections=_sections(row, shown, lines, versions, approvals),
        summary=(*_summary(row, shown), *_with_tax(row, shown, lines)),
        timeline=timeline_of([row.id], current=row.id),
        downloads=_downloads(row, versions),
        notices=_notices(row, shown, caller, approvals),
        tabs=_tabs(row, versions, shown),
        crumbs=(Crumb(_("Quotes"), reverse("quote_list")),),
    )
    return render_document(request, page)


def _facts(row: QuoteRow) -> tuple[KeyValue, ...]:
    facts = (
        KeyValue(_("Valid until"), row.valid_until),
        KeyValue(_("Planned start"), row.starts_on),
        KeyValue(_("Contact"), row.contact_name, row.contact_email),
        KeyValue(_("Seller"), row.owner_name),
        KeyValue(_("List prices of"), row.priced_on),
        KeyValue(_("Reason for the discount"), row.discount_reason),
        KeyValue(_("Accepted by"), row.accepted_by, row.accepted_email),
    )
    return tuple(fact for fact in facts if fact.value)


def _sections(
    row: QuoteRow,
    shown: VersionRow,
    lines: list[QuoteLineRow],
    versions: list[VersionRow],
    approvals: list[ApprovalRow],
) -> tuple[Section, ...]:
    digits = minor_units(row.currency)
    amounts: dict[int, Decimal] = {}
    for line in lines:
        amount = interval_amount(line.quantity, line.unit_price, digits)
        amounts[line.interval_months] = amounts.get(line.interval_months, Decimal(0)) + amount
    fall = offer_waterfall([(line, Derivation.from_json(line.derivation)) for line in lines], digits)
    found = [
        Section(_("Lines"), line_table(row, lines), anchor="lines"),
        Section(_("What is due when"), facts=due_facts(amounts, row.currency)),
        Section(_("From list to net"), chart=waterfall_chart(fall, row.currency), anchor="waterfall"),
    ]
    if row.terms and shown.id == row.version_id:
        found.append(Section(_("Special terms"), text=row.terms))
    if len(versions) > 1:
        found.append(Section(_("Versions"), _version_table(row, versions)))
    if approvals:
        found.append(Section(_("Approvals"), _approval_table(approvals)))
    return tuple(found)


def _version_table(row: QuoteRow, versions: list[VersionRow]) -> Table:
    rows = tuple(
        Row(
            str(one.version),
            {
                "version": str(one.version),
                "sent": one.frozen_at,
                "discount": one.discount_percent or None,
                "list_total": Money(one.list_total, row.currency),
                "net_total": Money(one.net_total, row.currency),
            },
            f"{address(row.id)}?version={one.version}",
        )
        for one in versions
    )
    return Table(VERSION_COLUMNS, rows)


APPROVAL_COLUMNS = (
    Column("question", lazy("Asked"), place="title"),
    Column("by", lazy("By")),
    Column("status", lazy("Answer"), "pill", place="state"),
    Column("decided_by", lazy("Decided by")),
    Column("comment", lazy("Comment")),
)


def _approval_table(approvals: list[ApprovalRow]) -> Table:
    rows = tuple(
        Row(
            public("approval", one.id),
            {
                "question": one.question,
                "by": actor_name(one.requested_by),
                "status": pill(one.status),
                "decided_by": actor_name(one.decided_by) if one.decided_by else "",
                "comment": one.comment,
            },
        )
        for one in approvals
    )
    return Table(APPROVAL_COLUMNS, rows)


def _summary(row: QuoteRow, shown: VersionRow) -> tuple[SummaryRow, ...]:
    discount = shown.list_total - shown.net_total
    percent = plain(discount_percent(shown.list_total, shown.net_total))
    return (
        SummaryRow(_("List prices"), Money(shown.list_total, row.currency)),
        SummaryRow(_("Discount"), Money(-discount, row.currency), note=f"{percent} %"),
        SummaryRow(_("Net total, without tax"), Money(shown.net_total, row.currency), total=True),
    )


def _with_tax(row: QuoteRow, shown: VersionRow, lines: list[QuoteLineRow]) -> tuple[SummaryRow, ...]:
    """What it comes to with tax, where prices were given so; of the current version, as far as it is known."""
    if shown.id != row.version_id or all(line.included_tax_rate is None for line in lines):
        return ()
    taxes = foretold_taxes(row)
    tax = sum((one.amount for one in taxes), Decimal(0))
    found = [SummaryRow(_("Tax"), Money(one.amount, row.currency), note=f"{one.percent or 0:f} %") for one in taxes]
    total = Money(shown.net_total + tax, row.currency)
    return (*found, SummaryRow(_("Total with tax"), total, total=True, note=_("prices include tax"))) if found else ()


def _notices(row: QuoteRow, shown: VersionRow, caller: Caller, approvals: list[ApprovalRow]) -> tuple[Notice, ...]:
    found: list[Notice] = []
    if shown.id != row.version_id:
        link = Action.link(_("Show the current one"), address(row.id))
        found.append(Notice(_("This is version %(number)s.") % {"number": shown.version}, actions=(link,)))
    if row.status == QuoteStatus.DRAFT and caller.authority.allows("quotes.write", row.entity_id):
        verdict = verdict_on(row, caller.authority)
        if verdict.needs_approval:
            found.append(verdict_notice(verdict))
        rejected = [one for one in approvals if one.status == "rejected"]
        if rejected:
            who = actor_name(rejected[-1].decided_by)
            found.append(Notice(_("%(who)s said no.") % {"who": who}, Tone.DANGER, rejected[-1].comment))
    if row.status == QuoteStatus.IN_APPROVAL:
        waiting = [one for one in approvals if one.status == "pending"]
        detail = waiting[-1].question if waiting else ""
        found.append(Notice(_("This quote waits for approval."), Tone.INFO, detail))
    return tuple(found)


def _tabs(row: QuoteRow, versions: list[VersionRow], shown: VersionRow) -> tuple[View, ...]:
    """The versions, and what the current one will bring, which a later stage knows."""
    found = [
        View(
            _("Version %(number)s") % {"number": one.version},
            f"{address(row.id)}?version={one.version}",
            one.id == shown.id,
        )
        for one in versions
    ]
    if len(versions) == 1:
        found = [View(_("Quote"), address(row.id), True)]
    return (*found, View(_("Forecast"), f"{address(row.id)}forecast/"))


def _downloads(row: QuoteRow, versions: list[VersionRow]) -> tuple[Download, ...]:
    stored = {file.subject_id for file in files_of([one.id for one in versions], ["quote"])}
    return tuple(
        Download(
            _("PDF of version %(number)s") % {"number": one.version},
            reverse("quote_pdf", args=[public("quote", row.id), one.version]),
        )
        for one in versions
        if one.id in stored
    )


def quote_pdf(request: HttpRequest, quote_id: str, version: int) -> HttpResponse:
    """The PDF of a version that was sent."""
    row = seen(caller_of(request), quote_id)
    for one in queries.versions_of(row.id):
        stored = latest_file(one.id, "quote") if one.version == version else None
        if stored is not None:
            answer = HttpResponse(stored.content, content_type=stored.file.media_type)
            answer["Content-Disposition"] = f'inline; filename="{stored.file.file_name}"'
            return answer
    raise NotFound(f"There is no PDF of version {version}.", field="version")


def quote_line_why(request: HttpRequest, quote_id: str, line_id: str) -> HttpResponse:
    """Why the total of a line is what it is."""
    row = seen(caller_of(request), quote_id)
    line = queries.quote_line(key_of("quote_line", line_id))
    if queries.quotes_of_versions([line.version_id]).get(line.version_id) != row.id:
        raise Http404
    page = DerivationPage(
        line.description,
        Money(line.net_total, row.currency),
        Derivation.from_json(line.derivation),
        (Crumb(_("Quotes"), reverse("quote_list")), Crumb(row.number, address(row.id))),
    )
    return render_derivation(request, page)
