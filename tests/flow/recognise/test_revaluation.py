"""What is held in foreign currency is brought to the rates of a month's end, once, and taken back the day after."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cashline.flow.recognise.ledger.actions import post
from cashline.flow.recognise.ledger.actions.revaluing import revalue_month
from cashline.flow.recognise.ledger.queries.balances import role_balances
from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.ledger.rules.entries import PlannedEntry, PlannedLine
from cashline.flow.report.health.queries import verify
from cashline.flow.report.statements.queries import ageing
from cashline.flow.report.statements.queries.financial import financial_statements
from cashline.kernel.identifiers import new_id
from cashline.kernel.rounding import round_to
from cashline.platform.company.actions import set_exchange_rates
from tests.support.cluster import Database
from tests.support.recognise import at, balances
from tests.support.report import Traded, trade_a_little
from tests.support.world import ACTOR

D = Decimal
JANUARY, LAST, NEXT = date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)


@pytest.fixture
def traded(db: Database) -> Traded:
    traded = trade_a_little()
    assert set_exchange_rates([("USD", LAST, D("1.25"))]) == 1
    return traded


def test_open_items_stand_at_the_closing_rate_and_come_back(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    who: dict[str, Any] = {"entity_id": berlin, "month": JANUARY, "now": at(NEXT), "actor": ACTOR}
    held = role_balances([AccountRole.RECEIVABLE], as_of=LAST, entity_ids=[berlin])
    [(dollars, own)] = [value for (_, _, code), value in held.items() if code == "USD"]
    wanted = round_to(dollars * D("0.8"), 2) - own
    assert wanted
    before = balances(berlin, LAST)
    items, previewed = revalue_month(preview=True, **who)
    assert balances(berlin, LAST) == before
    _, posted = revalue_month(**who)
    assert previewed == posted == wanted
    assert [(item.role, item.currency) for item in items] == [(AccountRole.RECEIVABLE, "USD")]
    after = balances(berlin, LAST)
    assert after["currency_valuation"] == wanted
    assert after.get("fx_gain_loss", D(0)) == before.get("fx_gain_loss", D(0)) - wanted
    assert "currency_valuation" not in balances(berlin, NEXT)
    assert revalue_month(**who)[1] == 0
    [tied] = ageing(LAST, entity_ids=[berlin], limit=0).entities
    assert tied.ties
    made = financial_statements(berlin, LAST)
    assert made.breaks == ()
    assert made.cash_flow.amounts("unrealised")[0] == -wanted
    found = verify(whole=True)
    assert found.first_break is None, str(found.first_break)


def test_later_facts_are_caught_up(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    who: dict[str, Any] = {"entity_id": berlin, "month": JANUARY, "now": at(NEXT), "actor": ACTOR}
    revalue_month(**who)
    lines = (
        PlannedLine(AccountRole.RECEIVABLE, D(100), D(92), new_id()),
        PlannedLine(AccountRole.CONTRACT_POSITION, D(-100), D(-92)),
    )
    late = PlannedEntry(berlin, "USD", date(2026, 1, 30), "invoice", new_id(), "invoice", "A late invoice", lines)
    post([late], now=at(NEXT), actor=ACTOR)
    again, posted = revalue_month(**who)
    assert posted == D(-12)
    assert balances(berlin, LAST)["currency_valuation"] == sum((item.difference(2) for item in again), D(0))
    assert "currency_valuation" not in balances(berlin, NEXT)
