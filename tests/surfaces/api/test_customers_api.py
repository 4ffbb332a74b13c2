"""The API of customers: once for each outcome."""

import pytest

from tests.support.api import Api

pytestmark = pytest.mark.usefixtures("db")
NEW = {
    "name": "Nordlicht Werke GmbH",
    "country": "DE",
    "currency": "EUR",
    "tax_id": "DE 136 695 976",
    "addresses": [{"role": "bill_to", "street": "Kaiserstraße 12", "city": "Frankfurt", "country": "DE"}],
}


def test_a_customer_is_created_shown_listed_and_changed() -> None:
    api = Api()
    made = api.post("/customers", NEW)
    assert (made.status, made.body["tax_id"], made.body["tax_id_checked"]) == (201, "DE136695976", True)
    key = made.body["id"]
    assert key.startswith("cus_")
    assert made.body["timezone"] == "Europe/Berlin"
    assert api.get(f"/customers/{key}").body == made.body
    changed = api.send("patch", f"/customers/{key}", {"payment_terms_days": 14})
    assert (changed.status, changed.body["payment_terms_days"], changed.body["name"]) == (200, 14, NEW["name"])
    listed = api.get("/customers", q="nordlicht", status="active", sort="-name", limit=1)
    assert [item["id"] for item in listed.body["items"]] == [key]
    assert listed.body["next_cursor"] == ""


def test_lists_page_by_cursor() -> None:
    api = Api()
    for index in range(3):
        api.post("/customers", {**NEW, "name": f"C{index}", "tax_id": ""})
    first = api.get("/customers", sort="name", limit=2).body
    second = api.get("/customers", sort="name", limit=2, cursor=first["next_cursor"]).body
    assert [item["name"] for item in first["items"] + second["items"]] == ["C0", "C1", "C2"]
    for query, field in (({"cursor": "###"}, "cursor"), ({"sort": "colour"}, "sort"), ({"limit": 0}, "limit")):
        answer = api.get("/customers", **query)
        assert (answer.status, answer.fields) == (422, [field])


def test_statuses_change_by_sub_resources() -> None:
    api = Api()
    key = api.post("/customers", NEW).body["id"]
    assert api.post(f"/customers/{key}/block", {"reason": "unpaid"}).body["status"] == "blocked"
    again = api.post(f"/customers/{key}/block", {"reason": "unpaid"})
    assert (again.status, again.codes) == (409, ["illegal_transition"])
    assert api.post(f"/customers/{key}/unblock", {"reason": "paid"}).body["status"] == "active"
    assert api.post(f"/customers/{key}/close", {"reason": "gone"}).body["status"] == "closed"
    assert api.post(f"/customers/{key}/close").fields == ["reason"]


def test_bad_bodies_get_every_error_and_change_nothing() -> None:
    api = Api()
    answer = api.post(
        "/customers", {**NEW, "name": "", "country": "Germany", "colour": "red", "payment_terms_days": 400}
    )
    assert answer.status == 422
    assert set(answer.fields) == {"name", "country", "colour", "payment_terms_days"}
    wrong = api.post("/customers", {**NEW, "country": "QZ", "currency": "XXX", "timezone": "Mars", "tax_id": "DE1"})
    assert (wrong.status, set(wrong.fields)) == (422, {"country", "currency", "timezone", "tax_id"})
    wrong = api.post("/customers", {**NEW, "name": "", "timezone": "Mars", "tax_id": "DE136695975", "colour": "red"})
    assert dict(zip(wrong.fields, wrong.codes, strict=True)) == {
        "name": "invalid_value", "timezone": "invalid_value", "tax_id": "invalid_tax_id", "colour": "invalid_value",
    }  # fmt: skip
    assert api.post("/customers", {**NEW, "tax_id": "DE136695975"}).codes == ["invalid_tax_id"]
    assert api.post("/customers", '{"name": ').status in (400, 422)
    assert api.get("/customers").body["items"] == []


def test_one_key_creates_once() -> None:
    api = Api()
    first, second = api.post("/customers", NEW, key="k1"), api.post("/customers", NEW, key="k1")
    assert first.body == second.body
    assert len(api.get("/customers").body["items"]) == 1


def test_unknown_ids_and_missing_permissions_are_told() -> None:
    api, reader = Api(), Api("auditor")
    assert api.get("/customers/cus_00000000000000000000000000").status == 404
    assert api.get("/customers/inv_nonsense").status == 404
    assert reader.post("/customers", NEW).status == 403
    assert reader.get("/customers").status == 200
