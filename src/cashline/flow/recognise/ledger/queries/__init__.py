"""Reading the ledger: books, entries, balances, months, and what documents bring to it."""

from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.flow.recognise.ledger.queries.books import books
from cashline.flow.recognise.ledger.queries.entries import account_lines, entries_of

__all__ = ["account_lines", "books", "entries_of", "trial_balance"]
