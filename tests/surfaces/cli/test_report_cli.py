"""The books, revenue, reports and health from a terminal."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cashline.kernel.identifiers import public
from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform import sql
from cashline.surfaces.cli.main import cli
from tests.support.report import Traded, trade_a_little

pytestmark = pytest.mark.usefixtures("db")


def run(*words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(cli, words)
    if isinstance(done.exception, Refusal):
        raise done.exception
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in words else done.output


@pytest.fixture
def traded(db: object) -> Traded:
    return trade_a_little()


def test_verify_says_what_holds_and_ends_with_one_where_it_does_not(traded: Traded) -> None:
    assert "laws hold" in run("verify")
    assert run("verify", "--whole", "--json")["sound"] is True
    sql.execute("UPDATE credit_accounts SET exposure = exposure + 1")
    told = run("verify", code=1)
    assert "Broken: exposure-is-what-is-at-stake: customer CUS-" in told
    found = run("verify", "--json", code=1)
    broken = [law["code"] for law in found["laws"] if law["breaks"]]
    assert (found["sound"], broken) == (False, ["exposure-is-what-is-at-stake"])


def test_trial_balance_and_ageing(traded: Traded) -> None:
    balance = run("ledger", "trial-balance", "--entity", "DE01", "--as-of", "2026-04-10", "--json")
    assert sum(Decimal(row["balance"]) for row in balance["items"]) == 0
    [receivable] = [row for row in balance["items"] if row["code"] == "1200"]
    aged = run("report", "ageing", "--as-of", "2026-04-10", "--entity", "DE01", "--json")["items"]
    euro = sum(Decimal(row["open"]) for row in aged if row["currency"] == "EUR")
    assert 0 < euro <= Decimal(receivable["balance"])
    assert "Receivables of the journal" in run("report", "ageing", "--as-of", "2026-04-10", "--by", "issued")
    months = run("report", "deferred-revenue", "--entity", "DE01", "--until", "2026-04-10", "--json")["items"]
    assert months[-1]["month"] == "2026-04"
    with pytest.raises(NotFound):
        run("report", "ageing", "--entity", "XX")


def test_revenue_is_previewed_and_run(traded: Traded) -> None:
    preview = run("revenue", "run", "--through", "2026-04-30", "--preview", "--json")
    assert run("revenue", "run", "--through", "2026-04-30", "--json")["totals"] == preview["totals"] != []
    assert run("revenue", "run", "--through", "2026-04-30", "--json")["totals"] == []


def test_log_is_exported_and_chains_are_told(traded: Traded, tmp_path: Path) -> None:
    target = tmp_path / "log.jsonocel"
    assert "bytes written" in run("events", "export", "--ocel", str(target))
    assert json.loads(target.read_bytes())["events"]
    assert json.loads(run("events", "export", "--ocel", "-", "--until", "2020-01-01"))["events"] == []
    told = run("events", "chain", public("order", traded.whole))
    assert "RevenueRecognised" in told
    assert "INV-DE01-2026-000001" in told
    times = run("events", "cycle-times", "--until", "2026-04-10", "--json")["items"]
    assert {one["stage"]: one["median_days"] for one in times}["order_to_delivery"] == "5"


def test_amounts_are_explained(traded: Traded) -> None:
    key = public("invoice", traded.invoices[0])
    assert "sum(lines) + sum(taxes)" in run("explain", key)
    assert run("explain", key, "--json")["derivation"]["rule"] == "invoices.gross"
    with pytest.raises(NotFound):
        run("explain", "inv_nothing")
