"""Rules of journal exports: a batch and its totals, and entries as CSV, Beancount and hledger text.

The texts are in the entity's currency, so that each account ends at its balance of the trial balance.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.kernel.identifiers import public
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.refusals import Refusal


class ExportStatus(StrEnum):
    """Whether the receiver has shown that it has the batch."""

    EXPORTED = "exported"
    ACKNOWLEDGED = "acknowledged"


EXPORT = Lifecycle("journal export", ("acknowledge", [ExportStatus.EXPORTED], ExportStatus.ACKNOWLEDGED))


class Format(StrEnum):
    """How a batch is written."""

    CSV = "csv"
    BEANCOUNT = "beancount"
    HLEDGER = "hledger"


class TotalsDiffer(Refusal):
    """The receiver counts other totals than the batch has."""

    code = "totals_differ"
    status = 409


@dataclass(frozen=True, slots=True)
class Totals:
    """What is counted on both sides: entries, lines, debits and credits in the entity's currency."""

    entries: int
    lines: int
    debit: Decimal
    credit: Decimal


def check_totals(ours: Totals, theirs: Totals) -> None:
    """Raise TotalsDiffer with every figure that differs."""
    found = [
        f"{name}: {getattr(ours, name)} here, {getattr(theirs, name)} there"
        for name in ("entries", "lines", "debit", "credit")
        if getattr(ours, name) != getattr(theirs, name)
    ]
    if found:
        raise TotalsDiffer(
            f"The totals differ: {'; '.join(found)}.",
            field="totals",
            fix="Take in the batch again; entries that are there already are known by their ids.",
        )


@dataclass(frozen=True, slots=True)
class ExportAccount:
    """An account of the chart."""

    code: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ExportLine:
    """A line, debit positive, in the entry's currency and in the entity's."""

    line_no: int
    account: ExportAccount
    amount: Decimal
    own: Decimal
    customer: str
    contract: str


@dataclass(frozen=True, slots=True)
class ExportEntry:
    """An entry with its lines; `kind` is book_entry where a book beside the journal posted it."""

    id: UUID
    day: date
    posted_at: datetime
    book: str
    currency: str
    source_type: str
    rule: str
    text: str
    lines: tuple[ExportLine, ...]
    kind: str = "journal_entry"

    @property
    def key(self) -> str:
        """Its public id, by which a receiver knows it again."""
        return public(self.kind, self.id)


COLUMNS = (
    *("batch", "entry", "line", "day", "posted_at", "entity", "book", "source", "rule", "text"),
    *("account", "account_name", "account_type", "currency", "debit", "credit"),
    *("entity_currency", "entity_debit", "entity_credit", "customer", "contract"),
)


class _Line:
    """What csv.writer writes to: it hands each line back."""

    def write(self, text: str) -> str:
        return text


def csv_text(batch: str, entity: str, currency: str, entries: Iterable[ExportEntry]) -> Iterator[str]:
    """A batch as CSV (RFC 4180), a line of text for each line of an entry; amounts are plain decimals."""
    writer = csv.writer(_Line())
    yield str(writer.writerow(COLUMNS))
    for one in entries:
        head = (batch, one.key)
        for line in one.lines:
            yield str(
                writer.writerow(
                    (
                        *head,
                        line.line_no,
                        one.day.isoformat(),
                        one.posted_at.isoformat(timespec="seconds"),
                        entity,
                        one.book,
                        one.source_type,
                        one.rule,
                        one.text,
                        line.account.code,
                        line.account.name,
                        line.account.type,
                        one.currency,
                        *_sides(line.amount),
                        currency,
                        *_sides(line.own),
                        line.customer,
                        line.contract,
                    )
                )
            )


def _sides(amount: Decimal) -> tuple[str, str]:
    return (plain(amount), "") if amount >= 0 else ("", plain(-amount))


def plain(amount: Decimal) -> str:
    """A decimal without exponent and without zeros that say nothing beyond two digits."""
    text = f"{amount:f}"
    if "." not in text:
        return f"{text}.00"
    whole, cents = text.split(".")
    return f"{whole}.{cents.rstrip('0').ljust(2, '0')}"


_ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
}


def account_name(entity: str, account: ExportAccount) -> str:
    """An account as plain-text ledgers name it: a root, the entity, and code and name without other signs."""
    name = re.sub(r"[^0-9A-Za-z]+", "-", account.name).strip("-")
    return f"{_ROOTS[account.type]}:{entity}:{account.code}-{name}".rstrip("-")


@dataclass(frozen=True, slots=True)
class Asserted:
    """Balances by account at the end of a day, which the text asserts."""

    day: date
    balances: Mapping[ExportAccount, Decimal]


def beancount_text(
    entity: str,
    currency: str,
    accounts: Sequence[ExportAccount],
    entries: Iterable[ExportEntry],
    asserted: Asserted | None = None,
) -> Iterator[str]:
    """Entries for Beancount 3: accounts opened, a transaction for each entry, and balance assertions where given."""
    yield f'option "title" "Cashline {entity}"\noption "operating_currency" "{currency}"\n\n'
    for account in accounts:
        yield f"1970-01-01 open {account_name(entity, account)} {currency}\n"
    for one in entries:
        yield f'\n{one.day.isoformat()} * "{_quoted(one.text)}"\n  entry: "{one.key}"\n  rule: "{_quoted(one.rule)}"\n'
        for line in one.lines:
            yield f"  {account_name(entity, line.account)}  {plain(line.own)} {currency}\n"
            if one.currency != currency:
                yield f'    document_amount: "{plain(line.amount)} {one.currency}"\n'
    if asserted:
        day = asserted.day + timedelta(days=1)  # Beancount asserts at the start of a day
        yield "\n"
        for account, balance in asserted.balances.items():
            yield f"{day.isoformat()} balance {account_name(entity, account)}  {plain(balance)} {currency}\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def hledger_text(
    entity: str,
    currency: str,
    accounts: Sequence[ExportAccount],
    entries: Iterable[ExportEntry],
    asserted: Asserted | None = None,
) -> Iterator[str]:
    """Entries for hledger: declared accounts and commodity, a transaction for each entry, assertions where given."""
    yield f"commodity 1000.00 {currency}\n\n"
    for account in accounts:
        yield f"account {account_name(entity, account)}\n"
    for one in entries:
        text = re.sub(r"[;|\s]+", " ", one.text).strip()
        yield f"\n{one.day.isoformat()} * {text}  ; entry:{one.key}, rule:{one.rule}\n"
        for line in one.lines:
            note = f"  ; {plain(line.amount)} {one.currency}" if one.currency != currency else ""
            yield f"    {account_name(entity, line.account)}  {plain(line.own)} {currency}{note}\n"
    if asserted:
        yield f"\n{asserted.day.isoformat()} * Balances asserted\n"
        for account, balance in asserted.balances.items():
            yield f"    {account_name(entity, account)}  0.00 {currency} = {plain(balance)} {currency}\n"
