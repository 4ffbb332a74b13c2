"""Orders, credit, stock, shipments, services through the API, each door once for each outcome."""

from typing import Any

import pytest

from cashline.kernel.identifiers import new_id, public
from cashline.platform import sql
from cashline.platform.people.actions import create_api_key
from cashline.platform.permissions.rules import ROLES
from tests.support.book import Shop, book, line, make_shop
from tests.support.world import ACTOR, NOW
from tests.surfaces.api.test_administration import get
from tests.surfaces.api.test_root import codes, post

SCOPES = sorted(ROLES["owner"])


@pytest.fixture
def shop(db: object) -> Shop:
    return make_shop(sensors=10)


@pytest.fixture
def secret(shop: Shop) -> str:
    return create_api_key(name="test", scopes=SCOPES, now=NOW, actor=ACTOR)


def body(shop: Shop, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    given = {"entity": "DE01", "customer": public("customer", shop.customer), "currency": "EUR", "lines": list(lines)}
    return given | changes


def test_an_order_is_placed_shown_and_recognised_again(shop: Shop, secret: str) -> None:
    given = body(shop, {"sku": "SENSOR-1", "quantity": "2"}, external_reference="PO-1")
    preview = post(secret, "/v1/orders/preview", given)
    assert (preview.status_code, preview.json()["id"], preview.json()["net_total"]) == (200, None, "178.00")
    placed = post(secret, "/v1/orders", given)
    assert (placed.status_code, placed.json()["status"]) == (201, "booked")
    again = post(secret, "/v1/orders", given)
    assert (again.status_code, again.json()["duplicate"], again.json()["id"]) == (200, True, placed.json()["id"])
    other = post(secret, "/v1/orders", given | {"purchase_order": "X"})
    assert (other.status_code, codes(other)) == (409, [("order_reference_reused", "external_reference")])
    shown = get(secret, f"/v1/orders/{placed.json()['id']}").json()
    assert (shown["number"], shown["lines"][0]["sku"], shown["lines"][0]["quantity"]) == (
        "ORD-DE01-2026-000001",
        "SENSOR-1",
        "2",
    )
    listed = get(secret, "/v1/orders?status=booked&q=PO-1&sort=-net_total").json()
    assert [one["id"] for one in listed["items"]] == [placed.json()["id"]]


def test_every_error_of_an_order_comes_at_once(shop: Shop, secret: str) -> None:
    refused = post(
        secret,
        "/v1/orders",
        body(shop, {"sku": "NOPE", "quantity": "1"}, {"sku": "PLAT-PRO", "quantity": 1}, currency="USD"),
    )
    assert refused.status_code == 422
    assert codes(refused) == [
        ("order_currency_differs", "currency"),
        ("unknown_product", "lines.0.sku"),
        ("interval_needed", "lines.1.interval_months"),
    ]
    assert refused.json()["errors"][2]["fix"] == "Give interval_months: 1, 12."
    assert sql.fetch_one("SELECT count(*) FROM orders") == (0,)


@pytest.mark.parametrize(
    ("line_of", "field"),
    [
        ({"sku": "SENSOR-1", "quantity": "-1"}, "lines.0.quantity"),
        ({"sku": "SENSOR-1", "quantity": "1e99"}, "lines.0.quantity"),
        ({"sku": "SENSOR-1", "quantity": "many"}, "lines.0.quantity"),
        ({"sku": "SENSOR-1", "quantity": 1, "unit_price": "-1"}, "lines.0.unit_price"),
        ({"sku": "SENSOR-1", "quantity": 1, "colour": "red"}, "lines.0.colour"),
        ({"quantity": 1}, "lines.0.sku"),
    ],
)
def test_a_body_that_cannot_be_read_says_where(shop: Shop, secret: str, line_of: dict[str, Any], field: str) -> None:
    refused = post(secret, "/v1/orders", body(shop, line_of))
    assert (refused.status_code, codes(refused)) == (422, [("invalid_value", field)])


def test_who_may_not_is_refused_and_what_is_not_there_is_not_found(shop: Shop, secret: str) -> None:
    reader = create_api_key(name="reader", scopes=["orders.read"], now=NOW, actor=ACTOR)
    given = body(shop, {"sku": "SENSOR-1", "quantity": "1"})
    assert post(reader, "/v1/orders", given).status_code == 403
    order_id = public("order", book(shop, line("SENSOR-1")))
    for step in ("cancel", "release"):
        assert post(reader, f"/v1/orders/{order_id}/{step}", {"reason": "no"}).status_code == 403
        assert post(secret, f"/v1/orders/{public('order', new_id())}/{step}", {"reason": "no"}).status_code == 404
    assert get(secret, "/v1/orders/ord_nonsense").status_code == 404
    elsewhere = create_api_key(name="us", scopes=SCOPES, entity_id=shop.world.boston, now=NOW, actor=ACTOR)
    assert get(elsewhere, f"/v1/orders/{order_id}").status_code == 404
    assert get(elsewhere, "/v1/orders").json()["items"] == []
    assert post(elsewhere, "/v1/orders", given).status_code == 403


def test_many_orders_are_booked_together_or_not_at_all(shop: Shop, secret: str) -> None:
    good, bad = (body(shop, {"sku": sku, "quantity": 1}) for sku in ("SENSOR-1", "NOPE"))
    refused = post(secret, "/v1/orders/batch", {"orders": [good, bad]})
    assert codes(refused) == [("unknown_product", "orders.1.lines.0.sku")]
    assert sql.fetch_one("SELECT count(*) FROM orders") == (0,)
    placed = post(secret, "/v1/orders/batch", {"orders": [good, good]})
    assert (placed.status_code, len(placed.json()["items"])) == (201, 2)


def test_files_are_imported_with_every_error_or_whole(shop: Shop, secret: str) -> None:
    rows = "order_ref,customer,sku,quantity,currency\nW-1,CUS-000001,SENSOR-1,2,EUR\nW-1,CUS-000001,{sku},1,EUR\n"
    address = "/v1/orders/import?format=csv&entity=DE01"
    refused = post(secret, address, rows.format(sku="NOPE").encode())
    assert codes(refused) == [("unknown_product", "lines.1.sku")]
    assert refused.json()["errors"][0]["message"].startswith("Row 3: ")
    good = rows.format(sku="SENSOR-1").encode()
    assert post(secret, address + "&preview=true", good).json()["items"][0]["id"] is None
    assert post(secret, address, good).json()["items"][0]["status"] == "booked"
    assert post(secret, address, good).json()["items"][0]["duplicate"] is True
    assert post(secret, "/v1/orders/import?format=ubl&entity=DE01", b"<!DOCTYPE x><x/>").status_code == 422
    assert post(secret, "/v1/orders/import?format=pdf&entity=DE01", b"").status_code == 422
    assert post(secret, "/v1/orders/import?format=csv&entity=XX", good).status_code == 404


def test_credit_is_limited_held_and_released(shop: Shop, secret: str) -> None:
    customer = public("customer", shop.customer)
    address = f"/v1/credit-accounts/{customer}"
    assert get(secret, address).json()["limit"] is None
    assert post(secret, f"{address}/limit", {"limit": "100", "reason": "New"}).json()["available"] == "100.00"
    held = post(secret, "/v1/orders", body(shop, {"sku": "SENSOR-1", "quantity": 2})).json()
    assert held["status"] == "held"
    assert [one["customer"] for one in get(secret, "/v1/credit-accounts?state=over").json()["items"]] == [customer]
    released = post(secret, f"/v1/orders/{held['id']}/release", {"reason": "Paid"})
    assert released.json()["status"] == "booked"
    assert codes(post(secret, f"/v1/orders/{held['id']}/release", {"reason": "Paid"})) == [
        ("illegal_transition", "status")
    ]
    assert post(secret, f"{address}/hold", {"reason": "Rumours"}).json()["held"] is True
    assert post(secret, f"{address}/lift-hold", {"reason": "Untrue"}).json()["held"] is False
    assert post(secret, f"{address}/limit", {"limit": "-1", "reason": "x"}).status_code == 422
    assert get(secret, f"/v1/credit-accounts/{public('customer', new_id())}").status_code == 404


def test_goods_are_picked_shipped_and_arrive(shop: Shop, secret: str) -> None:
    order_id = public("order", book(shop, line("SENSOR-1", 3), line("GATE-4")))
    desk = get(secret, "/v1/shipping-desk").json()["items"]
    assert [(one["order"], one["lines_reserved"], one["lines_short"]) for one in desk] == [(order_id, 1, 1)]
    picked = post(secret, "/v1/shipments", {"orders": [order_id]})
    assert picked.status_code == 201
    shipment = picked.json()["items"][0]
    assert [(one["sku"], one["quantity"]) for one in shipment["lines"]] == [("SENSOR-1", "3")]
    assert get(secret, "/v1/shipping-desk").json()["items"] == []
    assert codes(post(secret, "/v1/shipments", {"orders": [order_id]})) == [("nothing_to_ship", "order_ids")]
    address = f"/v1/shipments/{shipment['id']}"
    assert post(secret, f"{address}/deliver", {}).status_code == 409
    late = post(secret, f"{address}/ship", {"shipped_on": "2027-01-01"})
    assert (late.status_code, codes(late)[0][0]) == (422, "invalid_ship_date")
    shipped = post(secret, f"{address}/ship", {"carrier": "DHL", "tracking_number": "JD1", "shipped_on": "2026-01-15"})
    assert (shipped.json()["status"], shipped.json()["cost"]) == ("shipped", "115.50")
    assert post(secret, f"{address}/deliver", {"delivered_on": "2026-01-14"}).status_code == 422
    plan = get(secret, f"/v1/orders/{order_id}/plan").json()["items"]
    assert [(one["kind"], one["status"]) for one in plan] == [("reserve", "backordered"), ("ship", "waiting")]
    retry = post(secret, f"/v1/orders/{order_id}/plan/{plan[0]['id']}/retry", {})
    assert codes(retry) == [("illegal_transition", "status")]
    received = post(secret, "/v1/stock/receipts", {"receipts": [{"warehouse": "BER", "sku": "GATE-4", "quantity": 5}]})
    assert received.json() == {"received": 1, "repeated": 0}
    second = post(secret, "/v1/shipments", {"orders": [order_id]}).json()["items"][0]
    stopped = post(secret, f"/v1/shipments/{second['id']}/cancel", {"reason": "Wrong box"})
    assert stopped.json()["status"] == "cancelled"
    assert post(secret, "/v1/shipments", {"orders": [order_id]}).status_code == 201
    assert post(secret, "/v1/shipments", {"orders": [public("order", new_id())]}).status_code == 404
    listed = get(secret, f"/v1/shipments?order={order_id}&status=picking").json()["items"]
    assert len(listed) == 1


def test_stock_is_set_up_received_counted_and_watched(shop: Shop, secret: str) -> None:
    new = {"entity": "US01", "code": "BOS", "name": "Boston", "country": "US"}
    assert post(secret, "/v1/warehouses", new).status_code == 201
    assert codes(post(secret, "/v1/warehouses", new)) == [("conflict", "code")]
    assert [one["code"] for one in get(secret, "/v1/warehouses").json()["items"]] == ["BER", "BOS"]
    adjusted = post(
        secret, "/v1/stock/adjustments", {"warehouse": "BER", "sku": "SENSOR-1", "quantity": "-4", "reason": "Broken"}
    )
    assert (adjusted.status_code, adjusted.json()["on_hand"], adjusted.json()["value"]) == (201, "6", "231.00")
    short = {"warehouse": "BER", "sku": "SENSOR-1", "reorder_point": "7"}
    assert post(secret, "/v1/stock/reorder-points", short).json()["reorder_point"] == "7"
    assert [one["sku"] for one in get(secret, "/v1/stock?state=short&warehouse=BER").json()["items"]] == ["SENSOR-1"]
    too_many = {"warehouse": "BER", "sku": "SENSOR-1", "quantity": "-40", "reason": "Stolen"}
    assert codes(post(secret, "/v1/stock/adjustments", too_many)) == [("insufficient_stock", "quantity")]
    unknown = {"receipts": [{"warehouse": "BER", "sku": "NOPE", "quantity": 1}]}
    assert codes(post(secret, "/v1/stock/receipts", unknown)) == [("not_found", "sku")]
    unknown = {"receipts": [{"warehouse": "NOPE", "sku": "SENSOR-1", "quantity": 1}]}
    assert codes(post(secret, "/v1/stock/receipts", unknown)) == [("not_found", "warehouse")]


def test_services_run_end_and_are_accepted(shop: Shop, secret: str) -> None:
    book(shop, line("PLAT-PRO", interval_months=12, term_months=24), line("SETUP-1"))
    running = get(secret, "/v1/subscriptions?status=active").json()["items"][0]
    assert (running["activated_on"], running["ends_on"], running["unit_price"]) == (
        "2026-01-15",
        "2028-01-15",
        "529",
    )
    address = f"/v1/subscriptions/{running['id']}"
    assert codes(post(secret, f"{address}/cancel", {"ends_on": "2029-01-01", "reason": "x"})) == [
        ("invalid_subscription_end", "ends_on")
    ]
    ended = post(secret, f"{address}/cancel", {"ends_on": "2026-07-15", "reason": "Moved away"})
    assert (ended.json()["status"], get(secret, address).json()["ends_on"]) == ("cancelled", "2026-07-15")
    job = get(secret, "/v1/installations").json()["items"][0]
    address = f"/v1/installations/{job['id']}"
    assert post(secret, f"{address}/accept", {"accepted_by": "Bo", "accepted_on": "2026-01-15"}).status_code == 409
    assert post(secret, f"{address}/schedule", {"scheduled_on": "2026-01-20", "technician": "Ada"}).status_code == 200
    assert post(secret, f"{address}/finish", {"done_on": "2026-01-15", "note": "Done"}).json()["status"] == "done"
    assert post(secret, f"{address}/reject", {"reason": "Loose"}).json()["status"] == "scheduled"
    assert post(secret, f"{address}/finish", {"done_on": "2026-01-15"}).status_code == 200
    given = {"accepted_by": "Bo", "accepted_on": "2026-01-15"}
    assert codes(post(secret, f"{address}/accept", given)) == [("invalid_value", "evidence")]
    accepted = post(secret, f"{address}/accept", given | {"evidence": "Mail of January 15"})
    assert (accepted.json()["status"], accepted.json()["accepted_by"]) == ("accepted", "Bo")
    assert get(secret, f"/v1/installations/{public('installation', new_id())}").status_code == 404
