"""Rules of grouping, withholding and commitments through the API, the terminal and the console: each once."""

from decimal import Decimal

import pytest

from cashline.flow.invoice.invoices.queries import invoice
from cashline.flow.recognise.ledger.actions import open_books
from cashline.kernel.identifiers import key_of, public
from cashline.platform.clock.actions import make_sandbox
from tests.support.api import Api
from tests.support.book import Shop, line
from tests.support.console import Console
from tests.support.invoice import make_billing_shop, ship_and_bill
from tests.support.world import ACTOR, NOW
from tests.surfaces.cli.test_usage_cli import run

pytestmark = pytest.mark.usefixtures("db")
HELD = {"entity": "DE01", "percent": "10", "reason": "Section 50a", "since": "2026-01-01"}
COMMITTED = {
    "entity": "DE01", "currency": "EUR", "name": "Sensors", "amount": "500", "starts_on": "2026-01-01",
    "ends_on": "2027-01-01",
}  # fmt: skip


@pytest.fixture
def shop() -> Shop:
    make_sandbox(frozen_at=NOW)
    shop = make_billing_shop()
    open_books(entity_id=shop.world.berlin, now=NOW, actor=ACTOR)
    return shop


def test_the_api(shop: Shop) -> None:
    api, customer = Api(), public("customer", shop.customer)
    rule = f"/customers/{customer}/invoice-grouping"
    assert api.get(rule).body["group_by"] == "agreement"
    assert api.post(rule, {"group_by": "customer"}).body["group_by"] == "customer"
    assert len(api.get("/invoice-groupings", group_by="customer").body["items"]) == 1
    assert api.post(rule, {"group_by": "moon"}).status == 422
    made = api.post("/withholding-rates", {**HELD, "customer_id": customer})
    assert (made.status, made.body["percent"], made.body["until"]) == (201, "10", None)
    assert api.post("/withholding-rates", {**HELD, "customer_id": customer}).codes == ["invalid_withholding"]
    assert len(api.get("/withholding-rates", customer_id=customer).body["items"]) == 1
    committed = api.post("/commitments", {**COMMITTED, "customer_id": customer})
    assert (committed.status, committed.body["left"]) == (201, "500.00")
    again = api.post("/commitments", {**COMMITTED, "customer_id": customer})
    assert (again.status, again.codes) == (409, ["overlapping_commitment"])
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    shown = api.get(f"/invoices/{public('invoice', row.id)}").body
    assert [one["amount"] for one in shown["withholding"]] == ["17.80"]
    paid = {
        "entity": "DE01", "customer": customer, "currency": "EUR", "amount": "194.02", "received_on": "2026-01-15",
        "allocations": [{"invoice": shown["id"], "amount": "194.02"}],
    }  # fmt: skip
    assert api.post("/payments", paid).status == 201
    assert invoice(row.id).open_amount == 0
    (withheld,) = api.get("/payments", uncertified=True).body["items"]
    proof = {"number": "C-1", "issued_on": "2026-02-01"}
    assert api.post(f"/payments/{withheld['id']}/withholding-certificate", proof).body["certificate"] == proof
    key = committed.body["id"]
    assert api.get(f"/commitments/{key}").body["drawn"] == "178.00"
    assert api.post(f"/commitments/{key}/true-up").body["invoices"] == []
    assert api.post(f"/commitments/{key}/cancel", {"reason": "Left"}).body["status"] == "cancelled"
    assert api.get("/commitments", status="active").body["items"] == []


def test_the_terminal(shop: Shop) -> None:
    customer = public("customer", shop.customer)
    assert "one invoice by purchase order" in run("invoice", "grouping", customer, "--by", "purchase_order")
    assert run("invoice", "grouping", customer, "--json")["group_by"] == "purchase_order"
    run("withholding", "set", customer, "DE01", "10", "--reason", "Section 50a", "--from", "2026-01-01")
    assert [one["percent"] for one in run("withholding", "list", "--json")["items"]] == ["10"]
    made = run(
        *("commitment", "add", customer, "DE01", "500", "--name", "Sensors", "--from", "2026-01-01"),
        *("--until", "2027-01-01", "--json"),
    )
    assert "0.00 of 500.00 EUR drawn" in run("commitment", "show", made["id"])
    assert [one["name"] for one in run("commitment", "list", "--json")["items"]] == ["Sensors"]
    assert run("commitment", "true-up", made["id"], "--json")["trued_up"] == "0"
    assert "bills nothing" in run("commitment", "cancel", made["id"], "--reason", "Left")
    run("payment", "record", "--customer", customer, "--entity", "DE01", "--amount", "9", "--received-on",
        "2026-01-15", "--method", "tax_withheld", "--on-account")  # fmt: skip
    (held,) = run("payment", "list", "--uncertified", "--json")["items"]
    run("payment", "certificate", held["number"], "C-7", "--issued-on", "2026-02-01")
    assert run("payment", "list", "--uncertified", "--json")["items"] == []


def test_the_console(shop: Shop) -> None:
    staff, customer = Console("owner"), public("customer", shop.customer)
    assert "Every contract has its own invoices" in staff.get("/invoice-groupings/").words
    assert "All of a day" in staff.post("/invoice-groupings/set/", {"customer": customer, "rule": "customer"}).words
    number = invoice(ship_and_bill(shop, line("SENSOR-1", 1)).id).customer_number
    held = {
        "customer": number,
        "entity": "DE01",
        "percent": "10",
        "kind": "all",
        "since": "2026-01-01",
        "reason": "50a",
    }
    assert "Everything" in staff.post("/withholding-rates/new/", held).words
    made = staff.post("/commitments/new/", {**COMMITTED, "customer": customer, "plans": ""})
    assert "€89.00" in made.words
    (url,) = {one for one in made.all("//a/@href") if one.startswith("/commitments/cmt_")}
    assert "Its end would bill" in staff.get(url).words
    assert "Cancelled" in staff.post(f"{url}cancel/", {"reason": "Left"}).words
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    key = public("invoice", row.id)
    assert Decimal("17.80") == Decimal(Api().get(f"/invoices/{key}").body["withholding"][0]["amount"])
    assert key_of("invoice", key) == row.id
