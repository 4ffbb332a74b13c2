"""The API of invoices: lists, documents, files, and why each amount is what it is."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from ninja import Query, Router

from cashline.flow.invoice.invoices import queries
from cashline.flow.invoice.invoices.actions import DocumentForm, invoice_document
from cashline.flow.invoice.invoices.queries import InvoiceFilter, InvoiceRow
from cashline.flow.invoice.invoices.rules.explaining import explain
from cashline.flow.invoice.invoices.rules.stating import StatedLine, StatedTax, Statement
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.documents.queries import StoredContent
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    CurrencyCode,
    Cursor,
    Limit,
    PublicId,
    Sort,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Invoices"])
type State = Literal["open", "overdue", "paid", "void"]
States = Annotated[list[State], Query(description="Paid and overdue follow from the open amount and the day.")]
Amount = Annotated[Decimal | None, Query(ge=0, max_digits=19, decimal_places=4)]


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount as the API writes it: a string with the decimals of its currency."""
    return f"{round_to(amount, minor_units(currency)):f}"


def shape(row: InvoiceRow, today: date) -> dict[str, Any]:
    """An invoice as lists show it."""
    return {
        "id": public("invoice", row.id),
        "number": row.number,
        "status": row.status,
        "overdue": row.is_overdue(today),
        "entity_id": public("entity", row.entity_id),
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "agreement_id": public("agreement", row.agreement_id) if row.agreement_id else None,
        "bill_run_id": public("bill_run", row.bill_run_id) if row.bill_run_id else None,
        "currency": row.currency,
        "issued_on": row.issued_on,
        "due_on": row.due_on,
        "supply_on": row.supply_on,
        "net_total": amount_text(row.net_total, row.currency),
        "tax_total": amount_text(row.tax_total, row.currency),
        "gross_total": amount_text(row.gross_total, row.currency),
        "open_amount": amount_text(row.open_amount, row.currency),
        "created_at": row.created_at,
    }


def line_shape(line: StatedLine, kind: str, currency: str) -> dict[str, Any]:
    """A line of an invoice or credit note."""
    return {
        "id": public(kind, line.id),
        "line_no": line.line_no,
        "sku": line.sku,
        "description": line.description,
        "quantity": f"{line.quantity:f}",
        "unit": line.unit,
        "unit_price": f"{line.unit_price:f}",
        "net_amount": amount_text(line.net_amount, currency),
        "tax_code": line.tax_code,
        "tax_rate": f"{line.tax_rate:f}",
        "period_start": line.period.start if line.period else None,
        "period_end": line.period.end if line.period else None,
        "revision": line.revision,
    }


def tax_shape(tax: StatedTax, currency: str) -> dict[str, Any]:
    """The tax of one code and rate."""
    return {
        "code": tax.code,
        "rate": f"{tax.rate:f}",
        "base": amount_text(tax.base, currency),
        "tax": amount_text(tax.tax, currency),
        "reason": tax.reason,
        "reason_code": tax.vatex,
        "basis": tax.basis,
    }


def explained(statement: Statement) -> dict[str, Any]:
    """Every amount of a document with its words and its derivation."""
    return {
        "number": statement.number,
        "amounts": [
            {
                "name": item.name,
                "label": item.label,
                "amount": amount_text(item.amount, statement.currency),
                "words": item.words,
                "derivation": item.derivation.as_json(),
            }
            for item in explain(statement, get_language() or "en")
        ],
    }


def file_answer(stored: StoredContent) -> HttpResponse:
    """A stored file as a download."""
    answer = HttpResponse(stored.content, content_type=stored.file.media_type)
    answer["Content-Disposition"] = f'attachment; filename="{stored.file.file_name}"'
    answer["ETag"] = f'"{stored.file.sha256}"'
    return answer


def _seen(caller: Caller, invoice_id: str) -> InvoiceRow:
    row = queries.invoice(key_of("invoice", invoice_id))
    require_visible(caller, "invoices.read", row.entity_id, "invoice", row.id)
    return row


@router.get("/invoices")
def invoice_list(
    request: HttpRequest,
    q: Words = "",
    state: States = [],  # noqa: B006 - read only, and shown in the description
    currency: Annotated[list[CurrencyCode], Query()] = [],  # noqa: B006
    customer_id: PublicId | None = None,
    agreement_id: PublicId | None = None,
    bill_run_id: PublicId | None = None,
    issued_from: date | None = None,
    issued_before: date | None = None,
    due_from: date | None = None,
    due_before: date | None = None,
    least: Amount = None,
    most: Amount = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Issued invoices, newest first unless sorted: number, customer, issued_on, due_on or gross_total."""
    caller = caller_of(request)
    caller.require("invoices.read")
    chosen = InvoiceFilter(
        words=q,
        states=state,
        currencies=currency,
        customer_id=_key("customer", customer_id),
        agreement_id=_key("agreement", agreement_id),
        bill_run_id=_key("bill_run", bill_run_id),
        entity_ids=caller.entities("invoices.read"),
        issued_from=issued_from,
        issued_to=issued_before,
        due_from=due_from,
        due_to=due_before,
        least=least,
        most=most,
    )
    today = caller.today()
    page = queries.list_invoices(ask_of(sort, cursor, limit), chosen, today=today)
    return listed(page, lambda row: shape(row, today))


def _key(kind: str, text: str | None) -> UUID | None:
    return None if text is None else key_of(kind, text)


@router.get("/receivables")
def receivables(request: HttpRequest) -> dict[str, Any]:
    """What is open and overdue in all, by currency."""
    caller = caller_of(request)
    caller.require("invoices.read")
    rows = queries.receivable_totals(entity_ids=caller.entities("invoices.read"), today=caller.today())
    return {
        "items": [
            {
                "currency": row.currency,
                "invoices": row.count,
                "open_amount": amount_text(row.open_amount, row.currency),
                "overdue_amount": amount_text(row.overdue_amount, row.currency),
            }
            for row in rows
        ]
    }


@router.get("/invoices/{invoice_id}")
def invoice_show(request: HttpRequest, invoice_id: PublicId) -> dict[str, Any]:
    """One invoice with its lines and taxes."""
    caller = caller_of(request)
    row = _seen(caller, invoice_id)
    statement = queries.statement_of(row.id)
    return shape(row, caller.today()) | {
        "purchase_order": statement.purchase_order,
        "orders": list(statement.order_numbers),
        "agreement_number": statement.agreement_number,
        "lines": [line_shape(line, "invoice_line", row.currency) for line in statement.lines],
        "taxes": [tax_shape(tax, row.currency) for tax in statement.taxes],
    }


@router.get("/invoices/{invoice_id}/explain")
def invoice_explain(request: HttpRequest, invoice_id: PublicId) -> dict[str, Any]:
    """Why each amount is what it is: a sentence, and the derivation from which anyone can recompute it."""
    row = _seen(caller_of(request), invoice_id)
    return explained(queries.statement_of(row.id))


def _file(request: HttpRequest, invoice_id: str, form: DocumentForm) -> HttpResponse:
    caller = caller_of(request)
    row = _seen(caller, invoice_id)
    return file_answer(invoice_document(row.id, form, now=caller.now))


@router.get("/invoices/{invoice_id}/pdf")
def invoice_pdf(request: HttpRequest, invoice_id: PublicId) -> HttpResponse:
    """The PDF, with the invoice as Factur-X inside where EN 16931 can state it."""
    return _file(request, invoice_id, DocumentForm.PDF)


@router.get("/invoices/{invoice_id}/ubl")
def invoice_ubl(request: HttpRequest, invoice_id: PublicId) -> HttpResponse:
    """The invoice in UBL 2.1 by EN 16931."""
    return _file(request, invoice_id, DocumentForm.UBL)


@router.get("/invoices/{invoice_id}/cii")
def invoice_cii(request: HttpRequest, invoice_id: PublicId) -> HttpResponse:
    """The invoice in UN/CEFACT CII by EN 16931."""
    return _file(request, invoice_id, DocumentForm.CII)
