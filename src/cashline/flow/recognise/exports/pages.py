"""The console's page of exports: the batches of the journal with their totals, and each as a file."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.recognise.exports.actions import export_journal
from cashline.flow.recognise.exports.queries import ExportRow, exports
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.platform.company.queries import Entity, entity_by_code
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, CellValue, Column, Crumb, Option, Row, pill
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_list

BATCHES = (
    Column("number", lazy("Batch"), "code", place="title"),
    Column("status", lazy("State"), "pill", place="state"),
    Column("entries", lazy("Entries"), "number"),
    Column("lines", lazy("Lines"), "number"),
    Column("debit", lazy("On each side"), "money", place="amount"),
    Column("days", lazy("Days")),
    Column("created_at", lazy("Exported"), "datetime"),
    Column("csv", lazy("CSV")),
    Column("beancount", lazy("Beancount")),
    Column("hledger", lazy("hledger")),
)


def journal_export_list(request: HttpRequest) -> HttpResponseBase:
    """The batches, newest first; each is downloaded in three formats."""
    caller = caller_of(request)
    caller.require("ledger.read")
    owners = {one.id: one for one in caller.own_entities("ledger.read")}

    def fetch(ask: ListAsk) -> RowPage:  # noqa: ARG001 - one page holds what a person would read
        return RowPage(tuple(_batch(row, owners[row.entity_id]) for row in exports(list(owners))))

    options = tuple(Option(one.code, one.name) for one in owners.values())
    may = caller.authority.allows("ledger.write")
    entity = Field("entity", _("Legal entity"), "choice", options=options)
    make = Action(_("Export what is new"), reverse("journal_export_make"), "primary", fields=(entity,))
    page = ListPage(
        _("Journal exports"),
        BATCHES,
        fetch,
        empty=Empty(_("Nothing was exported yet."), _("A batch holds what was posted since the one before.")),
        actions=(make,) if may and options else (),
        crumbs=(Crumb(_("Journal"), reverse("journal_list")),),
        subtitle=_("A batch never changes: taking it in twice is harmless."),
        filename="journal-exports",
    )
    return render_list(request, page)


def _batch(row: ExportRow, owner: Entity) -> Row:
    key = public("journal_export", row.id)
    cells: dict[str, CellValue] = {
        "number": f"{owner.code}-{row.number}",
        "status": pill(row.status),
        "entries": row.entries,
        "lines": row.lines,
        "debit": Money(row.debit, owner.currency),
        "days": f"{row.first_day.isoformat()} – {row.last_day.isoformat()}",
        "created_at": row.created_at,
    }
    for name in ("csv", "beancount", "hledger"):
        cells[name] = Cell(_("Download"), f"/v1/journal-exports/{key}/file?format={name}", icon="download")
    return Row(key, cells)


@require_POST
def journal_export_make(request: HttpRequest) -> HttpResponse:
    """Make a batch of what is new."""
    caller = caller_of(request)
    owner = entity_by_code(request.POST.get("entity", "")[:8])
    caller.require("ledger.write", owner.id)

    def act() -> None:
        export_journal(entity_id=owner.id, now=caller.now, actor=caller.actor)

    return take_step(request, reverse("journal_export_list"), _("Everything posted is exported."), act)


URLS = [
    path("journal-exports/", journal_export_list, name="journal_export_list"),
    path("journal-exports/new/", journal_export_make, name="journal_export_make"),
]
