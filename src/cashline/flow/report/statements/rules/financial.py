"""The financial statements as values: balance sheet, profit and loss, cash flow, from one table of account movements.

All three are made of the same figures, so they tie: the balance sheet balances, its profit is that of the profit and
loss, and the cash flow ends at its cash. `breaks` says where they would not.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.flow.recognise.ledger.rules.accounts import AccountRole, AccountType
from cashline.kernel.fiscal import MONTHS, FiscalCalendar
from cashline.kernel.periods import add_months

ZERO = Decimal(0)
MAX_COLUMNS = 13
_R, _T = AccountRole, AccountType
CASH = frozenset({_R.BANK.value, _R.CARD_CLEARING.value})
"""Roles that are cash and cash equivalents (IAS 7.6)."""
COST = frozenset({_R.COST_OF_SALES.value, _R.STOCK_ADJUSTMENT.value})
FINANCE = frozenset({_R.FX_GAIN_LOSS.value, _R.ROUNDING.value})
UNREALISED_RULES = frozenset({"revaluation", "revaluation_reversal"})
"""Posting rules whose exchange differences moved no cash (IAS 7.28)."""


class Kind(StrEnum):
    """The statements."""

    BALANCE_SHEET = "balance-sheet"
    PROFIT_AND_LOSS = "profit-and-loss"
    CASH_FLOW = "cash-flow"


class Step(StrEnum):
    """How long one column is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MONTHS = {Step.MONTH: 1, Step.QUARTER: 3, Step.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a column: from `start` up to before `end`; `year` is the first day of its financial year."""

    start: date
    end: date
    fiscal_year: date | None = None
    name: str = ""
    """What the entity's fiscal calendar calls it; empty where that is of calendar months and years."""

    @property
    def year(self) -> date:
        """The first day of the financial year that holds its last day."""
        return self.fiscal_year or self.last_day.replace(month=1, day=1)

    @property
    def last_day(self) -> date:
        """The last day that counts."""
        return self.end - timedelta(days=1)


def spans(as_of: date, step: Step, count: int, calendar: FiscalCalendar = MONTHS) -> tuple[Span, ...]:
    """The columns: the month, quarter or year that holds `as_of`, up to that day, then those before it in whole.

    An entity with a fiscal calendar has its periods, quarters and years for them.
    """
    if calendar != MONTHS:
        return _fiscal_spans(as_of, step, count, calendar)
    months = _MONTHS[step]
    start = date(as_of.year, (as_of.month - 1) // months * months + 1, 1)
    found = [Span(start, as_of + timedelta(days=1))]
    while len(found) < count:
        found.append(Span(add_months(start, -months), start))
        start = found[-1].start
    return tuple(found)


def _fiscal_spans(as_of: date, step: Step, count: int, calendar: FiscalCalendar) -> tuple[Span, ...]:
    found: list[Span] = []
    last = as_of
    while len(found) < count:
        period = calendar.period_of(last)
        year = calendar.year_start(last)
        names = {
            Step.MONTH: (period.start, period.name),
            Step.QUARTER: (calendar.quarter_start(period), f"FY{period.year} Q{period.quarter}"),
            Step.YEAR: (year, f"FY{period.year}"),
        }
        start, name = names[step]
        name = "" if calendar.since and last < calendar.since else name
        found.append(Span(start, last + timedelta(days=1), year, name))
        last = start - timedelta(days=1)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Movement:
    """What one posting rule moved on an account, debit positive, in the entity's currency, by column.

    `within` is what moved in the column, `before_year` up to the start of its financial year, `to_date` up to its end.
    """

    account_id: UUID
    code: str
    name: str
    type: str
    role: str
    rule: str
    within: tuple[Decimal, ...]
    before_year: tuple[Decimal, ...]
    to_date: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One row: `amounts` by column, empty for a heading. `account_id` leads to its lines; `from_start`: of all time."""

    key: str
    label: str
    amounts: tuple[Decimal, ...] = ()
    weight: str = ""
    code: str = ""
    account_id: UUID | None = None
    from_start: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of an entity in its currency; the columns are its spans, the newest first."""

    kind: Kind
    columns: tuple[Span, ...]
    rows: tuple[StatementRow, ...] = field(default=())

    def amounts(self, key: str) -> tuple[Decimal, ...]:
        """The amounts of the row with that key."""
        return next(row.amounts for row in self.rows if row.key == key)


type _Pick = Callable[[Movement], tuple[Decimal, ...]]


def _total(movements: Iterable[Movement], pick: _Pick, width: int, sign: int = 1) -> tuple[Decimal, ...]:
    sums = [ZERO] * width
    for one in movements:
        for place, amount in enumerate(pick(one)):
            sums[place] += sign * amount
    return tuple(sums)


def _plus(*parts: Sequence[Decimal]) -> tuple[Decimal, ...]:
    return tuple(sum(column, ZERO) for column in zip(*parts, strict=True))


def _within(one: Movement) -> tuple[Decimal, ...]:
    return one.within


def _to_date(one: Movement) -> tuple[Decimal, ...]:
    return one.to_date


def _accounts(
    movements: Sequence[Movement], pick: _Pick, width: int, sign: int, *, from_start: bool = False
) -> list[StatementRow]:
    """A row for each account that has any amount, by code."""
    by_account: dict[UUID, list[Movement]] = {}
    for one in movements:
        by_account.setdefault(one.account_id, []).append(one)
    rows: list[StatementRow] = []
    for key, group in sorted(by_account.items(), key=lambda item: item[1][0].code):
        amounts = _total(group, pick, width, sign)
        if any(amounts):
            first = group[0]
            rows.append(
                StatementRow(first.role, first.name, amounts, code=first.code, account_id=key, from_start=from_start)
            )
    return rows


def _of_type(movements: Iterable[Movement], *types: AccountType) -> list[Movement]:
    return [one for one in movements if one.type in types]


def balance_sheet(
    movements: Sequence[Movement], contract_assets: Sequence[Decimal], columns: tuple[Span, ...]
) -> Statement:
    """Assets = liabilities + equity at the end of each column.

    The contract position is shown as assets and liabilities by contract, not netted (IFRS 15.105); `contract_assets`
    are the positive ones. Profit that no entry has closed stands as that of the year and of earlier years.
    """
    width = len(columns)
    position = [one for one in movements if one.role == _R.CONTRACT_POSITION]
    others = [one for one in movements if one.role != _R.CONTRACT_POSITION]
    owned = _accounts(_of_type(others, _T.ASSET), _to_date, width, 1, from_start=True)
    owed = _accounts(_of_type(others, _T.LIABILITY), _to_date, width, -1, from_start=True)
    assets, net = tuple(contract_assets), _total(position, _to_date, width)
    if position:
        key, code = position[0].account_id, position[0].code
        owned.append(StatementRow("contract_assets", "Contract assets", assets, "", code, key, from_start=True))
        deferred = tuple(asset - balance for asset, balance in zip(assets, net, strict=True))
        name = "Contract liabilities (deferred revenue)"
        owed.append(StatementRow("contract_liabilities", name, deferred, "", code, key, from_start=True))
    earned = _of_type(movements, _T.INCOME, _T.EXPENSE)
    earlier = _total(earned, lambda one: one.before_year, width, -1)
    whole = _total(earned, _to_date, width, -1)
    profit = tuple(all_of_it - old for all_of_it, old in zip(whole, earlier, strict=True))
    equity = [
        *_accounts(_of_type(movements, _T.EQUITY), _to_date, width, -1, from_start=True),
        StatementRow("earlier_profit", "Profit of earlier years", earlier),
        StatementRow("year_profit", "Profit of the year", profit),
    ]
    nothing = (ZERO,) * width
    sums = [_plus(nothing, *(row.amounts for row in part)) for part in (owned, owed, equity)]
    rows = [
        StatementRow("assets_heading", "Assets", weight="heading"),
        *owned,
        StatementRow("assets", "Total assets", sums[0], "total"),
        StatementRow("liabilities_heading", "Liabilities", weight="heading"),
        *owed,
        StatementRow("liabilities", "Total liabilities", sums[1], "subtotal"),
        StatementRow("equity_heading", "Equity", weight="heading"),
        *equity,
        StatementRow("equity", "Total equity", sums[2], "subtotal"),
        StatementRow("liabilities_and_equity", "Liabilities and equity", _plus(sums[1], sums[2]), "total"),
    ]
    return Statement(Kind.BALANCE_SHEET, columns, tuple(rows))


def profit_and_loss(movements: Sequence[Movement], columns: tuple[Span, ...]) -> Statement:
    """Revenue less cost of sales, operating expenses and finance items, by nature of the account."""
    width = len(columns)
    income = _of_type(movements, _T.INCOME)
    expenses = _of_type(movements, _T.EXPENSE)
    cost = [one for one in expenses if one.role in COST]
    finance = [one for one in expenses if one.role in FINANCE]
    operating = [one for one in expenses if one.role not in COST | FINANCE]
    revenue, spent, ran, financed = (_total(part, _within, width, -1) for part in (income, cost, operating, finance))
    gross = _plus(revenue, spent)
    result = _plus(gross, ran)
    rows = [
        StatementRow("revenue_heading", "Revenue", weight="heading"),
        *_accounts(income, _within, width, -1),
        StatementRow("revenue", "Total revenue", revenue, "subtotal"),
        StatementRow("cost_heading", "Cost of sales", weight="heading"),
        *_accounts(cost, _within, width, -1),
        StatementRow("gross_profit", "Gross profit", gross, "subtotal"),
        StatementRow("operating_heading", "Operating expenses", weight="heading"),
        *_accounts(operating, _within, width, -1),
        StatementRow("operating_result", "Operating result", result, "subtotal"),
        StatementRow("finance_heading", "Finance and rounding", weight="heading"),
        *_accounts(finance, _within, width, -1),
        StatementRow("profit", "Profit", _plus(result, financed), "total"),
    ]
    return Statement(Kind.PROFIT_AND_LOSS, columns, tuple(rows))


def cash_flow(movements: Sequence[Movement], columns: tuple[Span, ...]) -> Statement:
    """The indirect method (IAS 7.18(b)): profit, less what moved no cash, less what is tied up, is the change in cash.

    A receivable written off is added back and left out of the change in receivables.
    """
    width = len(columns)
    profit = _total(_of_type(movements, _T.INCOME, _T.EXPENSE), _within, width, -1)
    cash = [one for one in movements if one.role in CASH]
    effect = _total([one for one in cash if one.rule in UNREALISED_RULES], _within, width)
    lost = _total([one for one in movements if one.role == _R.WRITE_OFF], _within, width)
    moved = _of_type([one for one in movements if one.role not in CASH], _T.ASSET, _T.LIABILITY)
    unrealised = _total([one for one in moved if one.rule in UNREALISED_RULES], _within, width)
    effect_back = tuple(-amount for amount in effect)
    changes: list[StatementRow] = []
    for row in _accounts([one for one in moved if one.rule not in UNREALISED_RULES], _within, width, -1):
        amounts = row.amounts
        if row.key == _R.RECEIVABLE:
            amounts = tuple(amount - off for amount, off in zip(amounts, lost, strict=True))
        changes.append(StatementRow(f"change_{row.key}", row.label, amounts, "", row.code, row.account_id))
    exchange = tuple(back - off for back, off in zip(effect_back, unrealised, strict=True))
    operating = _plus(profit, lost, exchange, *(row.amounts for row in changes))
    financing = _total(_of_type(movements, _T.EQUITY), _within, width, -1)
    change = _plus(operating, financing, effect)
    closing = _total(cash, _to_date, width)
    opening = tuple(end - moved_by for end, moved_by in zip(closing, _total(cash, _within, width), strict=True))
    rows = [
        StatementRow("operating_heading", "Operating activities", weight="heading"),
        StatementRow("profit", "Profit", profit),
        StatementRow("written_off", "Receivables written off", lost),
        StatementRow("unrealised", "Exchange differences not realised", exchange),
        StatementRow("changes_heading", "Changes in what is tied up", weight="heading"),
        *changes,
        StatementRow("operating", "Cash from operating activities", operating, "subtotal"),
        StatementRow("financing", "Cash from financing activities", financing, "subtotal"),
        StatementRow("effect", "Effect of exchange rates on cash", effect),
        StatementRow("change", "Change in cash", change, "subtotal"),
        StatementRow("opening", "Cash at the start", opening),
        StatementRow("closing", "Cash at the end", _plus(opening, change), "total"),
    ]
    return Statement(Kind.CASH_FLOW, columns, tuple(rows))


def breaks(sheet: Statement, result: Statement, flow: Statement, movements: Sequence[Movement]) -> list[str]:
    """Where the statements of the same columns and movements do not tie; empty where they do."""
    width = len(sheet.columns)
    income = _of_type(movements, _T.INCOME, _T.EXPENSE)
    pairs = (
        ("assets are liabilities and equity", sheet.amounts("assets"), sheet.amounts("liabilities_and_equity")),
        ("profit is that of the accounts", result.amounts("profit"), _total(income, _within, width, -1)),
        ("profit opens the cash flow", result.amounts("profit"), flow.amounts("profit")),
        (
            "cash of the flow is that of the balance sheet",
            flow.amounts("closing"),
            _plus((ZERO,) * width, *(row.amounts for row in sheet.rows if row.key in CASH)),
        ),
    )
    return [
        f"{words} at {span.last_day}: {left} and {right}"
        for words, lefts, rights in pairs
        for span, left, right in zip(sheet.columns, lefts, rights, strict=True)
        if left != right
    ]
