"""The API of bill runs, invoices, credit notes and tax rates: once for each outcome."""

from decimal import Decimal

import pytest

from cashline.flow.book.orders.queries import order as order_row
from cashline.flow.invoice.billing.jobs import advance_runs
from cashline.flow.invoice.invoices.queries import lines_of
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import new_id, public
from cashline.platform import sql
from tests.support.api import Api
from tests.support.book import book, line, ship
from tests.support.invoice import make_billing_shop, ship_and_bill
from tests.support.world import ACTOR, NOW

pytestmark = pytest.mark.usefixtures("db")


def test_a_run_is_previewed_begun_carried_out_and_shown() -> None:
    shop, api = make_billing_shop(), Api()
    ship(book(shop, line("SENSOR-1", 2)), book(shop, line("SENSOR-1", 1)))
    preview = api.post("/bill-run-previews", {"as_of": "2030-01-15"})
    assert (preview.status, preview.codes) == (422, ["too_far_ahead"])
    asked = {"as_of": "2026-01-15"}
    preview = api.post("/bill-run-previews", asked)
    assert (preview.status, preview.body["due"], preview.body["looked_at"]) == (200, 2, 2)
    assert preview.body["totals"][0]["gross"] == "317.73"
    assert {item["id"] for item in preview.body["documents"]} == {None}
    begun = api.post("/bill-runs", asked)
    assert (begun.status, begun.body["status"], begun.body["due"], begun.body["done"]) == (202, "running", 2, 0)
    key = begun.body["id"]
    assert api.post("/bill-runs", asked).body["id"] == key
    assert api.post(f"/bill-runs/{key}/stop").body["status"] == "stopped"
    assert api.post(f"/bill-runs/{key}/stop").codes == ["illegal_transition"]
    assert api.post(f"/bill-runs/{key}/resume").body["status"] == "running"
    advance_runs(now=NOW, actor=ACTOR)
    shown = api.get(f"/bill-runs/{key}").body
    assert (shown["status"], shown["invoices"], shown["hash"]) == ("completed", 2, preview.body["hash"])
    assert [item["id"] for item in api.get("/bill-runs", status="completed").body["items"]] == [key]
    assert len(api.get("/invoices", bill_run_id=key).body["items"]) == 2
    assert api.get(f"/bill-runs/{public('bill_run', new_id())}").status == 404


def test_a_run_waits_for_an_approval_and_is_taken_back() -> None:
    shop, api = make_billing_shop(), Api()
    ship(book(shop, line("SENSOR-1", 2)))
    assert api.post("/entities/DE01/billing-policy", {"approval": True, "bills": 99}).fields == ["bills"]
    assert api.post("/entities/DE01/billing-policy", {"approval": True, "tolerance": "30"}).status == 200
    shown = api.get("/entities/DE01/billing-policy").body
    assert (shown["approval"], shown["tolerance"], shown["first_limit"], shown["gated"]) == (True, "30", None, False)
    key = api.post("/bill-runs", {"as_of": "2026-01-15"}).body["id"]
    advance_runs(now=NOW, actor=ACTOR)
    shown = api.get(f"/bill-runs/{key}").body
    assert (shown["status"], shown["invoices"], shown["hash"]) == ("previewed", 1, shown["proposed_hash"])
    assert api.post(f"/bill-runs/{key}/approve").codes == ["same_person"]
    sql.execute("UPDATE bill_runs SET started_by = 'system:schedule'")
    assert api.post(f"/bill-runs/{key}/approve").body["status"] == "running"
    advance_runs(now=NOW, actor=ACTOR)
    shown = api.get(f"/bill-runs/{key}").body
    assert (shown["status"], shown["hash"]) == ("completed", shown["proposed_hash"])
    assert api.post(f"/bill-runs/{key}/discard").codes == ["illegal_transition"]
    assert api.post(f"/bill-runs/{key}/reverse", {}).fields == ["reason"]
    assert api.post(f"/bill-runs/{key}/reverse", {"reason": "Wrong rate"}).body["status"] == "reversing"
    advance_runs(now=NOW, actor=ACTOR)
    shown = api.get(f"/bill-runs/{key}").body
    assert (shown["status"], shown["reversed_invoices"], shown["reversal_reason"]) == ("reversed", 1, "Wrong rate")
    second = api.post("/bill-runs", {"as_of": "2026-01-15"}).body["id"]
    assert api.post(f"/bill-runs/{second}/discard").body["status"] == "discarded"


def test_a_bill_that_waits_is_shown_refused_and_released() -> None:
    shop, api = make_billing_shop(), Api()
    order_id = book(shop, line("SENSOR-1", 2))
    ship(order_id)
    api.post("/entities/DE01/billing-policy", {"gated": True, "first_limit": "100.00"})
    key = public("agreement", order_row(order_id).agreement_id)
    billed = api.post(f"/agreements/{key}/bill", {"as_of": "2026-01-15"}).body
    assert (billed["invoices"], billed["exceptions"][0]["code"]) == (0, "held_large_first")
    (held,) = api.get("/waiting-bills", status="waiting", cause="large_first").body["items"]
    assert (held["net"], held["gross"], held["upper"], held["agreement_id"]) == ("178.00", "211.82", "100.00", key)
    assert held["words"] == "€178.00 is above €100.00, the limit for bills that nothing can be compared with."
    path = f"/waiting-bills/{held['id']}"
    assert api.get(path).body["lines"] == [
        {"description": "Vibration sensor", "quantity": "2", "unit_price": "89", "net": "178.00", "period": None}
    ]
    assert api.post(f"{path}/refuse", {}).fields == ["reason"]
    assert api.post(f"{path}/refuse", {"reason": "Wrong price"}).body["status"] == "refused"
    assert api.post(f"{path}/refuse", {"reason": "Wrong price"}).codes == ["illegal_transition"]
    assert api.get("/waiting-bills", status="billed").body["items"] == []
    released = api.post(f"{path}/release", {"reason": "It is right"}).body
    assert (released["status"], released["invoice_id"][:4]) == ("billed", "inv_")
    assert api.get(f"/waiting-bills/{public('waiting_bill', new_id())}").status == 404


def test_an_agreement_is_held_by_hand() -> None:
    shop, api = make_billing_shop(), Api()
    order_id = book(shop, line("SENSOR-1", 2))
    ship(order_id)
    key = public("agreement", order_row(order_id).agreement_id)
    held = api.post(f"/agreements/{key}/hold-bills", {"reason": "In dispute"}).body
    assert (held["cause"], held["agreement_id"]) == ("by_hand", key)
    assert api.post("/bill-run-previews", {"as_of": "2026-01-15"}).body["exceptions"][0]["message"] == "In dispute"


def test_one_agreement_is_billed_at_once() -> None:
    shop, api = make_billing_shop(), Api()
    order_id = book(shop, line("SENSOR-1", 2))
    ship(order_id)
    key = public("agreement", order_row(order_id).agreement_id)
    billed = api.post(f"/agreements/{key}/bill", {"as_of": "2026-01-15"})
    assert (billed.status, billed.body["invoices"]) == (200, 1)
    assert billed.body["documents"][0]["id"].startswith("inv_")
    assert api.post(f"/agreements/{key}/bill", {"as_of": "2026-01-15"}).body["invoices"] == 0


def test_an_invoice_is_listed_shown_explained_and_downloaded() -> None:
    shop, api = make_billing_shop(), Api()
    row = ship_and_bill(shop, line("SENSOR-1", 3, discount_percent=Decimal(10)))
    ship_and_bill(shop, line("SENSOR-1", 1))
    first = api.get("/invoices", sort="gross_total", limit=1).body
    assert [item["gross_total"] for item in first["items"]] == ["105.91"]
    rest = api.get("/invoices", sort="gross_total", limit=1, cursor=first["next_cursor"]).body
    key = rest["items"][0]["id"]
    assert key == public("invoice", row.id)
    for state, count in (("open", 2), ("overdue", 2), ("paid", 0), ("void", 0)):
        assert len(api.get("/invoices", state=state).body["items"]) == count, state
    assert api.get("/invoices", state="lost").fields == ["state.0"]
    assert api.get("/receivables").body["items"] == [
        {"currency": "EUR", "invoices": 2, "open_amount": "391.87", "overdue_amount": "391.87"}
    ]
    shown = api.get(f"/invoices/{key}").body
    assert (shown["net_total"], shown["tax_total"], shown["gross_total"]) == ("240.30", "45.66", "285.96")
    assert shown["lines"][0]["unit_price"] == "80.1"
    assert shown["taxes"][0] == {
        "code": "S", "rate": "19", "base": "240.30", "tax": "45.66", "discount": "0.00", "reason": "",
        "reason_code": "", "basis": "Supplied within DE, standard rate of DE on 2026-01-15",
    }  # fmt: skip
    amounts = {item["name"]: item for item in api.get(f"/invoices/{key}/explain").body["amounts"]}
    assert list(amounts) == ["line-1", "tax-S-19", "net", "tax", "gross"]
    for item in amounts.values():
        derivation = Derivation.from_json(item["derivation"])
        assert derivation.breaks() == []
        assert f"{derivation.result:.2f}" == item["amount"]
    assert amounts["line-1"]["words"] == "3 × €80.10 was delivered: €240.30."
    for form, start in (("pdf", b"%PDF"), ("ubl", b"<?xml"), ("cii", b"<?xml")):
        file = api.get(f"/invoices/{key}/{form}")
        assert (file.status, file.content[: len(start)]) == (200, start)
        assert file.headers["Content-Disposition"].startswith(f'attachment; filename="{row.number}')
    assert api.get(f"/invoices/{key}/doc").status == 404
    assert api.get(f"/invoices/{public('invoice', new_id())}").codes == ["not_found"]
    assert api.get("/invoices/nonsense").status == 404


def test_a_credit_note_is_previewed_given_shown_and_never_too_much() -> None:
    shop, api = make_billing_shop(), Api()
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    invoice_line = public("invoice_line", lines_of([row.id])[row.id][0].id)
    asked = {
        "invoice_id": public("invoice", row.id),
        "reason": "One was broken",
        "lines": [{"invoice_line_id": invoice_line, "net_amount": "89.00"}],
    }
    preview = api.post("/credit-note-previews", asked)
    assert (preview.body["gross_total"], preview.body["settles"]) == ("105.91", "105.91")
    given = api.post("/credit-notes", asked)
    assert (given.status, given.body["gross_total"], given.body["cause"]) == (201, "105.91", "concession")
    assert given.body["lines"][0]["quantity"] == "1"
    key = given.body["id"]
    assert api.get("/credit-notes", q="broken").body["items"][0]["id"] == key
    too_much = api.post("/credit-notes", asked | {"lines": [{"invoice_line_id": invoice_line, "net_amount": "90"}]})
    assert (too_much.status, too_much.fields) == (422, ["lines.0.net_amount"])
    assert api.post("/credit-notes", asked | {"lines": []}).fields == ["lines"]
    assert api.post("/credit-notes", asked | {"reason": ""}).fields == ["reason"]
    float_amount = '{"invoice_id": "%s", "reason": "x", "lines": [{"invoice_line_id": "%s", "net_amount": 1e400}]}'
    assert api.post("/credit-notes", float_amount % (asked["invoice_id"], invoice_line)).status == 422
    amounts = api.get(f"/credit-notes/{key}/explain").body["amounts"]
    assert all(Derivation.from_json(item["derivation"]).breaks() == [] for item in amounts)
    assert api.get(f"/credit-notes/{key}/pdf").content.startswith(b"%PDF")
    assert api.get(f"/credit-notes/{key}/ubl").content.startswith(b"<?xml")
    void = api.post(f"/invoices/{asked['invoice_id']}/void", {"reason": "Wrong buyer"})
    assert (void.status, void.body["gross_total"], void.body["cause"]) == (201, "105.91", "void")
    assert api.get(f"/invoices/{asked['invoice_id']}").body["status"] == "void"
    assert api.post(f"/invoices/{asked['invoice_id']}/void", {"reason": "Again"}).codes == ["illegal_transition"]


def test_the_same_key_credits_once() -> None:
    shop, api = make_billing_shop(), Api()
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    asked = {"invoice_id": public("invoice", row.id), "reason": "Late"}
    answers = [api.post("/credit-notes", asked, key="credit-1") for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body
    assert len(api.get("/credit-notes").body["items"]) == 1


def test_tax_rates_are_put_on_file() -> None:
    make_billing_shop()
    api = Api()
    new = {"country": "IT", "category": "standard", "percent": "22", "since": "2020-01-01"}
    made = api.post("/tax-rates", new)
    assert (made.status, made.body["percent"], made.body["until"]) == (201, "22", None)
    api.post("/tax-rates", new | {"percent": "23.5", "since": "2026-07-01"})
    rates = api.get("/tax-rates", country="IT").body["items"]
    assert [(item["percent"], item["since"], item["until"]) for item in rates] == [
        ("23.5", "2026-07-01", None),
        ("22", "2020-01-01", "2026-07-01"),
    ]
    assert api.post("/tax-rates", new).codes == ["invalid_tax_rate"]
    assert set(api.post("/tax-rates", {"country": "Italy", "percent": "100"}).fields) == {
        "country", "category", "percent", "since",
    }  # fmt: skip


def test_permissions_are_asked_by_legal_entity() -> None:
    shop = make_billing_shop()
    row = ship_and_bill(shop, line("SENSOR-1", 1))
    assert row.agreement_id is not None
    key = public("invoice", row.id)
    auditor, american = Api("auditor"), Api("billing", entity_id=shop.world.boston)
    assert auditor.get(f"/invoices/{key}").status == 200
    assert auditor.post("/bill-runs", {"as_of": "2026-01-15"}).codes == ["forbidden"]
    assert auditor.post("/credit-notes", {"invoice_id": key, "reason": "x"}).codes == ["forbidden"]
    assert auditor.post(
        "/tax-rates", {"country": "IT", "category": "zero", "percent": "0", "since": "2020-01-01"}
    ).codes == ["forbidden"]
    assert american.get("/invoices").body["items"] == []
    assert american.get(f"/invoices/{key}").status == 404
    assert american.get(f"/invoices/{key}/pdf").status == 404
    assert american.post("/credit-notes", {"invoice_id": key, "reason": "x"}).status == 404
    item = {"description": "Training", "unit_price": "10"}
    theirs = {"customer_id": public("customer", shop.customer), "agreement_id": public("agreement", row.agreement_id)}
    for other in ({"entity": "US01", "currency": "EUR"}, {"entity": "US01", "currency": "USD"}):
        assert american.post("/invoices", theirs | other | {"items": [item]}).status == 404
        assert american.post("/invoice-previews", theirs | other | {"items": [item]}).status == 404
    dollars = theirs | {"entity": "DE01", "currency": "USD", "items": [item]}
    assert Api().post("/invoices", dollars).fields == ["agreement_id"]
    assert american.post("/bill-runs", {"as_of": "2026-01-15"}).status == 404
    assert american.post("/bill-runs", {"as_of": "2026-01-15", "entity": "DE01"}).codes == ["forbidden"]
    assert american.post("/bill-runs", {"as_of": "2026-01-15", "entity": "US01"}).status == 202
