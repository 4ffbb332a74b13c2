"""The customer's orders: what was ordered, how far it has come, where the parcels are, and work to accept."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import entities_by_id
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Cell,
    CellValue,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Notice,
    Option,
    Pill,
    Progress,
    Row,
    Step,
    SummaryRow,
    Table,
    Tone,
)
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.carriers import tracking_url
from cashline.surfaces.portal.frame import frame_for, portal_frame, visitor
from cashline.surfaces.portal.installations import installation_table
from cashline.surfaces.portal.parts import every, money, plain, price_cell
from cashline.surfaces.portal.queries import delivering, paying
from cashline.surfaces.portal.queries.delivering import OrderLineRow, OrderRow, ShipmentRow, StepRow

COLUMNS = (
    Column("number", gettext_lazy("Order"), "code", sort=True, place="title"),
    Column("reference", gettext_lazy("Your number")),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("ordered_on", gettext_lazy("Ordered"), "date", sort=True),
    Column("progress", gettext_lazy("Lines delivered"), "progress"),
    Column("net_total", gettext_lazy("Net total"), "money", sort=True, place="amount"),
)
STATES = (
    Option("held", gettext_lazy("In review")),
    Option("booked", gettext_lazy("Under way")),
    Option("completed", gettext_lazy("Completed")),
    Option("cancelled", gettext_lazy("Cancelled")),
)


def order_list(request: HttpRequest) -> HttpResponseBase:
    """All orders of the customer."""
    who = visitor(request)

    def fetch(ask: ListAsk) -> RowPage:
        with as_portal(who.customer_id):
            page = delivering.find_orders(ask.page, who.customer_id, words=ask.text(), statuses=ask.choices("state"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    page = ListPage(
        _("Orders"),
        COLUMNS,
        fetch,
        (Filter.search(_("Our number or yours")), Filter.choice("state", _("State"), STATES)),
        empty=Empty(_("No order yet"), _("Orders and where they are stand here."), icon="truck"),
        filename="orders",
    )
    return render_list(request, page, portal=portal_frame(who))


def _row(row: OrderRow) -> Row:
    cells: dict[str, CellValue] = {
        "number": row.number,
        "reference": row.external_reference or "",
        "state": order_pill(row.status),
        "ordered_on": row.ordered_on,
        "progress": Progress(row.lines_done, row.lines, _("Lines delivered")) if row.lines else None,
        "net_total": money(row.net_total, row.currency),
    }
    return Row(public("order", row.id), cells, reverse("portal_order", args=[public("order", row.id)]))


def order_pill(status: str) -> Pill:
    """Where an order stands, in the customer's words."""
    known = {
        "held": Pill(_("In review"), Tone.INFO),
        "booked": Pill(_("Under way"), Tone.ACCENT),
        "completed": Pill(_("Completed"), Tone.SUCCESS),
        "cancelled": Pill(_("Cancelled")),
    }
    return known.get(status, Pill(status))


def order_detail(request: HttpRequest, order_id: str) -> HttpResponse:
    """One order with its lines, steps, parcels and work, and the invoices that came of it."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = delivering.order(key_of("order", order_id))
        entity = entities_by_id([row.entity_id])[row.entity_id]
        lines = delivering.order_lines(row.id)
        steps = delivering.steps(row.id)
        shipments = delivering.shipments(row.id)
        installations = delivering.installations_of_order(row.id)
        subscriptions = delivering.subscriptions_of_order(row.id)
        invoices = paying.invoices_of_agreement(row.agreement_id)
    sections = [Section(_("What you ordered"), _line_table(row, lines))]
    if shipments:
        sections.append(Section(_("Parcels"), _shipment_table(shipments), anchor="parcels"))
    if installations:
        sections.append(Section(_("Work on site"), installation_table(installations)))
    follow = [
        KeyValue(_("Subscription"), Cell(number, reverse("portal_subscription", args=[public("subscription", key)])))
        for key, number, _status, _started in subscriptions
    ]
    follow += [
        KeyValue(_("Invoice"), Cell(one.number, reverse("portal_invoice", args=[public("invoice", one.id)])))
        for one in invoices[:12]
    ]
    if follow:
        sections.append(Section(_("What came of it"), facts=tuple(follow)))
    page = DocumentPage(
        _("Order"),
        row.number,
        order_pill(row.status),
        subtitle=_("your number %(number)s") % {"number": row.external_reference} if row.external_reference else "",
        steps=stepper(row, steps),
        notices=_notices(row),
        facts=_facts(row),
        sections=tuple(sections),
        summary=(SummaryRow(_("Net total over the term"), money(row.net_total, row.currency), total=True),),
        crumbs=(Crumb(_("Orders"), reverse("portal_order_list")),),
    )
    return render_document(request, page, portal=frame_for(entity))


def _notices(row: OrderRow) -> tuple[Notice, ...]:
    if row.status == "held":
        return (Notice(_("We are reviewing this order; we start once that is done."), Tone.INFO),)
    return ()


def _facts(row: OrderRow) -> tuple[KeyValue, ...]:
    contract = None
    if row.agreement_origin == "contract":
        contract = Cell(row.agreement_number, reverse("portal_contract", args=[public("agreement", row.agreement_id)]))
    facts = (
        KeyValue(_("Ordered"), row.ordered_on),
        KeyValue(_("Wanted by"), row.requested_on),
        KeyValue(_("Contract"), contract),
    )
    return tuple(fact for fact in facts if fact.value)


def stepper(row: OrderRow, steps: list[StepRow]) -> tuple[Step, ...]:
    """How far the order has come; what went wrong on our side shows as still under way."""
    names = {
        "reserve": _("Set aside"),
        "ship": _("Shipped"),
        "activate": _("Activated"),
        "install": _("Installed"),
    }
    if row.status == "cancelled":
        return (Step(_("Ordered"), "done"), Step(_("Cancelled"), "failed"))
    if row.status == "held":
        ahead = tuple(Step(names[kind], "waiting") for kind in ("ship", "activate"))
        return (Step(_("Ordered"), "done"), Step(_("In review"), "current"), *ahead)
    found = [Step(_("Ordered"), "done")]
    by_kind: dict[str, list[str]] = {}
    for one in steps:
        if one.status != "cancelled":
            by_kind.setdefault(one.kind, []).append(one.status)
    for kind in names:
        statuses = by_kind.get(kind)
        if not statuses:
            continue
        done = statuses.count("done")
        if done == len(statuses):
            found.append(Step(names[kind], "done"))
            continue
        note = _("waits for stock") if "backordered" in statuses else ""
        if done:
            note = _("%(done)s of %(all)s") % {"done": done, "all": len(statuses)}
        started = done or set(statuses) - {"waiting"}
        found.append(Step(names[kind], "current" if started else "waiting", note))
    found.append(Step(_("Completed"), "done" if row.status == "completed" else "waiting"))
    return tuple(found)


def _line_table(row: OrderRow, lines: list[OrderLineRow]) -> Table:
    rows = []
    for line in lines:
        cells: dict[str, CellValue] = {
            "item": Cell(line.description, sub=line.sku),
            "quantity": plain(line.quantity),
            "price": price_cell(line.unit_price, row.currency, line.included_tax_rate),
            "often": every(line.interval_months),
            "delivered": Pill(_("Cancelled"))
            if line.status == "cancelled"
            else Progress(plain(line.delivered_quantity), plain(line.quantity), _("Delivered")),
            "net": money(line.net_total, row.currency),
        }
        rows.append(Row(public("order_line", line.id), cells))
    columns = (
        Column("item", _("Item"), place="title"),
        Column("quantity", _("Quantity"), "number"),
        Column("price", _("Price"), "money"),
        Column("often", _("Paid")),
        Column("delivered", _("Delivered"), "progress"),
        Column("net", _("Net total"), "money", place="amount"),
    )
    return Table(columns, tuple(rows))


def _shipment_table(shipments: list[ShipmentRow]) -> Table:
    pills = {
        "picking": Pill(_("Being packed"), Tone.ACCENT),
        "shipped": Pill(_("On its way"), Tone.INFO),
        "delivered": Pill(_("Delivered"), Tone.SUCCESS),
    }
    rows = []
    for one in shipments:
        where: CellValue = ""
        if one.tracking_number:
            where = Cell(one.tracking_number, tracking_url(one.carrier, one.tracking_number), sub=one.carrier)
        elif one.carrier:
            where = one.carrier
        cells: dict[str, CellValue] = {
            "number": Cell(one.number, sub=", ".join(one.contents)),
            "state": pills.get(one.status, Pill(one.status)),
            "tracking": where,
            "shipped": one.shipped_on,
            "delivered": one.delivered_on,
        }
        rows.append(Row(public("shipment", one.id), cells))
    columns = (
        Column("number", _("Parcel"), place="title"),
        Column("state", _("State"), "pill", place="state"),
        Column("tracking", _("Tracking")),
        Column("shipped", _("Shipped"), "date"),
        Column("delivered", _("Arrived"), "date"),
    )
    return Table(columns, tuple(rows))


def order_url(key: UUID) -> str:
    """The page of an order."""
    return reverse("portal_order", args=[public("order", key)])
