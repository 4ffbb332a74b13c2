"""The console's pages of stand-alone prices: studies of own transactions, and the decisions on what they propose."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.recognise.revenue.actions.pricing import approve_price, reject_price, study_prices
from cashline.flow.recognise.revenue.queries.prices import (
    PriceRow,
    StudyRow,
    list_studies,
    price_study,
    prices_of_study,
    stand_alone_price,
)
from cashline.flow.recognise.revenue.rules.price_study import PARAGRAPH, PriceStatus, Terms
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import divide, round_to
from cashline.platform.company.queries import entities_by_id, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import act, read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, CellValue, Column, Crumb, KeyValue, Option, Row, Table, pill
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of

STUDIES = (
    Column("window", lazy("Window"), place="title"),
    Column("observations", lazy("Transactions"), "number"),
    Column("strata", lazy("Strata"), "number"),
    Column("decided", lazy("Decided"), "number"),
    Column("by", lazy("Made by")),
    Column("made_at", lazy("Made"), "datetime"),
)
PRICES = (
    Column("stratum", lazy("Stratum"), place="title"),
    Column("status", lazy("State"), "pill", place="state"),
    Column("transactions", lazy("Transactions"), "number"),
    Column("share", lazy("Within the range"), "percent"),
    Column("range", lazy("Range")),
    Column("amount", lazy("Median"), "number", place="amount"),
    Column("decided", lazy("Decided")),
)
_WHY = Field("reason", lazy("Why"), "textarea", required=False, max_length=1000)


def _study_fields(caller: Caller) -> tuple[Field, ...]:
    owners = tuple(Option(one.code, one.name) for one in caller.own_entities("revenue.run"))
    return (
        Field("entity", lazy("Legal entity"), "choice", options=owners),
        Field("start", lazy("First day"), "date"),
        Field("last", lazy("Last day"), "date"),
        Field("spread", lazy("Range to either side"), "decimal", value=Decimal(15), suffix="%", least=0, most=99),
        Field("required", lazy("Needed within"), "decimal", value=Decimal(80), suffix="%", least=0, most=100),
        Field("bands", lazy("Bands begin at"), required=False, hint=lazy("Quantities, such as 10 100.")),
        Field("by_segment", lazy("Each country by itself"), "yes", required=False),
    )


def price_study_list(request: HttpRequest) -> HttpResponseBase:
    """Studies, newest first."""
    caller = caller_of(request)
    caller.require("revenue.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = list_studies(ask.page, entity_ids=caller.entities("revenue.read"))
        return RowPage(tuple(_study(row) for row in page.items), page.next_cursor)

    may = caller.authority.allows("revenue.run")
    make = Action(
        _("Study prices"),
        reverse("price_study_make"),
        "primary",
        fields=_study_fields(caller) if may else (),
        refused="" if may else _("You may not run revenue."),
        key="n",
    )
    empty = Empty(_("No prices were studied yet."), _("A study proposes stand-alone prices from own agreements."))
    page = ListPage(_("Stand-alone prices"), STUDIES, fetch, empty=empty, actions=(make,), filename="price-studies")
    return render_list(request, page)


def _window(row: StudyRow) -> str:
    return f"{row.start.isoformat()} – {(row.end - timedelta(days=1)).isoformat()}"


def _study(row: StudyRow) -> Row:
    cells: dict[str, CellValue] = {
        "window": _window(row),
        "observations": row.observations,
        "strata": row.strata,
        "decided": row.decided,
        "by": row.made_by,
        "made_at": row.made_at,
    }
    return Row(str(row.id), cells, address_of("price_study", row.id))


@require_POST
def price_study_make(request: HttpRequest) -> HttpResponse:
    """Make a study."""
    caller = caller_of(request)

    def step() -> Outcome:
        read = read_dialog(request, *_study_fields(caller))
        owner = entity_by_code(read.text("entity"))
        caller.require("revenue.run", owner.id)
        start, last = read.day("start") or caller.today(), read.day("last") or caller.today()
        terms = Terms(
            divide(read.decimal("spread") or Decimal(0), Decimal(100)),
            divide(read.decimal("required") or Decimal(0), Decimal(100)),
            bands=_bands(read.text("bands")),
            by_segment=read.yes("by_segment"),
        )
        end = last + timedelta(days=1)
        key = study_prices(entity_id=owner.id, start=start, end=end, terms=terms, now=caller.now, actor=caller.actor)
        return Outcome(address_of("price_study", key), _("The prices are studied; decide on what is proposed."))

    return act(request, reverse("price_study_list"), step)


def _bands(text: str) -> tuple[Decimal, ...]:
    words = text.split()
    if any(not one.isascii() or not one.isdecimal() or len(one) > 9 for one in words):
        raise InvalidValue(_("Give the quantities at which bands begin as whole numbers."), field="bands")
    return tuple(Decimal(one) for one in words)


def _seen(caller: Caller, study_id: str, permission: str) -> StudyRow:
    row = price_study(key_of("price_study", study_id))
    require_visible(caller, permission, row.entity_id, "price_study", row.id)
    return row


def price_study_detail(request: HttpRequest, study_id: str) -> HttpResponse:
    """A study: its terms, and each stratum with the price that it proposes."""
    caller = caller_of(request)
    row = _seen(caller, study_id, "revenue.read")
    found = prices_of_study(row.id)
    page = DocumentPage(
        _("Price study"),
        _window(row),
        subtitle=entities_by_id([row.entity_id])[row.entity_id].name,
        actions=_decisions(caller, row, found),
        facts=(
            KeyValue(_("Transactions"), row.observations),
            KeyValue(_("Terms"), ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in row.terms.items())),
            KeyValue(_("Made by"), row.made_by),
            KeyValue(_("Paragraph"), PARAGRAPH),
        ),
        sections=(
            Section(
                _("Strata"), Table(PRICES, tuple(_price(one) for one in found), empty=_("Nothing was sold in it."))
            ),
        ),
        crumbs=(Crumb(_("Stand-alone prices"), reverse("price_study_list")),),
    )
    return render_document(request, page)


def _decisions(caller: Caller, row: StudyRow, found: list[PriceRow]) -> tuple[Action, ...]:
    proposed = tuple(
        Option(public("stand_alone_price", one.id), _stratum(one))
        for one in found
        if one.status == PriceStatus.PROPOSED
    )
    if not proposed:
        return ()
    refused = "" if caller.authority.allows("revenue.run", row.entity_id) else _("You may not run revenue.")
    price = Field("price", lazy("Stratum"), "choice", options=proposed)
    key = public("price_study", row.id)
    approve = (
        price,
        Field("valid_from", lazy("In force from"), "date", value=_today(caller, row.entity_id)),
        Field("paragraph", lazy("Paragraph"), value=PARAGRAPH),
        _WHY,
    )
    return (
        Action(_("Approve a price"), reverse("price_approve", args=[key]), "primary", fields=approve, refused=refused),
        Action(_("Reject a price"), reverse("price_reject", args=[key]), fields=(price, _WHY), refused=refused),
    )


def _stratum(one: PriceRow) -> str:
    until = "" if one.quantity_to is None else f"{one.quantity_to.normalize():f}"
    band = f"{one.quantity_from.normalize():f} – {until}" if one.quantity_from or until else ""
    interval = _("%(count)s months") % {"count": one.interval_months} if one.interval_months else ""
    return " · ".join(word for word in (one.sku, one.currency, interval, one.segment, band) if word)


def _price(one: PriceRow) -> Row:
    decided = ""
    if one.decided_at:
        day = one.valid_from.isoformat() if one.valid_from else ""
        decided = " · ".join(word for word in (day, one.decided_by, one.paragraph, one.reason) if word)
    cells: dict[str, CellValue] = {
        "stratum": _stratum(one),
        "status": pill(one.status),
        "transactions": one.count,
        "share": round_to(divide(Decimal(one.within * 100), Decimal(one.count)), 2),
        "range": f"{round_to(one.low, 4).normalize():f} – {round_to(one.high, 4).normalize():f}",
        "amount": one.amount.normalize(),
        "decided": decided,
    }
    return Row(str(one.id), cells)


def _asked(caller: Caller, text: str) -> PriceRow:
    row = stand_alone_price(key_of("stand_alone_price", text))
    require_visible(caller, "revenue.run", row.entity_id, "stand_alone_price", row.id)
    return row


def _today(caller: Caller, entity_id: UUID) -> date:
    """The business day of an entity."""
    return caller.today(entities_by_id([entity_id])[entity_id].timezone)


@require_POST
def price_approve(request: HttpRequest, study_id: str) -> HttpResponse:
    """Put a price of the study into force."""
    caller = caller_of(request)
    row = _seen(caller, study_id, "revenue.run")
    today = _today(caller, row.entity_id)

    def step() -> None:
        price = _asked(caller, request.POST.get("price", ""))
        read = read_dialog(
            request, Field("valid_from", lazy("In force from"), "date"), Field("paragraph", lazy("Paragraph")), _WHY
        )
        approve_price(
            price_id=price.id,
            valid_from=read.day("valid_from") or today,
            today=today,
            paragraph=read.text("paragraph"),
            reason=read.text("reason"),
            now=caller.now,
            actor=caller.actor,
        )

    return take_step(request, address_of("price_study", row.id), _("The price is in force."), step)


@require_POST
def price_reject(request: HttpRequest, study_id: str) -> HttpResponse:
    """Leave a price of the study out of force."""
    caller = caller_of(request)
    row = _seen(caller, study_id, "revenue.run")

    def step() -> None:
        price = _asked(caller, request.POST.get("price", ""))
        reason = read_dialog(request, _WHY).text("reason")
        reject_price(price_id=price.id, reason=reason, now=caller.now, actor=caller.actor)

    return take_step(request, address_of("price_study", row.id), _("The price is rejected."), step)


URLS = [
    path("price-studies/", price_study_list, name="price_study_list"),
    path("price-studies/make/", price_study_make, name="price_study_make"),
    path("price-studies/<str:study_id>/", price_study_detail, name="price_study_detail"),
    path("price-studies/<str:study_id>/approve/", price_approve, name="price_approve"),
    path("price-studies/<str:study_id>/reject/", price_reject, name="price_reject"),
]
