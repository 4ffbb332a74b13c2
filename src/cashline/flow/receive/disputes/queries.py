"""Reading disputes: rows for lists and documents, and what is contested of invoices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.customers.queries.finding import Meant, either, linked, numbered, search
from cashline.flow.receive.disputes.rules import UNRESOLVED, DisputedPart, DisputeStatus
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """A dispute with its invoice and customer."""

    id: UUID
    number: str
    invoice_id: UUID
    invoice_number: str
    invoice_open: Decimal
    entity_id: UUID
    customer_id: UUID
    customer_name: str
    currency: str
    amount: Decimal
    reason: str
    description: str
    status: str
    opened_by: str
    opened_on: date
    resolved_on: date | None
    resolution: str
    credit_note_id: UUID | None
    credit_note_number: str | None


@dataclass(frozen=True, slots=True)
class DisputableInvoice:
    """An issued invoice as a dispute of it must match it."""

    id: UUID
    number: str
    entity_id: UUID
    entity_code: str
    customer_id: UUID
    currency: str
    open_amount: Decimal


_DISPUTE = (
    "d.id, d.number, d.invoice_id, i.number, i.open_amount, i.entity_id, d.customer_id, c.name, i.currency, d.amount, "
    "d.reason, d.description, d.status, d.opened_by, d.opened_on, d.resolved_on, d.resolution, d.credit_note_id, "
    "n.number"
)
_SOURCE = (
    "disputes d JOIN invoices i ON i.id = d.invoice_id JOIN customers c ON c.id = d.customer_id "
    "LEFT JOIN credit_notes n ON n.id = d.credit_note_id"
)
SORTS = {
    "number": "d.number",
    "customer": "lower(c.name)",
    "amount": "d.amount",
    "opened_on": "d.opened_on",
    "status": "d.status",
}
_UNRESOLVED = [status.value for status in UNRESOLVED]


@dataclass(frozen=True, slots=True)
class DisputeFilter:
    """Which disputes; days are from (included) to (not included)."""

    words: str = ""
    entities: Sequence[UUID] | None = None
    customer_id: UUID | None = None
    invoice_id: UUID | None = None
    statuses: Sequence[str] = ()
    reasons: Sequence[str] = ()
    opened_from: date | None = None
    opened_to: date | None = None


def _meant(word: str) -> Meant | None:
    return either(
        numbered("disputes", "d", word, kind="dispute"),
        linked("d.invoice_id", "invoices", "i", numbered("invoices", "i", word, kind="invoice")),
    )


def list_disputes(ask: lists.Ask, chosen: DisputeFilter) -> Page[DisputeRow]:
    """One page of disputes, the newest first where no sort is asked for."""
    conditions = lists.Conditions()
    conditions.among("i.entity_id", chosen.entities, "uuid")
    conditions.among("d.status", chosen.statuses)
    conditions.among("d.reason", chosen.reasons)
    search(conditions, chosen.words, customer="d.customer_id", own=_meant, sort=ask.sort)
    conditions.given("d.customer_id = %s", chosen.customer_id)
    conditions.given("d.invoice_id = %s", chosen.invoice_id)
    conditions.given("d.opened_on >= %s", chosen.opened_from)
    conditions.given("d.opened_on < %s", chosen.opened_to)
    return lists.page(
        DisputeRow,
        columns=_DISPUTE,
        source=_SOURCE,
        key="d.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="disputes d",
    )


def dispute(dispute_id: UUID, *, lock: bool = False) -> DisputeRow:
    """One dispute, locked until the commit where asked; raises NotFound."""
    locking = " FOR NO KEY UPDATE OF d" if lock else ""
    rows = sql.fetch_as(DisputeRow, f"SELECT {_DISPUTE} FROM {_SOURCE} WHERE d.id = %s{locking}", (dispute_id,))
    if not rows:
        raise NotFound("There is no such dispute.", field="dispute")
    return rows[0]


def dispute_by_number(number: str) -> UUID | None:
    """The dispute with that number."""
    row = sql.fetch_one("SELECT id FROM disputes WHERE number = %s", (number,))
    return row[0] if row else None


def disputable_for_update(invoice_ids: Iterable[UUID]) -> dict[UUID, DisputableInvoice]:
    """Issued invoices, locked in key order until the commit; unknown ones are left out."""
    rows = sql.fetch_as(
        DisputableInvoice,
        "SELECT i.id, i.number, i.entity_id, e.code, i.customer_id, i.currency, i.open_amount FROM invoices i "
        "JOIN legal_entities e ON e.id = i.entity_id WHERE i.id = ANY(%s) AND i.number IS NOT NULL ORDER BY i.id "
        "FOR NO KEY UPDATE OF i",
        (list(set(invoice_ids)),),
    )
    return {row.id: row for row in rows}


def parts_of(invoice_ids: Iterable[UUID]) -> dict[UUID, list[DisputedPart]]:
    """Every dispute of each invoice with its status."""
    found: dict[UUID, list[DisputedPart]] = {}
    for key, amount, currency, status in sql.fetch(
        "SELECT d.invoice_id, d.amount, i.currency, d.status FROM disputes d JOIN invoices i ON i.id = d.invoice_id "
        "WHERE d.invoice_id = ANY(%s) ORDER BY d.id",
        (list(set(invoice_ids)),),
    ):
        found.setdefault(key, []).append(DisputedPart(Money(amount, currency), DisputeStatus(status)))
    return found


def disputed_amounts(invoice_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
    """What is contested of invoices and not resolved; invoices without a dispute are left out."""
    return dict(
        sql.fetch(
            "SELECT invoice_id, sum(amount) FROM disputes WHERE invoice_id = ANY(%s) AND status = ANY(%s) "
            "GROUP BY invoice_id",
            (list(invoice_ids), _UNRESOLVED),
        )
    )
