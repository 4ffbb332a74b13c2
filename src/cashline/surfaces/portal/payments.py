"""What the customer has paid, and what each payment settled."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import entities_by_id
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    CellValue,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Pill,
    Row,
    SummaryRow,
    Table,
    Tone,
)
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.frame import frame_for, portal_frame, visitor
from cashline.surfaces.portal.parts import method_word, money
from cashline.surfaces.portal.queries import paying
from cashline.surfaces.portal.queries.paying import AllocationRow, PaymentRow

COLUMNS = (
    Column("number", gettext_lazy("Payment"), "code", sort=True, place="title"),
    Column("method", gettext_lazy("How")),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("received_on", gettext_lazy("Received"), "date", sort=True),
    Column("unapplied", gettext_lazy("On account"), "money", place="hidden"),
    Column("amount", gettext_lazy("Amount"), "money", sort=True, place="amount"),
)


def payment_list(request: HttpRequest) -> HttpResponseBase:
    """All payments of the customer."""
    who = visitor(request)

    def fetch(ask: ListAsk) -> RowPage:
        with as_portal(who.customer_id):
            page = paying.find_payments(ask.page, who.customer_id, words=ask.text())
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    page = ListPage(
        _("Payments"),
        COLUMNS,
        fetch,
        (Filter.search(_("Number")),),
        "-received_on",
        empty=Empty(_("No payment yet"), _("What you paid stands here once it has arrived."), icon="credit-card"),
        filename="payments",
    )
    return render_list(request, page, portal=portal_frame(who))


def _row(row: PaymentRow) -> Row:
    cells: dict[str, CellValue] = {
        "number": row.number,
        "method": method_word(row.method),
        "state": payment_pill(row.status),
        "received_on": row.received_on,
        "unapplied": money(row.unapplied_amount, row.currency) if row.unapplied_amount else None,
        "amount": money(row.amount, row.currency),
    }
    key = public("payment", row.id)
    return Row(key, cells, reverse("portal_payment", args=[key]))


def payment_pill(status: str) -> Pill:
    """Where a payment stands, in the customer's words."""
    known = {
        "succeeded": Pill(_("Received"), Tone.SUCCESS),
        "partially_refunded": Pill(_("Partly given back"), Tone.WARNING),
        "refunded": Pill(_("Given back")),
        "chargeback": Pill(_("Called back by your bank"), Tone.DANGER),
        "reversed": Pill(_("Taken back")),
    }
    return known.get(status, Pill(status.replace("_", " ").capitalize()))


def payment_detail(request: HttpRequest, payment_id: str) -> HttpResponse:
    """One payment and the invoices that it settled."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = paying.payment(key_of("payment", payment_id))
        entity = entities_by_id([row.entity_id])[row.entity_id]
        settled = paying.allocations(row.id)
    summary = [SummaryRow(_("Received"), money(row.amount, row.currency))]
    if row.refunded_amount:
        summary.append(SummaryRow(_("Given back"), money(-row.refunded_amount, row.currency)))
    summary.append(SummaryRow(_("On your account"), money(row.unapplied_amount, row.currency), total=True))
    page = DocumentPage(
        _("Payment"),
        row.number,
        payment_pill(row.status),
        facts=(KeyValue(_("Received"), row.received_on), KeyValue(_("How"), method_word(row.method))),
        sections=(Section(_("What it paid"), _table(row, settled)),),
        summary=tuple(summary),
        crumbs=(Crumb(_("Payments"), reverse("portal_payment_list")),),
    )
    return render_document(request, page, portal=frame_for(entity))


def _table(row: PaymentRow, settled: list[AllocationRow]) -> Table:
    rows = tuple(
        Row(
            str(one.invoice_id),
            {
                "invoice": one.invoice_number,
                "waived": money(one.write_off_amount, row.currency) if one.write_off_amount else None,
                "amount": money(one.amount, row.currency),
            },
            reverse("portal_invoice", args=[public("invoice", one.invoice_id)]),
        )
        for one in settled
    )
    columns = (
        Column("invoice", _("Invoice"), "code", place="title"),
        Column("waived", _("Waived"), "money", place="hidden"),
        Column("amount", _("Amount"), "money", place="amount"),
    )
    return Table(columns, rows, empty=_("It lies on your account, and pays the next invoice."))
