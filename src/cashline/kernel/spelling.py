"""Spellings of one name that people take for the same: `Müller`, `MUELLER` and `Muller`."""

import re
import unicodedata

_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"})
_ACCENTS = re.compile("[\u0300-\u036f]")


def searchable(words: str) -> str:
    """Words as names are looked up by: in small letters, umlauts spelled out, no accents (`Müller` is `mueller`).

    The database keeps each customer's name in this form, and beside it with its umlauts as plain letters
    (`searchable_name`, in the migrations of customers); like it, each letter is made small by itself.
    """
    small = "".join(letter.lower() for letter in unicodedata.normalize("NFC", words)).translate(_SPELLED_OUT)
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", small))


def without_marks(words: str) -> str:
    """The letters alone, without the accents and signs that any script sets on them (`Müller` is `Muller`)."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", words) if not unicodedata.combining(letter))
