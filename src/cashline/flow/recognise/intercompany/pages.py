"""The console's pages of intercompany sales: who charged whom, what is open, and a sale with both its entries."""

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.recognise.intercompany import actions, queries
from cashline.flow.recognise.intercompany.api import require_both, seen
from cashline.flow.recognise.intercompany.rules import Kind, NewSale, Sale
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.platform.company.queries import Entity, entities, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    CellValue,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Option,
    Pill,
    Row,
    SummaryRow,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.timelines import timeline_of

SALES = (
    Column("number", lazy("Number"), "code", place="title"),
    Column("day", lazy("Day"), "date", sort=True),
    Column("seller", lazy("Seller"), "code"),
    Column("buyer", lazy("Buyer"), "code"),
    Column("text", lazy("For")),
    Column("state", lazy("State"), "pill", place="state"),
    Column("amount", lazy("Amount"), "money", sort=True, place="amount"),
    Column("open", lazy("Open"), "money"),
)
MOVEMENTS = (
    Column("day", lazy("Day"), "date", place="title"),
    Column("kind", lazy("What"), place="state"),
    Column("reason", lazy("Reason")),
    Column("who", lazy("Recorded by")),
    Column("amount", lazy("Amount"), "money", place="amount"),
)
KINDS = {Kind.PAID.value: lazy("Paid"), Kind.REVERSED.value: lazy("Taken back")}
STATES = {True: Pill(lazy("Open"), Tone.WARNING), False: Pill(lazy("Settled"), Tone.SUCCESS)}
AMOUNT = Field("amount", lazy("Amount"), "decimal", required=False, hint=lazy("All that is open where left out."))
WHY = Field("reason", lazy("Reason"), "textarea", max_length=1000)


def intercompany_sale_list(request: HttpRequest) -> HttpResponseBase:
    """Every sale, newest first."""
    caller = caller_of(request)
    caller.require("ledger.read")
    codes = {one.id: one.code for one in entities()}

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_sales(
            ask.page,
            entity_ids=caller.entities("ledger.read"),
            only_open="open" in ask.choices("state"),
            text=ask.text(),
        )
        return RowPage(
            tuple(_row(row, codes[row.seller_id], codes[row.buyer_id]) for row in page.items), page.next_cursor
        )

    filters = (
        Filter.search(_("Number or words")),
        Filter.choice("state", _("State"), (Option("open", _("Open")),)),
    )
    page = ListPage(
        _("Intercompany sales"),
        SALES,
        fetch,
        filters,
        empty=Empty(_("Nothing was charged between entities yet."), _("A sale stands in the books of both at once.")),
        actions=_charge(caller),
        crumbs=(Crumb(_("Journal"), reverse("journal_list")),),
        filename="intercompany-sales",
    )
    return render_list(request, page)


def _row(row: Sale, seller: str, buyer: str) -> Row:
    key = public("intercompany_sale", row.id)
    cells: dict[str, CellValue] = {
        "number": row.number,
        "day": row.sold_on,
        "seller": seller,
        "buyer": buyer,
        "text": row.text,
        "state": STATES[bool(row.open_amount)],
        "amount": Money(row.amount, row.currency),
        "open": Money(row.open_amount, row.currency),
    }
    return Row(key, cells, reverse("intercompany_sale_detail", args=[key]))


def _charge(caller: Caller) -> tuple[Action, ...]:
    """The step that charges, for who may post in the books of two entities."""
    mine = caller.own_entities("ledger.write")
    if len(mine) < 2:
        return ()
    return (Action(_("Charge an entity"), reverse("intercompany_charge"), "primary", fields=_fields(mine)),)


def _fields(mine: list[Entity]) -> tuple[Field, ...]:
    owners = tuple(Option(one.code, one.name) for one in mine)
    currencies = tuple(Option(code, code) for code in sorted({one.currency for one in mine}))
    return (
        Field("seller", _("Seller"), "choice", options=owners),
        Field("buyer", _("Buyer"), "choice", options=owners),
        Field("day", _("Day"), "date"),
        Field("amount", _("Amount"), "decimal"),
        Field("currency", _("Currency"), "choice", options=currencies),
        Field("text", _("For"), max_length=200),
    )


@require_POST
def intercompany_charge(request: HttpRequest) -> HttpResponse:
    """Charge another entity, in both books."""
    caller = caller_of(request)
    caller.require("ledger.write")

    def act() -> None:
        read = read_dialog(request, *_fields(entities()))
        seller, buyer = entity_by_code(read.text("seller")), entity_by_code(read.text("buyer"))
        for owner in (seller, buyer):
            caller.require("ledger.write", owner.id)
        new = NewSale(
            seller.id,
            buyer.id,
            read.text("currency"),
            read.decimal("amount") or Decimal(0),
            read.day("day") or caller.today(seller.timezone),
            read.text("text"),
        )
        actions.charge_entities([new], now=caller.now, actor=caller.actor)

    return take_step(request, reverse("intercompany_sale_list"), _("It stands in the books of both."), act)


def intercompany_sale_detail(request: HttpRequest, sale_id: str) -> HttpResponse:
    """One sale: what settled it, and the events of both sides."""
    caller = caller_of(request)
    row = seen(caller, sale_id)
    names = {one.id: f"{one.code} {one.name}" for one in entities()}
    movements = tuple(
        Row(
            str(one.id),
            {
                "day": one.moved_on,
                "kind": KINDS[one.kind],
                "reason": one.reason,
                "who": one.created_by,
                "amount": Money(one.amount, row.currency),
            },
        )
        for one in queries.movements_of(row.id)
    )
    page = DocumentPage(
        _("Intercompany sale"),
        row.number,
        state=STATES[bool(row.open_amount)],
        actions=_steps(caller, row, sale_id),
        facts=(
            KeyValue(_("Seller"), names[row.seller_id]),
            KeyValue(_("Buyer"), names[row.buyer_id]),
            KeyValue(_("Day"), row.sold_on),
            KeyValue(_("For"), row.text),
        ),
        sections=(Section(_("Settled by"), Table(MOVEMENTS, movements)),) if movements else (),
        summary=(
            SummaryRow(_("Charged"), Money(row.amount, row.currency)),
            SummaryRow(_("Open"), Money(row.open_amount, row.currency), total=True),
        ),
        timeline=timeline_of([row.id]),
        crumbs=(Crumb(_("Intercompany sales"), reverse("intercompany_sale_list")),),
    )
    return render_document(request, page)


def _steps(caller: Caller, row: Sale, sale_id: str) -> tuple[Action, ...]:
    both = (row.seller_id, row.buyer_id)
    if not row.open_amount or not all(caller.authority.allows("ledger.write", key) for key in both):
        return ()
    address = reverse("intercompany_settle", args=[sale_id, Kind.PAID.value])
    back = reverse("intercompany_settle", args=[sale_id, Kind.REVERSED.value])
    return (
        Action(_("Record the payment"), address, "primary", fields=(_day(caller), AMOUNT)),
        Action(_("Take it back"), back, "danger", fields=(_day(caller), AMOUNT, WHY)),
    )


def _day(caller: Caller) -> Field:
    return Field("day", _("Day"), "date", value=caller.today())


@require_POST
def intercompany_settle(request: HttpRequest, sale_id: str, kind: str) -> HttpResponse:
    """Record that a sale is paid, or taken back."""
    caller = caller_of(request)
    row = seen(caller, sale_id)
    require_both(caller, row)
    chosen = Kind.PAID if kind == Kind.PAID else Kind.REVERSED

    def act() -> None:
        read = read_dialog(request, _day(caller), AMOUNT, *((WHY,) if chosen is Kind.REVERSED else ()))
        actions.settle_sale(
            sale_id=row.id,
            kind=chosen,
            amount=read.decimal("amount"),
            on=read.day("day") or caller.today(),
            reason=read.text("reason"),
            now=caller.now,
            actor=caller.actor,
        )

    return take_step(request, reverse("intercompany_sale_detail", args=[sale_id]), _("Both books have it."), act)


URLS = [
    path("intercompany/", intercompany_sale_list, name="intercompany_sale_list"),
    path("intercompany/charge/", intercompany_charge, name="intercompany_charge"),
    path("intercompany/<str:sale_id>/", intercompany_sale_detail, name="intercompany_sale_detail"),
    path("intercompany/<str:sale_id>/<str:kind>/", intercompany_settle, name="intercompany_settle"),
]
