"""What is still to earn and the waterfall, over agreements, plans and arrangements together."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner

from cashline.flow.recognise.revenue.actions import (
    NewArrangement,
    NewFacts,
    recognise_arrangements,
    record_arrangements,
)
from cashline.flow.report.statements.queries import deferred_waterfall, remaining_obligations
from cashline.surfaces.cli.main import cli
from tests.flow.recognise.test_arrangements import CONTRACT, EVENTS
from tests.flow.recognise.test_plan_revenue import plan, start
from tests.support.api import Api
from tests.support.recognise import at, bill, book_mixed, make_trading_shop, recognise, ship_on
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)


def test_what_remains_is_summed_over_agreements_plans_and_arrangements() -> None:
    """3 908 of an order, 31 of a plan, and 1 200 of an arrangement: less what January earned of each."""
    shop = make_trading_shop()
    berlin = shop.world.berlin
    before = remaining_obligations(berlin, today=TODAY)
    assert (before.total, before.contracts) == (0, 0)
    order = book_mixed(shop)
    assert remaining_obligations(berlin, today=TODAY).total == D(3908)
    start(shop, plan("basic", "31"))
    ship_on(TODAY, order)
    bill(TODAY)
    new = NewArrangement(berlin, "EUR", NewFacts([CONTRACT], [], EVENTS[:3]))
    record_arrangements([new], today=TODAY, now=NOW, actor=ACTOR)
    order_and_plan = recognise(JANUARY).total("EUR")
    who: dict[str, Any] = {"now": at(FEBRUARY), "actor": ACTOR}
    others = recognise_arrangements(through=JANUARY, **who)
    found = remaining_obligations(berlin, today=FEBRUARY)
    assert found.of_agreements == D(3908) + D(31) - order_and_plan
    assert found.of_arrangements == D(1200) - others.revenue() == D(550)
    assert found.contracts == 3
    assert found.waiting == D(1200)  # the installation has no day yet
    assert (found.within_two_years, found.later) == (0, 0)
    assert found.within_a_year == found.total - D(1200)
    [january] = deferred_waterfall(berlin, start=date(2026, 1, 1), end=date(2026, 2, 1), today=FEBRUARY).periods
    assert january.recognised == order_and_plan + others.revenue()
    assert january.other == 0
    shape = Api("revenue_accountant").get("/reports/remaining-obligations", entity="DE01").body
    assert D(shape["total"]) == found.total
    told = CliRunner().invoke(cli, ["report", "remaining-obligations", "--entity", "DE01"])
    assert told.exit_code == 0, told.output
    assert "waiting" in told.output
