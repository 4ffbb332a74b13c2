"""Endpoints of payments: recording money, putting it to invoices, taking it back, giving it back."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from cashline.flow.receive.payments import actions, queries
from cashline.flow.receive.payments.actions import NewPayment, NewRefund
from cashline.flow.receive.payments.api.following import after_commit, business_day, require_to_record
from cashline.flow.receive.payments.api.shapes import (
    AllocateIn,
    AllocationIn,
    ConfirmIn,
    PaymentIn,
    RefundIn,
    UnallocateIn,
    WithholdingCertificateIn,
    document,
    refund_shape,
    shape,
)
from cashline.flow.receive.payments.queries import PaymentFilter, PaymentRow, RefundRow
from cashline.flow.receive.payments.rules import PaymentStatus
from cashline.kernel.identifiers import key_of, new_id
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    CurrencyCode,
    Cursor,
    Limit,
    PublicId,
    Sort,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Payments"])
Asked = Annotated[Decimal | None, Query(ge=0, max_digits=19, decimal_places=4)]


def _seen(caller: Caller, payment_id: str, permission: str = "payments.read") -> PaymentRow:
    row = queries.payment(key_of("payment", payment_id))
    require_visible(caller, permission, row.entity_id, "payment", row.id)
    return row


def _given(
    allocations: list[AllocationIn], caller: Caller, entity_id: UUID
) -> tuple[tuple[UUID, Decimal, Decimal], ...]:
    if any(one.write_off for one in allocations):
        caller.require("payments.write_off", entity_id)
    return tuple((key_of("invoice", one.invoice), one.amount, one.write_off) for one in allocations)


@router.get("/payments")
def payment_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[PaymentStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    currency: Annotated[list[CurrencyCode], Query()] = [],  # noqa: B006
    customer_id: PublicId | None = None,
    unapplied: bool = False,
    uncertified: bool = False,
    received_from: date | None = None,
    received_before: date | None = None,
    least: Asked = None,
    most: Asked = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Payments, the newest first unless sorted by number, customer, amount or received_on."""
    caller = caller_of(request)
    caller.require("payments.read")
    chosen = PaymentFilter(
        words=q,
        entities=caller.entities("payments.read"),
        customer_id=key_of("customer", customer_id) if customer_id else None,
        statuses=status,
        currencies=currency,
        unapplied=unapplied,
        uncertified=uncertified,
        received_from=received_from,
        received_to=received_before,
        least=least,
        most=most,
    )
    return listed(queries.list_payments(ask_of(sort, cursor, limit), chosen), shape)


@router.post("/payments", response={201: dict[str, Any]})
def payment_create(request: HttpRequest, body: PaymentIn) -> tuple[int, dict[str, Any]]:
    """Record money received; every error comes at once. The idempotency key keeps it from being recorded twice."""
    caller = caller_of(request)
    entity = entity_by_code(body.entity)
    require_to_record(caller, body.method, entity.id)
    new = NewPayment(
        customer_id=key_of("customer", body.customer),
        entity_id=entity.id,
        currency=body.currency,
        amount=body.amount,
        method=body.method,
        received_on=body.received_on,
        source_id=new_id(),
        allocations=_given(body.allocations, caller, entity.id),
    )
    (key,) = actions.record_payments([new], now=caller.now, actor=caller.actor)
    return 201, document(queries.payment(key))


@router.get("/payments/{payment_id}")
def payment_show(request: HttpRequest, payment_id: PublicId) -> dict[str, Any]:
    """One payment with what it settled and what went back."""
    return document(_seen(caller_of(request), payment_id))


@router.post("/payments/{payment_id}/allocations")
def payment_allocate(request: HttpRequest, payment_id: PublicId, body: AllocateIn) -> dict[str, Any]:
    """Put money on account to invoices."""
    caller = caller_of(request)
    row = _seen(caller, payment_id, "payments.write")
    actions.allocate(
        payment_id=row.id,
        allocations=_given(body.allocations, caller, row.entity_id),
        applied_on=business_day(caller, row.entity_id),
        now=caller.now,
        actor=caller.actor,
    )
    return document(queries.payment(row.id))


@router.post("/payments/{payment_id}/unallocate")
def payment_unallocate(request: HttpRequest, payment_id: PublicId, body: UnallocateIn) -> dict[str, Any]:
    """Take allocations back: their invoices are open again, the money lies on account."""
    caller = caller_of(request)
    row = _seen(caller, payment_id, "payments.write")
    actions.unallocate(
        payment_id=row.id,
        allocation_ids=body.allocations,
        reason=body.reason,
        today=business_day(caller, row.entity_id),
        now=caller.now,
        actor=caller.actor,
    )
    return document(queries.payment(row.id))


@router.post("/payments/{payment_id}/reverse")
def payment_reverse(request: HttpRequest, payment_id: PublicId, body: Why) -> dict[str, Any]:
    """Take back a payment that was recorded by mistake."""
    caller = caller_of(request)
    row = _seen(caller, payment_id, "payments.write")
    actions.reverse_payments(
        [row.id], reason=body.reason, today=business_day(caller, row.entity_id), now=caller.now, actor=caller.actor
    )
    return document(queries.payment(row.id))


@router.post("/payments/{payment_id}/withholding-certificate")
def payment_certificate(request: HttpRequest, payment_id: PublicId, body: WithholdingCertificateIn) -> dict[str, Any]:
    """Record the certificate of tax that the customer withheld; once more, to correct it."""
    caller = caller_of(request)
    row = _seen(caller, payment_id, "payments.write")
    actions.record_certificate(
        payment_id=row.id, number=body.number, issued_on=body.issued_on, now=caller.now, actor=caller.actor
    )
    return document(queries.payment(row.id))


@router.post("/payments/{payment_id}/refunds", response={202: dict[str, Any]})
def refund_create(request: HttpRequest, payment_id: PublicId, body: RefundIn) -> tuple[int, dict[str, Any]]:
    """Give money back: through the gateway that took it, or paid out by a person."""
    caller = caller_of(request)
    row = _seen(caller, payment_id, "payments.write")
    new = NewRefund(row.id, body.amount, body.reason)
    (key,) = actions.request_refunds([new], now=caller.now, actor=caller.actor)
    if body.refunded_on is not None:
        actions.confirm_refund(key, refunded_on=body.refunded_on, now=caller.now, actor=caller.actor)
    elif row.gateway:
        named = actions.gateways(sandbox=caller.clock.sandbox)
        now, actor = caller.now, caller.actor
        after_commit(lambda: actions.send_refund(key, gateway_named=named, now=now, actor=actor))
    return 202, refund_shape(queries.refund(key), row.currency)


@router.post("/refunds/{refund_id}/confirm")
def refund_confirm(request: HttpRequest, refund_id: PublicId, body: ConfirmIn) -> dict[str, Any]:
    """Say that a refund was paid out by hand on a day."""
    caller = caller_of(request)
    refund, payment = _refund(caller, refund_id)
    actions.confirm_refund(refund.id, refunded_on=body.refunded_on, now=caller.now, actor=caller.actor)
    return refund_shape(queries.refund(refund.id), payment.currency)


@router.post("/refunds/{refund_id}/cancel")
def refund_cancel(request: HttpRequest, refund_id: PublicId, body: Why) -> dict[str, Any]:
    """Do not make a refund that nobody has paid out."""
    caller = caller_of(request)
    refund, payment = _refund(caller, refund_id)
    actions.cancel_refund(refund.id, reason=body.reason, now=caller.now, actor=caller.actor)
    return refund_shape(queries.refund(refund.id), payment.currency)


def _refund(caller: Caller, refund_id: str) -> tuple[RefundRow, PaymentRow]:
    refund = queries.refund(key_of("refund", refund_id))
    payment = queries.payment(refund.payment_id)
    require_visible(caller, "payments.write", payment.entity_id, "refund", refund.id)
    return refund, payment
