"""Wallets that are topped up by a card on file: which, when they are low, how the card does, and setting one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.invoice.credits.queries import CreditFilter, WalletRow, list_wallets, wallet
from cashline.flow.receive.payments import actions, queries
from cashline.flow.receive.payments.actions.wallet_cards import MOST_FAILURES
from cashline.flow.receive.payments.queries import WalletCardRow
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.lists import Ask
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Crumb, Option, Pill, Row, Tone
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_list

CHOICES = 200
"""How many wallets the dialog offers; the API takes any."""
COLUMNS = (
    Column("wallet", lazy("Wallet"), place="title"),
    Column("balance", lazy("Left"), "money", place="amount"),
    Column("below", lazy("When below"), "money"),
    Column("amount", lazy("Charge"), "money"),
    Column("card", lazy("Card")),
    Column("state", lazy("State"), "pill", place="state"),
    Column("next", lazy("Asked again"), "datetime"),
)


def wallet_card_list(request: HttpRequest) -> HttpResponseBase:
    """The wallets that are topped up by themselves."""
    caller = caller_of(request)
    caller.require("payments.read")
    rows = queries.wallet_cards(now=caller.now, entity_ids=caller.entities("payments.read"))

    def fetch(ask: ListAsk) -> RowPage:  # noqa: ARG001 - they stand on one page
        return RowPage(tuple(_row(row) for row in rows))

    steps = _steps(caller, rows)
    empty = Empty(
        _("No wallet is topped up by itself"),
        _("A card on file is charged when a wallet is low, once at a time."),
        steps[0] if steps else None,
        "wallet",
    )
    page = ListPage(
        _("Top-ups by card"),
        COLUMNS,
        fetch,
        empty=empty,
        actions=steps,
        crumbs=(Crumb(_("Wallets"), reverse("wallet_list")),),
        filename="top-ups",
    )
    return render_list(request, page)


def _row(row: WalletCardRow) -> Row:
    state = Pill(_("Enough in it"), Tone.SUCCESS)
    if row.under_way:
        state = Pill(_("Being charged"), Tone.INFO)
    elif row.failures >= MOST_FAILURES:
        state = Pill(_("Card declined, asked no more"), Tone.DANGER)
    elif row.failures:
        state = Pill(_("Card declined"), Tone.WARNING)
    elif row.balance < row.below:
        state = Pill(_("Low"), Tone.WARNING)
    cells: dict[str, Any] = {
        "wallet": Cell(row.name, sub=row.customer_name),
        "balance": Money(row.balance, row.currency),
        "below": Money(row.below, row.currency),
        "amount": Money(row.amount, row.currency),
        "card": Cell(row.card, sub=row.gateway),
        "state": state,
        "next": row.next_try_at if row.failures else None,
    }
    url = reverse("payment_intent_detail", args=[public("payment_intent", row.under_way)]) if row.under_way else ""
    return Row(public("wallet", row.id), cells, url)


def _options(rows: list[WalletRow]) -> tuple[Option, ...]:
    return tuple(Option(public("wallet", row.id), f"{row.customer_name} · {row.name} · {row.currency}") for row in rows)


def _fields(caller: Caller) -> tuple[Field, ...]:
    chosen = CreditFilter(caller.entities("payments.write"))
    found = [row for row in list_wallets(Ask(limit=CHOICES), chosen=chosen).items if row.status == "active"]
    options = _options(found)
    names = actions.gateway_names(sandbox=caller.clock.sandbox)
    gateways = tuple(Option(name, name.capitalize()) for name in names)
    hint = _("The token that the gateway knows the card by: no card number is kept here.")
    return (
        Field("wallet", _("Wallet"), "choice", options=options, value=options[0].value if options else ""),
        Field("below", _("When less is in it than"), "decimal", least=0, width="half"),
        Field("amount", _("Charge"), "decimal", least=0, width="half"),
        Field("gateway", _("Gateway"), "choice", options=gateways, value=names[0] if names else "", width="half"),
        Field("method_token", _("Card"), hint=hint, max_length=255, width="half"),
    )


def _steps(caller: Caller, rows: list[WalletCardRow]) -> tuple[Action, ...]:
    if not caller.authority.allows("payments.write"):
        return ()
    fields = _fields(caller)
    found = []
    if fields[0].options:
        url = reverse("wallet_card_set")
        found.append(Action(_("Top up by card"), url, "primary", fields=fields, icon="credit-card", key="n"))
    if rows:
        options = tuple(Option(public("wallet", row.id), f"{row.customer_name} · {row.name}") for row in rows)
        stop = Field("wallet", _("Wallet"), "choice", options=options, value=options[0].value)
        found.append(Action(_("Stop"), reverse("wallet_card_stop"), "danger", fields=(stop,)))
    return tuple(found)


@require_POST
def wallet_card_set(request: HttpRequest) -> HttpResponse:
    """Set the card that a wallet is topped up from."""
    caller = caller_of(request)
    caller.require("payments.write")

    def step() -> None:
        read = read_dialog(request, *_fields(caller))
        row = wallet(key_of("wallet", read.text("wallet")))
        require_visible(caller, "payments.write", row.entity_id, "wallet", row.id)
        actions.gateways(sandbox=caller.clock.sandbox)(read.text("gateway"))
        actions.set_wallet_card(
            wallet_id=row.id,
            below=read.decimal("below") or row.balance * 0,
            amount=read.decimal("amount") or row.balance * 0,
            gateway=read.text("gateway"),
            method_token=read.text("method_token"),
            now=caller.now,
            actor=caller.actor,
        )

    return take_step(request, reverse("wallet_card_list"), str(_("The card is charged when the wallet is low.")), step)


@require_POST
def wallet_card_stop(request: HttpRequest) -> HttpResponse:
    """Top a wallet up by itself no more."""
    caller = caller_of(request)
    caller.require("payments.write")

    def step() -> None:
        row = wallet(key_of("wallet", str(request.POST.get("wallet", ""))))
        require_visible(caller, "payments.write", row.entity_id, "wallet", row.id)
        actions.stop_top_ups(wallet_id=row.id, now=caller.now, actor=caller.actor)

    return take_step(request, reverse("wallet_card_list"), str(_("The wallet is topped up no more.")), step)
