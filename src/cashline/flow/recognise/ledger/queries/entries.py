"""Journal entries: lists, one with its lines, those of a document, and the lines of an account."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line with its account; debit positive. `document_id` is the document whose balance it moves."""

    entry_id: UUID
    line_no: int
    account_id: UUID
    account_code: str
    account_name: str
    account_role: str
    amount: Decimal
    functional_amount: Decimal
    customer_id: UUID | None
    agreement_id: UUID | None
    document_id: UUID | None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A journal entry; `total` is the sum of its debits in its currency, `own_total` in the entity's."""

    id: UUID
    entity_id: UUID
    entity_code: str
    entity_currency: str
    book: str
    currency: str
    day: date
    source_type: str
    source_id: UUID
    rule: str
    text: str
    posted_at: datetime
    total: Decimal
    own_total: Decimal
    lines: tuple[LineRow, ...] = field(default=())


_DEBITS = "(SELECT COALESCE(sum(l.{0}), 0) FROM journal_lines l WHERE l.entry_id = e.id AND l.{0} > 0)"
_ENTRY = (
    "e.id, e.entity_id, c.code, c.currency, e.book, e.currency, e.day, e.source_type, e.source_id, e.rule, e.text, "
    f"e.posted_at, {_DEBITS.format('amount')}, {_DEBITS.format('functional_amount')}"
)
_SOURCE = "journal_entries e JOIN legal_entities c ON c.id = e.entity_id"
_LINE = (
    "l.entry_id, l.line_no, l.account_id, a.code, a.name, a.role, l.amount, l.functional_amount, l.customer_id, "
    "l.agreement_id, l.document_id"
)
_NUMBERED = " UNION ALL ".join(
    f"SELECT id FROM {table} WHERE number = %(number)s"
    for table in ("invoices", "credit_notes", "payments", "shipments", "agreements")
)
SORTS = {"day": "e.day", "posted_at": "e.id"}


def list_entries(
    ask: lists.Ask,
    *,
    entity_ids: Sequence[UUID] | None = None,
    rules: Sequence[str] = (),
    start: date | None = None,
    end: date | None = None,
    number: str = "",
) -> Page[EntryRow]:
    """One page of entries; days are `[start, end)`, `entity_ids` None means all.

    `number` is that of a document: its own entries are given, those that moved its balance, and those of its contract.
    """
    conditions = lists.Conditions()
    conditions.among("e.entity_id", entity_ids, "uuid")
    conditions.among("e.rule", rules)
    if start:
        conditions.add("e.day >= %s", start)
    if end:
        conditions.add("e.day < %s", end)
    if number.strip():
        conditions.among("e.id", _entries_about(number.strip().upper()), "uuid")
    return lists.page(
        EntryRow,
        columns=_ENTRY,
        source=_SOURCE,
        key="e.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="journal_entries e",
    )


def _entries_about(number: str) -> list[UUID]:
    """The entries of a document, those that moved its balance, and those of its contract."""
    ids = sql.ids(sql.fetch(_NUMBERED, {"number": number}))
    return sql.ids(
        sql.fetch(
            "SELECT id FROM journal_entries WHERE source_id = ANY(%(ids)s) UNION "
            "SELECT entry_id FROM journal_lines WHERE document_id = ANY(%(ids)s) UNION "
            "SELECT entry_id FROM journal_lines WHERE agreement_id = ANY(%(ids)s)",
            {"ids": ids},
        )
    )


def entry(entry_id: UUID) -> EntryRow:
    """One entry with its lines; raises NotFound."""
    found = _with_lines(sql.fetch(f"SELECT {_ENTRY} FROM {_SOURCE} WHERE e.id = %s", (entry_id,)))
    if not found:
        raise NotFound(f"There is no journal entry {entry_id}.", field="entry_id")
    return found[0]


def entries_of(source_ids: Iterable[UUID]) -> list[EntryRow]:
    """The entries of those sources with their lines, in the order of posting."""
    return _with_lines(
        sql.fetch(
            f"SELECT {_ENTRY} FROM {_SOURCE} WHERE e.source_id = ANY(%s) ORDER BY e.id",
            (list(set(source_ids)),),
        )
    )


def entries_of_agreement(agreement_id: UUID, *, limit: int = 200) -> list[EntryRow]:
    """The entries of an agreement with their lines, in the order of posting."""
    return _with_lines(
        sql.fetch(
            f"SELECT {_ENTRY} FROM {_SOURCE} WHERE e.id IN "
            "(SELECT l.entry_id FROM journal_lines l WHERE l.agreement_id = %s) ORDER BY e.id LIMIT %s",
            (agreement_id, limit),
        )
    )


def _with_lines(rows: Sequence[tuple[Any, ...]]) -> list[EntryRow]:
    lines: dict[UUID, list[LineRow]] = {row[0]: [] for row in rows}
    for line in sql.fetch_as(
        LineRow,
        f"SELECT {_LINE} FROM journal_lines l JOIN accounts a ON a.id = l.account_id "
        "WHERE l.entry_id = ANY(%s) ORDER BY l.entry_id, l.line_no",
        (list(lines),),
    ):
        lines[line.entry_id].append(line)
    return [replace(EntryRow(*row), lines=tuple(lines[row[0]])) for row in rows]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account of an entity's chart."""

    id: UUID
    entity_id: UUID
    code: str
    name: str
    type: str
    role: str


def accounts(entity_ids: Sequence[UUID] | None = None) -> list[AccountRow]:
    """The accounts of the entities (None: of all) by code."""
    return sql.fetch_as(
        AccountRow,
        "SELECT id, entity_id, code, name, type, role FROM accounts "
        "WHERE %(all)s OR entity_id = ANY(%(ids)s::uuid[]) ORDER BY code, entity_id",
        {"all": entity_ids is None, "ids": list(entity_ids or ())},
    )


@dataclass(frozen=True, slots=True)
class AccountLine:
    """A line of an account with the entry it belongs to."""

    entry_id: UUID
    line_no: int
    day: date
    text: str
    rule: str
    source_type: str
    source_id: UUID
    currency: str
    amount: Decimal
    functional_amount: Decimal
    customer_id: UUID | None
    agreement_id: UUID | None
    document_id: UUID | None


def account_lines(
    account_id: UUID,
    *,
    start: date | None = None,
    end: date | None = None,
    posted_before: datetime | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Page[AccountLine]:
    """One page of an account's lines in `[start, end)`, newest day first, without what was posted later."""
    texts, params = ["l.account_id = %s"], [account_id]
    for text, bound in (("l.day >= %s", start), ("l.day < %s", end), ("e.posted_at < %s", posted_before)):
        if bound:
            texts.append(text)
            params.append(bound)  # type: ignore[arg-type]
    if cursor:
        texts.append("(l.day, l.entry_id, l.line_no) < (%s, %s, %s)")
        params.extend(_read_cursor(cursor))  # type: ignore[arg-type]
    entry = "JOIN journal_entries e ON e.id = l.entry_id"
    order = "ORDER BY l.day DESC, l.entry_id DESC, l.line_no DESC"
    narrowed = f"{entry} WHERE" if posted_before else "WHERE"
    rows = sql.fetch_as(
        AccountLine,
        "SELECT l.entry_id, l.line_no, l.day, e.text, e.rule, e.source_type, e.source_id, e.currency, l.amount, "
        "l.functional_amount, l.customer_id, l.agreement_id, l.document_id FROM (SELECT l.* FROM journal_lines l "
        f"{narrowed} {' AND '.join(texts)} {order} LIMIT %s) l {entry} {order}",
        [*params, limit + 1],
    )
    items = rows[:limit]
    more = len(rows) > limit
    return Page(items, _cursor(items[-1]) if more else "")


def _cursor(row: AccountLine) -> str:
    text = f"{row.day.isoformat()}|{row.entry_id}|{row.line_no}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[date, UUID, int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        day, entry_id, line_no = base64.urlsafe_b64decode(padded).decode().split("|")
        return date.fromisoformat(day), UUID(entry_id), int(line_no)
    except (ValueError, UnicodeDecodeError):
        raise InvalidValue("This cursor is not one of ours.", field="cursor") from None
