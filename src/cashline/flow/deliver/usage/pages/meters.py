"""Meters: the list, what one means in each version, and its next version."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.deliver.usage import actions, queries
from cashline.flow.deliver.usage.queries import MeterRow
from cashline.flow.deliver.usage.rules.meters import Aggregation, Meter, NewMeter
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue, raise_all
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Label,
    Option,
    Row,
    Table,
)
from cashline.platform.pages.fields import Field, FieldSet, Reading, read_form
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of

AGGREGATIONS: dict[str, Label] = {
    "sum": lazy("Sum"),
    "count": lazy("Count"),
    "unique_count": lazy("Unique count"),
    "max": lazy("Maximum"),
    "latest": lazy("Latest"),
    "weighted_sum": lazy("Weighted sum (a level over time)"),
    "average": lazy("Average"),
    "percentile": lazy("Percentile"),
}
COLUMNS = (
    Column("code", lazy("Code"), "code", sort=True, place="title"),
    Column("name", lazy("Name"), sort=True),
    Column("aggregation", lazy("Aggregation"), sort=True, place="state"),
    Column("quantity", lazy("Quantity from")),
    Column("dimensions", lazy("Dimensions")),
    Column("version", lazy("Version"), "number"),
)
VERSIONS = (
    Column("version", lazy("Version"), "number", place="title"),
    Column("aggregation", lazy("Aggregation")),
    Column("quantity", lazy("Quantity from")),
    Column("dimensions", lazy("Dimensions")),
    Column("since", lazy("Since"), "datetime"),
    Column("actor", lazy("By")),
)
MEANING = (
    Field("name", lazy("Name"), required=False, max_length=200, width="half"),
    Field("unit", lazy("Unit"), required=False, max_length=200, width="half"),
    Field(
        "aggregation", lazy("Aggregation"), "choice", value="sum", width="half",
        options=tuple(Option(name, label) for name, label in AGGREGATIONS.items()),
    ),
    Field("percentile", lazy("Percentile"), "decimal", required=False, least=0, most=100, width="half"),
    Field("value_property", lazy("Property with the quantity"), required=False, max_length=80, width="half",
          hint=lazy("Empty: the event's own quantity.")),
    Field("item_property", lazy("Property with the item"), required=False, max_length=80, width="half"),
    Field("dimensions", lazy("Dimensions"), required=False, max_length=1000,
          hint=lazy("Properties to show and price apart, separated by commas.")),
)  # fmt: skip
CODE = Field("code", lazy("Code"), max_length=80, placeholder="api.calls")


def meter_list(request: HttpRequest) -> HttpResponseBase:
    """All meters."""
    caller = caller_of(request)
    caller.require("usage.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_meters(ask.page, words=ask.text())
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    new = Action(_("New meter"), reverse("usage_meter_new"), "primary", fields=(CODE, *MEANING), icon="plus", key="n")
    may = caller.authority.allows("usage.write")
    empty = Empty(_("No meters yet"), _("A meter says under which code usage comes in."), new if may else None, "gauge")
    page = ListPage(
        _("Meters"),
        COLUMNS,
        fetch,
        (Filter.search(lazy("Code or name")),),
        "code",
        empty,
        actions=(new,) if may else (),
        filename="meters",
    )
    return render_list(request, page)


def _row(row: MeterRow) -> Row:
    cells: dict[str, CellValue] = {"code": row.code, "name": Cell(row.name, sub=row.unit), **_meaning(row)}
    return Row(public("usage_meter", row.id), cells, address_of("usage_meter", row.id))


def _meaning(row: MeterRow) -> dict[str, CellValue]:
    share = f" {row.percentile.normalize():f}" if row.percentile is not None else ""
    return {
        "aggregation": f"{AGGREGATIONS[row.aggregation]}{share}",
        "quantity": row.item_property or row.value_property or _("the event's own"),
        "dimensions": ", ".join(row.dimensions),
        "version": row.version,
    }


def usage_meter_detail(request: HttpRequest, meter_id: str) -> HttpResponse:
    """One meter with its versions."""
    caller = caller_of(request)
    caller.require("usage.read")
    row = queries.meter(key_of("usage_meter", meter_id))
    versions = tuple(
        Row(str(one.version), {**_meaning(one), "since": one.created_at, "actor": one.actor})
        for one in queries.versions_of(row.id)
    )
    facts = (
        KeyValue(_("Name"), row.name),
        KeyValue(_("Unit"), row.unit),
        KeyValue(_("Aggregation"), str(_meaning(row)["aggregation"])),
        KeyValue(_("Quantity from"), str(_meaning(row)["quantity"])),
        KeyValue(_("Dimensions"), ", ".join(row.dimensions)),
    )
    page = DocumentPage(
        _("Meter"),
        row.code,
        actions=_steps(row, caller),
        facts=tuple(fact for fact in facts if fact.value),
        sections=(Section(_("Versions"), Table(VERSIONS, versions)),),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Meters"), reverse("usage_meter_list")),),
    )
    return render_document(request, page)


def _steps(row: MeterRow, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("usage.write"):
        return ()
    given: dict[str, Any] = {
        "name": row.name, "unit": row.unit, "aggregation": row.aggregation, "percentile": row.percentile,
        "value_property": row.value_property, "item_property": row.item_property,
        "dimensions": ", ".join(row.dimensions),
    }  # fmt: skip
    fields = tuple(replace(field, value=given[field.name]) for field in MEANING)
    url = reverse("usage_meter_change", args=[public("usage_meter", row.id)])
    return (Action(_("New version"), url, fields=fields, icon="pencil"),)


def _read(request: HttpRequest, code: str, *fields: Field) -> NewMeter:
    read: Reading = read_form(request.POST, (FieldSet("", fields),))
    raise_all(InvalidValue(str(error.message), field=error.field) for error in read.errors)
    names = tuple(part.strip() for part in read.text("dimensions").split(",") if part.strip())
    meter = Meter(
        code or read.text("code"),
        Aggregation(read.text("aggregation")),
        read.text("value_property"),
        read.text("item_property"),
        names,
        read.decimal("percentile"),
    )
    return NewMeter(meter, read.text("name"), read.text("unit"))


@require_POST
def usage_meter_new(request: HttpRequest) -> HttpResponse:
    """Make a meter."""
    caller = caller_of(request)
    caller.require("usage.write")

    def step() -> None:
        actions.create_meters([_read(request, "", CODE, *MEANING)], now=caller.now, actor=caller.actor)

    return take_step(request, reverse("usage_meter_list"), _("The meter is made."), step)


@require_POST
def usage_meter_change(request: HttpRequest, meter_id: str) -> HttpResponse:
    """Give a meter a new version."""
    caller = caller_of(request)
    caller.require("usage.write")
    row = queries.meter(key_of("usage_meter", meter_id))

    def step() -> None:
        actions.change_meters([_read(request, row.code, *MEANING)], now=caller.now, actor=caller.actor)

    return take_step(request, address_of("usage_meter", row.id), _("The meter has a new version."), step)


URLS = [
    path("meters/", meter_list, name="usage_meter_list"),
    path("meters/new/", usage_meter_new, name="usage_meter_new"),
    path("meters/<str:meter_id>/", usage_meter_detail, name="usage_meter_detail"),
    path("meters/<str:meter_id>/change/", usage_meter_change, name="usage_meter_change"),
]
