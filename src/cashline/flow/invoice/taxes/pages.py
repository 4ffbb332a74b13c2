"""The console's pages of tax rates, exemption certificates and what customers withhold."""

from datetime import date, timedelta
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.agree.customers.queries import customers_by_reference
from cashline.flow.invoice.taxes import actions, queries
from cashline.flow.invoice.taxes.queries import CertificateRow, TaxRateRow, WithholdingRow
from cashline.flow.invoice.taxes.rules import NewCertificate, NewTaxRate, NewWithholding
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import InvalidValue, NotFound, raise_all
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import caller_of
from cashline.platform.lists import Ask
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, CellValue, Column, Crumb, Filter, Option, Pill, Row, Tone
from cashline.platform.pages.fields import Field, FieldSet, read_form
from cashline.platform.pages.render import render_list
from cashline.platform.pages.threads import address_of

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
    proofs = Action.link(_("Exemption certificates"), reverse("certificate_list"), icon="shield-check")
    withheld = Action.link(_("Withheld by customers"), reverse("withholding_list"), icon="percent")
    may = caller.authority.allows("taxes.write")
    empty = Empty(
        _("No tax rates yet"), _("Without a rate nothing can be invoiced there."), new if may else None, "percent"
    )
    page = ListPage(
        _("Tax rates"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=empty,
        actions=(new, proofs, withheld) if may else (proofs, withheld),
        filename="tax-rates",
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


CERTIFICATE_COLUMNS = (
    Column("customer", lazy("Customer"), place="title"),
    Column("country", lazy("Country"), "code", sort=True),
    Column("number", lazy("Certificate"), "code"),
    Column("reason", lazy("Exempt because")),
    Column("since", lazy("From"), "date", sort=True),
    Column("until", lazy("Until"), "date", place="amount"),
    Column("state", lazy("State"), "pill", place="state"),
)
CERTIFICATE_FIELDS = (
    Field("customer", lazy("Customer number"), max_length=60, width="half"),
    Field("country", lazy("Country"), max_length=2, placeholder="DE", width="quarter"),
    Field("number", lazy("Certificate"), max_length=100, width="quarter"),
    Field("reason", lazy("Exempt because"), max_length=300, hint=lazy("The invoice states it.")),
    Field("since", lazy("From"), "date", width="half"),
    Field("until", lazy("Until"), "date", required=False, hint=lazy("Not on that day; empty: open."), width="half"),
)
END_FIELDS = (
    Field("number", lazy("Certificate"), max_length=100, width="half"),
    Field("until", lazy("Holds until"), "date", hint=lazy("Not on that day."), width="half"),
    Field("why", lazy("Why"), required=False, max_length=1000),
)
SOON = timedelta(days=30)


def certificate_list(request: HttpRequest) -> HttpResponseBase:
    """Exemption certificates of customers, by country and time."""
    caller = caller_of(request)
    caller.require("taxes.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_certificates(ask.page, words=ask.text())
        return RowPage(tuple(_certificate(row, caller.today()) for row in page.items), page.next_cursor)

    new = Action(
        _("New certificate"), reverse("certificate_new"), "primary", fields=CERTIFICATE_FIELDS, icon="plus", key="n"
    )
    end = Action(_("End one"), reverse("certificate_end"), fields=END_FIELDS)
    may = caller.authority.allows("taxes.write")
    empty = Empty(
        _("No certificate yet"), _("What a country would tax is exempt while one of it holds."), new if may else None
    )
    page = ListPage(
        _("Exemption certificates"),
        CERTIFICATE_COLUMNS,
        fetch,
        (Filter.search(lazy("Certificate or customer")),),
        empty=empty,
        actions=(new, end) if may else (),
        crumbs=(Crumb(_("Tax rates"), reverse("tax_rate_list")),),
        filename="exemption-certificates",
    )
    return render_list(request, page)


def _certificate(row: CertificateRow, today: date) -> Row:
    state = Pill(_("Holds"), Tone.SUCCESS)
    if row.since > today:
        state = Pill(_("To come"), Tone.INFO)
    elif row.until is not None and row.until <= today:
        state = Pill(_("Ended"))
    elif row.until is not None and row.until - today <= SOON:
        state = Pill(_("Ends soon"), Tone.WARNING)
    cells: dict[str, CellValue] = {
        "customer": Cell(row.customer_name, address_of("customer", row.customer_id), row.customer_number),
        "country": row.country,
        "number": row.number,
        "reason": row.reason,
        "since": row.since,
        "until": row.until,
        "state": state,
    }
    return Row(public("exemption_certificate", row.id), cells)


@require_POST
def certificate_new(request: HttpRequest) -> HttpResponse:
    """Keep a certificate."""
    caller = caller_of(request)
    caller.require("taxes.write")

    def step() -> None:
        read = read_dialog(request, *CERTIFICATE_FIELDS)
        number = read.text("customer")
        found = customers_by_reference([number]).get(number)
        if found is None:
            raise NotFound(f"There is no customer {number!r}.", field="customer")
        new = NewCertificate(
            found.id,
            read.text("country").upper(),
            read.text("number"),
            read.text("reason"),
            read.day("since") or date.max,
            read.day("until"),
        )
        actions.keep_certificates([new], now=caller.now, actor=caller.actor)

    return take_step(request, reverse("certificate_list"), str(_("The certificate is on file.")), step)


@require_POST
def certificate_end(request: HttpRequest) -> HttpResponse:
    """End a certificate, by its number."""
    caller = caller_of(request)
    caller.require("taxes.write")

    def step() -> None:
        read = read_dialog(request, *END_FIELDS)
        number, until = read.text("number"), read.day("until") or date.max
        rows = [row for row in queries.list_certificates(Ask(limit=500), words=number).items if row.number == number]
        if not rows:
            raise NotFound(f"There is no certificate {number!r}.", field="number")
        actions.end_certificate(
            certificate_id=rows[0].id, until=until, reason=read.text("why"), now=caller.now, actor=caller.actor
        )

    return take_step(request, reverse("certificate_list"), str(_("The certificate ends on that day.")), step)


KINDS = {
    "": lazy("Everything"),
    "goods": lazy("Goods"),
    "subscription": lazy("Subscriptions"),
    "service": lazy("Services"),
}
WITHHOLDING_COLUMNS = (
    Column("customer", lazy("Customer"), place="title"),
    Column("entity", lazy("Legal entity"), "code"),
    Column("kind", lazy("Of what")),
    Column("percent", lazy("Rate"), "percent", place="amount"),
    Column("reason", lazy("By which rule")),
    Column("since", lazy("From"), "date", sort=True),
    Column("until", lazy("Until"), "date"),
)
WITHHOLDING_FIELDS = (
    Field("customer", lazy("Customer number"), max_length=60, width="half"),
    Field("entity", lazy("Legal entity"), max_length=8, placeholder="DE01", width="quarter"),
    Field("percent", lazy("Percent"), "decimal", least=0, most=99, suffix="%", width="quarter",
          hint=lazy("0 ends it.")),
    Field("kind", lazy("Of what"), "choice", required=False,
          options=tuple(Option(kind or "all", words) for kind, words in KINDS.items()), value="all", width="half"),
    Field("since", lazy("From"), "date", width="half"),
    Field("reason", lazy("By which rule"), max_length=300, hint=lazy("The invoice states it.")),
)  # fmt: skip


def withholding_list(request: HttpRequest) -> HttpResponseBase:
    """What customers withhold of what they pay."""
    caller = caller_of(request)
    caller.require("taxes.read")
    entities = caller.entities("taxes.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_withholdings(ask.page, entity_ids=entities, words=ask.text())
        return RowPage(tuple(_withholding(row) for row in page.items), page.next_cursor)

    new = Action(_("New rate"), reverse("withholding_new"), "primary", fields=WITHHOLDING_FIELDS, icon="plus", key="n")
    may = caller.authority.allows("taxes.write")
    empty = Empty(
        _("Nobody withholds tax"),
        _("Where a customer must, its invoices state how much, and a payment short by it settles them."),
        new if may else None,
        "percent",
    )
    page = ListPage(
        _("Tax that customers withhold"),
        WITHHOLDING_COLUMNS,
        fetch,
        (Filter.search(lazy("Customer or rule")),),
        empty=empty,
        actions=(new,) if may else (),
        crumbs=(Crumb(_("Tax rates"), reverse("tax_rate_list")),),
        filename="withholding-rates",
    )
    return render_list(request, page)


def _withholding(row: WithholdingRow) -> Row:
    cells: dict[str, CellValue] = {
        "customer": Cell(row.customer_name, address_of("customer", row.customer_id), row.customer_number),
        "entity": row.entity_code,
        "kind": KINDS[row.kind],
        "percent": row.percent,
        "reason": row.reason,
        "since": row.since,
        "until": row.until,
    }
    return Row(public("withholding_rate", row.id), cells)


@require_POST
def withholding_new(request: HttpRequest) -> HttpResponse:
    """Put on file what a customer withholds."""
    caller = caller_of(request)
    caller.require("taxes.write")

    def step() -> None:
        read = read_dialog(request, *WITHHOLDING_FIELDS)
        number, kind = read.text("customer"), read.text("kind")
        found = customers_by_reference([number]).get(number)
        if found is None:
            raise NotFound(f"There is no customer {number!r}.", field="customer")
        entity = entity_by_code(read.text("entity").upper())
        caller.require("taxes.write", entity.id)
        new = NewWithholding(
            found.id,
            entity.id,
            "" if kind == "all" else kind,
            read.decimal("percent") or Decimal(0),
            read.text("reason"),
            read.day("since") or date.max,
        )
        actions.set_withholding([new], now=caller.now, actor=caller.actor)

    return take_step(request, reverse("withholding_list"), str(_("It holds from that day on.")), step)


URLS = [
    path("withholding-rates/", withholding_list, name="withholding_list"),
    path("withholding-rates/new/", withholding_new, name="withholding_new"),
    path("exemption-certificates/", certificate_list, name="certificate_list"),
    path("exemption-certificates/new/", certificate_new, name="certificate_new"),
    path("exemption-certificates/end/", certificate_end, name="certificate_end"),
    path("tax-rates/", tax_rate_list, name="tax_rate_list"),
    path("tax-rates/new/", tax_rate_new, name="tax_rate_new"),
]
