"""Orders, credit, stock and delivery from a terminal."""

from pathlib import Path
from typing import Any

import pytest

from cashline.flow.book.orders.rules.problems import DiscountOverAuthority, OrderReferenceReused
from cashline.flow.deliver.provisioning.actions import answer
from cashline.flow.deliver.provisioning.queries import requests_of
from cashline.flow.deliver.provisioning.rules import CallBack
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import Forbidden, NotFound, Refusals
from cashline.platform import sql
from cashline.platform.people.actions import NewUser, create_users
from cashline.platform.permissions.rules import Grant
from tests.support.book import Shop, book, line, make_shop
from tests.support.deliver import provision_platform
from tests.support.world import ACTOR, NOW
from tests.surfaces.cli.test_administration import run


@pytest.fixture
def shop(db: object) -> Shop:
    users = [NewUser("desk@example.com", "Dora", grants=(Grant("order_desk"),))]
    made = make_shop(sensors=10)
    create_users(users, now=NOW, actor=ACTOR)
    return made


def place(*words: str) -> Any:
    return run("order", "place", "CUS-000001", "--entity", "DE01", "--json", *words)["items"][0]


def test_an_order_is_placed_shown_and_cancelled(shop: Shop) -> None:
    preview = place("--line", "SENSOR-1:2", "--preview")
    assert (preview["number"], preview["net_total"]) == ("", "178.00")
    placed = place("--line", "SENSOR-1:2", "--line", "PLAT-PRO:3:1:12", "--reference", "PO-1")
    assert (placed["status"], placed["duplicate"], placed["net_total"]) == ("booked", False, "1942.00")
    assert place("--line", "SENSOR-1:2", "--line", "PLAT-PRO:3:1:12", "--reference", "PO-1")["duplicate"] is True
    with pytest.raises(OrderReferenceReused):
        place("--line", "SENSOR-1:3", "--reference", "PO-1")
    shown = run("order", "show", placed["number"], "--json")
    assert [one["sku"] for one in shown["lines"]] == ["SENSOR-1", "PLAT-PRO"]
    assert placed["number"] in run("order", "list", "--words", "PO-1", "--status", "booked")
    assert "SENSOR-1" in run("order", "show", placed["id"])
    assert "cancelled" in run("order", "cancel", placed["number"], "--reason", "Mistake")
    with pytest.raises(NotFound):
        run("order", "show", "ORD-X")


def test_errors_come_at_once_and_authority_counts(shop: Shop) -> None:
    with pytest.raises(Refusals) as refused:
        place("--line", "NOPE:1", "--line", "PLAT-PRO:1")
    assert [one.code for one in refused.value] == ["unknown_product", "interval_needed"]
    with pytest.raises(DiscountOverAuthority):
        place("--line", "SENSOR-1:1:::80", "--as", "desk@example.com")
    with pytest.raises(Forbidden):
        run("credit", "limit", "CUS-000001", "5", "--reason", "x", "--as", "desk@example.com")
    assert sql.fetch_one("SELECT count(*) FROM orders") == (0,)


def test_a_file_is_imported(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_ref,customer,sku,quantity,currency\nW-1,CUS-000001,SENSOR-1,2,EUR\n")
    assert run("order", "import", str(file), "--entity", "DE01", "--preview", "--json")["items"][0]["id"] is None
    assert run("order", "import", str(file), "--entity", "DE01", "--json")["items"][0]["status"] == "booked"
    assert run("order", "import", str(file), "--entity", "DE01", "--json")["items"][0]["duplicate"] is True
    assert sql.fetch("SELECT file_name FROM stored_files") == [("orders.csv",)]


def test_credit_is_limited_and_an_order_released(shop: Shop) -> None:
    assert "100" in run("credit", "limit", "CUS-000001", "100", "--reason", "New")
    held = place("--line", "SENSOR-1:2")
    assert held["status"] == "held"
    assert run("credit", "show", "CUS-000001", "--json")["available"] == "-78.0000"
    assert "CUS-000001" in run("credit", "list", "--state", "over")
    assert "booked" in run("order", "release", held["number"], "--reason", "Paid")
    assert "none" in run("credit", "limit", "CUS-000001", "--reason", "Trusted")


def test_goods_come_in_and_go_out(shop: Shop) -> None:
    number = place("--line", "GATE-4:2", "--line", "SETUP-1:1")["number"]
    plan = run("fulfilment", "plan", number, "--json")["items"]
    assert [(one["kind"], one["status"]) for one in plan] == [
        ("reserve", "backordered"),
        ("ship", "waiting"),
        ("install", "waiting"),
    ]
    assert "2 of GATE-4" in run("stock", "receive", "BER", "GATE-4", "2", "--unit-cost", "300")
    picked = run("shipment", "pick", number, "--json")["items"][0]
    assert "has left" in run("shipment", "ship", picked["number"], "--carrier", "DHL", "--tracking", "JD1")
    assert "has arrived" in run("shipment", "deliver", picked["number"])
    assert "JD1" in run("shipment", "list", "--words", "JD1")
    assert "4 of SENSOR-1" in run("stock", "adjust", "BER", "SENSOR-1", "--reason", "Broken", "--", "-6")
    assert "SENSOR-1" in run("stock", "list", "--words", "sensor")
    job = run("installation", "list", "--json")["items"][0]["number"]
    assert "scheduled" in run("installation", "schedule", job, "2026-12-24", "--technician", "Ada")
    assert "done" in run("installation", "finish", job, "--note", "Two racks")
    assert "accepted" in run("installation", "accept", job, "Bo", "--evidence", "Mail")
    assert "completed" in run("order", "show", number)


def test_services_run_and_end(shop: Shop) -> None:
    place("--line", "PLAT-PRO:1:1")
    row = run("subscription", "list", "--json")["items"][0]
    assert row["status"] == "active"
    assert "ends on 2027-01-01" in run(
        "subscription", "cancel", row["number"], "--ends-on", "2027-01-01", "--reason", "Moved"
    )
    assert "cancelled" in run("subscription", "show", row["number"])


def test_a_failed_activation_is_asked_again(shop: Shop) -> None:
    provision_platform(shop, "https://switch.example/")
    assert "whsec_" in run("provisioning", "endpoint", "phone", "https://phone.example/")
    order_id = book(shop, line("PLAT-PRO", interval_months=1))
    key = requests_of([order_id])[0].id
    answer(request_id=key, call_back=CallBack(False, "", "No capacity."), now=NOW, actor="endpoint:x")
    assert "No capacity." in run("provisioning", "list", "--status", "failed")
    assert "asked again" in run("provisioning", "retry", public("provisioning_request", key))
    assert "0 steps were due." in run("fulfilment", "advance")
