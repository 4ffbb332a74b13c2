"""In which language a page speaks: Django's, or for a customer's page the customer's own, with the words given for it.

The pages and templates translate by this module, so that a page is of one language: whoever shows it to a customer
says so once (`speaking`), and no setting of the browser mixes another one in. Rules are pure and refuse in English:
their sentences are told in the language of the page by the patterns that are given for it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils import translation
from django.utils.functional import lazy

type Words = Mapping[str, str]
"""The words of a language by the English ones that stand in the source."""
type Sentences = Sequence[tuple[re.Pattern[str], str]]
"""Sentences of rules with how they are told: what stands in the place of each `{}` there is `{0}`, `{1}` … here."""
_WORDS: ContextVar[Words | None] = ContextVar("words", default=None)
_SENTENCES: ContextVar[Sentences] = ContextVar("sentences", default=())


@contextmanager
def speaking(locale: str, words: Words, sentences: Sentences = ()) -> Iterator[None]:
    """Within it pages speak the language of a locale such as `de_AT`; words that are missing are English."""
    tokens = _WORDS.set(words), _SENTENCES.set(sentences)
    try:
        with translation.override(locale.replace("_", "-").lower()):
            yield
    finally:
        _WORDS.reset(tokens[0])
        _SENTENCES.reset(tokens[1])


def sentences_of(told: Words) -> Sentences:
    """Sentences to speak by, from the English ones with `{}` in place of what varies; the longer ones go first."""
    ordered = sorted(told.items(), key=lambda item: len(item[0]), reverse=True)
    return [(re.compile(re.escape(one).replace(r"\{\}", "(.+?)"), re.DOTALL), words) for one, words in ordered]


def sentence(text: str) -> str:
    """What a rule says, in the language of the page where it is known there."""
    for pattern, words in _SENTENCES.get():
        if found := pattern.fullmatch(text):
            return words.format(*found.groups())
    return text


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
