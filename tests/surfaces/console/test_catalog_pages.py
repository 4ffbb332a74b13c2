"""The console's pages of the catalogue."""

from decimal import Decimal

import pytest

from cashline.flow.agree.catalog.queries import price_books, prices_of, products_by_sku
from cashline.kernel.identifiers import public
from tests.support.agree import make_catalog
from tests.support.console import Console

pytestmark = pytest.mark.usefixtures("db")
FORM = {"sku": "CABLE", "kind": "goods", "name": "Cable", "unit": "MTR", "tax_category": "standard", "unit_cost": "1.5"}


def test_a_product_is_created_priced_edited_and_withdrawn() -> None:
    make_catalog()
    person = Console("deal_desk")
    page = person.post("/products/new/", FORM)
    assert "No price yet" in page.words
    row = products_by_sku(["CABLE"])["CABLE"]
    book = next(one for one in price_books() if one.currency == "EUR")
    price = {"price_book": public("price_book", book.id), "unit_price": "2.75", "valid_from": "2026-01-01"}
    page = person.post(page.url + "price/", price)
    assert "The price is set" in page.words
    assert [one.unit_price for one in prices_of(row.id)] == [Decimal("2.75")]
    page = person.post(page.url + "price/", price | {"unit_price": "a lot", "valid_from": ""})
    assert "a lot is not a number" in page.words
    tiered = price | {
        "model": "graduated",
        "unit_price": "",
        "tiers": "100; 2.50; 5\n*; 1.95",
        "valid_from": "2026-07-01",
    }
    page = person.post(page.url + "price/", tiered)
    assert "up to 100: 2.5 a unit and 5. above 100: 1.95 a unit." in page.words
    page = person.post(page.url + "price/", tiered | {"tiers": "100; 2.50"})
    assert "The last tier is without end" in page.words
    page = person.post(page.url + "price/", tiered | {"tiers": "one hundred"})
    assert "Line 1 is no tier" in page.words
    page = person.post(page.url + "price/", price | {"unit_price": ""})
    assert "Give the price" in page.words
    assert person.get(page.url + "edit/").all("//input[@name='unit_cost']/@value") == ["1.5"]
    page = person.post(page.url + "edit/", FORM | {"name": "Cable, grey"})
    assert "Cable, grey" in page.words
    page = person.post(page.url + "active/", {"active": ""})
    assert "No longer sold" in page.words
    assert person.get("/products/options/", q="cable").all("//div[@data-value]") == []


def test_wrong_products_come_back_with_their_errors() -> None:
    make_catalog()
    person = Console("deal_desk")
    page = person.post("/products/new/", FORM | {"sku": "SENSOR-1"})
    assert page.status == 422
    assert page.all("//*[@aria-invalid='true']/@name") == ["sku"]


def test_lists_show_filter_and_export() -> None:
    make_catalog()
    person = Console("auditor")
    assert "PLAT-PRO" in person.get("/products/").words
    assert "PLAT-PRO" not in person.get("/products/", kind="goods").words
    assert person.file("/products/", format="xlsx")[0] == 200
    assert "List USD" in person.get("/price-books/").words
    sensor = products_by_sku(["SENSOR-1"])["SENSOR-1"]
    assert "Set a price" not in person.get(f"/products/{public('product', sensor.id)}/").words


def test_price_books_are_made_once() -> None:
    make_catalog()
    person = Console("deal_desk")
    assert "Partner" in person.post("/price-books/new/", {"name": "Partner", "currency": "eur"}).words
    assert "already" in person.post("/price-books/new/", {"name": "Partner", "currency": "EUR"}).words
    page = person.post("/price-books/new/", {"name": "Shop", "currency": "GBP", "tax_country": "de"})
    assert "includes the tax of Germany" in page.words
