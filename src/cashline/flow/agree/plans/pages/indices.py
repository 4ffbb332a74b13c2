"""Price indices that renewals follow: the list, one with its values by month, and entering values."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.plans import actions, queries
from cashline.flow.agree.plans.queries import IndexRow
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Chart, Column, Crumb, Row, Series, Table
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.timelines import timeline_of

COLUMNS = (
    Column("name", lazy("Name"), place="title"),
    Column("code", lazy("Code"), "code"),
    Column("months", lazy("Months"), "number"),
    Column("month", lazy("Newest month"), "date"),
    Column("value", lazy("Value"), "number", place="amount"),
)
VALUES = (
    Column("month", lazy("Month"), "date", place="title"),
    Column("value", lazy("Value"), "number", place="amount"),
)


def _fields(code: str = "", name: str = "") -> tuple[Field, ...]:
    return (
        Field("code", _("Code"), max_length=40, value=code, width="half", placeholder="CPI"),
        Field("name", _("Name"), max_length=200, value=name, width="half"),
        Field("month", _("Month"), "date", hint=_("Any day of it."), width="half"),
        Field("value", _("Value"), "decimal", least=0, width="half"),
    )


def price_index_list(request: HttpRequest) -> HttpResponseBase:
    """All price indices with their newest value."""
    caller = caller_of(request)
    caller.require("catalog.read")

    def fetch(ask: ListAsk) -> RowPage:
        rows = tuple(_row(row) for row in queries.price_indices())
        return RowPage(rows if not ask.cursor else (), total=len(rows))

    url = reverse("price_index_set")
    new = Action(_("Enter a value"), url, "primary", fields=_fields(), icon="plus", key="n")
    may = caller.authority.allows("catalog.write")
    empty = Empty(
        _("No price indices yet"),
        _("A renewal can follow an index: its price rises by what the index rose, between floor and cap."),
        new if may else None,
        "percent",
    )
    page = ListPage(
        _("Price indices"),
        COLUMNS,
        fetch,
        empty=empty,
        actions=(new,) if may else (),
        crumbs=(Crumb(_("Plans"), reverse("plan_list")),),
        filename="price-indices",
    )
    return render_list(request, page)


def _row(row: IndexRow) -> Row:
    cells: dict[str, Any] = {
        "name": row.name,
        "code": row.code,
        "months": row.values,
        "month": row.month,
        "value": f"{row.value.normalize():f}",
    }
    return Row(row.code, cells, reverse("price_index_detail", args=[row.code]))


def price_index_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One price index: its values by month, the newest first."""
    caller = caller_of(request)
    caller.require("catalog.read")
    row = next((one for one in queries.price_indices() if one.code == code), None)
    if row is None:
        raise NotFound(f"There is no price index {code[:40]!r}.", field="code")
    values = queries.index_values([code])[code]
    rows = tuple(
        Row(month.isoformat(), {"month": month, "value": f"{value:f}"})
        for month, value in sorted(values.items(), reverse=True)
    )
    months = tuple(month.isoformat() for month in values)
    line = Series(row.name, tuple(values.values()))
    chart = Chart(_("Values"), "line", _("The value of each month."), months, (line,), height=200)
    step = Action(
        _("Enter a value"), reverse("price_index_set"), "primary", fields=_fields(code, row.name), icon="plus"
    )
    page = DocumentPage(
        _("Price index"),
        row.name,
        subtitle=row.code,
        actions=(step,) if caller.authority.allows("catalog.write") else (),
        sections=(Section(_("Values"), chart=chart), Section(_("By month"), Table(VALUES, rows))),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Price indices"), reverse("price_index_list")),),
    )
    return render_document(request, page)


@require_POST
def price_index_set(request: HttpRequest) -> HttpResponse:
    """Enter the value of a month; renewals that were recorded keep the one that they followed."""
    caller = caller_of(request)
    caller.require("catalog.write")

    def step() -> None:
        read = read_dialog(request, *_fields())
        month: date | None = read.day("month")
        if month is None:
            raise InvalidValue(_("Say for which month."), field="month")
        value = {month.replace(day=1): read.decimal("value") or Decimal(0)}
        actions.set_index_values(
            code=read.text("code"), name=read.text("name"), values=value, now=caller.now, actor=caller.actor
        )

    return take_step(request, reverse("price_index_list"), str(_("The value is on file.")), step)
