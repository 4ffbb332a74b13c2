"""Rules of finding: which numbers the typed words may stand for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from cashline.platform.numbering.rules import PREFIXES, format_number

LONGEST = 100
_DIGITS = re.compile(r"(?:([A-Za-z]+)[\s#.-]*)?0*(\d{1,9})")
_NUMBERED = re.compile(r"[A-Za-z]+(-[A-Za-z0-9-]*)?")


@dataclass(frozen=True, slots=True)
class NumberSeries:
    """A series of numbers in use: its kind of document, its entity's code ("" for none), its year (0 for none)."""

    kind: str
    entity_code: str
    year: int


@dataclass(frozen=True, slots=True)
class Sought:
    """The numbers of one kind of document that words may stand for: exactly these, or all that begin like this."""

    exact: tuple[str, ...] = ()
    beginning: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A document, customer or product that was found; documents of money have an amount."""

    kind: str
    id: UUID
    number: str
    title: str
    status: str
    amount: Decimal | None
    currency: str


def sought_numbers(words: str, series: Iterable[NumberSeries]) -> dict[str, Sought]:
    """By kind of document, the numbers that words may stand for; empty where they look like none.

    Digits alone stand for that number in each series; a prefix before them narrows the kinds; whole numbers and their
    beginnings are taken as they are.
    """
    text = words.strip()[:LONGEST]
    if digits := _DIGITS.fullmatch(text):
        letters, number = (digits[1] or "").upper(), int(digits[2])
        wanted: dict[str, tuple[str, ...]] = {}
        for one in series:
            if PREFIXES[one.kind].startswith(letters):
                named = format_number(one.kind, one.entity_code, one.year, number)
                wanted[one.kind] = (*wanted.get(one.kind, ()), named)
        return {kind: Sought(exact=names) for kind, names in wanted.items()}
    if not _NUMBERED.fullmatch(text):
        return {}
    beginning = text.upper()
    kinds = {kind for kind, prefix in PREFIXES.items() if f"{prefix}-".startswith(beginning)}
    kinds |= {kind for kind, prefix in PREFIXES.items() if beginning.startswith(f"{prefix}-")}
    return {kind: Sought(beginning=beginning) for kind in kinds}
