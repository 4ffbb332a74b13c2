"""The API of payments: recorded once, put and taken back, charged and refunded after the commit, told by reports."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from cashline.flow.invoice.invoices.queries import InvoiceRow
from cashline.flow.receive.payments.actions import sandbox_gateway
from cashline.flow.receive.payments.queries import PaymentFilter, list_payments
from cashline.kernel.identifiers import public
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.clock.queries import machine_time
from cashline.platform.lists import Ask
from cashline.platform.people.actions import create_api_key
from tests.support.agree import german, make_customers
from tests.support.api import Api
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.receive import GOOD, SECURE, assert_laws_hold, invoice_of, make_receiving_shop, open_of
from tests.support.world import ACTOR, NOW

DECLINED, LATE = "4000000000009995", "4000000000090045"


def body(row: InvoiceRow, amount: str = "119.00", **more: Any) -> dict[str, Any]:
    given = {
        "entity": "DE01",
        "customer": public("customer", row.customer_id),
        "currency": "EUR",
        "amount": amount,
        "received_on": "2026-01-15",
    }
    return given | more


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_receiving_shop()


def test_tax_withheld_is_recorded_by_who_may_write_off(shop: Shop) -> None:
    row, api = invoice_of(shop), Api("collections")
    withheld = body(row, "19.00", method="tax_withheld")
    assert api.post("/payments", withheld).status == 201
    scopes = ["payments.read", "payments.write"]
    api.secret = create_api_key(name="narrow", scopes=scopes, now=NOW, actor=ACTOR)
    assert api.post("/payments", withheld).codes == ["forbidden"]
    assert api.post("/payments", body(row)).status == 201


def test_a_payment_is_recorded_once_for_its_key_and_shown_with_its_allocations(shop: Shop) -> None:
    api, row = Api("collections"), invoice_of(shop)
    put = [{"invoice": public("invoice", row.id), "amount": "100.00"}]
    first = api.post("/payments", body(row, allocations=put), key="k1")
    again = api.post("/payments", body(row, allocations=put), key="k1")
    assert (first.status, again.body) == (Decimal(201), first.body)
    assert len(list_payments(Ask(), PaymentFilter()).items) == 1
    payment = first.body
    assert (payment["number"], payment["unapplied_amount"]) == ("PAY-DE01-2026-000001", "19.00")
    assert [one["amount"] for one in payment["allocations"]] == ["100.00"]
    address = f"/payments/{payment['id']}"
    more = api.post(f"{address}/allocations", {"allocations": [put[0] | {"amount": "19.00"}]})
    assert (more.body["unapplied_amount"], open_of(row)) == ("0.00", Decimal(0))
    back = api.post(f"{address}/unallocate", {"allocations": [payment["allocations"][0]["id"]], "reason": "wrong"})
    assert (back.body["unapplied_amount"], open_of(row)) == ("100.00", Decimal(100))
    reversed_ = api.post(f"{address}/reverse", {"reason": "another customer's"})
    assert (reversed_.body["status"], open_of(row)) == ("reversed", Decimal(119))
    assert [one["kind"] for one in api.get(address).body["refunds"]] == ["reversal"]
    assert_laws_hold()


def test_bad_bodies_change_nothing_and_say_why(shop: Shop) -> None:
    api, row = Api("collections"), invoice_of(shop)
    for wrong, status, field in (
        ({"amount": "-1"}, 422, "amount"),
        ({"amount": "1e30"}, 422, "amount"),
        ({"amount": "1.005"}, 422, "amount"),
        ({"amount": "NaN"}, 422, "amount"),
        ({"currency": "euro"}, 422, "currency"),
        ({"method": "barter"}, 422, "method"),
        ({"received_on": "yesterday"}, 422, "received_on"),
        ({"entity": "XX99"}, 404, "entity"),
        ({"surprise": 1}, 422, "surprise"),
        ({"allocations": [{"invoice": "inv_nothing", "amount": "1"}]}, 404, "id"),
    ):
        answer = api.post("/payments", body(row) | wrong)
        assert (answer.status, answer.fields) == (status, [field]), answer.body
    assert list_payments(Ask(), PaymentFilter()).items == []


def test_another_customers_invoice_and_another_entitys_payment_are_out_of_reach(shop: Shop) -> None:
    row = invoice_of(shop)
    (other,) = make_customers([german("Andere GmbH", tax_id="")])
    put = [{"invoice": public("invoice", row.id), "amount": "1.00"}]
    api = Api("collections")
    stranger = body(row, customer=public("customer", other), allocations=put)
    assert api.post("/payments", stranger).codes == ["invoice_not_open"]
    payment = api.post("/payments", body(row)).body
    abroad = Api("collections", entity_id=shop.world.boston)
    assert abroad.get(f"/payments/{payment['id']}").status == 404
    assert abroad.get("/payments").body["items"] == []
    assert abroad.post("/payments", body(row)).status == 403
    assert Api("seller").post("/payments", body(row)).status == 403
    assert api.get("/payments/pay_unknown").status == 404


def test_lists_filter_sort_and_page(shop: Shop) -> None:
    api, row = Api("auditor"), invoice_of(shop)
    clerk = Api("collections")
    for amount in ("10.00", "30.00", "20.00"):
        clerk.post("/payments", body(row, amount))
    page = api.get("/payments", sort="-amount", limit=2)
    assert [one["amount"] for one in page.body["items"]] == ["30.00", "20.00"]
    rest = api.get("/payments", sort="-amount", limit=2, cursor=page.body["next_cursor"])
    assert [one["amount"] for one in rest.body["items"]] == ["10.00"]
    assert len(api.get("/payments", unapplied=True, least="20", q="nordlicht").body["items"]) == 2
    assert api.get("/payments", sort="colour").status == 422
    assert api.get("/payments", cursor="nonsense").status == 422


def test_a_refund_of_a_transfer_is_confirmed_or_cancelled_by_a_person(shop: Shop) -> None:
    api, row = Api("collections"), invoice_of(shop)
    payment = api.post("/payments", body(row)).body
    address = f"/payments/{payment['id']}/refunds"
    asked = api.post(address, {"amount": "19.00", "reason": "Overpaid"})
    assert (asked.status, asked.body["status"]) == (Decimal(202), "pending")
    assert api.post(address, {"amount": "100.01", "reason": "More"}).codes == ["refund_too_large"]
    done = api.post(f"/refunds/{asked.body['id']}/confirm", {"refunded_on": "2026-01-16"})
    assert (done.body["status"], done.body["refunded_on"]) == ("succeeded", "2026-01-16")
    other = api.post(address, {"amount": "1.00", "reason": "Overpaid"}).body
    assert api.post(f"/refunds/{other['id']}/cancel", {"reason": "No"}).body["status"] == "failed"
    at_once = api.post(address, {"amount": "1.00", "reason": "Cash", "refunded_on": "2026-01-16"})
    assert at_once.body["status"] == "succeeded"
    assert_laws_hold()


@pytest.fixture
def sandbox_row(committed_db: Database) -> InvoiceRow:
    """An open invoice in a sandbox whose requests commit."""
    make_sandbox(frozen_at=NOW)
    return invoice_of(make_receiving_shop())


def charge(api: Api, row: InvoiceRow, card: str, **more: Any) -> dict[str, Any]:
    given = {"gateway": "sandbox", "method_token": card, "invoice": public("invoice", row.id)}
    answer = api.post("/payment-intents", given | more)
    assert answer.status == 202, answer.body
    found: dict[str, Any] = api.get(f"/payment-intents/{answer.body['id']}").body
    return found


def test_a_card_is_charged_after_the_commit_and_refunded_the_same_way(sandbox_row: InvoiceRow) -> None:
    api = Api("collections")
    declined = charge(api, sandbox_row, DECLINED)
    assert (declined["status"], declined["decline_code"]) == ("failed", "insufficient_funds")
    intent = charge(api, sandbox_row, GOOD)
    assert (intent["status"], open_of(sandbox_row)) == ("succeeded", Decimal(0))
    assert [call["outcome"] for call in intent["calls"]] == ["answered"]
    asked = api.post(f"/payments/{intent['payment_id']}/refunds", {"amount": "19.00", "reason": "Returned"})
    assert asked.status == 202
    payment = api.get(f"/payments/{intent['payment_id']}").body
    assert (payment["refunds"][0]["status"], payment["refunded_amount"]) == ("succeeded", "19.00")
    assert open_of(sandbox_row) == 19
    assert [one["status"] for one in api.get("/payment-intents").body["items"]] == ["succeeded", "failed"]
    assert_laws_hold()


def test_a_charge_needs_a_gateway_terms_and_room_on_the_invoice(sandbox_row: InvoiceRow) -> None:
    api = Api("collections")
    invoice = public("invoice", sandbox_row.id)
    given = {"gateway": "sandbox", "method_token": GOOD}
    assert api.post("/payment-intents", given | {"gateway": "nowhere", "invoice": invoice}).codes == [
        "gateway_not_set_up"
    ]
    assert api.post("/payment-intents", given).codes == ["missing_terms"]
    assert api.post("/payment-intents", given | {"invoice": invoice, "amount": "500"}).codes == ["over_allocated"]
    waiting = charge(api, sandbox_row, SECURE)
    assert waiting["status"] == "requires_action"
    assert api.post("/payment-intents", given | {"invoice": invoice}).codes == ["charge_under_way"]
    given_up = api.post(f"/payment-intents/{waiting['id']}/give-up", {"reason": "Pays by transfer"})
    assert given_up.body["status"] == "failed"
    on_account = given | {"entity": "DE01", "customer": public("customer", sandbox_row.customer_id)}
    answer = api.post("/payment-intents", on_account | {"currency": "EUR", "amount": "50.00"})
    assert api.get(f"/payment-intents/{answer.body['id']}").body["status"] == "succeeded"


def test_the_gateways_report_needs_no_key_but_its_signature(sandbox_row: InvoiceRow) -> None:
    api = Api("collections")
    waiting = charge(api, sandbox_row, LATE)
    assert waiting["status"] == "pending"
    reports = sandbox_gateway().take_webhooks(waiting["gateway_reference"], now=machine_time())
    client = Client()

    def post(content: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        response = client.post(
            "/v1/gateway-events/sandbox", data=content, content_type="application/json", headers=headers
        )
        return response.status_code, json.loads(response.content)

    report = reports[-1]
    assert post(b"{}", {})[0] == 401
    assert post(report.body + b" ", dict(report.headers))[0] == 401
    assert open_of(sandbox_row) == 119
    assert post(report.body, dict(report.headers)) == (200, {"outcome": "applied"})
    assert post(report.body, dict(report.headers)) == (200, {"outcome": "repeated"})
    assert open_of(sandbox_row) == Decimal(0)
    assert client.post("/v1/gateway-events/nobody", data=b"{}", content_type="application/json").status_code == 422
