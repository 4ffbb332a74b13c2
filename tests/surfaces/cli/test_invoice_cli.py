"""Billing, invoices, credit notes and tax rates from a terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cashline.flow.invoice.billing.actions import approve_bill_run, start_bill_run, stop_bill_run
from cashline.flow.invoice.billing.queries import bill_run, bill_runs_by_number
from cashline.flow.invoice.credit_notes.rules import NotCreditable
from cashline.kernel.refusals import Forbidden, NotFound, Refusal
from cashline.surfaces.cli.main import cli
from tests.support.book import Shop, book, line, ship
from tests.support.invoice import make_billing_shop
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")


def run(*words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(cli, words)
    if isinstance(done.exception, Refusal):
        raise done.exception
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in words else done.output


@pytest.fixture
def shop(db: object) -> Shop:
    made = make_billing_shop()
    ship(book(made, line("SENSOR-1", 2)), book(made, line("SENSOR-1", 1)))
    return made


def test_bills_are_previewed_and_run(shop: Shop) -> None:
    preview = run("invoice", "run", "--as-of", "2026-01-15", "--preview", "--json")
    assert (preview["invoices"], preview["totals"][0]["gross"]) == (2, "317.73")
    assert "2 invoices and 0 credit notes would be billed as of" in run("invoice", "run", "--preview")
    told = run("invoice", "run", "--as-of", "2026-01-15", "--entity", "DE01")
    assert "… 2 of 2 looked at, 2 invoices" in told
    assert f"fingerprint {preview['hash'][:16]}" in told
    runs = run("bill-run", "list", "--status", "completed", "--json")["items"]
    assert [item["hash"] for item in runs] == [preview["hash"]]
    assert "2 of 2 looked at" in run("bill-run", "show", runs[0]["number"])
    assert run("invoice", "run", "--customer", "CUS-000001", "--json")["invoices"] == 0
    for words in (("--entity", "XX01"), ("--customer", "nobody")):
        with pytest.raises(NotFound):
            run("invoice", "run", *words)
    run("invoice", "run", "--as-of", "tomorrow", code=2)


def test_a_stopped_run_is_gone_on_with(shop: Shop) -> None:
    key = start_bill_run(as_of=TODAY, now=NOW, actor=ACTOR)
    number = bill_run(key).number
    assert "stops" in run("bill-run", "stop", number)
    with pytest.raises(Refusal, match="Cannot stop"):
        stop_bill_run(key, now=NOW, actor=ACTOR)
    assert run("invoice", "run", "--as-of", TODAY.isoformat(), "--json")["number"] == number
    with pytest.raises(NotFound):
        run("bill-run", "show", "RUN-0000")


def test_invoices_are_listed_shown_explained_and_written(shop: Shop, tmp_path: Path) -> None:
    run("invoice", "run", "--as-of", "2026-01-15")
    rows = run("invoice", "list", "--state", "open", "--sort", "gross_total", "--json")["items"]
    assert [row["gross_total"] for row in rows] == ["105.91", "211.82"]
    number = rows[1]["number"]
    assert number in run("invoice", "list", "--words", "nordlicht")
    assert "total 211.82 EUR, open 211.82" in run("invoice", "show", number)
    assert run("invoice", "show", rows[1]["id"], "--json")["lines"][0]["sku"] == "SENSOR-1"
    assert "2 × €89.00 was delivered: €178.00." in run("invoice", "explain", number)
    assert len(run("invoice", "explain", number, "--json")["amounts"]) == 5
    for words, name, start in ((("pdf",), "a.pdf", b"%PDF"), (("xml", "--form", "cii"), "a.xml", b"<?xml")):
        path = tmp_path / name
        run("invoice", words[0], number, *words[1:], "--to", str(path))
        assert path.read_bytes().startswith(start)
    with pytest.raises(NotFound):
        run("invoice", "show", "INV-0")


def test_invoices_are_credited_and_voided(shop: Shop, tmp_path: Path) -> None:
    run("invoice", "run", "--as-of", "2026-01-15")
    number = run("invoice", "list", "--sort", "gross_total", "--json")["items"][1]["number"]
    why = ("--reason", "One was broken")
    assert "105.91 EUR would be credited" in run("invoice", "credit", number, "--line", "1=89", "--preview", *why)
    note = run("invoice", "credit", number, "--line", "1=89", *why, "--json")
    assert (note["gross_total"], note["cause"]) == ("105.91", "concession")
    with pytest.raises(NotCreditable, match=r"at most €89\.00"):
        run("invoice", "credit", number, "--line", "1=89.01", *why)
    with pytest.raises(NotCreditable, match="no line '7'"):
        run("invoice", "credit", number, "--line", "7=1", *why)
    assert note["number"] in run("credit-note", "list", "--words", "broken")
    assert "total 105.91 EUR" in run("credit-note", "show", note["number"])
    assert run("credit-note", "show", note["id"], "--json")["lines"][0]["quantity"] == "1"
    run("credit-note", "pdf", note["number"], "--to", str(tmp_path / "note.pdf"))
    assert (tmp_path / "note.pdf").read_bytes().startswith(b"%PDF")
    assert f"{number} is void by" in run("invoice", "void", number, "--reason", "Wrong buyer")
    assert run("invoice", "list", "--state", "void", "--json")["items"][0]["number"] == number
    run("invoice", "void", number, code=2)


def test_tax_rates_are_listed_and_set(shop: Shop) -> None:
    assert "IT standard: 22 % from 2020-01-01 on." in run("tax-rate", "set", "it", "22", "--from", "2020-01-01")
    assert [row["percent"] for row in run("tax-rate", "list", "--country", "IT", "--json")["items"]] == ["22"]
    assert "19" in run("tax-rate", "list")
    with pytest.raises(Refusal, match="on file already"):
        run("tax-rate", "set", "IT", "23", "--from", "2019-01-01")


def test_what_waits_is_set_listed_refused_and_released(shop: Shop) -> None:
    policy = run("waiting-bill", "policy", "DE01", "--gate", "--first-limit", "100", "--json")
    assert (policy["gated"], policy["first_limit"]) == (True, "100")
    assert "gated: True" in run("waiting-bill", "policy", "DE01")
    assert "1 invoices and 0 credit notes billed" in run("invoice", "run", "--as-of", "2026-01-15")
    (held,) = run("waiting-bill", "list", "--json")["items"]
    assert (held["cause"], held["net"]) == ("large_first", "178.00")
    assert "judged anew" in run("waiting-bill", "refuse", held["id"], "--reason", "Wrong price")
    assert "Issued as INV-DE01-2026-000002." in run("waiting-bill", "release", held["id"])
    assert run("waiting-bill", "list", "--json")["items"] == []


def test_a_run_is_discarded_approved_and_taken_back(shop: Shop) -> None:
    run("waiting-bill", "policy", "DE01", "--approval")
    assert "2 invoices" in run("invoice", "run", "--as-of", "2026-01-16")
    (first,) = run("bill-run", "list", "--status", "previewed", "--json")["items"]
    assert "is discarded" in run("bill-run", "discard", first["number"])
    second = run("invoice", "run", "--as-of", "2026-01-15", "--json")
    with pytest.raises(Forbidden):
        run("bill-run", "approve", second["number"])
    approve_bill_run(bill_runs_by_number([second["number"]])[second["number"]], now=NOW, actor=ACTOR)
    assert run("invoice", "run", "--as-of", "2026-01-15", "--json")["status"] == "completed"
    taken = run("bill-run", "reverse", second["number"], "--reason", "Wrong rate", "--json")
    assert (taken["status"], taken["reversed_invoices"]) == ("reversed", 2)
