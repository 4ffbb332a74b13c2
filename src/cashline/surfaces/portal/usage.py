"""What the customer used: the meters of a subscription in a month, in all and by day, as known this minute."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from cashline.flow.deliver.usage import queries
from cashline.flow.deliver.usage.pages.subscription import MOST_CHARTS, day_chart, month_read, month_tabs, shown
from cashline.flow.deliver.usage.queries import MeterUsage
from cashline.flow.deliver.usage.rules.lineage import as_csv
from cashline.flow.deliver.usage.rules.showing import asked_window
from cashline.kernel.identifiers import key_of
from cashline.kernel.refusals import NotFound
from cashline.platform.company.queries import entities_by_id
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import Cell, CellValue, Column, Crumb, Row, Table
from cashline.platform.pages.render import render_document
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy as lazy
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.frame import frame_for, visitor

COLUMNS = (
    Column("meter", lazy("Used"), place="title"),
    Column("quantity", lazy("Quantity"), "number", place="amount"),
    Column("events", lazy("Events"), "number"),
    Column("file", lazy("Events behind it")),
)


def subscription_usage(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """What a subscription used in a month of the customer's zone."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = queries.usage_subscription(key_of("subscription", subscription_id))
        today = who.today(row.timezone)
        month = month_read(request.GET.get("month", ""), today)
        used = queries.usage_of(row, month, by_day=True)
        entity = entities_by_id([row.entity_id])[row.entity_id]
    back = reverse("portal_subscription", args=[subscription_id])
    page = DocumentPage(
        _("Usage of"),
        row.number,
        subtitle=f"{month.start:%Y-%m}",
        tabs=month_tabs(request.path, month, today),
        sections=(
            Section(_("In the month"), _table(used, request.path, f"{month.start:%Y-%m}")),
            *(Section(one.meter.name or one.meter.code, chart=day_chart(one)) for one in used[:MOST_CHARTS]),
        ),
        crumbs=(Crumb(_("Subscriptions"), reverse("portal_subscription_list")), Crumb(row.number, back)),
    )
    return render_document(request, page, portal=frame_for(entity))


def _table(used: list[MeterUsage], here: str, month: str) -> Table:
    rows = []
    for one in used:
        cells: dict[str, CellValue] = {
            "meter": one.meter.name or one.meter.code,
            "quantity": Cell(shown(one.total.quantity), sub=one.meter.unit),
            "events": one.total.event_count,
            "file": Cell("CSV", f"{here}events.csv?meter={one.meter.code}&month={month}", icon="download"),
        }
        rows.append(Row(one.meter.code, cells))
    return Table(COLUMNS, tuple(rows), empty=_("Nothing was used yet."))


def subscription_events(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """The events of a month under a meter, the first unless one is named, as CSV."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = queries.usage_subscription(key_of("subscription", subscription_id))
        month = month_read(request.GET.get("month", ""), who.today(row.timezone))
        code = request.GET.get("meter", "")
        meter = next((one.meter for one in queries.meters_of_line(row.line_id) if code in ("", one.code)), None)
        if meter is None:
            raise NotFound(_("There is no usage of that kind."), field="meter")
        found = queries.lineage(row.number, asked_window(row.line_id, meter, month, row.timezone))
    answer = HttpResponse(as_csv(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="usage-{row.number}-{month.start:%Y-%m}.csv"'
    return answer
