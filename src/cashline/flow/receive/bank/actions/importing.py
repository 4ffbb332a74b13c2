"""Importing statements: a file is booked as a whole or not at all, and what is known is never booked again.

The accounts are held from recognising what is new until it is booked, so that two imports of one statement at the same
time book it once.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.receive.bank import queries
from cashline.flow.receive.bank.actions.accounts import NewBankAccount, create_bank_accounts
from cashline.flow.receive.bank.queries import AccountRow
from cashline.flow.receive.bank.rules.files import read_statements
from cashline.flow.receive.bank.rules.importing import KnownEntry, known_entries, plan_import
from cashline.flow.receive.bank.rules.lifecycle import BANK_LINE, BankLineStatus
from cashline.flow.receive.bank.rules.statement import Statement, StatementLine, StatementRefused, digest, same_account
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_STATEMENT_COLUMNS = (
    "id account_id kind reference sequence currency from_day to_day opening_balance closing_balance opening_day "
    "closing_day line_count known_total source file_sha256 fingerprint imported_at imported_by"
)
_LINE_COLUMNS = (
    "id statement_id account_id line_no part parts fingerprint entry_fingerprint entry_amount entry_ref text_key "
    "booked_on value_on amount currency charges is_reversal counterparty_name counterparty_iban end_to_end_id "
    "mandate_id creditor_references remittance bank_code"
)


class AccountUnknown(StatementRefused):
    """The statement is of an account that is none of ours, or may be of several."""

    code = "bank_account_unknown"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import booked. `known` lines were booked before, `split` sums now stand in their parts."""

    statement_ids: tuple[UUID, ...]
    account_ids: tuple[UUID, ...]
    added: int
    known: int
    split: int
    pending: int


@dataclass(slots=True)
class _Booking:
    """What is new in the statements of one account, in their order."""

    account: AccountRow
    statements: list[tuple[UUID, Statement, tuple[StatementLine, ...], Decimal]]
    split: list[tuple[KnownEntry, tuple[StatementLine, ...]]]
    known: int = 0


def import_statement(data: bytes, file_name: str, *, now: datetime, actor: str) -> ImportResult:
    """Book what is new in a file of statements (camt.052, .053, .054, MT940, MT942, or a zip of them).

    Raises a StatementRefused, FileTooLarge, MalformedXml, UnsafeXml or UnsafeArchive, where several every one at once;
    nothing is booked then. Importing the same file again gives no statement and no line.
    """
    statements = read_statements(data, name=file_name)
    return _book(statements, hashlib.sha256(data).hexdigest(), now=now, actor=actor)


@transaction.atomic
def _book(statements: Sequence[Statement], sha256: str, *, now: datetime, actor: str) -> ImportResult:
    by_account = _by_account(statements, now=now, actor=actor)
    queries.lock_accounts(by_account)
    accounts = {row.id: row for row in queries.accounts() if row.id in by_account}
    bookings = [_recognise(accounts[key], by_account[key]) for key in sorted(by_account)]
    ids: list[UUID] = []
    for booking in bookings:
        ids += _append(booking, sha256, now=now, actor=actor)
    return ImportResult(
        statement_ids=tuple(ids),
        account_ids=tuple(by_account),
        added=sum(len(new) for booking in bookings for _, _, new, _ in booking.statements),
        known=sum(booking.known for booking in bookings),
        split=sum(len(booking.split) for booking in bookings),
        pending=sum(len(statement.pending) for statement in statements),
    )


def _by_account(statements: Sequence[Statement], *, now: datetime, actor: str) -> dict[UUID, list[Statement]]:
    """The statements of each account; an account that a legal entity names as its own is added when it first comes."""
    _add_own_accounts(statements, now=now, actor=actor)
    accounts = queries.accounts()
    found: dict[UUID, list[Statement]] = defaultdict(list)
    refused: list[StatementRefused] = []
    for number, statement in enumerate(statements, 1):
        matching = [account for account in accounts if same_account(statement.account, account.iban)]
        if len(matching) > 1:
            matching = [account for account in matching if account.currency == statement.currency]
        if len(matching) == 1 and matching[0].currency == statement.currency:
            found[matching[0].id].append(statement)
        else:
            refused.append(_refuse_account(number, statement, matching))
    raise_all({refusal.message: refusal for refusal in refused}.values())
    return dict(found)


def _refuse_account(number: int, statement: Statement, matching: Sequence[AccountRow]) -> StatementRefused:
    shown = statement.account[:40]
    if len(matching) == 1:
        sentence = f"{shown} is kept in {matching[0].currency}, the statement is in {statement.currency}."
        return AccountUnknown(sentence, field="currency", fix="Check the account's currency.", statement=number)
    if matching:
        sentence = f"{shown} may be any of {', '.join(account.iban for account in matching)}."
        return AccountUnknown(sentence, field="account", fix="Export with the IBAN.", statement=number)
    sentence = f"{shown} is no bank account of ours."
    return AccountUnknown(sentence, field="account", fix="Add the bank account first.", statement=number)


def _add_own_accounts(statements: Sequence[Statement], *, now: datetime, actor: str) -> None:
    if found := _own_accounts(statements):
        queries.lock_owners(account.entity_id for account in found)
        create_bank_accounts(_own_accounts(statements), now=now, actor=actor)


def _own_accounts(statements: Sequence[Statement]) -> list[NewBankAccount]:
    """The accounts of the statements that a legal entity names as its own, and that are not here yet."""
    known = {account.iban for account in queries.accounts()}
    stated = {statement.account_iban: statement for statement in statements if statement.account_iban not in known}
    return [
        NewBankAccount(entity.id, entity.iban, entity.name, stated[entity.iban].currency)
        for entity in entities()
        if entity.iban and entity.iban in stated
    ]


def _recognise(account: AccountRow, statements: Sequence[Statement]) -> _Booking:
    """Compare the statements with what is booked, each also with what the ones before it bring."""
    days = [line.booking_date for statement in statements for line in statement.lines]
    known: dict[date, list[KnownEntry]] = defaultdict(list)
    if days:
        for entry in queries.known_entries_of(account.id, min(days), max(days)):
            known[entry.booking_date].append(entry)
    booking = _Booking(account, [], [])
    for statement in statements:
        here = {line.booking_date for line in statement.lines}
        plan = plan_import([statement], [entry for day in sorted(here) for entry in known[day]])
        for entry in known_entries(plan.new, statement):
            known[entry.booking_date].append(entry)
        total = sum((line.amount for line, _ in plan.known), Decimal(0))
        booking.statements.append((new_id(), statement, plan.new, total))
        booking.split += plan.refined
        booking.known += len(plan.known)
    return booking


def _append(booking: _Booking, sha256: str, *, now: datetime, actor: str) -> list[UUID]:
    """Book the statements that are new, their new lines, and sums in their parts; gives the ids of the statements."""
    prints = {key: _fingerprint(statement) for key, statement, _, _ in booking.statements}
    known = _known_statements(booking.account.id, prints.values())
    fresh: dict[str, UUID] = {}
    rows: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    events: list[Event] = []
    for key, statement, new, total in booking.statements:
        own = prints[key]
        if own not in known and own not in fresh:
            fresh[own] = key
            rows.append(_statement_row(key, booking.account, statement, total, sha256, own, now, actor))
            events.append(_imported(key, booking.account, statement, len(new)))
        lines += [_line_row(line, known.get(own) or fresh[own], booking.account.id) for line in new]
    sql.insert("bank_statements", _STATEMENT_COLUMNS.split(), rows)
    sql.insert("bank_lines", _LINE_COLUMNS.split(), lines)
    _split(booking)
    record(events, now=now, actor=actor)
    return list(fresh.values())


def _fingerprint(statement: Statement) -> str:
    """What makes two statements of an account the same: what the bank asserts, whatever the file is called."""
    opening, closing = statement.opening, statement.closing
    return digest(
        statement.kind.value,
        statement.statement_id,
        statement.sequence,
        f"{statement.from_date} {statement.to_date}",
        f"{opening.amount.normalize():f} {opening.day}" if opening else "",
        f"{closing.amount.normalize():f} {closing.day}" if closing else "",
        *(line.fingerprint for line in statement.lines),
    )


def _known_statements(account_id: UUID, prints: Iterable[str]) -> Mapping[str, UUID]:
    return dict(
        sql.fetch(
            "SELECT fingerprint, id FROM bank_statements WHERE account_id = %s AND fingerprint = ANY(%s)",
            (account_id, list(prints)),
        )
    )


def _statement_row(
    key: UUID,
    account: AccountRow,
    statement: Statement,
    known_total: Decimal,
    sha256: str,
    fingerprint: str,
    now: datetime,
    actor: str,
) -> tuple[Any, ...]:
    opening, closing = statement.opening, statement.closing
    return (
        *(key, account.id, statement.kind.value, statement.statement_id or statement.sequence or "–"),
        *(statement.sequence, statement.currency, statement.from_date, statement.to_date),
        *(opening.amount if opening else None, closing.amount if closing else None),
        *(opening.day if opening else None, closing.day if closing else None),
        *(len(statement.lines), known_total, statement.source, sha256, fingerprint, now, actor),
    )


def _line_row(line: StatementLine, statement_id: UUID, account_id: UUID) -> tuple[Any, ...]:
    return (
        *(new_id(), statement_id, account_id, line.index, line.part, line.parts, line.fingerprint),
        *(line.entry_fingerprint, line.entry_amount, line.entry_ref, line.text_key, line.booking_date),
        *(line.value_date, line.amount, line.currency, line.charges, line.is_reversal, line.counterparty_name),
        *(line.counterparty_iban, line.end_to_end_id, line.mandate_id, list(line.creditor_references)),
        *(line.remittance, line.bank_code),
    )


def _split(booking: _Booking) -> None:
    """Put the parts of a sum in its place, where nobody has decided on the sum yet."""
    if not booking.split:
        return
    wanted = {entry.fingerprint: parts for entry, parts in booking.split}
    rows = sql.fetch(
        "SELECT id, fingerprint, statement_id, status FROM bank_lines WHERE account_id = %s AND fingerprint = ANY(%s) "
        "ORDER BY id FOR NO KEY UPDATE",
        (booking.account.id, list(wanted)),
    )
    open_rows = [row for row in rows if row[3] == BankLineStatus.OPEN]
    booking.split = [(entry, parts) for entry, parts in booking.split if entry.fingerprint in {r[1] for r in open_rows}]
    split = BANK_LINE.target("split", BankLineStatus.OPEN).value
    sql.update("bank_lines", {"status": "text"}, [(row[0], split) for row in open_rows])
    sql.insert(
        "bank_lines",
        _LINE_COLUMNS.split(),
        [
            _line_row(_part_of(line, fingerprint), statement_id, booking.account.id)
            for _, fingerprint, statement_id, _ in open_rows
            for line in wanted[fingerprint]
        ],
    )


def _part_of(line: StatementLine, entry_fingerprint: str) -> StatementLine:
    own = digest(entry_fingerprint, f"part {line.part}")
    return replace(line, entry_fingerprint=entry_fingerprint, fingerprint=own)


def _imported(key: UUID, account: AccountRow, statement: Statement, added: int) -> Event:
    return Event(
        "BankStatementImported",
        (ObjectRef("bank_statement", key), ObjectRef("bank_account", account.id, "account")),
        {
            "iban": account.iban,
            "reference": statement.statement_id,
            "lines": len(statement.lines),
            "added": added,
            "opening_balance": str(statement.opening.amount) if statement.opening else None,
            "closing_balance": str(statement.closing.amount) if statement.closing else None,
            "currency": statement.currency,
            "source": statement.source,
        },
    )
