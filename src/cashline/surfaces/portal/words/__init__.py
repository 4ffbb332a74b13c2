"""The language of the portal: the customer's where we have its words, English otherwise; one for a whole page."""

from contextlib import AbstractContextManager

from cashline.platform.pages.speaking import Sentences, Words, sentences_of, speaking
from cashline.surfaces.portal.words.french import FRENCH
from cashline.surfaces.portal.words.french_frame import FRAME as FRENCH_FRAME
from cashline.surfaces.portal.words.french_refusals import REFUSALS as FRENCH_REFUSALS
from cashline.surfaces.portal.words.german import GERMAN
from cashline.surfaces.portal.words.german_frame import FRAME as GERMAN_FRAME
from cashline.surfaces.portal.words.german_refusals import REFUSALS as GERMAN_REFUSALS

WORDS: dict[str, Words] = {"en": {}, "de": GERMAN | GERMAN_FRAME, "fr": FRENCH | FRENCH_FRAME}

REFUSALS: dict[str, Words] = {"en": {}, "de": GERMAN_REFUSALS, "fr": FRENCH_REFUSALS}
"""What rules refuse, in each language: a customer can meet these."""
_SENTENCES: dict[str, Sentences] = {language: sentences_of(told) for language, told in REFUSALS.items()}


def speaking_to(locale: str) -> AbstractContextManager[None]:
    """Within it a page speaks to a customer of that locale."""
    language = locale[:2].lower()
    return speaking(locale, WORDS[language], _SENTENCES[language]) if language in WORDS else speaking("en", {})
