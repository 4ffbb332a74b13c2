"""What books come to: trial balances, their own entries, and how two of them differ, each difference with its reason.

A book is the journal and what the book posts otherwise, so the difference of two books is that of their own entries:
every cent of it stands on an entry that names its choice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.recognise.books.queries.books import BookRow
from cashline.flow.recognise.books.rules.policies import CHOICE, Choice
from cashline.flow.recognise.ledger.queries.balances import AccountBalance, trial_balance
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page

_ZERO = Decimal(0)


def book_balances(
    entity_id: UUID, book: BookRow | None, as_of: date, *, known_at: datetime | None = None
) -> list[AccountBalance]:
    """The trial balance of a book (None: of the journal) at the end of a day, by code; the balances sum to zero."""
    rows = trial_balance(entity_id, as_of, known_at=known_at)
    if book is None:
        return rows
    own = {
        key: (debit, credit)
        for key, debit, credit in sql.fetch(
            "SELECT l.account_id, sum(greatest(l.functional_amount, 0)), sum(greatest(-l.functional_amount, 0)) "
            "FROM book_entries e JOIN book_lines l ON l.entry_id = e.id WHERE e.book_id = %(book)s "
            "AND e.day <= %(as_of)s AND (%(at)s::timestamptz IS NULL OR e.posted_at <= %(at)s) GROUP BY 1",
            {"book": book.id, "as_of": as_of, "at": known_at},
        )
    }
    return [_with(row, *own.get(row.account_id, (_ZERO, _ZERO))) for row in rows]


def _with(row: AccountBalance, debit: Decimal, credit: Decimal) -> AccountBalance:
    return AccountBalance(
        row.account_id, row.code, row.name, row.type, row.role, row.debit + debit, row.credit + credit
    )


@dataclass(frozen=True, slots=True)
class Reason:
    """A choice with what it moves, in the entity's currency (debit positive); the first book's count the other way."""

    choice: Choice
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """An account of a contract in a month: what stands in two books, in the entity's currency (debit positive).

    `source_type` is agreement or revenue_arrangement; the month is that of the accounting day.
    """

    source_type: str
    source_id: UUID
    number: str
    contract: str
    agreement_id: UUID | None
    account_id: UUID
    code: str
    name: str
    month: date
    first: Decimal
    second: Decimal
    reasons: tuple[Reason, ...] = field(default=())

    @property
    def difference(self) -> Decimal:
        """The second less the first."""
        return self.second - self.first

    @property
    def explained(self) -> Decimal:
        """What the reasons come to; always the whole difference."""
        return sum((one.amount for one in self.reasons), _ZERO)


_DIFFERING = """
WITH own AS (
    SELECT e.source_type, e.source_id, e.contract, l.agreement_id, l.account_id, e.rule,
        date_trunc('month', l.day)::date AS month,
        COALESCE(sum(l.functional_amount) FILTER (WHERE e.book_id = %(first)s::uuid), 0) AS one,
        COALESCE(sum(l.functional_amount) FILTER (WHERE e.book_id = %(second)s::uuid), 0) AS two
    FROM book_entries e JOIN book_lines l ON l.entry_id = e.id
    WHERE e.book_id IN (%(first)s::uuid, %(second)s::uuid) AND (%(start)s::date IS NULL OR e.day >= %(start)s)
        AND (%(end)s::date IS NULL OR e.day < %(end)s) AND (%(source)s::uuid IS NULL OR e.source_id = %(source)s)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
), rows AS (
    SELECT source_type, source_id, contract, agreement_id, account_id, month, sum(one) AS one, sum(two) AS two,
        jsonb_agg(jsonb_build_array(rule, (two - one)::text) ORDER BY rule) FILTER (WHERE one <> two) AS reasons
    FROM own GROUP BY 1, 2, 3, 4, 5, 6 HAVING bool_or(one <> two)
)
"""
_PAGE = (
    _DIFFERING
    + """
SELECT d.source_type, d.source_id, d.number, d.contract, d.agreement_id, d.account_id, d.code, d.name, d.month,
    d.one + COALESCE(j.amount, 0), d.two + COALESCE(j.amount, 0), d.reasons
FROM (SELECT r.*, COALESCE(g.number, q.number) AS number, a.code, a.name FROM rows r
    JOIN accounts a ON a.id = r.account_id
    LEFT JOIN agreements g ON r.source_type = 'agreement' AND g.id = r.source_id
    LEFT JOIN revenue_arrangements q ON r.source_type = 'revenue_arrangement' AND q.id = r.source_id
    ORDER BY number, r.contract, a.code, r.month, r.agreement_id LIMIT %(limit)s OFFSET %(offset)s) d
LEFT JOIN LATERAL (SELECT sum(l.functional_amount) AS amount FROM journal_lines l WHERE l.agreement_id = d.agreement_id
    AND l.account_id = d.account_id AND l.day >= GREATEST(d.month, %(start)s::date)
    AND l.day < LEAST((d.month + interval '1 month')::date, %(end)s::date)) j ON true
ORDER BY d.number, d.contract, d.code, d.month, d.agreement_id
"""
)
_TOTAL = f"{_DIFFERING} SELECT count(*), COALESCE(sum(two - one), 0) FROM rows"
READ_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Compared:
    """Two books of an entity (None: the journal) over `[start, end)`, or of one contract."""

    first: BookRow | None
    second: BookRow | None
    start: date | None = None
    end: date | None = None
    source_id: UUID | None = None

    def params(self) -> dict[str, Any]:
        """What the statements ask for."""
        keys = {"first": self.first.id if self.first else None, "second": self.second.id if self.second else None}
        return keys | {"start": self.start, "end": self.end, "source": self.source_id}


def difference_page(asked: Compared, *, offset: int = 0, limit: int = 50) -> list[DifferenceRow]:
    """Some of the rows in which two books differ, by contract, account and month.

    The reasons of a row sum to its difference: each is what a choice of one of the books posted otherwise.
    """
    rows = sql.fetch(_PAGE, asked.params() | {"offset": offset, "limit": limit})
    return [
        replace(DifferenceRow(*found), reasons=tuple(Reason(CHOICE[rule], Decimal(off)) for rule, off in reasons))
        for *found, reasons in rows
    ]


def difference_total(asked: Compared) -> tuple[int, Decimal]:
    """How many rows differ, and the sum of their differences."""
    row = sql.fetch_one(_TOTAL, asked.params())
    return (row[0], row[1]) if row else (0, _ZERO)


def differences(asked: Compared) -> Iterator[DifferenceRow]:
    """All rows in which two books differ, read in batches."""
    offset = 0
    while rows := difference_page(asked, offset=offset, limit=READ_AT_ONCE):
        yield from rows
        offset += len(rows)
        if len(rows) < READ_AT_ONCE:
            return


@dataclass(frozen=True, slots=True)
class BookEntryRow:
    """An entry of a book; `total` is the sum of its debits in its currency."""

    id: UUID
    book_id: UUID
    entity_id: UUID
    currency: str
    day: date
    month: date
    source_type: str
    source_id: UUID
    contract: str
    rule: str
    text: str
    posted_at: datetime
    total: Decimal


_ENTRY = (
    "e.id, e.book_id, e.entity_id, e.currency, e.day, e.month, e.source_type, e.source_id, e.contract, e.rule, e.text, "
    "e.posted_at, (SELECT COALESCE(sum(l.amount), 0) FROM book_lines l WHERE l.entry_id = e.id AND l.amount > 0)"
)


def book_entries(
    ask: lists.Ask, *, book_id: UUID, source_id: UUID | None = None, start: date | None = None, end: date | None = None
) -> Page[BookEntryRow]:
    """One page of the entries of a book in `[start, end)`, newest first."""
    conditions = lists.Conditions()
    conditions.add("e.book_id = %s", book_id)
    conditions.given("e.source_id = %s", source_id)
    conditions.given("e.day >= %s", start)
    conditions.given("e.day < %s", end)
    return lists.page(
        BookEntryRow,
        columns=_ENTRY,
        source="book_entries e",
        key="e.id",
        sorts={"day": "e.day"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def book_entry(entry_id: UUID) -> BookEntryRow:
    """One entry of a book; raises NotFound."""
    rows = sql.fetch_as(BookEntryRow, f"SELECT {_ENTRY} FROM book_entries e WHERE e.id = %s", (entry_id,))
    if not rows:
        raise NotFound(f"There is no entry {entry_id} of a book.", field="id")
    return rows[0]


@dataclass(frozen=True, slots=True)
class BookLineRow:
    """A line of an entry of a book, with its account and how its amount came about."""

    entry_id: UUID
    line_no: int
    account_id: UUID
    account_code: str
    account_name: str
    amount: Decimal
    functional_amount: Decimal
    subject: str
    derivation: dict[str, Any] | None


def book_lines(entry_ids: Sequence[UUID]) -> list[BookLineRow]:
    """The lines of entries of books, in order."""
    return sql.fetch_as(
        BookLineRow,
        "SELECT l.entry_id, l.line_no, a.id, a.code, a.name, l.amount, l.functional_amount, l.subject, l.derivation "
        "FROM book_lines l JOIN accounts a ON a.id = l.account_id WHERE l.entry_id = ANY(%s) "
        "ORDER BY l.entry_id, l.line_no",
        (list(entry_ids),),
    )
