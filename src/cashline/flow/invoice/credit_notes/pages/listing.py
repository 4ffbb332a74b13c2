"""The list of credit notes."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.invoice.credit_notes import queries
from cashline.flow.invoice.credit_notes.queries import CreditNoteRow
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Filter, Option, Pill, Row, Tone
from cashline.platform.pages.render import render_list

CAUSE_PILLS = {
    "concession": Pill(lazy("Concession"), Tone.ACCENT),
    "correction": Pill(lazy("Correction"), Tone.INFO),
    "void": Pill(lazy("Voids the invoice"), Tone.DANGER),
}
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("customer", lazy("Customer")),
    Column("invoice", lazy("Invoice"), "code"),
    Column("cause", lazy("Cause"), "pill", place="state"),
    Column("issued_on", lazy("Issued"), "date", sort=True),
    Column("reason", lazy("Reason"), place="hidden"),
    Column("gross_total", lazy("Total"), "money", sort=True, place="amount"),
    Column("unapplied_amount", lazy("To the account"), "money"),
)
FILTERS = (
    Filter.search(lazy("Number, invoice, customer or reason")),
    Filter.choice("cause", lazy("Cause"), tuple(Option(key, shown.label) for key, shown in CAUSE_PILLS.items())),
    Filter.dates("issued_on", lazy("Issued")),
)


def credit_note_list(request: HttpRequest) -> HttpResponseBase:
    """All credit notes that the caller may see."""
    caller = caller_of(request)
    caller.require("credit_notes.read")

    def fetch(ask: ListAsk) -> RowPage:
        issued = ask.date_range("issued_on")
        page = queries.list_credit_notes(
            ask.page,
            words=ask.text(),
            causes=ask.choices("cause"),
            entity_ids=caller.entities("credit_notes.read"),
            issued_from=issued.start,
            issued_to=issued.end,
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    empty = Empty(
        _("No credit notes here"),
        _("A credit note is given from its invoice, or by a bill run where what was billed turned out too much."),
        Action.link(_("Invoices"), reverse("invoice_list"), icon="receipt-text"),
        "file-minus",
    )
    return render_list(
        request, ListPage(_("Credit notes"), COLUMNS, fetch, FILTERS, empty=empty, filename="credit-notes")
    )


def _row(row: CreditNoteRow) -> Row:
    cells: dict[str, Any] = {
        "number": row.number,
        "customer": Cell(row.customer_name, sub=row.customer_number),
        "invoice": row.invoice_number,
        "cause": CAUSE_PILLS[row.cause],
        "issued_on": row.issued_on,
        "reason": row.reason,
        "gross_total": Money(row.gross_total, row.currency),
        "unapplied_amount": Money(row.unapplied_amount, row.currency) if row.unapplied_amount else None,
    }
    key = public("credit_note", row.id)
    return Row(key, cells, reverse("credit_note_detail", args=[key]))
