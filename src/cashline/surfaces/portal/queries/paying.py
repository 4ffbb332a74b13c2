"""The customer's invoices, credit notes, payments and disputes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.invoice.invoices.queries.lists import OF_AGREEMENT
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An issued invoice; `disputed` is the part of the open amount that the customer contests.

    `money_came` says that a payment settled some of it; credit alone is no money.
    """

    id: UUID
    number: str
    entity_id: UUID
    agreement_id: UUID | None
    agreement_number: str | None
    agreement_origin: str | None
    purchase_order: str | None
    currency: str
    status: str
    issued_on: date
    due_on: date
    supply_on: date | None
    net_total: Decimal
    tax_total: Decimal
    gross_total: Decimal
    open_amount: Decimal
    disputed: Decimal
    money_came: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceLineRow:
    """A billed charge."""

    id: UUID
    line_no: int
    description: str
    start: date | None
    end: date | None
    quantity: Decimal
    unit_price: Decimal
    net_amount: Decimal
    tax_code: str
    tax_rate: Decimal
    gross_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class InvoiceTaxRow:
    """The tax of one code and rate."""

    tax_code: str
    rate: Decimal
    base: Decimal
    tax: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """What lowered the open amount of an invoice: a payment or a credit note."""

    kind: str
    id: UUID
    number: str
    on: date
    amount: Decimal
    words: str


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """A dispute."""

    id: UUID
    number: str
    amount: Decimal
    reason: str
    description: str
    status: str
    opened_on: date
    resolved_on: date | None
    resolution: str


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """Money received."""

    id: UUID
    number: str
    entity_id: UUID
    currency: str
    method: str
    status: str
    amount: Decimal
    unapplied_amount: Decimal
    refunded_amount: Decimal
    received_on: date | None


@dataclass(frozen=True, slots=True)
class AllocationRow:
    """The part of a payment that settles an invoice, all its bookings together."""

    invoice_id: UUID
    invoice_number: str
    amount: Decimal
    write_off_amount: Decimal


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A card charge of an invoice and how it stands."""

    id: UUID
    invoice_id: UUID | None
    invoice_number: str | None
    entity_id: UUID
    currency: str
    amount: Decimal
    gateway: str
    status: str
    decline_code: str
    message: str
    action_url: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CreditNoteRow:
    """An issued credit note."""

    id: UUID
    number: str
    invoice_id: UUID
    entity_id: UUID
    currency: str
    reason: str
    issued_on: date
    gross_total: Decimal
    unapplied_amount: Decimal


_UNRESOLVED = "('opened', 'under_review')"
_INVOICE = (
    "i.id, i.number, i.entity_id, i.agreement_id, a.number, a.origin, a.purchase_order, i.currency, i.status, "
    "i.issued_on, i.due_on, i.supply_on, i.net_total, i.tax_total, i.gross_total, i.open_amount, "
    "coalesce((SELECT sum(d.amount) FROM disputes d WHERE d.invoice_id = i.id AND d.status IN "
    f"{_UNRESOLVED}), 0), EXISTS (SELECT FROM payment_allocations x WHERE x.invoice_id = i.id), i.created_at"
)
_INVOICE_SOURCE = "invoices i LEFT JOIN agreements a ON a.id = i.agreement_id AND a.customer_id = i.customer_id"
INVOICE_SORTS = {
    "number": "i.number",
    "issued_on": "i.issued_on",
    "due_on": "i.due_on",
    "gross_total": "i.gross_total",
    "open_amount": "i.open_amount",
}
STATES = {
    "open": "i.open_amount > 0 AND i.status = 'issued'",
    "overdue": "i.open_amount > 0 AND i.status = 'issued' AND i.due_on < %s",
    "paid": "i.open_amount = 0 AND i.status = 'issued'",
    "void": "i.status = 'void'",
}
_PAYMENT = (
    "p.id, p.number, p.entity_id, p.currency, p.method, p.status, p.amount, p.unapplied_amount, p.refunded_amount, "
    "p.received_on"
)
PAYMENT_SORTS = {"number": "p.number", "received_on": "coalesce(p.received_on, 'infinity')", "amount": "p.amount"}
_CHARGE = (
    "SELECT n.id, n.invoice_id, i.number, coalesce(i.entity_id, n.entity_id), n.currency, n.amount, n.gateway, "
    "n.status, n.decline_code, n.message, n.action_url, n.created_at FROM payment_intents n "
    "LEFT JOIN invoices i ON i.id = n.invoice_id AND i.customer_id = n.customer_id"
)


def find_invoices(
    ask: lists.Ask, customer_id: UUID, *, today: date, words: str = "", states: Sequence[str] = ()
) -> Page[InvoiceRow]:
    """One page of invoices, the newest first; `states` are keys of STATES."""
    conditions = lists.Conditions()
    conditions.add("i.customer_id = %s AND i.number IS NOT NULL", customer_id)
    if states:
        texts = [STATES[state] for state in states]
        conditions.add("(" + " OR ".join(texts) + ")", *[today for text in texts if "%s" in text])
    conditions.contains(("i.number", "coalesce(a.purchase_order, '')", "coalesce(a.number, '')"), words)
    return lists.page(
        InvoiceRow,
        columns=_INVOICE,
        source=_INVOICE_SOURCE,
        key="i.id",
        sorts=INVOICE_SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def invoice(invoice_id: UUID) -> InvoiceRow:
    """One invoice; raises NotFound, also for another customer's."""
    rows = sql.fetch_as(
        InvoiceRow,
        f"SELECT {_INVOICE} FROM {_INVOICE_SOURCE} WHERE i.id = %s AND i.number IS NOT NULL",
        (invoice_id,),
    )
    if not rows:
        raise NotFound("There is no such invoice.", field="invoice")
    return rows[0]


def invoices_of_agreement(agreement_id: UUID, *, limit: int = 50) -> list[InvoiceRow]:
    """The invoices under an agreement, the newest first."""
    return sql.fetch_as(
        InvoiceRow,
        f"SELECT {_INVOICE} FROM {_INVOICE_SOURCE} WHERE i.id IN ({OF_AGREEMENT}) AND i.number IS NOT NULL "
        "ORDER BY i.issued_on DESC, i.id DESC LIMIT %s",
        (agreement_id, agreement_id, limit),
    )


def invoice_lines(invoice_id: UUID) -> list[InvoiceLineRow]:
    """The lines of an invoice."""
    return sql.fetch_as(
        InvoiceLineRow,
        "SELECT id, line_no, description, lower(period), upper(period), quantity, unit_price, net_amount, tax_code, "
        "tax_rate, gross_amount FROM invoice_lines WHERE invoice_id = %s ORDER BY line_no",
        (invoice_id,),
    )


def invoice_taxes(invoice_id: UUID) -> list[InvoiceTaxRow]:
    """The taxes of an invoice."""
    return sql.fetch_as(
        InvoiceTaxRow,
        "SELECT tax_code, rate, base, tax, reason FROM invoice_taxes WHERE invoice_id = %s "
        "ORDER BY rate DESC, tax_code",
        (invoice_id,),
    )


def settlements(invoice_id: UUID) -> list[SettlementRow]:
    """What paid or lowered an invoice, oldest first."""
    return sql.fetch_as(
        SettlementRow,
        "SELECT kind, id, number, day, amount, words FROM ("
        "SELECT 'payment' AS kind, p.id, p.number, max(x.applied_on) AS day, sum(x.amount + x.write_off_amount) AS "
        "amount, p.method AS words FROM payment_allocations x JOIN payments p ON p.id = x.payment_id "
        "WHERE x.invoice_id = %(i)s GROUP BY p.id HAVING sum(x.amount + x.write_off_amount) <> 0 "
        "UNION ALL SELECT 'credit_note', c.id, c.number, c.issued_on, c.gross_total - c.unapplied_amount, c.reason "
        "FROM credit_notes c WHERE c.invoice_id = %(i)s) AS found ORDER BY day, id",
        {"i": invoice_id},
    )


def disputes_of(invoice_id: UUID) -> list[DisputeRow]:
    """The disputes about an invoice, the newest first."""
    return sql.fetch_as(
        DisputeRow,
        "SELECT id, number, amount, reason, description, status, opened_on, resolved_on, resolution FROM disputes "
        "WHERE invoice_id = %s ORDER BY id DESC",
        (invoice_id,),
    )


def invoice_of_dispute(dispute_id: UUID) -> UUID:
    """The invoice that a dispute is about; raises NotFound, also for another customer's."""
    row = sql.fetch_one("SELECT invoice_id FROM disputes WHERE id = %s", (dispute_id,))
    if row is None:
        raise NotFound("There is no such dispute.", field="dispute")
    key: UUID = row[0]
    return key


def credit_note(credit_note_id: UUID) -> CreditNoteRow:
    """One credit note; raises NotFound, also for another customer's."""
    rows = sql.fetch_as(
        CreditNoteRow,
        "SELECT id, number, invoice_id, entity_id, currency, reason, issued_on, gross_total, unapplied_amount "
        "FROM credit_notes WHERE id = %s AND number IS NOT NULL",
        (credit_note_id,),
    )
    if not rows:
        raise NotFound("There is no such credit note.", field="credit_note")
    return rows[0]


def find_payments(ask: lists.Ask, customer_id: UUID, *, words: str = "") -> Page[PaymentRow]:
    """One page of payments, the newest first."""
    conditions = lists.Conditions()
    conditions.add("p.customer_id = %s AND p.number IS NOT NULL", customer_id)
    conditions.contains(("p.number",), words)
    return lists.page(
        PaymentRow,
        columns=_PAYMENT,
        source="payments p",
        key="p.id",
        sorts=PAYMENT_SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def payment(payment_id: UUID) -> PaymentRow:
    """One payment; raises NotFound, also for another customer's."""
    rows = sql.fetch_as(
        PaymentRow, f"SELECT {_PAYMENT} FROM payments p WHERE p.id = %s AND p.number IS NOT NULL", (payment_id,)
    )
    if not rows:
        raise NotFound("There is no such payment.", field="payment")
    return rows[0]


def allocations(payment_id: UUID) -> list[AllocationRow]:
    """What a payment settles."""
    return sql.fetch_as(
        AllocationRow,
        "SELECT i.id, i.number, sum(x.amount), sum(x.write_off_amount) FROM payment_allocations x "
        "JOIN invoices i ON i.id = x.invoice_id WHERE x.payment_id = %s GROUP BY i.id, i.number "
        "HAVING sum(x.amount) <> 0 OR sum(x.write_off_amount) <> 0 ORDER BY i.id",
        (payment_id,),
    )


def charge(charge_id: UUID) -> ChargeRow:
    """One card charge; raises NotFound, also for another customer's."""
    rows = sql.fetch_as(ChargeRow, f"{_CHARGE} WHERE n.id = %s", (charge_id,))
    if not rows:
        raise NotFound("There is no such payment.", field="charge")
    return rows[0]


def charges_under_way(invoice_id: UUID) -> list[ChargeRow]:
    """Card charges for an invoice that are not decided yet, the newest first."""
    return sql.fetch_as(
        ChargeRow,
        f"{_CHARGE} WHERE n.invoice_id = %s AND n.status IN ('pending', 'requires_action') ORDER BY n.id DESC",
        (invoice_id,),
    )


def latest_charge(invoice_id: UUID) -> ChargeRow | None:
    """The newest card charge for an invoice, however it stands."""
    rows = sql.fetch_as(ChargeRow, f"{_CHARGE} WHERE n.invoice_id = %s ORDER BY n.id DESC LIMIT 1", (invoice_id,))
    return rows[0] if rows else None
