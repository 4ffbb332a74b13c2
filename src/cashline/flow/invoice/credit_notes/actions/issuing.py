"""Issuing credit notes: the invoice is locked, so that two notes cannot both take the last of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.credit_notes.actions.resting import keep_rest
from cashline.flow.invoice.credit_notes.queries import creditable, creditable_for_update, statement_of
from cashline.flow.invoice.credit_notes.rules import (
    CREDIT_NOTE,
    CreditableInvoice,
    CreditCause,
    CreditNoteStatus,
    CreditRequest,
    PlannedCreditNote,
    plan_credit_note,
)
from cashline.flow.invoice.invoices.actions import DocumentForm, give_back_uses, kept_document, settle, take_back
from cashline.flow.invoice.invoices.rules.lifecycle import INVOICE
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.documents.queries import StoredContent
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers
from cashline.platform.outbox.actions import OutboxMessage, enqueue

_NOTE = (
    "id number invoice_id entity_id customer_id currency status cause reason issued_on discount_total net_total "
    "tax_total gross_total unapplied_amount refunded_amount entity_rate bill_run_id created_at"
)
_NOTE_COLUMNS = _NOTE.split()
_LINE = (
    "id credit_note_id line_no invoice_line_id line_id description quantity net_amount discount_amount tax_code "
    "tax_rate tax_amount derivation gross_amount"
)
_LINE_COLUMNS = _LINE.split()


@transaction.atomic
def issue_credit_notes(
    requests: Sequence[CreditRequest],
    *,
    today: date,
    now: datetime,
    actor: str,
) -> list[UUID]:
    """Credit invoices in part or in full, with the tax they were issued with; gives the ids in order.

    What is open is settled first, the rest is credit of the customer, unless a request says otherwise. At most one
    request an invoice. Raises every reason against it at once (NotCreditable, NotFound) and changes nothing then.
    """
    if not requests:
        return []
    named = {request.invoice_id for request in requests}
    targets = {request.to_invoice for request in requests if request.to_invoice is not None}
    invoices = creditable_for_update(named | targets)
    plans, refused = plan_credit_notes(requests, invoices, today)
    raise_all(refused)
    return append_credit_notes(plans, now=now, actor=actor)


@transaction.atomic
def void_invoices(
    invoice_ids: Sequence[UUID], *, reason: str, today: date, now: datetime, actor: str
) -> list[UUID]:  # fmt: skip
    """Take invoices back by a full credit note each; the next bill run bills anew what the facts still say.

    Gives the ids of the credit notes. Raises NotCreditable or IllegalTransition.
    """
    # What follows from it locks what a bill run locks first, and so comes before the invoices are locked.
    found = creditable(invoice_ids)
    record([_voided(found[key], reason) for key in invoice_ids if key in found], now=now, actor=actor)
    invoices = creditable_for_update(invoice_ids)
    for key in invoice_ids:
        INVOICE.target("void", invoices[key].status, document_id=invoices[key].number)
    requests = [CreditRequest(key, reason, None, CreditCause.VOID) for key in invoice_ids]
    plans, refused = plan_credit_notes(requests, invoices, today)
    raise_all(refused)
    ids = append_credit_notes(plans, now=now, actor=actor)
    take_back(list(invoice_ids))
    give_back_uses(list(invoice_ids))
    return ids


def preview_credit_notes(requests: Sequence[CreditRequest], *, today: date) -> list[PlannedCreditNote]:
    """What `issue_credit_notes` would issue, without the numbers; raises what it would raise."""
    invoices = creditable(request.invoice_id for request in requests)
    plans, refused = plan_credit_notes(requests, invoices, today)
    raise_all(refused)
    return plans


def plan_credit_notes(
    requests: Sequence[CreditRequest], invoices: dict[UUID, CreditableInvoice], today: date
) -> tuple[list[PlannedCreditNote], list[Refusal]]:
    """The notes that can be given, and the reasons against the others."""
    plans: list[PlannedCreditNote] = []
    refused: list[Refusal] = []
    seen: set[UUID] = set()
    for request in requests:
        try:
            if request.invoice_id in seen:
                raise Conflict("An invoice is credited once at a time.", field="invoice_id")
            seen.add(request.invoice_id)
            plans.append(plan_credit_note(invoices[request.invoice_id], request, today))
        except Refusal as refusal:
            refused.append(refusal)
    return plans, refused


@transaction.atomic(savepoint=False)
def append_credit_notes(
    plans: Sequence[PlannedCreditNote],
    *,
    now: datetime,
    actor: str,
    bill_run_id: UUID | None = None,
    exposure: Mapping[UUID, Decimal] | None = None,
) -> list[UUID]:
    """Append planned notes over invoices that the caller has locked; gives their ids in order.

    `exposure` is a further change of exposure to be made with theirs.
    """
    ids = [new_id() for _ in plans]
    lines = [row for key, plan in zip(ids, plans, strict=True) for row in _line_rows(key, plan)]
    numbers = _take_numbers(plans)
    status = CREDIT_NOTE.target("issue", CreditNoteStatus.DRAFT).value
    sql.insert(
        "credit_notes",
        _NOTE_COLUMNS,
        [
            _note_row(key, number, plan, status, bill_run_id, now)
            for key, number, plan in zip(ids, numbers, plans, strict=True)
        ],
    )
    sql.insert("credit_note_lines", _LINE_COLUMNS, lines)
    total = _to_be_billed_again(plans)
    for customer_id, change in (exposure or {}).items():
        total[customer_id] = total.get(customer_id, Decimal(0)) + change
    settle({plan.invoice.id: plan.settled for plan in plans}, now=now, actor=actor, exposure=total)
    enqueue(
        [
            OutboxMessage("credit_note_mail", f"credit_note_mail:{key}", {"credit_note_id": str(key)})
            for key, plan in zip(ids, plans, strict=True)
            if plan.invoice.has_mail
        ],
        now=now,
    )
    record(
        [_issued(key, number, plan) for key, number, plan in zip(ids, numbers, plans, strict=True)],
        now=now,
        actor=actor,
    )
    if any(plan.unapplied for plan in plans):
        keep_rest(ids, numbers, plans, now=now, actor=actor)
    return ids


def _to_be_billed_again(plans: Sequence[PlannedCreditNote]) -> dict[UUID, Decimal]:
    """What was delivered once and is, its invoice being void, waiting for another."""
    changes: dict[UUID, Decimal] = {}
    for plan in plans:
        if plan.request.cause is CreditCause.VOID:
            customer = plan.invoice.customer_id
            changes[customer] = changes.get(customer, Decimal(0)) + plan.one_off_net
    return changes


def note_series(plans: Sequence[PlannedCreditNote]) -> list[Series]:
    """The series from which each note takes its number."""
    entities = entities_by_id({plan.invoice.entity_id for plan in plans})
    return [
        Series("credit_note", entities[plan.invoice.entity_id].code, plan.issued_on.year, plan.invoice.entity_id)
        for plan in plans
    ]


def _take_numbers(plans: Sequence[PlannedCreditNote]) -> list[str]:
    series = note_series(plans)
    wanted: dict[Series, int] = {}
    for key in series:
        wanted[key] = wanted.get(key, 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted).items()}
    return [next(taken[key]) for key in series]


def _note_row(
    key: UUID,
    number: str,
    plan: PlannedCreditNote,
    status: str,
    bill_run_id: UUID | None,
    now: datetime,
) -> tuple[Any, ...]:
    invoice = plan.invoice
    return (
        key,
        number,
        invoice.id,
        invoice.entity_id,
        invoice.customer_id,
        invoice.currency,
        status,
        plan.request.cause.value,
        plan.request.reason.strip(),
        plan.issued_on,
        plan.discount_total,
        plan.net_total,
        plan.tax_total,
        plan.gross_total,
        plan.unapplied,
        plan.request.refund,
        invoice.entity_rate,
        bill_run_id,
        now,
    )


def _line_rows(key: UUID, plan: PlannedCreditNote) -> list[tuple[Any, ...]]:
    return [
        (
            new_id(),
            key,
            line_no,
            line.invoice_line.id,
            line.invoice_line.line_id,
            line.invoice_line.description,
            line.quantity,
            line.net_amount,
            line.discount,
            line.invoice_line.tax_code,
            line.invoice_line.tax_rate,
            line.tax_amount,
            line.derivation,
            line.gross_amount,
        )
        for line_no, line in enumerate(plan.lines, 1)
    ]


def _objects(key: UUID, plan: PlannedCreditNote) -> tuple[ObjectRef, ...]:
    invoice = plan.invoice
    found = [ObjectRef("credit_note", key), ObjectRef("invoice", invoice.id)]
    found.append(ObjectRef("customer", invoice.customer_id))
    return (*found, *(ObjectRef("agreement", agreement_id) for agreement_id in plan.nets))


def _issued(key: UUID, number: str, plan: PlannedCreditNote) -> Event:
    data = {
        "number": number,
        "invoice_number": plan.invoice.number,
        "cause": plan.request.cause.value,
        "entity_id": str(plan.invoice.entity_id),
        "issued_on": plan.issued_on.isoformat(),
        "currency": plan.invoice.currency,
        "net": str(plan.net_total),
        "tax": str(plan.tax_total),
        "gross": str(plan.gross_total),
        "settled": str(plan.settled),
        "unapplied": str(plan.unapplied),
        "entity_rate": str(plan.invoice.entity_rate),
    }
    return Event("CreditNoteIssued", _objects(key, plan), data, plan.request.reason.strip())


def _voided(invoice: CreditableInvoice, reason: str) -> Event:
    objects = [ObjectRef("invoice", invoice.id), ObjectRef("customer", invoice.customer_id)]
    objects += [ObjectRef("agreement", agreement_id) for agreement_id in invoice.agreements]
    return Event("InvoiceVoided", tuple(objects), {"number": invoice.number}, reason.strip())


def credit_note_document(credit_note_id: UUID, form: DocumentForm, *, now: datetime) -> StoredContent:
    """The stored document of a credit note, made now where it was not yet. Raises NotFound or NotAnEInvoice."""
    return kept_document("credit_note", credit_note_id, form, lambda: statement_of(credit_note_id), now=now)
