"""Writing disputes: opened by staff or in the portal, looked into, and ended with a credit note, a no, or withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.credit_notes.actions import issue_credit_notes, preview_credit_notes
from cashline.flow.invoice.credit_notes.queries import creditable
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.receive.disputes import queries
from cashline.flow.receive.disputes.queries import DisputeRow
from cashline.flow.receive.disputes.rules import (
    DISPUTE,
    CreditablePart,
    DisputedPart,
    DisputeReason,
    DisputeStatus,
    check_credit,
    check_dispute,
    spread_credit,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import Money
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_COLUMNS = (
    *("id", "number", "invoice_id", "customer_id", "amount", "reason", "description", "status", "opened_by"),
    *("opened_on", "created_at"),
)


@dataclass(frozen=True, slots=True)
class NewDispute:
    """What is contested of an invoice, gross; `reason` is one of `rules.DisputeReason`."""

    invoice_id: UUID
    amount: Decimal
    reason: str
    description: str = ""


@transaction.atomic
def open_disputes(disputes: Sequence[NewDispute], *, today: date, now: datetime, actor: str) -> list[UUID]:
    """Open disputes; gives their ids. Raises, all at once: DisputeTooLarge, InvalidValue, NotFound."""
    invoices = queries.disputable_for_update(one.invoice_id for one in disputes)
    others = queries.parts_of(invoices)
    found: list[Refusal] = []
    for one in disputes:
        try:
            invoice = invoices.get(one.invoice_id)
            if invoice is None:
                raise NotFound("There is no such issued invoice.", field="invoice")
            if one.reason not in list(DisputeReason):
                known = ", ".join(reason.value for reason in DisputeReason)
                raise InvalidValue(f"The reason is one of {known}.", field="reason")
            amount = Money(one.amount, invoice.currency)
            parts = others.setdefault(one.invoice_id, [])
            check_dispute(amount, open_amount=Money(invoice.open_amount, invoice.currency), others=parts)
            parts.append(DisputedPart(amount, DisputeStatus.OPENED))
        except Refusal as refusal:
            found.append(refusal)
    raise_all(found)
    series = [
        Series("dispute", invoices[one.invoice_id].entity_code, today.year, invoices[one.invoice_id].entity_id)
        for one in disputes
    ]
    wanted: dict[Series, int] = {}
    for each in series:
        wanted[each] = wanted.get(each, 0) + 1
    numbers = {each: iter(taken) for each, taken in take_numbers(wanted).items()}
    keys = [new_id() for _ in disputes]
    sql.insert(
        "disputes",
        _COLUMNS,
        [
            (
                *(key, next(numbers[each]), one.invoice_id, invoices[one.invoice_id].customer_id, one.amount),
                *(one.reason, one.description, DisputeStatus.OPENED.value, actor, today, now),
            )
            for key, each, one in zip(keys, series, disputes, strict=True)
        ],
    )
    events = [
        _event("DisputeOpened", key, one.invoice_id, invoices[one.invoice_id].customer_id, one.amount, one.description)
        for key, one in zip(keys, disputes, strict=True)
    ]
    record(events, now=now, actor=actor)
    return keys


@transaction.atomic
def review_dispute(dispute_id: UUID, *, now: datetime, actor: str) -> None:
    """Somebody looks into it."""
    _move(queries.dispute(dispute_id, lock=True), "review", "DisputeReviewed", now=now, actor=actor)


@transaction.atomic
def resolve_with_credit(
    dispute_id: UUID,
    *,
    resolution: str,
    amount: Decimal | None = None,
    lines: Sequence[tuple[UUID, Decimal]] | None = None,
    today: date,
    now: datetime,
    actor: str,
) -> UUID:
    """End a dispute by a credit note; gives its id. The credit never passes what was disputed.

    `lines` are (invoice line, net amount); without them `amount` (gross, else all that is disputed) is spread over the
    lines of the invoice. Raises DisputeTooLarge, NotCreditable, IllegalTransition.
    """
    row = queries.dispute(dispute_id, lock=True)
    disputed = Money(row.amount, row.currency)
    wanted = disputed if amount is None else Money(amount, row.currency)
    check_credit(wanted, disputed=disputed)
    request = CreditRequest(row.invoice_id, resolution or row.reason, lines or _spread(row, wanted))
    (planned,) = preview_credit_notes([request], today=today)
    check_credit(Money(planned.gross_total, row.currency), disputed=disputed)
    (credit_note_id,) = issue_credit_notes([request], today=today, now=now, actor=actor)
    _move(
        row,
        "resolve_with_credit",
        "DisputeCredited",
        resolution=resolution,
        resolved_on=today,
        credit_note_id=credit_note_id,
        now=now,
        actor=actor,
    )
    return credit_note_id


def _spread(row: DisputeRow, gross: Money) -> list[tuple[UUID, Decimal]]:
    invoice = creditable([row.invoice_id])[row.invoice_id]
    return spread_credit(gross, [CreditablePart(line.id, line.left, line.tax_rate) for line in invoice.lines])


@transaction.atomic
def reject_dispute(dispute_id: UUID, *, resolution: str, today: date, now: datetime, actor: str) -> None:
    """End a dispute with a no, and the reason for it."""
    if not resolution.strip():
        raise InvalidValue("Say why it is rejected.", field="resolution")
    row = queries.dispute(dispute_id, lock=True)
    _move(row, "reject", "DisputeRejected", resolution=resolution, resolved_on=today, now=now, actor=actor)


@transaction.atomic
def withdraw_dispute(dispute_id: UUID, *, reason: str = "", today: date, now: datetime, actor: str) -> None:
    """The customer contests it no longer."""
    row = queries.dispute(dispute_id, lock=True)
    _move(row, "withdraw", "DisputeWithdrawn", resolution=reason, resolved_on=today, now=now, actor=actor)


@transaction.atomic
def reopen_dispute(dispute_id: UUID, *, reason: str, now: datetime, actor: str) -> None:
    """The customer brings something new after a no; refused where so much is not open any more."""
    row = queries.dispute(dispute_id, lock=True)
    invoice = queries.disputable_for_update([row.invoice_id])[row.invoice_id]
    check_dispute(
        Money(row.amount, row.currency),
        open_amount=Money(invoice.open_amount, row.currency),
        others=queries.parts_of([row.invoice_id])[row.invoice_id],
    )
    _move(row, "reopen", "DisputeReopened", resolution=reason, now=now, actor=actor)


def _move(
    row: DisputeRow,
    verb: str,
    kind: str,
    *,
    resolution: str = "",
    resolved_on: date | None = None,
    credit_note_id: UUID | None = None,
    now: datetime,
    actor: str,
) -> None:
    status = DISPUTE.target(verb, row.status, document_id=row.number)
    sql.execute(
        "UPDATE disputes SET status = %s, resolution = %s, resolved_on = %s, credit_note_id = %s WHERE id = %s",
        (status.value, resolution, resolved_on, credit_note_id, row.id),
    )
    event = _event(kind, row.id, row.invoice_id, row.customer_id, row.amount, resolution, credit_note_id)
    record([event], now=now, actor=actor)


def _event(
    kind: str,
    dispute_id: UUID,
    invoice_id: UUID,
    customer_id: UUID,
    amount: Decimal,
    reason: str,
    credit_note_id: UUID | None = None,
) -> Event:
    credit_note = (ObjectRef("credit_note", credit_note_id, "resolved_by"),) if credit_note_id else ()
    return Event(
        kind,
        (
            ObjectRef("dispute", dispute_id),
            ObjectRef("invoice", invoice_id, "disputed"),
            ObjectRef("customer", customer_id, "disputed_by"),
            *credit_note,
        ),
        {"amount": str(amount)},
        reason,
    )
