"""The API from catalogue to signed contract: the thread as a program walks it, and each refusal once."""

from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from cashline.kernel.derivations import Derivation
from tests.support.agree import make_catalog
from tests.support.api import Api
from tests.support.world import make_world

pytestmark = pytest.mark.usefixtures("db")
CUSTOMER = {"name": "Nordlicht Werke GmbH", "country": "DE", "currency": "EUR", "email": "ap@nordlicht.example"}
LINES = [
    {"sku": "SENSOR-1", "quantity": "12"},
    {"sku": "PLAT-PRO", "quantity": "12", "interval_months": 1, "term_months": 24, "discount_percent": "5"},
    {"sku": "SETUP-1", "quantity": 2},
]


@pytest.fixture
def api(db: object) -> Api:
    make_world()
    make_catalog()
    return Api()


@pytest.fixture
def new(api: Api) -> dict[str, Any]:
    """The body of a quote."""
    customer = api.post("/customers", CUSTOMER).body["id"]
    return {
        "customer": customer,
        "entity": "DE01",
        "title": "Hall 4",
        "valid_until": "2030-01-31",
        "starts_on": "2026-02-01",
        "lines": LINES,
    }


def test_the_catalogue_is_kept_by_programs(api: Api) -> None:
    product = api.post("/products", {"sku": "CABLE", "name": "Cable", "kind": "goods", "unit": "MTR"})
    assert (product.status, product.body["billing_trigger"]) == (201, "on_shipment")
    key = product.body["id"]
    book = next(one["id"] for one in api.get("/price-books").body["items"] if one["currency"] == "EUR")
    tiers = [{"up_to": "100", "unit_price": "2.50"}, {"unit_price": "1.95"}]
    prices = [
        {"product": key, "valid_from": "2026-01-01", "unit_price": "2.75"},
        {"product": key, "valid_from": "2026-07-01", "charge": {"model": "volume", "tiers": tiers}},
    ]
    assert api.post(f"/price-books/{book}/prices", {"prices": prices}).status == 201
    first, second = api.get(f"/products/{key}/prices").body["items"]
    assert (first["valid_until"], second["valid_until"]) == ("2026-07-01", None)
    assert second["charge"]["model"] == "volume"
    assert api.send("patch", f"/products/{key}", {"active": False}).body["active"] is False
    wrong = {"product": key, "valid_from": "2026-01-01", "unit_price": "1", "charge": {"model": "flat", "price": "1"}}
    assert api.post(f"/price-books/{book}/prices", {"prices": [wrong]}).fields == ["prices.0.unit_price"]
    assert api.post("/products", {"sku": "CABLE", "name": "Again", "kind": "goods"}).codes == ["conflict"]
    assert api.post("/price-books", {"name": "Partner", "currency": "EUR"}).body["is_default"] is False
    assert [one["sku"] for one in api.get("/products", kind="service", sort="sku").body["items"]] == ["SETUP-1"]


CHARGES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"model": "percentage", "price": "1.3", "fixed_fee": "2", "free_events": 1},
        {"payments": ["50", "100", "250"]},
        "8.55",
    ),
    (
        {
            "model": "graduated_percentage",
            "tiers": [{"up_to": "1000", "percent": "1", "flat_fee": "200"}, {"percent": "2"}],
        },
        {"parts": ["500", "550"]},
        "211.00",
    ),
    (
        {
            "model": "matrix",
            "default_price": "4",
            "rows": [{"when": {"region": "eu"}, "unit_price": "2"}],
            "conversion": {"divide_by": "1000", "round": "up"},
        },
        {"quantity": "1500", "attributes": {"region": "eu"}},
        "4.00",
    ),
    (
        {"model": "formula", "formula": "min(quantity * rate, 50)", "parameters": {"rate": "0.125"}, "minimum": "10"},
        {"quantity": "100"},
        "12.50",
    ),
    (
        {"model": "overage", "price": "99", "included_units": "100", "tiers": [{"unit_price": "0.5"}]},
        {"quantity": "110"},
        "104.00",
    ),
    (
        {"model": "volume_prorated", "tiers": [{"up_to": "10", "unit_price": "5"}, {"unit_price": "4"}]},
        {"changes": [{"units": "12", "prorated_units": "6"}]},
        "24.00",
    ),
    (
        {"model": "unit", "price": "3", "free_units": "1"},
        {"items": [{"item": "a"}, {"item": "a"}, {"item": "b"}]},
        "3.00",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("charge", "usage", "amount"), CHARGES)
def test_every_charge_is_stored_and_previewed(
    api: Api, charge: dict[str, Any], usage: dict[str, Any], amount: str
) -> None:
    key = api.post("/products", {"sku": "METER", "name": "Meter", "kind": "subscription"}).body["id"]
    book = next(one["id"] for one in api.get("/price-books").body["items"] if one["currency"] == "EUR")
    price = {"product": key, "interval_months": 1, "valid_from": "2026-01-01", "charge": charge}
    assert api.post(f"/price-books/{book}/prices", {"prices": [price]}).status == 201
    assert api.get(f"/products/{key}/prices").body["items"][0]["words"]
    ask = {"currency": "EUR", "interval_months": 1, "day": "2026-02-01"}
    found = api.post(f"/products/{key}/price-preview", ask | usage)
    assert (found.status, found.body["amount"]) == (200, amount)
    assert Derivation.from_json(found.body["derivation"]).breaks() == []
    assert api.post(f"/products/{key}/price-preview", ask | usage | {"day": "2025-02-01"}).status == 404


def test_all_that_is_wrong_with_charges_comes_at_once(api: Api) -> None:
    key = api.post("/products", {"sku": "METER", "name": "Meter", "kind": "subscription"}).body["id"]
    book = next(one["id"] for one in api.get("/price-books").body["items"] if one["currency"] == "EUR")
    charges = [
        {"model": "formula", "formula": "quantity +"},
        {"model": "graduated", "tiers": [{"up_to": "5", "unit_price": "1"}], "formula": "1"},
    ]
    prices = [{"product": key, "interval_months": 1, "valid_from": "2026-01-01", "charge": one} for one in charges]
    assert api.post(f"/price-books/{book}/prices", {"prices": prices}).fields == [
        "prices.0.charge.formula",
        "prices.1.charge.formula",
    ]


def test_from_quote_to_signed_contract(api: Api, new: dict[str, Any]) -> None:
    preview = api.post("/quotes/preview", new).body
    made = api.post("/quotes", new)
    assert made.status == 201
    assert Decimal(made.body["net_total"]) == Decimal(preview["net_total"]) == Decimal("16874.40")
    assert [line["derivation"] for line in preview["lines"]] == [line["derivation"] for line in made.body["lines"]]
    key = made.body["id"]
    changed = api.send("put", f"/quotes/{key}", {k: new[k] for k in new if k not in ("customer", "entity")})
    assert changed.body["net_total"] == made.body["net_total"]
    assert api.get(f"/quotes/{key}/pdf").status == 404
    sent = api.post(f"/quotes/{key}/send")
    assert (sent.status, sent.body["status"]) == (200, "sent")
    assert api.get(f"/quotes/{key}/pdf").content.startswith(b"%PDF")
    accepted = api.post(f"/quotes/{key}/accept", {"name": "Bea Buyer", "email": "bea@nordlicht.example"})
    assert accepted.body["status"] == "accepted"
    (agreement,) = api.get("/agreements", customer=new["customer"]).body["items"]
    assert (agreement["status"], agreement["quote"]) == ("draft", key)
    signers = {"signers": [{"name": "Bea Buyer", "email": "bea@nordlicht.example"}]}
    out = api.post(f"/agreements/{agreement['id']}/send-for-signature", signers).body
    signature = {
        "token": out["tokens"][0],
        "typed_name": "Bea Buyer",
        "consent": "I sign.",
        "ip_address": "203.0.113.7",
    }
    signed = api.post("/signatures/sign", signature)
    assert (signed.status, signed.body["status"]) == (200, "active")
    assert signed.body["signatures"][0]["evidence"]["channel"].startswith("API (key:")
    seal = api.get(f"/agreements/{agreement['id']}/seal").body
    assert (seal["intact"], seal["problems"]) == (True, [])
    pdf = api.get(f"/agreements/{agreement['id']}/pdf")
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf.content)).pages)
    assert "203.0.113.7" in text
    assert api.get(f"/agreements/{agreement['id']}", as_of="2020-01-01").body["lines"] == []
    assert api.post("/signatures/sign", signature).codes == ["illegal_transition"]


def test_a_large_discount_is_approved_by_another_key(api: Api, new: dict[str, Any]) -> None:
    seller = Api("seller")
    made = seller.post("/quotes", {**new, "discount_percent": "20"})
    key = made.body["id"]
    refused = seller.post(f"/quotes/{key}/send")
    assert (refused.status, refused.codes) == (409, ["approval_needed"])
    assert seller.post(f"/quotes/{key}/submit").body["status"] == "in_approval"
    assert seller.post(f"/quotes/{key}/approve").status == 403
    assert api.post(f"/quotes/{key}/reject").fields == ["comment"]
    assert api.post(f"/quotes/{key}/approve", {"comment": "ok"}).body["status"] == "approved"
    assert seller.post(f"/quotes/{key}/send").body["status"] == "sent"
    assert api.post(f"/quotes/{key}/revise", {}).body["version"] == 2
    versions = api.get(f"/quotes/{key}/versions").body["items"]
    assert [(one["version"], one["sent_at"] is not None) for one in versions] == [(1, True), (2, False)]
    assert api.post(f"/quotes/{key}/cancel", {"reason": "lost"}).body["status"] == "cancelled"


def test_the_customers_no_and_the_signers_no(api: Api, new: dict[str, Any]) -> None:
    key = api.post("/quotes", new).body["id"]
    api.post(f"/quotes/{key}/send")
    assert api.post(f"/quotes/{key}/decline", {"reason": "too dear"}).body["status"] == "declined"
    other = api.post("/quotes", new).body["id"]
    api.post(f"/quotes/{other}/send")
    api.post(f"/quotes/{other}/accept", {"name": "Bea", "email": "bea@nordlicht.example"})
    agreement = api.get("/agreements").body["items"][0]["id"]
    signers = {"signers": [{"name": "Bea", "email": "bea@nordlicht.example"}]}
    token = api.post(f"/agreements/{agreement}/send-for-signature", signers).body["tokens"][0]
    assert api.post("/signatures/decline", {"token": token, "reason": "wrong"}).body["status"] == "declined"
    assert api.post(f"/agreements/{agreement}/recall", {"reason": "again"}).body["status"] == "draft"
    assert api.post(f"/agreements/{agreement}/cancel", {"reason": "over"}).body["status"] == "cancelled"
    assert api.post("/signatures/sign", {"token": "nope", "typed_name": "x", "consent": "x"}).status == 404


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"lines": []}, ["lines"]),
        ({"lines": [{"sku": "SENSOR-1", "quantity": "1e30"}]}, ["lines.0.quantity"]),
        ({"lines": [{"sku": "SENSOR-1", "quantity": "-1"}]}, ["lines.0.quantity"]),
        ({"lines": [{"sku": "SENSOR-1", "quantity": "NaN"}]}, ["lines.0.quantity"]),
        ({"lines": [{"sku": "GONE", "quantity": "1"}, {"sku": "PLAT-PRO", "quantity": "1", "interval_months": 7}]},
         ["lines.0.sku", "lines.1.interval_months"]),
        ({"valid_until": "31.01.2030"}, ["valid_until"]),
        ({"valid_until": "1999-01-01"}, ["valid_until"]),
        ({"discount_percent": "100.00001"}, ["discount_percent"]),
        ({"customer": "cus_00000000000000000000000000"}, ["customer_id"]),
        ({"customer": "inv_1"}, ["id"]),
        ({"entity": "XX99"}, ["entity"]),
        ({"price_book": "pbk_00000000000000000000000000"}, ["price_book_id"]),
        ({"title": "x" * 201}, ["title"]),
        ({"status": "sent"}, ["status"]),
    ],
)  # fmt: skip
def test_bad_quotes_are_refused_with_their_fields(
    api: Api, new: dict[str, Any], change: dict[str, Any], fields: list[str]
) -> None:
    answer = api.post("/quotes", new | change)
    assert answer.status in (404, 422)
    assert answer.fields == fields
    assert api.get("/quotes").body["items"] == []


def test_another_entity_s_quotes_are_not_there(api: Api, new: dict[str, Any]) -> None:
    key = api.post("/quotes", new).body["id"]
    boston = next(one["id"] for one in api.get("/entities").body["items"] if one["code"] == "US01")
    from cashline.kernel.identifiers import key_of

    stranger = Api("owner", key_of("entity", boston))
    assert stranger.get("/quotes").body["items"] == []
    assert stranger.get(f"/quotes/{key}").status == 404
    assert stranger.post(f"/quotes/{key}/send").status == 404
    assert stranger.post("/quotes", new).status == 403
