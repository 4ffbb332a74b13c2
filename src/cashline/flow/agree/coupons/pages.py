"""The console's page of coupons: what there is, defining one, granting and archiving."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.coupons import actions, queries
from cashline.flow.agree.coupons.queries import CouponRow
from cashline.flow.agree.coupons.rules import NewCoupon
from cashline.flow.agree.customers.queries import customers_by_reference
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.kernel.refusals import InvalidValue, NotFound, raise_all
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Column, Filter, Option, Pill, Row, Tone
from cashline.platform.pages.fields import Field, FieldSet, Reading, read_form
from cashline.platform.pages.render import render_list

COLUMNS = (
    Column("code", lazy("Code"), "code", sort=True, place="title"),
    Column("name", lazy("Name")),
    Column("state", lazy("State"), "pill", place="state"),
    Column("amount", lazy("Amount"), "money", place="amount"),
    Column("percent", lazy("Percent"), "percent"),
    Column("limits", lazy("For")),
    Column("uses", lazy("Invoices each")),
    Column("granted", lazy("Granted"), "number"),
    Column("valid_until", lazy("Valid until"), "date"),
)
PILLS = {"active": Pill(lazy("Active"), Tone.SUCCESS), "archived": Pill(lazy("Archived"))}
FILTERS = (
    Filter.search(lazy("Code or name")),
    Filter.choice("status", lazy("State"), tuple(Option(key, pill.label) for key, pill in PILLS.items())),
)
FIELDS = (
    Field("code", lazy("Code"), max_length=60, width="half"),
    Field("name", lazy("Name"), max_length=200, width="half"),
    Field("amount", lazy("Amount off"), "decimal", required=False, least=0, width="quarter"),
    Field("currency", lazy("Currency"), required=False, max_length=3, placeholder="EUR", width="quarter"),
    Field("percent", lazy("Percent off"), "decimal", required=False, least=0, most=100, suffix="%", width="quarter"),
    Field("uses", lazy("Invoices"), "decimal", required=False, least=1, hint=lazy("Empty: all."), width="quarter"),
    Field("meters", lazy("Only meters"), required=False, hint=lazy("Codes, with commas between."), width="half"),
    Field("plans", lazy("Only plans"), required=False, hint=lazy("Codes, with commas between."), width="half"),
)
GRANT_FIELDS = (
    Field("code", lazy("Coupon"), max_length=60, width="half"),
    Field("customer", lazy("Customer number"), max_length=60, width="half"),
)


def coupon_list(request: HttpRequest) -> HttpResponseBase:
    """All coupons."""
    caller = caller_of(request)
    caller.require("coupons.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_coupons(ask.page, words=ask.text(), statuses=ask.choices("status"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    new = Action(_("New coupon"), reverse("coupon_new"), "primary", fields=FIELDS, icon="plus", key="n")
    give = Action(_("Grant"), reverse("coupon_give"), fields=GRANT_FIELDS, icon="tag")
    may = caller.authority.allows("coupons.write")
    empty = Empty(
        _("No coupons yet"), _("A coupon takes an amount or a percentage off invoices."), new if may else None
    )
    page = ListPage(
        _("Coupons"), COLUMNS, fetch, FILTERS, empty=empty, actions=(new, give) if may else (), filename="coupons"
    )
    return render_list(request, page)


def _row(row: CouponRow) -> Row:
    cells: dict[str, Any] = {
        "code": row.code,
        "name": row.name,
        "state": PILLS[row.status],
        "amount": None if row.amount is None else Money(row.amount, row.currency),
        "percent": row.percent,
        "limits": ", ".join([*row.meters, *row.plans]) or str(_("everything")),
        "uses": str(_("all")) if row.uses is None else str(row.uses),
        "granted": row.granted,
        "valid_until": row.valid_until,
    }
    return Row(public("coupon", row.id), cells)


@require_POST
def coupon_new(request: HttpRequest) -> HttpResponse:
    """Define a coupon."""
    caller = caller_of(request)
    caller.require("coupons.write")
    read = read_form(request.POST, (FieldSet("", FIELDS),))

    def step() -> None:
        raise_all(InvalidValue(error.message, field=error.field) for error in read.errors)
        uses = read.decimal("uses")
        new = NewCoupon(
            read.text("code"),
            read.text("name"),
            read.decimal("amount"),
            read.text("currency").upper(),
            read.decimal("percent"),
            None if uses is None else int(uses),
            _codes(read, "meters"),
            _codes(read, "plans"),
        )
        actions.create_coupons([new], now=caller.now, actor=caller.actor)

    return take_step(request, reverse("coupon_list"), str(_("The coupon is defined.")), step)


def _codes(read: Reading, name: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in read.text(name).split(",") if code.strip())


@require_POST
def coupon_give(request: HttpRequest) -> HttpResponse:
    """Give a coupon to a customer."""
    caller = caller_of(request)
    caller.require("coupons.write")
    read = read_form(request.POST, (FieldSet("", GRANT_FIELDS),))

    def step() -> None:
        raise_all(InvalidValue(error.message, field=error.field) for error in read.errors)
        pair = (queries.coupon_by_code(read.text("code")).id, _customer(read.text("customer")))
        actions.grant_coupons([pair], today=caller.today(), now=caller.now, actor=caller.actor)

    return take_step(request, reverse("coupon_list"), str(_("The customer holds the coupon.")), step)


def _customer(number: str) -> UUID:
    found = customers_by_reference([number]).get(number)
    if found is None:
        raise NotFound(f"There is no customer {number!r}.", field="customer")
    return found.id


URLS = [
    path("coupons/", coupon_list, name="coupon_list"),
    path("coupons/new/", coupon_new, name="coupon_new"),
    path("coupons/grant/", coupon_give, name="coupon_give"),
]
