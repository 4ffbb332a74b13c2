"""What if products were sold alone for other prices: a difference of revenue that the real run would post."""

import json
from datetime import date
from decimal import Decimal

import pytest
from click.testing import CliRunner

from cashline.flow.agree.contracts.queries import term_lines
from cashline.flow.recognise.revenue.queries import facts_of
from cashline.flow.recognise.revenue.queries.supposing import suppose_prices
from cashline.flow.recognise.revenue.rules.supposing import compare_contract
from cashline.platform import sql
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.cluster import Database
from tests.support.console import Console
from tests.support.recognise import agreement_of
from tests.support.report import Traded, trade_a_little

D = Decimal
APRIL = date(2026, 4, 30)
POSTED = "SELECT month, sum(amount) FROM revenue_postings WHERE agreement_id = %s GROUP BY 1 ORDER BY 1"


@pytest.fixture
def traded(db: Database) -> Traded:
    return trade_a_little()


def test_the_difference_moves_revenue_between_months_and_none_of_a_contract_in_all(traded: Traded) -> None:
    contract = agreement_of(traded.whole)
    before = dict(sql.fetch(POSTED, (contract,)))
    lines, facts = term_lines(agreement_ids=[contract]), facts_of([contract])
    known = (facts.deliveries, facts.concessions, facts.billed.discounts)
    agreed = {line.product_id: line.stand_alone_price for line in lines}
    other = agreed | {traded.shop.catalog.sensor: D("178.00")}
    moved = list(compare_contract(lines, other, *known, through=date(2028, 1, 31)))
    assert len({one.line_id for one in moved}) == len(lines)
    assert sum(one.then - one.now for one in moved) == 0
    assert list(compare_contract(lines, agreed, *known, through=date(2028, 1, 31))) == []
    [shipped] = [one for one in moved if one.kind == "goods"]
    assert (shipped.month, shipped.then > shipped.now) == (date(2026, 1, 1), True)
    told = suppose_prices(other, entity_id=traded.shop.world.berlin, through=APRIL)
    assert told.agreements > 1
    assert any(then > now for now, then in told.totals.values())
    assert dict(sql.fetch(POSTED, (contract,))) == before


def test_the_doors_tell_the_same(traded: Traded) -> None:
    body = {
        "entity": "DE01",
        "through": "2026-04-30",
        "prices": [{"sku": "SENSOR-1", "stand_alone_price": "178.00"}],
    }
    told = Api("auditor").post("/revenue-what-ifs", body)
    assert told.status == 200, told.body
    words = [
        "revenue",
        "suppose",
        "--entity",
        "DE01",
        "--through",
        "2026-04-30",
        "--price",
        "SENSOR-1=178.00",
        "--json",
    ]
    assert json.loads(CliRunner().invoke(cli, words).stdout) == told.body
    assert told.body["months"]
    unknown = body | {"prices": [{"sku": "NOTHING", "stand_alone_price": "1"}]}
    assert Api("auditor").post("/revenue-what-ifs", unknown).status == 404
    assert Api("auditor").post("/revenue-what-ifs", body | {"prices": []}).status == 422


def test_the_page_tells_what_would_be_posted_otherwise(traded: Traded) -> None:
    console = Console("auditor")
    assert "Nothing is supposed yet" in console.get("/revenue/what-if/").text
    asked = {"entity": "DE01", "through": "2026-04-30", "prices": "SENSOR-1 = 178.00"}
    [(number,)] = sql.fetch("SELECT number FROM agreements WHERE id = %s", (agreement_of(traded.whole),))
    shown = console.get("/revenue/what-if/", **asked)
    assert number in shown.text
    assert "2026-01" in shown.text
    assert console.post("/revenue/what-if/suppose/", asked).text.count("178") == shown.text.count("178")
    for wrong in ("", "SENSOR-1", "SENSOR-1 = -1", "NOTHING = 3"):
        assert console.get("/revenue/what-if/", **(asked | {"prices": wrong})).status in (404, 422)
