"""Explaining what the books beside the journal post."""

from uuid import UUID

from cashline.flow.recognise.books.queries.books import book
from cashline.flow.recognise.books.queries.reports import BookLineRow, book_entry, book_lines
from cashline.flow.recognise.books.rules.policies import CHOICE
from cashline.flow.report.explain.rules import EntryLine, Explanation, Source, credits_of, debits_of
from cashline.kernel.derivations import Derivation


def book_entry_explained(key: UUID) -> Explanation:
    """Why an entry of a book is what it is: its choice, and the plans that its lines lie between; raises NotFound."""
    row = book_entry(key)
    lines = [_line(one) for one in book_lines([key])]
    of = book(row.book_id)
    choice = CHOICE[row.rule]
    return Explanation(
        "book_entry",
        key,
        f"{of.name}: {row.text} ({choice.paragraph})",
        row.currency,
        row.total,
        debits_of(lines, choice.words),
        (Source("accounting_book", of.id, of.name), Source(row.source_type, row.source_id, row.text.split(" ")[0])),
        (("Credits", credits_of(lines)),),
    )


def _line(line: BookLineRow) -> EntryLine:
    """A line of a book: the difference of two plans, or what valuing and rounding left over."""
    made = (Derivation.from_json(line.derivation),) if line.derivation else ()
    return f"{line.account_code} {line.account_name}", line.amount, made
