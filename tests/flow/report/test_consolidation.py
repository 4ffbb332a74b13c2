"""The group from real books: ties, drill-down to the lines, as known at an instant, and the same at every door."""

import json
from datetime import date
from decimal import Decimal

import pytest
from click.testing import CliRunner

from cashline.flow.recognise.intercompany.actions import charge_entities
from cashline.flow.recognise.intercompany.rules import NewSale
from cashline.flow.recognise.ledger.actions import summarise_journal
from cashline.flow.report.consolidation.queries import consolidation
from cashline.flow.report.consolidation.rules import Kind
from cashline.flow.report.statements.queries.financial import financial_statements
from cashline.flow.report.statements.rules.financial import Step
from cashline.platform.company.actions import set_exchange_rates
from cashline.platform.company.queries import MissingRate, average_rates
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.cluster import Database
from tests.support.console import Console
from tests.support.recognise import at
from tests.support.report import Traded, trade_a_little
from tests.support.world import ACTOR

D = Decimal
LAST, NEXT = date(2026, 3, 31), date(2026, 4, 2)


@pytest.fixture
def traded(db: Database) -> Traded:
    traded = trade_a_little()
    world = traded.shop.world
    sales = [
        NewSale(world.berlin, world.boston, "EUR", D(1000), date(2026, 2, 10), "Licence"),
        NewSale(world.boston, world.berlin, "USD", D(300), date(2026, 3, 10), "Support"),
    ]
    charge_entities(sales, now=at(date(2026, 3, 10)), actor=ACTOR)
    set_exchange_rates([("USD", LAST, D("1.25"))])
    return traded


def test_the_group_ties_and_holds_nothing_against_itself(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    for summed in (False, True):
        if summed:
            summarise_journal()
        made = {kind: consolidation(kind, as_of=LAST, currency="EUR") for kind in Kind}
        for one in made.values():
            assert one.breaks == ()
            assert all(row.total == 0 for row in one.rows if row.key.startswith("intercompany_"))
        own = financial_statements(berlin, LAST, step=Step.YEAR, columns=1)
        sheet = made[Kind.BALANCE_SHEET]
        assert sheet.row("assets").cells[berlin].amount == own.balance_sheet.amounts("assets")[0]
        assert sheet.row("year_profit").cells[berlin].amount == own.profit_and_loss.amounts("profit")[0]
        flow = made[Kind.CASH_FLOW]
        assert flow.row("closing").cells[berlin].amount == own.cash_flow.amounts("closing")[0]
        assert flow.row("operating").cells[berlin].amount == own.cash_flow.amounts("operating")[0]
        assert flow.row("profit").total == made[Kind.PROFIT_AND_LOSS].row("profit").total
        assert sheet.row("year_profit").total == made[Kind.PROFIT_AND_LOSS].row("profit").total
    alone = consolidation(Kind.BALANCE_SHEET, as_of=LAST, currency="EUR", entity_ids=[berlin])
    assert alone.row("translation").total == 0
    assert alone.row("intercompany_receivable").total == 1000


def test_only_what_was_known_counts(traded: Traded) -> None:
    before = consolidation(Kind.TRIAL_BALANCE, as_of=LAST, currency="USD", known_at=at(date(2026, 3, 9)))
    assert before.breaks == ()
    assert not any(row.key.startswith("intercompany_") for row in before.rows)


def test_an_average_is_the_mean_of_the_days(traded: Traded) -> None:
    """Thirty days at 1.10 and one at 1.25."""
    rates = average_rates({("EUR", "USD", date(2026, 3, 1)), ("USD", "EUR", date(2026, 3, 1))}, until=NEXT)
    assert rates["EUR", "USD", date(2026, 3, 1)] == D("1.1048387097")
    with pytest.raises(MissingRate):
        average_rates({("EUR", "CHF", date(2026, 3, 1))}, until=NEXT)


def test_each_figure_opens_its_lines_and_every_door_tells_the_same(traded: Traded) -> None:
    api, console = Api("auditor"), Console("auditor")
    for kind in Kind:
        told = api.get(f"/reports/consolidation/{kind.value}", currency="EUR", as_of="2026-03-31").body
        assert told["ties"]
        asked = {"currency": "EUR", "day_to": "2026-03-31"}
        page = console.get(f"/consolidation/{kind.value}/", **asked)
        assert page.status == 200
        links = page.all("//td//a[contains(@href, '/trial-balance/US01/')]/@href")
        assert console.get(links[0]).all("//td//a[starts-with(@href, '/journal/jen_')]/@href")
        assert page.all("//td//a[@href='/intercompany/']")
        words = ["consolidate", kind.value, "--currency", "eur", "--as-of", "2026-03-31", "--json"]
        items = json.loads(CliRunner().invoke(cli, words).stdout)["items"]
        assert [D(one["total"]) for one in items] == [D(one["total"]) for one in told["items"]]
    assert console.get("/consolidation/wealth/").status == 404
    assert api.get("/reports/consolidation/balance-sheet", entity="XX").status == 404
