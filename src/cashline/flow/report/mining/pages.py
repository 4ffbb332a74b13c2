"""The console's pages of the process: the days of each stage, how soon invoices become cash, and a whole chain."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.report.metrics.queries import dso, dso_history
from cashline.flow.report.metrics.rules import BEST_DEFINITION, DSO_DEFINITION, DaysSalesOutstanding
from cashline.flow.report.mining import queries
from cashline.flow.report.mining.api import event_log, read_document, require_chain
from cashline.flow.report.mining.rules import ChainDocument, CycleTime, CycleTimesAsked
from cashline.flow.report.statements.queries import AGEING
from cashline.flow.report.statements.rules import AgeingAsked
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform.company.queries import Entity, entities
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.anatomies import BoardPage, DerivationPage, DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    CellValue,
    Chart,
    Column,
    Crumb,
    Row,
    Series,
    Stat,
    Table,
    View,
    pill,
)
from cashline.platform.pages.formats import format_month, with_instant
from cashline.platform.pages.render import (
    COUNTING_SECONDS,
    render_board,
    render_counting,
    render_derivation,
    render_document,
)
from cashline.platform.pages.threads import KINDS, address_of
from cashline.platform.pages.timelines import timeline_of
from cashline.platform.snapshots.actions import look

WINDOWS = ((90, lazy("90 days")), (365, lazy("A year")), (1095, lazy("Three years")))
TIMES = (
    Column("stage", lazy("Stage"), place="title"),
    Column("median", lazy("Median days"), "number", place="amount"),
    Column("ninetieth", lazy("Nine in ten within"), "number"),
    Column("cases", lazy("Cases"), "number"),
    Column("definition", lazy("Measured")),
)
CHAIN = (
    Column("kind", lazy("Document"), place="title"),
    Column("number", lazy("Number"), "code"),
    Column("day", lazy("Day"), "date"),
    Column("status", lazy("State"), "pill", place="state"),
    Column("amount", lazy("Amount"), "money", place="amount"),
)


def process(request: HttpRequest) -> HttpResponse:
    """Cycle times by stage, and days sales outstanding of each legal entity."""
    caller = caller_of(request)
    caller.require("reports.read")
    today, mine = caller.today(), caller.entities("reports.read")
    days = _days(request)
    asked = CycleTimesAsked(days, None if mine is None else tuple(mine))
    shown = look(queries.CYCLE_TIMES, asked, timezone="UTC", now=caller.now, actor=caller.actor)
    found = _days_outstanding(caller, mine)
    views = tuple(View(words, f"{reverse('process')}?days={count}", current=count == days) for count, words in WINDOWS)
    if shown is None or found is None:
        return render_counting(request, _("Process"), views)
    times = list(shown.answer)
    own = {one.id: one for one in entities()}
    sections = [
        Section(_("Days in each stage"), Table(TIMES, tuple(_time(one) for one in times)), chart=_times_chart(times)),
        *(Section(own[one.entity_id].name, chart=_dso_chart(own[one.entity_id], today)) for one in found if one.dso),
    ]
    export = Action.link(_("Event log (OCEL 2.0)"), reverse("process_log"), icon="download")
    page = BoardPage(
        _("Process"),
        stats=tuple(stat for one in found for stat in _dso_stats(one, own[one.entity_id])),
        sections=tuple(sections),
        views=views,
        actions=(export,) if mine is None else (),
        subtitle=with_instant(_("From quote to cash, over the latest cases of the window"), shown),
        refresh_seconds=COUNTING_SECONDS if shown.renewed else 0,
    )
    return render_board(request, page)


def _days(request: HttpRequest) -> int:
    text = request.GET.get("days", "365")
    return int(text) if text in {str(count) for count, _words in WINDOWS} else 365


def _time(one: CycleTime) -> Row:
    cells: dict[str, CellValue] = {
        "stage": one.stage.title,
        "median": one.median,
        "ninetieth": one.ninetieth,
        "cases": one.cases,
        "definition": one.stage.definition,
    }
    return Row(one.stage.code, cells)


def _times_chart(times: list[CycleTime]) -> Chart:
    return Chart(
        _("Days in each stage"),
        "bar_across",
        _("The median of days that cases spent in each stage, and the days within which nine in ten were through."),
        tuple(one.stage.title for one in times),
        (
            Series(_("Median"), tuple(one.median for one in times)),
            Series(_("Nine in ten"), tuple(one.ninetieth for one in times)),
        ),
        unit=_("days"),
    )


def _days_outstanding(caller: Caller, mine: list[UUID] | None) -> list[DaysSalesOutstanding] | None:
    asked = AgeingAsked(entity_ids=None if mine is None else tuple(mine))
    shown = look(AGEING, asked, timezone="UTC", now=caller.now, actor=caller.actor)
    if shown is None:
        return None
    aged = shown.answer
    return dso(as_of=aged.as_of, entity_ids=mine, aged=aged.entities)


def _dso_stats(one: DaysSalesOutstanding, entity: Entity) -> tuple[Stat, ...]:
    if one.dso is None:
        return (Stat(_("DSO of %(entity)s") % {"entity": entity.code}, "", hint=_("Nothing was invoiced in 90 days.")),)
    explain = reverse("process_dso", args=[entity.code])
    return (
        Stat(_("DSO of %(entity)s") % {"entity": entity.code}, one.dso.result, hint=DSO_DEFINITION, explain=explain),
        Stat(_("of it by lateness"), one.delinquent or Decimal(0), hint=BEST_DEFINITION),
    )


def _dso_chart(entity: Entity, today: date) -> Chart:
    history = dso_history(entity.id, last=today)
    return Chart(
        _("Days sales outstanding"),
        "line",
        _("At the end of each month, over the three months up to it."),
        tuple(format_month(month) for month, _days in history),
        (Series(entity.code, tuple(days for _month, days in history)),),
        unit=_("days"),
    )


def process_dso(request: HttpRequest, entity_code: str) -> HttpResponse:
    """Why DSO is what it is."""
    caller = caller_of(request)
    entity = next((one for one in entities() if one.code == entity_code), None)
    if entity is None or not caller.authority.allows("reports.read", entity.id):
        raise NotFound(f"There is no legal entity {entity_code!r}.", field="entity")
    title = _("Days sales outstanding of %(entity)s") % {"entity": entity.name}
    found = _days_outstanding(caller, caller.entities("reports.read"))
    if found is None:
        return render_counting(request, title)
    derivation = next((one.dso for one in found if one.entity_id == entity.id), None) or Derivation(
        "metrics.days_sales_outstanding", 1, {"invoiced": 0}, "invoiced", Decimal(0), _("Nothing was invoiced.")
    )
    crumbs = (Crumb(_("Process"), reverse("process")),)
    page = DerivationPage(title, derivation.result, derivation, crumbs, own_currency=entity.currency)
    return render_derivation(request, page)


def process_log(request: HttpRequest) -> StreamingHttpResponse:
    """The event log as an OCEL 2.0 file."""
    return event_log(request)


def chain(request: HttpRequest, document_id: str) -> HttpResponse:
    """All documents of a chain, and everything that happened from the quote to the revenue."""
    caller = caller_of(request)
    caller.require("reports.read")
    kind, key = read_document(document_id)
    require_chain(caller, kind, key)
    documents, events = queries.chain_timeline(kind, key)
    current = next((one for one in documents if one.id == key), documents[0])
    label = KINDS[current.kind][0]
    page = DocumentPage(
        _("From quote to cash of"),
        current.number,
        subtitle=_("%(documents)s documents, %(events)s events") % {"documents": len(documents), "events": len(events)},
        sections=(Section(_("Documents"), Table(CHAIN, tuple(_link(one, key) for one in documents))),),
        timeline=timeline_of([one.id for one in documents]),
        crumbs=(Crumb(_("Process"), reverse("process")), Crumb(label, address_of(current.kind, current.id))),
    )
    return render_document(request, page)


def _link(one: ChainDocument, current: UUID) -> Row:
    cells: dict[str, CellValue] = {
        "kind": KINDS[one.kind][0],
        "number": one.number,
        "day": one.day,
        "status": pill(one.status),
        "amount": Money(one.amount, one.currency) if one.amount is not None else None,
    }
    return Row(public(one.kind, one.id), cells, "" if one.id == current else address_of(one.kind, one.id))


URLS = [
    path("process/", process, name="process"),
    path("process/events.jsonocel", process_log, name="process_log"),
    path("process/dso/<str:entity_code>/", process_dso, name="process_dso"),
    path("chains/<str:document_id>/", chain, name="chain"),
]
