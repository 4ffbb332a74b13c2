"""The API of credit notes: given in part or in full, previewed before, and documents of them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from cashline.flow.invoice.credit_notes import actions, queries
from cashline.flow.invoice.credit_notes.queries import CreditNoteRow
from cashline.flow.invoice.credit_notes.rules import CreditRequest, PlannedCreditNote
from cashline.flow.invoice.invoices.actions import DocumentForm
from cashline.flow.invoice.invoices.api import amount_text, explained, file_answer, line_shape, tax_shape
from cashline.flow.invoice.invoices.queries import InvoiceRow, invoice
from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Limit,
    PublicId,
    Reason,
    Sort,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Credit notes"])
type Amount = Annotated[Decimal, Field(gt=0, lt=Decimal("1e15"), max_digits=19, decimal_places=4)]


class CreditLineIn(Closed):
    """How much of an invoice line is taken back, without tax."""

    invoice_line_id: PublicId
    net_amount: Annotated[Decimal, Field(gt=Decimal("-1e15"), lt=Decimal("1e15"), max_digits=19, decimal_places=4)]


class CreditNoteIn(Closed):
    """What to take back of an invoice; without lines all that is left of it.

    What is open of it is settled first, unless all goes `to_balance`; of the rest `refund` is paid out, and what is
    left then pays `to_invoice_id`, or stays as credit of the account. No more is paid out than was paid of the invoice,
    unless `beyond_paid`: what is open of it then stays owed.
    """

    invoice_id: PublicId
    reason: Reason
    lines: Annotated[list[CreditLineIn], Field(min_length=1, max_length=10_000)] | None = None
    to_balance: bool = False
    refund: Annotated[Decimal, Field(ge=0, lt=Decimal("1e15"), max_digits=19, decimal_places=4)] = Decimal(0)
    refund_method: Literal["bank_transfer", "card", "cash", "other"] = "bank_transfer"
    to_invoice_id: PublicId | None = None
    beyond_paid: bool = False

    def request(self) -> CreditRequest:
        """As the rules take it: a concession, which no later bill run bills again."""
        lines = None
        if self.lines is not None:
            lines = tuple((key_of("invoice_line", line.invoice_line_id), line.net_amount) for line in self.lines)
        return CreditRequest(
            key_of("invoice", self.invoice_id),
            self.reason,
            lines,
            to_balance=self.to_balance,
            refund=self.refund,
            refund_method=self.refund_method,
            to_invoice=key_of("invoice", self.to_invoice_id) if self.to_invoice_id else None,
            beyond_paid=self.beyond_paid,
        )


def shape(row: CreditNoteRow) -> dict[str, Any]:
    """A credit note as lists show it."""
    return {
        "id": public("credit_note", row.id),
        "number": row.number,
        "status": row.status,
        "cause": row.cause,
        "reason": row.reason,
        "invoice_id": public("invoice", row.invoice_id),
        "invoice_number": row.invoice_number,
        "entity_id": public("entity", row.entity_id),
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "currency": row.currency,
        "issued_on": row.issued_on,
        "net_total": amount_text(row.net_total, row.currency),
        "tax_total": amount_text(row.tax_total, row.currency),
        "gross_total": amount_text(row.gross_total, row.currency),
        "unapplied_amount": amount_text(row.unapplied_amount, row.currency),
        "created_at": row.created_at,
    }


def preview_shape(plan: PlannedCreditNote) -> dict[str, Any]:
    """A credit note as it would be."""
    currency = plan.invoice.currency
    return {
        "invoice_id": public("invoice", plan.invoice.id),
        "currency": currency,
        "net_total": amount_text(plan.net_total, currency),
        "tax_total": amount_text(plan.tax_total, currency),
        "gross_total": amount_text(plan.gross_total, currency),
        "settles": amount_text(plan.settled, currency),
        "unapplied_amount": amount_text(plan.unapplied, currency),
        "lines": [
            {
                "invoice_line_id": public("invoice_line", line.invoice_line.id),
                "description": line.invoice_line.description,
                "net_amount": amount_text(line.net_amount, currency),
                "tax_amount": amount_text(line.tax_amount, currency),
            }
            for line in plan.lines
        ],
    }


def detail_shape(row: CreditNoteRow) -> dict[str, Any]:
    """A credit note with its lines and taxes."""
    statement = queries.statement_of(row.id)
    return shape(row) | {
        "lines": [line_shape(line, "credit_note_line", row.currency) for line in statement.lines],
        "taxes": [tax_shape(tax, row.currency) for tax in statement.taxes],
    }


def _seen(caller: Caller, credit_note_id: str) -> CreditNoteRow:
    row = queries.credit_note(key_of("credit_note", credit_note_id))
    require_visible(caller, "credit_notes.read", row.entity_id, "credit_note", row.id)
    return row


def creditable_invoice(caller: Caller, invoice_id: str) -> tuple[InvoiceRow, date]:
    """The invoice that the caller may credit, and the business day of its legal entity."""
    row = invoice(key_of("invoice", invoice_id))
    require_visible(caller, "credit_notes.write", row.entity_id, "invoice", row.id)
    return row, caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)


@router.get("/credit-notes")
def credit_note_list(
    request: HttpRequest,
    q: Words = "",
    cause: Annotated[list[Literal["concession", "correction", "void"]], Query()] = [],  # noqa: B006 - read only
    customer_id: PublicId | None = None,
    issued_from: date | None = None,
    issued_before: date | None = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Credit notes, the newest first unless sorted by number, customer, issued_on or gross_total."""
    caller = caller_of(request)
    caller.require("credit_notes.read")
    page = queries.list_credit_notes(
        ask_of(sort, cursor, limit),
        words=q,
        causes=cause,
        customer_id=None if customer_id is None else key_of("customer", customer_id),
        entity_ids=caller.entities("credit_notes.read"),
        issued_from=issued_from,
        issued_to=issued_before,
    )
    return listed(page, shape)


@router.post("/credit-notes", response={201: dict[str, Any]})
def credit_note_create(request: HttpRequest, body: CreditNoteIn) -> tuple[int, dict[str, Any]]:
    """Credit an invoice in part or in full, with the tax it was issued with."""
    caller = caller_of(request)
    _, today = creditable_invoice(caller, body.invoice_id)
    (key,) = actions.issue_credit_notes([body.request()], today=today, now=caller.now, actor=caller.actor)
    return 201, detail_shape(queries.credit_note(key))


@router.post("/credit-note-previews")
def credit_note_preview(request: HttpRequest, body: CreditNoteIn) -> dict[str, Any]:
    """What the credit note would be; nothing is issued."""
    caller = caller_of(request)
    _, today = creditable_invoice(caller, body.invoice_id)
    (plan,) = actions.preview_credit_notes([body.request()], today=today)
    return preview_shape(plan)


@router.post("/invoices/{invoice_id}/void", response={201: dict[str, Any]})
def invoice_void(request: HttpRequest, invoice_id: PublicId, body: Why) -> tuple[int, dict[str, Any]]:
    """Take an invoice back by a full credit note; the next bill run bills anew what the facts still say."""
    caller = caller_of(request)
    row, today = creditable_invoice(caller, invoice_id)
    (key,) = actions.void_invoices([row.id], reason=body.reason, today=today, now=caller.now, actor=caller.actor)
    return 201, detail_shape(queries.credit_note(key))


@router.get("/credit-notes/{credit_note_id}")
def credit_note_show(request: HttpRequest, credit_note_id: PublicId) -> dict[str, Any]:
    """One credit note with its lines and taxes."""
    return detail_shape(_seen(caller_of(request), credit_note_id))


@router.get("/credit-notes/{credit_note_id}/explain")
def credit_note_explain(request: HttpRequest, credit_note_id: PublicId) -> dict[str, Any]:
    """Why each amount is what it is."""
    return explained(queries.statement_of(_seen(caller_of(request), credit_note_id).id))


def _file(request: HttpRequest, credit_note_id: str, form: DocumentForm) -> HttpResponse:
    caller = caller_of(request)
    row = _seen(caller, credit_note_id)
    return file_answer(actions.credit_note_document(row.id, form, now=caller.now))


@router.get("/credit-notes/{credit_note_id}/pdf")
def credit_note_pdf(request: HttpRequest, credit_note_id: PublicId) -> HttpResponse:
    """The PDF, with the credit note as Factur-X inside where EN 16931 can state it."""
    return _file(request, credit_note_id, DocumentForm.PDF)


@router.get("/credit-notes/{credit_note_id}/ubl")
def credit_note_ubl(request: HttpRequest, credit_note_id: PublicId) -> HttpResponse:
    """The credit note in UBL 2.1 by EN 16931."""
    return _file(request, credit_note_id, DocumentForm.UBL)


@router.get("/credit-notes/{credit_note_id}/cii")
def credit_note_cii(request: HttpRequest, credit_note_id: PublicId) -> HttpResponse:
    """The credit note in UN/CEFACT CII by EN 16931."""
    return _file(request, credit_note_id, DocumentForm.CII)
