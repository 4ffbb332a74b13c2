"""Names of payers: the form in which banks, customers and typists agree, and how alike two names are."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from cashline.kernel.spelling import searchable

LEGAL_FORMS = frozenset(
    {
        *(
            "ab",
            "ag",
            "aps",
            "as",
            "asa",
            "bv",
            "bvba",
            "co",
            "company",
            "corp",
            "corporation",
            "cv",
            "doo",
            "eg",
            "ek",
        ),
        *("ev", "gbr", "gesellschaft", "gmbh", "inc", "incorporated", "kft", "kg", "kgaa", "lda", "limited", "llc"),
        *("llp", "lp", "ltd", "ltda", "mbh", "nv", "ohg", "oy", "oyj", "plc", "pte", "pty", "pvt", "sa", "sarl", "sas"),
        *(
            "se",
            "sl",
            "slu",
            "sp",
            "spa",
            "spol",
            "spzoo",
            "srl",
            "sro",
            "ug",
            "zoo",
            "z",
            "oo",
            "und",
            "and",
            "et",
            "y",
            "the",
        ),
    }
)
"""Words that say what kind of company it is, and words between names; they tell no two customers apart."""

_STROKES = str.maketrans({"ł": "l", "đ": "d"})
_WORD = re.compile(r"[a-z0-9]+")


def name_words(name: str) -> tuple[str, ...]:
    """The telling words of a name in lower-case ASCII: `Müller & Söhne GmbH` gives (`mueller`, `soehne`)."""
    words = _WORD.findall(searchable(name.replace(".", "")).translate(_STROKES))
    return tuple(word for word in words if word not in LEGAL_FORMS) or tuple(words)


def name_key(name: str) -> str:
    """The telling words in alphabetical order, so that `Anna Berg` and `Berg, Anna` have one key."""
    return " ".join(sorted(name_words(name)))


def alike(one: str, other: str) -> int:
    """How alike two name keys are, 0 to 100. A name that was cut short (27 characters or more) counts by its part."""
    if not one or not other:
        return 0
    if one == other:
        return 100
    score = int(100 * SequenceMatcher(None, one, other, autojunk=False).ratio())
    words, others = set(one.split()), set(other.split())
    shared = sum(map(len, words & others))
    shorter = min(sum(map(len, words)), sum(map(len, others)))
    if shorter >= 8 and shared == shorter:
        score = max(score, 90)
    return min(score, 99)


def longest_first(words: Iterable[str]) -> list[str]:
    """The words by falling length: the longer a word, the fewer names have it."""
    return sorted(set(words), key=lambda word: (-len(word), word))
