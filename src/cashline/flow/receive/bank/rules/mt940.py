"""Reading MT940 and MT942 (SWIFT customer statement and interim report) as banks really write them.

The fields are parsed by the `mt-940` package, one at a time, so that a broken field is refused with its place and no
line is ever merged into another. What `:86:` holds differs by country: see `mt940_details`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import mt940

from cashline.flow.receive.bank.rules.mt940_details import Details, read_details
from cashline.flow.receive.bank.rules.statement import (
    Balance,
    Place,
    Statement,
    StatementKind,
    StatementLine,
    UnbalancedStatement,
    UnknownStatementFormat,
    UnreadableStatement,
    alphanumeric,
    clean_reference,
    clean_text,
    is_iban,
    with_fingerprints,
)

MAX_BYTES = 32 * 1024 * 1024
MAX_FIELD = 20_000
"""Characters of one field; SWIFT allows 400, some banks send a few thousand."""

_FIELD = re.compile(r"^:(\d{2}|NS)([A-Z]?):", re.MULTILINE)
_OPTIONS = mt940.Options.all()
_TAGS: dict[str, Any] = {
    "60": mt940.tags.FinalOpeningBalance(),
    "61": mt940.tags.Statement(),
    "61 long": mt940.tags.StatementGLS(),
    "62": mt940.tags.FinalClosingBalance(),
    "34": mt940.tags.FloorLimitIndicator(),
    "90D": mt940.tags.SumDebitEntries(),
    "90C": mt940.tags.SumCreditEntries(),
}
_ACCOUNT = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")
_ENVELOPE = re.compile(r"^(\{[1-5]:[^\n]*|-\}.*|-|[\x01\x03\x1a]+|-\x03)$")


def read_mt940(data: bytes) -> tuple[Statement, ...]:
    """Every statement of the file, unchecked (see `refuse_unbookable`).

    UTF-8 or Windows-1252. Raises UnreadableStatement with the statement and entry (from 1) for a field that breaks the
    format, UnknownStatementFormat where there is no `:20:` field at all.
    """
    text = _decode(data)
    blocks: list[list[_Field]] = []
    for found in _fields(text):
        if found.tag == "20":
            blocks.append([])
        if blocks:
            blocks[-1].append(found)
    if not blocks:
        raise UnknownStatementFormat("The file holds no MT940 statement (no :20: field).", field="file")
    return tuple(_Block(number).read(fields) for number, fields in enumerate(blocks, 1))


@dataclass(frozen=True, slots=True)
class _Field:
    tag: str
    option: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise UnreadableStatement(
            f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} are read.", field="file", fix="Split the file."
        )
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise UnreadableStatement(
        "The file is neither UTF-8 nor Windows-1252 text.", field="file", fix="Export the statement again as text."
    )


def _fields(text: str) -> Iterator[_Field]:
    """The fields in their order; envelope lines of SWIFT and the lines of dashes between messages are dropped."""
    tag, option, lines = "", "", []  # type: tuple[str, str, list[str]]
    for line in text.split("\n"):
        found = _FIELD.match(line)
        if found and not (tag == "86" and _is_text(found, line, lines)):
            if tag:
                yield _Field(tag, option, tuple(lines))
            tag, option, lines = found.group(1), found.group(2), [line[found.end() :]]
        elif tag and line.strip() and not _ENVELOPE.match(line.strip()):
            lines.append(line)
    if tag:
        yield _Field(tag, option, tuple(lines))


def _is_text(found: re.Match[str], line: str, before: list[str]) -> bool:
    """Is what looks like a field the rest of a time of day that was wrapped (…T16 / :26:37)?"""
    if found.group(1) not in _KNOWN:
        return True
    return bool(re.match(r":[0-5]\d:[0-5]\d(?!\d)", line) and re.search(r"(?<!\d)[0-2]?\d$", before[-1]))


_KNOWN = frozenset({"13", "20", "21", "25", "28", "34", "60", "61", "62", "64", "65", "86", "90", "NS"})


@dataclass(slots=True)
class _Block:
    """One message while it is read."""

    number: int
    account: str = ""
    sequence: str = ""
    reference: str = ""
    currency: str = ""
    opening: Balance | None = None
    closing: Balance | None = None
    interim: bool = False
    sums: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    lines: list[StatementLine] = field(default_factory=list)
    information: str = ""

    def read(self, fields: list[_Field]) -> Statement:
        """The statement that the fields of one message make."""
        self.currency = self._first_currency(fields)
        target = ""
        for found in fields:
            place = Place(self.number, len(self.lines) + (found.tag == "61"))
            if len(found.text) > MAX_FIELD:
                sentence = f"the field :{found.tag}: has {len(found.text):,} characters."
                raise place.refuse(UnreadableStatement, sentence, about=f":{found.tag}:")
            target = self._take(found, target, place)
        kind = StatementKind.REPORT if self.interim and self.closing is None else StatementKind.STATEMENT
        self._check_sums()
        days = [line.booking_date for line in self.lines]
        return Statement(
            account=self.account,
            currency=self.currency,
            kind=kind,
            statement_id=self.reference,
            sequence=self.sequence,
            from_date=self.opening.day if self.opening else min(days, default=None),
            to_date=self.closing.day if self.closing else max(days, default=None),
            opening=self.opening,
            closing=self.closing,
            lines=with_fingerprints(self.lines),
            information=self.information,
        )

    def _take(self, found: _Field, target: str, place: Place) -> str:
        """Take one field in; gives the tag that a following `:86:` or `:NS:` belongs to."""
        if found.tag == "20":
            self.reference = clean_text(found.text, 35)
        elif found.tag == "25":
            self._take_account(found.text, target, place)
        elif found.tag == "28":
            self.sequence = _sequence(found.text)
        elif found.tag in ("13", "34"):
            self.interim = True
        elif found.tag == "60":
            self.opening = self._balance(found, place)
        elif found.tag == "62":
            self.closing = self._balance(found, place)
        elif found.tag == "61":
            self.lines.append(self._line(found, place))
        elif found.tag == "90":
            self._take_sum(found, place)
        elif found.tag in ("86", "NS"):
            return self._take_details(found, target)
        return found.tag

    def _take_account(self, text: str, target: str, place: Place) -> None:
        if self.account or target == "61":
            sentence = "the account (:25:) stands in the middle of the lines."
            raise place.refuse(UnreadableStatement, sentence, about=":25:")
        account = clean_text(text, 70)
        compact = alphanumeric(account)
        self.account = compact if is_iban(compact) else compact[:-3] if is_iban(compact[:-3]) else account

    def _take_details(self, found: _Field, target: str) -> str:
        if target != "61" or not self.lines:
            if found.tag == "86":
                self.information = clean_text(found.text)
            return target
        details = read_details(found.lines, own_account=self.account, is_non_swift=found.tag == "NS")
        self.lines[-1] = _enriched(self.lines[-1], details)
        return target

    def _first_currency(self, fields: list[_Field]) -> str:
        for found in fields:
            if found.tag in ("60", "62") and len(found.text) > 10:
                return found.text[7:10]
            if found.tag == "34":
                return found.text[:3]
        return ""

    def _parse(self, tag: str, text: str, place: Place) -> dict[str, Any]:
        """The groups of one field, by the pattern of the package; refused where they do not match or make no sense."""
        reader = _TAGS[tag]
        match = reader.re.match(text)
        try:
            if match:
                found: dict[str, Any] = match.groupdict()
                found.setdefault("currency", self.currency)
                amount = mt940.models.Amount(**{"status": "C", **found}, options=_OPTIONS).amount
                return {**found, "signed": amount}
        except (ArithmeticError, ValueError):
            pass
        name = tag.partition(" ")[0]
        sentence = f"the field :{name}: {clean_text(text, 80)!r} is malformed."
        raise place.refuse(UnreadableStatement, sentence, about=f":{name}:")

    def _balance(self, found: _Field, place: Place) -> Balance:
        groups = self._parse(found.tag, found.text, place)
        groups["year"], groups["month"], groups["day"] = _days(groups, place, f":{found.tag}:")
        return Balance(groups["signed"], groups["currency"], date(groups["year"], groups["month"], groups["day"]))

    def _line(self, found: _Field, place: Place) -> StatementLine:
        text = "\n".join(part for part in (found.lines[0].strip(), " ".join(found.lines[1:])) if part)
        groups = self._parse("61", text, place)
        if not groups.get("bank_reference") and "//" in found.lines[0]:
            groups = self._parse("61 long", text, place)
        value = date(*_days(groups, place, ":61:"))
        entry = _entry_date(groups, value)
        extra = clean_text(groups.get("extra_details"), 200)
        iban = extra if _ACCOUNT.fullmatch(extra) else ""
        amount: Decimal = groups["signed"]
        return StatementLine(
            booking_date=entry,
            value_date=value,
            amount=amount,
            currency=self.currency,
            index=len(self.lines) + 1,
            entry_ref=clean_reference(groups.get("bank_reference")),
            end_to_end_id=clean_reference(groups.get("customer_reference")),
            counterparty_iban=iban,
            remittance="" if iban else extra,
            bank_code=clean_text(groups.get("id"), 4),
            is_reversal=(groups.get("status") or "").upper().startswith("R"),
            entry_amount=amount,
        )

    def _take_sum(self, found: _Field, place: Place) -> None:
        side = f"90{found.option}"
        if side in _TAGS:
            groups = self._parse(side, found.text, place)
            self.sums[found.option] = int(groups["number"] or 0), abs(groups["signed"])

    def _check_sums(self) -> None:
        """The totals that an interim report states (:90D:, :90C:) must be those of its lines."""
        for option, (count, total) in self.sums.items():
            amounts = [abs(line.amount) for line in self.lines if (line.amount < 0) == (option == "D")]
            if (len(amounts), sum(amounts, Decimal(0))) != (count, total):
                sentence = (
                    f":90{option}: states {count} entries of {total}; there are {len(amounts)} of {sum(amounts)}."
                )
                raise Place(self.number).refuse(UnbalancedStatement, sentence, about=f":90{option}:")


def _days(groups: dict[str, Any], place: Place, about: str) -> tuple[int, int, int]:
    """Year, month and day of a YYMMDD date; 30 February, known in interest periods, is the last day of the month."""
    short, month, day = (int(groups[part]) for part in ("year", "month", "day"))
    year = 2000 + short if short < 80 else 1900 + short
    if month == 2 and day in (29, 30):
        try:
            date(year, 2, 29)
            day = 29
        except ValueError:
            day = 28
    try:
        date(year, month, day)
    except ValueError:
        sentence = f"{groups['year']}{groups['month']}{groups['day']} is no date."
        raise place.refuse(UnreadableStatement, sentence, about=about) from None
    return year, month, day


def _entry_date(groups: dict[str, Any], value: date) -> date:
    """The booking day (MMDD) in the year that puts it nearest to the value date; the value date where it is missing."""
    month, day = (groups.get("entry_month") or "").strip(), (groups.get("entry_day") or "").strip()
    if not (month and day):
        return value
    found: list[date] = []
    for year in (value.year - 1, value.year, value.year + 1):
        try:
            found.append(date(year, int(month), int(day)))
        except ValueError:
            continue
    return min(found, key=lambda candidate: abs(candidate - value), default=value)


def _sequence(text: str) -> str:
    """The bank's number of the statement with its page, or empty where it is zero."""
    parts = [part.lstrip("0") for part in re.findall(r"[0-9]{1,10}", text)[:2]]
    return "/".join(part or "0" for part in parts) if parts and parts[0] else ""


def _enriched(line: StatementLine, details: Details) -> StatementLine:
    remittance = f"{line.remittance} {details.remittance}" if details.keeps else details.remittance
    return replace(
        line,
        end_to_end_id=details.end_to_end_id or line.end_to_end_id,
        mandate_id=details.mandate_id or line.mandate_id,
        counterparty_name=details.name or line.counterparty_name,
        counterparty_iban=details.iban or line.counterparty_iban,
        creditor_references=details.creditor_references or line.creditor_references,
        remittance=clean_text(remittance),
        bank_code=f"{line.bank_code}/{details.code}" if details.code else line.bank_code,
    )
