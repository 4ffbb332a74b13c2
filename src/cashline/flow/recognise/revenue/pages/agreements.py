"""The console's pages of revenue: what was recognised, the run, and the revenue of a contract with its allocation."""

from datetime import date
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.contracts.queries import agreement
from cashline.flow.recognise.revenue import actions, queries
from cashline.flow.recognise.revenue.queries import ObligationRow, PostingRow
from cashline.flow.recognise.revenue.queries.recognised import RecognisedRow, list_recognised
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.platform.doors.caller import caller_of
from cashline.platform.lists import Ask
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Chart,
    Column,
    Filter,
    KeyValue,
    MoneyCell,
    Option,
    Row,
    Series,
    SummaryRow,
    Table,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.formats import format_month
from cashline.platform.pages.render import done, refused, render_document, render_list
from cashline.platform.pages.threads import address_of, thread_of

POSTINGS = (
    Column("contract", lazy("Contract"), "code", place="title"),
    Column("description", lazy("Line"), place="title"),
    Column("month", lazy("Month"), "month", sort=True),
    Column("amount", lazy("Revenue"), "money", place="amount"),
)
RECOGNISED = (*POSTINGS[:-1], Column("posted", lazy("Posted on"), "date"), POSTINGS[-1])
OBLIGATIONS = (
    Column("line", lazy("Obligation"), place="title"),
    Column("pattern", lazy("Earned"), place="state"),
    Column("ssp", lazy("Stand-alone price"), "money"),
    Column("allocated", lazy("Allocated"), "money"),
    Column("recognised", lazy("Recognised"), "money"),
    Column("remaining", lazy("Remaining"), "money", place="amount"),
)
PATTERNS = {
    "point": lazy("when delivered"),
    "ratable_daily": lazy("day by day"),
}
"""How an obligation is earned, in words."""


def revenue_list(request: HttpRequest) -> HttpResponseBase:
    """What was recognised, newest first, with the run that recognises more."""
    caller = caller_of(request)
    caller.require("revenue.read")

    allowed = caller.entities("revenue.read")
    known = {one.code: one for one in caller.own_entities("revenue.read")}

    def fetch(ask: ListAsk) -> RowPage:
        months, entries = ask.date_range("month"), ask.date_range("posted")
        chosen = [known[code].id for code in ask.choices("entity") if code in known]
        page = list_recognised(
            ask.page,
            entity_ids=chosen or allowed,
            since=months.start,
            until=months.end,
            posted_since=entries.start,
            posted_until=entries.end,
        )
        return RowPage(tuple(_posting(row) for row in page.items), page.next_cursor)

    run = Action(
        _("Recognise"),
        reverse("revenue_run"),
        "primary",
        fields=(Field("through", _("Through the end of"), "date", required=True, value=caller.today().isoformat()),),
        icon="play",
        key="n",
        refused="" if caller.authority.allows("revenue.run") else _("You may not run revenue."),
    )
    arrangements = Action.link(_("Arrangements"), reverse("revenue_arrangement_list"), icon="list")
    empty = Empty(_("Nothing is recognised yet."), _("Recognise up to a day; a second run finds nothing more."))
    page = ListPage(
        _("Revenue"),
        RECOGNISED,
        fetch,
        (
            Filter.dates("month", _("Month")),
            Filter.dates("posted", _("Posted on")),
            Filter.choice("entity", _("Legal entity"), tuple(Option(code, one.name) for code, one in known.items())),
        ),
        "-month",
        actions=(run, arrangements),
        empty=empty,
        filename="revenue",
    )
    return render_list(request, page)


def _posting(row: RecognisedRow) -> Row:
    why = reverse("explain", args=[public(row.kind, row.id)])
    cells: dict[str, CellValue] = {
        "month": row.month,
        "posted": row.posted_on,
        "contract": row.number,
        "description": row.description,
        "amount": MoneyCell(Money(row.amount, row.currency), explain=why),
    }
    if row.kind == "revenue_posting":
        return Row(f"{row.id}", cells, reverse("revenue_contract", args=[public("agreement", row.source_id)]))
    return Row(f"{row.id}", cells, address_of("revenue_arrangement", row.source_id))


def _why(row: PostingRow) -> MoneyCell:
    """The amount, which opens why it is so: the clause, the deliveries and bills, and the entry behind it."""
    return MoneyCell(
        Money(row.amount, row.currency), explain=reverse("explain", args=[public("revenue_posting", row.id)])
    )


@require_POST
def revenue_run(request: HttpRequest) -> HttpResponse:
    """Recognise what is earned up to the day."""
    caller = caller_of(request)
    caller.require("revenue.run")
    back = reverse("revenue_list")
    try:
        try:
            through = date.fromisoformat(request.POST.get("through", ""))
        except ValueError:
            raise InvalidValue(_("Give the last day that counts."), field="through") from None
        entity_ids = caller.entities("revenue.run")
        results = [
            actions.run_revenue(through=through, now=caller.now, actor=caller.actor, entity_id=one)
            for one in (entity_ids if entity_ids is not None else [None])
        ]
        others = [
            actions.recognise_arrangements(through=through, now=caller.now, actor=caller.actor, entity_id=one)
            for one in (entity_ids if entity_ids is not None else [None])
        ]
    except Refusal as refusal:
        return refused(request, back, refusal)
    postings = sum(result.postings for result in results) + sum(result.postings for result in others)
    return done(request, back, _("%(count)s amounts were recognised.") % {"count": postings})


def revenue_contract(request: HttpRequest, agreement_id: str) -> HttpResponse:
    """A contract's obligations, the allocation of its price, and its revenue by month."""
    key = key_of("agreement", agreement_id)
    row = agreement(key)
    caller_of(request).require("revenue.read", row.entity_id)
    obligations = queries.obligations_of(key)
    postings = queries.list_postings(Ask(limit=500), agreement_id=key).items
    recognised = queries.recognised_by_month([key]).get(key, {})
    allocated = sum((one.allocated_price for one in obligations), Decimal(0))
    earned = sum(recognised.values(), Decimal(0))
    return render_document(
        request,
        DocumentPage(
            _("Revenue of"),
            row.number,
            party=Cell(row.customer_name, address_of("customer", row.customer_id)),
            thread=thread_of([key], key),
            facts=(
                KeyValue(_("Contract"), Cell(row.number, address_of("agreement", key))),
                KeyValue(_("Starts"), row.starts_on),
                *((KeyValue(_("Signed"), row.signed_on),) if row.signed_on else ()),
            ),
            sections=(
                Section(
                    _("Obligations"),
                    Table(OBLIGATIONS, tuple(_obligation(one, row.currency) for one in obligations)),
                ),
                Section(_("Revenue by month"), chart=_chart(recognised, row.currency)),
                Section(_("Recognised"), Table(POSTINGS[1:], tuple(_entry(one) for one in postings))),
            ),
            summary=(
                SummaryRow(_("Allocated"), Money(allocated, row.currency)),
                SummaryRow(_("Recognised"), Money(earned, row.currency), total=True),
            ),
        ),
    )


def _obligation(one: ObligationRow, currency: str) -> Row:
    explain = reverse("explain", args=[public("obligation", one.id)])
    return Row(
        str(one.line_no),
        {
            "line": f"{one.line_no}. {one.description}" if one.line_no else one.description,
            "pattern": PATTERNS.get(one.pattern, one.pattern.replace("_", " ")),
            "ssp": Money(one.stand_alone_price, currency),
            "allocated": MoneyCell(Money(one.allocated_price, currency), explain=explain),
            "recognised": Money(one.recognised, currency),
            "remaining": None if one.remaining is None else Money(one.remaining, currency),
        },
    )


def _entry(row: PostingRow) -> Row:
    cells: dict[str, CellValue] = {
        "month": row.month,
        "description": row.description,
        "amount": _why(row),
    }
    return Row(str(row.id), cells, address_of("journal_entry", row.entry_id))


def _chart(recognised: dict[date, Decimal], currency: str) -> Chart:
    months = sorted(recognised)
    return Chart(
        _("Revenue by month"),
        "bar",
        _("What was recognised of this contract in each month."),
        tuple(format_month(month) for month in months),
        (Series(_("Revenue"), tuple(recognised[month] for month in months)),),
        unit=currency,
    )


URLS = [
    path("revenue/", revenue_list, name="revenue_list"),
    path("revenue/run/", revenue_run, name="revenue_run"),
    path("revenue/<str:agreement_id>/", revenue_contract, name="revenue_contract"),
]
