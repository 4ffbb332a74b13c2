"""Batches of the journal: every entry in exactly one, the same bytes for ever, totals proven on both sides."""

import csv
import hashlib
import io
import json
from datetime import date
from decimal import Decimal

import pytest
from click.testing import CliRunner
from django.db import Error

from cashline.flow.recognise.exports.actions import acknowledge_export, export_journal
from cashline.flow.recognise.exports.queries import export, export_text, exports
from cashline.flow.recognise.exports.rules import ExportAccount as Account
from cashline.flow.recognise.exports.rules import Format, Totals, TotalsDiffer, account_name, plain
from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.cluster import Database
from tests.support.console import Console
from tests.support.recognise import at, pay, recognise
from tests.support.report import Traded, trade_a_little
from tests.support.world import ACTOR

D = Decimal
APRIL = at(date(2026, 4, 20))


@pytest.fixture
def traded(committed_db: Database) -> Traded:
    return trade_a_little()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_entry_is_in_exactly_one_batch(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    first = export_journal(entity_id=berlin, now=APRIL, actor=ACTOR)
    assert first is not None
    assert export_journal(entity_id=berlin, now=APRIL, actor=ACTOR) is None
    before = "".join(export_text(first, Format.CSV))
    assert hashlib.sha256(before.encode()).hexdigest() == first.sha256
    pay(date(2026, 4, 20), traded.invoices[1], "10.00")
    recognise(date(2026, 4, 30))
    second = export_journal(entity_id=berlin, now=APRIL, actor=ACTOR)
    assert second is not None
    assert (second.number, second.after_transaction) == (2, first.up_to_transaction)
    assert "".join(export_text(export(first.id), Format.CSV)) == before
    rows = [rows_of("".join(export_text(one, Format.CSV))) for one in (first, second)]
    keys = [{row["entry"] for row in part} for part in rows]
    assert keys[0].isdisjoint(keys[1])
    [(count,)] = sql.fetch("SELECT count(*) FROM journal_entries WHERE entity_id = %s", (berlin,))
    assert len(keys[0]) + len(keys[1]) == count == first.entries + second.entries
    balances: dict[str, Decimal] = {}
    for row in [*rows[0], *rows[1]]:
        moved = D(row["entity_debit"] or 0) - D(row["entity_credit"] or 0)
        balances[row["account"]] = balances.get(row["account"], D(0)) + moved
    wanted = {row.code: row.balance for row in trial_balance(berlin, date(2027, 1, 1)) if row.debit or row.credit}
    assert balances == wanted
    for part, batch in zip(rows, (first, second), strict=True):
        assert sum(D(row["entity_debit"] or 0) for row in part) == batch.debit == batch.credit
        assert len(part) == batch.lines


def test_receiver_proves_the_totals(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    batch = export_journal(entity_id=berlin, now=APRIL, actor=ACTOR)
    assert batch is not None
    wrong = Totals(batch.entries, batch.lines - 1, batch.debit, batch.credit + 1)
    with pytest.raises(TotalsDiffer, match=f"lines: {batch.lines} here, {batch.lines - 1} there; credit"):
        acknowledge_export(export_id=batch.id, totals=wrong, now=APRIL, actor=ACTOR)
    with pytest.raises(InvalidValue):
        acknowledge_export(export_id=batch.id, totals=batch.totals, sha256="0" * 64, now=APRIL, actor=ACTOR)
    for _ in range(2):
        done = acknowledge_export(
            export_id=batch.id, totals=batch.totals, sha256=batch.sha256, reference="GL-7", now=APRIL, actor=ACTOR
        )
        assert (done.status, done.reference) == ("acknowledged", "GL-7")
    assert len(sql.fetch("SELECT FROM events WHERE type = 'JournalExportAcknowledged'")) == 1
    with pytest.raises(Error, match="cannot change"):
        sql.execute("UPDATE journal_exports SET debit = debit + 1, credit = credit + 1")


def test_doors(traded: Traded) -> None:
    api = Api("revenue_accountant")
    made = api.post("/journal-exports", {"entity": "DE01"}).body["export"]
    assert api.post("/journal-exports", {"entity": "DE01"}).body["export"] is None
    assert Api("auditor").post("/journal-exports", {"entity": "DE01"}).status == 403
    assert [row["id"] for row in api.get("/journal-exports").body["items"]] == [made["id"]]
    path = f"/journal-exports/{made['id']}"
    told = {name: made[name] for name in ("entries", "lines", "debit", "credit")}
    assert api.post(f"{path}/acknowledge", told | {"lines": 1}).codes == ["totals_differ"]
    assert api.post(f"{path}/acknowledge", told).body["status"] == "acknowledged"
    assert Api("auditor", traded.shop.world.boston).get(path).status == 404
    console = Console("revenue_accountant")
    assert made["id"] in console.get("/journal-exports/").text
    assert "Everything posted is exported" in console.post("/journal-exports/new/", {"entity": "US01"}).words
    shown = CliRunner().invoke(cli, ["journal", "show", made["id"]])
    assert hashlib.sha256(shown.stdout_bytes).hexdigest() == made["sha256"]
    listed = json.loads(CliRunner().invoke(cli, ["journal", "exports", "--json"]).stdout)["items"]
    assert made["id"] in {row["id"] for row in listed}
    assert json.loads(CliRunner().invoke(cli, ["journal", "export", "--entity", "DE01", "--json"]).stdout) == {
        "export": None
    }
    assert (
        "1200-Trade-receivables"
        in CliRunner().invoke(cli, ["journal", "text", "--entity", "DE01", "--format", "hledger"]).stdout
    )
    assert public("journal_export", exports()[-1].id) == made["id"]


def test_texts() -> None:
    assert plain(D("10")) == "10.00"
    assert plain(D("10.5000")) == "10.50"
    assert plain(D("-0.1234")) == "-0.1234"
    assert (
        account_name("DE01", Account("7100", "Exchange gains & losses!", "expense"))
        == "Expenses:DE01:7100-Exchange-gains-losses"
    )
