"""The customer's subscriptions: what runs, since when, until when, at which price, and what was billed for it."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from cashline.flow.agree.catalog.rules import BillingTrigger
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.periods import add_months
from cashline.platform.company.queries import entities_by_id
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
    Option,
    Pill,
    Row,
    Table,
    Tone,
)
from cashline.platform.pages.formats import format_day
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.frame import frame_for, portal_frame, visitor
from cashline.surfaces.portal.parts import every, last_day, money, plain, price_cell, term
from cashline.surfaces.portal.queries import delivering
from cashline.surfaces.portal.queries.delivering import BilledPeriodRow, SubscriptionRow

COLUMNS = (
    Column("number", gettext_lazy("Subscription"), place="title", sort=True),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("quantity", gettext_lazy("Quantity"), "number"),
    Column("price", gettext_lazy("Price"), "money", place="amount"),
    Column("activated_on", gettext_lazy("Runs since"), "date", sort=True),
    Column("ends", gettext_lazy("Last day"), "date"),
)
STATES = (
    Option("pending", gettext_lazy("To be activated")),
    Option("active", gettext_lazy("Running")),
    Option("cancelled", gettext_lazy("Cancelled, still running")),
    Option("ended", gettext_lazy("Ended")),
)


def subscription_list(request: HttpRequest) -> HttpResponseBase:
    """All subscriptions of the customer."""
    who = visitor(request)

    def fetch(ask: ListAsk) -> RowPage:
        with as_portal(who.customer_id):
            page = delivering.find_subscriptions(
                ask.page, who.customer_id, words=ask.text(), statuses=ask.choices("state")
            )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    page = ListPage(
        _("Subscriptions"),
        COLUMNS,
        fetch,
        (Filter.search(_("Number or service")), Filter.choice("state", _("State"), STATES)),
        empty=Empty(_("No subscription yet"), _("Services that run stand here."), icon="repeat"),
        filename="subscriptions",
    )
    return render_list(request, page, portal=portal_frame(who))


def _row(row: SubscriptionRow) -> Row:
    cells: dict[str, CellValue] = {
        "number": Cell(row.description, sub=row.number),
        "state": subscription_pill(row.status),
        "quantity": plain(row.quantity),
        "price": price_cell(row.unit_price, row.currency, row.included_tax_rate, every(row.interval_months)),
        "activated_on": row.activated_on,
        "ends": last_day(row.ends_on),
    }
    key = public("subscription", row.id)
    return Row(key, cells, reverse("portal_subscription", args=[key]))


def subscription_pill(status: str) -> Pill:
    """Where a subscription stands, in the customer's words."""
    known = {
        "pending": Pill(_("To be activated"), Tone.INFO),
        "active": Pill(_("Running"), Tone.SUCCESS),
        "cancelled": Pill(_("Cancelled, still running"), Tone.WARNING),
        "ended": Pill(_("Ended")),
    }
    return known.get(status, Pill(status))


def subscription_detail(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """One subscription: terms, and what was billed for it."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = delivering.subscription(key_of("subscription", subscription_id))
        entity = entities_by_id([row.entity_id])[row.entity_id]
        billed = delivering.billed_periods(row.id)
    page = DocumentPage(
        _("Subscription"),
        row.number,
        subscription_pill(row.status),
        subtitle=row.description,
        actions=(Action.link(_("Usage"), reverse("portal_usage", args=[subscription_id]), icon="activity"),),
        facts=_facts(row, billed),
        sections=(Section(_("Billed so far"), _billed_table(row, billed)),),
        crumbs=(Crumb(_("Subscriptions"), reverse("portal_subscription_list")),),
    )
    return render_document(request, page, portal=frame_for(entity))


def _next_bill(row: SubscriptionRow, billed: list[BilledPeriodRow]) -> date | None:
    """When the next period is billed: when it begins, or where it is billed afterwards, when it ends."""
    begins = billed[0].end if billed else row.activated_on
    if begins is None or row.status not in ("active", "cancelled") or (row.ends_on and begins >= row.ends_on):
        return None
    if row.billing_trigger == BillingTrigger.IN_ADVANCE:
        return begins
    ends = add_months(begins, row.interval_months)
    return min(ends, row.ends_on) if row.ends_on else ends


def _facts(row: SubscriptionRow, billed: list[BilledPeriodRow]) -> tuple[KeyValue, ...]:
    in_advance = row.billing_trigger == BillingTrigger.IN_ADVANCE
    contract = None
    if row.agreement_origin == "contract":
        contract = Cell(row.agreement_number, reverse("portal_contract", args=[public("agreement", row.agreement_id)]))
    facts = (
        KeyValue(_("Quantity"), plain(row.quantity)),
        KeyValue(
            _("Price of one"),
            price_cell(row.unit_price, row.currency, row.included_tax_rate, every(row.interval_months)),
        ),
        KeyValue(_("Billed"), _("in advance") if in_advance else _("afterwards")),
        KeyValue(_("Billed next on"), _next_bill(row, billed)),
        KeyValue(_("Runs since"), row.activated_on),
        KeyValue(_("Agreed"), term(row.term_months) or _("open end")),
        KeyValue(_("Last day"), last_day(row.ends_on)),
        KeyValue(_("Cancelled on"), row.cancelled_on),
        KeyValue(_("Order"), Cell(row.order_number, reverse("portal_order", args=[public("order", row.order_id)]))),
        KeyValue(_("Contract"), contract),
    )
    return tuple(fact for fact in facts if fact.value)


def _billed_table(row: SubscriptionRow, billed: list[BilledPeriodRow]) -> Table:
    rows = []
    for number, one in enumerate(billed):
        period = ""
        if one.start and one.end:
            period = f"{format_day(one.start)} – {format_day(last_day(one.end))}"
        cells: dict[str, CellValue] = {
            "period": period,
            "invoice": one.invoice_number,
            "issued": one.issued_on,
            "net": money(one.net_amount, row.currency),
        }
        rows.append(Row(str(number), cells, reverse("portal_invoice", args=[public("invoice", one.invoice_id)])))
    columns = (
        Column("period", _("Period"), place="title"),
        Column("invoice", _("Invoice"), "code"),
        Column("issued", _("Issued"), "date"),
        Column("net", _("Net"), "money", place="amount"),
    )
    return Table(columns, tuple(rows), empty=_("Nothing was billed yet."))
