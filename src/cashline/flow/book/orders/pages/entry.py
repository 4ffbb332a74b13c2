"""Entering an order by hand: lines come and go, and beside them stands what booking them would come to."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.catalog.queries import products_by_sku
from cashline.flow.agree.customers.queries import CustomerRow, customers_by_id
from cashline.flow.book.orders import actions
from cashline.flow.book.orders.actions import PlacedOrder
from cashline.flow.book.orders.pages.listing import address
from cashline.flow.book.orders.rules.lifecycle import OrderSource, OrderStatus
from cashline.flow.book.orders.rules.new_order import NewOrder, NewOrderLine
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound, Refusal, Refusals
from cashline.platform.company.queries import Entity
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.anatomies import FormPage, Section
from cashline.platform.pages.components import (
    Cell,
    Column,
    Crumb,
    KeyValue,
    Notice,
    Option,
    Row,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field, FieldSet, LineFields, Reading, errors_of, read_form
from cashline.platform.pages.render import done, render_aside, render_form

INTERVALS = (
    Option("1", lazy("monthly")),
    Option("3", lazy("quarterly")),
    Option("6", lazy("half-yearly")),
    Option("12", lazy("yearly")),
)
MOST_ERRORS = 6
PREVIEW_COLUMNS = (
    Column("product", lazy("Product"), place="title"),
    Column("unit_price", lazy("Unit price"), "money"),
    Column("total", lazy("Net total"), "money", place="amount"),
)


def company(caller: Caller, code: str, permission: str) -> Entity:
    """The legal entity with that code, where the caller has the permission for it; raises NotFound."""
    for entity in caller.own_entities(permission):
        if entity.code == code:
            return entity
    raise NotFound(f"There is no legal entity {code[:16]!r}.", field="entity")


def company_field(caller: Caller, permission: str) -> Field:
    """The choice of our legal entity."""
    options = tuple(Option(one.code, f"{one.name} ({one.code})") for one in caller.own_entities(permission))
    first = options[0].value if options else ""
    return Field("entity", lazy("Our company"), "choice", options=options, value=first, width="half")


def _lines() -> LineFields:
    return LineFields(
        "lines",
        lazy("Lines"),
        (
            Field("sku", lazy("Product"), "lookup", lookup=reverse("product_options")),
            Field("quantity", lazy("Quantity"), "decimal", value=Decimal(1), width="quarter"),
            Field("unit_price", lazy("Unit price"), "decimal", False, width="quarter"),
            Field("interval_months", lazy("Paid"), "choice", False, options=INTERVALS, width="quarter"),
            Field("term_months", lazy("Months"), "integer", False, least=0, most=120, width="quarter"),
        ),
        lazy("Add a line"),
        note=lazy("Without a price the list price of today is taken."),
    )


def _about(caller: Caller, buyer: CustomerRow | None) -> FieldSet:
    customer = Field("customer", lazy("Customer"), "lookup", lookup=reverse("customer_options"), width="half")
    if buyer is not None:
        customer = replace(customer, value=public("customer", buyer.id), lookup_label=buyer.name)
    return FieldSet(
        lazy("Order"),
        (
            customer,
            company_field(caller, "orders.write"),
            Field("external_reference", lazy("Buyer's reference"), required=False, width="third"),
            Field("purchase_order", lazy("Purchase order"), required=False, width="third"),
            Field("requested_on", lazy("Wanted by"), "date", False, width="third"),
        ),
    )


def order_new(request: HttpRequest) -> HttpResponseBase:
    """Enter an order; `?customer=` chooses one."""
    caller = caller_of(request)
    caller.require("orders.write")
    buyer = _buyer(request.POST.get("customer") or request.GET.get("customer", ""))
    page = FormPage(
        _("New order"),
        request.path,
        (_about(caller, buyer),),
        _("Book the order"),
        reverse("order_list"),
        _lines(),
        crumbs=(Crumb(_("Orders"), reverse("order_list")),),
        preview_url=reverse("order_preview"),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets, page.lines)
    errors = read.errors
    if not errors:
        try:
            outcome = once(request, lambda: _save(caller, read))
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    assert page.lines is not None  # noqa: S101 - given above
    page = replace(page, values=read.raw, lines=replace(page.lines, rows=_named(read.raw_lines)), errors=errors)
    return render_form(request, page)


@require_POST
def order_preview(request: HttpRequest) -> HttpResponse:
    """What booking the typed order would come to; nothing is booked."""
    caller = caller_of(request)
    caller.require("orders.write")
    if _buyer(request.POST.get("customer", "")) is None:
        return render_aside(request, (), (Notice(_("Choose a customer to see prices in its currency.")),))
    read = read_form(request.POST, (_about(caller, None),), _lines())
    if not read.lines:
        return render_aside(request, (), (Notice(_("Add a product to see its price.")),))
    try:
        placed = _place(caller, read, preview=True)
    except Refusal as refusal:
        found = tuple(refusal) if isinstance(refusal, Refusals) else (refusal,)
        notices = tuple(Notice(one.message, Tone.WARNING, one.fix) for one in found[:MOST_ERRORS])
        return render_aside(request, (), notices)
    return render_aside(request, *_preview(placed))


def _save(caller: Caller, read: Reading) -> Outcome:
    placed = _place(caller, read)
    assert placed.order_id is not None  # noqa: S101 - it is no preview
    sentence = _("The order is booked.")
    if placed.duplicate:
        sentence = _("This order was booked before.")
    elif placed.status == OrderStatus.HELD:
        sentence = _("The order is booked, and held for credit.")
    return Outcome(address(placed.order_id), sentence)


def _place(caller: Caller, read: Reading, *, preview: bool = False) -> PlacedOrder:
    entity = company(caller, read.text("entity"), "orders.write")
    buyer = _buyer(read.text("customer"))
    if buyer is None:
        raise NotFound("There is no such customer.", field="customer")
    order = NewOrder(
        buyer.id,
        entity.id,
        buyer.currency,
        OrderSource.CONSOLE.value,
        read.text("external_reference") or None,
        None,
        read.day("requested_on"),
        read.text("purchase_order"),
        tuple(_line(line) for line in read.lines),
    )
    return actions.place_orders(
        [order],
        today=caller.today(entity.timezone),
        now=caller.now,
        actor=caller.actor,
        preview=preview,
        max_discount=caller.authority.discount_authority(entity.id),
    )[0]


def _line(line: Reading) -> NewOrderLine:
    interval = line.text("interval_months")
    return NewOrderLine(
        line.text("sku"),
        line.decimal("quantity") or Decimal(0),
        line.decimal("unit_price"),
        int(interval) if interval else None,
        line.integer("term_months"),
    )


def _preview(placed: PlacedOrder) -> tuple[tuple[Section, ...], tuple[Notice, ...]]:
    rows = tuple(
        Row(
            str(line.line_no),
            {
                "product": Cell(line.description, sub=line.product.sku),
                "unit_price": Money(line.unit_price, placed.currency),
                "total": Money(line.net_total, placed.currency),
            },
        )
        for line in placed.lines
    )
    total = Money(placed.net_total, placed.currency)
    sections = (
        Section(_("Total"), facts=(KeyValue(_("Net total"), total, _("without tax")),)),
        Section(_("Lines"), Table(PREVIEW_COLUMNS, rows)),
    )
    if placed.duplicate:
        return sections, (Notice(_("This order was booked before as %s.") % placed.number, Tone.WARNING),)
    if placed.status == OrderStatus.HELD:
        return sections, (Notice(placed.hold_reason, Tone.WARNING, _("It would be booked and held.")),)
    return sections, (Notice(_("It would be booked at once."), Tone.SUCCESS),)


def _buyer(text: str) -> CustomerRow | None:
    try:
        key = key_of("customer", text)
    except NotFound:
        return None
    return customers_by_id([key]).get(key)


def _named(rows: tuple[Mapping[str, str], ...]) -> tuple[Mapping[str, str], ...]:
    names = {sku: product.name for sku, product in products_by_sku(row.get("sku", "") for row in rows).items()}
    return tuple({**row, "sku_label": names.get(row.get("sku", ""), "")} for row in rows)
