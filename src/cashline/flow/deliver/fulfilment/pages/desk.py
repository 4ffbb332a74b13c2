"""The shipping desk: the orders that can be picked, the most urgent first; mark them, and pick or ship in one step."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cashline.flow.book.orders.queries import orders_by_id
from cashline.flow.deliver.fulfilment import actions, queries
from cashline.flow.deliver.fulfilment.queries import DeskRow
from cashline.flow.deliver.fulfilment.rules import NothingToShip, ShipConfirmation, StepKind, StepStatus
from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import act
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Pill, Row, Stat, Tone
from cashline.platform.pages.render import render_list

MOST = 200
COLUMNS = (
    Column("order", lazy("Order"), "code", place="title"),
    Column("customer", lazy("Customer")),
    Column("wanted", lazy("Wanted"), "date", place="amount"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("goods", lazy("Goods")),
)


def fulfilment_list(request: HttpRequest) -> HttpResponseBase:
    """The orders with reserved goods that nobody picks yet."""
    caller = caller_of(request)
    caller.require("fulfilment.read")

    def fetch(_ask: ListAsk) -> RowPage:
        rows = queries.orders_to_ship(entity_ids=caller.entities("fulfilment.read"), limit=MOST)
        return RowPage(tuple(_row(row) for row in rows))

    may = caller.authority.allows("fulfilment.write")
    bulk = (
        Action(lazy("Pick"), reverse("desk_pick"), "primary", key="p"),
        Action(lazy("Pick and ship"), reverse("desk_ship"), confirm=lazy("The goods have left the house?"), key="s"),
    )
    page = ListPage(
        _("Shipping desk"),
        COLUMNS,
        fetch,
        empty=Empty(_("Nothing to ship"), _("Orders appear here when goods are reserved for them."), icon="truck"),
        bulk_actions=bulk if may else (),
        stats=_stats(caller),
        subtitle=_("The most urgent first: by the day that is wanted, then by age."),
        filename="shipping-desk",
    )
    return render_list(request, page)


def _stats(caller: Caller) -> tuple[Stat, ...]:
    counts = queries.step_counts()

    def count(kind: StepKind, status: StepStatus) -> int:
        return counts.get((kind.value, status.value), 0)

    ready = queries.orders_to_ship_count(entity_ids=caller.entities("fulfilment.read"))
    picking = f"{reverse('shipment_list')}?status=picking"
    failed = sum(number for (_kind, status), number in counts.items() if status == StepStatus.FAILED)
    return (
        Stat(_("Ready to ship"), ready),
        Stat(_("In picking"), queries.picking_count(), picking),
        Stat(_("Waiting for stock"), count(StepKind.RESERVE, StepStatus.BACKORDERED), tone=Tone.WARNING),
        Stat(_("Failed steps"), failed, tone=Tone.DANGER if failed else Tone.NEUTRAL),
    )


def _row(row: DeskRow) -> Row:
    state = Pill(_("All in stock"), Tone.SUCCESS) if not row.short else Pill(_("In stock in part"), Tone.WARNING)
    address = reverse("order_delivery", args=[public("order", row.order_id)])
    cells: dict[str, Any] = {
        "order": row.order_number,
        "customer": row.customer_name,
        "wanted": row.requested_on or row.ordered_on,
        "state": state,
        "goods": Cell(
            row.goods,
            sub=ngettext("%s line waits for stock", "%s lines wait for stock", row.short) % row.short
            if row.short
            else "",
        ),
    }
    return Row(public("order", row.order_id), cells, address)


@require_POST
def desk_pick(request: HttpRequest) -> HttpResponse:
    """Put what is reserved of the marked orders on shipments."""
    caller = caller_of(request)

    def pick() -> Outcome:
        found = actions.create_shipments(_marked(request, caller), now=caller.now, actor=caller.actor)
        url = f"{reverse('shipment_list')}?status=picking"
        if len(found) == 1:
            url = reverse("shipment_detail", args=[public("shipment", found[0])])
        return Outcome(
            url, ngettext("%s shipment is in picking.", "%s shipments are in picking.", len(found)) % len(found)
        )

    return act(request, reverse("fulfilment_list"), pick)


@require_POST
def desk_ship(request: HttpRequest) -> HttpResponse:
    """Pick and ship what is reserved of the marked orders, today."""
    caller = caller_of(request)

    def ship() -> Outcome:
        found = actions.create_shipments(_marked(request, caller), now=caller.now, actor=caller.actor)
        ship_today(found, caller)
        return Outcome(reverse("fulfilment_list"), have_left(len(found)))

    return act(request, reverse("fulfilment_list"), ship)


def ship_today(shipment_ids: list[UUID], caller: Caller) -> None:
    """Confirm that shipments left on the business day of their legal entity."""
    entities = queries.entities_of_shipments(shipment_ids)
    zones = entities_by_id(entities.values())
    confirmations = [ShipConfirmation(key, "", "", caller.today(zones[entities[key]].timezone)) for key in shipment_ids]
    actions.ship_shipments(confirmations, now=caller.now, actor=caller.actor)


def have_left(count: int) -> str:
    """That so many shipments have left."""
    return ngettext("%s shipment has left.", "%s shipments have left.", count) % count


def _marked(request: HttpRequest, caller: Caller) -> list[UUID]:
    keys = [key_of("order", text) for text in request.POST.getlist("id")[:MOST]]
    if not keys:
        raise NothingToShip("No order is marked.", field="id", fix=_("Mark the orders to pick."))
    rows = orders_by_id(keys)
    for key in keys:
        if key in rows:
            require_visible(caller, "fulfilment.write", rows[key].entity_id, "order", key)
    return keys
