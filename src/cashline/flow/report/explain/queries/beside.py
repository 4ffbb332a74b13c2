"""Explaining what the books beside the journal post."""

from uuid import UUID

from cashline.flow.recognise.books.queries.books import book
from cashline.flow.recognise.books.queries.reports import BookLineRow, book_entry, book_lines
from cashline.flow.recognise.books.rules.policies import CHOICE
from cashline.flow.report.explain.rules import Explanation, Source, total_of
from cashline.kernel.derivations import Derivation


def book_entry_explained(key: UUID) -> Explanation:
    """Why an entry of a book is what it is: its choice, and the plans that its lines lie between; raises NotFound."""
    row = book_entry(key)
    lines = book_lines([key])
    of = book(row.book_id)
    choice = CHOICE[row.rule]
    sides = {
        "debits": [_book_line(line, sign=1) for line in lines if line.amount > 0],
        "credits": [_book_line(line, sign=-1) for line in lines if line.amount < 0],
    }
    return Explanation(
        "book_entry",
        key,
        f"{of.name}: {row.text} ({choice.paragraph})",
        row.currency,
        row.total,
        total_of("ledger.entry", [("debits", sides["debits"])], choice.words),
        (Source("accounting_book", of.id, of.name), Source(row.source_type, row.source_id, row.text.split(" ")[0])),
        (("Credits", total_of("ledger.entry", [("credits", sides["credits"])])),),
    )


def _book_line(line: BookLineRow, *, sign: int) -> Derivation:
    """A line of a book by its side: the difference of two plans, or what valuing and rounding left over."""
    words = f"{line.account_code} {line.account_name}"
    parts = (Derivation.from_json(line.derivation),) if line.derivation else ()
    amount = line.amount * sign
    return Derivation("ledger.line", 1, {"amount": amount}, "amount", amount, words, parts)
