"""What goes into the API of payments and what comes out: bodies, and the shapes of answers."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.queries import AllocationRow, IntentRow, PaymentRow, RefundRow
from cashline.flow.receive.payments.rules import TAX_WITHHELD
from cashline.kernel.identifiers import public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.doors.schemas import Closed, CurrencyCode, EntityCode, PublicId, Reason

type Amount = Annotated[Decimal, Field(gt=0, lt=Decimal("1e15"), decimal_places=4)]
type WriteOff = Annotated[Decimal, Field(ge=0, lt=Decimal("1e15"), decimal_places=4)]
type Token = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class AllocationIn(Closed):
    """An invoice, the money put to it, and the rest of it that is written off."""

    invoice: PublicId
    amount: Amount
    write_off: WriteOff = Decimal(0)


type Allocations = Annotated[list[AllocationIn], Field(max_length=1000)]


class PaymentIn(Closed):
    """Money received otherwise than through a gateway or a bank statement."""

    entity: EntityCode
    customer: PublicId
    currency: CurrencyCode
    amount: Amount
    method: str = "bank_transfer"
    received_on: date
    allocations: Allocations = []


class AllocateIn(Closed):
    """What to put the money on account to."""

    allocations: Annotated[list[AllocationIn], Field(min_length=1, max_length=1000)]


class UnallocateIn(Closed):
    """Which allocations to take back, and why."""

    allocations: Annotated[list[UUID], Field(min_length=1, max_length=1000)]
    reason: Reason


class RefundIn(Closed):
    """What to give back. `refunded_on` says that a person has paid it out; gateways pay out by themselves."""

    amount: Amount
    reason: Reason
    refunded_on: date | None = None


class WithholdingCertificateIn(Closed):
    """The tax authority's proof of what was withheld."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    issued_on: date


class ConfirmIn(Closed):
    """The day on which a person paid a refund out."""

    refunded_on: date


class IntentIn(Closed):
    """A card charge: of what is open on an invoice unless an amount is given, or without one as money on account."""

    gateway: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    method_token: Token
    invoice: PublicId | None = None
    entity: EntityCode | None = None
    customer: PublicId | None = None
    currency: CurrencyCode | None = None
    amount: Amount | None = None
    return_url: Annotated[str, StringConstraints(max_length=2000)] = ""


class LookUpIn(Closed):
    """The reference of a charge that a person found in the gateway's console."""

    gateway_reference: Token


def money_text(amount: Decimal, currency: str) -> str:
    """An amount as the API writes it: a string with the decimals of its currency."""
    return f"{round_to(amount, minor_units(currency)):f}"


def shape(row: PaymentRow) -> dict[str, Any]:
    """A payment as lists show it."""
    return {
        "id": public("payment", row.id),
        "number": row.number,
        "status": row.status,
        "entity_id": public("entity", row.entity_id),
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "currency": row.currency,
        "amount": money_text(row.amount, row.currency),
        "unapplied_amount": money_text(row.unapplied_amount, row.currency),
        "refunded_amount": money_text(row.refunded_amount, row.currency),
        "method": row.method,
        "received_on": row.received_on,
        "gateway": row.gateway,
        "gateway_reference": row.gateway_reference,
        "created_at": row.created_at,
    }


def allocation_shape(row: AllocationRow, currency: str) -> dict[str, Any]:
    """An allocation; one that takes another back has a negative amount."""
    return {
        "id": str(row.id),
        "invoice_id": public("invoice", row.invoice_id),
        "invoice_number": row.invoice_number,
        "amount": money_text(row.amount, currency),
        "write_off": money_text(row.write_off_amount, currency),
        "applied_on": row.applied_on,
        "reverses": str(row.reverses_id) if row.reverses_id else None,
    }


def refund_shape(row: RefundRow, currency: str) -> dict[str, Any]:
    """A refund, chargeback or reversal of a payment."""
    return {
        "id": public("refund", row.id),
        "payment_id": public("payment", row.payment_id),
        "kind": row.kind,
        "status": row.status,
        "amount": money_text(row.amount, currency),
        "reason": row.reason,
        "message": row.message,
        "gateway_reference": row.gateway_reference,
        "refunded_on": row.refunded_on,
        "created_at": row.created_at,
    }


def intent_shape(row: IntentRow) -> dict[str, Any]:
    """A card charge; where it is done, `payment_id` is the money that came of it."""
    return {
        "id": public("payment_intent", row.id),
        "status": row.status,
        "entity_id": public("entity", row.entity_id),
        "customer_id": public("customer", row.customer_id),
        "invoice_id": public("invoice", row.invoice_id) if row.invoice_id else None,
        "payment_id": public("payment", row.payment_id) if row.payment_id else None,
        "currency": row.currency,
        "amount": money_text(row.amount, row.currency),
        "gateway": row.gateway,
        "gateway_reference": row.gateway_reference,
        "decline_code": row.decline_code,
        "message": row.message,
        "action_url": row.action_url,
        "created_at": row.created_at,
    }


def document(row: PaymentRow) -> dict[str, Any]:
    """A payment with what it settled and what went back."""
    proof = queries.certificate_of(row.id) if row.method == TAX_WITHHELD else None
    return {
        **shape(row),
        "certificate": proof and {"number": proof.number, "issued_on": proof.issued_on},
        "allocations": [allocation_shape(one, row.currency) for one in queries.allocations_of(payment_ids=[row.id])],
        "refunds": [refund_shape(one, row.currency) for one in queries.refunds_of([row.id])],
    }
