"""An audit pack proves itself without us, and says the first figure that was tampered with."""

import ast
import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cashline.flow.recognise.revenue.actions import (
    NewArrangement,
    NewFacts,
    recognise_arrangements,
    record_arrangements,
    record_facts,
)
from cashline.flow.recognise.revenue.queries.arrangements import arrangement
from cashline.flow.recognise.revenue.rules.standard.facts import (
    ContractCost,
    ContractFact,
    Fixed,
    Invoiced,
    ObligationFact,
    Transfer,
    Variable,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import Amortisation, Impairment, VariableEstimate
from cashline.flow.report.audit.queries import ALLOCATIONS, SCRIPTS, TABLES, Chosen, audit_pack, contracts_of_period
from cashline.kernel.fiscal import MONTHS
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.cluster import Database
from tests.support.recognise import at, recognise
from tests.support.report import Traded, trade_a_little
from tests.support.world import ACTOR, make_world

D = Decimal
type Rows = list[dict[str, str]]


@pytest.fixture
def traded(db: Database) -> Traded:
    return trade_a_little()


@pytest.fixture
def pack(traded: Traded, tmp_path: Path) -> Path:
    """Everything that the German entity earned, corrected by a run at the end of April."""
    recognise(date(2026, 4, 30))
    everything = sql.ids(sql.fetch("SELECT id FROM agreements WHERE id IN (SELECT agreement_id FROM revenue_postings)"))
    file = tmp_path / "pack.zip"
    with audit_pack(Chosen(everything), subject="all", now=at(date(2026, 5, 2))) as made:
        file.write_bytes(made.read())
    return file


SCRIPT, REPLAN, REBOOK = SCRIPTS


def check(file: Path, script: Path = SCRIPT) -> tuple[int, str]:
    """What the script says, run alone: no import of ours can be found from where it stands."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script), str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=file.parent,
    )
    return done.returncode, done.stdout + done.stderr


def tampered(file: Path, name: str, change: Callable[[Rows], object], *, rehash: bool = True) -> Path:
    """The pack with a table changed, and (as a clever forger would) its hash in the manifest made anew."""
    with zipfile.ZipFile(file) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    rows = list(csv.DictReader(io.StringIO(files[f"{name}.csv"].decode())))
    change(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files[f"{name}.csv"] = text.getvalue().encode()
    if rehash:
        manifest = json.loads(files["manifest.json"])
        manifest["files"][f"{name}.csv"] = {
            "sha256": hashlib.sha256(files[f"{name}.csv"]).hexdigest(),
            "rows": len(rows),
        }
        files["manifest.json"] = json.dumps(manifest).encode()
    forged = file.with_name("forged.zip")
    with zipfile.ZipFile(forged, "w") as archive:
        for one, data in files.items():
            archive.writestr(one, data)
    return forged


def more(column: str, place: int = 0) -> Callable[[Rows], None]:
    """One more of a figure."""

    def change(rows: Rows) -> None:
        whole, _, cents = rows[place][column].partition(".")
        rows[place][column] = f"{int(whole) + 1}.{cents}" if cents else str(int(whole) + 1)

    return change


def derived(**changes: str) -> Callable[[Rows], None]:
    """A derivation forged together with the figure that it explains."""

    def change(rows: Rows) -> None:
        record = json.loads(rows[0]["derivation"])
        record.update(changes)
        rows[0]["derivation"] = json.dumps(record)

    return change


def test_pack_proves_itself_alone(pack: Path) -> None:
    code, told = check(pack)
    assert code == 0, told
    assert told.startswith("RIGHT")
    with zipfile.ZipFile(pack) as archive:
        archive.extract("recompute.py", pack.parent)
        assert {f"{name}.csv" for name in (*TABLES, ALLOCATIONS)} | {
            *(one.name for one in SCRIPTS),
            "manifest.json",
        } == set(archive.namelist())
        sizes = json.loads(archive.read("manifest.json"))["files"]
    assert all(sizes[f"{name}.csv"]["rows"] for name in ("postings", "obligations", "journal_lines", "events", "terms"))
    assert check(pack, pack.parent / "recompute.py") == (code, told)


def test_script_imports_the_standard_library_alone() -> None:
    names = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(SCRIPT.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
    assert len(SCRIPT.read_text().splitlines()) < 400


FORGERIES: tuple[tuple[str, Callable[[Rows], object], str], ...] = (
    ("postings", more("amount"), "amount against its derivation"),
    ("obligations", more("allocated_price"), "allocated_price against its derivation"),
    ("obligations", more("transaction_price"), "allocated_price in all"),
    ("obligations", derived(result="1.23"), "allocated_price against its derivation"),
    ("postings", derived(formula="1 + 1"), "formula 1 + 1"),
    ("postings", lambda rows: rows.pop(0), "postings"),
    ("journal_lines", more("amount"), "sum in"),
    ("journal_lines", lambda rows: rows.pop(), "number of lines"),
    ("journal_lines", more("functional_amount", 3), "sum in the entity's currency"),
    ("invoices", more("net_total"), "billed"),
    ("credit_notes", more("gross_total"), "gross"),
    ("totals", more("recognised"), "recognised"),
    ("totals", more("position"), "position"),
    ("agreements", lambda rows: rows.pop(0), "is of no agreed line"),
)


def test_first_figure_that_differs_is_told(pack: Path, subtests: pytest.Subtests) -> None:
    for place, (table, change, told) in enumerate(FORGERIES):
        with subtests.test(f"{place} {table}"):
            code, said = check(tampered(pack, table, change))
            assert code == 1
            assert said.startswith("DIFFERS")
            assert told in said


def test_changed_file_is_told_by_its_hash(pack: Path) -> None:
    code, said = check(tampered(pack, "events", _forge, rehash=False))
    assert code == 1
    assert "events.csv, its SHA-256" in said


def _forge(rows: Rows) -> None:
    rows[0]["actor"] = "nobody"


def test_doors_give_the_pack_of_a_contract_and_of_a_month(traded: Traded, tmp_path: Path) -> None:
    [(number,)] = sql.fetch(
        "SELECT a.number FROM agreements a JOIN orders o ON o.agreement_id = a.id WHERE o.id = %s", (traded.discounted,)
    )
    output = tmp_path / "one.zip"
    done = CliRunner().invoke(cli, ["audit", "pack", "--contract", number, "-o", str(output)])
    assert done.exit_code == 0, done.output
    assert check(output)[0] == 0
    month = tmp_path / "month.zip"
    done = CliRunner().invoke(cli, ["audit", "pack", "--entity", "DE01", "--month", "2026-01", "-o", str(month)])
    assert done.exit_code == 0, done.output
    assert check(month)[0] == 0
    assert len(contracts_of_period(traded.shop.world.berlin, MONTHS.period_of(date(2026, 1, 1)))) > 1
    api = Api("auditor")
    answer = api.get("/audit-pack", contract=number)
    assert answer.status == 200
    assert api.get("/audit-pack").codes == ["invalid_value"]
    assert api.get("/audit-pack", contract="AGR-0").status == 404
    with pytest.raises(InvalidValue):
        audit_pack(Chosen([]), subject="none", now=at(date(2026, 5, 2)))


@pytest.fixture
def arranged(db: Database, tmp_path: Path) -> Path:
    """The pack of an arrangement with a cost, a bonus that is estimated anew, and facts that came late."""
    berlin = make_world().berlin
    first, march = date(2026, 1, 1), date(2026, 3, 31)
    service = ObligationFact(id="care", pattern="ratable_daily", ssp=D(600), starts_on=first, until=date(2027, 1, 1))
    contract = ContractFact(
        id="c",
        inception=first,
        consideration=(Fixed(id="price", amount=D(1000)), Variable(id="bonus", basis="total")),
        obligations=(ObligationFact(id="licence", pattern="point", ssp=D(500)), service),
    )
    fee = ContractCost(id="fee", at=first, amount=D(120), cost_class="obtain_incremental")
    spread = Amortisation(at=first, cost="fee", pattern="ratable_monthly", starts_on=first, until=date(2027, 1, 1))
    estimate = VariableEstimate(at=first, consideration="bonus", method="given", estimate=D(100))
    facts = NewFacts([contract], [spread, estimate], [Transfer(at=date(2026, 1, 20), obligation="licence")], [fee])
    who: dict[str, Any] = {"now": at(march), "actor": ACTOR}
    [key] = record_arrangements([NewArrangement(berlin, "EUR", facts)], today=march, **who)
    recognise_arrangements(through=march, **who)
    later: dict[str, Any] = {"now": at(date(2026, 5, 4)), "actor": ACTOR}
    changed = VariableEstimate(at=date(2026, 2, 10), consideration="bonus", method="given", estimate=D(40))
    lost = Impairment(at=date(2026, 4, 1), cost="fee", consideration=D(500), costs=D(450))
    record_facts(
        arrangement_id=key,
        facts=NewFacts(judgements=[changed, lost], events=[Invoiced(at=date(2026, 3, 5), contract="c", amount=D(700))]),
        **later,
    )
    recognise_arrangements(through=date(2026, 4, 30), **later)
    number = arrangement(key).number
    file = tmp_path / "arranged.zip"
    done = CliRunner().invoke(cli, ["audit", "pack", "--contract", number, "-o", str(file)])
    assert done.exit_code == 0, done.output
    assert contracts_of_period(berlin, MONTHS.period_of(date(2026, 2, 1))).arrangements == [key]
    return file


FORGERIES_OF_ARRANGEMENTS: tuple[tuple[str, Callable[[Rows], object], str], ...] = (
    ("arrangement_allocations", more("allocated"), "allocated in all"),
    ("arrangement_allocations", more("recognised"), "allocated to"),
    ("arrangement_postings", more("amount"), "amount against its derivation"),
    ("arrangement_postings", lambda rows: rows.pop(0), "in all"),
    ("facts", lambda rows: rows[1].update(recorded_by=""), "nobody answers for"),
    (
        "facts",
        lambda rows: rows[-4].update(body=rows[-4]["body"].replace("120", "121")),
        "the cost fee by its parts",
    ),
)


def test_arrangements_prove_themselves_and_tell_each_forgery(arranged: Path, subtests: pytest.Subtests) -> None:
    code, told = check(arranged)
    assert code == 0, told
    assert "1 contracts" in told
    assert check(arranged, REPLAN) == (0, "RIGHT  1 arrangements planned again, 12 figures.\n")
    assert check(arranged, REBOOK)[0] == 0
    for place, (table, change, words) in enumerate(FORGERIES_OF_ARRANGEMENTS):
        with subtests.test(f"{place} {table}"):
            code, told = check(tampered(arranged, table, change))
            assert code == 1
            assert words in told
    code, told = check(tampered(arranged, "facts", _dearer), REPLAN)
    assert code == 1
    assert "licence" in told


def _dearer(rows: Rows) -> None:
    """A price raised after the fact, with nothing else changed: only planning it again tells."""
    rows[0]["body"] = rows[0]["body"].replace("1000", "1600")
