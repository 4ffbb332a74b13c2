"""An order as a document: state and next actions, lines with what is delivered of them, money, thread, timeline."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.catalog.pages import price_cell
from cashline.flow.book.orders import actions, queries
from cashline.flow.book.orders.actions import FILE_KIND
from cashline.flow.book.orders.pages.listing import SOURCE_WORDS, address
from cashline.flow.book.orders.queries import OrderLineRow, OrderRow
from cashline.flow.book.orders.rules.lifecycle import ORDER, OrderSource, OrderStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform.documents.queries import file as stored_file
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.events.queries import Link
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    KeyValue,
    Notice,
    Progress,
    Row,
    SummaryRow,
    Table,
    Tone,
    View,
    pill,
)
from cashline.platform.pages.fields import Field, said
from cashline.platform.pages.render import render_document
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import timeline_of

REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)
LINE_COLUMNS = (
    Column("product", lazy("Product"), place="title"),
    Column("status", lazy("State"), "pill", place="state"),
    Column("delivered", lazy("Delivered"), "progress"),
    Column("unit_price", lazy("Unit price"), "money"),
    Column("total", lazy("Net total"), "money", place="amount"),
)


def seen(caller: Caller, order_id: str, permission: str = "orders.read") -> OrderRow:
    """The order, where the caller has the permission for its legal entity; else NotFound or Forbidden."""
    row = queries.order(key_of("order", order_id))
    require_visible(caller, permission, row.entity_id, "order", row.id)
    return row


def tabs(row: OrderRow, current: str) -> tuple[View, ...]:
    """The order, and how it is delivered; the address of the latter is that of the next stage."""
    delivery = f"{address(row.id)}delivery/"
    return (
        View(_("Order"), address(row.id), current == "order"),
        View(_("Delivery"), delivery, current == "delivery"),
    )


def order_detail(request: HttpRequest, order_id: str) -> HttpResponse:
    """One order."""
    caller = caller_of(request)
    row = seen(caller, order_id)
    lines = queries.lines_of([row.id])
    table = Table(LINE_COLUMNS, tuple(_line(line, row.currency) for line in lines))
    page = DocumentPage(
        _("Order"),
        row.number,
        pill(row.status),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        actions=_steps(row, caller),
        thread=thread_of([row.id], row.id, known=[Link("agreement", row.agreement_id, row.agreement_number)]),
        facts=_facts(row),
        sections=(Section(_("Lines"), table, anchor="lines"),),
        summary=_summary(row, lines),
        timeline=timeline_of([row.id], current=row.id),
        notices=_notices(row, lines),
        tabs=tabs(row, "order"),
        crumbs=(Crumb(_("Orders"), reverse("order_list")),),
    )
    return render_document(request, page)


def _line(line: OrderLineRow, currency: str) -> Row:
    cells: dict[str, Any] = {
        "product": Cell(line.description, sub=line.sku),
        "status": pill(line.status),
        "delivered": Progress(line.delivered_quantity, line.quantity),
        "unit_price": price_cell(line.unit_price, currency, line.included_tax_rate),
        "total": Money(line.net_total, currency),
    }
    return Row(public("order_line", line.id), cells)


def _facts(row: OrderRow) -> tuple[KeyValue, ...]:
    facts = (
        KeyValue(_("Ordered"), row.ordered_on),
        KeyValue(_("Wanted"), row.requested_on),
        KeyValue(_("Buyer's reference"), row.external_reference),
        KeyValue(_("Purchase order"), row.purchase_order),
        KeyValue(_("Came by"), SOURCE_WORDS[OrderSource(row.source)]),
        KeyValue(_("Terms"), Cell(row.agreement_number, address_of("agreement", row.agreement_id))),
    )
    return tuple(fact for fact in facts if fact.value)


def _summary(row: OrderRow, lines: list[OrderLineRow]) -> tuple[SummaryRow, ...]:
    once = sum((line.net_total for line in lines if not line.interval_months), start=row.net_total * 0)
    found = []
    if once and once != row.net_total:
        found.append(SummaryRow(_("Paid once"), Money(once, row.currency)))
        found.append(SummaryRow(_("Recurring"), Money(row.net_total - once, row.currency), note=_("over their terms")))
    return (
        *found,
        SummaryRow(_("Net total, without tax"), Money(row.net_total, row.currency), total=True),
    )


def _notices(row: OrderRow, lines: list[OrderLineRow]) -> tuple[Notice, ...]:
    if row.status == OrderStatus.HELD:
        why = _("It goes on by itself when there is room, or when somebody releases it.")
        return (Notice(row.hold_reason, Tone.WARNING, why),)
    if row.status == OrderStatus.CANCELLED and any(line.delivered_quantity for line in lines):
        return (Notice(_("What was delivered before the cancellation stays, and is billed.")),)
    return ()


def _steps(row: OrderRow, caller: Caller) -> tuple[Action, ...]:
    """The next steps that state and authority allow."""
    key = public("order", row.id)
    verbs = ORDER.verbs(row.status)
    found = []
    if "release" in verbs and caller.authority.allows("orders.release", row.entity_id):
        url = reverse("order_release", args=[key])
        found.append(Action(_("Release"), url, "primary", fields=(REASON,), icon="check", key="r"))
    if "cancel" in verbs and caller.authority.allows("orders.cancel", row.entity_id):
        words = _("Cancel the rest") if row.lines_delivered else _("Cancel")
        found.append(Action(words, reverse("order_cancel", args=[key]), "danger", fields=(REASON,), icon="x"))
    return tuple(found)


@require_POST
def order_release(request: HttpRequest, order_id: str) -> HttpResponse:
    """Let a held order go on."""
    caller = caller_of(request)
    row = seen(caller, order_id, "orders.release")
    reason = _reason(request)
    return take_step(
        request,
        address(row.id),
        _("The order is released."),
        lambda: actions.release_orders([row.id], reason=reason, now=caller.now, actor=caller.actor),
    )


@require_POST
def order_cancel(request: HttpRequest, order_id: str) -> HttpResponse:
    """Cancel what is not delivered."""
    caller = caller_of(request)
    row = seen(caller, order_id, "orders.cancel")
    reason = _reason(request)
    return take_step(
        request,
        address(row.id),
        _("The order is cancelled."),
        lambda: actions.cancel_orders([row.id], reason=reason, now=caller.now, actor=caller.actor),
    )


def _reason(request: HttpRequest) -> str:
    return said(request.POST, "reason")


def order_file(request: HttpRequest, file_id: str) -> HttpResponse:
    """A file that orders came in, as it came."""
    caller = caller_of(request)
    stored = stored_file(key_of("file", file_id))
    if stored.file.kind != FILE_KIND:
        raise NotFound("There is no such file.", field="file_id")
    caller.require("orders.read", stored.file.subject_id)
    answer = HttpResponse(stored.content, content_type=stored.file.media_type)
    answer["Content-Disposition"] = f'attachment; filename="{stored.file.file_name}"'
    return answer
