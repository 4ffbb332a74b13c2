"""Posting the adjustments of a book: an entry for each contract, month and choice, valued as the journal values."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from cashline.flow.recognise.books.queries.books import BookRow, PostedOf, held_in
from cashline.flow.recognise.books.rules.policies import CHOICE
from cashline.flow.recognise.books.rules.steps import Adjustment, day_of
from cashline.flow.recognise.ledger.actions import open_or_find_books
from cashline.flow.recognise.ledger.queries.books import Books, held_balances
from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.ledger.rules.entries import Balance, PlannedEntry
from cashline.flow.recognise.ledger.rules.periods import dated
from cashline.flow.recognise.ledger.rules.posting import POSTING, Fact, FactAmount, Held, Side, plan_entry
from cashline.kernel.fiscal import FiscalCalendar
from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.company.queries import exchange_rates
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_RULE = POSTING["ArrangementRecognised"]
_DEBITS = {line.amount for line in _RULE.lines if line.side is Side.DEBIT}
_ENTRY_COLUMNS = (
    *("id", "book_id", "entity_id", "currency", "day", "belongs_on", "month", "source_type", "source_id", "contract"),
    *("rule", "sequence", "text", "line_count", "posted_at"),
)
_LINE_COLUMNS = (
    *("entry_id", "line_no", "account_id", "amount", "functional_amount", "day", "customer_id", "agreement_id"),
    *("name", "subject", "nature", "derivation"),
)


class Adjusted(NamedTuple):
    """A contract with what is to be posted of it; `contracts` are the keys of its parts by their names."""

    source_id: UUID
    source_type: str
    number: str
    currency: str
    customer_id: UUID | None
    contracts: Mapping[str, UUID]
    amounts: Sequence[Adjustment]
    through: date


class _Group(NamedTuple):
    """One entry: what a choice posts of a contract for a month."""

    of: Adjusted
    month: date
    contract: str
    choice: str
    sequence: int
    amounts: list[Adjustment]
    day: date


def post_adjustments(
    book: BookRow,
    adjusted: Sequence[Adjusted],
    posted: Mapping[UUID, PostedOf],
    calendar: FiscalCalendar,
    *,
    now: datetime,
    actor: str,
) -> None:
    """Append the entries of contracts to a book, each on its day or, from a closed period, on the first open one."""
    groups = [group for one in adjusted for group in _groups(one, posted[one.source_id], calendar)]
    if not groups:
        return
    own = open_or_find_books({book.entity_id}, now=now, actor=actor)[book.entity_id]
    rates = exchange_rates({(one.of.currency, own.currency, one.day) for one in groups})
    held = _held(book, groups, own)
    entries: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    for group in groups:
        planned = plan_entry(
            _RULE,
            _fact(book, group, rates[group.of.currency, own.currency, group.day]),
            currency=own.currency,
            digits=own.digits,
            held=held,
        )
        if planned is None:
            continue
        entry, key = dated(planned, own.closed_for(group.choice)), new_id()
        entries.append(
            (
                *(key, book.id, book.entity_id, entry.currency, entry.day, entry.belongs_on, group.month),
                group.of.source_type,
                *(group.of.source_id, group.contract, group.choice, group.sequence, entry.text, len(entry.lines), now),
            )
        )
        lines.extend(_lines(key, entry, group, own))
    sql.insert("book_entries", _ENTRY_COLUMNS, entries)
    sql.insert("book_lines", _LINE_COLUMNS, lines)
    objects = (ObjectRef("accounting_book", book.id), ObjectRef("entity", book.entity_id))
    data = {"code": book.code, "entries": len(entries), "contracts": len({one.of.source_id for one in groups})}
    record([Event("BookAdjusted", objects, data)], now=now, actor=actor)


def _groups(one: Adjusted, posted: PostedOf, calendar: FiscalCalendar) -> Iterator[_Group]:
    found: dict[tuple[date, str, str], _Group] = {}
    for amount in one.amounts:
        place = (amount.place.month, amount.place.contract, amount.place.choice)
        group = found.get(place)
        if group is None:
            day = day_of(amount.place.month, one.through, calendar.slice_of)
            group = found[place] = _Group(one, *place, posted.sequences.get(place, -1) + 1, [], day)
        group.amounts.append(amount)
    return iter(found.values())


def _held(book: BookRow, groups: Sequence[_Group], own: Books) -> Held:
    """The contract positions in foreign currency as the book has them: the journal's and its own."""
    foreign = {key for one in groups if one.of.currency != own.currency for key in one.of.contracts.values()}
    if not foreign:
        return {}
    held = held_balances((AccountRole.CONTRACT_POSITION, key) for key in foreign)
    for key, balance in held_in(book.id, list(foreign)).items():
        place = (AccountRole.CONTRACT_POSITION, key)
        journal = held.get(place, Balance())
        held[place] = Balance(journal.amount + balance.amount, journal.functional + balance.functional)
    return held


def _fact(book: BookRow, group: _Group, rate: Decimal) -> Fact:
    one = group.of
    text = f"{one.number} {group.contract} {group.month:%Y-%m}: {CHOICE[group.choice].words}"
    amounts = tuple(
        FactAmount(each.place.account, each.amount if each.place.account in _DEBITS else -each.amount)
        for each in group.amounts
    )
    agreement = one.contracts.get(group.contract)
    return Fact(book.entity_id, one.currency, rate, group.day, one.source_id, text, one.customer_id, agreement, amounts)


def _lines(key: UUID, entry: PlannedEntry, group: _Group, own: Books) -> Iterator[tuple[Any, ...]]:
    """The lines in the order of the amounts; what follows them is an exchange or rounding difference."""
    said = [*group.amounts, *[None] * (len(entry.lines) - len(group.amounts))]
    for line_no, (line, one) in enumerate(zip(entry.lines, said, strict=True), start=1):
        name, subject, nature = (one.place.account, one.place.subject, one.place.nature) if one else ("", "", "")
        derivation = sql.json(one.derivation.as_json()) if one else None
        yield (
            *(key, line_no, own.accounts[line.role], line.amount, line.functional, entry.day, line.customer_id),
            *(line.agreement_id, name, subject, nature, derivation),
        )
