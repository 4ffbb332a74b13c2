"""The list of invoices: what is open, what is overdue, and how much of it."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from cashline.flow.invoice.invoices import queries
from cashline.flow.invoice.invoices.queries import InvoiceFilter, InvoiceRow, ReceivableTotals
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Filter,
    Option,
    Pill,
    Row,
    Stat,
    Tone,
    View,
    pill,
)
from cashline.platform.pages.formats import with_instant
from cashline.platform.pages.render import render_list
from cashline.platform.snapshots.actions import look
from cashline.platform.snapshots.rules import Shown

STATES = (
    Option("open", lazy("Open")),
    Option("overdue", lazy("Overdue")),
    Option("paid", lazy("Settled")),
    Option("void", lazy("Void")),
)
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("customer", lazy("Customer")),
    Column("state", lazy("State"), "pill", place="state"),
    Column("issued_on", lazy("Issued"), "date", sort=True),
    Column("due_on", lazy("Due"), "date", sort=True),
    Column("net_total", lazy("Net"), "money", place="hidden"),
    Column("tax_total", lazy("Tax"), "money", only_export=True),
    Column("gross_total", lazy("Total"), "money", sort=True, place="amount"),
    Column("open_amount", lazy("Open"), "money"),
    Column("customer_number", lazy("Customer number"), only_export=True),
)
FILTERS = (
    Filter.search(lazy("Number or customer")),
    Filter.choice("state", lazy("State"), STATES),
    Filter.dates("issued_on", lazy("Issued")),
    Filter.dates("due_on", lazy("Due")),
    Filter.amounts("gross_total", lazy("Total")),
)


def state_of(row: InvoiceRow, today: date) -> Pill:
    """Paid and overdue are no statuses: they follow from the open amount and the day."""
    if row.status == "void":
        return pill("void", lazy("Void"))
    if row.is_overdue(today):
        days = (today - row.due_on).days
        return Pill(ngettext("%(days)s day late", "%(days)s days late", days) % {"days": days}, Tone.WARNING)
    if row.open_amount == 0:
        return Pill(lazy("Settled"), Tone.SUCCESS)
    if row.open_amount < row.gross_total:
        return Pill(lazy("Partly settled"), Tone.ACCENT)
    return Pill(lazy("Open"), Tone.INFO)


def invoice_list(request: HttpRequest) -> HttpResponseBase:
    """Issued invoices; `?run=` and `?agreement=` narrow them to those of a bill run or an agreement."""
    caller = caller_of(request)
    caller.require("invoices.read")
    run, agreement = request.GET.get("run", ""), request.GET.get("agreement", "")

    def fetch(ask: ListAsk) -> RowPage:
        issued, due, total = ask.date_range("issued_on"), ask.date_range("due_on"), ask.amount_range("gross_total")
        chosen = InvoiceFilter(
            words=ask.text(),
            states=ask.choices("state"),
            bill_run_id=key_of("bill_run", run) if run else None,
            agreement_id=key_of("agreement", agreement) if agreement else None,
            entity_ids=caller.entities("invoices.read"),
            issued_from=issued.start,
            issued_to=issued.end,
            due_from=due.start,
            due_to=due.end,
            least=total.least,
            most=total.most,
        )
        page = queries.list_invoices(ask.page, chosen, today=caller.today())
        return RowPage(tuple(_row(row, caller.today()) for row in page.items), page.next_cursor)

    empty = Empty(
        _("No invoices here"),
        _("An invoice is issued when something was delivered and a bill run finds it."),
        Action.link(_("Bill now"), reverse("bill_run_new"), icon="play"),
        "receipt-text",
    )
    totals = _totals(caller)
    bill = Action.link(_("Bill now"), reverse("bill_run_new"), icon="play", primary=True, key="n")
    page = ListPage(
        _("Invoices"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=empty,
        views=_views(request),
        actions=(bill,) if caller.authority.allows("billing.run") else (),
        stats=_stats(totals),
        subtitle=with_instant(_("Totals"), totals) if totals and totals.kept else "",
        filename="invoices",
    )
    return render_list(request, page)


def _row(row: InvoiceRow, today: date) -> Row:
    cells: dict[str, Any] = {
        "number": row.number,
        "customer": Cell(row.customer_name, sub=row.customer_number),
        "state": state_of(row, today),
        "issued_on": row.issued_on,
        "due_on": row.due_on,
        "net_total": Money(row.net_total, row.currency),
        "tax_total": Money(row.tax_total, row.currency),
        "gross_total": Money(row.gross_total, row.currency),
        "open_amount": Money(row.open_amount, row.currency),
        "customer_number": row.customer_number,
    }
    key = public("invoice", row.id)
    return Row(key, cells, reverse("invoice_detail", args=[key]))


def _views(request: HttpRequest) -> tuple[View, ...]:
    found = [View(_("All"), reverse("invoice_list"), not request.GET)]
    for option in STATES:
        asked = urlencode({"state": option.value})
        found.append(View(option.label, f"{reverse('invoice_list')}?{asked}", request.GET.urlencode() == asked))
    return tuple(found)


def _totals(caller: Caller) -> Shown[list[ReceivableTotals]] | None:
    mine = caller.entities("invoices.read")
    asked = queries.ReceivablesAsked(None if mine is None else tuple(mine))
    return look(queries.RECEIVABLES, asked, timezone="UTC", now=caller.now, actor=caller.actor)


def _stats(totals: Shown[list[ReceivableTotals]] | None) -> tuple[Stat, ...]:
    """What is open and overdue, by currency; the three largest stand out. Nothing while they are being counted."""
    found: list[Stat] = []
    for row in sorted(totals.answer if totals else [], key=lambda row: -row.open_amount)[:3]:
        found += [_open_stat(row), _overdue_stat(row)]
    return tuple(found)


def _open_stat(row: ReceivableTotals) -> Stat:
    words = ngettext("%(count)s invoice", "%(count)s invoices", row.count) % {"count": row.count}
    return Stat(_("Open"), Money(row.open_amount, row.currency), f"{reverse('invoice_list')}?state=open", words)


def _overdue_stat(row: ReceivableTotals) -> Stat:
    words = ngettext("%(count)s invoice", "%(count)s invoices", row.overdue) % {"count": row.overdue}
    tone = Tone.WARNING if row.overdue else Tone.NEUTRAL
    url = f"{reverse('invoice_list')}?state=overdue"
    return Stat(_("Overdue"), Money(row.overdue_amount, row.currency), url, words, tone)
