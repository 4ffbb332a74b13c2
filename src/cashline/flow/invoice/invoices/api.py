"""The API of invoices: lists, documents, files, and why each amount is what it is."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.agree.catalog.rules import ProductKind, TaxCategory
from cashline.flow.invoice.invoices import queries
from cashline.flow.invoice.invoices.actions import (
    DocumentForm,
    invoice_document,
    issue_invoices,
    pay_by_credit,
    preview_invoices,
)
from cashline.flow.invoice.invoices.queries import InvoiceFilter, InvoiceRow
from cashline.flow.invoice.invoices.rules.changing import compare
from cashline.flow.invoice.invoices.rules.drafts import DraftInvoice, PreparedInvoice
from cashline.flow.invoice.invoices.rules.explaining import explain
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of
from cashline.flow.invoice.invoices.rules.stating import StatedLine, StatedTax, Statement
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import entity_by_code
from cashline.platform.documents.queries import StoredContent
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    EntityCode,
    Limit,
    PublicId,
    Quantity,
    Sort,
    UnitPrice,
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
        "kind": row.kind,
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
        "discount_total": amount_text(row.discount_total, row.currency),
        "net_total": amount_text(row.net_total, row.currency),
        "tax_total": amount_text(row.tax_total, row.currency),
        "gross_total": amount_text(row.gross_total, row.currency),
        "credit_applied": amount_text(row.credit_applied, row.currency),
        "prepaid_applied": amount_text(row.prepaid_applied, row.currency),
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
        "price_with_tax": None if line.price_with_tax is None else f"{line.price_with_tax:f}",
        "gross_amount": None if line.gross_amount is None else amount_text(line.gross_amount, currency),
        "tax_code": line.tax_code,
        "tax_rate": f"{line.tax_rate:f}",
        "period_start": line.period.start if line.period else None,
        "period_end": line.period.end if line.period else None,
        "revision": line.revision,
        "meter": line.meter,
        "subscription_id": line.subscription or None,
    }


def tax_shape(tax: StatedTax, currency: str) -> dict[str, Any]:
    """The tax of one code and rate."""
    return {
        "code": tax.code,
        "rate": f"{tax.rate:f}",
        "base": amount_text(tax.base, currency),
        "tax": amount_text(tax.tax, currency),
        "discount": amount_text(tax.discount, currency),
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
        "since_last": _since_last(statement),
    }


def _since_last(statement: Statement) -> dict[str, Any] | None:
    """What changed since the invoice before of the same agreement; nothing for the first."""
    found = compare(statement, get_language() or "en")
    if found is None:
        return None
    return {
        "number": found.number,
        "issued_on": found.issued_on,
        "before": amount_text(found.before, statement.currency),
        "after": amount_text(found.after, statement.currency),
        "words": found.words,
        "changes": [
            {
                "name": item.name,
                "label": item.label,
                "before": amount_text(item.before, statement.currency),
                "after": amount_text(item.after, statement.currency),
                "difference": amount_text(item.difference, statement.currency),
                "words": item.words,
            }
            for item in found.changes
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


class OneOffItemIn(Closed):
    """What is invoiced: a quantity at a price."""

    description: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    unit_price: UnitPrice
    quantity: Quantity = Decimal(1)
    unit: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")] = "C62"
    kind: ProductKind = ProductKind.SERVICE
    tax_category: TaxCategory = TaxCategory.STANDARD


class InvoiceIn(Closed):
    """A one-off invoice: of an agreement, or without one; a deposit, or one that takes deposits off."""

    entity: EntityCode
    customer_id: PublicId
    currency: CurrencyCode
    items: Annotated[list[OneOffItemIn], Field(min_length=1, max_length=1000)]
    agreement_id: PublicId | None = None
    kind: Literal["standard", "deposit"] = "standard"
    deducts: Annotated[list[PublicId], Field(max_length=50)] = []
    prices_include_tax: bool = False
    purchase_order: Annotated[str, StringConstraints(max_length=100)] = ""
    terms_days: Annotated[int, Field(ge=0, le=365)] | None = None
    supplied_on: date | None = None

    def draft(self, caller: Caller) -> DraftInvoice:
        """The draft on the business day of the legal entity, where the caller may issue for it."""
        entity = entity_by_code(self.entity)
        caller.require("invoices.issue", entity.id)
        new = NewInvoice(
            entity.id,
            key_of("customer", self.customer_id),
            self.currency,
            [NewItem(**item.model_dump()) for item in self.items],
            key_of("agreement", self.agreement_id) if self.agreement_id else None,
            InvoiceKind(self.kind),
            tuple(key_of("invoice", text) for text in self.deducts),
            self.prices_include_tax,
            self.purchase_order,
            self.terms_days,
            self.supplied_on,
        )
        return draft_of(new, caller.today(entity.timezone))


def preview_shape(item: PreparedInvoice) -> dict[str, Any]:
    """An invoice as it would be, without a number."""
    currency = item.draft.currency
    return {
        "currency": currency,
        "issued_on": item.draft.issued_on,
        "due_on": item.due_on,
        "discount_total": amount_text(item.discount_total, currency),
        "net_total": amount_text(item.net_total, currency),
        "tax_total": amount_text(item.tax_total, currency),
        "gross_total": amount_text(item.gross_total, currency),
        "credit_applied": amount_text(item.applied.account, currency),
        "prepaid_applied": amount_text(item.applied.prepaid, currency),
        "payable": amount_text(item.payable, currency),
        "lines": [
            {
                "description": line.description,
                "quantity": f"{line.quantity:f}",
                "net_amount": amount_text(line.net_amount, currency),
                "tax_code": decision.code,
                "tax_rate": f"{decision.rate:f}",
            }
            for line, decision in zip(item.draft.lines, item.decisions, strict=True)
        ],
    }


@router.post("/invoices", response={201: dict[str, Any]})
def invoice_create(request: HttpRequest, body: InvoiceIn) -> tuple[int, dict[str, Any]]:
    """Issue a one-off invoice, a deposit, or a final invoice that takes deposits off."""
    caller = caller_of(request)
    (key,) = issue_invoices([body.draft(caller)], now=caller.now, actor=caller.actor)
    return 201, _detail(queries.invoice(key), caller.today())


@router.post("/invoice-previews")
def invoice_preview(request: HttpRequest, body: InvoiceIn) -> dict[str, Any]:
    """What the invoice would be (pro forma): no number, no posting, and no coupon or credit is used."""
    (item,) = preview_invoices([body.draft(caller_of(request))])
    return preview_shape(item)


@router.post("/invoices/{invoice_id}/credits", response={201: dict[str, Any]})
def invoice_pay_by_credit(request: HttpRequest, invoice_id: PublicId) -> tuple[int, dict[str, Any]]:
    """Pay what is open of an invoice from what its customer has to the credit."""
    caller = caller_of(request)
    row = queries.invoice(key_of("invoice", invoice_id))
    require_visible(caller, "credits.write", row.entity_id, "invoice", row.id)
    pay_by_credit(invoice_id=row.id, today=caller.today(), now=caller.now, actor=caller.actor)
    return 201, _detail(queries.invoice(row.id), caller.today())


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
    return _detail(_seen(caller, invoice_id), caller.today())


def _detail(row: InvoiceRow, today: date) -> dict[str, Any]:
    statement = queries.statement_of(row.id)
    return shape(row, today) | {
        "purchase_order": statement.purchase_order,
        "orders": list(statement.order_numbers),
        "agreement_number": statement.agreement_number,
        "agreement_ids": [public("agreement", key) for key in queries.agreements_of(row)],
        "lines": [line_shape(line, "invoice_line", row.currency) for line in statement.lines],
        "taxes": [tax_shape(tax, row.currency) for tax in statement.taxes],
        "withholding": [
            {
                "rate": f"{one.percent:f}",
                "reason": one.reason,
                "base": amount_text(one.base, row.currency),
                "amount": amount_text(one.amount, row.currency),
            }
            for one in statement.withheld
        ],
        "coupons": [{"name": name, "amount": amount_text(value, row.currency)} for name, value in statement.discounts],
    }


@router.get("/invoices/{invoice_id}/explain")
def invoice_explain(request: HttpRequest, invoice_id: PublicId) -> dict[str, Any]:
    """Why each amount is what it is: a sentence, and the derivation from which anyone can recompute it."""
    row = _seen(caller_of(request), invoice_id)
    return explained(queries.with_previous(queries.statement_of(row.id)))


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
