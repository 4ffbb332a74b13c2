"""Card charges under way: intents, the invoices that they are for, and what each call to a gateway came to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.receive.payments.rules import PaymentStatus
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class IntentRow:
    """A wish to be paid by card; `tries` counts the calls to the gateway that left it undecided.

    The money of one for a wallet goes into it.
    """

    id: UUID
    entity_id: UUID
    customer_id: UUID
    invoice_id: UUID | None
    currency: str
    amount: Decimal
    gateway: str
    method_token: str
    return_url: str
    status: str
    gateway_reference: str | None
    decline_code: str
    message: str
    action_url: str
    payment_id: UUID | None
    tries: int
    next_call_at: datetime
    created_at: datetime
    wallet_id: UUID | None


@dataclass(frozen=True, slots=True)
class PayableInvoice:
    """An invoice as a charge for it must match; `under_way` is what charges that are not finished would pay of it."""

    id: UUID
    number: str
    customer_id: UUID
    entity_id: UUID
    currency: str
    open_amount: Decimal
    under_way: Decimal


@dataclass(frozen=True, slots=True)
class CallRow:
    """One try of a call to a gateway."""

    operation: str
    number: int
    outcome: str
    http_status: int
    error: str
    called_at: datetime


_INTENT = (
    "n.id, n.entity_id, n.customer_id, n.invoice_id, n.currency, n.amount, n.gateway, n.method_token, n.return_url, "
    "n.status, n.gateway_reference, n.decline_code, n.message, n.action_url, n.payment_id, n.tries, n.next_call_at, "
    "n.created_at, n.wallet_id"
)
UNDER_WAY = (PaymentStatus.PENDING.value, PaymentStatus.REQUIRES_ACTION.value)


def intent(intent_id: UUID, *, lock: bool = False) -> IntentRow:
    """One intent, locked until the commit where asked; raises NotFound."""
    locking = " FOR NO KEY UPDATE" if lock else ""
    rows = sql.fetch_as(IntentRow, f"SELECT {_INTENT} FROM payment_intents n WHERE n.id = %s{locking}", (intent_id,))
    if not rows:
        raise NotFound("There is no such payment intent.", field="intent")
    return rows[0]


def intents_for_update(intent_ids: Iterable[UUID]) -> list[IntentRow]:
    """Intents locked in key order; raises NotFound where one is missing."""
    wanted = set(intent_ids)
    rows = sql.fetch_as(
        IntentRow,
        f"SELECT {_INTENT} FROM payment_intents n WHERE n.id = ANY(%s) ORDER BY n.id FOR NO KEY UPDATE",
        (list(wanted),),
    )
    if len(rows) < len(wanted):
        raise NotFound("There is no such payment intent.", field="intent")
    return rows


def intent_by_reference(gateway: str, gateway_reference: str) -> IntentRow | None:
    """The intent that a gateway knows by that reference, locked until the commit."""
    rows = sql.fetch_as(
        IntentRow,
        f"SELECT {_INTENT} FROM payment_intents n WHERE n.gateway = %s AND n.gateway_reference = %s FOR NO KEY UPDATE",
        (gateway, gateway_reference),
    )
    return rows[0] if rows else None


def due_intents(*, now: datetime, limit: int) -> list[UUID]:
    """Intents whose outcome nobody knows and whose gateway is to be asked again."""
    return sql.ids(
        sql.fetch(
            "SELECT id FROM payment_intents WHERE status = %s AND next_call_at <= %s ORDER BY id LIMIT %s",
            (PaymentStatus.PENDING.value, now, limit),
        )
    )


def abandoned_intents(*, before: datetime, now: datetime, limit: int) -> list[UUID]:
    """Intents that have waited for their payers since before then, and whose gateway is to be asked again."""
    return sql.ids(
        sql.fetch(
            "SELECT id FROM payment_intents WHERE status = %s AND created_at < %s AND next_call_at <= %s "
            "ORDER BY id LIMIT %s",
            (PaymentStatus.REQUIRES_ACTION.value, before, now, limit),
        )
    )


def payable_for_update(invoice_ids: Iterable[UUID]) -> dict[UUID, PayableInvoice]:
    """Issued invoices, locked in key order until the commit, with what is under way for them."""
    wanted = list(set(invoice_ids))
    if not wanted:
        return {}
    locked = sql.fetch(
        "SELECT id, number, customer_id, entity_id, currency, open_amount FROM invoices "
        "WHERE id = ANY(%s) AND number IS NOT NULL ORDER BY id FOR NO KEY UPDATE",
        (wanted,),
    )
    under_way = amounts_under_way(wanted)
    return {
        row[0]: PayableInvoice(row[0], row[1], row[2], row[3], row[4], row[5], under_way.get(row[0], Decimal(0)))
        for row in locked
    }


def payable(invoice_id: UUID) -> PayableInvoice:
    """One issued invoice with what is under way for it; raises NotFound."""
    row = sql.fetch_one(
        "SELECT id, number, customer_id, entity_id, currency, open_amount FROM invoices "
        "WHERE id = %s AND number IS NOT NULL",
        (invoice_id,),
    )
    if row is None:
        raise NotFound("There is no such issued invoice.", field="invoice")
    under_way = amounts_under_way([invoice_id]).get(invoice_id, Decimal(0))
    return PayableInvoice(row[0], row[1], row[2], row[3], row[4], row[5], under_way)


def amounts_under_way(invoice_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
    """What charges that are not finished would pay of each invoice; invoices without any are left out."""
    return dict(
        sql.fetch(
            "SELECT invoice_id, sum(amount) FROM payment_intents "
            "WHERE invoice_id = ANY(%s) AND status = ANY(%s) GROUP BY invoice_id",
            (list(invoice_ids), list(UNDER_WAY)),
        )
    )


def list_intents(
    ask: lists.Ask,
    *,
    entities: Sequence[UUID] | None = None,
    statuses: Sequence[str] = (),
    invoice_ids: Sequence[UUID] | None = None,
) -> Page[IntentRow]:
    """One page of intents, the newest first."""
    conditions = lists.Conditions()
    conditions.among("n.entity_id", entities, "uuid")
    conditions.among("n.status", statuses)
    conditions.among("n.invoice_id", invoice_ids, "uuid")
    return lists.page(
        IntentRow,
        columns=_INTENT,
        source="payment_intents n",
        key="n.id",
        sorts={"created_at": "n.created_at", "amount": "n.amount"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def calls_about(subject_ids: Sequence[UUID]) -> list[CallRow]:
    """The tries of calls about intents and refunds, in order."""
    return sql.fetch_as(
        CallRow,
        "SELECT operation, number, outcome, http_status, error, called_at FROM gateway_calls "
        "WHERE subject_id = ANY(%s) ORDER BY id",
        (list(subject_ids),),
    )
