"""In which language a page speaks: Django's, or for a customer's page the customer's own, with the words given for it.

The pages and templates translate by this module, so that a page is of one language: whoever shows it to a customer
says so once (`speaking`), and no setting of the browser mixes another one in.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils import translation
from django.utils.functional import lazy

type Words = Mapping[str, str]
"""The words of a language by the English ones that stand in the source."""
_WORDS: ContextVar[Words | None] = ContextVar("words", default=None)


@contextmanager
def speaking(locale: str, words: Words) -> Iterator[None]:
    """Within it pages speak the language of a locale such as `de_AT`; words that are missing are English."""
    token = _WORDS.set(words)
    try:
        with translation.override(locale.replace("_", "-").lower()):
            yield
    finally:
        _WORDS.reset(token)


def gettext(message: str) -> str:
    """A text in the language of the page."""
    words = _WORDS.get()
    return translation.gettext(message) if words is None else words.get(message, message)


def ngettext(one: str, many: str, count: int) -> str:
    """A text for one or for many in the language of the page."""
    words = _WORDS.get()
    if words is None:
        return translation.ngettext(one, many, count)
    message = one if count == 1 else many
    return words.get(message, message)


gettext_lazy = lazy(gettext, str)
"""The same, when it is shown."""
