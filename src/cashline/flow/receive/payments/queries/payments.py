"""Payments: rows for lists and documents, what they settled, and what is still open to settle."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.customers.queries.finding import Meant, numbered, search
from cashline.flow.receive.payments.rules import TAX_WITHHELD, OpenInvoice, SettledInvoice
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page

_PAYMENT = (
    "p.id, p.number, p.entity_id, e.code, p.customer_id, c.name, p.currency, p.method, p.status, p.amount, "
    "p.unapplied_amount, p.refunded_amount, p.received_on, p.entity_rate, p.gateway, p.gateway_reference, p.source_id, "
    "p.created_at"
)
_SOURCE = "payments p JOIN customers c ON c.id = p.customer_id JOIN legal_entities e ON e.id = p.entity_id"
SORTS = {
    "number": "p.number",
    "customer": "lower(c.name)",
    "amount": "p.amount",
    "received_on": "p.received_on",
}
"""Each has an index."""


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
    rows = sql.fetch_as(PaymentRow, f"SELECT {_PAYMENT} FROM {_SOURCE} WHERE p.id = ANY(%s)", (list(ids),))
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


def payment_by_reference(gateway: str, gateway_reference: str) -> PaymentRow | None:
    """The payment that a gateway knows by that reference, locked until the transaction ends."""
    row = sql.fetch_one(
        "SELECT id FROM payments WHERE gateway = %s AND gateway_reference = %s FOR NO KEY UPDATE",
        (gateway, gateway_reference),
    )
    return payment(row[0]) if row else None


def payment_by_number(number: str) -> UUID | None:
    """The payment with that number."""
    row = sql.fetch_one("SELECT id FROM payments WHERE number = %s", (number,))
    return row[0] if row else None


def payments_for_update(payment_ids: Iterable[UUID]) -> dict[UUID, PaymentRow]:
    """Payments locked in key order until the transaction ends; raises NotFound where one is missing."""
    wanted = list(set(payment_ids))
    sql.execute("SELECT 1 FROM payments WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (wanted,))
    found = payments_by_id(wanted)
    if len(found) < len(wanted):
        raise NotFound("There is no such payment.", field="payment")
    return found


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """Which payments; `entities` None means all legal entities. Days are from (included) to (not included)."""

    words: str = ""
    entities: Sequence[UUID] | None = None
    customer_id: UUID | None = None
    statuses: Sequence[str] = ()
    methods: Sequence[str] = ()
    currencies: Sequence[str] = ()
    unapplied: bool = False
    uncertified: bool = False
    received_from: date | None = None
    received_to: date | None = None
    least: Decimal | None = None
    most: Decimal | None = None


def list_payments(ask: lists.Ask, chosen: PaymentFilter) -> Page[PaymentRow]:
    """One page of payments, newest first where no sort is asked for."""
    return lists.page(
        PaymentRow,
        columns=_PAYMENT,
        source=_SOURCE,
        key="p.id",
        sorts=SORTS,
        conditions=_conditions(chosen, ask.sort),
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="payments p",
    )


@dataclass(frozen=True, slots=True)
class PaymentTotals:
    """How many payments of a currency, what they sum to, and how much of that lies on account."""

    currency: str
    count: int
    amount: Decimal
    unapplied_amount: Decimal


def payment_totals(chosen: PaymentFilter) -> list[PaymentTotals]:
    """What the chosen payments sum to, by currency."""
    conditions = _conditions(chosen)
    where = f"WHERE {' AND '.join(conditions.texts)} " if conditions.texts else ""
    return sql.fetch_as(
        PaymentTotals,
        "SELECT p.currency, count(*), sum(p.amount), sum(p.unapplied_amount) "
        f"FROM payments p {where}GROUP BY p.currency ORDER BY p.currency",
        conditions.params,
    )


def _conditions(chosen: PaymentFilter, sort: str = "") -> lists.Conditions:
    conditions = lists.Conditions()
    conditions.among("p.entity_id", chosen.entities, "uuid")
    conditions.among("p.status", chosen.statuses)
    conditions.among("p.method", chosen.methods)
    conditions.among("p.currency", chosen.currencies)
    search(conditions, chosen.words, customer="p.customer_id", own=_meant, sort=sort)
    conditions.few = chosen.unapplied
    if chosen.unapplied:
        conditions.add("p.unapplied_amount > 0")
    if chosen.uncertified:
        proof = "SELECT FROM withholding_certificates w WHERE w.payment_id = p.id"
        conditions.add(f"p.method = %s AND p.status <> 'reversed' AND NOT EXISTS ({proof})", TAX_WITHHELD)
    conditions.given("p.customer_id = %s", chosen.customer_id)
    conditions.given("p.received_on >= %s", chosen.received_from)
    conditions.given("p.received_on < %s", chosen.received_to)
    conditions.given("p.amount >= %s", chosen.least)
    conditions.given("p.amount <= %s", chosen.most)
    return conditions


def _meant(word: str) -> Meant | None:
    return numbered("payments", "p", word, kind="payment", texts=("gateway_reference",))


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
    return _standing(allocations_of(payment_ids=[payment_id]))


def _standing(rows: Sequence[AllocationRow]) -> list[AllocationRow]:
    reversed_ids = {row.reverses_id for row in rows if row.reverses_id}
    return [row for row in rows if row.reverses_id is None and row.id not in reversed_ids]


def settled_by(payment: PaymentRow) -> list[SettledInvoice]:
    """What a payment has settled and not taken back, the newest last."""
    return settled_by_payment([payment])[payment.id]


def settled_by_payment(payments: Iterable[PaymentRow]) -> dict[UUID, list[SettledInvoice]]:
    """The same for any number of payments."""
    currencies = {payment.id: payment.currency for payment in payments}
    found: dict[UUID, list[SettledInvoice]] = {key: [] for key in currencies}
    for row in _standing(allocations_of(payment_ids=list(currencies))):
        found[row.payment_id].append(SettledInvoice(row.invoice_id, Money(row.amount, currencies[row.payment_id])))
    return found


def invoice_parties(invoice_ids: Iterable[UUID]) -> dict[UUID, InvoiceParty]:
    """Whose the invoices are."""
    rows = sql.fetch_as(
        InvoiceParty,
        "SELECT id, coalesce(number, ''), customer_id, entity_id, currency, status FROM invoices WHERE id = ANY(%s)",
        (list(invoice_ids),),
    )
    return {row.id: row for row in rows}


def agreements_of(invoice_ids: Iterable[UUID]) -> list[UUID]:
    """The agreements that invoices were billed by."""
    return sql.ids(
        sql.fetch(
            "SELECT agreement_id FROM invoices WHERE id = ANY(%(ids)s) AND agreement_id IS NOT NULL UNION "
            "SELECT agreement_id FROM invoice_agreements WHERE invoice_id = ANY(%(ids)s)",
            {"ids": list(set(invoice_ids))},
        )
    )


def open_invoices(*, customer_id: UUID, entity_id: UUID, currency: str) -> list[OpenInvoice]:
    """What is open of a customer in a currency at a legal entity, the oldest due first."""
    rows = sql.fetch(
        "SELECT id, number, customer_id, open_amount, due_on FROM invoices WHERE customer_id = %s AND entity_id = %s "
        "AND currency = %s AND open_amount > 0 ORDER BY due_on, number",
        (customer_id, entity_id, currency),
    )
    return [OpenInvoice(row[0], row[1], row[2], Money(row[3], currency), row[4]) for row in rows]


def credit_of_payment(payment_id: UUID) -> UUID:
    """The credit in a wallet that a payment was put into first; raises NotFound."""
    row = sql.fetch_one(
        "SELECT id FROM customer_credits WHERE document_id = %s AND kind = 'top_up' ORDER BY id LIMIT 1", (payment_id,)
    )
    if row is None:
        raise NotFound("Nothing of this payment lies in a wallet.", field="payment")
    return UUID(str(row[0]))
