"""Books over the API, the terminal and the console: opened, run, compared, and decided anew."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cashline.flow.recognise.books.commands import COMMANDS
from tests.support.api import Api
from tests.support.console import Console
from tests.support.world import make_world
from tests.surfaces.api.test_revenue_api import recorded

pytestmark = pytest.mark.usefixtures("db")
BOOK = {
    "entity": "DE01",
    "code": "hgb",
    "name": "Handelsbuch",
    "standard": "statutory",
    "policies": {"timing": "as_invoiced"},
    "reason": "The commercial code",
}


def test_a_book_is_opened_run_and_compared(tmp_path: Path) -> None:
    make_world()
    api = Api()
    recorded(api)
    opened = api.post("/accounting-books", BOOK)
    assert opened.status == 201, opened.body
    key = opened.body["id"]
    assert [one["choice"] for one in opened.body["differs"]] == ["timing_as_invoiced"]
    asked = {"through": "2026-01-31", "entity": "DE01"}
    api.post("/revenue-runs", asked)
    preview = api.post("/book-run-previews", asked).body["books"]
    assert api.post("/book-runs", asked).body["books"] == preview
    assert preview[0]["entries"] == 1
    items = api.get("/book-differences", entity="DE01", second="hgb", limit=1).body
    assert items["next_cursor"] == "1"
    [one] = api.get("/book-differences", entity="DE01", second="hgb", cursor="1", limit=1).body["items"]
    assert (one["month"], one["reasons"][0]["choice"]) == ("2026-01", "timing_as_invoiced")
    file = api.get("/book-differences", entity="DE01", second="hgb", format="csv")
    assert file.status == 200
    balance = api.get(f"/accounting-books/{key}/trial-balance", as_of="2026-01-31").body
    assert {row["code"]: row["balance"] for row in balance["items"]}["2200"] == "0.00"
    [entry] = api.get(f"/accounting-books/{key}/entries").body["items"]
    assert sum(Decimal(line["amount"]) for line in entry["lines"]) == 0
    supposed = api.post(f"/accounting-books/{key}/what-if", {"through": "2026-01-31", "policies": {}}).body
    assert supposed["entries"] == 1
    assert sum(Decimal(one["amount"]) for one in supposed["amounts"]) == 0
    assert {one["choice"] for one in supposed["amounts"]} == {"timing_as_invoiced"}  # what was posted is taken back
    other: dict[str, Any] = {"choices": ["allocation_stated"], "through": "2026-01-31"}
    console = Console("revenue_accountant")
    shown = console.get(f"/accounting-books/{key}/what-if/", **other)
    assert shown.status == 200
    assert "wait for" in shown.text or "Difference of the journals" in shown.text
    assert "Difference of the journals" in console.post(f"/accounting-books/{key}/suppose/", other).text
    assert console.get(f"/accounting-books/{key}/what-if/").status == 422
    who = ["--entity", "DE01", "--through", "2026-01-31", "--json"]
    told = CliRunner().invoke(COMMANDS, ["what-if", "hgb", *who])
    found = [Decimal(one["amount"]) for one in json.loads(told.stdout)["amounts"]]
    assert found == [Decimal(one["amount"]) for one in supposed["amounts"]]
    decided = api.post(f"/accounting-books/{key}/policies", {"policies": {}, "reason": "We report alike"})
    assert (decided.body["version"], decided.body["differs"]) == (1, [])
    assert len(api.get(f"/accounting-books/{key}").body["history"]) == 2
    assert len(api.get("/accounting-books").body["items"]) == 1
    for address in ("/accounting-books/", f"/accounting-books/{key}/", f"/accounting-books/{key}/differences/"):
        assert console.get(address).status == 200
    assert "Revenue is recognised when it is invoiced" in console.get(f"/accounting-books/{key}/differences/").text
    CliRunner().invoke(COMMANDS, ["differences", "hgb", "--entity", "DE01", "--csv", str(tmp_path / "d.csv")])
    lines = (tmp_path / "d.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5
    assert any(line.endswith("wait for the transfer of control)") for line in lines)


def test_what_is_wrong_with_a_book_is_told_at_once() -> None:
    make_world()
    api = Api()
    wrong = api.post("/accounting-books", BOOK | {"code": "HGB", "standard": "ifrs15"})
    assert wrong.status == 422
    assert "IFRS 15.31" in json.dumps(wrong.body)
    assert api.post("/accounting-books", BOOK | {"policies": {"timing": "whenever"}}).status == 422
    assert api.get("/book-differences", entity="DE01", second="none").status == 404
    assert api.get("/accounting-books/abk_nothing").status == 404


def test_books_from_a_terminal() -> None:
    make_world()
    recorded(Api())

    def told(*words: str) -> Any:
        result = CliRunner().invoke(COMMANDS, [*words, "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    who = ("--entity", "DE01")
    opened = told("open", "us", *who, "--name", "US GAAP", "--standard", "asc606", "--policy", "financing=one_year",
                  "--reason", "The parent reports so")  # fmt: skip
    assert opened["policies"]["financing"] == "one_year"
    assert told("run", "--through", "2026-01-31")["books"][0]["entries"] == 0
    assert told("differences", "us", *who)["items"] == []
    assert len(told("list")["items"]) == 1
    assert told("trial-balance", "us", *who)["items"] == []
    decided = told("decide", "us", *who, "--reason", "No expedient")["differs"]
    assert [one["choice"] for one in decided] == ["impairments_never_reversed"]  # which ASC 606 prescribes
