"""The exported journal in the programs of others: `bean-check` and `hledger` prove each account's balance.

bean-check stands in an environment of its own (`.venv-beancount` from requirements/beancount.txt, or where
CASHLINE_BEAN_CHECK says); hledger is the Debian package. Where one is missing, its tests are skipped.
"""

import os
import shutil
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cashline.flow.recognise.exports.actions import export_journal
from cashline.flow.recognise.exports.queries import export_text, exports, ledger_text
from cashline.flow.recognise.exports.rules import Format
from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.platform.company.queries import Entity, entity_by_code
from tests.support.cluster import Database
from tests.support.recognise import at
from tests.support.report import trade_a_little
from tests.support.world import ACTOR

ROOT = Path(__file__).resolve().parents[2]
BEAN_CHECK = Path(os.environ.get("CASHLINE_BEAN_CHECK") or ROOT / ".venv-beancount" / "bin" / "bean-check")
HLEDGER = shutil.which("hledger")
LAST = date(2026, 4, 30)
with_beancount = pytest.mark.skipif(
    not BEAN_CHECK.exists(), reason="bean-check is not installed: make .venv-beancount from requirements/beancount.txt."
)
with_hledger = pytest.mark.skipif(HLEDGER is None, reason="hledger is not installed: apt-get install hledger.")


@pytest.fixture
def traded(committed_db: Database) -> list[Entity]:
    trade_a_little()
    return [entity_by_code("DE01"), entity_by_code("US01")]


def written(path: Path, owner: Entity, wanted: Format, until: date = LAST) -> Path:
    path.write_text("".join(ledger_text(owner, wanted, until=until)), encoding="utf-8")
    return path


def ran(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@with_beancount
def test_bean_check_agrees_with_every_balance(traded: list[Entity], tmp_path: Path) -> None:
    for owner in traded:
        file = written(tmp_path / f"{owner.code}.beancount", owner, Format.BEANCOUNT)
        code, told = ran(str(BEAN_CHECK), str(file))
        assert (code, told) == (0, ""), told
    early = written(tmp_path / "early.beancount", traded[0], Format.BEANCOUNT, date(2026, 1, 31))
    assert ran(str(BEAN_CHECK), str(early))[0] == 0
    text = (tmp_path / "DE01.beancount").read_text()
    [line, *_] = [one for one in text.splitlines() if " balance " in one and "Trade-receivables" in one]
    head, amount, currency = line.rsplit(" ", 2)
    (tmp_path / "wrong.beancount").write_text(text.replace(line, f"{head} {Decimal(amount) + 1} {currency}"))
    code, told = ran(str(BEAN_CHECK), str(tmp_path / "wrong.beancount"))
    assert code == 1
    assert "Balance failed" in told


@with_hledger
def test_hledger_agrees_with_every_balance(traded: list[Entity], tmp_path: Path) -> None:
    assert HLEDGER is not None
    owner = traded[0]
    file = written(tmp_path / "de.journal", owner, Format.HLEDGER)
    code, told = ran(HLEDGER, "check", "--strict", "-f", str(file))
    assert code == 0, told
    code, told = ran(HLEDGER, "-f", str(file), "balance", "--flat", "--no-total", "-O", "csv", "Assets", "Liabilities")
    assert code == 0, told
    found = {}
    for row in told.splitlines()[1:]:
        name, amount = (part.strip('"') for part in row.split(","))
        found[name.split(":")[2].split("-")[0]] = Decimal(amount.split()[0])
    wanted = {
        row.code: row.balance
        for row in trial_balance(owner.id, LAST)
        if row.balance and row.type in ("asset", "liability")
    }
    assert found == wanted


@with_beancount
def test_batches_of_the_export_are_taken_in_too(traded: list[Entity], tmp_path: Path) -> None:
    owner = traded[0]
    row = export_journal(entity_id=owner.id, now=at(LAST), actor=ACTOR)
    assert row is not None
    for wanted in (Format.BEANCOUNT, Format.HLEDGER):
        file = tmp_path / f"batch.{wanted.value}"
        file.write_text("".join(export_text(exports()[0], wanted)), encoding="utf-8")
        program = [str(BEAN_CHECK)] if wanted is Format.BEANCOUNT else [HLEDGER or "true", "check", "--strict", "-f"]
        code, told = ran(*program, str(file))
        assert code == 0, told
