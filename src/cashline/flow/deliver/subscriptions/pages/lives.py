"""The list of subscriptions to rate plans; the page of each stands with its bills (`invoice/billing`)."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.agree.plans.rules.wording import EVERY
from cashline.flow.agree.pricing.rules.line_totals import interval_amount
from cashline.flow.deliver.subscriptions import queries
from cashline.flow.deliver.subscriptions.pages.services import STATUSES
from cashline.flow.deliver.subscriptions.queries import LifeRow
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money, minor_units
from cashline.kernel.periods import IntervalUnit, local_day
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Filter, MoneyCell, Option, Row, View, pill
from cashline.platform.pages.render import render_list
from cashline.platform.pages.threads import address_of

COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("customer", lazy("Customer"), sort=True),
    Column("plan", lazy("Plan"), sort=True),
    Column("status", lazy("State"), "pill", sort=True, place="state"),
    Column("quantity", lazy("Quantity"), "number", sort=True),
    Column("price", lazy("Base fee"), "money", place="amount"),
    Column("activated_on", lazy("Since"), "date", sort=True),
    Column("term_ends_on", lazy("Term ends"), "date", sort=True),
    Column("next_change", lazy("Next change"), "date"),
)
FILTERS = (
    Filter.search(lazy("Number, plan or customer")),
    Filter.choice("status", lazy("State"), STATUSES),
    Filter.choice("queue", lazy("Scheduled"), (Option("changing", lazy("A change is scheduled")),)),
    Filter.dates("term", lazy("Term ends")),
)


def life_list(request: HttpRequest) -> HttpResponseBase:
    """All subscriptions to plans."""
    caller = caller_of(request)
    caller.require("subscriptions.read")

    def fetch(ask: ListAsk) -> RowPage:
        days = ask.date_range("term")
        page = queries.list_lives(
            ask.page,
            words=ask.text(),
            statuses=ask.choices("status"),
            entity_ids=caller.entities("subscriptions.read"),
            term_from=days.start,
            term_until=days.end,
            changing=bool(ask.choices("queue")),
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    new = _starts(caller)
    text = _("A customer subscribes to a plan; its base fee, usage and extras are billed from then on.")
    page = ListPage(
        _("Subscriptions to plans"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=Empty(_("Nobody has subscribed to a plan yet"), text, new[0] if new else None, "repeat"),
        views=_views(request, caller),
        actions=new,
        filename="plan-subscriptions",
    )
    return render_list(request, page)


def _starts(caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("subscriptions.write"):
        return ()
    try:
        return (Action.link(_("Subscribe a customer"), reverse("life_new"), icon="plus", primary=True, key="n"),)
    except NoReverseMatch:
        return ()


def _views(request: HttpRequest, caller: Caller) -> tuple[View, ...]:
    here, status, queue = reverse("life_list"), request.GET.getlist("status"), request.GET.getlist("queue")
    counts = queries.life_counts(caller.entities("subscriptions.read"))
    return (
        View(_("All"), here, not status and not queue, sum(counts.values())),
        View(_("Active"), f"{here}?status=active", status == ["active"], counts.get("active", 0)),
        View(_("Paused"), f"{here}?status=paused", status == ["paused"], counts.get("paused", 0)),
        View(_("Ending"), f"{here}?status=cancelled", status == ["cancelled"], counts.get("cancelled", 0)),
        View(_("Scheduled changes"), f"{here}?queue=changing", queue == ["changing"]),
        View(_("Price campaigns"), reverse("campaign_list")),
        View(_("Services of orders"), reverse("subscription_list")),
    )


def base_fee(row: LifeRow) -> Decimal:
    """The base fee of a whole period, without tax."""
    return interval_amount(row.quantity, row.unit_price, minor_units(row.currency))


def _row(row: LifeRow) -> Row:
    fee = MoneyCell(Money(base_fee(row), row.currency), sub=EVERY[IntervalUnit(row.interval)])
    cells: dict[str, Any] = {
        "number": row.number,
        "customer": row.customer_name,
        "plan": Cell(row.plan_name, sub=row.plan_code),
        "status": pill(row.status),
        "quantity": row.quantity,
        "price": fee,
        "activated_on": row.activated_on,
        "term_ends_on": row.term_ends_on,
        "next_change": local_day(row.next_change_at, row.timezone) if row.next_change_at else None,
    }
    return Row(public("subscription", row.id), cells, address_of("subscription", row.id))
