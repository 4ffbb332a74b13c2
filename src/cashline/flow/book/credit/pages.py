"""The console's pages of credit: every customer's limit and exposure, and what may be done about it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.book.credit import actions, queries
from cashline.flow.book.credit.queries import CreditRow
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Filter,
    KeyValue,
    MoneyCell,
    Notice,
    Option,
    Pill,
    Row,
    SummaryRow,
    Tone,
    View,
)
from cashline.platform.pages.fields import Field, said
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of

STATES = (
    Option("over", lazy("Over the limit")),
    Option("held", lazy("On hold")),
    Option("limited", lazy("With a limit")),
)
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="hidden"),
    Column("name", lazy("Customer"), sort=True, place="title"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("held_orders", lazy("Held orders"), "number"),
    Column("limit", lazy("Limit"), "money", sort=True),
    Column("exposure", lazy("Exposure"), "money", sort=True, place="amount"),
    Column("available", lazy("Available"), "money", sort=True),
)
FILTERS = (Filter.search(lazy("Number or customer")), Filter.choice("state", lazy("State"), STATES))
LIMIT = Field("limit", lazy("Limit"), "decimal", False, hint=lazy("Leave empty for no limit."), least=0)
REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)


def address(customer_id: UUID) -> str:
    """The credit page of a customer."""
    return reverse("credit_detail", args=[public("customer", customer_id)])


def credit_list(request: HttpRequest) -> HttpResponseBase:
    """Every customer's credit."""
    caller_of(request).require("credit.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_credit(ask.page, words=ask.text(), states=ask.choices("state"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    state = request.GET.getlist("state")
    views = (
        View(_("All"), reverse("credit_standing_list"), not state),
        View(_("Over the limit"), f"{reverse('credit_standing_list')}?state=over", state == ["over"]),
    )
    empty = Empty(_("No customers yet"), _("Each customer has a credit account from its first order."), icon="gauge")
    page = ListPage(_("Credit"), COLUMNS, fetch, FILTERS, "name", empty, views, filename="credit")
    return render_list(request, page)


def _state(row: CreditRow) -> Pill:
    if row.held:
        return Pill(_("On hold"), Tone.DANGER)
    if row.available is not None and row.available < 0:
        return Pill(_("Over the limit"), Tone.WARNING)
    return Pill(_("Within the limit") if row.limit is not None else _("No limit"), Tone.NEUTRAL)


def _row(row: CreditRow) -> Row:
    cells: dict[str, Any] = {
        "number": row.customer_number,
        "name": row.customer_name,
        "state": _state(row),
        "held_orders": row.held_orders or None,
        "limit": Money(row.limit, row.currency) if row.limit is not None else None,
        "exposure": Money(row.exposure, row.currency),
        "available": Money(row.available, row.currency) if row.available is not None else None,
    }
    return Row(public("customer", row.customer_id), cells, address(row.customer_id))


def credit_detail(request: HttpRequest, customer_id: str) -> HttpResponse:
    """A customer's limit, exposure and held orders."""
    caller = caller_of(request)
    caller.require("credit.read")
    row = queries.credit_of(key_of("customer", customer_id))
    held = f"{reverse('order_list')}?status=held&q={row.customer_number}"
    facts = (KeyValue(_("Held orders"), Cell(row.held_orders, held)),) if row.held_orders else ()
    page = DocumentPage(
        _("Credit"),
        row.customer_number,
        _state(row),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        actions=_steps(row, caller),
        facts=facts,
        summary=_summary(row),
        timeline=timeline_of([row.customer_id], current=row.customer_id)[-50:],
        notices=(Notice(_("Every new order of this customer is held."), Tone.WARNING),) if row.held else (),
        crumbs=(Crumb(_("Credit"), reverse("credit_standing_list")),),
    )
    return render_document(request, page)


def _summary(row: CreditRow) -> tuple[SummaryRow, ...]:
    exposure = SummaryRow(
        _("Exposure"), Money(row.exposure, row.currency), note=_("orders not yet invoiced, and open invoices")
    )
    if row.limit is None or row.available is None:
        return (exposure,)
    tone = Tone.DANGER if row.available < 0 else Tone.NEUTRAL
    return (
        SummaryRow(_("Limit"), Money(row.limit, row.currency)),
        exposure,
        SummaryRow(_("Available"), MoneyCell(Money(row.available, row.currency), tone=tone), total=True),
    )


def _steps(row: CreditRow, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("credit.write"):
        return ()
    limit = replace(LIMIT, value=row.limit, suffix=row.currency)
    key = public("customer", row.customer_id)
    set_limit = Action(
        _("Set the limit"), reverse("credit_limit", args=[key]), "primary", fields=(limit, REASON), key="l"
    )
    if row.held:
        return set_limit, Action(_("Lift the hold"), reverse("credit_lift_hold", args=[key]), fields=(REASON,))
    return set_limit, Action(_("Put on hold"), reverse("credit_hold", args=[key]), "danger", fields=(REASON,))


def _step_page(sentence: Any, step: Callable[[HttpRequest, Caller, UUID, str], None]) -> Callable[..., HttpResponse]:
    @require_POST
    def page(request: HttpRequest, customer_id: str) -> HttpResponse:
        caller = caller_of(request)
        caller.require("credit.write")
        key = key_of("customer", customer_id)
        reason = said(request.POST, "reason")
        return take_step(request, address(key), str(sentence), lambda: step(request, caller, key, reason))

    return page


def _limit(request: HttpRequest, caller: Caller, key: UUID, reason: str) -> None:
    value = read_dialog(request, LIMIT).decimal("limit")
    actions.set_limit(customer_id=key, limit=value, reason=reason, now=caller.now, actor=caller.actor)


def _hold(_request: HttpRequest, caller: Caller, key: UUID, reason: str) -> None:
    actions.hold_account(customer_id=key, reason=reason, now=caller.now, actor=caller.actor)


def _lift(_request: HttpRequest, caller: Caller, key: UUID, reason: str) -> None:
    actions.lift_hold(customer_id=key, reason=reason, now=caller.now, actor=caller.actor)


URLS = [
    path("credit/", credit_list, name="credit_standing_list"),
    path("credit/<str:customer_id>/", credit_detail, name="credit_detail"),
    path("credit/<str:customer_id>/limit/", _step_page(lazy("The limit is set."), _limit), name="credit_limit"),
    path("credit/<str:customer_id>/hold/", _step_page(lazy("The account is on hold."), _hold), name="credit_hold"),
    path(
        "credit/<str:customer_id>/lift-hold/",
        _step_page(lazy("The hold is lifted."), _lift),
        name="credit_lift_hold",
    ),
]
