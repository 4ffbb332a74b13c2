"""The console's page of notices: alerts on charges and wallets, and how long before renewals are told."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.deliver.subscriptions.queries import life, subscription_numbered
from cashline.flow.invoice.credits.queries import wallet
from cashline.flow.invoice.notices import actions, queries
from cashline.flow.invoice.notices.api import seen
from cashline.flow.invoice.notices.queries import AlertRow
from cashline.flow.invoice.notices.rules import MOST_NOTICE_DAYS, AlertKind, NewMoneyAlert
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Pill, Row, Tone
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_list

COLUMNS = (
    Column("name", lazy("Subscription or wallet"), place="title"),
    Column("customer", lazy("Customer")),
    Column("when", lazy("Tells when")),
    Column("threshold", lazy("Amount"), "money", sort=True, place="amount"),
    Column("email", lazy("Whom")),
    Column("state", lazy("State"), "pill", place="state"),
)
WHEN = {"charges": lazy("the next bill reaches"), "wallet": lazy("the balance falls below")}
FIELDS = (
    Field("subject", lazy("Subscription number or wallet id"), max_length=64, width="half"),
    Field("threshold", lazy("Amount"), "decimal", least=0, width="half"),
    Field("email", lazy("Address"), required=False, max_length=254, hint=lazy("Empty: the customer's.")),
)
END = (Field("alert", lazy("Alert"), max_length=64, hint=lazy("Its id, as the export shows it.")),)
RENEWALS = (
    Field("entity", lazy("Legal entity"), max_length=8, placeholder="DE01", width="half"),
    Field("days", lazy("Days before"), "integer", required=False, least=1, most=MOST_NOTICE_DAYS, width="half",
          hint=lazy("Empty: nobody is told.")),
)  # fmt: skip


def money_alert_list(request: HttpRequest) -> HttpResponseBase:
    """Alerts on charges and wallets."""
    caller = caller_of(request)
    caller.require("billing.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_alerts(ask.page, entity_ids=caller.entities("billing.read"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    steps: tuple[Action, ...] = ()
    if caller.authority.allows("billing.run"):
        steps = (
            Action(_("New alert"), reverse("money_alert_new"), "primary", fields=FIELDS, icon="plus", key="n"),
            Action(_("Notices of renewals"), reverse("renewal_notices_set"), fields=RENEWALS, icon="clock"),
            Action(_("End one"), reverse("money_alert_end"), fields=END),
        )
    empty = Empty(
        _("Nobody is told of money to come"),
        _("Somebody can be told when the next bill has grown to an amount, or a wallet runs low."),
        None,
        "clock",
    )
    page = ListPage(
        _("Alerts on money"),
        (*COLUMNS, Column("id", lazy("Alert"), only_export=True)),
        fetch,
        empty=empty,
        actions=steps,
        filename="money-alerts",
    )
    return render_list(request, page)


def _row(row: AlertRow) -> Row:
    state = Pill(_("Waits"), Tone.INFO)
    if row.ended_at is not None:
        state = Pill(_("Ended"))
    elif row.told_for:
        state = Pill(_("Told"), Tone.WARNING)
    key = public("money_alert", row.id)
    cells: dict[str, Any] = {
        "name": row.subject_name,
        "customer": Cell(row.customer_name, sub=row.customer_number),
        "when": WHEN[row.kind],
        "threshold": Money(row.threshold, row.currency),
        "email": row.email,
        "state": state,
        "id": key,
    }
    return Row(key, cells)


@require_POST
def money_alert_new(request: HttpRequest) -> HttpResponse:
    """Set an alert on a subscription by its number, or on a wallet by its id."""
    caller = caller_of(request)
    caller.require("billing.run")

    def step() -> None:
        read = read_dialog(request, *FIELDS)
        text = read.text("subject")
        kind = AlertKind.WALLET if text.startswith("wal_") else AlertKind.CHARGES
        key = key_of("wallet", text) if kind is AlertKind.WALLET else subscription_numbered(text)
        if key is None:
            raise NotFound(f"There is no subscription {text!r}.", field="subject")
        entity = (wallet(key) if kind is AlertKind.WALLET else life(key)).entity_id
        caller.require("billing.run", entity)
        new = NewMoneyAlert(kind, key, read.decimal("threshold") or Decimal(0), read.text("email"))
        actions.set_money_alert(new, now=caller.now, actor=caller.actor)

    return take_step(request, reverse("money_alert_list"), str(_("It is watched from now on.")), step)


@require_POST
def money_alert_end(request: HttpRequest) -> HttpResponse:
    """Let an alert tell no more."""
    caller = caller_of(request)

    def step() -> None:
        row = seen(caller, read_dialog(request, *END).text("alert"), "billing.run")
        actions.end_money_alert(alert_id=row.id, now=caller.now, actor=caller.actor)

    return take_step(request, reverse("money_alert_list"), str(_("It tells no more.")), step)


@require_POST
def renewal_notices_set(request: HttpRequest) -> HttpResponse:
    """Say how long before renewals a legal entity tells its customers."""
    caller = caller_of(request)
    caller.require("billing.run")

    def step() -> None:
        read = read_dialog(request, *RENEWALS)
        entity = entity_by_code(read.text("entity").upper())
        caller.require("billing.run", entity.id)
        actions.set_renewal_notices(entity_id=entity.id, days=read.integer("days"), now=caller.now, actor=caller.actor)

    return take_step(request, reverse("money_alert_list"), str(_("It holds for the renewals to come.")), step)


URLS = [
    path("money-alerts/", money_alert_list, name="money_alert_list"),
    path("money-alerts/new/", money_alert_new, name="money_alert_new"),
    path("money-alerts/end/", money_alert_end, name="money_alert_end"),
    path("money-alerts/renewals/", renewal_notices_set, name="renewal_notices_set"),
]
