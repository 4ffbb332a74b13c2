"""The console's pages of credits: what customers have on account and in wallets, and opening a wallet."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.customers.queries import customers_by_reference
from cashline.flow.invoice.credits import actions, queries
from cashline.flow.invoice.credits.queries import CreditFilter, CreditRow, MovementRow, WalletRow
from cashline.flow.invoice.credits.rules import BurnDown, NewWallet
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money, minor_units
from cashline.kernel.refusals import InvalidValue, NotFound, raise_all
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Chart,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Option,
    Pill,
    Row,
    Series,
    Stat,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field, FieldSet, read_form
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of

KINDS = {
    "credit_note": Pill(lazy("Credit note"), Tone.INFO),
    "invoice": Pill(lazy("Invoice below zero"), Tone.INFO),
    "top_up": Pill(lazy("Top-up"), Tone.SUCCESS),
    "promotion": Pill(lazy("Promotion"), Tone.ACCENT),
}
CREDIT_COLUMNS = (
    Column("document", lazy("Document"), "code", place="title"),
    Column("customer", lazy("Customer")),
    Column("kind", lazy("Kind"), "pill", place="state"),
    Column("created_at", lazy("Since"), "datetime", sort=True),
    Column("expires_on", lazy("Expires"), "date"),
    Column("amount", lazy("Amount"), "money"),
    Column("balance", lazy("Left"), "money", sort=True, place="amount"),
)
CREDIT_FILTERS = (
    Filter.search(lazy("Document or customer")),
    Filter.choice("kind", lazy("Kind"), tuple(Option(key, pill.label) for key, pill in KINDS.items())),
)
WALLET_COLUMNS = (
    Column("name", lazy("Name"), sort=True, place="title"),
    Column("customer", lazy("Customer")),
    Column("state", lazy("State"), "pill", place="state"),
    Column("meters", lazy("Only meters")),
    Column("priority", lazy("Priority"), "number"),
    Column("balance", lazy("Balance"), "money", place="amount"),
)
STATES = {"active": Pill(lazy("Active"), Tone.SUCCESS), "closed": Pill(lazy("Closed"))}
FIELDS = (
    Field("customer", lazy("Customer number"), max_length=60, width="half"),
    Field("entity", lazy("Legal entity"), max_length=8, placeholder="DE01", width="quarter"),
    Field("currency", lazy("Currency"), max_length=3, placeholder="EUR", width="quarter"),
    Field("name", lazy("Name"), max_length=200, value="Prepaid", width="half"),
    Field("meters", lazy("Only meters"), required=False, hint=lazy("Codes, with commas between."), width="half"),
)


def credit_list(request: HttpRequest) -> HttpResponseBase:
    """Credits of accounts and in wallets that the caller may see."""
    caller = caller_of(request)
    caller.require("credits.read")

    def fetch(ask: ListAsk) -> RowPage:
        chosen = CreditFilter(caller.entities("credits.read"), kinds=ask.choices("kind"), words=ask.text())
        page = queries.list_credits(ask.page, chosen=chosen)
        return RowPage(tuple(_credit(row) for row in page.items), page.next_cursor)

    wallets = Action.link(_("Wallets"), reverse("wallet_list"), icon="wallet")
    empty = Empty(
        _("No credit here"),
        _("What a credit note leaves, an invoice below zero and prepaid money stand here."),
        wallets,
        "wallet",
    )
    page = ListPage(
        _("Credits"), CREDIT_COLUMNS, fetch, CREDIT_FILTERS, empty=empty, actions=(wallets,), filename="credits"
    )
    return render_list(request, page)


def _credit(row: CreditRow) -> Row:
    cells: dict[str, Any] = {
        "document": row.document_number,
        "customer": Cell(row.customer_name, sub=row.customer_number),
        "kind": KINDS[row.kind],
        "created_at": row.created_at,
        "expires_on": row.expires_on,
        "amount": Money(row.amount, row.currency),
        "balance": Money(row.balance, row.currency),
    }
    return Row(public("credit", row.id), cells)


def wallet_list(request: HttpRequest) -> HttpResponseBase:
    """Prepaid wallets that the caller may see."""
    caller = caller_of(request)
    caller.require("credits.read")

    def fetch(ask: ListAsk) -> RowPage:
        chosen = CreditFilter(caller.entities("credits.read"), words=ask.text())
        page = queries.list_wallets(ask.page, chosen=chosen)
        return RowPage(tuple(_wallet(row) for row in page.items), page.next_cursor)

    new = Action(_("Open a wallet"), reverse("wallet_new"), "primary", fields=FIELDS, icon="plus", key="n")
    cards = Action.link(_("Top-ups by card"), reverse("wallet_card_list"), icon="credit-card")
    may = caller.authority.allows("credits.write")
    empty = Empty(_("No wallets yet"), _("Prepaid money pays invoices as they are issued."), new if may else None)
    page = ListPage(
        _("Wallets"),
        WALLET_COLUMNS,
        fetch,
        (Filter.search(lazy("Name or customer")),),
        empty=empty,
        actions=(new, cards) if may else (cards,),
        filename="wallets",
    )
    return render_list(request, page)


def _wallet(row: WalletRow) -> Row:
    cells: dict[str, Any] = {
        "name": row.name,
        "customer": Cell(row.customer_name, sub=row.customer_number),
        "state": STATES[row.status],
        "meters": ", ".join(row.meters) or str(_("everything")),
        "priority": row.priority,
        "balance": Money(row.balance, row.currency),
    }
    key = public("wallet", row.id)
    return Row(key, cells, reverse("wallet_detail", args=[key]))


MOVEMENTS = (
    Column("day", lazy("Day"), "date", place="title"),
    Column("what", lazy("What")),
    Column("invoice", lazy("Invoice"), "code"),
    Column("amount", lazy("Amount"), "money", place="amount"),
)
MOVES = {
    "granted": lazy("Put in"),
    "applied": lazy("Paid an invoice"),
    "refunded": lazy("Paid out"),
    "expired": lazy("Expired"),
}


def wallet_detail(request: HttpRequest, wallet_id: str) -> HttpResponse:
    """One wallet: what is left, how fast it is drawn on, by when it is empty, and every movement."""
    caller = caller_of(request)
    row = queries.wallet(key_of("wallet", wallet_id))
    require_visible(caller, "credits.read", row.entity_id, "wallet", row.id)
    today = caller.today()
    found = queries.burn_down_of(row, today)
    days = queries.balances_by_day(row.id, since=today - timedelta(days=found.days), until=today)
    money = [round_to(value, minor_units(row.currency)) for _day, value in days]
    chart = Chart(
        _("What was left"),
        "area",
        _("The balance at the end of each day."),
        tuple(day.isoformat() for day, _value in days),
        (Series(_("Left"), tuple(money)),),
        unit=row.currency,
        height=200,
    )
    moves = tuple(_move(one, row.currency) for one in queries.movements_in(row.id))
    page = DocumentPage(
        _("Wallet"),
        row.name,
        STATES[row.status],
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        stats=_paces(found, row.currency),
        facts=(
            KeyValue(_("Only meters"), ", ".join(row.meters) or _("everything")),
            KeyValue(_("Priority"), row.priority),
        ),
        sections=(
            Section(_("What was left"), chart=chart),
            Section(_("Movements"), Table(MOVEMENTS, moves, empty=_("Nothing moved yet."))),
        ),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Wallets"), reverse("wallet_list")),),
    )
    return render_document(request, page)


def _paces(found: BurnDown, currency: str) -> tuple[Stat, ...]:
    hint = _("Of the last %(days)s days.") % {"days": found.days}
    stats = [
        Stat(_("Left"), Money(found.balance, currency)),
        Stat(_("Drawn a day"), Money(found.per_day, currency), hint=hint),
        Stat(_("Empty on"), found.empty_on or "–", hint=_("At that pace.")),
    ]
    if found.unused:
        stats.append(Stat(_("Would expire unused"), Money(found.unused, currency), tone=Tone.WARNING))
    return tuple(stats)


def _move(one: MovementRow, currency: str) -> Row:
    cells: dict[str, Any] = {
        "day": one.moved_on,
        "what": Cell(MOVES[one.kind], sub=one.reason),
        "invoice": one.invoice_number,
        "amount": Money(one.amount, currency),
    }
    url = address_of("invoice", one.invoice_id) if one.invoice_id else ""
    return Row(str(one.id), cells, url)


@require_POST
def wallet_new(request: HttpRequest) -> HttpResponse:
    """Open a wallet."""
    caller = caller_of(request)
    caller.require("credits.write")
    read = read_form(request.POST, (FieldSet("", FIELDS),))

    def step() -> None:
        raise_all(InvalidValue(error.message, field=error.field) for error in read.errors)
        entity = entity_by_code(read.text("entity"))
        caller.require("credits.write", entity.id)
        number = read.text("customer")
        found = customers_by_reference([number]).get(number)
        if found is None:
            raise NotFound(f"There is no customer {number!r}.", field="customer")
        meters = tuple(code.strip() for code in read.text("meters").split(",") if code.strip())
        new = NewWallet(entity.id, found.id, read.text("currency").upper(), read.text("name"), meters=meters)
        actions.open_wallets([new], now=caller.now, actor=caller.actor)

    return take_step(request, reverse("wallet_list"), str(_("The wallet is open.")), step)


URLS = [
    path("credits/", credit_list, name="credit_list"),
    path("wallets/", wallet_list, name="wallet_list"),
    path("wallets/new/", wallet_new, name="wallet_new"),
    path("wallets/<str:wallet_id>/", wallet_detail, name="wallet_detail"),
]
