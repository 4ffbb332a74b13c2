"""Reading the CSV export of a bank that offers nothing better, by a declared map of its columns.

A CSV names neither account nor period and may be cut off unseen, so it is an interim report, unless it has a column of
running balances: then every row must follow from the one before, and the first and last balance frame the statement.
"""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from cashline.flow.receive.bank.rules.statement import (
    Balance,
    Place,
    Statement,
    StatementKind,
    StatementLine,
    UnbalancedStatement,
    UnreadableStatement,
    alphanumeric,
    clean_reference,
    clean_text,
    with_fingerprints,
)

MAX_BYTES = 16 * 1024 * 1024
MAX_ROWS = 100_000
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{0,4})?-?")


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How a bank writes its rows: names of columns (empty where it has none), notation of dates and numbers.

    Either `amount` (signed), or `credit` and `debit` (unsigned) must be named. `date_format` is of `strptime`.
    """

    booking_date: str
    amount: str = ""
    credit: str = ""
    debit: str = ""
    value_date: str = ""
    name: str = ""
    iban: str = ""
    remittance: tuple[str, ...] = ()
    reference: str = ""
    end_to_end_id: str = ""
    balance: str = ""
    delimiter: str = ","
    decimal_mark: str = "."
    date_format: str = "%Y-%m-%d"
    encoding: str = "utf-8-sig"
    newest_first: bool = False


def read_csv(data: bytes, form: CsvFormat, *, account: str, currency: str) -> Statement:
    """The rows as a statement of the given account, unchecked (see `refuse_unbookable`).

    Raises UnreadableStatement with the row (from 1, below the header) and column, UnbalancedStatement for a row whose
    balance does not follow.
    """
    rows = _rows(data, form)
    if form.newest_first:
        rows.reverse()
    lines = [_line(row, form, index, currency) for index, row in enumerate(rows, 1)]
    balances = (
        [_number(row[form.balance], form, index, form.balance) for index, row in enumerate(rows, 1)]
        if form.balance
        else []
    )
    _check_balances(lines, balances, form)
    days = [line.booking_date for line in lines]
    opening = Balance(balances[0] - lines[0].amount, currency, days[0]) if balances else None
    closing = Balance(balances[-1], currency, days[-1]) if balances else None
    return Statement(
        account=alphanumeric(account),
        currency=currency,
        kind=StatementKind.STATEMENT if balances else StatementKind.REPORT,
        statement_id="",
        sequence="",
        from_date=min(days, default=None),
        to_date=max(days, default=None),
        opening=opening,
        closing=closing,
        lines=with_fingerprints(lines),
    )


def _rows(data: bytes, form: CsvFormat) -> list[dict[str, str]]:
    if len(data) > MAX_BYTES:
        raise UnreadableStatement(f"The file has more than {MAX_BYTES:,} bytes.", field="file", fix="Split the file.")
    try:
        text = data.decode(form.encoding)
        if "\x00" in text:
            raise ValueError
        reader = csv.DictReader(
            io.StringIO(text, newline=""), delimiter=form.delimiter, restkey="", restval="", strict=True
        )
        found = [row for row in reader if any(row.values())]
        header = reader.fieldnames or ()
    except (ValueError, LookupError, csv.Error) as error:
        sentence = f"The file is no CSV in {form.encoding}: {clean_text(str(error), 80)}."
        raise UnreadableStatement(sentence, field="file", fix="Export it again, or mend the declared format.") from None
    missing = [column for column in _columns(form) if column not in header]
    if missing:
        raise UnreadableStatement(
            f"The columns {', '.join(missing)} are missing.", field=missing[0], fix="Mend the declared format."
        )
    if len(found) > MAX_ROWS:
        raise UnreadableStatement(f"The file has more than {MAX_ROWS:,} rows.", field="file", fix="Split the file.")
    return found


def _columns(form: CsvFormat) -> Iterable[str]:
    named = (form.booking_date, form.amount, form.credit, form.debit, form.value_date, form.name, form.iban)
    more = (*form.remittance, form.reference, form.end_to_end_id, form.balance)
    return (column for column in (*named, *more) if column)


def _line(row: dict[str, str], form: CsvFormat, index: int, currency: str) -> StatementLine:
    def text(column: str) -> str:
        return clean_text(row[column]) if column else ""

    day = _day(row[form.booking_date], form, index, form.booking_date)
    amount = _amount(row, form, index)
    return StatementLine(
        booking_date=day,
        value_date=_day(row[form.value_date], form, index, form.value_date) if text(form.value_date) else day,
        amount=amount,
        currency=currency,
        index=index,
        entry_ref=clean_reference(text(form.reference)),
        end_to_end_id=clean_reference(text(form.end_to_end_id)),
        counterparty_name=text(form.name)[:140],
        counterparty_iban=alphanumeric(text(form.iban)),
        remittance=clean_text(" ".join(filter(None, (text(column) for column in form.remittance)))),
        entry_amount=amount,
    )


def _amount(row: dict[str, str], form: CsvFormat, index: int) -> Decimal:
    if form.amount:
        return _number(row[form.amount], form, index, form.amount)
    sides = [(column, sign) for column, sign in ((form.credit, 1), (form.debit, -1)) if column and row[column].strip()]
    if len(sides) != 1:
        sentence = "exactly one of credit and debit must be given."
        raise Place(1, index).refuse(UnreadableStatement, sentence, about=form.credit or form.debit)
    column, sign = sides[0]
    value = _number(row[column], form, index, column)
    return value if sign > 0 else -abs(value)


def _number(text: str, form: CsvFormat, index: int, column: str) -> Decimal:
    thousands = "." if form.decimal_mark == "," else ","
    plain = re.sub(r"[\s'\u00a0\u202f]", "", text).replace(thousands, "").replace(form.decimal_mark, ".")
    if not _NUMBER.fullmatch(plain) or (plain.endswith("-") and plain[0] in "+-"):
        sentence = f"{clean_text(text, 40)!r} is no amount."
        raise Place(1, index).refuse(UnreadableStatement, sentence, about=column)
    return Decimal(f"-{plain[:-1]}") if plain.endswith("-") else Decimal(plain)


def _day(text: str, form: CsvFormat, index: int, column: str) -> date:
    try:
        found = datetime.strptime(text.strip(), form.date_format).date()  # noqa: DTZ007 - a day has no zone
        if 1970 <= found.year <= 2199:
            return found
    except ValueError:
        pass
    sentence = f"{clean_text(text, 40)!r} is no date of the form {form.date_format}."
    raise Place(1, index).refuse(UnreadableStatement, sentence, about=column)


def _check_balances(lines: list[StatementLine], balances: list[Decimal], form: CsvFormat) -> None:
    for line, (before, after) in zip(lines[1:], pairwise(balances), strict=False):
        if before + line.amount != after:
            sentence = f"the balance {after} does not follow from {before} and {line.amount}: rows are missing."
            raise Place(1, line.index).refuse(UnbalancedStatement, sentence, about=form.balance)
