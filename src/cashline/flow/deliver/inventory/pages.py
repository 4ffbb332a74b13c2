"""The console's pages of stock: what lies where, what is promised of it, how it moved; goods in, and counts."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.catalog.queries import products_by_sku
from cashline.flow.deliver.inventory import actions, queries
from cashline.flow.deliver.inventory.queries import StockRow, WarehouseRow
from cashline.flow.deliver.inventory.rules import NewWarehouse, StockAdjustment, StockReceipt
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound, Refusal, raise_all
from cashline.platform.company.queries import entities
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import act, read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, FormPage, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Option,
    Pill,
    Row,
    Stat,
    SummaryRow,
    Table,
    Tone,
    pill,
)
from cashline.platform.pages.fields import Field, FieldSet, LineFields, Reading, errors_of, read_form
from cashline.platform.pages.render import done, render_document, render_form, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of

STATES = (
    Option("short", lazy("Below the reorder point")),
    Option("reserved", lazy("Promised to orders")),
    Option("empty", lazy("Empty")),
)
COLUMNS = (
    Column("sku", lazy("SKU"), "code", sort=True, place="title"),
    Column("name", lazy("Product"), sort=True),
    Column("warehouse", lazy("Warehouse"), sort=True),
    Column("state", lazy("State"), "pill", place="state"),
    Column("on_hand", lazy("On hand"), "number", sort=True),
    Column("reserved", lazy("Promised"), "number", sort=True),
    Column("available", lazy("Free"), "number", sort=True, place="amount"),
    Column("reorder_point", lazy("Reorder point"), "number", only_export=True),
    Column("value", lazy("Value"), "money", sort=True, place="hidden"),
)
MOVE_COLUMNS = (
    Column("moved_on", lazy("Day"), "date", place="title"),
    Column("kind", lazy("Why"), "pill", place="state"),
    Column("quantity", lazy("Quantity"), "number", place="amount"),
    Column("value", lazy("Value"), "money"),
    Column("reason", lazy("Reason")),
)
PROMISE_COLUMNS = (
    Column("order", lazy("Order"), "code", place="title"),
    Column("quantity", lazy("Quantity"), "number"),
)
COUNTED = Field("quantity", lazy("Difference"), "decimal", hint=lazy("Less than counted: with a minus."), width="half")
REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)
REORDER = Field("reorder_point", lazy("Reorder point"), "decimal", least=0, width="half")
NEW_WAREHOUSE = (
    Field("entity", lazy("Our company"), width="half", max_length=8),
    Field("code", lazy("Code"), width="quarter", max_length=20),
    Field("country", lazy("Country"), width="quarter", max_length=2, placeholder="DE"),
    Field("name", lazy("Name")),
)


def address(row: StockRow) -> str:
    """The page of a product in a warehouse."""
    return reverse("stock_detail", args=[public("warehouse", row.warehouse_id), public("product", row.product_id)])


def stock_list(request: HttpRequest) -> HttpResponseBase:
    """What lies in all warehouses."""
    caller = caller_of(request)
    caller.require("inventory.read")
    places = queries.warehouses(caller.entities("inventory.read"))
    filters = (
        Filter.search(lazy("SKU or product")),
        Filter.choice("warehouse", lazy("Warehouse"), tuple(Option(one.code, one.name) for one in places)),
        Filter.choice("state", lazy("State"), STATES),
    )

    def fetch(ask: ListAsk) -> RowPage:
        codes = ask.choices("warehouse")
        page = queries.list_stock(
            ask.page,
            words=ask.text(),
            warehouse_ids=[one.id for one in places if one.code in codes] if codes else None,
            entity_ids=caller.entities("inventory.read"),
            state=ask.choices("state"),
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    may = caller.authority.allows("inventory.write")
    receive = Action.link(_("Goods in"), reverse("stock_receive"), icon="package-plus", primary=True, key="i")
    warehouse = Action(_("New warehouse"), reverse("warehouse_new"), fields=_warehouse_fields(caller), icon="warehouse")
    empty = Empty(
        _("No stock yet"), _("Goods that come in appear here."), receive if may and places else None, "warehouse"
    )
    page = ListPage(
        _("Stock"),
        COLUMNS,
        fetch,
        filters,
        "sku",
        empty,
        actions=((receive, warehouse) if places else (warehouse,)) if may else (),
        stats=_stats(caller),
        filename="stock",
    )
    return render_list(request, page)


def _stats(caller: Caller) -> tuple[Stat, ...]:
    allowed = caller.entities("inventory.read")
    values = queries.values_by_entity()
    return tuple(
        Stat(_("Value in %s") % one.code, Money(values.get(one.id, Decimal(0)), one.currency))
        for one in entities()
        if allowed is None or one.id in allowed
    )


def _warehouse_fields(caller: Caller) -> tuple[Field, ...]:
    options = tuple(Option(one.code, one.name) for one in caller.own_entities("inventory.write"))
    return replace(NEW_WAREHOUSE[0], kind="choice", options=options), *NEW_WAREHOUSE[1:]


def _state(row: StockRow) -> Pill:
    if row.reorder_point and row.available < row.reorder_point:
        return Pill(_("Short"), Tone.WARNING)
    return Pill(_("In stock"), Tone.SUCCESS) if row.available else Pill(_("Nothing free"), Tone.NEUTRAL)


def _row(row: StockRow) -> Row:
    cells: dict[str, Any] = {
        "sku": row.sku,
        "name": row.name,
        "warehouse": row.warehouse_code,
        "state": _state(row),
        "on_hand": row.on_hand,
        "reserved": row.reserved,
        "available": row.available,
        "reorder_point": row.reorder_point,
        "value": Money(row.value, row.currency),
    }
    return Row(f"{row.warehouse_code}-{row.sku}", cells, address(row))


def stock_detail(request: HttpRequest, warehouse_id: str, product_id: str) -> HttpResponse:
    """A product in a warehouse: what is promised of it, and how it moved."""
    caller = caller_of(request)
    row = _seen(caller, warehouse_id, product_id, "inventory.read")
    moves = Table(
        MOVE_COLUMNS,
        tuple(
            Row(
                str(move.id),
                {
                    "moved_on": move.moved_on,
                    "kind": pill(move.kind),
                    "quantity": move.quantity,
                    "value": Money(move.value, row.currency),
                    "reason": move.reason,
                },
            )
            for move in queries.moves_of(row.warehouse_id, row.product_id)
        ),
    )
    promises = Table(
        PROMISE_COLUMNS,
        tuple(
            Row(str(one.id), {"order": one.order_number, "quantity": one.quantity}, address_of("order", one.order_id))
            for one in queries.reservations_at(row.warehouse_id, row.product_id)
        ),
        empty=_("Nothing of it is promised."),
    )
    page = DocumentPage(
        _("Stock"),
        row.sku,
        _state(row),
        subtitle=f"{row.name} · {row.warehouse_code}",
        actions=_steps(row, caller),
        facts=(
            KeyValue(_("Product"), Cell(row.name, address_of("product", row.product_id))),
            KeyValue(_("On hand"), row.on_hand),
            KeyValue(_("Promised"), row.reserved),
            KeyValue(_("Free"), row.available),
            KeyValue(_("Reorder point"), row.reorder_point or None),
        ),
        sections=(Section(_("Promised to orders"), promises), Section(_("Moves"), moves)),
        summary=(SummaryRow(_("Value"), Money(row.value, row.currency), note=_("at the moving average")),),
        timeline=timeline_of([row.product_id], current=row.product_id)[-50:],
        crumbs=(Crumb(_("Stock"), reverse("stock_list")),),
    )
    return render_document(request, page)


def _steps(row: StockRow, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("inventory.write", row.entity_id):
        return ()
    keys = [public("warehouse", row.warehouse_id), public("product", row.product_id)]
    counted = replace(COUNTED, suffix=row.unit if row.unit != "C62" else "")
    return (
        Action(_("Correct the count"), reverse("stock_adjust", args=keys), fields=(counted, REASON), key="c"),
        Action(
            _("Reorder point"),
            reverse("stock_reorder", args=keys),
            fields=(replace(REORDER, value=row.reorder_point),),
        ),
    )


@require_POST
def stock_adjust(request: HttpRequest, warehouse_id: str, product_id: str) -> HttpResponse:
    """Correct stock after counting."""
    caller = caller_of(request)
    row = _seen(caller, warehouse_id, product_id, "inventory.write")

    def adjust() -> None:
        read = read_dialog(request, COUNTED, REASON)
        adjustment = StockAdjustment(
            row.warehouse_id,
            row.product_id,
            read.decimal("quantity") or Decimal(0),
            caller.today(),
            read.text("reason"),
        )
        actions.adjust_stock([adjustment], now=caller.now, actor=caller.actor)

    return take_step(request, address(row), _("The stock is corrected."), adjust)


@require_POST
def stock_reorder(request: HttpRequest, warehouse_id: str, product_id: str) -> HttpResponse:
    """Set the reorder point."""
    caller = caller_of(request)
    row = _seen(caller, warehouse_id, product_id, "inventory.write")

    def set_point() -> None:
        quantity = read_dialog(request, REORDER).decimal("reorder_point") or Decimal(0)
        actions.set_reorder_point(stock_id=row.id, quantity=quantity, now=caller.now, actor=caller.actor)

    return take_step(request, address(row), _("The reorder point is set."), set_point)


@require_POST
def warehouse_new(request: HttpRequest) -> HttpResponse:
    """Set up a warehouse."""
    caller = caller_of(request)

    def create() -> Outcome:
        read = read_dialog(request, *_warehouse_fields(caller))
        ours = next((one for one in entities() if one.code == read.text("entity")), None)
        if ours is None:
            raise NotFound("There is no such legal entity.", field="entity")
        caller.require("inventory.write", ours.id)
        new = NewWarehouse(ours.id, read.text("code"), read.text("name"), read.text("country").upper())
        actions.create_warehouses([new], now=caller.now, actor=caller.actor)
        return Outcome(reverse("stock_list"), _("The warehouse is set up."))

    return act(request, reverse("stock_list"), create)


def _receipt_form(places: list[WarehouseRow]) -> tuple[FieldSet, LineFields]:
    options = tuple(Option(one.code, f"{one.name} ({one.code})") for one in places)
    where = FieldSet(
        lazy("Where to"),
        (
            Field("warehouse", lazy("Warehouse"), "choice", options=options, value=options[0].value, width="half"),
            Field("received_on", lazy("Came in on"), "date", False, width="half"),
        ),
    )
    lines = LineFields(
        "lines",
        lazy("Goods"),
        (
            Field("sku", lazy("Product"), "lookup", lookup=reverse("product_options")),
            Field("quantity", lazy("Quantity"), "decimal", width="quarter"),
            Field("unit_cost", lazy("Unit cost"), "decimal", False, width="quarter"),
        ),
        lazy("Add a line"),
        note=lazy("Without a unit cost the product's own is taken."),
    )
    return where, lines


def stock_receive(request: HttpRequest) -> HttpResponseBase:
    """Take goods in; orders that wait for them are filled first."""
    caller = caller_of(request)
    caller.require("inventory.write")
    places = queries.warehouses(caller.entities("inventory.write"))
    if not places:
        raise NotFound("There is no warehouse yet.", field="warehouse", fix=_("Set one up at the stock page."))
    where, lines = _receipt_form(places)
    page = FormPage(
        _("Goods in"),
        request.path,
        (where,),
        _("Take them in"),
        reverse("stock_list"),
        lines,
        crumbs=(Crumb(_("Stock"), reverse("stock_list")),),
    )
    if request.method == "POST":
        read = read_form(request.POST, page.fieldsets, lines)
        errors = read.errors
        if not errors:
            try:
                outcome = once(request, lambda: _receive(caller, places, read))
                return done(request, outcome.url, outcome.sentence)
            except Refusal as refusal:
                errors = errors_of(refusal)
        page = replace(page, values=read.raw, lines=replace(lines, rows=read.raw_lines), errors=errors)
    return render_form(request, page)


def _receive(caller: Caller, places: list[WarehouseRow], read: Reading) -> Outcome:
    place = next(one for one in places if one.code == read.text("warehouse"))
    products = products_by_sku(line.text("sku") for line in read.lines)
    raise_all(
        NotFound(f"There is no product {line.text('sku')[:60]!r}.", field=f"lines.{index}.sku")
        for index, line in enumerate(read.lines)
        if line.text("sku") not in products
    )
    day = read.day("received_on") or caller.today()
    receipts = [
        StockReceipt(
            place.id,
            products[line.text("sku")].id,
            line.decimal("quantity") or Decimal(0),
            day,
            line.decimal("unit_cost"),
        )
        for line in read.lines
    ]
    actions.receive_stock(receipts, now=caller.now, actor=caller.actor)
    return Outcome(reverse("stock_list"), _("The goods are in stock."))


def _seen(caller: Caller, warehouse_id: str, product_id: str, permission: str) -> StockRow:
    place: UUID = key_of("warehouse", warehouse_id)
    row = queries.stock_at(place, key_of("product", product_id))
    require_visible(caller, permission, row.entity_id, "warehouse", place)
    return row


URLS = [
    path("stock/", stock_list, name="stock_list"),
    path("stock/goods-in/", stock_receive, name="stock_receive"),
    path("stock/warehouses/new/", warehouse_new, name="warehouse_new"),
    path("stock/<str:warehouse_id>/<str:product_id>/", stock_detail, name="stock_detail"),
    path("stock/<str:warehouse_id>/<str:product_id>/adjust/", stock_adjust, name="stock_adjust"),
    path("stock/<str:warehouse_id>/<str:product_id>/reorder/", stock_reorder, name="stock_reorder"),
]
