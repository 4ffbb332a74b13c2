"""Lists of invoices, their totals, and what is open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.customers.queries.finding import Meant, numbered, search
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page
from cashline.platform.snapshots.rules import Figure


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An invoice as lists show it; `supply_on` is the last day of what it bills."""

    id: UUID
    number: str
    entity_id: UUID
    customer_id: UUID
    customer_number: str
    customer_name: str
    agreement_id: UUID | None
    currency: str
    status: str
    issued_on: date
    due_on: date
    supply_on: date | None
    net_total: Decimal
    tax_total: Decimal
    gross_total: Decimal
    open_amount: Decimal
    entity_rate: Decimal
    bill_run_id: UUID | None
    created_at: datetime
    kind: str = "standard"
    discount_total: Decimal = Decimal(0)
    credit_applied: Decimal = Decimal(0)
    prepaid_applied: Decimal = Decimal(0)

    def is_overdue(self, today: date) -> bool:
        """Is something open after its due day?"""
        return self.open_amount > 0 and self.due_on < today


@dataclass(frozen=True, slots=True)
class ReceivableTotals:
    """What is open of one currency, and what of it is overdue."""

    currency: str
    count: int
    open_amount: Decimal
    overdue: int
    overdue_amount: Decimal


@dataclass(frozen=True, slots=True)
class OpenItemRow:
    """An invoice with something open, as money that comes in is matched to it.

    `withheld` is the tax that its customer was expected to keep back when it was issued.
    """

    invoice_id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    known_ibans: list[str]
    entity_id: UUID
    currency: str
    issued_on: date
    due_on: date
    gross_total: Decimal
    open_amount: Decimal
    withheld: Decimal


_INVOICE = (
    "i.id, coalesce(i.number, ''), i.entity_id, i.customer_id, c.number, c.name, i.agreement_id, i.currency, i.status, "
    "i.issued_on, i.due_on, i.supply_on, i.net_total, i.tax_total, i.gross_total, i.open_amount, i.entity_rate, "
    "i.bill_run_id, i.created_at, i.kind, i.discount_total, i.credit_applied, i.prepaid_applied"
)
_SOURCE = "invoices i JOIN customers c ON c.id = i.customer_id"
SORTS = {
    "number": "i.number",
    "customer": "lower(c.name)",
    "issued_on": "i.issued_on",
    "due_on": "i.due_on",
    "gross_total": "i.gross_total",
}
"""What a list of a million is sorted by at no cost: each has an index."""
GATHERED = 20_000
"""The invoices of a run with so many are gathered and sorted; those of a larger one are met by walking."""


def agreements_of(row: InvoiceRow) -> list[UUID]:
    """The agreements that an invoice bills; none of a one-off invoice without one."""
    if row.agreement_id is not None:
        return [row.agreement_id]
    text = "SELECT agreement_id FROM invoice_agreements WHERE invoice_id = %s ORDER BY agreement_id"
    return sql.ids(sql.fetch(text, (row.id,)))


OF_AGREEMENT = (
    "SELECT v.id FROM invoices v WHERE v.agreement_id = %s UNION ALL "
    "SELECT s.invoice_id FROM invoice_agreements s WHERE s.agreement_id = %s"
)
"""The invoices of an agreement, alone or with others."""
STATES = {
    "open": "i.open_amount > 0",
    "overdue": "i.open_amount > 0 AND i.due_on < %s",
    "paid": "i.open_amount = 0 AND i.status = 'issued'",
    "void": "i.status = 'void'",
}
"""What lists filter by; paid and overdue are no statuses but follow from the open amount and the day."""


def invoices_by_id(ids: Iterable[UUID]) -> dict[UUID, InvoiceRow]:
    """The invoices with those ids; an unknown id is left out."""
    rows = sql.fetch_as(InvoiceRow, f"SELECT {_INVOICE} FROM {_SOURCE} WHERE i.id = ANY(%s)", (list(set(ids)),))
    return {row.id: row for row in rows}


def invoice(invoice_id: UUID) -> InvoiceRow:
    """One invoice; raises NotFound."""
    found = invoices_by_id([invoice_id]).get(invoice_id)
    if found is None:
        raise NotFound(f"There is no invoice {invoice_id}.", field="invoice_id")
    return found


def invoices_by_number(numbers: Iterable[str]) -> dict[str, InvoiceRow]:
    """The invoices with those numbers; an unknown number is left out."""
    rows = sql.fetch_as(InvoiceRow, f"SELECT {_INVOICE} FROM {_SOURCE} WHERE i.number = ANY(%s)", (list(set(numbers)),))
    return {row.number: row for row in rows}


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices; `entity_ids` None means all legal entities. Days are from (included) to (not included)."""

    words: str = ""
    states: Sequence[str] = ()
    customer_id: UUID | None = None
    agreement_id: UUID | None = None
    bill_run_id: UUID | None = None
    entity_ids: Sequence[UUID] | None = None
    currencies: Sequence[str] = ()
    issued_from: date | None = None
    issued_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None
    least: Decimal | None = None
    most: Decimal | None = None


def list_invoices(ask: lists.Ask, chosen: InvoiceFilter, *, today: date) -> Page[InvoiceRow]:
    """One page of issued invoices; `today` decides what is overdue."""
    return lists.page(
        InvoiceRow,
        columns=_INVOICE,
        source=_SOURCE,
        key="i.id",
        sorts=SORTS,
        conditions=_conditions(chosen, today, ask.sort),
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="invoices i",
    )


@dataclass(frozen=True, slots=True)
class ReceivablesAsked:
    """Whose totals: of these legal entities, or of all."""

    entity_ids: tuple[UUID, ...] | None = None


def receivable_totals(*, entity_ids: Sequence[UUID] | None, today: date) -> list[ReceivableTotals]:
    """What is open and overdue by currency; read from an index of open invoices alone."""
    conditions = lists.Conditions()
    conditions.add("i.open_amount > 0")
    conditions.among("i.entity_id", entity_ids, "uuid")
    return sql.fetch_as(
        ReceivableTotals,
        "SELECT i.currency, count(*), sum(i.open_amount), count(*) FILTER (WHERE i.due_on < %s), "
        "coalesce(sum(i.open_amount) FILTER (WHERE i.due_on < %s), 0) "
        f"FROM invoices i WHERE {' AND '.join(conditions.texts)} GROUP BY i.currency ORDER BY i.currency",
        [today, today, *conditions.params],
    )


def _read(asked: ReceivablesAsked, today: date) -> list[ReceivableTotals]:
    return receivable_totals(entity_ids=asked.entity_ids, today=today)


RECEIVABLES: Figure[ReceivablesAsked, list[ReceivableTotals]] = Figure(
    "invoices.receivables", ReceivablesAsked, list[ReceivableTotals], _read
)
"""What is open and overdue by currency, as it stands above the list."""


def _conditions(chosen: InvoiceFilter, today: date, sort: str) -> lists.Conditions:
    conditions = lists.Conditions()
    conditions.add("i.number IS NOT NULL")
    conditions.few = chosen.agreement_id is not None or _is_small(chosen.bill_run_id)
    conditions.among("i.entity_id", chosen.entity_ids, "uuid")
    conditions.among("i.currency", chosen.currencies)
    search(conditions, chosen.words, customer="i.customer_id", own=_meant, sort=sort)
    if chosen.states:
        texts = [STATES[state] for state in chosen.states]
        conditions.add(f"({' OR '.join(texts)})", *[today for text in texts if "%s" in text])
    conditions.given("i.customer_id = %s", chosen.customer_id)
    conditions.given("i.bill_run_id = %s", chosen.bill_run_id)
    conditions.given("i.issued_on >= %s", chosen.issued_from)
    conditions.given("i.issued_on < %s", chosen.issued_to)
    conditions.given("i.due_on >= %s", chosen.due_from)
    conditions.given("i.due_on < %s", chosen.due_to)
    conditions.given("i.gross_total >= %s", chosen.least)
    conditions.given("i.gross_total <= %s", chosen.most)
    if chosen.agreement_id is not None:
        conditions.add(f"i.id IN ({OF_AGREEMENT})", chosen.agreement_id, chosen.agreement_id)
    return conditions


def _is_small(bill_run_id: UUID | None) -> bool:
    rows = f"SELECT 1 FROM invoices WHERE bill_run_id = %s LIMIT {GATHERED + 1}"
    found = sql.fetch_one(f"SELECT count(*) FROM ({rows}) AS found", (bill_run_id,)) if bill_run_id else None
    return found is not None and found[0] <= GATHERED


def _meant(word: str) -> Meant | None:
    return numbered("invoices", "i", word, kind="invoice")


def open_items(
    *,
    entity_id: UUID | None = None,
    currency: str = "",
    customer_ids: Iterable[UUID] | None = None,
    invoice_ids: Iterable[UUID] | None = None,
) -> list[OpenItemRow]:
    """Invoices with something open, the longest due first."""
    conditions = lists.Conditions()
    conditions.add("i.open_amount > 0")
    conditions.given("i.entity_id = %s", entity_id)
    if currency:
        conditions.add("i.currency = %s", currency)
    conditions.among("i.customer_id", None if customer_ids is None else list(customer_ids), "uuid")
    conditions.among("i.id", None if invoice_ids is None else list(invoice_ids), "uuid")
    return sql.fetch_as(
        OpenItemRow,
        "SELECT i.id, i.number, i.customer_id, c.name, c.known_ibans, i.entity_id, i.currency, i.issued_on, i.due_on, "
        "i.gross_total, i.open_amount, coalesce(w.amount, 0) "
        f"FROM {_SOURCE} LEFT JOIN (SELECT invoice_id, sum(amount) AS amount FROM invoice_withholdings GROUP BY 1) w "
        f"ON w.invoice_id = i.id WHERE {' AND '.join(conditions.texts)} ORDER BY i.due_on, i.id",
        conditions.params,
    )
