"""Which entries of a statement are new: the same file again, or an overlapping one, books nothing twice.

Banks repeat and reuse their references, and leave them out; so an entry is recognised within the entries of the same
day, amount and currency by the strongest mark that both sides carry: the bank's reference, then the payer's, then the
text. Each known entry stands for one entry of a statement, so that two real payments that look alike stay two.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from cashline.flow.receive.bank.rules.statement import (
    Statement,
    StatementKind,
    StatementLine,
    alphanumeric,
    digest,
    discriminator,
    entry_base,
)


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry of a bank account that is already booked, in `line_count` lines.

    `kind`, `sequence`, `opening` and `closing` (balances) are those of the statement that brought it.
    """

    fingerprint: str
    booking_date: date
    amount: Decimal
    currency: str
    entry_ref: str = ""
    end_to_end_id: str = ""
    text_key: str = ""
    line_count: int = 1
    kind: StatementKind = StatementKind.STATEMENT
    sequence: str = ""
    opening: Decimal | None = None
    closing: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What to book. `refined` are lines of entries that are booked as one lump and now come split: lump and parts."""

    new: tuple[StatementLine, ...]
    known: tuple[tuple[StatementLine, KnownEntry], ...]
    refined: tuple[tuple[KnownEntry, tuple[StatementLine, ...]], ...]


def known_entries(lines: Iterable[StatementLine], statement: Statement) -> tuple[KnownEntry, ...]:
    """The entries that booking these lines of a statement makes known; one for each entry, however many its lines."""
    grouped: dict[str, list[StatementLine]] = defaultdict(list)
    for line in lines:
        grouped[line.entry_fingerprint].append(line)
    return tuple(_known(parts, statement) for parts in grouped.values())


def _known(parts: Sequence[StatementLine], statement: Statement) -> KnownEntry:
    first = parts[0]
    return KnownEntry(
        fingerprint=first.entry_fingerprint,
        booking_date=first.booking_date,
        amount=first.entry_amount,
        currency=first.currency,
        entry_ref=first.entry_ref,
        end_to_end_id=first.end_to_end_id if first.parts == 1 else "",
        text_key=first.text_key,
        line_count=len(parts),
        kind=statement.kind,
        sequence=statement.sequence,
        opening=statement.opening.amount if statement.opening else None,
        closing=statement.closing.amount if statement.closing else None,
    )


def plan_import(statements: Sequence[Statement], known: Iterable[KnownEntry]) -> ImportPlan:
    """Compare the statements of one bank account with its known entries (of the same days at least).

    The fingerprints of `new` lines are unique against `known` and each other; store them under a unique key of
    (bank account, fingerprint). Importing what the plan booked again gives an empty `new`.
    """
    pool: dict[_Group, list[KnownEntry]] = defaultdict(list)
    taken: set[str] = set()
    for entry in known:
        pool[entry.booking_date, entry.amount, entry.currency].append(entry)
        taken.add(entry.fingerprint)
    new: list[StatementLine] = []
    recognised: list[tuple[StatementLine, KnownEntry]] = []
    refined: list[tuple[KnownEntry, tuple[StatementLine, ...]]] = []
    for statement in statements:
        added: list[KnownEntry] = []
        for entry_lines, match in _recognise(statement, pool):
            if match is None:
                marked = _with_free_fingerprint(entry_lines, taken)
                new.extend(marked)
                added.extend(known_entries(marked, statement))
                continue
            recognised.extend((line, match) for line in entry_lines)
            if match.line_count == 1 and len(entry_lines) > 1:
                refined.append((match, entry_lines))
        for entry in added:
            pool[entry.booking_date, entry.amount, entry.currency].append(entry)
    return ImportPlan(tuple(new), tuple(recognised), tuple(refined))


type _Entry = tuple[StatementLine, ...]
type _Group = tuple[date, Decimal, str]


def _recognise(
    statement: Statement, pool: Mapping[_Group, Sequence[KnownEntry]]
) -> list[tuple[_Entry, KnownEntry | None]]:
    """Each entry of the statement with the known entry it repeats, in the order of the statement."""
    entries: dict[int, list[StatementLine]] = defaultdict(list)
    for line in statement.lines:
        entries[line.index].append(line)
    groups: dict[_Group, list[StatementLine]] = defaultdict(list)
    for found in entries.values():
        groups[found[0].booking_date, found[0].entry_amount, found[0].currency].append(found[0])
    matched: dict[int, KnownEntry] = {}
    for key, group in groups.items():
        candidates = _Candidates(pool.get(key, ()))
        for marks in (_by_reference, _by_payer_reference, _by_text):
            for line in group:
                match = None if line.index in matched else candidates.take(marks(line), statement)
                if match is not None:
                    matched[line.index] = match
    return [(tuple(found), matched.get(index)) for index, found in entries.items()]


type _Mark = tuple[str, str, bool, bool]
"""A kind of mark and its value, and whether the known entry carries a bank's and a payer's reference."""


class _Candidates:
    """The known entries of one day, amount and currency, by their marks; each can be taken once."""

    def __init__(self, known: Sequence[KnownEntry]) -> None:
        self.buckets: dict[_Mark, list[KnownEntry]] = defaultdict(list)
        self.taken: set[int] = set()
        for entry in reversed(known):
            carries = bool(entry.entry_ref), bool(entry.end_to_end_id)
            for kind, value in (
                ("ref", alphanumeric(entry.entry_ref)),
                ("e2e", alphanumeric(entry.end_to_end_id)),
                ("text", entry.text_key),
            ):
                self.buckets[kind, value, *carries].append(entry)

    def take(self, marks: Iterable[_Mark], statement: Statement) -> KnownEntry | None:
        """The first entry under one of the marks that is not taken; by text only one that may be of this statement."""
        for mark in marks:
            bucket = self.buckets.get(mark, [])
            while bucket and id(bucket[-1]) in self.taken:
                bucket.pop()
            for entry in reversed(bucket):
                if id(entry) not in self.taken and not (mark[0] == "text" and _disjoint(statement, entry)):
                    self.taken.add(id(entry))
                    return entry
        return None


_EITHER = (True, False)


def _by_reference(line: StatementLine) -> list[_Mark]:
    reference = alphanumeric(line.entry_ref)
    return [("ref", reference, True, payer) for payer in _EITHER] if reference else []


def _by_payer_reference(line: StatementLine) -> list[_Mark]:
    """Equal in the payer's reference, where not both sides carry one of the bank (those differ)."""
    reference = alphanumeric(line.end_to_end_id)
    return [("e2e", reference, bank, True) for bank in _EITHER if not (bank and line.entry_ref)] if reference else []


def _by_text(line: StatementLine) -> list[_Mark]:
    """Equal in text, where no reference stands on both sides (those differ)."""
    return [
        ("text", line.text_key, bank, payer)
        for bank in _EITHER
        for payer in _EITHER
        if not (bank and line.entry_ref) and not (payer and line.end_to_end_id)
    ]


def _disjoint(statement: Statement, known: KnownEntry) -> bool:
    """Can the statement share no entry with the one that brought the known entry?

    So it is for final statements of different numbers, and for two of which one opens where the other closed.
    """
    if statement.kind is not StatementKind.STATEMENT or known.kind is not StatementKind.STATEMENT:
        return False
    if _differ(statement.sequence, known.sequence):
        return True
    if statement.opening is None or statement.closing is None or known.opening is None or known.closing is None:
        return False
    balances = statement.opening.amount, statement.closing.amount
    if balances == (known.opening, known.closing):
        return False
    return balances[0] == known.closing or balances[1] == known.opening


def _differ(sequence: str, other: str) -> bool:
    """Do two numbers of statements contradict each other? Formats write 7, 00007 or 7/1 for the same one."""
    parts = ([int(part) for part in re.findall(r"[0-9]{1,18}", text)] for text in (sequence, other))
    return any(one != another for one, another in zip(*parts, strict=False))


def _with_free_fingerprint(lines: _Entry, taken: set[str]) -> _Entry:
    """The lines of one entry, with the next ordinal of their kind where the fingerprint is taken."""
    first = lines[0]
    fingerprint = first.entry_fingerprint
    base = entry_base(first.booking_date, first.entry_amount, first.currency, discriminator(first, first.text_key))
    ordinal = 0
    while fingerprint in taken:
        ordinal += 1
        fingerprint = digest(base, str(ordinal))
    taken.add(fingerprint)
    if fingerprint == first.entry_fingerprint:
        return lines
    return tuple(
        replace(
            line,
            entry_fingerprint=fingerprint,
            fingerprint=fingerprint if line.parts == 1 else digest(fingerprint, f"part {line.part}"),
        )
        for line in lines
    )
