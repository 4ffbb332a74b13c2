"""The stage receive from a terminal: statements, payments, cards, disputes, reminders."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cashline.flow.receive.bank.rules.statement import StatementRefused
from cashline.flow.receive.payments.rules import InvoiceNotOpen
from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform.clock.actions import make_sandbox
from cashline.surfaces.cli.main import cli
from tests.support.bank_files import Entry, camt
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.receive import GOOD, assert_laws_hold, at, invoice_of, invoices_of, make_receiving_shop, open_of

LATE = date(2026, 2, 20)


def run(*words: str) -> Any:
    done = CliRunner().invoke(cli, words)
    if isinstance(done.exception, Refusal):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.output) if "--json" in words else done.output


@pytest.fixture
def shop(committed_db: Database) -> Iterator[Shop]:
    make_sandbox(frozen_at=at(LATE))
    yield make_receiving_shop()
    assert_laws_hold()


def test_a_statement_is_imported_matched_and_decided(shop: Shop, tmp_path: Path) -> None:
    one, two = invoices_of(shop, ["100", "200"])
    file = tmp_path / "january.xml"
    file.write_bytes(camt(Entry("119.00", one.number), Entry("238.00", "Danke"), Entry("-4.90", "Kosten")))
    assert "New lines: 3, known: 0. 1 applied, 1 to decide." in run("bank", "import", str(file))
    assert run("bank", "import", str(file), "--json")["added"] == 0
    waiting = [
        line for line in run("bank", "lines", "--status", "open", "--json")["items"] if line["amount"] == "238.00"
    ]
    assert two.number in run("bank", "show", waiting[0]["id"])
    assert "The line is PAY-DE01-2026-000002" in run("bank", "apply", waiting[0]["id"])
    (fee,) = run("bank", "lines", "--status", "open", "--json")["items"]
    assert "ignored" in run("bank", "ignore", fee["id"], "--reason", "fee")
    assert "0 applied, 0 to decide" in run("bank", "match")
    assert "DE02120300000000202051" in run("bank", "accounts")
    assert (open_of(one), open_of(two)) == (Decimal(0), Decimal(0))
    file.write_bytes(b"no statement")
    with pytest.raises(StatementRefused):
        run("bank", "import", str(file))


def test_payments_are_recorded_taken_back_and_refunded(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "50"])
    given = ["--customer", "CUS-000001", "--entity", "DE01", "--received-on", "2026-02-19", "--amount", "150"]
    seen = run("payment", "record", *given, "--preview", "--json")["items"]
    assert [item["invoice"] for item in seen] == [one.number, two.number, "on account"]
    made = run("payment", "record", *given, "--json")
    assert (made["unapplied_amount"], open_of(one)) == ("0.00", Decimal(0))
    assert "31.00" in run("payment", "show", made["number"])
    run("payment", "take-back", made["number"], one.number, "--reason", "wrong")
    assert open_of(one) == 119
    out = run(
        "payment", "refund", made["number"], "--amount", "100", "--paid-out-on", "2026-02-20", "--reason", "Overpaid"
    )
    assert "succeeded" in out
    assert made["number"] in run("payment", "list", "--unapplied")
    paid = [*given[:-1], "119", "--invoice", invoice_of(shop).number]
    run("payment", "record", *paid)
    with pytest.raises(InvoiceNotOpen):
        run("payment", "record", *paid)
    with pytest.raises(NotFound):
        run("payment", "show", "PAY-0")


def test_a_card_is_charged(shop: Shop) -> None:
    row = invoice_of(shop)
    charged = run("payment", "charge", row.number, "--gateway", "sandbox", "--card", GOOD, "--json")
    assert (charged["status"], open_of(row)) == ("succeeded", Decimal(0))


def test_disputes_and_reminders(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "200"])
    opened = run("dispute", "open", one.number, "--amount", "119", "--reason", "price", "--json")
    run("dispute", "review", opened["number"])
    assert opened["number"] in run("dispute", "list", "--status", "under_review")
    run("reminders", "promise", two.number, "--amount", "38", "--by", "2026-02-25")
    seen = run("reminders", "run", "--preview", "--json")
    assert [letter["total"] for letter in seen["letters"]] == ["200.00"]
    assert "1 letters are sent; 1 overdue invoices get none today" in run("reminders", "run")
    assert "0 letters would be sent" in run("reminders", "run", "--preview")
    assert "pending" in run("reminders", "list")
    run("dispute", "credit", opened["number"], "--amount", "19", "--resolution", "Discount forgotten")
    assert open_of(one) == 100
    other = run("dispute", "open", two.number, "--amount", "1", "--reason", "other", "--json")["number"]
    run("dispute", "reject", other, "--reason", "No")
    third = run("dispute", "open", two.number, "--amount", "1", "--reason", "other", "--json")["number"]
    assert "withdrawn" in run("dispute", "withdraw", third, "--reason", "Mistaken")
