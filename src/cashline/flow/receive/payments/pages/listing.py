"""The list of payments: what came in, and what lies on account."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions import METHODS
from cashline.flow.receive.payments.queries import PaymentFilter, PaymentRow
from cashline.flow.receive.payments.rules import PaymentStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Filter, Option, Pill, Row, Stat, Tone, View, pill
from cashline.platform.pages.render import render_list

METHOD_WORDS = {
    "bank_transfer": lazy("Bank transfer"),
    "card": lazy("Card"),
    "direct_debit": lazy("Direct debit"),
    "cash": lazy("Cash"),
    "other": lazy("Other"),
    "tax_withheld": lazy("Tax withheld"),
}
METHOD_OPTIONS = tuple(Option(method, METHOD_WORDS[method]) for method in METHODS)
STATUS_WORDS = {
    PaymentStatus.SUCCEEDED: lazy("Received"),
    PaymentStatus.PARTIALLY_REFUNDED: lazy("Partly refunded"),
    PaymentStatus.REFUNDED: lazy("Refunded"),
    PaymentStatus.CHARGEBACK: lazy("Charged back"),
    PaymentStatus.REVERSED: lazy("Reversed"),
}
TONES = {
    PaymentStatus.SUCCEEDED: Tone.SUCCESS,
    PaymentStatus.PARTIALLY_REFUNDED: Tone.WARNING,
    PaymentStatus.REFUNDED: Tone.NEUTRAL,
    PaymentStatus.CHARGEBACK: Tone.DANGER,
    PaymentStatus.REVERSED: Tone.NEUTRAL,
}
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("customer", lazy("Customer"), sort=True),
    Column("state", lazy("State"), "pill", place="state"),
    Column("received_on", lazy("Received"), "date", sort=True),
    Column("method", lazy("Method")),
    Column("amount", lazy("Amount"), "money", sort=True, place="amount"),
    Column("unapplied", lazy("On account"), "money"),
    Column("gateway_reference", lazy("Reference at the gateway"), only_export=True),
)
FILTERS = (
    Filter.search(lazy("Number, customer or reference")),
    Filter.choice(
        "status", lazy("State"), tuple(Option(status.value, words) for status, words in STATUS_WORDS.items())
    ),
    Filter.choice("method", lazy("Method"), METHOD_OPTIONS),
    Filter.choice(
        "rest",
        lazy("To do"),
        (
            Option("unapplied", lazy("Something lies on account")),
            Option("uncertified", lazy("Tax withheld without a certificate")),
        ),
    ),
    Filter.dates("received_on", lazy("Received")),
    Filter.amounts("amount", lazy("Amount")),
)


def state_of(row: PaymentRow) -> Pill:
    """Where a payment stands, in a word."""
    status = PaymentStatus(row.status)
    return Pill(STATUS_WORDS[status], TONES[status]) if status in STATUS_WORDS else pill(row.status)


def payment_list(request: HttpRequest) -> HttpResponseBase:
    """Payments; `?customer=` narrows them to those of a customer."""
    caller = caller_of(request)
    caller.require("payments.read")
    customer = request.GET.get("customer", "")

    def fetch(ask: ListAsk) -> RowPage:
        received, amount = ask.date_range("received_on"), ask.amount_range("amount")
        chosen = PaymentFilter(
            words=ask.text(),
            entities=caller.entities("payments.read"),
            customer_id=key_of("customer", customer) if customer else None,
            statuses=ask.choices("status"),
            methods=ask.choices("method"),
            unapplied="unapplied" in ask.choices("rest"),
            uncertified="uncertified" in ask.choices("rest"),
            received_from=received.start,
            received_to=received.end,
            least=amount.least,
            most=amount.most,
        )
        page = queries.list_payments(ask.page, chosen)
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    may = caller.authority.allows("payments.write")
    new = Action.link(_("Record a payment"), reverse("payment_new"), icon="plus", primary=True, key="n")
    empty = Empty(
        _("No payments here"),
        _("They come from bank statements, card charges, or are recorded by hand."),
        new if may else None,
        "hand-coins",
    )
    page = ListPage(
        _("Payments"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=empty,
        views=_views(request),
        actions=(new,) if may else (),
        stats=_stats(caller),
        filename="payments",
    )
    return render_list(request, page)


def _row(row: PaymentRow) -> Row:
    key = public("payment", row.id)
    cells: dict[str, Any] = {
        "number": row.number,
        "customer": row.customer_name,
        "state": state_of(row),
        "received_on": row.received_on,
        "method": Cell(METHOD_WORDS.get(row.method, row.method), sub=row.gateway),
        "amount": Money(row.amount, row.currency),
        "unapplied": Money(row.unapplied_amount, row.currency) if row.unapplied_amount else None,
        "gateway_reference": row.gateway_reference,
    }
    return Row(key, cells, reverse("payment_detail", args=[key]))


def _views(request: HttpRequest) -> tuple[View, ...]:
    here, query = reverse("payment_list"), urlencode({"rest": "unapplied"})
    on_account = request.GET.getlist("rest") == ["unapplied"]
    return (
        View(_("All"), here, not on_account),
        View(_("On account"), f"{here}?{query}", on_account),
        View(_("Card charges"), reverse("payment_intent_list")),
    )


def _stats(caller: Caller) -> tuple[Stat, ...]:
    totals = queries.payment_totals(PaymentFilter(entities=caller.entities("payments.read"), unapplied=True))
    address = f"{reverse('payment_list')}?rest=unapplied"
    return tuple(
        Stat(
            _("On account in %(currency)s") % {"currency": total.currency},
            Money(total.unapplied_amount, total.currency),
            address,
            tone=Tone.WARNING,
        )
        for total in totals
    )
