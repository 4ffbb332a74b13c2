"""The console's pages of Deliver: the desk, shipments, stock, activations, installations, subscriptions."""

from datetime import date
from typing import Any

import pytest

from cashline.flow.agree.catalog.actions import change_product
from cashline.flow.book.orders import queries as orders
from cashline.flow.deliver.fulfilment import queries
from cashline.flow.deliver.fulfilment.actions import advance_steps
from cashline.flow.deliver.projects.queries import installations_of
from cashline.flow.deliver.provisioning.actions import answer
from cashline.flow.deliver.provisioning.queries import requests_of
from cashline.flow.deliver.provisioning.rules import CallBack
from cashline.flow.deliver.subscriptions.queries import subscriptions_of
from cashline.kernel.identifiers import public
from cashline.platform import sql
from tests.support.book import Shop, book, line, make_shop
from tests.support.console import Console
from tests.support.deliver import later, provision_platform
from tests.support.world import ACTOR, NOW, TODAY


@pytest.fixture
def shop(db: object) -> Shop:
    return make_shop(sensors=10)


@pytest.fixture
def staff(shop: Shop) -> Console:
    return Console("fulfilment")


def test_orders_are_picked_and_shipped_from_the_desk(shop: Shop, staff: Console) -> None:
    assert "Nothing to ship" in staff.get("/fulfilment/").words
    first = book(shop, line("SENSOR-1", 2), line("GATE-4"))
    second = book(shop, line("SENSOR-1", 1), requested_on=date(2026, 1, 20))
    desk = staff.get("/fulfilment/")
    assert desk.words.index("ORD-DE01-2026-000001") < desk.words.index("ORD-DE01-2026-000002")
    assert "SENSOR-1 × 2" in desk.words
    assert "1 line waits for stock" in desk.words
    assert "Ready to ship 2" in desk.words
    assert "All in stock" in desk.words
    keys = [public("order", key) for key in (first, second)]
    assert "No order is marked." in staff.post("/fulfilment/pick/", {}).words
    picked = staff.post("/fulfilment/pick/", {"id": keys[:1]})
    assert "Ready to ship 1" in staff.get("/fulfilment/").words
    assert "SHP-DE01-2026-000001" in picked.words
    assert "1 shipment is in picking." in picked.words
    shipped = staff.post("/fulfilment/ship/", {"id": keys[1:]})
    assert "1 shipment has left." in shipped.words
    assert orders.order(second).status == "completed"
    assert "nothing of it is reserved" in staff.post("/fulfilment/ship/", {"id": keys}).words
    listed = staff.get("/shipments/", status="picking")
    assert listed.all("//input[@name='id']/@value") == [public("shipment", queries.shipments_of([first])[0].id)]
    assert "No shipment is marked." in staff.post("/shipments/ship/", {}).words
    left = staff.post("/shipments/ship/", {"id": listed.all("//input[@name='id']/@value")})
    assert "1 shipment has left." in left.words


def test_a_shipment_leaves_with_its_tracking_and_arrives(shop: Shop, staff: Console) -> None:
    order_id = book(shop, line("SENSOR-1", 2))
    delivery = f"/orders/{public('order', order_id)}/delivery/"
    page = staff.get(delivery)
    assert "Reserve goods" in page.words
    picked = staff.post(f"/orders/{public('order', order_id)}/pick/")
    address = picked.url
    assert address.startswith("/shipments/shp_")
    assert "Nothing is reserved that is not picked already." in staff.get(delivery).text
    wrong = staff.post(f"{address}ship/", {"day": "2030-01-01", "carrier": "DHL"})
    assert "The day lies in the future." in wrong.words
    left = staff.post(f"{address}ship/", {"day": "2026-01-15", "carrier": "DHL", "tracking_number": "JD014"})
    assert "JD014" in left.words
    assert "€77.00" in left.words
    assert "The shipment has arrived." in staff.post(f"{address}deliver/", {"day": "2026-01-16"}).words
    assert "Cannot cancel" in staff.post(f"{address}cancel/", {"reason": "x"}).words
    assert "DHL JD014" in staff.get(delivery).words
    assert "JD014" in staff.get("/shipments/", q="JD014").words


def test_a_picking_can_be_stopped_and_who_may_not_cannot(shop: Shop, staff: Console) -> None:
    order_id = book(shop, line("SENSOR-1", 2))
    address = staff.post(f"/orders/{public('order', order_id)}/pick/").url
    seller = Console("seller")
    assert seller.get(address).all("//form[contains(@action, '/ship/')]") == []
    assert seller.post(f"{address}ship/", {"day": "2026-01-15"}).status == 403
    assert "Picking is stopped." in staff.post(f"{address}cancel/", {"reason": "Wrong box"}).words
    assert staff.post(f"/orders/{public('order', order_id)}/pick/").url != address
    elsewhere = Console("fulfilment", email="us@example.com", entity_id=shop.world.boston)
    assert elsewhere.get(address).status == 404
    assert "Nothing to ship" in elsewhere.get("/fulfilment/").words


def test_stock_comes_in_is_counted_and_watched(shop: Shop, staff: Console) -> None:
    waiting = book(shop, line("GATE-4", 2))
    assert "SENSOR-1" in staff.get("/stock/").words
    typed = {
        "warehouse": "BER",
        "received_on": "2026-01-15",
        "lines-0-sku": "GATE-4",
        "lines-0-quantity": "5",
        "lines-0-unit_cost": "300",
    }
    assert staff.post("/stock/goods-in/", typed | {"lines-0-sku": "NOPE"}).status == 422
    assert staff.get("/stock/goods-in/").status == 200
    assert "The goods are in stock." in staff.post("/stock/goods-in/", typed).words
    assert {step.kind: step.status for step in queries.steps_of([waiting])}["reserve"] == "done"
    address = f"/stock/{public('warehouse', shop.warehouse)}/{public('product', shop.catalog.gateway)}/"
    page = staff.get(address)
    assert "€1,500.00" in page.words
    assert "ORD-DE01-2026-000001" in page.words
    assert "3 are free" in staff.post(f"{address}adjust/", {"quantity": "-4", "reason": "Gone"}).words
    assert "The stock is corrected." in staff.post(f"{address}adjust/", {"quantity": "-1", "reason": "Broken"}).words
    assert "The reorder point is set." in staff.post(f"{address}reorder/", {"reorder_point": "9"}).words
    assert "GATE-4" in staff.get("/stock/", state="short").words
    made = staff.post("/stock/warehouses/new/", {"entity": "US01", "code": "BOS", "name": "Boston", "country": "US"})
    assert "The warehouse is set up." in made.words
    assert staff.get("/stock/", warehouse="BOS").status == 200
    assert Console("seller").get("/stock/goods-in/").status == 403


def test_a_failed_activation_is_seen_and_tried_again(shop: Shop, staff: Console) -> None:
    provision_platform(shop, "https://switch.example/")
    order_id = book(shop, line("PLAT-PRO", interval_months=1))
    row = requests_of([order_id])[0]
    answer(request_id=row.id, call_back=CallBack(False, "", "No capacity."), now=NOW, actor="endpoint:x")
    address = f"/activations/{public('provisioning_request', row.id)}/"
    assert "No capacity." in staff.get("/activations/", status="failed").words
    assert "No capacity." in staff.get(address).words
    assert "The endpoint is asked again." in staff.post(f"{address}retry/").words
    assert "Cannot retry" in staff.post(f"{address}retry/").words
    assert "monitoring" in staff.get("/activations/endpoints/").words
    new = staff.post("/activations/endpoints/set/", {"key": "phone", "url": "https://phone.example/"})
    assert "whsec_" in new.words
    wrong = staff.post("/activations/endpoints/set/", {"key": "phone", "url": "phone"})
    assert "That is no address of an endpoint." in wrong.words


def test_a_failed_step_waits_for_a_person(shop: Shop, staff: Console) -> None:
    change_product(shop.catalog.platform, changes={"provisioning_key": "nobody"}, now=NOW, actor=ACTOR)
    order_id = book(shop, line("PLAT-PRO", interval_months=1))
    for minutes in (2, 10, 60, 240):
        advance_steps(now=later(minutes=minutes), actor=ACTOR)
    delivery = f"/orders/{public('order', order_id)}/delivery/"
    page = staff.get(delivery)
    assert "A step failed and waits for you." in page.words
    retry = page.all("//form[contains(@action, '/retry/')]/@action")[0]
    assert "The step is tried again." in staff.post(retry).words
    other = public("order", book(shop, line("SENSOR-1")))
    assert staff.post(retry.replace(public("order", order_id), other)).status == 404


def test_an_installation_goes_its_way(shop: Shop, staff: Console) -> None:
    order_id = book(shop, line("SETUP-1"))
    address = f"/installations/{public('installation', installations_of([order_id])[0].id)}/"
    assert "INST-DE01-2026-000001" in staff.get("/installations/", status="planned").words
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("schedule", {"day": "2026-01-20", "technician": "Ada"}, "The day is set."),
        ("accept", {"day": "2026-01-15", "accepted_by": "Bo"}, "Cannot accept"),
        ("finish", {"day": "2026-01-15", "note": "Two racks"}, "The work is done."),
        ("reject", {"reason": "Loose"}, "It is to be done again."),
        ("finish", {"day": "2026-01-15", "note": ""}, "The work is done."),
        ("accept", {"day": "2026-01-14", "accepted_by": "Bo"}, "not accepted before"),
        ("accept", {"day": "2026-01-15", "accepted_by": ""}, "Accepted by: "),
        ("accept", {"day": "2026-01-15", "accepted_by": "Bo"}, "not known as a contact"),
        ("accept", {"day": "2026-01-15", "accepted_by": "Bo", "evidence": "Mail"}, "The customer has accepted."),
    ]
    for verb, typed, said in steps:
        assert said in staff.post(f"{address}{verb}/", typed).words, verb
    assert orders.order(order_id).status == "completed"
    assert Console("seller").post(f"{address}schedule/", {"day": "2026-01-20"}).status == 403


def test_a_subscription_is_shown_and_cancelled(shop: Shop, staff: Console) -> None:
    order_id = book(shop, line("PLAT-PRO", 3, interval_months=1, term_months=12))
    row = subscriptions_of([order_id])[0]
    address = f"/subscriptions/{public('subscription', row.id)}/"
    assert "€147.00" in staff.get("/subscriptions/", status="active").words
    page = staff.get(address)
    assert "monthly" in page.words
    assert "Change it with a new quote" in page.words
    assert len(page.all("//input[@name='ends_on']/@value")) == 1
    assert "cannot end before" in staff.post(f"{address}cancel/", {"ends_on": "2025-01-01", "reason": "x"}).words
    gone = staff.post(f"{address}cancel/", {"ends_on": "2026-03-15", "reason": "Too dear"})
    assert "It is cancelled and runs until its end." in gone.words
    assert subscriptions_of([order_id])[0].ends_on == date(2026, 3, 15)
    waiting = subscriptions_of([book(shop, line("PLAT-PRO", interval_months=1), requested_on=date(2026, 9, 1))])[0]
    pending = staff.get(f"/subscriptions/{public('subscription', waiting.id)}/")
    assert "It begins when its activation is confirmed." in pending.words
    assert row.activated_on == TODAY
    assert sql.fetch_one("SELECT count(*) FROM subscriptions") == (2,)
