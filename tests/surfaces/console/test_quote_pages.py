"""The console's pages of quotes: the builder with its live preview, and every step of the document."""

from decimal import Decimal
from typing import Any

import pytest

from cashline.flow.agree.quotes import queries
from cashline.kernel.identifiers import key_of, public
from tests.support.agree import make_catalog, make_customer
from tests.support.api import Api
from tests.support.console import Console, Seen
from tests.support.world import World, make_world

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def world(db: object) -> World:
    made = make_world()
    make_catalog()
    return made


@pytest.fixture
def form(world: World) -> dict[str, Any]:
    """The builder as a seller fills it in."""
    return {
        "customer": public("customer", make_customer()),
        "entity": "DE01",
        "title": "Hall 4",
        "valid_until": "2030-01-31",
        "starts_on": "2026-02-01",
        "discount_percent": "",
        "lines-0-sku": "SENSOR-1",
        "lines-0-quantity": "12",
        "lines-3-sku": "PLAT-PRO",
        "lines-3-quantity": "12",
        "lines-3-interval_months": "1",
        "lines-3-term_months": "24",
        "lines-3-discount_percent": "5",
    }


def quote_of(page: Seen) -> queries.QuoteRow:
    return queries.quote(key_of("quote", page.url.split("/")[2]))


def test_the_builder_previews_saves_and_edits(form: dict[str, Any]) -> None:
    seller = Console("seller")
    empty = seller.get("/quotes/new/", customer=form["customer"])
    assert empty.all("//input[@name='customer']/@value") == [form["customer"]]
    assert empty.all("//aside/@hx-post") == ["/quotes/preview/"]
    preview = seller.post("/quotes/preview/", form, part="form-preview")
    assert "€14,474.40" in preview.words
    assert "is within your authority of 10 %" in preview.words
    assert preview.all("//form") == []
    page = seller.post("/quotes/new/", form)
    row = quote_of(page)
    assert (row.net_total, row.owner_id) == (Decimal("14474.40"), seller.user_id)
    assert "€14,474.40" in page.words
    edit = seller.get(page.url + "edit/")
    assert edit.all("//input[@name='lines-1-sku']/@value") == ["PLAT-PRO"]
    assert edit.all("//input[@id='f-lines-1-sku']/@value") == ["Monitoring platform Pro"]
    assert "€14,474.40" in edit.words
    page = seller.post(page.url + "edit/", form | {"discount_percent": "2.5", "lines-0-quantity": "10"})
    assert queries.quote(row.id).net_total == Decimal("13939.11")


def test_editing_keeps_the_texts_of_the_lines(form: dict[str, Any]) -> None:
    seller, api = Console("seller"), Api()
    lines = [{"sku": "SENSOR-1", "quantity": 1, "description": f"Sensor {place}"} for place in ("north", "south")]
    body = {name: form[name] for name in ("customer", "entity", "title", "valid_until", "starts_on")}
    url = f"/quotes/{api.post('/quotes', body | {'lines': lines}).body['id']}/"
    page = seller.post(url + "edit/", form | {"lines-1-sku": "SENSOR-1", "lines-1-quantity": "3"})
    for words in ("Sensor north", "Sensor south", "Monitoring platform Pro"):
        assert words in page.words


def test_the_preview_tells_what_is_wrong_and_what_would_pass(form: dict[str, Any]) -> None:
    seller = Console("seller")
    words = seller.post("/quotes/preview/", form | {"discount_percent": "20", "lines-0-sku": "GONE"}).words
    assert "Line 1: There is no product 'GONE' to sell." in words
    assert "another person must approve it" in words
    assert "A document discount of 5.26 % would need no approval." in words
    assert "Choose a customer" in seller.post("/quotes/preview/", form | {"customer": ""}).words
    assert seller.post("/quotes/preview/", {"customer": form["customer"], "entity": "DE01"}).status == 200


def test_wrong_lines_come_back_beside_themselves(form: dict[str, Any]) -> None:
    page = Console("seller").post("/quotes/new/", form | {"lines-0-quantity": "many", "title": ""})
    assert page.status == 422
    assert page.all("//*[@aria-invalid='true']/@name") == ["title", "lines-0-quantity"]
    page = Console("seller", email="b@example.com").post("/quotes/new/", form | {"lines-3-interval_months": "3"})
    assert page.all("//*[@aria-invalid='true']/@name") == ["lines-1-interval_months"]
    assert page.all("//input[@id='f-customer']/@value") == ["Nordlicht Werke GmbH"]


def test_a_large_discount_walks_through_a_second_person(form: dict[str, Any]) -> None:
    seller, desk = Console("seller"), Console("deal_desk")
    page = seller.post("/quotes/new/", form | {"discount_percent": "20"})
    url = page.url
    assert page.all("//button[normalize-space()='Send']") == []
    assert "you may give 10 %" in seller.post(url + "send/").words
    page = seller.post(url + "submit/")
    assert "waits for approval" in page.words
    page = desk.post(url + "reject/", {"comment": ""})
    assert "Say why" in page.words
    page = desk.post(url + "reject/", {"comment": "too much"})
    assert "said no" in seller.get(url).words
    seller.post(url + "submit/")
    page = desk.post(url + "approve/", {"comment": "fine"})
    assert "The quote is approved" in page.words
    page = seller.post(url + "send/")
    assert "on its way" in page.words
    status, content, media_type = seller.file(url + "versions/1/pdf/")
    assert (status, media_type, content[:4]) == (200, "application/pdf", b"%PDF")
    page = seller.post(url + "accept/", {"name": "Bea", "email": "bea@nordlicht.example"})
    assert "its contract is drafted" in page.words
    assert page.all("//a[contains(text(), 'AGR-DE01') or .//*[contains(text(), 'AGR-DE01')]]")
    assert "Cannot accept" in seller.post(url + "accept/", {"name": "B", "email": "b@n.example"}).words


def test_versions_and_derivations_can_be_looked_at(form: dict[str, Any]) -> None:
    seller = Console("seller")
    page = seller.post("/quotes/new/", form)
    url = page.url
    seller.post(url + "send/")
    seller.post(url + "revise/")
    seller.post(url + "edit/", form | {"lines-0-quantity": "1"})
    assert "€13,495.40" in seller.get(url).words
    old = seller.get(url, version="1")
    assert "€14,474.40" in old.words
    assert "This is version 1" in old.words
    row = quote_of(page)
    line = queries.version_lines([row.version_id])[0]
    why = seller.get(f"{url}lines/{public('quote_line', line.id)}/why/")
    assert "round(quantity * unit_price, digits) * intervals" in why.words
    other = seller.post("/quotes/new/", form)
    assert seller.get(f"{other.url}lines/{public('quote_line', line.id)}/why/").status == 404


def test_lists_filter_by_state_value_and_day(form: dict[str, Any]) -> None:
    seller = Console("seller")
    seller.post("/quotes/new/", form)
    seller.post("/quotes/new/", form | {"title": "Small", "lines-3-quantity": "1", "valid_until": "2027-01-01"})
    assert "Small" in seller.get("/quotes/").words
    assert "Small" not in seller.get("/quotes/", net_total_min="10000").words
    assert "Hall 4" not in seller.get("/quotes/", valid_until_to="2027-06-30").words
    assert "Small" not in seller.get("/quotes/", status="sent").words
    assert seller.file("/quotes/", format="csv")[1].count(b"QUO-DE01") == 2


def test_another_entity_s_quotes_are_not_there(form: dict[str, Any], world: World) -> None:
    page = Console("seller").post("/quotes/new/", form)
    stranger = Console("seller", email="stranger@example.com", entity_id=world.boston)
    assert stranger.get(page.url).status == 404
    assert stranger.post(page.url + "send/").status == 404
    assert "Hall 4" not in stranger.get("/quotes/").words
    assert stranger.post("/quotes/new/", form).status in (404, 422)
