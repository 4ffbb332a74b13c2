"""The statements through the console, the API and the terminal: the same figures, each leading to its lines."""

import csv
import io
import json
from decimal import Decimal

import pytest
from click.testing import CliRunner

from cashline.platform import sql
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.console import Console
from tests.support.report import Traded, trade_a_little

pytestmark = pytest.mark.usefixtures("db")
D = Decimal


@pytest.fixture
def traded(db: object) -> Traded:
    return trade_a_little()


def test_every_figure_opens_the_lines_it_is_the_sum_of(traded: Traded) -> None:
    console, api = Console("auditor"), Api("auditor")
    for kind in ("balance-sheet", "profit-and-loss", "cash-flow"):
        asked = {"entity": "DE01", "day_to": "2026-03-31", "columns": "3", "known_to": "2026-04-30"}
        page = console.get(f"/statements/{kind}/", **asked)
        assert page.status == 200
        links = page.all("//td//a[contains(@href, '/trial-balance/DE01/')]/@href")
        assert links
        lines = console.get(links[0])
        assert lines.all("//td//a[starts-with(@href, '/journal/jen_')]/@href")
        told = api.get(f"/reports/statements/{kind}", entity="DE01", as_of="2026-03-31", columns=3).body
        status, content, _kind = console.file(f"/statements/{kind}/", **asked, format="csv")
        assert status == 200
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]
        assert [[D(cell) for cell in row[1::2] if cell] for row in rows] == [
            [D(amount) for amount in item["amounts"]] for item in told["items"]
        ]
    link = next(one for one in links if "day_from=2026-03-01" in one)
    status, content, _kind = console.file(link + "&format=csv")
    moved = sum(D(row[5]) for row in list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:])
    assert moved
    assert -moved in {D(item["amounts"][0]) for item in told["items"] if item["amounts"]}
    assert console.get("/statements/wealth/").status == 404
    assert console.get("/statements/", day_to="soon").status in (200, 422)


def test_statement_from_the_terminal_is_that_of_the_api(traded: Traded) -> None:
    words = ["report", "statement", "profit-and-loss", "--entity", "DE01", "--as-of", "2026-03-31", "--by", "quarter"]
    done = CliRunner().invoke(cli, [*words, "--json"])
    told = json.loads(done.stdout)
    same = (
        Api("auditor")
        .get("/reports/statements/profit-and-loss", entity="DE01", as_of="2026-03-31", step="quarter")
        .body
    )
    for mine, theirs in zip(told["items"], same["items"], strict=True):
        assert list(map(D, mine.pop("amounts"))) == list(map(D, theirs.pop("amounts")))
    assert {name: told[name] for name in ("items", "columns", "currency")} == {
        name: same[name] for name in ("items", "columns", "currency")
    }
    [(profit,)] = sql.fetch(
        "SELECT -sum(l.functional_amount) FROM journal_lines l JOIN accounts a ON a.id = l.account_id "
        "WHERE a.type IN ('income', 'expense') AND l.day >= '2026-01-01' AND l.day < '2026-04-01'"
    )
    rows = list(csv.DictReader(io.StringIO(CliRunner().invoke(cli, [*words, "--csv"]).stdout)))
    assert D(rows[-1]["2026-03-31"]) == profit != 0
    then = CliRunner().invoke(cli, [*words, "--known-on", "2026-01-15"])
    assert "Profit" in then.output
    [(count,)] = sql.fetch("SELECT count(*) FROM journal_entries WHERE posted_at < '2026-01-16' AND rule = 'revenue'")
    assert count == 0
    assert Api("seller").get("/reports/statements/cash-flow", entity="XX").status == 404


def test_trial_balance_as_known_then(traded: Traded) -> None:
    api = Api("auditor")
    now = api.get("/trial-balance", entity="DE01", as_of="2026-03-31").body["items"]
    then = api.get("/trial-balance", entity="DE01", as_of="2026-03-31", known_at="2026-02-01T00:00:00Z").body["items"]
    assert sum(D(row["balance"]) for row in then) == 0
    assert now != then
    page = Console("auditor").get("/trial-balance/", entity="DE01", day_to="2026-03-31", known_to="2026-01-31")
    assert "as known on" in page.words
