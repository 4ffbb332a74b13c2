"""Balance sheet, profit and loss and cash flow of an entity on any day, as known on any day, down to the lines."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.report.statements.pages.choosing import chosen_entity
from cashline.flow.report.statements.queries.financial import STATEMENTS, Statements, StatementsAsked
from cashline.flow.report.statements.rules.financial import Kind, Span, Statement, StatementRow, Step
from cashline.kernel.money import Money
from cashline.kernel.periods import day_start
from cashline.kernel.refusals import NotFound
from cashline.platform.company.queries import Entity
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk, read_ask
from cashline.platform.pages.components import Cell, CellValue, Column, Filter, MoneyCell, Option, Row, View
from cashline.platform.pages.formats import with_instant
from cashline.platform.pages.render import render_counting, render_list
from cashline.platform.snapshots.actions import look
from cashline.platform.snapshots.rules import Shown

TITLES = {
    Kind.BALANCE_SHEET: lazy("Balance sheet"),
    Kind.PROFIT_AND_LOSS: lazy("Profit and loss"),
    Kind.CASH_FLOW: lazy("Cash flow"),
}
_COUNTS = (1, 2, 3, 6, 12)
_SPAN = timedelta(days=1)


def known_until(day: date | None, entity: Entity) -> datetime | None:
    """The last instant of a day where the entity is; None for all that is known."""
    return day_start(day + _SPAN, entity.timezone) - timedelta(microseconds=1) if day else None


def statement_page(request: HttpRequest, kind: str) -> HttpResponseBase:
    """One statement; columns are months, quarters or years, the newest first."""
    caller = caller_of(request)
    if kind not in set(Kind):
        raise NotFound(f"There is no statement {kind!r}.", field="statement")
    entity, _tabs = chosen_entity(request, "balance_sheet")
    caller.require("reports.read", entity.id)
    filters = _filters(request)
    ask = read_ask(request.GET, (), filters)
    days, known = ask.date_range("day"), ask.date_range("known")
    today = caller.today(entity.timezone)
    as_of = days.end - _SPAN if days.end else today
    known_day = known.end - _SPAN if known.end else None
    step = Step(next(iter(ask.choices("step")), Step.MONTH))
    count = int(next(iter(ask.choices("columns")), "2"))
    asked = StatementsAsked(
        entity.id,
        None if as_of == today else as_of,
        step,
        count,
        known_until(known_day, entity),
    )
    shown: Shown[Statements] | None
    if "format" in request.GET:
        shown = Shown(STATEMENTS.read(asked, today), caller.now)
    else:
        shown = look(STATEMENTS, asked, timezone=entity.timezone, now=caller.now, actor=caller.actor)
    if shown is None:
        return render_counting(request, str(TITLES[Kind(kind)]), tabs(request, Kind(kind)))
    found = shown.answer.of(Kind(kind))

    def fetch(ask: ListAsk) -> RowPage:  # noqa: ARG001 - the columns follow from what was asked, so it is read before
        return RowPage(tuple(_row(row, found, entity, known_day) for row in found.rows))

    page = ListPage(
        TITLES[found.kind],
        (
            Column("name", lazy("Account"), place="title"),
            *(
                Column(f"c{place}", _label(found.kind, span, step), "money", place="detail" if place else "amount")
                for place, span in enumerate(found.columns)
            ),
        ),
        fetch,
        filters,
        empty=Empty(_("Nothing is posted yet.")),
        views=tabs(request, found.kind),
        subtitle=with_instant(
            _("%(entity)s, in %(currency)s") % {"entity": entity.name, "currency": entity.currency}, shown
        ),
        filename=f"{kind}-{entity.code}-{as_of.isoformat()}",
    )
    return render_list(request, page)


def _filters(request: HttpRequest) -> tuple[Filter, ...]:
    owners = tuple(Option(one.code, one.name) for one in caller_of(request).own_entities("reports.read"))
    counts = tuple(Option(str(one), str(one)) for one in _COUNTS)
    steps = (Option("month", _("Months")), Option("quarter", _("Quarters")), Option("year", _("Years")))
    return (
        Filter.choice("entity", _("Legal entity"), owners),
        Filter.dates("day", _("Until")),
        Filter.choice("step", _("By"), steps),
        Filter.choice("columns", _("Columns"), counts),
        Filter.dates("known", _("As known on")),
    )


def tabs(request: HttpRequest, kind: Kind | None) -> tuple[View, ...]:
    """The statements beside each other, with the same entity, day and columns."""
    asked = {name: values for name, values in request.GET.lists() if name != "format"}
    tail = f"?{urlencode(asked, doseq=True)}" if asked else ""
    found = [
        View(words, reverse("statement", args=[one.value]) + tail, current=one is kind) for one, words in TITLES.items()
    ]
    group = View(_("Group"), reverse("consolidation"))
    return (*found, View(_("Trial balance"), reverse("trial_balance") + tail, current=kind is None), group)


def _label(kind: Kind, span: Span, step: Step) -> str:
    """A balance sheet stands at a day, the others cover days."""
    last = span.last_day
    if kind is Kind.BALANCE_SHEET:
        return last.isoformat()
    if span.name:
        return span.name
    whole = {Step.MONTH: f"{last:%Y-%m}", Step.QUARTER: f"{last:%Y} Q{(last.month + 2) // 3}", Step.YEAR: f"{last:%Y}"}
    return (
        whole[step]
        if last.month != (last + _SPAN).month
        else _("%(period)s to %(day)s")
        % {
            "period": whole[step],
            "day": last.isoformat(),
        }
    )


def _row(row: StatementRow, found: Statement, entity: Entity, known: date | None) -> Row:
    name = f"{row.code} {row.label}".strip() if row.code else row.label
    cells: dict[str, CellValue] = {"name": Cell(name)}
    for place, (span, amount) in enumerate(zip(found.columns, row.amounts, strict=False)):
        cells[f"c{place}"] = MoneyCell(
            Money(amount, entity.currency), url=_lines_url(row, span, entity, known) if amount else ""
        )
    weight: Mapping[str, Literal["", "heading", "subtotal", "total"]] = {
        one: one for one in ("heading", "subtotal", "total")
    }
    return Row(row.key, cells, weight=weight.get(row.weight, ""))


def _lines_url(row: StatementRow, span: Span, entity: Entity, known: date | None) -> str:
    """The lines that an amount is the sum of."""
    if row.account_id is None:
        return ""
    asked = {"day_to": span.last_day.isoformat()}
    if not row.from_start:
        asked["day_from"] = span.start.isoformat()
    if known:
        asked["posted_to"] = known.isoformat()
    return f"{reverse('account_lines', args=[entity.code, str(row.account_id)])}?{urlencode(asked)}"


def balance_sheet_page(request: HttpRequest) -> HttpResponseBase:
    """Where the statements are entered."""
    return statement_page(request, Kind.BALANCE_SHEET.value)


URLS = [
    path("statements/", balance_sheet_page, name="balance_sheet"),
    path("statements/<str:kind>/", statement_page, name="statement"),
]
