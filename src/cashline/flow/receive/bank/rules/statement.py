"""Bank statements in one shape, whatever file they came in, and the checks that a statement must pass.

The invariant: opening balance + lines = closing balance, or the statement is refused as a whole. Amounts are signed:
positive is money in. A batch booking is split into its transactions where their amounts sum to it.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all
from cashline.kernel.rounding import RoundingMode, round_to

MAX_TEXT = 4000
"""Characters of remittance text that are kept; a bank sends at most a few hundred."""


class StatementRefused(Refusal):
    """A statement file that cannot be booked; `data` says which statement and which entry, both counted from 1."""

    code = "statement_refused"


class UnknownStatementFormat(StatementRefused):
    """The file is neither camt.052, 053, 054 nor MT940 or MT942."""

    code = "statement_format_unknown"


class UnreadableStatement(StatementRefused):
    """A field is missing or has a form that the format forbids; the file may be cut off."""

    code = "statement_unreadable"


class UnbalancedStatement(StatementRefused):
    """Opening balance and lines do not give the closing balance."""

    code = "statement_unbalanced"


class StatementCurrencyMismatch(StatementRefused):
    """A balance or an entry is in another currency than the account."""

    code = "statement_currency_mismatch"


class StatementKind(StrEnum):
    """What the bank asserts: a final statement of a period, an intraday report, or a notification of single entries."""

    STATEMENT = "statement"
    REPORT = "report"
    NOTIFICATION = "notification"


@dataclass(frozen=True, slots=True)
class Balance:
    """A booked balance at the end of a day (signed, in the currency of the account)."""

    amount: Decimal
    currency: str
    day: date


@dataclass(frozen=True, slots=True)
class Batch:
    """The batch that a line was booked in: its identifiers at bank and payer, and how many transactions it had."""

    message_id: str = ""
    payment_information_id: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One transaction on the account; `amount` is signed in major units of `currency`.

    `index` is the entry's place in its statement (from 1), `part` of `parts` its place in a split batch. `fingerprint`
    names the line and `entry_fingerprint` the bank's entry, both unique within one bank account (see `importing`).
    """

    booking_date: date
    value_date: date
    amount: Decimal
    currency: str
    index: int
    entry_ref: str = ""
    end_to_end_id: str = ""
    mandate_id: str = ""
    counterparty_name: str = ""
    counterparty_iban: str = ""
    creditor_references: tuple[str, ...] = ()
    remittance: str = ""
    bank_code: str = ""
    batch: Batch | None = None
    is_reversal: bool = False
    charges: Decimal = Decimal(0)
    instructed_amount: Decimal | None = None
    instructed_currency: str = ""
    entry_amount: Decimal = Decimal(0)
    part: int = 1
    parts: int = 1
    text_key: str = ""
    entry_fingerprint: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """The booked lines of one account over a period; `sequence` is the bank's own number of the statement, or empty.

    `from_date` and `to_date` are both inside the period. Pending entries are kept apart: they are not booked yet.
    """

    account: str
    currency: str
    kind: StatementKind
    statement_id: str
    sequence: str
    from_date: date | None
    to_date: date | None
    opening: Balance | None
    closing: Balance | None
    lines: tuple[StatementLine, ...]
    pending: tuple[StatementLine, ...] = ()
    source: str = ""
    information: str = ""

    @property
    def account_iban(self) -> str:
        """The account as an IBAN, or empty where the bank names it by another number."""
        return self.account if is_iban(self.account) else ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something was found, for the sentences of refusals."""

    statement: int
    entry: int = 0
    source: str = field(default="")

    def refuse(self, kind: type[StatementRefused], sentence: str, *, about: str, fix: str = "") -> StatementRefused:
        """The refusal with this place in its sentence and data."""
        where = f"Statement {self.statement}" + (f", entry {self.entry}" if self.entry else "")
        return kind(
            f"{where}: {sentence}",
            field=about,
            fix=fix,
            statement=self.statement,
            **({"entry": self.entry} if self.entry else {}),
        )


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]+")
_SPACES = re.compile(r"\s+")
_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Z]+")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{10,30}")
_ABSENT = frozenset({"", "NOTPROVIDED", "NOTAVAILABLE", "NONREF", "NONE", "NOREF", "NULL", "EREF", "KREF", "MARF"})


def clean_text(text: str | None, limit: int = MAX_TEXT) -> str:
    """The text on one line, without control characters, cut at `limit` characters."""
    return _SPACES.sub(" ", _CONTROL.sub(" ", text or "")).strip()[:limit]


def clean_reference(text: str | None) -> str:
    """A reference as written, or empty where the bank says that there is none (NOTPROVIDED, NONREF)."""
    reference = clean_text(text, 140)
    return "" if _NOT_ALPHANUMERIC.sub("", reference.upper()) in _ABSENT else reference


def alphanumeric(text: str) -> str:
    """The upper-case ASCII letters and digits of a text, nothing else."""
    return _NOT_ALPHANUMERIC.sub("", text.upper())


def is_iban(text: str) -> bool:
    """Has the text the form and the check digits of an IBAN (ISO 13616: 97-10)?"""
    if not _IBAN.fullmatch(text):
        return False
    turned = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def same_account(stated: str, iban: str) -> bool:
    """Does a statement's account mean this IBAN? Banks also write the national part, or bank code/account number."""
    named, own = alphanumeric(stated), alphanumeric(iban)
    if not named or not own:
        return False
    if named == own:
        return True
    if is_iban(named):
        return False
    head, slash, tail = stated.rpartition("/")
    bank, number = alphanumeric(head), alphanumeric(tail).lstrip("0")
    if slash and bank.isdigit():
        return bool(number) and own[4:].startswith(bank) and own[4:].endswith(number)
    return len(number) >= 6 and own[4:].endswith(number)


def refuse_unbookable(statements: Sequence[Statement]) -> None:
    """Refuse the file, with every reason at once, unless each statement is complete, in one currency and balanced."""
    raise_all(refusal for number, statement in enumerate(statements, 1) for refusal in _problems(number, statement))


def _problems(number: int, statement: Statement) -> Iterable[StatementRefused]:
    place = Place(number)
    if not alphanumeric(statement.account):
        yield place.refuse(UnreadableStatement, "no account is named.", about="account")
    try:
        digits = minor_units(statement.currency)
    except InvalidValue:
        sentence = f"{statement.currency or 'an empty code'} is not an ISO 4217 currency code."
        yield place.refuse(UnreadableStatement, sentence, about="currency")
        return
    mixed = list(_currency_problems(number, statement))
    yield from mixed
    for line in statement.lines:
        if round_to(line.amount, digits, RoundingMode.DOWN) != line.amount:
            sentence = f"{line.amount} has more decimals than {statement.currency} allows ({digits})."
            yield Place(number, line.index).refuse(UnreadableStatement, sentence, about="amount")
    if not mixed:
        yield from _balance_problems(place, statement)


def _currency_problems(number: int, statement: Statement) -> Iterable[StatementRefused]:
    for name, balance in (("opening", statement.opening), ("closing", statement.closing)):
        if balance is not None and balance.currency != statement.currency:
            sentence = f"the {name} balance is in {balance.currency}, the account in {statement.currency}."
            yield Place(number).refuse(StatementCurrencyMismatch, sentence, about=f"{name}_balance")
    seen: set[int] = set()
    for line in statement.lines:
        if line.currency != statement.currency and line.index not in seen:
            seen.add(line.index)
            sentence = f"the amount is in {line.currency}, the account in {statement.currency}."
            yield Place(number, line.index).refuse(StatementCurrencyMismatch, sentence, about="currency")


def _balance_problems(place: Place, statement: Statement) -> Iterable[StatementRefused]:
    if statement.opening is None or statement.closing is None:
        if statement.kind is StatementKind.STATEMENT:
            missing = "opening" if statement.opening is None else "closing"
            sentence = f"the {missing} balance is missing."
            fix = "Export the statement again: the file may be cut off."
            yield place.refuse(UnreadableStatement, sentence, about=f"{missing}_balance", fix=fix)
        return
    if statement.kind is not StatementKind.STATEMENT:
        return
    total = sum((line.amount for line in statement.lines), Decimal(0))
    expected = statement.opening.amount + total
    if expected != statement.closing.amount:
        sentence = (
            f"opening balance {statement.opening.amount} and {len(statement.lines)} lines of {total} make {expected}, "
            f"but the closing balance is {statement.closing.amount}."
        )
        fix = "Export the statement again; nothing of this file was booked."
        yield place.refuse(UnbalancedStatement, sentence, about="closing_balance", fix=fix)


@dataclass(frozen=True, slots=True)
class BalanceGap:
    """Two consecutive statements of an account whose balances do not meet: a statement between them is missing."""

    account: str
    after: Balance
    before: Balance
    difference: Decimal


def find_gaps(statements: Iterable[Statement]) -> tuple[BalanceGap, ...]:
    """The gaps between final statements of each account, in the order of their closing days.

    Statements of one day stand in the order in which their balances meet, if there is one.
    """
    gaps: list[BalanceGap] = []
    final = sorted((item for item in statements if item.kind is StatementKind.STATEMENT), key=_chronological)
    for account, own in groupby(final, key=lambda item: item.account):
        before: Balance | None = None
        for _, same_day in groupby(own, key=lambda item: item.closing.day if item.closing else date.min):
            for statement in _in_chain([*same_day], before):
                if before and statement.opening and before.amount != statement.opening.amount:
                    difference = statement.opening.amount - before.amount
                    gaps.append(BalanceGap(account, before, statement.opening, difference))
                before = statement.closing or before
    return tuple(gaps)


def _in_chain(statements: list[Statement], before: Balance | None) -> Iterator[Statement]:
    """Each after the one whose closing balance it opens with; those of which that cannot be said in their order."""
    left = statements
    while left:
        closings = [one.closing.amount for one in left if one.closing]
        follows = [one for one in left if one.opening and before and one.opening.amount == before.amount]
        begins = [one for one in left if one.opening and one.opening.amount not in closings]
        found = (follows or begins or left)[0]
        left = [one for one in left if one is not found]
        before = found.closing or before
        yield found


def _chronological(statement: Statement) -> tuple[str, date, date, list[int]]:
    opening, closing = statement.opening, statement.closing
    first = opening.day if opening else date.min
    last = closing.day if closing else date.min
    return statement.account, last, first, [int(part) for part in re.findall(r"\d{1,9}", statement.sequence)]


def with_fingerprints(lines: Iterable[StatementLine]) -> tuple[StatementLine, ...]:
    """The lines of one statement with their fingerprints set; equal entries of a day are told apart by their order."""
    seen: Counter[str] = Counter()
    entry_of: dict[int, str] = {}
    marked: list[StatementLine] = []
    for line in lines:
        text_key = line.text_key or _text_key(line)
        if line.index not in entry_of:
            base = entry_base(line.booking_date, line.entry_amount, line.currency, discriminator(line, text_key))
            seen[base] += 1
            entry_of[line.index] = digest(base, str(seen[base]))
        entry = entry_of[line.index]
        own = entry if line.parts == 1 else digest(entry, f"part {line.part}")
        marked.append(replace(line, text_key=text_key, entry_fingerprint=entry, fingerprint=own))
    return tuple(marked)


def discriminator(line: StatementLine, text_key: str) -> str:
    """What tells an entry from others of its day and amount: the bank's reference, else the payer's, else its text."""
    if line.entry_ref:
        return f"ref {alphanumeric(line.entry_ref)}"
    if line.end_to_end_id and line.parts == 1:
        return f"e2e {alphanumeric(line.end_to_end_id)}"
    return f"text {text_key}"


def entry_base(booking_date: date, amount: Decimal, currency: str, told_apart_by: str) -> str:
    """The part of an entry fingerprint before its ordinal."""
    return digest(booking_date.isoformat(), format(amount.normalize(), "f"), currency, told_apart_by)


def digest(*parts: str) -> str:
    """A short stable name of the parts (128 bits of SHA-256)."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _text_key(line: StatementLine) -> str:
    payer = line.counterparty_iban or line.counterparty_name
    words = alphanumeric(payer + "".join(line.creditor_references) + line.remittance)
    return digest(words)[:16] if words else ""
