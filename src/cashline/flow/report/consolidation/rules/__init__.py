"""Consolidation as values: the movements of entities by month become one statement in a presentation currency."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from cashline.flow.recognise.ledger.rules.accounts import CHART, AccountRole, AccountType
from cashline.kernel.rounding import round_to

ZERO = Decimal(0)
_R, _T = AccountRole, AccountType
_CODES = {template.role.value: (template.code, template.name) for template in CHART}
RESULTS = frozenset({_T.INCOME.value, _T.EXPENSE.value})


class Kind(StrEnum):
    """What is consolidated."""

    TRIAL_BALANCE = "trial-balance"
    BALANCE_SHEET = "balance-sheet"
    PROFIT_AND_LOSS = "profit-and-loss"
    CASH_FLOW = "cash-flow"


class Elimination(NamedTuple):
    """What the group holds against itself on two accounts; what does not cancel goes to `rest`."""

    name: str
    roles: tuple[AccountRole, AccountRole]
    rest: AccountRole


ELIMINATIONS = (
    Elimination("balances", (_R.INTERCOMPANY_RECEIVABLE, _R.INTERCOMPANY_PAYABLE), _R.CURRENCY_VALUATION),
    Elimination("results", (_R.INTERCOMPANY_INCOME, _R.INTERCOMPANY_EXPENSE), _R.FX_GAIN_LOSS),
)
"""Each balances in itself, so that no elimination moves the profit or the equity of the group (IAS 21.45)."""


class Movement(NamedTuple):
    """What moved on an account of an entity in a month, debit positive, in the entity's currency.

    The cash flow tells apart by which posting `rule`.
    """

    entity_id: UUID
    account_id: UUID
    type: str
    role: str
    month: date
    amount: Decimal
    rule: str = ""


class Intragroup(NamedTuple):
    """What of a role of an entity came of sales within the group in a month, debit positive, in its currency."""

    entity_id: UUID
    role: str
    month: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Member:
    """An entity of the group with its rates to the presentation currency: of the last day, and the average by month."""

    id: UUID
    code: str
    currency: str
    closing: Decimal
    average: Mapping[date, Decimal]
    contract_assets: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Window:
    """The days that a statement is about: results from `start` on, balances at `as_of`, both of one financial year."""

    start: date
    as_of: date

    @property
    def year(self) -> date:
        """The first day of the financial year (calendar years)."""
        return self.as_of.replace(month=1, day=1)


@dataclass(frozen=True, slots=True)
class Cell:
    """One entity's share of a row: in its own currency where that says something, and translated."""

    amount: Decimal
    own: Decimal | None = None
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a cell by entity, what is eliminated, and the group's amount. A heading has no cells."""

    key: str
    label: str
    cells: Mapping[UUID, Cell] = field(default_factory=dict)
    eliminated: Decimal = ZERO
    code: str = ""
    weight: str = ""
    from_start: bool = False

    @property
    def total(self) -> Decimal:
        """The amount of the group."""
        return sum((cell.amount for cell in self.cells.values()), self.eliminated)


@dataclass(frozen=True, slots=True)
class Consolidated:
    """A statement of the group in a currency; `breaks` says where it does not tie (never)."""

    kind: Kind
    currency: str
    window: Window
    members: tuple[Member, ...]
    rows: tuple[Row, ...]
    breaks: tuple[str, ...] = ()

    def row(self, key: str) -> Row:
        """The row with that key."""
        return next(row for row in self.rows if row.key == key)


class _Book:
    """One entity, translated: by role what stands at the end, and results of the window, the year and before it."""

    def __init__(self, member: Member, movements: Iterable[Movement], window: Window, digits: int) -> None:
        self.member = member
        self.accounts: dict[str, tuple[UUID, str]] = {}
        self.own: dict[str, Decimal] = {}
        self.window_own: dict[str, Decimal] = {}
        closing: dict[str, Decimal] = {}
        within: dict[str, Decimal] = {}
        year: dict[str, Decimal] = {}
        earlier = ZERO
        for one in movements:
            self.accounts[one.role] = (one.account_id, one.type)
            if one.type not in RESULTS:
                rate = member.average[one.month] if one.type == _T.EQUITY else member.closing
                _add(self.own, one.role, one.amount)
                _add(closing, one.role, one.amount * rate)
                continue
            value = one.amount * member.average[one.month]
            if one.month < window.year:
                earlier += value
                continue
            _add(year, one.role, value)
            if one.month >= window.start:
                _add(self.window_own, one.role, one.amount)
                _add(within, one.role, value)
        self.balances = {role: round_to(amount, digits) for role, amount in closing.items()}
        self.results = {role: round_to(amount, digits) for role, amount in within.items()}
        self.year = {role: round_to(amount, digits) for role, amount in year.items()}
        self.earlier = round_to(earlier, digits)
        self.assets = round_to(member.contract_assets * member.closing, digits)

    @property
    def difference(self) -> Decimal:
        """The translation difference, debit positive: what makes the translated book sum to zero (IAS 21.41)."""
        return -(sum(self.balances.values(), ZERO) + sum(self.year.values(), ZERO) + self.earlier)

    def cell(self, role: str, amount: Decimal, own: Decimal | None) -> Cell:
        """A share of a row of an account."""
        return Cell(amount, own, self.accounts[role][0])


def _add(sums: dict[str, Decimal], key: str, amount: Decimal) -> None:
    sums[key] = sums.get(key, ZERO) + amount


def eliminated(
    intragroup: Sequence[Intragroup], members: Mapping[UUID, Member], start: date, digits: int
) -> dict[str, Decimal]:
    """By role, debit positive, what is taken out (and left on the role of the rest), results from `start` on."""
    found: dict[str, Decimal] = {}
    for rule in ELIMINATIONS:
        results = rule.name == "results"
        sums: dict[tuple[UUID, str], Decimal] = {}
        for one in intragroup:
            if one.role not in rule.roles or (results and one.month < start):
                continue
            member = members[one.entity_id]
            rate = member.average[one.month] if results else member.closing
            key = (one.entity_id, one.role)
            sums[key] = sums.get(key, ZERO) + one.amount * rate
        for (_, role), amount in sums.items():
            taken = round_to(amount, digits)
            _add(found, role, -taken)
            _add(found, rule.rest.value, taken)
    return {role: amount for role, amount in found.items() if amount}


def consolidate(
    kind: Kind,
    members: Sequence[Member],
    movements: Sequence[Movement],
    intragroup: Sequence[Intragroup],
    *,
    currency: str,
    digits: int,
    window: Window,
) -> Consolidated:
    """A balance of the group; movements are those up to `window.as_of`. The cash flow is `flows.cash_flow`."""
    by_entity: dict[UUID, list[Movement]] = {one.id: [] for one in members}
    for one in movements:
        by_entity[one.entity_id].append(one)
    books = [_Book(one, by_entity[one.id], window, digits) for one in members]
    known = {one.id: one for one in members}
    in_year = eliminated(intragroup, known, window.year, digits)
    in_window = eliminated(intragroup, known, window.start, digits)
    made = {
        Kind.TRIAL_BALANCE: lambda: _trial_balance(books, in_year),
        Kind.BALANCE_SHEET: lambda: _balance_sheet(books, in_year),
        Kind.PROFIT_AND_LOSS: lambda: _profit_and_loss(books, in_window),
    }[kind]()
    return Consolidated(kind, currency, window, tuple(members), tuple(made), tuple(_breaks(kind, made, books)))


def _roles(books: Sequence[_Book], types: Iterable[str], off: Mapping[str, Decimal]) -> list[str]:
    """The roles of those types that any entity has moved, or that eliminations leave something on, by code."""
    wanted = set(types)
    known = {template.role.value: template.type.value for template in CHART}
    found = {role for book in books for role, (_, kind) in book.accounts.items() if kind in wanted}
    return sorted(found | {role for role in off if known[role] in wanted}, key=lambda role: _CODES[role])


def _rows(
    books: Sequence[_Book], types: Iterable[str], off: Mapping[str, Decimal], name: str, own: str, sign: int = 1
) -> list[Row]:
    """A row for each account of those types with any amount; `name` and `own` say which amounts of a book."""
    rows: list[Row] = []
    for role in _roles(books, types, off):
        cells = {
            book.member.id: book.cell(role, sign * getattr(book, name)[role], sign * getattr(book, own).get(role, ZERO))
            for book in books
            if getattr(book, name).get(role)
        }
        code, label = _CODES[role]
        row = Row(role, label, cells, sign * off.get(role, ZERO), code, from_start=name == "balances")
        if cells or row.eliminated:
            rows.append(row)
    return rows


def _plain(key: str, label: str, amounts: Mapping[UUID, Decimal], weight: str = "") -> Row:
    return Row(key, label, {entity: Cell(amount) for entity, amount in amounts.items()}, weight=weight)


def _sum(key: str, label: str, rows: Iterable[Row], books: Sequence[_Book], weight: str) -> Row:
    """The sum of rows by entity, with what was eliminated of them."""
    rows = list(rows)
    cells = {
        book.member.id: Cell(
            sum((row.cells[book.member.id].amount for row in rows if book.member.id in row.cells), ZERO)
        )
        for book in books
    }
    return Row(key, label, cells, sum((row.eliminated for row in rows), ZERO), weight=weight)


def _trial_balance(books: Sequence[_Book], off: Mapping[str, Decimal]) -> list[Row]:
    """All accounts, debit positive: balances at the end, results of the year, and what makes them sum to zero."""
    rows = _rows(books, (_T.ASSET, _T.LIABILITY, _T.EQUITY), off, "balances", "own")
    rows.append(_plain("earlier_profit", "Profit of earlier years", {one.member.id: one.earlier for one in books}))
    rows.append(_plain("translation", "Translation difference", {one.member.id: one.difference for one in books}))
    rows += _rows(books, RESULTS, off, "year", "window_own")
    return [*rows, _sum("sum", "Sum", rows, books, "total")]


def _balance_sheet(books: Sequence[_Book], off: Mapping[str, Decimal]) -> list[Row]:
    """Assets = liabilities + equity; the contract position is shown by contract, not netted (IFRS 15.105)."""
    position = _R.CONTRACT_POSITION.value
    owned = _rows(books, (_T.ASSET,), off, "balances", "own")
    owed = [row for row in _rows(books, (_T.LIABILITY,), off, "balances", "own", -1) if row.key != position]
    held = [book for book in books if position in book.accounts]
    code = _CODES[position][0]
    if held:
        assets = {one.member.id: one.cell(position, one.assets, one.member.contract_assets) for one in held}
        owned.append(Row("contract_assets", "Contract assets", assets, code=code, from_start=True))
        deferred = {
            one.member.id: one.cell(
                position,
                one.assets - one.balances[position],
                one.member.contract_assets - one.own.get(position, ZERO),
            )
            for one in held
        }
        name = "Contract liabilities (deferred revenue)"
        owed.append(Row("contract_liabilities", name, deferred, code=code, from_start=True))
    equity = [
        *_rows(books, (_T.EQUITY,), off, "balances", "own", -1),
        _plain("earlier_profit", "Profit of earlier years", {one.member.id: -one.earlier for one in books}),
        _plain("year_profit", "Profit of the year", {one.member.id: -sum(one.year.values(), ZERO) for one in books}),
        _plain("translation", "Translation difference", {one.member.id: -one.difference for one in books}),
    ]
    return [
        Row("assets_heading", "Assets", weight="heading"),
        *owned,
        _sum("assets", "Total assets", owned, books, "total"),
        Row("liabilities_heading", "Liabilities", weight="heading"),
        *owed,
        _sum("liabilities", "Total liabilities", owed, books, "subtotal"),
        Row("equity_heading", "Equity", weight="heading"),
        *equity,
        _sum("equity", "Total equity", equity, books, "subtotal"),
        _sum("liabilities_and_equity", "Liabilities and equity", [*owed, *equity], books, "total"),
    ]


def _profit_and_loss(books: Sequence[_Book], off: Mapping[str, Decimal]) -> list[Row]:
    """Income less expenses of the window, by account."""
    income = _rows(books, (_T.INCOME,), off, "results", "window_own", -1)
    spent = _rows(books, (_T.EXPENSE,), off, "results", "window_own", -1)
    return [
        Row("income_heading", "Income", weight="heading"),
        *income,
        _sum("income", "Total income", income, books, "subtotal"),
        Row("expense_heading", "Expenses", weight="heading"),
        *spent,
        _sum("expense", "Total expenses", spent, books, "subtotal"),
        _sum("profit", "Profit", [*income, *spent], books, "total"),
    ]


def _breaks(kind: Kind, rows: Sequence[Row], books: Sequence[_Book]) -> list[str]:
    """Where the statement does not tie, by entity and for the group."""
    by_key = {row.key: row for row in rows}
    nothing = Row("nothing", "Nothing", {book.member.id: Cell(ZERO) for book in books})
    pairs = {
        Kind.TRIAL_BALANCE: (by_key.get("sum", nothing), nothing),
        Kind.BALANCE_SHEET: (by_key.get("assets", nothing), by_key.get("liabilities_and_equity", nothing)),
        Kind.PROFIT_AND_LOSS: (nothing, nothing),
    }
    left, right = pairs[kind]
    found = [
        f"{left.label} of {book.member.code}: {left.cells[book.member.id].amount}"
        for book in books
        if left.cells[book.member.id].amount != right.cells[book.member.id].amount
    ]
    if left.eliminated != right.eliminated:
        found.append(f"{left.label} eliminated: {left.eliminated}")
    return found
