"""Invoice numbers and creditor references in the text of a payment, as people and machines garble them.

Numbers are compared without separators and with the letters that optical readers confuse with digits made equal
(`INV-2026-000123`, `inv 2026/OOO123` and `lNV2026.000123` are one). A match must start and end where a number may.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stdnum import iso11649
from stdnum.ch import esr

from cashline.flow.receive.bank.rules.statement import alphanumeric

_CONFUSED = str.maketrans("OILSBZ", "011582")
_RUN = re.compile(r"[0-9]+")
_DIGITS = frozenset("0123456789")
FEWEST_DIGITS = 4
"""Digits that a word must have behind a known prefix to be taken for an invoice number."""


def fold(text: str) -> str:
    """A number without separators, upper case, with O, I, L, S, B, Z read as 0, 1, 1, 5, 8, 2."""
    return alphanumeric(text).translate(_CONFUSED)


def digits_of(text: str) -> str:
    """The digits of a number as printed, without its letters."""
    return "".join(character for character in text if character in _DIGITS)


@dataclass(frozen=True, slots=True)
class ScannedText:
    """A text as folded characters; `edges[i]` says whether a number may start at i (and end before it)."""

    characters: str
    edges: tuple[bool, ...]

    def slices(self, length: int) -> Iterator[tuple[int, str]]:
        """Every stretch of that length which starts and ends at an edge, with its place."""
        for start in range(len(self.characters) - length + 1):
            if self.edges[start] and self.edges[start + length]:
                yield start, self.characters[start : start + length]


def scan(text: str) -> ScannedText:
    """Fold a text; an edge is wherever separators stand, or letters and digits meet."""
    characters: list[str] = []
    edges: list[bool] = []
    before = ""
    for character in text.upper():
        kind = "d" if character in _DIGITS else "a" if "A" <= character <= "Z" else ""
        if kind:
            characters.append(character)
            edges.append(kind != before)
        before = kind
    edges.append(True)
    return ScannedText("".join(characters).translate(_CONFUSED), tuple(edges))


def digit_words(text: str) -> tuple[str, ...]:
    """The runs of digits in a text, as written."""
    return tuple(_RUN.findall(text))


def find_keys[T](scanned: ScannedText, keys: Mapping[str, T], lengths: Iterable[int]) -> dict[str, T]:
    """The keys that stand in the text, longest first, none inside another."""
    found: dict[str, T] = {}
    covered: set[int] = set()
    for length in sorted(lengths, reverse=True):
        for start, stretch in scanned.slices(length):
            if stretch in keys and not covered.intersection(range(start, start + length)):
                covered.update(range(start, start + length))
                found[stretch] = keys[stretch]
    return found


def words_like_numbers(scanned: ScannedText, prefixes: Sequence[str]) -> tuple[str, ...]:
    """Stretches that start with the letters of a number series and go on in digits: perhaps a number with a slip."""
    found: list[str] = []
    text, edges = scanned.characters, scanned.edges
    for prefix in prefixes:
        start = text.find(prefix)
        while start >= 0:
            end = start + len(prefix)
            while end < len(text) and text[end] in _DIGITS:
                end += 1
            if edges[start] and end - start - len(prefix) >= FEWEST_DIGITS:
                found.append(text[start:end])
            start = text.find(prefix, start + 1)
    return tuple(dict.fromkeys(found))


def slips(word: str, first: int) -> Iterator[str]:
    """The words one slip away: two neighbouring digits swapped, or one digit wrong, missing or too many.

    `first` is the place of the first digit; letters before it are left alone.
    """
    for place in range(first, len(word) - 1):
        if word[place] != word[place + 1]:
            yield word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    for place in range(first, len(word)):
        yield word[:place] + word[place + 1 :]
        for digit in "0123456789":
            if digit != word[place]:
                yield word[:place] + digit + word[place + 1 :]
            yield word[:place] + digit + word[place:]


def structured_keys(reference: str) -> tuple[str, ...]:
    """What a structured reference may be known by: itself, and the number inside an RF (ISO 11649) or QR reference.

    A reference with wrong check digits is no RF or QR reference and stands for itself alone.
    """
    compact = alphanumeric(reference)
    keys = [compact]
    if compact.startswith("RF") and iso11649.is_valid(compact):
        keys.append(compact[4:])
    elif compact.isdigit() and len(compact) == 27 and esr.is_valid(compact):
        keys.append(compact[:-1].lstrip("0"))
    return tuple(dict.fromkeys(key for key in keys if key))
