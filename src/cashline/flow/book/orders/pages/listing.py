"""The list of orders."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cashline.flow.book.orders import queries
from cashline.flow.book.orders.queries import OrderRow
from cashline.flow.book.orders.rules.lifecycle import OrderSource, OrderStatus
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Filter, Option, Progress, Row, View, pill
from cashline.platform.pages.render import render_list

SOURCE_WORDS = {
    OrderSource.CONTRACT: _("Contract"),
    OrderSource.API: _("API"),
    OrderSource.CSV: _("CSV file"),
    OrderSource.UBL: _("UBL order"),
    OrderSource.CONSOLE: _("Console"),
}
STATUSES = tuple(Option(status.value, pill(status).label) for status in OrderStatus)
SOURCES = tuple(Option(source.value, words) for source, words in SOURCE_WORDS.items())
COLUMNS = (
    Column("number", _("Number"), "code", sort=True, place="title"),
    Column("customer", _("Customer"), sort=True),
    Column("status", _("State"), "pill", place="state"),
    Column("progress", _("Delivered"), "progress"),
    Column("ordered_on", _("Ordered"), "date", sort=True),
    Column("requested_on", _("Wanted"), "date", sort=True, place="hidden"),
    Column("net_total", _("Net total"), "money", sort=True, place="amount"),
    Column("reference", _("Buyer's reference"), only_export=True),
    Column("purchase_order", _("Purchase order"), only_export=True),
    Column("source", _("Came by"), only_export=True),
)
FILTERS = (
    Filter.search(_("Number, reference or customer")),
    Filter.choice("status", _("State"), STATUSES),
    Filter.choice("source", _("Came by"), SOURCES),
    Filter.dates("ordered", _("Ordered")),
    Filter.amounts("net_total", _("Net total")),
)


def address(order_id: UUID) -> str:
    """The page of an order."""
    return reverse("order_detail", args=[public("order", order_id)])


def order_list(request: HttpRequest) -> HttpResponseBase:
    """All orders."""
    caller = caller_of(request)
    caller.require("orders.read")

    def fetch(ask: ListAsk) -> RowPage:
        days, amounts = ask.date_range("ordered"), ask.amount_range("net_total")
        page = queries.list_orders(
            ask.page,
            words=ask.text(),
            statuses=ask.choices("status"),
            sources=ask.choices("source"),
            entity_ids=caller.entities("orders.read"),
            ordered_from=days.start,
            ordered_until=days.end,
            least=amounts.least,
            most=amounts.most,
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    steps = _actions(caller)
    status = request.GET.getlist("status")
    views = (
        View(_("All"), reverse("order_list"), not status),
        View(_("Held"), f"{reverse('order_list')}?status=held", status == ["held"]),
        View(_("Open"), f"{reverse('order_list')}?status=booked", status == ["booked"]),
    )
    text = _("Orders come from signed contracts, through the API, as files, or are entered here.")
    page = ListPage(
        _("Orders"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=Empty(_("No orders yet"), text, steps[0] if steps else None, "shopping-cart"),
        views=views,
        actions=steps,
        filename="orders",
    )
    return render_list(request, page)


def _actions(caller: Caller) -> tuple[Action, ...]:
    found = []
    if caller.authority.allows("orders.write"):
        found.append(Action.link(_("New order"), reverse("order_new"), icon="plus", primary=True, key="n"))
    if caller.authority.allows("orders.import"):
        found.append(Action.link(_("Import a file"), reverse("order_import"), icon="upload", key="m"))
    return tuple(found)


def _row(row: OrderRow) -> Row:
    cells: dict[str, Any] = {
        "number": row.number,
        "customer": Cell(row.customer_name, sub=row.customer_number),
        "status": pill(row.status),
        "progress": Progress(row.lines_delivered, row.lines),
        "ordered_on": row.ordered_on,
        "requested_on": row.requested_on,
        "net_total": Money(row.net_total, row.currency),
        "reference": row.external_reference or "",
        "purchase_order": row.purchase_order,
        "source": SOURCE_WORDS[OrderSource(row.source)],
    }
    return Row(public("order", row.id), cells, address(row.id))
