"""Shipments: the list, the document, and what happens to one: shipped, arrived, or not picked after all."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.deliver.fulfilment import actions, queries
from cashline.flow.deliver.fulfilment.pages.desk import have_left, ship_today
from cashline.flow.deliver.fulfilment.queries import ShipmentRow
from cashline.flow.deliver.fulfilment.rules import (
    SHIPMENT,
    DeliveryConfirmation,
    NothingToShip,
    ShipConfirmation,
    ShipmentStatus,
)
from cashline.flow.deliver.inventory.queries import warehouses
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import act, read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Option,
    Row,
    SummaryRow,
    Table,
    View,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import timeline_of

STATUSES = tuple(Option(status.value, pill(status).label) for status in ShipmentStatus)
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("order", lazy("Order"), "code", sort=True),
    Column("customer", lazy("Customer"), sort=True),
    Column("status", lazy("State"), "pill", place="state"),
    Column("warehouse", lazy("Warehouse"), place="hidden"),
    Column("shipped_on", lazy("Shipped"), "date", sort=True, place="amount"),
    Column("tracking", lazy("Tracking")),
    Column("delivered_on", lazy("Arrived"), "date", place="hidden"),
    Column("cost", lazy("Cost of goods"), "money", only_export=True),
)
LINE_COLUMNS = (
    Column("line_no", lazy("Line"), "number", place="hidden"),
    Column("product", lazy("Product"), place="title"),
    Column("quantity", lazy("Quantity"), "number", place="amount"),
)
CARRIER = Field("carrier", lazy("Carrier"), required=False, width="half")
TRACKING = Field("tracking_number", lazy("Tracking number"), required=False, width="half")
SHIPPED_ON = Field("day", lazy("Shipped on"), "date", width="half")
ARRIVED_ON = Field("day", lazy("Arrived on"), "date", width="half")
REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)


def shipment_list(request: HttpRequest) -> HttpResponseBase:
    """All shipments."""
    caller = caller_of(request)
    caller.require("fulfilment.read")
    places = warehouses(caller.entities("fulfilment.read"))
    filters = (
        Filter.search(lazy("Number, order, tracking or customer")),
        Filter.choice("status", lazy("State"), STATUSES),
        Filter.choice("warehouse", lazy("Warehouse"), tuple(Option(one.code, one.name) for one in places)),
        Filter.dates("shipped", lazy("Shipped")),
    )

    def fetch(ask: ListAsk) -> RowPage:
        days, codes = ask.date_range("shipped"), ask.choices("warehouse")
        page = queries.list_shipments(
            ask.page,
            words=ask.text(),
            statuses=ask.choices("status"),
            warehouse_ids=[one.id for one in places if one.code in codes] if codes else None,
            entity_ids=caller.entities("fulfilment.read"),
            shipped_from=days.start,
            shipped_until=days.end,
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    picking = request.GET.getlist("status") == ["picking"]
    here = reverse("shipment_list")
    views = (View(_("All"), here, not request.GET.get("status")), View(_("Picking"), f"{here}?status=picking", picking))
    ship = Action(lazy("Ship today"), reverse("shipments_ship"), "primary", key="s")
    page = ListPage(
        _("Shipments"),
        COLUMNS,
        fetch,
        filters,
        empty=Empty(_("No shipments yet"), _("Pick orders at the shipping desk."), icon="truck"),
        views=views,
        bulk_actions=(ship,) if picking and caller.authority.allows("fulfilment.write") else (),
        filename="shipments",
    )
    return render_list(request, page)


def _row(row: ShipmentRow) -> Row:
    cells: dict[str, Any] = {
        "number": row.number,
        "order": row.order_number,
        "customer": row.customer_name,
        "status": pill(row.status),
        "warehouse": row.warehouse_code,
        "shipped_on": row.shipped_on,
        "tracking": f"{row.carrier} {row.tracking_number}".strip(),
        "delivered_on": row.delivered_on,
        "cost": Money(row.cost, row.currency),
    }
    return Row(public("shipment", row.id), cells, address_of("shipment", row.id))


def shipment_detail(request: HttpRequest, shipment_id: str) -> HttpResponse:
    """One shipment."""
    caller = caller_of(request)
    row = _seen(caller, shipment_id, "fulfilment.read")
    lines = queries.shipment_lines([row.id])
    table = Table(
        LINE_COLUMNS,
        tuple(
            Row(
                public("order_line", line.order_line_id),
                {
                    "line_no": line.line_no,
                    "product": Cell(line.description, sub=line.sku),
                    "quantity": line.quantity,
                },
            )
            for line in lines
        ),
    )
    cost = SummaryRow(_("Cost of goods"), Money(row.cost, row.currency), note=_("at the moving average"))
    page = DocumentPage(
        _("Shipment"),
        row.number,
        pill(row.status),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        actions=_steps(row, caller),
        thread=thread_of([row.id, row.order_id], row.id),
        facts=_facts(row),
        sections=(Section(_("Lines"), table),),
        summary=(cost,) if row.shipped_on else (),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Shipments"), reverse("shipment_list")),),
    )
    return render_document(request, page)


def _facts(row: ShipmentRow) -> tuple[KeyValue, ...]:
    facts = (
        KeyValue(_("Order"), Cell(row.order_number, address_of("order", row.order_id))),
        KeyValue(_("Warehouse"), row.warehouse_code),
        KeyValue(_("Carrier"), row.carrier),
        KeyValue(_("Tracking number"), row.tracking_number),
        KeyValue(_("Shipped"), row.shipped_on),
        KeyValue(_("Arrived"), row.delivered_on),
    )
    return tuple(fact for fact in facts if fact.value)


def _steps(row: ShipmentRow, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("fulfilment.write", row.entity_id):
        return ()
    key = public("shipment", row.id)
    today = _today(row, caller)

    def on(field: Field) -> Field:
        return Field(field.name, field.label, "date", value=today, width="half")

    verbs = SHIPMENT.verbs(row.status)
    found = []
    if "ship" in verbs:
        fields = (CARRIER, TRACKING, on(SHIPPED_ON))
        url = reverse("shipment_ship", args=[key])
        found.append(Action(_("Ship"), url, "primary", fields=fields, icon="truck", key="s"))
    if "deliver" in verbs:
        url = reverse("shipment_deliver", args=[key])
        found.append(Action(_("Arrived"), url, "primary", fields=(on(ARRIVED_ON),), icon="check", key="a"))
    if "cancel" in verbs:
        url = reverse("shipment_cancel", args=[key])
        found.append(Action(_("Stop picking"), url, "danger", fields=(REASON,)))
    return tuple(found)


@require_POST
def shipment_ship(request: HttpRequest, shipment_id: str) -> HttpResponse:
    """Confirm that the goods left."""
    caller = caller_of(request)
    row = _seen(caller, shipment_id, "fulfilment.write")

    def ship() -> None:
        read = read_dialog(request, CARRIER, TRACKING, SHIPPED_ON)
        day = read.day("day") or _today(row, caller)
        confirmation = ShipConfirmation(row.id, read.text("carrier"), read.text("tracking_number"), day)
        actions.ship_shipments([confirmation], now=caller.now, actor=caller.actor)

    return take_step(request, address_of("shipment", row.id), _("The shipment has left."), ship)


@require_POST
def shipments_ship(request: HttpRequest) -> HttpResponse:
    """Confirm that the marked shipments left today."""
    caller = caller_of(request)

    def ship() -> Outcome:
        keys = [key_of("shipment", text) for text in request.POST.getlist("id")[:200]]
        if not keys:
            raise NothingToShip("No shipment is marked.", field="id", fix=_("Mark the shipments that have left."))
        for key in keys:
            _seen(caller, public("shipment", key), "fulfilment.write")
        ship_today(keys, caller)
        return Outcome(f"{reverse('shipment_list')}?status=picking", have_left(len(keys)))

    return act(request, f"{reverse('shipment_list')}?status=picking", ship)


@require_POST
def shipment_deliver(request: HttpRequest, shipment_id: str) -> HttpResponse:
    """Confirm that the goods arrived."""
    caller = caller_of(request)
    row = _seen(caller, shipment_id, "fulfilment.write")

    def arrive() -> None:
        day = read_dialog(request, ARRIVED_ON).day("day") or _today(row, caller)
        actions.deliver_shipments([DeliveryConfirmation(row.id, day)], now=caller.now, actor=caller.actor)

    return take_step(request, address_of("shipment", row.id), _("The shipment has arrived."), arrive)


@require_POST
def shipment_cancel(request: HttpRequest, shipment_id: str) -> HttpResponse:
    """Stop picking; the goods stay reserved."""
    caller = caller_of(request)
    row = _seen(caller, shipment_id, "fulfilment.write")

    def stop() -> None:
        reason = read_dialog(request, REASON).text("reason")
        actions.cancel_shipments([row.id], reason=reason, now=caller.now, actor=caller.actor)

    return take_step(request, address_of("shipment", row.id), _("Picking is stopped."), stop)


def _today(row: ShipmentRow, caller: Caller) -> date:
    return caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)


def _seen(caller: Caller, shipment_id: str, permission: str) -> ShipmentRow:
    row = queries.shipment(key_of("shipment", shipment_id))
    require_visible(caller, permission, row.entity_id, "shipment", row.id)
    return row
