"""The API of disputes."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cashline.flow.invoice.invoices.queries import invoice
from cashline.flow.receive.disputes import actions, queries
from cashline.flow.receive.disputes.actions import NewDispute
from cashline.flow.receive.disputes.queries import DisputeFilter, DisputeRow
from cashline.flow.receive.disputes.rules import CAUSING_DOMAIN, DisputeReason, DisputeStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Limit,
    LongText,
    PublicId,
    Reason,
    Sort,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Disputes"])
type Amount = Annotated[Decimal, Field(gt=0, lt=Decimal("1e15"), decimal_places=4)]


class DisputeIn(Closed):
    """What is contested of an invoice, tax included."""

    invoice: PublicId
    amount: Amount
    reason: DisputeReason
    description: LongText = ""


class CreditedLine(Closed):
    """A net amount to credit of a line of the invoice."""

    line: PublicId
    net_amount: Amount


class CreditIn(Closed):
    """The credit that ends the dispute: of lines, or of an amount with tax, or of all that is disputed."""

    resolution: Reason
    amount: Amount | None = None
    lines: Annotated[list[CreditedLine], Field(max_length=1000)] = []


def shape(row: DisputeRow) -> dict[str, Any]:
    """A dispute as the API shows it."""
    reason = DisputeReason(row.reason)
    return {
        "id": public("dispute", row.id),
        "number": row.number,
        "status": row.status,
        "invoice_id": public("invoice", row.invoice_id),
        "invoice_number": row.invoice_number,
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "currency": row.currency,
        "amount": f"{round_to(row.amount, minor_units(row.currency)):f}",
        "reason": row.reason,
        "look_at": CAUSING_DOMAIN[reason],
        "description": row.description,
        "opened_by": row.opened_by,
        "opened_on": row.opened_on,
        "resolved_on": row.resolved_on,
        "resolution": row.resolution,
        "credit_note_id": public("credit_note", row.credit_note_id) if row.credit_note_id else None,
        "credit_note_number": row.credit_note_number,
    }


def _seen(caller: Caller, dispute_id: str, permission: str = "disputes.read") -> DisputeRow:
    row = queries.dispute(key_of("dispute", dispute_id))
    require_visible(caller, permission, row.entity_id, "dispute", row.id)
    return row


def _today(caller: Caller, row: DisputeRow) -> date:
    return caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)


@router.get("/disputes")
def dispute_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[DisputeStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    reason: Annotated[list[DisputeReason], Query()] = [],  # noqa: B006
    customer_id: PublicId | None = None,
    invoice_id: PublicId | None = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Disputes, the newest first unless sorted by number, customer, amount, opened_on or status."""
    caller = caller_of(request)
    caller.require("disputes.read")
    chosen = DisputeFilter(
        words=q,
        entities=caller.entities("disputes.read"),
        customer_id=key_of("customer", customer_id) if customer_id else None,
        invoice_id=key_of("invoice", invoice_id) if invoice_id else None,
        statuses=status,
        reasons=reason,
    )
    return listed(queries.list_disputes(ask_of(sort, cursor, limit), chosen), shape)


@router.post("/disputes", response={201: dict[str, Any]})
def dispute_create(request: HttpRequest, body: DisputeIn) -> tuple[int, dict[str, Any]]:
    """Contest an invoice: the disputed part is not asked for until it is decided."""
    caller = caller_of(request)
    row = invoice(key_of("invoice", body.invoice))
    require_visible(caller, "disputes.write", row.entity_id, "invoice", row.id)
    today = caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)
    new = NewDispute(row.id, body.amount, body.reason.value, body.description)
    (key,) = actions.open_disputes([new], today=today, now=caller.now, actor=caller.actor)
    return 201, shape(queries.dispute(key))


@router.get("/disputes/{dispute_id}")
def dispute_show(request: HttpRequest, dispute_id: PublicId) -> dict[str, Any]:
    """One dispute."""
    return shape(_seen(caller_of(request), dispute_id))


@router.post("/disputes/{dispute_id}/review")
def dispute_review(request: HttpRequest, dispute_id: PublicId) -> dict[str, Any]:
    """Look into it."""
    caller = caller_of(request)
    row = _seen(caller, dispute_id, "disputes.write")
    actions.review_dispute(row.id, now=caller.now, actor=caller.actor)
    return shape(queries.dispute(row.id))


@router.post("/disputes/{dispute_id}/credit")
def dispute_credit(request: HttpRequest, dispute_id: PublicId, body: CreditIn) -> dict[str, Any]:
    """End it by a credit note over at most what is disputed."""
    caller = caller_of(request)
    row = _seen(caller, dispute_id, "disputes.write")
    caller.require("credit_notes.write", row.entity_id)
    actions.resolve_with_credit(
        row.id,
        resolution=body.resolution,
        amount=body.amount,
        lines=[(key_of("invoice_line", one.line), one.net_amount) for one in body.lines] or None,
        today=_today(caller, row),
        now=caller.now,
        actor=caller.actor,
    )
    return shape(queries.dispute(row.id))


@router.post("/disputes/{dispute_id}/reject")
def dispute_reject(request: HttpRequest, dispute_id: PublicId, body: Why) -> dict[str, Any]:
    """End it with a no."""
    caller = caller_of(request)
    row = _seen(caller, dispute_id, "disputes.write")
    today = _today(caller, row)
    actions.reject_dispute(row.id, resolution=body.reason, today=today, now=caller.now, actor=caller.actor)
    return shape(queries.dispute(row.id))


@router.post("/disputes/{dispute_id}/withdraw")
def dispute_withdraw(request: HttpRequest, dispute_id: PublicId, body: Why) -> dict[str, Any]:
    """The customer contests it no longer."""
    caller = caller_of(request)
    row = _seen(caller, dispute_id, "disputes.write")
    today = _today(caller, row)
    actions.withdraw_dispute(row.id, reason=body.reason, today=today, now=caller.now, actor=caller.actor)
    return shape(queries.dispute(row.id))


@router.post("/disputes/{dispute_id}/reopen")
def dispute_reopen(request: HttpRequest, dispute_id: PublicId, body: Why) -> dict[str, Any]:
    """Take a rejected dispute up again."""
    caller = caller_of(request)
    row = _seen(caller, dispute_id, "disputes.write")
    actions.reopen_dispute(row.id, reason=body.reason, now=caller.now, actor=caller.actor)
    return shape(queries.dispute(row.id))
