"""The API and the commands of coupons, credits, wallets and one-off invoices: once for each outcome."""

import pytest

from cashline.kernel.identifiers import new_id, public
from tests.support.api import Api
from tests.support.invoice import make_billing_shop

pytestmark = pytest.mark.usefixtures("db")


def test_a_coupon_is_defined_granted_used_and_withdrawn() -> None:
    shop, api = make_billing_shop(), Api()
    customer = public("customer", shop.customer)
    made = api.post("/coupons", {"code": "TEN", "name": "Ten off", "amount": "10", "currency": "EUR"})
    assert (made.status, made.body["amount"], made.body["uses"]) == (201, "10", 1)
    assert api.post("/coupons", {"code": "TEN", "name": "Again", "percent": "5"}).status == 409
    wrong = api.post("/coupons", {"code": "BOTH", "name": "Both", "amount": "1", "currency": "EUR", "percent": "5"})
    assert wrong.status == 422
    key = made.body["id"]
    grant = api.post(f"/coupons/{key}/grants", {"customer_id": customer})
    assert (grant.status, grant.body["used"]) == (201, 0)
    asked = {"entity": "DE01", "customer_id": customer, "currency": "EUR", "items": [
        {"description": "Training", "unit_price": "100"}]}  # fmt: skip
    preview = api.post("/invoice-previews", asked)
    assert (preview.status, preview.body["discount_total"], preview.body["payable"]) == (200, "10.00", "107.10")
    issued = api.post("/invoices", asked)
    assert (issued.status, issued.body["net_total"], issued.body["open_amount"]) == (201, "90.00", "107.10")
    assert issued.body["coupons"] == [{"name": "Ten off", "amount": "10.00"}]
    assert api.get("/coupon-grants", customer_id=customer).body["items"][0]["used"] == 1
    assert api.get(f"/coupons/{key}").body["granted"] == 1
    withdrawn = api.post(f"/coupon-grants/{grant.body['id']}/withdraw", {"reason": "Mistake"})
    assert withdrawn.body["withdrawn_at"] is not None
    assert api.post(f"/coupon-grants/{grant.body['id']}/withdraw", {"reason": "Mistake"}).status == 409
    assert api.post(f"/coupons/{key}/archive").body["status"] == "archived"
    assert api.post(f"/coupons/{key}/grants", {"customer_id": customer}).codes == ["coupon_used_up"]
    assert [item["code"] for item in api.get("/coupons", status="archived").body["items"]] == ["TEN"]


def test_a_wallet_is_opened_filled_used_paid_out_and_closed() -> None:
    shop, api = make_billing_shop(), Api()
    customer = public("customer", shop.customer)
    opened = api.post("/wallets", {"entity": "DE01", "customer_id": customer, "currency": "EUR"})
    assert (opened.status, opened.body["balance"]) == (201, "0.00")
    key = opened.body["id"]
    filled = api.post(f"/wallets/{key}/top-ups", {"amount": "150", "method": "card", "received_on": "2026-01-15"})
    assert (filled.status, filled.body["balance"], filled.body["kind"]) == (201, "150.00", "top_up")
    asked = {"entity": "DE01", "customer_id": customer, "currency": "EUR", "items": [
        {"description": "Training", "unit_price": "100"}]}  # fmt: skip
    issued = api.post("/invoices", asked)
    assert (issued.body["prepaid_applied"], issued.body["open_amount"]) == ("119.00", "0.00")
    shown = api.get(f"/credits/{filled.body['id']}").body
    assert [(move["kind"], move["amount"]) for move in shown["movements"]] == [
        ("granted", "150.00"), ("applied", "-119.00"),
    ]  # fmt: skip
    assert api.post(f"/wallets/{key}/close").status == 409
    refund = {"amount": "31.00", "reason": "Left us"}
    assert api.post(f"/credits/{filled.body['id']}/refunds", {**refund, "amount": "32"}).codes == ["credit_spent"]
    assert api.post(f"/credits/{filled.body['id']}/refunds", refund).body["balance"] == "0.00"
    assert api.post(f"/wallets/{key}/close").body["status"] == "closed"
    assert api.post(f"/wallets/{key}/top-ups", {"amount": "1", "received_on": "2026-01-15"}).status == 409
    assert api.get("/wallets", customer_id=customer).body["items"][0]["status"] == "closed"
    assert api.get(f"/wallets/{public('wallet', new_id())}").status == 404


def test_a_credit_note_goes_to_the_balance_and_pays_an_invoice_when_asked() -> None:
    shop, api = make_billing_shop(), Api()
    customer = public("customer", shop.customer)
    asked = {"entity": "DE01", "customer_id": customer, "currency": "EUR", "items": [
        {"description": "Training", "unit_price": "100"}]}  # fmt: skip
    first, second = (api.post("/invoices", asked).body["id"] for _ in range(2))
    note = api.post("/credit-notes", {"invoice_id": first, "reason": "Goodwill", "to_balance": True})
    assert (note.status, note.body["unapplied_amount"]) == (201, "119.00")
    assert api.get("/credits", customer_id=customer, only_open=True).body["items"][0]["balance"] == "119.00"
    paid = api.post(f"/invoices/{second}/credits")
    assert (paid.status, paid.body["open_amount"]) == (201, "0.00")
    assert api.post(f"/invoices/{second}/credits").codes == ["nothing_to_apply"]
    refund = {"invoice_id": second, "reason": "Again", "to_balance": True, "refund": "500"}
    assert api.post("/credit-notes", refund).codes == ["not_creditable"]


def test_a_deposit_is_taken_off_and_tax_rounds_by_line() -> None:
    shop, api = make_billing_shop(), Api()
    entity = api.get("/entities").body["items"][0]
    rounding = api.post(f"/entities/{entity['id']}/tax-rounding", {"tax_rounding": "per_line"})
    assert (rounding.status, rounding.body["tax_rounding"]) == (200, "per_line")
    customer = public("customer", shop.customer)
    asked = {"entity": "DE01", "customer_id": customer, "currency": "EUR", "items": [
        {"description": "Kitchen", "unit_price": "100"}]}  # fmt: skip
    deposit = api.post("/invoices", {**asked, "kind": "deposit"}).body["id"]
    final = api.post("/invoices", {**asked, "items": [{"description": "Kitchen", "unit_price": "500"}],
                                   "deducts": [deposit]})  # fmt: skip
    assert (final.body["net_total"], final.body["tax_total"]) == ("400.00", "76.00")
    assert api.post("/invoices", {**asked, "deducts": [deposit]}).codes == ["not_deductible"]
