"""The console's pages of Book: lists, documents, entry by hand with its preview, files with every error, credit."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cashline.flow.book.credit.actions import set_limit
from cashline.flow.book.credit.queries import credit_of
from cashline.flow.book.orders import queries
from cashline.kernel.identifiers import public
from cashline.platform import sql
from tests.support.book import Shop, book, line, make_shop, order, place, ship
from tests.support.console import Console
from tests.support.world import ACTOR, NOW


@pytest.fixture
def shop(db: object) -> Shop:
    return make_shop(sensors=10)


@pytest.fixture
def form(shop: Shop) -> dict[str, Any]:
    """The entry form as the order desk fills it in."""
    return {
        "customer": public("customer", shop.customer),
        "entity": "DE01",
        "external_reference": "PO-9",
        "lines-0-sku": "SENSOR-1",
        "lines-0-quantity": "2",
        "lines-4-sku": "PLAT-PRO",
        "lines-4-quantity": "3",
        "lines-4-interval_months": "1",
        "lines-4-term_months": "12",
    }


def count(table: str) -> int:
    row = sql.fetch_one(f"SELECT count(*) FROM {table}")
    assert row is not None
    return int(row[0])


def test_an_order_is_previewed_entered_and_found(shop: Shop, form: dict[str, Any]) -> None:
    desk = Console("order_desk")
    empty = desk.get("/orders/new/", customer=form["customer"])
    assert empty.all("//input[@name='customer']/@value") == [form["customer"]]
    preview = desk.post("/orders/preview/", form, part="form-preview")
    assert "€1,942.00" in preview.words
    assert "It would be booked at once." in preview.words
    assert count("orders") == 0
    page = desk.post("/orders/new/", form)
    assert "The order is booked." in page.words
    assert "ORD-DE01-2026-000001" in page.words
    assert "0/2" in page.words.replace(" ", "")
    listed = desk.get("/orders/", q="PO-9")
    assert "Nordlicht Werke GmbH" in listed.words
    assert "No orders" not in listed.words
    assert "ORD-DE01" not in desk.get("/orders/", status="cancelled").words
    status, content, kind = desk.file("/orders/", format="csv")
    assert (status, kind.split(";")[0]) == (200, "text/csv")
    assert b"PO-9" in content
    again = desk.post("/orders/new/", form | {"idempotency_key": "another"})
    assert "This order was booked before." in again.words
    assert count("orders") == 1


def test_everything_wrong_with_an_entry_is_said_at_its_field(shop: Shop, form: dict[str, Any]) -> None:
    desk = Console("order_desk")
    wrong = form | {"lines-0-sku": "NOPE", "lines-4-term_months": "7", "lines-4-interval_months": "3"}
    page = desk.post("/orders/new/", wrong)
    assert page.status == 422
    assert "There is no product 'NOPE'." in page.words
    assert "A term of 7 months does not hold whole intervals of 3 months." in page.words
    notices = desk.post("/orders/preview/", wrong, part="form-preview")
    assert "Check the SKU in the catalogue" in notices.words
    missing = desk.post("/orders/new/", {})
    assert missing.status == 422
    assert "Choose a customer" in desk.post("/orders/preview/", {}, part="form-preview").words
    cheap = form | {"lines-0-unit_price": "1"}
    assert "more than 0 % below the list price of 89" in desk.post("/orders/new/", cheap).words
    assert count("orders") == 0


def test_held_orders_are_shown_released_and_cancelled(shop: Shop) -> None:
    set_limit(customer_id=shop.customer, limit=Decimal(100), now=NOW, actor=ACTOR)
    first, second = (public("order", book(shop, line("SENSOR-1", 2))) for _ in range(2))
    desk, credit = Console("order_desk"), Console("credit_manager")
    held = desk.get(f"/orders/{first}/")
    assert "would pass the limit of €100.00" in held.words
    assert held.all("//form[contains(@action, '/release/')]") == []
    assert credit.get(f"/orders/{first}/").all("//form[contains(@action, '/release/')]")
    assert desk.post(f"/orders/{first}/release/", {"reason": "x"}).status == 403
    assert "The order is released." in credit.post(f"/orders/{first}/release/", {"reason": "Paid"}).words
    assert "Cannot release" in credit.post(f"/orders/{first}/release/", {"reason": "Again"}).words
    gone = desk.post(f"/orders/{second}/cancel/", {"reason": "Mistake"})
    assert "The order is cancelled." in gone.words
    assert desk.get("/orders/ord_nonsense/").status == 404


def test_a_cancelled_rest_is_explained(shop: Shop) -> None:
    order_id = book(shop, line("SENSOR-1", 2), line("GATE-4"))
    ship(order_id)
    desk = Console("order_desk")
    page = desk.post(f"/orders/{public('order', order_id)}/cancel/", {"reason": "Late"})
    assert "What was delivered before the cancellation stays, and is billed." in page.words
    assert queries.order(order_id).status == "cancelled"


CSV = "order_ref,customer,sku,quantity,currency\n{rows}"


def upload(text: str, name: str = "orders.csv", **changes: Any) -> dict[str, Any]:
    file = SimpleUploadedFile(name, text.encode(), content_type="text/csv")
    return {"entity": "DE01", "format": "csv", "file": file} | changes


def test_a_file_is_checked_looked_at_and_booked_once(shop: Shop) -> None:
    desk = Console("order_desk")
    assert "Needed: order_ref, customer, sku, quantity, currency" in desk.get("/orders/import/").words
    rows = "W-1,CUS-000001,SENSOR-1,2,EUR\nW-2,CUS-000001,SENSOR-1,1,EUR\n"
    looked = desk.post("/orders/import/", upload(CSV.format(rows=rows)))
    assert "2 orders would be booked." in looked.words
    assert "€178.00" in looked.words
    assert count("orders") == 0
    booked = desk.post(f"{looked.url}book/")
    assert "2 orders are booked." in booked.words
    assert count("orders") == 2
    again = desk.post("/orders/import/", upload(CSV.format(rows=rows)))
    assert "All orders of this file were booked before." in again.words
    status, content, _ = desk.file(f"/orders/files/{looked.url.split('/')[3]}/")
    assert (status, content) == (200, CSV.format(rows=rows).encode())
    assert "OrdersImported" in {row[0] for row in sql.fetch("SELECT type FROM events")}
    assert "There is no fil" in desk.post("/orders/import/fil_x/book/").words
    assert desk.get("/orders/import/fil_x/").status == 404
    assert Console("seller").get(looked.url).status == 403


def test_every_error_of_a_file_is_shown_with_its_row_and_its_fix(shop: Shop) -> None:
    desk = Console("order_desk")
    rows = "W-1,CUS-000001,NOPE,2,EUR\nW-1,CUS-000001,SENSOR-1,0,EUR\nW-2,Nobody,SENSOR-1,1,EUR\n"
    page = desk.post("/orders/import/", upload(CSV.format(rows=rows)))
    assert page.status == 422
    assert "The quantity 0 is not above zero." in page.words
    mended = rows.replace(",0,", ",1,")
    page = desk.post("/orders/import/", upload(CSV.format(rows=mended)))
    assert "Mend the 2 errors in the file" in page.words
    assert "Row 2: There is no product 'NOPE'." in page.words
    assert "Row 4: There is no customer 'Nobody'." in page.words
    assert "Add the customer" in page.words
    assert "in the first row" in desk.post("/orders/import/", upload("a,b\n1,2\n")).words.lower()
    assert desk.post("/orders/import/", {"entity": "DE01", "format": "csv"}).status == 422
    bomb = "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    assert desk.post("/orders/import/", upload(bomb, "o.xml", format="ubl")).status == 422
    assert count("orders") == 0


def test_who_may_only_look_finds_no_buttons(shop: Shop) -> None:
    order_id = public("order", book(shop, line("SENSOR-1")))
    auditor = Console("auditor")
    assert auditor.get(f"/orders/{order_id}/").all("//form[contains(@action, '/cancel/')]") == []
    assert auditor.get("/orders/").all("//a[@href='/orders/new/']") == []
    assert auditor.get("/orders/new/").status == 403
    assert auditor.post("/orders/import/", upload("x")).status == 403
    elsewhere = Console("order_desk", email="us@example.com", entity_id=shop.world.boston)
    assert elsewhere.get(f"/orders/{order_id}/").status == 404
    assert "ORD-DE01" not in elsewhere.get("/orders/").words


def test_credit_is_limited_and_held(shop: Shop) -> None:
    place(order(shop, line("SENSOR-1", 2)))
    credit = Console("credit_manager")
    address = f"/credit/{public('customer', shop.customer)}/"
    assert "€178.00" in credit.get("/credit/").words
    page = credit.post(f"{address}limit/", {"limit": "1,500.50", "reason": "Review"})
    assert "The limit is set." in page.words
    assert "€1,322.50" in page.words
    assert "Limit: " in credit.post(f"{address}limit/", {"limit": "lots", "reason": "Review"}).words
    assert "is set." in credit.post(f"{address}limit/", {"limit": "", "reason": "Trusted"}).words
    assert credit_of(shop.customer).limit is None
    assert "Every new order of this customer is held." in credit.post(f"{address}hold/", {"reason": "Rumours"}).words
    assert "The hold is lifted." in credit.post(f"{address}lift-hold/", {"reason": "Untrue"}).words
    assert "No limit" in credit.get("/credit/", q="CUS-000001").words
    assert Console("seller").post(f"{address}hold/", {"reason": "x"}).status == 403
