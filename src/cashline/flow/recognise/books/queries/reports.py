"""What books come to: trial balances, their own entries, and how two of them differ, each difference with its reason.

A book is the journal and what the book posts otherwise, so the difference of two books is that of their own entries:
every cent of it stands on an entry that names its choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.recognise.books.queries.books import BookRow
from cashline.flow.recognise.books.rules.policies import CHOICE, Choice
from cashline.flow.recognise.ledger.queries.balances import AccountBalance, trial_balance
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


_DIFFERENCES = """
SELECT e.source_type, e.source_id, COALESCE(g.number, r.number), e.contract, l.agreement_id, a.id, a.code, a.name,
    date_trunc('month', l.day)::date, e.rule, e.book_id, sum(l.functional_amount)
FROM book_entries e JOIN book_lines l ON l.entry_id = e.id JOIN accounts a ON a.id = l.account_id
LEFT JOIN agreements g ON e.source_type = 'agreement' AND g.id = e.source_id
LEFT JOIN revenue_arrangements r ON e.source_type = 'revenue_arrangement' AND r.id = e.source_id
WHERE e.book_id = ANY(%(books)s) AND (%(start)s::date IS NULL OR e.day >= %(start)s)
    AND (%(end)s::date IS NULL OR e.day < %(end)s)
    AND (%(source)s::uuid IS NULL OR e.source_id = %(source)s)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 HAVING sum(l.functional_amount) <> 0
ORDER BY 3, 4, 7, 9, 10
"""
_IN_THE_JOURNAL = """
SELECT l.agreement_id, l.account_id, date_trunc('month', l.day)::date, sum(l.functional_amount) FROM journal_lines l
WHERE l.agreement_id = ANY(%(ids)s) AND l.account_id = ANY(%(accounts)s)
    AND (%(start)s::date IS NULL OR l.day >= %(start)s) AND (%(end)s::date IS NULL OR l.day < %(end)s) GROUP BY 1, 2, 3
"""

type _Key = tuple[str, UUID, str, str, UUID | None, UUID, str, str, date]


def differences(
    first: BookRow | None,
    second: BookRow | None,
    *,
    start: date | None = None,
    end: date | None = None,
    source_id: UUID | None = None,
) -> list[DifferenceRow]:
    """How two books of an entity (None: the journal) differ in `[start, end)`, by contract, account and month.

    The reasons of a row sum to its difference: each is what a choice of one of the books posted otherwise.
    """
    asked: dict[str, Any] = {
        "books": [one.id for one in (first, second) if one is not None],
        "start": start,
        "end": end,
        "source": source_id,
    }
    found: dict[_Key, dict[str, dict[UUID, Decimal]]] = {}
    for source, owner, number, part, agreement, account, code, name, month, rule, book, amount in sql.fetch(
        _DIFFERENCES, asked
    ):
        key = (source, owner, number, part, agreement, account, code, name, month)
        found.setdefault(key, {}).setdefault(rule, {})[book] = amount
    asked |= {"ids": list({key[4] for key in found}), "accounts": list({key[5] for key in found})}
    journal = {tuple(row[:3]): row[3] for row in sql.fetch(_IN_THE_JOURNAL, asked)} if found else {}
    rows = (_difference(key, by_rule, first, second, journal) for key, by_rule in found.items())
    return [row for row in rows if row.difference or row.reasons]


def _difference(
    key: _Key,
    by_rule: dict[str, dict[UUID, Decimal]],
    first: BookRow | None,
    second: BookRow | None,
    journal: dict[tuple[Any, ...], Decimal],
) -> DifferenceRow:
    sums = [_ZERO, _ZERO]
    reasons: list[Reason] = []
    for rule, by_book in by_rule.items():
        amounts = [by_book.get(one.id, _ZERO) if one else _ZERO for one in (first, second)]
        sums = [whole + part for whole, part in zip(sums, amounts, strict=True)]
        if amounts[1] != amounts[0]:
            reasons.append(Reason(CHOICE[rule], amounts[1] - amounts[0]))
    common = journal.get((key[4], key[5], key[8]), _ZERO)
    return DifferenceRow(*key, common + sums[0], common + sums[1], tuple(reasons))


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
    for text, value in (("e.source_id = %s", source_id), ("e.day >= %s", start), ("e.day < %s", end)):
        if value is not None:
            conditions.add(text, value)
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
