"""The pages of the services of orders: the list, the document, and the cancellation."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.pricing.rules.line_totals import interval_amount
from cashline.flow.deliver.subscriptions import actions, queries
from cashline.flow.deliver.subscriptions.queries import SubscriptionRow
from cashline.flow.deliver.subscriptions.rules import SubscriptionStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money, minor_units
from cashline.kernel.periods import Interval, IntervalUnit
from cashline.kernel.refusals import InvalidValue
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Label,
    Notice,
    Option,
    Row,
    SummaryRow,
    Tone,
    View,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import timeline_of

STATUSES = tuple(Option(status.value, pill(status).label) for status in SubscriptionStatus)
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("customer", lazy("Customer"), sort=True),
    Column("product", lazy("Product")),
    Column("status", lazy("State"), "pill", place="state"),
    Column("quantity", lazy("Quantity"), "number"),
    Column("price", lazy("For each interval"), "money", place="amount"),
    Column("paid", lazy("Paid"), place="hidden"),
    Column("activated_on", lazy("Since"), "date", sort=True),
    Column("ends_on", lazy("Ends"), "date", sort=True),
)
FILTERS = (
    Filter.search(lazy("Number, product or customer")),
    Filter.choice("status", lazy("State"), STATUSES),
    Filter.dates("ends", lazy("Ends")),
)
INTERVALS: dict[int, Label] = {
    1: lazy("monthly"),
    3: lazy("quarterly"),
    6: lazy("half-yearly"),
    12: lazy("yearly"),
}
ENDS_ON = Field("ends_on", lazy("First day without it"), "date", width="half")
REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)


def paid_words(interval_months: int) -> str:
    """How often a subscription is paid."""
    return str(INTERVALS.get(interval_months) or _("every %s months") % interval_months)


def subscription_list(request: HttpRequest) -> HttpResponseBase:
    """All subscriptions."""
    caller = caller_of(request)
    caller.require("subscriptions.read")

    def fetch(ask: ListAsk) -> RowPage:
        days = ask.date_range("ends")
        page = queries.list_subscriptions(
            ask.page,
            words=ask.text(),
            statuses=ask.choices("status"),
            entity_ids=caller.entities("subscriptions.read"),
            ends_from=days.start,
            ends_until=days.end,
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    here, status = reverse("subscription_list"), request.GET.getlist("status")
    views = (
        View(_("All"), here, not status),
        View(_("Active"), f"{here}?status=active", status == ["active"]),
        View(_("Waiting"), f"{here}?status=pending", status == ["pending"]),
        View(_("Subscriptions to plans"), reverse("life_list")),
    )
    empty = Empty(_("No subscriptions yet"), _("They begin when an order with one is activated."), icon="repeat")
    page = ListPage(_("Subscriptions"), COLUMNS, fetch, FILTERS, empty=empty, views=views, filename="subscriptions")
    return render_list(request, page)


def _amount(row: SubscriptionRow) -> Decimal:
    return interval_amount(row.quantity, row.unit_price, minor_units(row.currency))


def _row(row: SubscriptionRow) -> Row:
    cells: dict[str, Any] = {
        "number": row.number,
        "customer": row.customer_name,
        "product": Cell(row.product_name, sub=row.sku),
        "status": pill(row.status),
        "quantity": row.quantity,
        "price": Money(_amount(row), row.currency),
        "paid": paid_words(row.interval_months),
        "activated_on": row.activated_on,
        "ends_on": row.ends_on,
    }
    return Row(public("subscription", row.id), cells, address_of("subscription", row.id))


def subscription_detail(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """One subscription; one to a plan has its page beside its bills."""
    caller = caller_of(request)
    if queries.lives_by_id([key_of("subscription", subscription_id)]):
        return redirect("life_detail", subscription_id)
    row = _seen(caller, subscription_id, "subscriptions.read")
    page = DocumentPage(
        _("Subscription"),
        row.number,
        pill(row.status),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        subtitle=row.product_name,
        actions=_steps(row, caller),
        more_actions=(
            Action.link(
                _("Usage"), reverse("subscription_usage", args=[public("subscription", row.id)]), icon="activity"
            ),
        ),
        thread=thread_of([row.id, row.order_id], row.id),
        facts=_facts(row),
        summary=(
            SummaryRow(
                _("For each interval"),
                Money(_amount(row), row.currency),
                note=f"{paid_words(row.interval_months)}, {_('without tax')}",
            ),
        ),
        timeline=timeline_of([row.id], current=row.id),
        notices=_notices(row),
        crumbs=(Crumb(_("Subscriptions"), reverse("subscription_list")),),
    )
    return render_document(request, page)


def _facts(row: SubscriptionRow) -> tuple[KeyValue, ...]:
    term = _("%s months") % row.term_months if row.term_months else _("without end")
    facts = (
        KeyValue(_("Product"), Cell(row.product_name, address_of("product", row.product_id), sub=row.sku)),
        KeyValue(_("Quantity"), row.quantity),
        KeyValue(_("Unit price"), Money(row.unit_price, row.currency), paid_words(row.interval_months)),
        KeyValue(_("Term"), term),
        KeyValue(_("Since"), row.activated_on),
        KeyValue(_("Ends"), row.ends_on, _("the first day without it")),
        KeyValue(_("Order"), Cell(row.order_number, address_of("order", row.order_id))),
        KeyValue(_("Cancelled because"), row.cancel_reason),
    )
    return tuple(fact for fact in facts if fact.value)


def _notices(row: SubscriptionRow) -> tuple[Notice, ...]:
    if row.status == SubscriptionStatus.PENDING:
        return (Notice(_("It begins when its activation is confirmed."), Tone.INFO),)
    if row.status == SubscriptionStatus.CANCELLED and row.activated_on:
        return (Notice(_("It is cancelled and runs until its end."), Tone.WARNING, row.cancel_reason),)
    if row.status == SubscriptionStatus.ACTIVE:
        how = _("Change it with a new quote; subscriptions to plans are changed on their own page.")
        return (Notice(_("It was sold by an order and runs as agreed."), Tone.INFO, how),)
    return ()


def _steps(row: SubscriptionRow, caller: Caller) -> tuple[Action, ...]:
    if row.status not in (SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING):
        return ()
    if not caller.authority.allows("subscriptions.write", row.entity_id):
        return ()
    url = reverse("subscription_cancel", args=[public("subscription", row.id)])
    if row.activated_on is None:
        return (Action(_("Cancel"), url, "danger", refused=_("It is not active yet: cancel its order.")),)
    today = caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)
    period = Interval(IntervalUnit.MONTH, row.interval_months).period_holding(row.activated_on, today)
    fields = (replace(ENDS_ON, value=period.end, hint=_("Proposed: the end of the paid period.")), REASON)
    return (Action(_("Cancel"), url, "danger", fields=fields, icon="x"),)


@require_POST
def subscription_cancel(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """End the service on a day."""
    caller = caller_of(request)
    row = _seen(caller, subscription_id, "subscriptions.write")

    def cancel() -> None:
        read = read_dialog(request, ENDS_ON, REASON)
        ends_on = read.day("ends_on")
        if ends_on is None:
            raise InvalidValue("Give the first day without service.", field="ends_on")
        actions.cancel_subscriptions(
            [row.id], ends_on=ends_on, reason=read.text("reason"), now=caller.now, actor=caller.actor
        )

    return take_step(request, address_of("subscription", row.id), _("The subscription is cancelled."), cancel)


def _seen(caller: Caller, subscription_id: str, permission: str) -> SubscriptionRow:
    row = queries.subscription(key_of("subscription", subscription_id))
    require_visible(caller, permission, row.entity_id, "subscription", row.id)
    return row
