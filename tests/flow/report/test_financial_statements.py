"""Balance sheet, profit and loss and cash flow tie to each other and to the trial balance, on any day."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from cashline.flow.receive.payments.actions import record_payments
from cashline.flow.receive.payments.actions.recording import NewPayment
from cashline.flow.recognise.ledger.actions import summarise_journal
from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.flow.report.statements.queries.financial import Statements, financial_statements
from cashline.flow.report.statements.rules.financial import Kind, Span, Step, spans
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import InvalidValue
from tests.support.cluster import Database
from tests.support.recognise import at, recognise
from tests.support.report import Traded, trade_a_little
from tests.support.world import ACTOR

D = Decimal
APRIL = date(2026, 4, 10)


@pytest.fixture
def traded(db: Database) -> Traded:
    return trade_a_little()


def profit_of(entity_id: UUID, day: date) -> Decimal:
    """Income less expense by the trial balance."""
    rows = trial_balance(entity_id, day)
    return -sum((row.balance for row in rows if row.type in ("income", "expense")), D(0))


def check(found: Statements, entity_id: UUID) -> None:
    assert found.breaks == ()
    for place, span in enumerate(found.balance_sheet.columns):
        before = span.start - timedelta(days=1)
        earned = profit_of(entity_id, span.last_day) - profit_of(entity_id, before)
        assert found.profit_and_loss.amounts("profit")[place] == earned
        cash = {
            day: sum(row.balance for row in trial_balance(entity_id, day) if row.role in ("bank", "card_clearing"))
            for day in (before, span.last_day)
        }
        assert found.cash_flow.amounts("opening")[place] == cash[before]
        assert found.cash_flow.amounts("closing")[place] == cash[span.last_day]
        assert found.cash_flow.amounts("change")[place] == cash[span.last_day] - cash[before]
        assert (
            found.balance_sheet.amounts("assets")[place] == found.balance_sheet.amounts("liabilities_and_equity")[place]
        )


@pytest.mark.parametrize("step", list(Step))
def test_statements_tie_to_the_trial_balance(traded: Traded, step: Step) -> None:
    berlin = traded.shop.world.berlin
    check(financial_statements(berlin, APRIL, step=step, columns=3), berlin)
    summarise_journal()
    check(financial_statements(berlin, date(2026, 2, 13), step=step, columns=2), berlin)


def test_figures_of_a_quarter_are_those_of_its_months(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    quarter = financial_statements(berlin, date(2026, 3, 31), step=Step.QUARTER, columns=1)
    months = financial_statements(berlin, date(2026, 3, 31), columns=3)
    for kind, key in ((Kind.PROFIT_AND_LOSS, "revenue"), (Kind.PROFIT_AND_LOSS, "profit"), (Kind.CASH_FLOW, "change")):
        assert sum(months.of(kind).amounts(key)) == quarter.of(kind).amounts(key)[0]
        assert quarter.of(kind).amounts(key)[0] > 0
    assert quarter.cash_flow.amounts("written_off") == (D("0.50"),)


def test_what_was_known_then_stays_what_it_was(traded: Traded) -> None:
    """A payment that came late changes the books of March, and not what was known of them at the start of April."""
    berlin, day = traded.shop.world.berlin, date(2026, 3, 31)
    before, accounts = financial_statements(berlin, day, columns=3), trial_balance(berlin, day)
    late = NewPayment(
        traded.shop.customer, berlin, "EUR", D("12.34"), "bank_transfer", date(2026, 3, 30), new_id(), allocations=()
    )
    record_payments([late], now=at(date(2026, 4, 20)), actor=ACTOR)
    recognise(APRIL, now=date(2026, 4, 20))
    for summed in (False, True):
        if summed:
            summarise_journal()
        now = financial_statements(berlin, day, columns=3)
        assert now.cash_flow.amounts("closing")[0] - before.cash_flow.amounts("closing")[0] == D("12.34")
        known = at(date(2026, 4, 2))
        assert financial_statements(berlin, day, columns=3, known_at=known) == before
        assert trial_balance(berlin, day, known_at=known) == accounts
        assert financial_statements(berlin, day, columns=3, known_at=at(date(2026, 4, 21))) == now


def test_contract_balances_are_not_netted(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    sheet = financial_statements(berlin, date(2026, 3, 31), columns=1).balance_sheet
    [row] = [row for row in trial_balance(berlin, date(2026, 3, 31)) if row.role == "contract_position"]
    assert sheet.amounts("contract_assets")[0] - sheet.amounts("contract_liabilities")[0] == row.balance
    assert sheet.amounts("contract_assets")[0] > 0
    assert sheet.amounts("contract_liabilities")[0] > 0


def test_columns() -> None:
    assert spans(date(2026, 5, 15), Step.QUARTER, 3) == (
        Span(date(2026, 4, 1), date(2026, 5, 16)),
        Span(date(2026, 1, 1), date(2026, 4, 1)),
        Span(date(2025, 10, 1), date(2026, 1, 1)),
    )
    assert spans(date(2026, 3, 31), Step.MONTH, 1)[0].year == date(2026, 1, 1)
    with pytest.raises(InvalidValue):
        financial_statements(UUID(int=0), APRIL, columns=14)
