"""Lines of bank statements: what is known of an account, what waits to be matched, lists and progress."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from cashline.flow.receive.bank.rules.importing import KnownEntry
from cashline.flow.receive.bank.rules.lifecycle import BankLineStatus
from cashline.flow.receive.bank.rules.match_plan import Proposal
from cashline.flow.receive.bank.rules.statement import StatementKind, StatementLine
from cashline.flow.receive.bank.rules.stored_proposals import proposals_from_json
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as lists and decisions need it."""

    id: UUID
    statement_id: UUID
    account_id: UUID
    entity_id: UUID
    booked_on: date
    value_on: date
    amount: Decimal
    currency: str
    charges: Decimal
    counterparty_name: str
    counterparty_iban: str
    end_to_end_id: str
    remittance: str
    status: str
    match_status: str
    match_reason: str
    confidence: int
    stored_proposals: list[dict[str, Any]] | None
    attempt: int
    payment_id: UUID | None
    payment_number: str | None

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """What matching proposed, best first."""
        return proposals_from_json(self.stored_proposals)

    @property
    def source_id(self) -> UUID:
        """What makes the payment of this line the same when it is told again; a new one after each unmatching."""
        return source_of(self.id, self.attempt)


def source_of(line_id: UUID, attempt: int) -> UUID:
    """The source of the payment that a line becomes."""
    return line_id if attempt == 0 else uuid5(line_id, str(attempt))


_LINE = (
    "l.id, l.statement_id, l.account_id, a.entity_id, l.booked_on, l.value_on, l.amount, l.currency, l.charges, "
    "l.counterparty_name, l.counterparty_iban, l.end_to_end_id, l.remittance, l.status, l.match_status, "
    "l.match_reason, l.confidence, l.proposals, l.attempt, l.payment_id, p.number"
)
_LINES = "bank_lines l JOIN bank_accounts a ON a.id = l.account_id LEFT JOIN payments p ON p.id = l.payment_id"
SORTS = {
    "booked_on": "l.booked_on",
    "amount": "l.amount",
    "counterparty": "lower(l.counterparty_name)",
    "confidence": "l.confidence",
}


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Which lines; days are from (included) to (not included)."""

    words: str = ""
    entities: Sequence[UUID] | None = None
    accounts: Sequence[UUID] | None = None
    statement_id: UUID | None = None
    statuses: Sequence[str] = ()
    match_statuses: Sequence[str] = ()
    receipts: bool = False
    booked_from: date | None = None
    booked_to: date | None = None
    least: Decimal | None = None
    most: Decimal | None = None


def list_lines(ask: lists.Ask, chosen: LineFilter) -> Page[LineRow]:
    """One page of lines, the newest first where no sort is asked for."""
    return lists.page(
        LineRow,
        columns=_LINE,
        source=_LINES,
        key="l.id",
        sorts=SORTS,
        conditions=_conditions(chosen),
        ask=ask,
        key_of_row=lambda row: row.id,
    )


@dataclass(frozen=True, slots=True)
class LineCount:
    """How many lines of a status, and what they sum to, by currency."""

    currency: str
    status: str
    count: int
    amount: Decimal


def line_counts(chosen: LineFilter) -> list[LineCount]:
    """How far the decisions on the chosen lines are."""
    conditions = _conditions(chosen)
    where = f"WHERE {' AND '.join(conditions.texts)} " if conditions.texts else ""
    return sql.fetch_as(
        LineCount,
        f"SELECT l.currency, l.status, count(*), sum(l.amount) FROM {_LINES} {where}GROUP BY 1, 2 ORDER BY 1, 2",
        conditions.params,
    )


def _conditions(chosen: LineFilter) -> lists.Conditions:
    conditions = lists.Conditions()
    conditions.among("a.entity_id", chosen.entities, "uuid")
    conditions.among("l.account_id", chosen.accounts, "uuid")
    conditions.among("l.status", chosen.statuses)
    conditions.among("l.match_status", chosen.match_statuses)
    conditions.contains(("l.counterparty_name", "l.remittance", "l.counterparty_iban", "l.end_to_end_id"), chosen.words)
    if chosen.receipts:
        conditions.add("l.amount > 0")
    conditions.given("l.statement_id = %s", chosen.statement_id)
    conditions.given("l.booked_on >= %s", chosen.booked_from)
    conditions.given("l.booked_on < %s", chosen.booked_to)
    conditions.given("l.amount >= %s", chosen.least)
    conditions.given("l.amount <= %s", chosen.most)
    return conditions


def lines_by_id(line_ids: Iterable[UUID]) -> dict[UUID, LineRow]:
    """The lines with those ids that exist."""
    rows = sql.fetch_as(LineRow, f"SELECT {_LINE} FROM {_LINES} WHERE l.id = ANY(%s)", (list(set(line_ids)),))
    return {row.id: row for row in rows}


def line(line_id: UUID) -> LineRow:
    """One line; raises NotFound."""
    found = lines_by_id([line_id])
    if not found:
        raise NotFound("There is no such bank line.", field="line")
    return found[line_id]


def next_open_line(account_id: UUID, *, but: UUID) -> UUID | None:
    """The next receipt of an account that waits for a decision: the surest proposal first."""
    row = sql.fetch_one(
        "SELECT id FROM bank_lines WHERE account_id = %s AND status = %s AND amount > 0 AND id <> %s "
        "ORDER BY confidence DESC, id LIMIT 1",
        (account_id, BankLineStatus.OPEN.value, but),
    )
    return row[0] if row else None


def lines_for_update(line_ids: Iterable[UUID]) -> dict[UUID, LineRow]:
    """Lines locked in key order until the commit; raises NotFound where one is missing."""
    wanted = list(set(line_ids))
    sql.execute("SELECT 1 FROM bank_lines WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (wanted,))
    found = lines_by_id(wanted)
    if len(found) < len(wanted):
        raise NotFound("There is no such bank line.", field="line")
    return found


def known_entries_of(account_id: UUID, first: date, last: date) -> list[KnownEntry]:
    """The entries of an account booked from the first to the last day, as importing recognises them."""
    rows = sql.fetch(
        "SELECT l.entry_fingerprint, l.booked_on, l.entry_amount, l.currency, l.entry_ref, "
        "max(CASE WHEN l.parts = 1 THEN l.end_to_end_id ELSE '' END), (array_agg(l.text_key ORDER BY l.part))[1], "
        "count(*), s.kind, s.sequence, s.opening_balance, s.closing_balance "
        "FROM bank_lines l JOIN bank_statements s ON s.id = l.statement_id "
        "WHERE l.account_id = %s AND l.booked_on BETWEEN %s AND %s AND l.status <> %s "
        "GROUP BY l.entry_fingerprint, l.booked_on, l.entry_amount, l.currency, l.entry_ref, s.id "
        "ORDER BY min(l.id::text)",
        (account_id, first, last, BankLineStatus.SPLIT.value),
    )
    return [_known_entry(row) for row in rows]


def _known_entry(row: tuple[Any, ...]) -> KnownEntry:
    fingerprint, booked_on, amount, currency, reference, end_to_end_id, text_key, count = row[:8]
    kind, sequence, opening, closing = row[8:]
    return KnownEntry(
        fingerprint=fingerprint,
        booking_date=booked_on,
        amount=amount,
        currency=currency,
        entry_ref=reference,
        end_to_end_id=end_to_end_id,
        text_key=text_key,
        line_count=count,
        kind=StatementKind(kind),
        sequence=sequence,
        opening=opening,
        closing=closing,
    )


_TO_MATCH = (
    "l.id, l.attempt, l.booked_on, l.value_on, l.amount, l.currency, l.line_no, l.entry_ref, l.end_to_end_id, "
    "l.mandate_id, l.counterparty_name, l.counterparty_iban, l.creditor_references, l.remittance, l.bank_code, "
    "l.is_reversal, l.charges, l.fingerprint"
)


@dataclass(frozen=True, slots=True)
class OpenLine:
    """An open line with the source of the payment that it may become."""

    id: UUID
    source_id: UUID
    line: StatementLine


def open_lines_for_update(
    account_id: UUID, *, after: tuple[date, UUID] | None, statement_id: UUID | None, limit: int
) -> list[OpenLine]:
    """Open lines of an account behind a place (day, id), in that order, locked until the commit."""
    conditions = lists.Conditions()
    conditions.add("l.account_id = %s AND l.status = %s", account_id, BankLineStatus.OPEN.value)
    if after:
        conditions.add("(l.booked_on, l.id) > (%s, %s)", *after)
    if statement_id:
        conditions.add("l.statement_id = %s", statement_id)
    rows = sql.fetch(
        f"SELECT {_TO_MATCH} FROM bank_lines l WHERE {' AND '.join(conditions.texts)} "
        "ORDER BY l.booked_on, l.id LIMIT %s FOR NO KEY UPDATE OF l",
        [*conditions.params, limit],
    )
    return [_open_line(row) for row in rows]


def _open_line(row: tuple[Any, ...]) -> OpenLine:
    key, attempt, booked_on, value_on, amount, currency, line_no, entry_ref, end_to_end_id = row[:9]
    mandate_id, name, iban, references, remittance, bank_code, is_reversal, charges, fingerprint = row[9:]
    line = StatementLine(
        booking_date=booked_on,
        value_date=value_on,
        amount=amount,
        currency=currency,
        index=line_no,
        entry_ref=entry_ref,
        end_to_end_id=end_to_end_id,
        mandate_id=mandate_id,
        counterparty_name=name,
        counterparty_iban=iban,
        creditor_references=tuple(references),
        remittance=remittance,
        bank_code=bank_code,
        is_reversal=is_reversal,
        charges=charges,
        fingerprint=fingerprint,
    )
    return OpenLine(key, source_of(key, attempt), line)


def settled_numbers(entity_id: UUID, endings: Sequence[str]) -> dict[str, UUID]:
    """Invoices of an entity that are paid and whose numbers end so (six characters each), with their customers."""
    return dict(
        sql.fetch(
            "SELECT number, customer_id FROM invoices WHERE entity_id = %s AND open_amount = 0 AND number IS NOT NULL "
            "AND right(number, 6) = ANY(%s)",
            (entity_id, list(endings)),
        )
    )


def lock_open_amounts(invoice_ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, Decimal]]:
    """Customer and open amount of invoices, which are locked in key order until the commit."""
    rows = sql.fetch(
        "SELECT id, customer_id, open_amount FROM invoices WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        (list(set(invoice_ids)),),
    )
    return {key: (customer_id, open_amount) for key, customer_id, open_amount in rows}
