"""Rules of health: what a conservation law is, what breaks it, and what a check of all of them comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Law:
    """A conservation law: its code, the sentence that must hold, and the query that finds what breaks it.

    The query gives (kind, id, label, expected, found) of each break; `kind` is a type of object or "".
    """

    code: str
    sentence: str
    statement: str


@dataclass(frozen=True, slots=True)
class Break:
    """A document that breaks a law: what should stand there and what does."""

    law: str
    kind: str
    id: UUID | None
    document: str
    expected: str
    found: str

    def __str__(self) -> str:
        place = f"{self.kind.replace('_', ' ')} {self.document}".strip()
        return f"{self.law}: {place} should be {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Checked:
    """A law that was checked, with its breaks (the first few) and the milliseconds it took."""

    code: str
    sentence: str
    breaks: tuple[Break, ...]
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How deep a check goes: hashes and derivations by a sample, or `whole`."""

    whole: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of a check of all laws."""

    checked: tuple[Checked, ...] = field(default=())

    @property
    def sound(self) -> bool:
        """Does every law hold?"""
        return not any(law.breaks for law in self.checked)

    @property
    def first_break(self) -> Break | None:
        """The first break of the first law that is broken."""
        return next((law.breaks[0] for law in self.checked if law.breaks), None)


@dataclass(frozen=True, slots=True)
class SeriesUse:
    """How the numbers of a series are used: how many documents carry one, the lowest and the highest."""

    kind: str
    prefix: str
    count: int
    lowest: int
    highest: int


def numbering_breaks(used: Sequence[SeriesUse], given: dict[str, int]) -> list[Break]:
    """Gaps: a series whose numbers do not run from 1 to the last one given. `given` is that last one by prefix."""
    law = "numbers-gap-free"
    found: list[Break] = []
    for one in used:
        last = given.get(one.prefix, 0)
        if (one.lowest, one.highest, one.count) != (1, last, last):
            told = f"{one.count} from {one.lowest} to {one.highest}"
            found.append(Break(law, "", None, f"series {one.prefix} of {one.kind}", f"1 to {last}", told))
    seen = {one.prefix for one in used}
    for prefix, last in given.items():
        if last and prefix not in seen:
            found.append(Break(law, "", None, f"series {prefix}", f"1 to {last}", "no document"))
    return found
