"""The API of the bank: a file is the body, importing it again changes nothing, every line can be decided."""

import json
from typing import Any

import pytest

from cashline.flow.receive.bank.queries import LineFilter, list_lines
from cashline.kernel.identifiers import public
from cashline.platform.lists import Ask
from tests.support.api import Api
from tests.support.bank_files import Entry, camt, mt940
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.receive import assert_laws_hold, invoices_of, make_receiving_shop, open_of


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_receiving_shop()


def send(api: Api, data: bytes, key: str = "", **query: str) -> tuple[int, Any]:
    words = "&".join(f"{name}={value}" for name, value in query.items())
    headers = {"Authorization": f"Bearer {api.secret}"} | ({"Idempotency-Key": key} if key else {})
    response = api.client.post(
        f"/v1/bank-statements?{words}", data=data, content_type="application/octet-stream", headers=headers
    )
    return response.status_code, json.loads(response.content)


def test_a_file_is_imported_matched_and_known_again(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "200"])
    api = Api("collections")
    file = camt(Entry("119.00", one.number), Entry("238.00", "Danke"))
    status, body = send(api, file, "k1", name="jan.xml")
    assert status == 201
    assert (body["added"], body["matched"]["applied"], body["matched"]["suggested"]) == (2, 1, 1)
    assert (body["statements"][0]["closing_balance"], body["statements"][0]["open_count"]) == ("1357.00", 2)
    assert send(api, file, "k1", name="jan.xml")[1] == body
    status, again = send(api, mt940(Entry("119.00", one.number), Entry("238.00", "Danke")))
    assert (status, again["added"], again["known"]) == (201, 0, 2)
    (waiting,) = api.get("/bank-lines", status="open").body["items"]
    assert waiting["proposals"][0]["allocations"][0]["number"] == two.number
    done = api.post(f"/bank-lines/{waiting['id']}/apply", {"proposal": 0})
    assert (done.body["status"], open_of(two)) == ("matched", 0)
    undone = api.post(f"/bank-lines/{waiting['id']}/unmatch", {"reason": "wrong"})
    assert (undone.body["status"], open_of(two)) == ("open", 238)
    put = [{"invoice": public("invoice", two.id), "amount": "200.00"}]
    by_hand = {"customer": public("customer", shop.customer), "allocations": put}
    assert api.post(f"/bank-lines/{waiting['id']}/apply", by_hand).status == 200
    assert open_of(two) == 38
    assert_laws_hold()


def test_hostile_and_broken_files_are_refused_with_a_code(shop: Shop) -> None:
    api = Api("collections")
    bomb = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>'
    for data in (b"", b"\x00\x01", bomb, camt(Entry("1.00"))[:-40], b"PK\x03\x04broken", b"x" * 1000):
        status, body = send(api, data)
        assert status in (413, 422), body
        assert all(error["code"] and error["message"] for error in body["errors"])
    assert send(Api("seller"), camt())[0] == 403
    abroad = Api("collections", entity_id=shop.world.boston)
    assert send(abroad, camt(Entry("1.00")))[0] == 403
    assert list_lines(Ask(), LineFilter()).items == []


def test_lines_are_ignored_taken_up_and_listed(shop: Shop) -> None:
    api = Api("collections")
    send(api, camt(Entry("-4.90", "Kontoführung"), Entry("5.00", "Zinsen")))
    fee = next(one for one in api.get("/bank-lines", sort="amount").body["items"] if one["amount"] == "-4.90")
    assert api.post(f"/bank-lines/{fee['id']}/apply", {"customer": public("customer", shop.customer)}).codes == [
        "not_a_receipt"
    ]
    assert api.post(f"/bank-lines/{fee['id']}/ignore", {"reason": "fee"}).body["status"] == "ignored"
    assert api.post(f"/bank-lines/{fee['id']}/take-up", {"reason": "no fee"}).body["status"] == "open"
    assert api.post(f"/bank-lines/{fee['id']}/take-up", {"reason": "again"}).codes == ["illegal_transition"]
    assert len(api.get("/bank-lines", receipts=True, q="zinsen").body["items"]) == 1
    assert api.post("/bank-lines/match", {}).body["not_receipts"] == 1
    assert api.get("/bank-lines/bnl_nothing").status == 404


def test_accounts_are_added_and_declared(shop: Shop) -> None:
    api = Api("collections")
    given = {"entity": "DE01", "iban": "DE89370400440532013000", "currency": "EUR", "name": "Zweitkonto"}
    account = api.post("/bank-accounts", given)
    assert account.status == 201
    assert api.post("/bank-accounts", given).codes == ["conflict"]
    assert api.post("/bank-accounts", given | {"iban": "DE00"}).status == 422
    declared = {"auto_apply_confidence": 97, "tolerance_amount": "0.50", "tolerance_rate": "0.01"}
    answer = api.post(f"/bank-accounts/{account.body['id']}/matching", declared)
    assert (answer.body["tolerance_amount"], answer.body["tolerance_rate"]) == ("0.50", "0.01")
    wrong = api.post(f"/bank-accounts/{account.body['id']}/matching", declared | {"auto_apply_confidence": 9})
    assert wrong.fields == ["auto_apply_confidence"]
    assert len(api.get("/bank-accounts").body["items"]) == 1
    assert api.post("/bank-lines/match", {"account": account.body["id"]}).body["applied"] == 0
