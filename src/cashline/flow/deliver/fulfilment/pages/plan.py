"""How an order is delivered: its steps, what of each line is where, its shipments, and what is stuck."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.book.orders.pages.document import seen, tabs
from cashline.flow.book.orders.queries import OrderLineRow, OrderRow, lines_of
from cashline.flow.book.orders.rules.lifecycle import OrderStatus
from cashline.flow.deliver.fulfilment import actions, queries
from cashline.flow.deliver.fulfilment.queries import ShipmentRow, StepRow
from cashline.flow.deliver.fulfilment.rules import StepKind, StepStatus
from cashline.flow.deliver.inventory.queries import reservations_of
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import NotFound
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.pages.acting import act, take_step
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Label,
    Notice,
    Progress,
    Row,
    Step,
    Table,
    Tone,
    pill,
)
from cashline.platform.pages.render import render_document
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import timeline_of

STEP_WORDS: dict[str, Label] = {
    StepKind.RESERVE: lazy("Reserve goods"),
    StepKind.SHIP: lazy("Ship goods"),
    StepKind.ACTIVATE: lazy("Activate"),
    StepKind.INSTALL: lazy("Install"),
}
_STATES = {
    StepStatus.DONE: "done",
    StepStatus.FAILED: "failed",
    StepStatus.CANCELLED: "failed",
    StepStatus.WAITING: "waiting",
}
STEP_COLUMNS = (
    Column("step", lazy("Step"), place="title"),
    Column("status", lazy("State"), "pill", place="state"),
    Column("attempts", lazy("Attempts"), "number"),
    Column("next", lazy("Next try"), "datetime", place="hidden"),
    Column("error", lazy("Note")),
)
LINE_COLUMNS = (
    Column("product", lazy("Product"), place="title"),
    Column("quantity", lazy("Ordered"), "number"),
    Column("reserved", lazy("Reserved"), "number"),
    Column("delivered", lazy("Delivered"), "progress", place="state"),
)
SHIPMENT_COLUMNS = (
    Column("number", lazy("Shipment"), "code", place="title"),
    Column("status", lazy("State"), "pill", place="state"),
    Column("warehouse", lazy("Warehouse")),
    Column("shipped_on", lazy("Shipped"), "date", place="amount"),
    Column("tracking", lazy("Tracking")),
)


def order_delivery(request: HttpRequest, order_id: str) -> HttpResponse:
    """How an order is delivered."""
    caller = caller_of(request)
    row = seen(caller, order_id, "fulfilment.read")
    steps = queries.steps_of([row.id])
    lines = lines_of([row.id])
    shipments = queries.shipments_of([row.id])
    names = {line.id: line for line in lines}
    sections = [
        Section(_("Lines"), _line_table(lines)),
        Section(_("Steps"), _step_table(steps, names), actions=_retries(row, steps, caller)),
    ]
    if shipments:
        sections.insert(1, Section(_("Shipments"), _shipment_table(shipments)))
    page = DocumentPage(
        _("Order"),
        row.number,
        pill(row.status),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        actions=_steps(row, caller),
        thread=thread_of([row.id], row.id),
        steps=tuple(_step(step, names) for step in steps),
        sections=tuple(sections),
        timeline=timeline_of([row.id], current=row.id),
        notices=_notices(row, steps),
        tabs=tabs(row, "delivery"),
        crumbs=(Crumb(_("Orders"), reverse("order_list")),),
    )
    return render_document(request, page)


def _words(step: StepRow, lines: dict[Any, OrderLineRow]) -> Label:
    line = lines.get(step.order_line_id)
    words = STEP_WORDS[step.kind]
    return f"{words}: {line.description}" if line else words


def _step(step: StepRow, lines: dict[Any, OrderLineRow]) -> Step:
    state: Any = _STATES.get(StepStatus(step.status), "current")
    note = step.error if step.status != StepStatus.DONE else ""
    return Step(_words(step, lines), state, note or pill(step.status).label)


def _step_table(steps: list[StepRow], lines: dict[Any, OrderLineRow]) -> Table:
    open_states = (StepStatus.READY, StepStatus.BACKORDERED)
    rows = tuple(
        Row(
            public("fulfilment_step", step.id),
            {
                "step": _words(step, lines),
                "status": pill(step.status),
                "attempts": step.attempts or None,
                "next": step.next_attempt_at if step.status in open_states and step.kind != StepKind.SHIP else None,
                "error": step.error,
            },
        )
        for step in steps
    )
    return Table(STEP_COLUMNS, rows, empty=_("Nothing is planned yet: the order is not booked."))


def _line_table(lines: list[OrderLineRow]) -> Table:
    reserved = {row.order_line_id: row.quantity for row in reservations_of([line.id for line in lines])
                if row.status == "active"}  # fmt: skip
    rows = tuple(
        Row(
            public("order_line", line.id),
            {
                "product": Cell(line.description, sub=line.sku),
                "quantity": line.quantity,
                "reserved": reserved.get(line.id),
                "delivered": Progress(line.delivered_quantity, line.quantity),
            },
        )
        for line in lines
    )
    return Table(LINE_COLUMNS, rows)


def _shipment_table(shipments: list[ShipmentRow]) -> Table:
    rows = tuple(
        Row(
            public("shipment", one.id),
            {
                "number": one.number,
                "status": pill(one.status),
                "warehouse": one.warehouse_code,
                "shipped_on": one.shipped_on,
                "tracking": f"{one.carrier} {one.tracking_number}".strip(),
            },
            address_of("shipment", one.id),
        )
        for one in shipments
    )
    return Table(SHIPMENT_COLUMNS, rows)


def _notices(row: OrderRow, steps: list[StepRow]) -> tuple[Notice, ...]:
    found = []
    if row.status == OrderStatus.HELD:
        found.append(Notice(_("The order is held, so nothing is delivered yet."), Tone.WARNING, row.hold_reason))
    for step in steps:
        if step.status == StepStatus.FAILED:
            found.append(Notice(_("A step failed and waits for you."), Tone.DANGER, step.error))
    return tuple(found)


def _steps(row: OrderRow, caller: Caller) -> tuple[Action, ...]:
    if row.status != OrderStatus.BOOKED or not caller.authority.allows("fulfilment.write", row.entity_id):
        return ()
    url = reverse("order_pick", args=[public("order", row.id)])
    ready = queries.pickable([row.id])
    refused = "" if ready else _("Nothing is reserved that is not picked already.")
    return (Action(_("Pick what is reserved"), url, "primary", refused=refused, icon="package", key="p"),)


def _retries(row: OrderRow, steps: list[StepRow], caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("fulfilment.write", row.entity_id):
        return ()
    return tuple(
        Action(
            _("Try again: %s") % STEP_WORDS[step.kind],
            reverse("step_retry", args=[public("order", row.id), public("fulfilment_step", step.id)]),
        )
        for step in steps
        if step.status == StepStatus.FAILED
    )


@require_POST
def order_pick(request: HttpRequest, order_id: str) -> HttpResponse:
    """Put what is reserved of the order on shipments."""
    caller = caller_of(request)
    row = seen(caller, order_id, "fulfilment.write")

    def pick() -> Outcome:
        found = actions.create_shipments([row.id], now=caller.now, actor=caller.actor)
        return Outcome(address_of("shipment", found[0]), _("The shipment is in picking."))

    return act(request, reverse("order_delivery", args=[order_id]), pick)


@require_POST
def step_retry(request: HttpRequest, order_id: str, step_id: str) -> HttpResponse:
    """Try a failed step again."""
    caller = caller_of(request)
    row = seen(caller, order_id, "fulfilment.write")
    step = queries.step(key_of("fulfilment_step", step_id))
    if step.order_id != row.id:
        raise NotFound("There is no such step.", field="step_id")
    return take_step(
        request,
        reverse("order_delivery", args=[order_id]),
        _("The step is tried again."),
        lambda: actions.retry_steps([step.id], now=caller.now, actor=caller.actor),
    )
