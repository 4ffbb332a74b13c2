"""Writing books: opening one, deciding its policies, and the run that posts where it differs from the journal."""

from cashline.flow.recognise.books.actions.calendars import compare_again
from cashline.flow.recognise.books.actions.opening import NewBook, open_book, set_policies
from cashline.flow.recognise.books.actions.running import BookRunResult, run_books, suppose_policies

__all__ = ["BookRunResult", "NewBook", "compare_again", "open_book", "run_books", "set_policies", "suppose_policies"]
