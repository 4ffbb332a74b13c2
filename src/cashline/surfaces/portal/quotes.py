"""The customer's quotes: read as they were sent, accepted by who will have it signed, or declined."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST

from cashline.flow.agree.contracts.actions import send_for_signature
from cashline.flow.agree.contracts.queries import agreements_of_quotes
from cashline.flow.agree.contracts.rules.signing import Signer
from cashline.flow.agree.pricing.rules.line_totals import interval_amount
from cashline.flow.agree.quotes.actions import accept_quotes, decline_quotes
from cashline.flow.agree.quotes.queries import quotes_by_id
from cashline.flow.agree.quotes.queries.documents import foretold_taxes
from cashline.flow.agree.quotes.rules import Acceptance
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform.company.queries import Entity, entities_by_id
from cashline.platform.documents.papers import PaperTax
from cashline.platform.documents.queries import FileRow, files_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.acting import act
from cashline.platform.pages.anatomies import (
    DerivationPage,
    DocumentPage,
    Empty,
    FormPage,
    ListPage,
    RowPage,
    Section,
)
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
from cashline.platform.pages.fields import Field, FieldSet, errors_of, read_form, said
from cashline.platform.pages.formats import format_money
from cashline.platform.pages.render import done, render_derivation, render_document, render_form, render_list
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.frame import Visitor, frame_for, portal_frame, visitor
from cashline.surfaces.portal.parts import every, money, plain, price, price_cell, term
from cashline.surfaces.portal.queries import agreeing
from cashline.surfaces.portal.queries.agreeing import QuoteLineRow, QuoteRow
from cashline.surfaces.portal.signing import sign_address

COLUMNS = (
    Column("number", gettext_lazy("Quote"), "code", sort=True, place="title"),
    Column("title", gettext_lazy("For")),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("valid_until", gettext_lazy("Valid until"), "date", sort=True),
    Column("net_total", gettext_lazy("Net total"), "money", sort=True, place="amount"),
)
STATES = (
    Option("sent", gettext_lazy("Waiting for you")),
    Option("accepted", gettext_lazy("Accepted")),
    Option("declined", gettext_lazy("Declined")),
    Option("expired", gettext_lazy("Expired")),
)
LINES = (
    Column("item", gettext_lazy("Item"), place="title"),
    Column("quantity", gettext_lazy("Quantity"), "number"),
    Column("unit_price", gettext_lazy("Price"), "money"),
    Column("often", gettext_lazy("Paid")),
    Column("net", gettext_lazy("Net total"), "money", place="amount"),
)


def quote_list(request: HttpRequest) -> HttpResponseBase:
    """All quotes that were sent to the customer."""
    who = visitor(request)

    def fetch(ask: ListAsk) -> RowPage:
        with as_portal(who.customer_id):
            page = agreeing.find_quotes(ask.page, who.customer_id, words=ask.text(), statuses=ask.choices("state"))
        return RowPage(tuple(_row(row, who) for row in page.items), page.next_cursor)

    page = ListPage(
        _("Quotes"),
        COLUMNS,
        fetch,
        (Filter.search(_("Number or title")), Filter.choice("state", _("State"), STATES)),
        empty=Empty(_("No quote yet"), _("What we offer you stands here, to be read and accepted."), icon="file-pen"),
        filename="quotes",
    )
    return render_list(request, page, portal=portal_frame(who))


def _row(row: QuoteRow, who: Visitor) -> Row:
    cells: dict[str, CellValue] = {
        "number": row.number,
        "title": row.title,
        "state": quote_pill(row, who),
        "valid_until": row.valid_until,
        "net_total": money(row.net_total, row.currency),
    }
    return Row(public("quote", row.id), cells, _url(row.id))


def quote_pill(row: QuoteRow, who: Visitor) -> Pill:
    """Where a quote stands, in the customer's words."""
    if not row.is_current or row.status in ("draft", "in_approval", "approved"):
        return Pill(_("Being revised"), Tone.INFO)
    if row.status == "sent" and row.valid_until < who.today("UTC"):
        return Pill(_("Expired"))
    known = {
        "sent": Pill(_("Waiting for you"), Tone.WARNING),
        "accepted": Pill(_("Accepted"), Tone.SUCCESS),
        "declined": Pill(_("Declined"), Tone.DANGER),
        "expired": Pill(_("Expired")),
        "cancelled": Pill(_("Withdrawn")),
    }
    return known.get(row.status, Pill(row.status))


def _url(key: UUID, name: str = "portal_quote") -> str:
    return reverse(name, args=[public("quote", key)])


def _can_decide(row: QuoteRow, entity: Entity, who: Visitor) -> bool:
    return row.status == "sent" and row.is_current and row.valid_until >= who.today(entity.timezone)


def quote_detail(request: HttpRequest, quote_id: str) -> HttpResponse:
    """One quote, as it was sent."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = agreeing.quote(key_of("quote", quote_id))
        lines = agreeing.quote_lines(row.version_id)
        entity = entities_by_id([row.entity_id])[row.entity_id]
        files = files_of([row.version_id])
        contract = agreeing.contract_of_quote(row.id)
    included = row.is_current and any(line.included_tax_rate is not None for line in lines)
    taxes = foretold_taxes(quotes_by_id([row.id])[row.id]) if included else ()
    notices = _notices(row, entity, who)
    if contract is not None:
        link = Action.link(_("Open the contract"), reverse("portal_contract", args=[public("agreement", contract.id)]))
        text = _("This became the contract %(number)s.") % {"number": contract.number}
        notices = (Notice(text, Tone.SUCCESS, actions=(link,)), *notices)
    page = DocumentPage(
        _("Quote"),
        row.number,
        quote_pill(row, who),
        subtitle=row.title,
        actions=_steps(row, entity, who),
        notices=notices,
        facts=_facts(row),
        sections=_sections(row, lines),
        summary=_summary(row, taxes),
        downloads=_downloads(files),
        crumbs=(Crumb(_("Quotes"), reverse("portal_quote_list")),),
    )
    return render_document(request, page, portal=frame_for(entity))


def _steps(row: QuoteRow, entity: Entity, who: Visitor) -> tuple[Action, ...]:
    if not _can_decide(row, entity, who):
        return ()
    why = Field("reason", _("Why?"), "textarea", max_length=1000, hint=_("It helps us to make you a better offer."))
    return (
        Action(_("Decline"), _url(row.id, "portal_quote_decline"), fields=(why,), icon="x"),
        Action.link(_("Accept"), _url(row.id, "portal_quote_accept"), icon="check", primary=True, key="e"),
    )


def _notices(row: QuoteRow, entity: Entity, who: Visitor) -> tuple[Notice, ...]:
    if not row.is_current or row.status in ("draft", "in_approval", "approved"):
        text = _("A new version is being prepared; this one can no longer be accepted.")
        return (Notice(text, Tone.INFO),)
    if row.status == "sent" and not _can_decide(row, entity, who):
        return (
            Notice(
                _("This offer has expired."),
                Tone.WARNING,
                _("Ask us for a new one."),
            ),
        )
    return ()


def _facts(row: QuoteRow) -> tuple[KeyValue, ...]:
    facts = (
        KeyValue(_("Valid until"), row.valid_until),
        KeyValue(_("Planned start"), row.starts_on),
        KeyValue(_("Sent"), row.sent_at),
        KeyValue(_("Version"), row.version if row.version > 1 else None),
        KeyValue(_("Accepted by"), row.accepted_by),
    )
    return tuple(fact for fact in facts if fact.value)


def _sections(row: QuoteRow, lines: list[QuoteLineRow]) -> tuple[Section, ...]:
    table = Table(LINES, tuple(_line(row, line) for line in lines), totals={"net": money(row.net_total, row.currency)})
    due = tuple(
        KeyValue(_("Once") if not months else every(months).capitalize(), amount)
        for months, amount in _by_interval(row, lines)
    )
    found = [Section(_("What you get"), table), Section(_("What you pay, without tax"), facts=due)]
    if row.terms:
        found.append(Section(_("Special terms"), text=row.terms))
    return tuple(found)


def _line(row: QuoteRow, line: QuoteLineRow) -> Row:
    saved = ""
    if line.unit_price < line.list_price:
        saved = _("List price %(price)s") % {"price": format_money(price(line.list_price, row.currency))}
    cells: dict[str, CellValue] = {
        "item": Cell(line.description, sub=" · ".join(part for part in (line.sku, term(line.term_months)) if part)),
        "quantity": plain(line.quantity),
        "unit_price": price_cell(line.unit_price, row.currency, line.included_tax_rate, saved),
        "often": every(line.interval_months),
        "net": MoneyCell(
            money(line.net_total, row.currency),
            explain=reverse("portal_quote_why", args=[public("quote", row.id), line.line_no]),
        ),
    }
    return Row(public("quote_line", line.id), cells)


def _by_interval(row: QuoteRow, lines: list[QuoteLineRow]) -> list[tuple[int, CellValue]]:
    amounts: dict[int, Decimal] = {}
    digits = minor_units(row.currency)
    for line in lines:
        amount = interval_amount(line.quantity, line.unit_price, digits)
        amounts[line.interval_months] = amounts.get(line.interval_months, Decimal(0)) + amount
    return [(months, money(amount, row.currency)) for months, amount in sorted(amounts.items())]


def _summary(row: QuoteRow, taxes: Sequence[PaperTax]) -> tuple[SummaryRow, ...]:
    rows = [SummaryRow(_("Net total over the term"), money(row.net_total, row.currency), total=True)]
    if row.list_total != row.net_total:
        rows = [
            SummaryRow(_("List prices"), money(row.list_total, row.currency)),
            SummaryRow(_("Your discount"), money(row.net_total - row.list_total, row.currency)),
            *rows,
        ]
    if taxes:
        tax = sum((one.amount for one in taxes), Decimal(0))
        rows.append(SummaryRow(_("Tax"), money(tax, row.currency)))
        note = _("prices include tax")
        rows.append(SummaryRow(_("Total"), money(row.net_total + tax, row.currency), total=True, note=note))
    return tuple(rows)


def _downloads(files: list[FileRow]) -> tuple[Download, ...]:
    return tuple(
        Download(one.file_name, reverse("portal_file", args=[public("file", one.id)]))
        for one in files
        if one.media_type == "application/pdf"
    )


def quote_why(request: HttpRequest, quote_id: str, line_no: int) -> HttpResponse:
    """How the price of a line was made."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = agreeing.quote(key_of("quote", quote_id))
        line = next((one for one in agreeing.quote_lines(row.version_id) if one.line_no == line_no), None)
        frame = frame_for(entities_by_id([row.entity_id])[row.entity_id])
    if line is None:
        raise NotFound(_("There is no such line."))
    page = DerivationPage(
        line.description,
        money(line.net_total, row.currency),
        Derivation.from_json(line.derivation),
        crumbs=(Crumb(_("Quotes"), reverse("portal_quote_list")), Crumb(row.number, _url(row.id))),
    )
    return render_derivation(request, page, portal=frame)


def _accept_form(row: QuoteRow, who: Visitor) -> FormPage:
    me, other = Option("me", _("I sign myself")), Option("other", _("Somebody else signs"))
    total = KeyValue(_("Net total over the term"), money(row.net_total, row.currency))
    return FormPage(
        _("Accept %(number)s") % {"number": row.number},
        _url(row.id, "portal_quote_accept"),
        (
            FieldSet(
                _("You"),
                (
                    Field("name", _("Your name"), value=who.name, width="half", autocomplete="name"),
                    Field("title", _("Position"), required=False, width="half", autocomplete="organization-title"),
                ),
            ),
            FieldSet(
                _("Who signs the contract for your company?"),
                (
                    Field("who", _("Signature"), "radio", options=(me, other), value="me"),
                    Field("signer_name", _("Name of the other person"), required=False, width="half"),
                    Field("signer_email", _("Their e-mail"), "email", required=False, width="half", max_length=254),
                ),
                _("We make the contract of exactly this offer; nothing is ordered before it is signed."),
            ),
        ),
        _("Accept the offer"),
        cancel_url=_url(row.id),
        intro=row.title,
        aside=(Section(_("What you accept"), facts=(total, KeyValue(_("Version"), row.version))),),
    )


def quote_accept(request: HttpRequest, quote_id: str) -> HttpResponseBase:
    """Accept the offer: its contract is drafted and goes to who signs, in the same step."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = agreeing.quote(key_of("quote", quote_id))
        entity = entities_by_id([row.entity_id])[row.entity_id]
    page = _accept_form(row, who)
    if request.method != "POST":
        return render_form(request, page, portal=frame_for(entity))
    read = read_form(request.POST, page.fieldsets)
    errors = read.errors
    other = read.text("who") == "other"

    def step() -> Outcome:
        signer = Signer(read.text("name"), who.email, read.text("title"))
        if other:
            signer = Signer(read.text("signer_name"), read.text("signer_email"))
        return _accept(row, entity, who, name=read.text("name"), signer=signer)

    if not errors:
        try:
            outcome = once(request, step)
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = tuple(
                replace(error, field=error.field.replace("signers.0.", "signer_" if other else ""))
                for error in errors_of(refusal)
            )
    return render_form(request, replace(page, values=read.raw, errors=errors), portal=frame_for(entity))


def _accept(row: QuoteRow, entity: Entity, who: Visitor, *, name: str, signer: Signer) -> Outcome:
    accept_quotes(
        [row.id],
        accepted_by=Acceptance(name, who.email),
        today=who.today(entity.timezone),
        now=who.now,
        actor=who.actor,
    )
    agreement = agreements_of_quotes([row.id])[row.id]
    token = send_for_signature(agreement.id, signers=[signer], now=who.now, actor=who.actor)[0]
    if signer.email.lower() == who.email.lower():
        return Outcome(sign_address(token), _("You accepted. Here is the contract: read it and sign."))
    url = reverse("portal_contract", args=[public("agreement", agreement.id)])
    return Outcome(url, _("You accepted. %(name)s gets a mail with a link to sign.") % {"name": signer.name})


@require_POST
def quote_decline(request: HttpRequest, quote_id: str) -> HttpResponse:
    """Say no to the offer."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = agreeing.quote(key_of("quote", quote_id))

    def step() -> Outcome:
        reason = said(request.POST, "reason")
        decline_quotes([row.id], reason=reason, now=who.now, actor=who.actor)
        return Outcome(_url(row.id), _("You declined. Thank you for telling us."))

    return act(request, _url(row.id), step)
