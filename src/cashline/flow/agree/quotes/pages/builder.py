"""The quote builder: lines come and go, and beside them stands what the rules make of them as it is typed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.catalog.pages import included_words
from cashline.flow.agree.catalog.queries import price_books, products_by_sku
from cashline.flow.agree.customers.queries import CustomerRow, customers_by_id
from cashline.flow.agree.quotes import actions, queries
from cashline.flow.agree.quotes.pages.parts import (
    INTERVALS,
    preview_table,
    total_section,
    verdict_notice,
    waterfall_chart,
)
from cashline.flow.agree.quotes.queries import QuoteLineRow, QuoteRow
from cashline.flow.agree.quotes.rules import (
    DiscountVerdict,
    NewQuote,
    NewQuoteLine,
    Offer,
    QuoteContent,
    discount_limit,
    judge_discount,
)
from cashline.flow.agree.quotes.rules.waterfalls import offer_waterfall
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform.company.queries import Entity, entities, entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.anatomies import FormPage, Section
from cashline.platform.pages.components import Notice, Option, Tone
from cashline.platform.pages.fields import Field, FieldSet, LineFields, Reading, errors_of, read_form
from cashline.platform.pages.formats import format_input
from cashline.platform.pages.render import done, render_aside, render_form

VALID_DAYS = 30
MOST_ERRORS = 5


def address(quote_id: UUID) -> str:
    """The page of a quote."""
    return reverse("quote_detail", args=[public("quote", quote_id)])


def _lines(rows: tuple[Mapping[str, str], ...] = ()) -> LineFields:
    intervals = tuple(Option(str(months), words) for months, words in INTERVALS.items())
    return LineFields(
        "lines",
        lazy("Lines"),
        (
            Field("sku", lazy("Product"), "lookup", lookup=reverse("product_options")),
            Field("quantity", lazy("Quantity"), "decimal", value=Decimal(1), width="quarter"),
            Field("interval_months", lazy("Paid"), "choice", False, options=intervals, width="quarter"),
            Field("term_months", lazy("Months"), "integer", False, least=0, most=120, width="quarter"),
            Field("discount_percent", lazy("Discount %"), "decimal", False, width="quarter"),
        ),
        lazy("Add a line"),
        rows,
        note=lazy("What is left empty follows from the price list."),
    )


def _terms(today: date) -> FieldSet:
    books = tuple(
        Option(public("price_book", one.id), f"{one.name} ({one.currency})", included_words(one.tax_country))
        for one in price_books()
    )
    until = today + timedelta(days=VALID_DAYS)
    return FieldSet(
        lazy("Terms"),
        (
            Field("valid_until", lazy("Valid until"), "date", value=until, width="quarter"),
            Field("starts_on", lazy("Planned start"), "date", value=today, width="quarter"),
            Field("price_book", lazy("Price book"), "choice", False, options=books, width="half"),
            Field(
                "discount_percent",
                lazy("Discount"),
                "decimal",
                False,
                suffix="%",
                width="quarter",
                hint=lazy("On every line."),
            ),
            Field("discount_reason", lazy("Reason for the discount"), required=False, max_length=500, width="half"),
            Field("terms", lazy("Special terms, one a line"), "textarea", False, max_length=20_000),
        ),
    )


def _about(caller: Caller, buyer: CustomerRow | None, fixed: bool) -> FieldSet:
    ours = caller.own_entities("quotes.write")
    options = tuple(Option(one.code, f"{one.name} ({one.code})") for one in ours)
    first = options[0].value if options else ""
    who = (
        Field("customer", lazy("Customer"), "lookup", lookup=reverse("customer_options"), width="half"),
        Field("entity", lazy("Our company"), "choice", options=options, value=first, width="half"),
    )
    if buyer is not None:
        who = (replace(who[0], value=public("customer", buyer.id), lookup_label=buyer.name), who[1])
    fields = (
        *(() if fixed else who),
        Field("title", lazy("Title"), placeholder=lazy("What it is about")),
        Field("contact_name", lazy("To the attention of"), required=False, width="half"),
        Field(
            "contact_email", lazy("Send to"), "email", False, placeholder=lazy("The customer's address"), width="half"
        ),
    )
    return FieldSet(lazy("About"), fields)


def content_of(read: Reading) -> QuoteContent:
    """What was typed, as the rules take it; what is missing is left empty, and the rules say so."""
    book = read.text("price_book")
    return QuoteContent(
        title=read.text("title"),
        valid_until=read.day("valid_until") or date.min,
        starts_on=read.day("starts_on") or date.min,
        lines=tuple(_line_of(line) for line in read.lines if line.text("sku")),
        discount_percent=read.decimal("discount_percent") or Decimal(0),
        discount_reason=read.text("discount_reason"),
        terms=read.text("terms"),
        contact_name=read.text("contact_name"),
        contact_email=read.text("contact_email"),
        price_book_id=key_of("price_book", book) if book else None,
    )


def _line_of(line: Reading) -> NewQuoteLine:
    interval = line.text("interval_months")
    return NewQuoteLine(
        sku=line.text("sku"),
        quantity=line.decimal("quantity") or Decimal(0),
        interval_months=int(interval) if interval else None,
        term_months=line.integer("term_months"),
        discount_percent=line.decimal("discount_percent") or Decimal(0),
    )


def with_descriptions(content: QuoteContent, stored: Sequence[QuoteLineRow]) -> QuoteContent:
    """The content with the texts that its lines had before; the n-th line of a product keeps that of the n-th."""
    kept: dict[str, list[str]] = {}
    for line in reversed(stored):
        kept.setdefault(line.sku, []).append(line.description)
    lines = tuple(
        replace(line, description=kept[line.sku].pop()) if kept.get(line.sku) else line for line in content.lines
    )
    return replace(content, lines=lines)


@dataclass(frozen=True, slots=True)
class _Setting:
    """For whom and by whom the offer is made."""

    caller: Caller
    entity: Entity
    currency: str

    @property
    def today(self) -> date:
        return self.caller.today(self.entity.timezone)


def quote_new(request: HttpRequest) -> HttpResponseBase:
    """Write a new quote; `?customer=` chooses one."""
    caller = caller_of(request)
    caller.require("quotes.write")
    asked = request.POST.get("customer") or request.GET.get("customer", "")
    buyer = _customer(asked)
    page = FormPage(
        _("New quote"),
        request.path,
        (_about(caller, buyer, fixed=False), _terms(caller.today())),
        _("Save the draft"),
        reverse("quote_list"),
        _lines(),
        preview_url=reverse("quote_preview"),
    )

    def save(read: Reading) -> Outcome:
        entity = _entity(caller, read.text("entity"))
        customer_id = key_of("customer", read.text("customer"))
        new = NewQuote(customer_id, entity.id, content_of(read), caller.authority.user_id)
        today = caller.today(entity.timezone)
        key = actions.create_quote(new, today=today, now=caller.now, actor=caller.actor)
        return Outcome(address(key), str(_("The quote is saved.")))

    return _answer(request, page, save)


def quote_edit(request: HttpRequest, quote_id: str) -> HttpResponseBase:
    """Change a draft."""
    caller = caller_of(request)
    row = queries.quote(key_of("quote", quote_id))
    require_visible(caller, "quotes.write", row.entity_id, "quote", row.id)
    setting = _Setting(caller, entities_by_id([row.entity_id])[row.entity_id], row.currency)
    lines = queries.version_lines([row.version_id])
    page = FormPage(
        _("Edit %(number)s") % {"number": row.number},
        request.path,
        (_about(caller, None, fixed=True), _terms(setting.today)),
        _("Save the draft"),
        address(row.id),
        replace(_lines(tuple(_typed(line) for line in lines))),
        values=_values(row),
        intro=f"{row.customer_name} · {row.currency}",
        preview_url=reverse("quote_edit_preview", args=[quote_id]),
    )

    def save(read: Reading) -> Outcome:
        content = with_descriptions(content_of(read), lines)
        actions.change_quote(row.id, content=content, today=setting.today, now=caller.now, actor=caller.actor)
        return Outcome(address(row.id), str(_("The draft is saved.")))

    if request.method != "POST":
        sections, notices = _preview(setting, _content_of_row(row, lines))
        page = replace(page, aside=sections, aside_notices=notices)
    return _answer(request, page, save)


@require_POST
def quote_preview(request: HttpRequest) -> HttpResponse:
    """What the typed offer comes to; nothing is stored."""
    caller = caller_of(request)
    caller.require("quotes.write")
    buyer = _customer(request.POST.get("customer", ""))
    if buyer is None:
        return render_aside(request, (), (Notice(_("Choose a customer to see prices in its currency.")),))
    entity = _entity(caller, request.POST.get("entity", ""))
    setting = _Setting(caller, entity, buyer.currency)
    read = read_form(request.POST, (_about(caller, None, fixed=False), _terms(setting.today)), _lines())
    return render_aside(request, *_preview(setting, content_of(read)))


@require_POST
def quote_edit_preview(request: HttpRequest, quote_id: str) -> HttpResponse:
    """What the changed draft would come to; nothing is stored."""
    caller = caller_of(request)
    row = queries.quote(key_of("quote", quote_id))
    require_visible(caller, "quotes.write", row.entity_id, "quote", row.id)
    setting = _Setting(caller, entities_by_id([row.entity_id])[row.entity_id], row.currency)
    read = read_form(request.POST, (_about(caller, None, fixed=True), _terms(setting.today)), _lines())
    return render_aside(request, *_preview(setting, content_of(read)))


def _preview(setting: _Setting, content: QuoteContent) -> tuple[tuple[Section, ...], tuple[Notice, ...]]:
    """The offer as storing it would price it, and what is still wrong with its lines."""
    ((offer, errors),) = queries.price_offers([(content, setting.currency)], setting.today)
    wrong = [error for error in errors if error.field.startswith(("lines.", "discount", "price_book"))]
    notices = tuple(Notice(_sentence(error), Tone.WARNING, error.fix) for error in wrong[:MOST_ERRORS])
    return _sections(setting, content, offer), (*notices, *_verdicts(setting, content, offer))


def _verdict(setting: _Setting, content: QuoteContent, offer: Offer) -> DiscountVerdict:
    limit = discount_limit(setting.caller.authority, setting.entity.id)
    return judge_discount(offer.list_total, offer.net_total, content.discount_percent, limit)


def _verdicts(setting: _Setting, content: QuoteContent, offer: Offer) -> tuple[Notice, ...]:
    return (verdict_notice(_verdict(setting, content, offer)),) if offer.lines else ()


def _sections(setting: _Setting, content: QuoteContent, offer: Offer) -> tuple[Section, ...]:
    fall = offer_waterfall([(line, line.derivation) for line in offer.lines], minor_units(setting.currency))
    verdict = _verdict(setting, content, offer)
    return (
        total_section(offer.list_total, offer.net_total, offer.interval_amounts, verdict, setting.currency),
        Section(_("From list to net"), chart=waterfall_chart(fall, setting.currency)),
        Section(_("Lines"), preview_table(offer.lines, setting.currency)),
    )


def _sentence(error: Refusal) -> str:
    parts = error.field.split(".")
    if parts[0] == "lines" and len(parts) > 1 and parts[1].isdecimal():
        return _("Line %(number)s: %(message)s") % {"number": int(parts[1]) + 1, "message": error.message}
    return error.message


def _answer(request: HttpRequest, page: FormPage, save: Callable[[Reading], Outcome]) -> HttpResponseBase:
    """Show the form, or save what was sent; every error of every field and line at once."""
    assert page.lines is not None  # noqa: S101 - a quote always has lines
    rows: Sequence[Mapping[str, str]] = page.lines.rows
    if request.method == "POST":
        read = read_form(request.POST, page.fieldsets, page.lines)
        errors = read.errors
        if not errors:
            try:
                outcome = once(request, lambda: save(read))
                return done(request, outcome.url, outcome.sentence)
            except Refusal as refusal:
                errors = errors_of(refusal)
        rows = read.raw_lines
        page = replace(page, values=read.raw, errors=errors)
    names = {sku: product.name for sku, product in products_by_sku(row.get("sku", "") for row in rows).items()}
    shown = tuple({**row, "sku_label": names.get(row.get("sku", ""), "")} for row in rows)
    assert page.lines is not None  # noqa: S101 - as above
    return render_form(request, replace(page, lines=replace(page.lines, rows=shown)))


def _customer(text: str) -> CustomerRow | None:
    if not text:
        return None
    try:
        key = key_of("customer", text)
    except NotFound:
        return None
    return customers_by_id([key]).get(key)


def _entity(caller: Caller, code: str) -> Entity:
    allowed = caller.entities("quotes.write")
    for one in entities():
        if one.code == code and (allowed is None or one.id in allowed):
            return one
    raise NotFound(f"There is no legal entity {code[:16]!r}.", field="entity")


def _values(row: QuoteRow) -> dict[str, str]:
    return {
        "title": row.title,
        "contact_name": row.contact_name,
        "contact_email": row.contact_email,
        "valid_until": row.valid_until.isoformat(),
        "starts_on": row.starts_on.isoformat(),
        "price_book": public("price_book", row.price_book_id) if row.price_book_id else "",
        "discount_percent": _number(row.discount_percent),
        "discount_reason": row.discount_reason,
        "terms": row.terms,
    }


def _typed(line: QuoteLineRow) -> dict[str, str]:
    return {
        "sku": line.sku,
        "quantity": _number(line.quantity),
        "interval_months": str(line.interval_months),
        "term_months": str(line.term_months) if line.term_months else "",
        "discount_percent": _number(line.discount_percent),
    }


def _content_of_row(row: QuoteRow, lines: Sequence[QuoteLineRow]) -> QuoteContent:
    return QuoteContent(
        title=row.title,
        valid_until=row.valid_until,
        starts_on=row.starts_on,
        lines=tuple(
            NewQuoteLine(
                line.sku,
                line.quantity,
                line.interval_months,
                line.term_months or None,
                line.discount_percent,
                line.description,
            )
            for line in lines
        ),
        discount_percent=row.discount_percent,
        price_book_id=row.price_book_id,
    )


def _number(value: Decimal) -> str:
    """A number as a field shows it, in the reader's notation."""
    return format_input(Decimal(f"{value.normalize():f}")) if value else ""
