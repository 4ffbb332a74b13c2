"""Reading exports: the batches, and their entries batch by batch so that memory stays flat."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import UUID

from cashline.flow.recognise.books.queries.books import BookRow
from cashline.flow.recognise.books.queries.reports import book_balances
from cashline.flow.recognise.exports.rules import (
    Asserted,
    ExportAccount,
    ExportEntry,
    ExportLine,
    Format,
    Totals,
    beancount_text,
    csv_text,
    hledger_text,
)
from cashline.flow.recognise.ledger.queries.entries import accounts
from cashline.kernel.refusals import NotFound
from cashline.platform import sql
from cashline.platform.company.queries import Entity, entities_by_id

READ_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A batch."""

    id: UUID
    entity_id: UUID
    number: int
    status: str
    after_transaction: int
    up_to_transaction: int
    entries: int
    lines: int
    debit: Decimal
    credit: Decimal
    first_day: date
    last_day: date
    sha256: str
    created_at: datetime
    created_by: str
    acknowledged_at: datetime | None
    acknowledged_by: str
    reference: str

    @property
    def totals(self) -> Totals:
        """What is counted on both sides."""
        return Totals(self.entries, self.lines, self.debit, self.credit)


_EXPORT = (
    "id, entity_id, number, status, after_transaction, up_to_transaction, entries, lines, debit, credit, first_day, "
    "last_day, sha256, created_at, created_by, acknowledged_at, acknowledged_by, reference"
)


def exports(entity_ids: list[UUID] | None = None, *, limit: int = 500) -> list[ExportRow]:
    """The batches of the entities (None: of all), newest first."""
    return sql.fetch_as(
        ExportRow,
        f"SELECT {_EXPORT} FROM journal_exports WHERE %(all)s OR entity_id = ANY(%(ids)s::uuid[]) "
        "ORDER BY id DESC LIMIT %(limit)s",
        {"all": entity_ids is None, "ids": entity_ids or [], "limit": limit},
    )


def export(export_id: UUID) -> ExportRow:
    """One batch; raises NotFound."""
    rows = sql.fetch_as(ExportRow, f"SELECT {_EXPORT} FROM journal_exports WHERE id = %s", (export_id,))
    if not rows:
        raise NotFound(f"There is no journal export {export_id}.", field="export_id")
    return rows[0]


def export_for_update(export_id: UUID) -> ExportRow:
    """One batch, locked until the commit; raises NotFound."""
    sql.execute("SELECT FROM journal_exports WHERE id = %s FOR NO KEY UPDATE", (export_id,))
    return export(export_id)


def exported_up_to(entity_id: UUID) -> tuple[int, int]:
    """The number of the last batch of an entity and the transaction that it reaches; zeros before the first."""
    row = sql.fetch_one(
        "SELECT number, up_to_transaction FROM journal_exports WHERE entity_id = %s ORDER BY number DESC LIMIT 1",
        (entity_id,),
    )
    return (row[0], row[1]) if row else (0, 0)


def totals_between(entity_id: UUID, after: int, up_to: int) -> tuple[Totals, date, date] | None:
    """What a batch would hold, and its first and last day; None where nothing."""
    row = sql.fetch_one(
        "SELECT count(DISTINCT e.id), count(*), sum(greatest(l.functional_amount, 0)), "
        "sum(greatest(-l.functional_amount, 0)), min(e.day), max(e.day) FROM journal_entries e "
        "JOIN journal_lines l ON l.entry_id = e.id "
        "WHERE e.entity_id = %s AND e.transaction > %s AND e.transaction <= %s",
        (entity_id, after, up_to),
    )
    return (Totals(row[0], row[1], row[2], row[3]), row[4], row[5]) if row and row[0] else None


def chart_of(entity_id: UUID) -> dict[UUID, ExportAccount]:
    """The accounts of an entity by their key."""
    return {row.id: ExportAccount(row.code, row.name, row.type) for row in accounts([entity_id])}


def entries_between(entity_id: UUID, after: int, up_to: int, *, until: date | None = None) -> Iterator[ExportEntry]:
    """The entries of an entity in the order of posting, read in batches; `until` is the last day that counts."""
    chart = chart_of(entity_id)
    place: tuple[int, UUID] = (after, UUID(int=2**128 - 1))
    while True:
        rows = sql.fetch(
            "SELECT e.transaction, e.id, e.day, e.posted_at, e.book, e.currency, e.source_type, e.rule, e.text, "
            "l.lines FROM (SELECT * FROM journal_entries e WHERE e.entity_id = %(entity)s "
            "AND (e.transaction, e.id) > (%(transaction)s, %(id)s) AND e.transaction <= %(up_to)s "
            "AND (%(until)s::date IS NULL OR e.day <= %(until)s) "
            "ORDER BY e.transaction, e.id LIMIT %(limit)s) e JOIN LATERAL (SELECT jsonb_agg(jsonb_build_array("
            "l.line_no, l.account_id, l.amount::text, l.functional_amount::text, c.number, a.number) "
            "ORDER BY l.line_no) AS lines FROM journal_lines l LEFT JOIN customers c ON c.id = l.customer_id "
            "LEFT JOIN agreements a ON a.id = l.agreement_id WHERE l.entry_id = e.id) l ON true "
            "ORDER BY e.transaction, e.id",
            {
                "entity": entity_id,
                "transaction": place[0],
                "id": place[1],
                "up_to": up_to,
                "until": until,
                "limit": READ_AT_ONCE,
            },
        )
        for row in rows:
            yield _entry(row, chart)
        if len(rows) < READ_AT_ONCE:
            return
        place = (rows[-1][0], rows[-1][1])


def entries_of_book(chosen: BookRow, *, until: date) -> Iterator[ExportEntry]:
    """What a book posted beside the journal up to a day, in the order of posting, read in batches."""
    chart = chart_of(chosen.entity_id)
    place = UUID(int=0)
    while True:
        rows = sql.fetch(
            "SELECT 0, e.id, e.day, e.posted_at, %(code)s, e.currency, e.source_type, e.rule, e.text, l.lines "
            "FROM (SELECT * FROM book_entries e WHERE e.book_id = %(book)s AND e.id > %(id)s AND e.day <= %(until)s "
            "ORDER BY e.id LIMIT %(limit)s) e JOIN LATERAL (SELECT jsonb_agg(jsonb_build_array("
            "l.line_no, l.account_id, l.amount::text, l.functional_amount::text, c.number, a.number) "
            "ORDER BY l.line_no) AS lines FROM book_lines l LEFT JOIN customers c ON c.id = l.customer_id "
            "LEFT JOIN agreements a ON a.id = l.agreement_id WHERE l.entry_id = e.id) l ON true ORDER BY e.id",
            {"book": chosen.id, "code": chosen.code, "id": place, "until": until, "limit": READ_AT_ONCE},
        )
        for row in rows:
            yield _entry(row, chart, "book_entry")
        if len(rows) < READ_AT_ONCE:
            return
        place = rows[-1][1]


def _entry(row: tuple[Any, ...], chart: dict[UUID, ExportAccount], kind: str = "journal_entry") -> ExportEntry:
    lines = tuple(
        ExportLine(line_no, chart[UUID(account)], Decimal(amount), Decimal(own), customer or "", contract or "")
        for line_no, account, amount, own, customer, contract in row[9]
    )
    return ExportEntry(row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], lines, kind)


def csv_of(owner: Entity, number: int, after: int, up_to: int) -> Iterator[str]:
    """The CSV of a batch."""
    entries = entries_between(owner.id, after, up_to)
    return csv_text(f"{owner.code}-{number}", owner.code, owner.currency, entries)


def export_text(row: ExportRow, wanted: Format) -> Iterator[str]:
    """A batch in a format; the same bytes whenever it is asked for."""
    owner = entities_by_id([row.entity_id])[row.entity_id]
    if wanted is Format.CSV:
        return csv_of(owner, row.number, row.after_transaction, row.up_to_transaction)
    write = beancount_text if wanted is Format.BEANCOUNT else hledger_text
    entries = entries_between(owner.id, row.after_transaction, row.up_to_transaction)
    return write(owner.code, owner.currency, list(chart_of(owner.id).values()), entries)


def ledger_text(owner: Entity, wanted: Format, *, until: date, book: BookRow | None = None) -> Iterator[str]:
    """All entries of an entity up to a day, with the trial balance of that day asserted (CSV asserts nothing).

    With a `book` those follow that it posted beside the journal, and the balances are those of the book.
    """
    beside = entries_of_book(book, until=until) if book else ()
    entries = chain(entries_between(owner.id, 0, 2**62, until=until), beside)
    if wanted is Format.CSV:
        name = f"{owner.code}-{book.code}" if book else owner.code
        return csv_text(f"{name}-until-{until.isoformat()}", owner.code, owner.currency, entries)
    chart = chart_of(owner.id)
    balances = {chart[row.account_id]: row.balance for row in book_balances(owner.id, book, until)}
    write = beancount_text if wanted is Format.BEANCOUNT else hledger_text
    return write(owner.code, owner.currency, list(chart.values()), entries, Asserted(until, balances))
