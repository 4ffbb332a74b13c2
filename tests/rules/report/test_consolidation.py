"""The group as one: translation, eliminations, and that every column of every statement ties."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.recognise.ledger.rules.accounts import CHART, AccountRole
from cashline.flow.report.consolidation.rules import (
    Consolidated,
    Intragroup,
    Kind,
    Member,
    Movement,
    Window,
    consolidate,
)
from cashline.flow.report.consolidation.rules.flows import cash_flow
from cashline.flow.report.statements.rules.financial import CASH

D = Decimal
TYPES = {template.role.value: template.type.value for template in CHART}
JANUARY, FEBRUARY, LAST_YEAR = date(2026, 1, 1), date(2026, 2, 1), date(2025, 12, 1)
BERLIN, BOSTON = UUID(int=1), UUID(int=2)
WINDOW = Window(JANUARY, date(2026, 2, 28))
AVERAGE = {LAST_YEAR: D("0.8"), JANUARY: D("0.9"), FEBRUARY: D("0.95")}
MEMBERS = (
    Member(BERLIN, "DE01", "EUR", D(1), dict.fromkeys(AVERAGE, D(1))),
    Member(BOSTON, "US01", "USD", D("0.75"), AVERAGE),
)


def moved(entity: UUID, role: str, month: date, amount: Decimal) -> Movement:
    return Movement(entity, UUID(int=hash((entity, role)) % 10**9), TYPES[role], role, month, amount)


def statement(kind: Kind, movements: list[Movement], within: list[Intragroup] = []) -> Consolidated:  # noqa: B006
    return consolidate(kind, MEMBERS, movements, within, currency="EUR", digits=2, window=WINDOW)


BOOK = [
    moved(BERLIN, "bank", JANUARY, D(500)),
    moved(BERLIN, "revenue_service", JANUARY, D(-500)),
    moved(BOSTON, "bank", LAST_YEAR, D(100)),
    moved(BOSTON, "revenue_service", LAST_YEAR, D(-100)),
    moved(BOSTON, "bank", FEBRUARY, D(200)),
    moved(BOSTON, "revenue_service", FEBRUARY, D(-300)),
    moved(BOSTON, "cost_of_sales", FEBRUARY, D(100)),
]


def test_balances_stand_at_the_closing_rate_results_at_the_average_and_the_rest_is_the_difference() -> None:
    """300 dollars at 0.75 are 225; the profits were 80 (of 100 at 0.80) and 190 (of 200 at 0.95): 45 was lost."""
    sheet = statement(Kind.BALANCE_SHEET, BOOK)
    assert sheet.breaks == ()
    assert sheet.row("bank").total == 725
    assert sheet.row("bank").cells[BOSTON].own == 300
    assert {key: sheet.row(key).cells[BOSTON].amount for key in ("earlier_profit", "year_profit", "translation")} == {
        "earlier_profit": D(80),
        "year_profit": D(190),
        "translation": D(-45),
    }
    result = statement(Kind.PROFIT_AND_LOSS, BOOK)
    assert result.row("revenue_service").cells[BOSTON].amount == 285
    assert result.row("profit").total == 690 == sheet.row("year_profit").total
    assert statement(Kind.TRIAL_BALANCE, BOOK).row("sum").total == 0


def flows(movements: list[Movement], within: list[Intragroup] = []) -> Consolidated:  # noqa: B006
    opening = {BERLIN: D(1), BOSTON: D("0.8")}
    return cash_flow(MEMBERS, movements, within, opening, currency="EUR", digits=2, window=WINDOW)


def test_cash_flows_at_the_average_and_what_the_rates_moved_stands_apart() -> None:
    """100 dollars at 0.80 and 150 that came in at 0.95 would be 222.50; at 0.75 the 250 are 187.50: 35 were lost."""
    flow = flows([*BOOK, moved(BOSTON, "receivable", FEBRUARY, D(50)), moved(BOSTON, "bank", FEBRUARY, D(-50))])
    assert flow.breaks == ()
    boston = {row.key: row.cells[BOSTON].amount for row in flow.rows if BOSTON in row.cells}
    assert {
        key: boston[key] for key in ("profit", "change_receivable", "operating", "opening", "closing", "effect")
    } == {
        "profit": D(190),
        "change_receivable": D("-47.5"),
        "operating": D("142.5"),
        "opening": D(80),
        "closing": D("187.5"),
        "effect": D(-35),
    }
    assert flow.row("change_receivable").cells[BOSTON].own == -50
    assert flow.row("operating").total == D("642.5")


def test_what_entities_owe_each_other_is_no_cash_flow_of_the_group() -> None:
    flow = flows(GROUP, WITHIN)
    assert (flow.row("change_intercompany_receivable").total, flow.row("change_intercompany_payable").total) == (0, 0)
    assert (flow.row("change").total, flow.row("closing").total) == (0, 0)


GROUP = [
    moved(BERLIN, "intercompany_receivable", JANUARY, D(90)),
    moved(BERLIN, "intercompany_income", JANUARY, D(-90)),
    moved(BOSTON, "intercompany_payable", JANUARY, D(-100)),
    moved(BOSTON, "intercompany_expense", JANUARY, D(100)),
]
WITHIN = [Intragroup(one.entity_id, one.role, one.month, one.amount) for one in GROUP]


def test_what_the_group_holds_against_itself_is_taken_out_and_the_rest_is_an_exchange_difference() -> None:
    """Due from 90 euros, due to 100 dollars at 0.75: 15 stay with the valuation of balances, until it is booked."""
    sheet = statement(Kind.BALANCE_SHEET, GROUP, WITHIN)
    assert sheet.breaks == ()
    assert sheet.row("intercompany_receivable").total == sheet.row("intercompany_payable").total == 0
    assert sheet.row("currency_valuation").total == 15
    result = statement(Kind.PROFIT_AND_LOSS, GROUP, WITHIN)
    assert result.row("intercompany_income").total == result.row("intercompany_expense").total == 0
    assert result.row("profit").eliminated == 0
    revalued = [
        *GROUP,
        moved(BOSTON, "currency_valuation", JANUARY, D(-20)),
        moved(BOSTON, "fx_gain_loss", JANUARY, D(20)),
    ]
    assert statement(Kind.BALANCE_SHEET, revalued, WITHIN).row("currency_valuation").total == 0
    balance = statement(Kind.TRIAL_BALANCE, GROUP, WITHIN)
    assert (balance.row("sum").total, balance.row("sum").eliminated) == (0, 0)


amounts = st.integers(-(10**9), 10**9).map(lambda cents: D(cents) / 100)
entries = st.tuples(
    st.sampled_from([BERLIN, BOSTON]),
    st.sampled_from([role.value for role in AccountRole]),
    st.sampled_from([role.value for role in AccountRole]),
    st.sampled_from(sorted(AVERAGE)),
    amounts,
)


@given(st.lists(entries, max_size=20))
def test_whatever_balanced_books_hold_every_column_of_every_statement_ties(
    posted: list[tuple[UUID, str, str, date, Decimal]],
) -> None:
    movements = [
        moved(entity, role, month, sign * amount)
        for entity, debit, credit, month, amount in posted
        for role, sign in ((debit, 1), (credit, -1))
    ]
    within = [Intragroup(one.entity_id, one.role, one.month, one.amount) for one in movements]
    made = {kind: statement(kind, movements, within) for kind in Kind if kind is not Kind.CASH_FLOW}
    assert all(one.breaks == () for one in made.values())
    sheet = made[Kind.BALANCE_SHEET]
    assert sheet.row("year_profit").total == made[Kind.PROFIT_AND_LOSS].row("profit").total
    assert sheet.row("translation").cells[BERLIN].amount == 0
    for kind in made.values():
        for row in kind.rows:
            if row.key.startswith("intercompany_"):
                assert row.total == 0
    flow = flows(movements, within)
    assert flow.breaks == ()
    assert flow.row("profit").total == made[Kind.PROFIT_AND_LOSS].row("profit").total
    assert flow.row("closing").total == sum((row.total for row in sheet.rows if row.key in CASH), D(0))
    assert flow.row("effect").cells[BERLIN].amount == 0
    parts = [flow.row(key) for key in ("operating", "financing", "effect")]
    for entity in (BERLIN, BOSTON):
        moves = sum((part.cells[entity].amount for part in parts), D(0))
        assert moves == flow.row("change").cells[entity].amount
        assert flow.row("opening").cells[entity].amount + moves == flow.row("closing").cells[entity].amount
    assert sum((part.total for part in parts), D(0)) == flow.row("change").total
