"""Which entries of a statement are new: the same file again, or an overlapping one, books nothing twice.

Banks repeat and reuse their references, and leave them out; so an entry is recognised within the entries of the same
day, amount and currency by the strongest mark that both sides carry: the bank's reference, then the payer's, then the
text. Each known entry stands for one entry of a statement, so that two real payments that look alike stay two.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
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
    pool: dict[tuple[date, Decimal, str], list[KnownEntry]] = defaultdict(list)
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


def _recognise(
    statement: Statement, pool: dict[tuple[date, Decimal, str], list[KnownEntry]]
) -> list[tuple[_Entry, KnownEntry | None]]:
    """Each entry of the statement with the known entry it repeats, in the order of the statement."""
    entries: dict[int, list[StatementLine]] = defaultdict(list)
    for line in statement.lines:
        entries[line.index].append(line)
    groups: dict[tuple[date, Decimal, str], list[_Entry]] = defaultdict(list)
    for found in entries.values():
        groups[found[0].booking_date, found[0].entry_amount, found[0].currency].append(tuple(found))
    matched: dict[int, KnownEntry] = {}
    for key, group in groups.items():
        candidates = list(pool.get(key, ()))
        for same in (_same_reference, _same_payer_reference, _same_text):
            for lines in group:
                if lines[0].index in matched:
                    continue
                match = next((each for each in candidates if same(lines[0], each, statement)), None)
                if match is not None:
                    matched[lines[0].index] = match
                    candidates.remove(match)
    return [(tuple(found), matched.get(index)) for index, found in entries.items()]


def _same_reference(line: StatementLine, known: KnownEntry, _: Statement) -> bool:
    return bool(line.entry_ref) and alphanumeric(line.entry_ref) == alphanumeric(known.entry_ref)


def _same_payer_reference(line: StatementLine, known: KnownEntry, _: Statement) -> bool:
    if line.entry_ref and known.entry_ref:
        return False
    return bool(line.end_to_end_id) and alphanumeric(line.end_to_end_id) == alphanumeric(known.end_to_end_id)


def _same_text(line: StatementLine, known: KnownEntry, statement: Statement) -> bool:
    """Equal in text, and no mark that both carry differs."""
    if (line.entry_ref and known.entry_ref) or (line.end_to_end_id and known.end_to_end_id):
        return False
    return line.text_key == known.text_key and not _disjoint(statement, known)


def _disjoint(statement: Statement, known: KnownEntry) -> bool:
    """Can the statement share no entry with the one that brought the known entry?

    So it is for final statements of different numbers, and for two of which one opens where the other closed.
    """
    if statement.kind is not StatementKind.STATEMENT or known.kind is not StatementKind.STATEMENT:
        return False
    if statement.sequence and known.sequence and statement.sequence != known.sequence:
        return True
    if statement.opening is None or statement.closing is None or known.opening is None or known.closing is None:
        return False
    balances = statement.opening.amount, statement.closing.amount
    if balances == (known.opening, known.closing):
        return False
    return balances[0] == known.closing or balances[1] == known.opening


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
