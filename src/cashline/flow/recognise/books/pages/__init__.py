"""The console's pages of books: what each elects, how two differ, and what other policies would post."""

from cashline.flow.recognise.books.pages import books, supposing

URLS = [*books.URLS, *supposing.URLS]
