"""Reading books: what they elect, what a run has to look at, and how two of them differ."""

from cashline.flow.recognise.books.queries.books import book, book_by_code, books_of
from cashline.flow.recognise.books.queries.reports import Compared, book_balances, differences

__all__ = ["Compared", "book", "book_balances", "book_by_code", "books_of", "differences"]
