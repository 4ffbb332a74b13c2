"""Books with the policies in force, and how far each contract was run for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from cashline.flow.recognise.books.rules.policies import Policies, Standard, read_policies
from cashline.flow.recognise.books.rules.steps import Place
from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.ledger.rules.entries import Balance
from cashline.kernel.fiscal import Slicer
from cashline.kernel.periods import month_of
from cashline.kernel.refusals import NotFound
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class BookRow:
    """A book with its latest policies, the version of them, and who decided them."""

    id: UUID
    entity_id: UUID
    code: str
    name: str
    standard: Standard
    version: int
    policies: Policies
    reason: str
    decided_by: str
    decided_at: datetime


_BOOK = """
SELECT b.id, b.entity_id, b.code, b.name, b.standard, p.version, p.policies, p.reason, p.decided_by, p.decided_at
FROM accounting_books b JOIN book_policies p ON p.book_id = b.id
    AND p.version = (SELECT max(x.version) FROM book_policies x WHERE x.book_id = b.id)
"""


def _row(row: Sequence[Any]) -> BookRow:
    key, entity_id, code, name, standard, version, policies, *decided = row
    return BookRow(key, entity_id, code, name, Standard(standard), version, read_policies(policies), *decided)


def books_of(entity_ids: Sequence[UUID] | None = None) -> list[BookRow]:
    """The books of the entities (None: of all), by entity and code; the journal itself is not among them."""
    rows = sql.fetch(
        f"{_BOOK} WHERE %(all)s OR b.entity_id = ANY(%(ids)s::uuid[]) ORDER BY b.entity_id, b.code",
        {"all": entity_ids is None, "ids": list(entity_ids or ())},
    )
    return [_row(row) for row in rows]


def book(book_id: UUID) -> BookRow:
    """One book; raises NotFound."""
    rows = sql.fetch(f"{_BOOK} WHERE b.id = %s", (book_id,))
    if not rows:
        raise NotFound(f"There is no book {book_id}.", field="book")
    return _row(rows[0])


def book_by_code(entity_id: UUID, code: str) -> BookRow:
    """The book of an entity with that code; raises NotFound."""
    rows = sql.fetch(f"{_BOOK} WHERE b.entity_id = %s AND b.code = %s", (entity_id, code))
    if not rows:
        raise NotFound(f"There is no book {code[:40]!r} of this entity.", field="book")
    return _row(rows[0])


def book_for_update(book_id: UUID) -> BookRow:
    """The same, with its runs and policies held still until the commit."""
    sql.execute("SELECT pg_advisory_xact_lock(hashtextextended('cashline.book ' || %s::text, 0))", (book_id,))
    return book(book_id)


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A version of what a book elects."""

    version: int
    policies: dict[str, str]
    reason: str
    decided_by: str
    decided_at: datetime


def policy_history(book_id: UUID) -> list[PolicyRow]:
    """What a book elected, the newest first."""
    return sql.fetch_as(
        PolicyRow,
        "SELECT version, policies, reason, decided_by, decided_at FROM book_policies WHERE book_id = %s "
        "ORDER BY version DESC",
        (book_id,),
    )


class Due(NamedTuple):
    """A contract that a run of a book must look at: how many facts there are now, and the day to run it to."""

    id: UUID
    facts: int
    through: date


_AGREEMENTS = """
SELECT f.id, f.facts, f.through FROM (
    SELECT a.id, COALESCE(s.facts, 0) + COALESCE(i.lines, 0) + COALESCE(c.lines, 0) AS facts,
        GREATEST(%(through)s, s.through) AS through, s.complete_on, s.agreement_id AS run
    FROM agreements a LEFT JOIN revenue_states s ON s.agreement_id = a.id
    LEFT JOIN (SELECT COALESCE(i.agreement_id, l.agreement_id) AS agreement_id, count(*) AS lines
        FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id
        WHERE i.entity_id = %(entity)s AND i.status <> 'draft' AND i.issued_on <= %(through)s GROUP BY 1) i
        ON i.agreement_id = a.id
    LEFT JOIN (SELECT COALESCE(i.agreement_id, x.agreement_id) AS agreement_id, count(*) AS lines
        FROM credit_notes c JOIN invoices i ON i.id = c.invoice_id JOIN credit_note_lines l ON l.credit_note_id = c.id
        JOIN invoice_lines x ON x.id = l.invoice_line_id
        WHERE c.entity_id = %(entity)s AND c.status = 'issued' AND c.issued_on <= %(through)s GROUP BY 1) c
        ON c.agreement_id = a.id
    WHERE a.entity_id = %(entity)s AND (s.agreement_id IS NOT NULL OR i.lines > 0)
) f LEFT JOIN book_states t ON t.book_id = %(book)s AND t.source_id = f.id
WHERE t.source_id IS NULL OR t.facts <> f.facts OR t.version <> %(version)s
    OR (t.through < f.through AND f.run IS NOT NULL AND (f.complete_on IS NULL OR f.complete_on > t.through))
ORDER BY 1
"""


def due_for_book(one: BookRow, through: date) -> list[Due]:
    """The agreements of the entity that have other facts, days or policies than the last run of the book saw."""
    rows = sql.fetch(_AGREEMENTS, {"entity": one.entity_id, "through": through, "book": one.id, "version": one.version})
    return [Due(*row) for row in rows]


def due_arrangements_for_book(one: BookRow) -> list[Due]:
    """The same of arrangements, each up to the day to which the journal was run."""
    rows = sql.fetch(
        "SELECT a.id, a.facts_run, a.through FROM revenue_arrangements a "
        "LEFT JOIN book_states t ON t.book_id = %(book)s AND t.source_id = a.id "
        "WHERE a.entity_id = %(entity)s AND a.through IS NOT NULL AND (t.source_id IS NULL OR t.facts <> a.facts_run "
        "OR t.version <> %(version)s OR t.through < a.through) ORDER BY 1",
        {"entity": one.entity_id, "book": one.id, "version": one.version},
    )
    return [Due(*row) for row in rows]


class PostedOf(NamedTuple):
    """What a book holds of a contract: amounts by place, and the last sequence of its entries by month and choice."""

    amounts: dict[Place, Decimal]
    sequences: dict[tuple[date, str, str], int]


def posted_in(book_id: UUID, source_ids: Sequence[UUID], slicer: Slicer) -> dict[UUID, PostedOf]:
    """What a book posted of contracts so far, by the months (or slices) of a calendar, whichever it was posted by.

    An amount counts where its entry stands; where a closed period sent it to another, where it belongs.
    """
    rows = sql.fetch(
        "SELECT e.source_id, e.month, COALESCE(e.belongs_on, e.day), e.contract, l.name, l.subject, l.nature, e.rule, "
        "sum(l.amount), max(e.sequence) FROM book_entries e JOIN book_lines l ON l.entry_id = e.id "
        "WHERE e.source_id = ANY(%s) AND e.book_id = %s GROUP BY 1, 2, 3, 4, 5, 6, 7, 8",
        (list(source_ids), book_id),
    )
    found = {key: PostedOf({}, {}) for key in source_ids}
    for key, month, day, contract, name, subject, nature, rule, amount, sequence in rows:
        entry = (month, contract, rule)
        found[key].sequences[entry] = max(sequence, found[key].sequences.get(entry, -1))
        if name:
            start = slicer(day if month_of(day) == month_of(month) else month).start
            place = Place(start, contract, name, subject, nature, rule)
            found[key].amounts[place] = found[key].amounts.get(place, Decimal(0)) + amount
    return found


def held_in(book_id: UUID, agreement_ids: Sequence[UUID]) -> dict[UUID, Balance]:
    """The contract positions that a book added to those of the journal."""
    rows = sql.fetch(
        "SELECT l.agreement_id, sum(l.amount), sum(l.functional_amount) FROM book_lines l "
        "JOIN book_entries e ON e.id = l.entry_id AND e.book_id = %s "
        "JOIN accounts a ON a.id = l.account_id AND a.role = %s WHERE l.agreement_id = ANY(%s) GROUP BY 1",
        (book_id, AccountRole.CONTRACT_POSITION.value, list(agreement_ids)),
    )
    return {key: Balance(amount, functional) for key, amount, functional in rows}
