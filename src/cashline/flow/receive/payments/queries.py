"""Reading payments: rows for lists and documents, what they settled, and what is still open to settle."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.receive.payments.rules import OpenInvoice, SettledInvoice
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform import sql

_PAYMENT = (
    "p.id, p.number, p.entity_id, e.code, p.customer_id, c.name, p.currency, p.method, p.status, p.amount, "
    "p.unapplied_amount, p.refunded_amount, p.received_on, p.entity_rate, p.gateway, p.gateway_reference, p.source_id, "
    "p.created_at"
)
_FROM = "FROM payments p JOIN customers c ON c.id = p.customer_id JOIN legal_entities e ON e.id = p.entity_id"
SORTS = {"number": "p.number", "customer": "c.name", "amount": "p.amount", "received_on": "p.received_on"}


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment with its customer."""

    id: UUID
    number: str | None
    entity_id: UUID
    entity_code: str
    customer_id: UUID
    customer_name: str
    currency: str
    method: str
    status: str
    amount: Decimal
    unapplied_amount: Decimal
    refunded_amount: Decimal
    received_on: date | None
    entity_rate: Decimal
    gateway: str
    gateway_reference: str | None
    source_id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AllocationRow:
    """A part of a payment put to an invoice; negative where it was taken back."""

    id: UUID
    payment_id: UUID
    invoice_id: UUID
    invoice_number: str
    amount: Decimal
    write_off_amount: Decimal
    applied_on: date
    reverses_id: UUID | None


@dataclass(frozen=True, slots=True)
class InvoiceParty:
    """Whose invoice it is, as an allocation must match it."""

    id: UUID
    number: str
    customer_id: UUID
    entity_id: UUID
    currency: str
    status: str


def payments_by_id(ids: Iterable[UUID]) -> dict[UUID, PaymentRow]:
    """The payments with those ids that exist."""
    rows = sql.fetch_as(PaymentRow, f"SELECT {_PAYMENT} {_FROM} WHERE p.id = ANY(%s)", (list(ids),))
    return {row.id: row for row in rows}


def payment(payment_id: UUID) -> PaymentRow:
    """One payment; raises NotFound."""
    found = payments_by_id([payment_id])
    if not found:
        raise NotFound("There is no such payment.", field="payment")
    return found[payment_id]


def payment_for_update(payment_id: UUID) -> PaymentRow:
    """One payment, locked until the transaction ends; raises NotFound."""
    sql.execute("SELECT 1 FROM payments WHERE id = %s FOR NO KEY UPDATE", (payment_id,))
    return payment(payment_id)


def payments_by_source(source_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The payment that each source became, for those that became one."""
    return dict(sql.fetch("SELECT source_id, id FROM payments WHERE source_id = ANY(%s)", (list(source_ids),)))


def payment_by_reference(gateway_reference: str) -> UUID | None:
    """The payment that a gateway knows by that reference."""
    row = sql.fetch_one("SELECT id FROM payments WHERE gateway_reference = %s", (gateway_reference,))
    return row[0] if row else None


def list_payments(
    *,
    entities: Sequence[UUID] | None,
    customer_id: UUID | None = None,
    status: str = "",
    unapplied: bool = False,
    text: str = "",
    sort: str = "",
    descending: bool = True,
    offset: int = 0,
    before: UUID | None = None,
    limit: int = 51,
) -> list[PaymentRow]:
    """Payments by filters, newest first where no sort is asked for."""
    order = f"{SORTS[sort]} {'DESC' if descending else 'ASC'}, p.id DESC" if sort in SORTS else "p.id DESC"
    return sql.fetch_as(
        PaymentRow,
        f"SELECT {_PAYMENT} {_FROM} WHERE (%(entities)s::uuid[] IS NULL OR p.entity_id = ANY(%(entities)s)) "
        "AND (%(customer)s::uuid IS NULL OR p.customer_id = %(customer)s) "
        "AND (%(status)s = '' OR p.status = %(status)s) "
        "AND (NOT %(unapplied)s OR p.unapplied_amount > 0) AND (%(before)s::uuid IS NULL OR p.id < %(before)s) "
        "AND (%(text)s = '' OR p.number ILIKE %(like)s OR c.name ILIKE %(like)s OR p.gateway_reference = %(text)s) "
        f"ORDER BY {order} OFFSET %(offset)s LIMIT %(limit)s",
        {
            "entities": list(entities) if entities is not None else None,
            "customer": customer_id,
            "status": status,
            "unapplied": unapplied,
            "before": before,
            "text": text,
            "like": f"%{text}%",
            "offset": offset,
            "limit": limit,
        },
    )


def allocations_of(*, payment_ids: Sequence[UUID] = (), invoice_ids: Sequence[UUID] = ()) -> list[AllocationRow]:
    """What payments settled, in order of entry, by payment or by invoice."""
    return sql.fetch_as(
        AllocationRow,
        "SELECT a.id, a.payment_id, a.invoice_id, i.number, a.amount, a.write_off_amount, a.applied_on, a.reverses_id "
        "FROM payment_allocations a JOIN invoices i ON i.id = a.invoice_id "
        "WHERE a.payment_id = ANY(%s) OR a.invoice_id = ANY(%s) ORDER BY a.id",
        (list(payment_ids), list(invoice_ids)),
    )


def standing_allocations(payment_id: UUID) -> list[AllocationRow]:
    """The allocations of a payment that were not taken back."""
    rows = allocations_of(payment_ids=[payment_id])
    reversed_ids = {row.reverses_id for row in rows if row.reverses_id}
    return [row for row in rows if row.reverses_id is None and row.id not in reversed_ids]


def settled_by(payment: PaymentRow) -> list[SettledInvoice]:
    """What a payment has settled and not taken back, the newest last."""
    return [
        SettledInvoice(row.invoice_id, Money(row.amount, payment.currency)) for row in standing_allocations(payment.id)
    ]


def invoice_parties(invoice_ids: Iterable[UUID]) -> dict[UUID, InvoiceParty]:
    """Whose the invoices are."""
    rows = sql.fetch_as(
        InvoiceParty,
        "SELECT id, coalesce(number, ''), customer_id, entity_id, currency, status FROM invoices WHERE id = ANY(%s)",
        (list(invoice_ids),),
    )
    return {row.id: row for row in rows}


def open_invoices(*, customer_id: UUID, entity_id: UUID, currency: str) -> list[OpenInvoice]:
    """What is open of a customer in a currency at a legal entity, the oldest due first."""
    rows = sql.fetch(
        "SELECT id, number, customer_id, open_amount, due_on FROM invoices WHERE customer_id = %s AND entity_id = %s "
        "AND currency = %s AND open_amount > 0 ORDER BY due_on, number",
        (customer_id, entity_id, currency),
    )
    return [OpenInvoice(row[0], row[1], row[2], Money(row[3], currency), row[4]) for row in rows]


@dataclass(frozen=True, slots=True)
class IntentRow:
    """A wish to be paid by card."""

    id: UUID
    customer_id: UUID
    invoice_id: UUID | None
    entity_id: UUID
    currency: str
    amount: Decimal
    gateway: str
    method_token: str
    status: str
    gateway_reference: str | None
    decline_code: str
    message: str
    action_url: str
    payment_id: UUID | None


_INTENT = (
    "n.id, n.customer_id, n.invoice_id, n.entity_id, n.currency, n.amount, n.gateway, n.method_token, n.status, "
    "n.gateway_reference, n.decline_code, n.message, n.action_url, n.payment_id FROM payment_intents n"
)


def intent(intent_id: UUID, *, lock: bool = False) -> IntentRow:
    """One intent, locked where asked; raises NotFound."""
    rows = sql.fetch_as(
        IntentRow, f"SELECT {_INTENT} WHERE n.id = %s{' FOR NO KEY UPDATE' if lock else ''}", (intent_id,)
    )
    if not rows:
        raise NotFound("There is no such payment intent.", field="intent")
    return rows[0]


def intent_by_reference(gateway_reference: str) -> UUID | None:
    """The intent that a gateway knows by that reference."""
    row = sql.fetch_one("SELECT id FROM payment_intents WHERE gateway_reference = %s", (gateway_reference,))
    return row[0] if row else None


def pending_intents(limit: int = 100) -> list[UUID]:
    """Intents whose outcome nobody knows yet."""
    return sql.ids(sql.fetch("SELECT id FROM payment_intents WHERE status = 'pending' ORDER BY id LIMIT %s", (limit,)))


@dataclass(frozen=True, slots=True)
class RefundRow:
    """Money given back, or on its way back."""

    id: UUID
    payment_id: UUID
    amount: Decimal
    reason: str
    status: str
    gateway_reference: str
    refunded_on: date | None
    created_at: datetime


_REFUND = "id, payment_id, amount, reason, status, gateway_reference, refunded_on, created_at FROM refunds"


def refunds_of(payment_id: UUID) -> list[RefundRow]:
    """The refunds of a payment, in order."""
    return sql.fetch_as(RefundRow, f"SELECT {_REFUND} WHERE payment_id = %s ORDER BY id", (payment_id,))


def refund(refund_id: UUID) -> RefundRow:
    """One refund; raises NotFound."""
    rows = sql.fetch_as(RefundRow, f"SELECT {_REFUND} WHERE id = %s", (refund_id,))
    if not rows:
        raise NotFound("There is no such refund.", field="refund")
    return rows[0]
