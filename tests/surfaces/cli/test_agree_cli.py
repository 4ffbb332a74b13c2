"""The stage agree from a terminal: from customer to sealed contract."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cashline.kernel.refusals import NotFound, Refusal, Refusals
from cashline.platform.people.actions import NewUser, create_users
from cashline.platform.permissions.rules import Grant
from cashline.surfaces.cli.main import cli
from tests.support.agree import make_catalog
from tests.support.world import ACTOR, NOW, make_world

pytestmark = pytest.mark.usefixtures("db")


def run(*words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(cli, words)
    if isinstance(done.exception, Refusal):
        raise done.exception
    assert done.exit_code == code, done.output
    return json.loads(done.output) if "--json" in words else done.output


@pytest.fixture(autouse=True)
def world(db: object) -> None:
    make_world()
    make_catalog()
    people = [("sally", "seller"), ("dean", "deal_desk")]
    create_users(
        [NewUser(f"{name}@example.com", name, grants=(Grant(role),)) for name, role in people], now=NOW, actor=ACTOR
    )


def make_quote(*more: str) -> Any:
    run(
        "customer",
        "create",
        "Nordlicht",
        "--country",
        "DE",
        "--currency",
        "EUR",
        "--reference",
        "N-1",
        "--email",
        "a@b.c",
    )
    words = ("--entity", "DE01", "--line", "SENSOR-1:12", "--line", "PLAT-PRO:12:1:24:5", "--valid-until", "2030-01-01")
    return run("quote", "create", "N-1", "Hall 4", *words, *more, "--json")


def test_from_customer_to_sealed_contract(tmp_path: Path) -> None:
    quote = make_quote()
    assert quote["net_total"] == "14474.4000"
    number = quote["number"]
    assert "PLAT-PRO" in run("quote", "show", number)
    assert "is sent" in run("quote", "send", number, "--as", "sally@example.com")
    assert run("quote", "accept", number, "--by", "Bea", "bea@b.c", "--json")["status"] == "accepted"
    agreement = run("agreement", "list", "--json")["items"][0]["number"]
    sent = run("agreement", "send", agreement, "--signer", "Bea", "bea@b.c", "--json")
    assert "is active" in run("agreement", "sign", sent["tokens"][0], "--name", "Bea", "--consent", "I sign.")
    assert "Intact" in run("agreement", "check-seal", agreement)
    run("agreement", "pdf", agreement, "--output", str(tmp_path / "contract.pdf"))
    assert (tmp_path / "contract.pdf").read_bytes().startswith(b"%PDF")
    assert "Bea" in run("agreement", "show", agreement)


def test_approval_takes_two_persons() -> None:
    number = make_quote("--discount", "25", "--as", "sally@example.com")["number"]
    with pytest.raises(Refusal, match="you may give 10 %"):
        run("quote", "send", number, "--as", "sally@example.com")
    run("quote", "submit", number, "--as", "sally@example.com")
    with pytest.raises(Refusal):
        run("quote", "approve", number, "--as", "sally@example.com")
    assert "is approved" in run("quote", "approve", number, "--as", "dean@example.com", "--comment", "fine")
    assert "is sent" in run("quote", "send", number, "--as", "sally@example.com")
    assert run("quote", "revise", number, "--json")["version"] == 2
    assert "is cancelled" in run("quote", "cancel", number, "--reason", "lost")


def test_an_unsigned_contract_is_not_intact_and_can_be_dropped() -> None:
    number = make_quote()["number"]
    run("quote", "send", number)
    run("quote", "accept", number, "--by", "Bea", "bea@b.c")
    agreement = run("agreement", "list", "--json")["items"][0]["number"]
    assert "has no signed contract" in run("agreement", "check-seal", agreement, code=1)
    run("agreement", "send", agreement, "--signer", "Bea", "bea@b.c")
    run("agreement", "recall", agreement, "--reason", "wrong")
    assert "is cancelled" in run("agreement", "cancel", agreement, "--reason", "lost")


def test_the_catalogue_is_kept() -> None:
    run("product", "create", "CABLE", "Cable", "--kind", "goods", "--unit", "MTR")
    run("price", "set", "CABLE", "2.75", "--currency", "EUR", "--from", "2026-01-01")
    package = '{"model": "package", "price": "15", "package_size": "10", "discount_percent": "10"}'
    run("price", "set", "CABLE", "--charge", package, "--currency", "EUR", "--from", "2027-02-01")
    asked = ("price", "preview", "CABLE", "11", "--currency", "EUR", "--on", "2027-02-01")
    assert run(*asked, "--json")["amount"] == "27.00"
    assert "15 for each package of 10 begun." in run(*asked)
    for wrong in (("--charge", "{"), ("--charge", "[]"), ("1", "--charge", package), ()):
        with pytest.raises(Refusal):
            run("price", "set", "CABLE", *wrong, "--currency", "EUR", "--from", "2026-02-01")
    run("price", "create-book", "Partner", "EUR")
    assert run("price", "create-book", "Shop", "EUR", "--tax-country", "de", "--json")["tax_country"] == "DE"
    assert "Partner" in run("price", "books")
    shown = run("product", "show", "CABLE", "--json")
    assert [one["unit_price"] for one in shown["prices"]] == ["2.7500000000", "1.5000000000"]
    assert "2.75" in run("product", "show", "CABLE")
    assert "CABLE" in run("product", "list", "--kind", "goods")


def test_a_file_of_customers_is_taken_whole_or_refused_with_every_error(tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(
        "name;country;currency;tax_id;timezone;payment_terms_days;bill_to_street;bill_to_city\n"
        ";DE;EUR;DE136695975;Mars;soon;;\nMüller GmbH;Germany;EUR;;;14;Hafenweg 3;\n",
        encoding="utf-8",
    )
    with pytest.raises(Refusals) as refused:
        run("customer", "import", str(file))
    assert {(one.field, one.code) for one in refused.value} == {
        ("line 2 name", "invalid_value"),
        ("line 2 tax_id", "invalid_tax_id"),
        ("line 2 timezone", "invalid_value"),
        ("line 2 payment_terms_days", "invalid_value"),
        ("line 3 country", "invalid_value"),
        ("line 3 addresses.0.city", "invalid_value"),
        ("line 3 addresses.0.country", "invalid_value"),
    }
    file.write_text(
        "name,country,currency,payment_terms_days,bill_to_street,bill_to_city\n"
        "Müller GmbH,DE,EUR,14,Hafenweg 3,Hamburg\nPrairie Inc.,US,USD,,,\n",
        encoding="utf-8",
    )
    assert run("customer", "import", str(file), "--json") == {"created": 2}
    zones = {one["name"]: one["timezone"] for one in run("customer", "list", "--json")["items"]}
    assert zones == {"Müller GmbH": "Europe/Berlin", "Prairie Inc.": "America/New_York"}


def test_customers_are_listed_shown_and_blocked() -> None:
    make_quote()
    assert "Nordlicht" in run("customer", "list")
    assert run("customer", "show", "N-1", "--json")["currency"] == "EUR"
    assert "is blocked" in run("customer", "block", "N-1", "--reason", "unpaid")
    assert "is active" in run("customer", "unblock", "N-1", "--reason", "paid")


def test_what_is_wrong_is_told() -> None:
    with pytest.raises(NotFound):
        run("quote", "show", "QUO-NONE")
    with pytest.raises(NotFound):
        run("quote", "show", "inv_1")
    with pytest.raises(Refusals):
        run("customer", "create", "X", "--country", "QQ", "--currency", "XYZ")
    assert "is not SKU:QUANTITY" in run("quote", "create", "c", "t", "--entity", "DE01", "--line", "A", code=2)
    assert "no day of business" in run("price", "set", "A", "1", "--currency", "EUR", "--from", "9999-12-31", code=2)
    assert "is not a date" in run("price", "set", "A", "1", "--currency", "EUR", "--from", "soon", code=2)
    assert "is not a decimal number" in run(
        "price", "set", "A", "x", "--currency", "EUR", "--from", "2026-01-01", code=2
    )
