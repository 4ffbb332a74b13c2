"""The console's page of tax rates."""

from datetime import date
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.invoice.taxes import actions, queries
from cashline.flow.invoice.taxes.queries import TaxRateRow
from cashline.flow.invoice.taxes.rules import NewTaxRate
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import InvalidValue, raise_all
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, CellValue, Column, Filter, Option, Pill, Row, Tone
from cashline.platform.pages.fields import Field, FieldSet, read_form
from cashline.platform.pages.render import render_list

COLUMNS = (
    Column("country", lazy("Country"), "code", place="title"),
    Column("category", lazy("Category"), place="state"),
    Column("percent", lazy("Rate"), "percent", place="amount"),
    Column("since", lazy("From"), "date"),
    Column("until", lazy("Until"), "date"),
    Column("state", lazy("State"), "pill"),
)
CATEGORIES = tuple(Option(category.value, category.value.capitalize()) for category in TaxCategory)
FILTERS = (
    Filter.search(lazy("Country")),
    Filter.choice("category", lazy("Category"), CATEGORIES),
)
FIELDS = (
    Field("country", lazy("Country"), max_length=2, placeholder="DE", width="quarter"),
    Field("category", lazy("Category"), "choice", value="standard", options=CATEGORIES, width="half"),
    Field("percent", lazy("Rate"), "decimal", least=0, most=100, suffix="%", width="quarter"),
    Field("since", lazy("From"), "date", hint=lazy("The rate before it ends the day before."), width="half"),
)


def tax_rate_list(request: HttpRequest) -> HttpResponseBase:
    """All tax rates by country, category and day."""
    caller = caller_of(request)
    caller.require("taxes.read")

    def fetch(ask: ListAsk) -> RowPage:
        chosen = ask.choices("category")
        rows = [
            _row(row, caller.today())
            for row in queries.list_rates(ask.text().strip().upper()[:2])
            if not chosen or row.category in chosen
        ]
        return RowPage(tuple(rows) if not ask.cursor else (), total=len(rows))

    new = Action(_("New rate"), reverse("tax_rate_new"), "primary", fields=FIELDS, icon="plus", key="n")
    may = caller.authority.allows("taxes.write")
    empty = Empty(
        _("No tax rates yet"), _("Without a rate nothing can be invoiced there."), new if may else None, "percent"
    )
    page = ListPage(
        _("Tax rates"), COLUMNS, fetch, FILTERS, empty=empty, actions=(new,) if may else (), filename="tax-rates"
    )
    return render_list(request, page)


def _row(row: TaxRateRow, today: date) -> Row:
    if row.since > today:
        state = Pill(_("To come"), Tone.INFO)
    elif row.until is not None and row.until <= today:
        state = Pill(_("Ended"))
    else:
        state = Pill(_("In force"), Tone.SUCCESS)
    cells: dict[str, CellValue] = {
        "country": row.country,
        "category": row.category.capitalize(),
        "percent": row.percent,
        "since": row.since,
        "until": row.until,
        "state": state,
    }
    return Row(public("tax_rate", row.id), cells)


@require_POST
def tax_rate_new(request: HttpRequest) -> HttpResponse:
    """Put a rate on file."""
    caller = caller_of(request)
    caller.require("taxes.write")
    read = read_form(request.POST, (FieldSet("", FIELDS),))

    def step() -> None:
        raise_all(InvalidValue(error.message, field=error.field) for error in read.errors)
        new = NewTaxRate(
            read.text("country").upper(),
            TaxCategory(read.text("category")),
            read.decimal("percent") or Decimal(0),
            read.day("since") or date.max,
        )
        actions.set_tax_rates([new], now=caller.now, actor=caller.actor)

    return take_step(request, reverse("tax_rate_list"), str(_("The rate is on file.")), step)


URLS = [
    path("tax-rates/", tax_rate_list, name="tax_rate_list"),
    path("tax-rates/new/", tax_rate_new, name="tax_rate_new"),
]
