"""The consolidated statements: entities, what is eliminated, the group; each figure opens its lines."""

from datetime import timedelta
from typing import Literal
from urllib.parse import urlencode

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.report.consolidation.api import chosen
from cashline.flow.report.consolidation.queries import CONSOLIDATION, ConsolidationAsked
from cashline.flow.report.consolidation.rules import Cell as Share
from cashline.flow.report.consolidation.rules import Consolidated, Kind, Member
from cashline.flow.report.consolidation.rules import Row as GroupRow
from cashline.flow.report.statements.pages.financial import known_until
from cashline.flow.report.statements.rules.financial import Step
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform.company.queries import entities
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk, read_ask
from cashline.platform.pages.components import Cell, CellValue, Column, Filter, MoneyCell, Option, Row, View
from cashline.platform.pages.formats import with_instant
from cashline.platform.pages.render import render_counting, render_list
from cashline.platform.snapshots.actions import look
from cashline.platform.snapshots.rules import Shown

TITLES = {
    Kind.BALANCE_SHEET: lazy("Consolidated balance sheet"),
    Kind.PROFIT_AND_LOSS: lazy("Consolidated profit and loss"),
    Kind.TRIAL_BALANCE: lazy("Consolidated trial balance"),
    Kind.CASH_FLOW: lazy("Consolidated cash flow"),
}
_DAY = timedelta(days=1)
_WEIGHTS: dict[str, Literal["", "heading", "subtotal", "total"]] = {
    "heading": "heading",
    "subtotal": "subtotal",
    "total": "total",
}


def consolidated_page(request: HttpRequest, kind: str) -> HttpResponseBase:
    """One statement of all entities together."""
    caller = caller_of(request)
    if kind not in set(Kind):
        raise NotFound(f"There is no statement {kind!r}.", field="statement")
    filters = _filters()
    ask = read_ask(request.GET, (), filters)
    group = chosen(caller, list(ask.choices("entity")))
    first, today = group[0], caller.today(group[0].timezone)
    days, known = ask.date_range("day"), ask.date_range("known")
    as_of = days.end - _DAY if days.end else today
    asked = ConsolidationAsked(
        Kind(kind),
        next(iter(ask.choices("currency")), first.currency),
        None if as_of == today else as_of,
        Step(next(iter(ask.choices("step")), Step.YEAR)),
        tuple(one.id for one in group),
        known_until(known.end - _DAY if known.end else None, first),
    )
    shown: Shown[Consolidated] | None
    if "format" in request.GET:
        shown = Shown(CONSOLIDATION.read(asked, today), caller.now)
    else:
        shown = look(CONSOLIDATION, asked, timezone=first.timezone, now=caller.now, actor=caller.actor)
    if shown is None:
        return render_counting(request, str(TITLES[Kind(kind)]), _tabs(request, Kind(kind)))
    found = shown.answer

    def fetch(ask: ListAsk) -> RowPage:  # noqa: ARG001 - the columns follow from what was asked, so it is read before
        return RowPage(tuple(_row(row, found) for row in found.rows))

    subtitle = _("%(entities)s, in %(currency)s") % {
        "entities": ", ".join(one.code for one in found.members),
        "currency": found.currency,
    }
    page = ListPage(
        TITLES[found.kind],
        (
            Column("name", lazy("Account"), place="title"),
            *(Column(f"e{place}", one.code, "money") for place, one in enumerate(found.members)),
            Column("eliminated", lazy("Eliminated"), "money"),
            Column("total", lazy("Group"), "money", place="amount"),
        ),
        fetch,
        filters,
        empty=Empty(_("Nothing is posted yet.")),
        views=_tabs(request, found.kind),
        subtitle=with_instant(subtitle, shown),
        filename=f"consolidated-{kind}-{as_of.isoformat()}",
    )
    return render_list(request, page)


def _filters() -> tuple[Filter, ...]:
    known = entities()
    owners = tuple(Option(one.code, one.name) for one in known)
    currencies = tuple(Option(code, code) for code in sorted({one.currency for one in known}))
    steps = (Option("month", _("Months")), Option("quarter", _("Quarters")), Option("year", _("Years")))
    return (
        Filter.choice("entity", _("Legal entity"), owners),
        Filter.choice("currency", _("Currency"), currencies),
        Filter.dates("day", _("Until")),
        Filter.choice("step", _("By"), steps),
        Filter.dates("known", _("As known on")),
    )


def _tabs(request: HttpRequest, kind: Kind) -> tuple[View, ...]:
    asked = {name: values for name, values in request.GET.lists() if name != "format"}
    tail = f"?{urlencode(asked, doseq=True)}" if asked else ""
    return tuple(
        View(words, reverse("consolidated", args=[one.value]) + tail, current=one is kind)
        for one, words in TITLES.items()
    )


def _row(row: GroupRow, found: Consolidated) -> Row:
    cells: dict[str, CellValue] = {"name": Cell(f"{row.code} {row.label}".strip())}
    if row.weight != "heading":
        for place, member in enumerate(found.members):
            if share := row.cells.get(member.id):
                url = _lines_url(row, share, member, found)
                cells[f"e{place}"] = MoneyCell(Money(share.amount, found.currency), url=url)
        if row.eliminated:
            url = "" if row.weight else reverse("intercompany_sale_list")
            cells["eliminated"] = MoneyCell(Money(row.eliminated, found.currency), url=url)
        cells["total"] = Money(row.total, found.currency)
    return Row(row.key, cells, weight=_WEIGHTS.get(row.weight, ""))


def _lines_url(row: GroupRow, share: Share, member: Member, found: Consolidated) -> str:
    """The lines of the entity that a share is the sum of."""
    if share.account_id is None:
        return ""
    asked = {"day_to": found.window.as_of.isoformat()}
    if not row.from_start:
        asked["day_from"] = found.window.start.isoformat()
    return f"{reverse('account_lines', args=[member.code, str(share.account_id)])}?{urlencode(asked)}"


def consolidation_page(request: HttpRequest) -> HttpResponseBase:
    """Where the consolidated statements are entered."""
    return consolidated_page(request, Kind.BALANCE_SHEET.value)


URLS = [
    path("consolidation/", consolidation_page, name="consolidation"),
    path("consolidation/<str:kind>/", consolidated_page, name="consolidated"),
]
