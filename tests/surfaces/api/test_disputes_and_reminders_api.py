"""The API of disputes and reminders."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cashline.flow.invoice.invoices.queries import lines_of
from cashline.kernel.identifiers import public
from cashline.platform.clock.actions import make_sandbox
from tests.support.api import Api
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.receive import assert_laws_hold, at, invoice_of, make_receiving_shop, open_of

LATE = date(2026, 2, 20)


@pytest.fixture
def shop(db: Database) -> Shop:
    """A shop on a day long after its invoices of the shared day were due."""
    make_sandbox(frozen_at=at(LATE))
    return make_receiving_shop()


def dispute(row: Any, **changes: Any) -> dict[str, Any]:
    given = {"invoice": public("invoice", row.id), "amount": "59.50", "reason": "damaged", "description": "Broken"}
    return given | changes


def test_a_dispute_is_opened_reviewed_and_credited(shop: Shop) -> None:
    row, api = invoice_of(shop), Api("owner")
    made = api.post("/disputes", dispute(row))
    assert (made.status, made.body["number"], made.body["look_at"]) == (
        Decimal(201),
        "DIS-DE01-2026-000001",
        "fulfilment",
    )
    assert api.post("/disputes", dispute(row, amount="60")).codes == ["dispute_too_large"]
    address = f"/disputes/{made.body['id']}"
    assert api.post(f"{address}/review").body["status"] == "under_review"
    (line,) = lines_of([row.id])[row.id]
    lines = [{"line": public("invoice_line", line.id), "net_amount": "10.00"}]
    assert api.post(f"{address}/credit", {"resolution": "Sorry", "amount": "60"}).codes == ["dispute_too_large"]
    done = api.post(f"{address}/credit", {"resolution": "Sorry", "lines": lines})
    assert (done.body["status"], open_of(row)) == ("resolved_credit", Decimal("107.10"))
    assert api.post(f"{address}/reject", {"reason": "late"}).codes == ["illegal_transition"]
    assert_laws_hold()


def test_a_dispute_is_rejected_reopened_withdrawn_and_found(shop: Shop) -> None:
    row, api = invoice_of(shop), Api("collections")
    address = f"/disputes/{api.post('/disputes', dispute(row)).body['id']}"
    assert api.post(f"{address}/credit", {"resolution": "Sorry"}).status == 403
    assert api.post(f"{address}/reject", {"reason": "As agreed"}).body["resolved_on"] == LATE.isoformat()
    assert api.post(f"{address}/reopen", {"reason": "A picture"}).body["status"] == "under_review"
    assert api.post(f"{address}/withdraw", {"reason": "Mistaken"}).body["status"] == "withdrawn"
    assert len(api.get("/disputes", status="withdrawn", reason="damaged", q=row.number).body["items"]) == 1
    assert api.get("/disputes", status="opened").body["items"] == []
    assert api.post("/disputes", dispute(row, reason="mood")).status == 422
    assert Api("auditor").post("/disputes", dispute(row)).status == 403
    abroad = Api("collections", entity_id=shop.world.boston)
    assert abroad.get(address).status == abroad.post("/disputes", dispute(row)).status == 404


def test_reminders_are_previewed_sent_once_and_shown(shop: Shop) -> None:
    row, api = invoice_of(shop), Api("collections")
    seen = api.post("/reminders/run", {"preview": True})
    assert [one["invoices"][0]["number"] for one in seen.body["letters"]] == [row.number]
    assert Api("auditor").post("/reminders/run", {}).status == 403
    sent = api.post("/reminders/run", {"entity": "DE01"})
    assert len(sent.body["sent"]) == 1
    assert api.post("/reminders/run", {}).body["letters"] == []
    (letter,) = api.get("/reminders").body["items"]
    shown = api.get(f"/reminders/{letter['id']}").body
    assert (shown["level"], shown["reminders"][0]["amount"], shown["total"]) == (1, "119.00", "119.00")
    assert Api("collections", entity_id=shop.world.boston).get("/reminders").body["items"] == []


def test_promises_and_holds_keep_reminders_back(shop: Shop) -> None:
    row, api = invoice_of(shop), Api("collections")
    promise = {"invoice": public("invoice", row.id), "amount": "119.00", "promised_for": "2026-02-25"}
    assert api.post("/promises-to-pay", promise | {"amount": "120"}).fields == ["amount"]
    assert api.post("/promises-to-pay", promise).body["broken"] is False
    skipped = api.post("/reminders/run", {"preview": True}).body["skipped"]
    assert [(one["number"], one["reason"]) for one in skipped] == [(row.number, "promised")]
    assert len(api.get("/promises-to-pay").body["items"]) == 1
    customer = f"/customers/{public('customer', shop.customer)}"
    assert api.post(f"{customer}/hold-reminders", {"until": "2026-01-01", "reason": "x"}).fields == ["until"]
    assert api.post(f"{customer}/hold-reminders", {"until": "2026-03-01", "reason": "Talks"}).status == 200
    skipped = api.post("/reminders/run", {"preview": True}).body["skipped"]
    assert [one["reason"] for one in skipped] == ["on_hold"]
    assert api.post(f"{customer}/lift-reminder-hold").status == 200
    assert api.post(f"{customer}/lift-reminder-hold").status == 404


def test_a_ladder_is_declared_for_an_entity(shop: Shop) -> None:
    invoice_of(shop)
    api = Api("collections")
    usual = {one["entity"]: one["days"] for one in api.get("/reminder-policies").body["items"]}
    assert usual == {"DE01": [3, 14, 28], "US01": [3, 14, 28]}
    late = (LATE - date(2026, 2, 14)).days + 1
    declared = {"days": [late, late + 10], "country": "", "minimums": {"EUR": "5.00"}}
    assert api.post("/reminder-policies/DE01", declared).body["days"] == [late, late + 10]
    assert api.post("/reminders/run", {"preview": True}).body["skipped"][0]["reason"] == "not_yet"
    assert api.post("/reminder-policies/DE01", declared | {"days": [5, 2]}).status == 422
    assert api.post("/reminder-policies/XX", declared).status == 404
