"""The console's pages of customers."""

import pytest

from cashline.flow.agree.customers.queries import customers_by_reference
from tests.support.agree import german, make_customers
from tests.support.console import Console

pytestmark = pytest.mark.usefixtures("db")
FORM = {
    "name": "Nordlicht Werke GmbH",
    "country": "DE",
    "currency": "EUR",
    "email": "ap@nordlicht.example",
    "tax_id": "DE 136 695 976",
    "external_reference": "N-1",
    "payment_terms_days": "14",
    "locale": "de_DE",
    "timezone": "Europe/Berlin",
    "bill_to_street": "Kaiserstraße 12",
    "bill_to_city": "Frankfurt",
    "bill_to_country": "DE",
}


def test_a_customer_is_created_edited_and_blocked_by_forms() -> None:
    person = Console("order_desk")
    assert person.get("/customers/new/").status == 200
    page = person.post("/customers/new/", FORM)
    assert "Nordlicht Werke GmbH" in page.words
    assert "DE136695976" in page.words
    row = customers_by_reference(["N-1"])["N-1"]
    assert (row.payment_terms_days, row.timezone) == (14, "Europe/Berlin")
    edit = person.get(page.url + "edit/")
    assert edit.all("//input[@name='bill_to_street']/@value") == ["Kaiserstraße 12"]
    page = person.post(page.url + "edit/", FORM | {"payment_terms_days": "60", "bill_to_street": "Ring 1"})
    assert "60 days" in page.words
    assert "Ring 1" in page.words
    page = person.post(page.url + "block/", {"reason": "unpaid"})
    assert "Blocked" in page.words
    assert "unpaid" in page.words
    page = person.post(page.url + "block/", {"reason": "again"})
    assert "Cannot block this customer" in page.words


def test_every_wrong_field_is_shown_beside_itself() -> None:
    person = Console("order_desk")
    page = person.post("/customers/new/", FORM | {"name": "", "payment_terms_days": "many", "email": "nowhere"})
    assert page.status == 422
    assert page.all("//*[@aria-invalid='true']/@name") == ["name", "email", "payment_terms_days"]
    page = person.post("/customers/new/", FORM | {"tax_id": "DE136695975", "bill_to_street": "", "timezone": "Mars"})
    assert {"tax_id", "bill_to_street"} <= set(page.all("//*[@aria-invalid='true']/@name"))
    assert page.all("//input[@name='email']/@value") == ["ap@nordlicht.example"]
    wrong = FORM | {"name": "", "tax_id": "DE136695975", "timezone": "", "timezone-typed": "Europe/Berlinn"}
    page = person.post("/customers/new/", wrong)
    assert "'Europe/Berlinn' is no time zone. Give one such as Europe/Berlin." in page.words
    assert {"name", "tax_id"} <= set(page.all("//*[@aria-invalid='true']/@name"))
    assert page.all("//input[@name='timezone-typed']/@value") == ["Europe/Berlinn"]


def test_the_list_filters_sorts_pages_and_exports() -> None:
    make_customers([german(f"Firma {index:03}", tax_id="") for index in range(60)])
    person = Console("auditor")
    page = person.get("/customers/")
    assert "Firma 000" in page.words
    assert "Firma 059" not in page.words
    assert "New customer" not in page.words
    assert "Firma 007" in person.get("/customers/", q="firma 007").words
    status, content, media_type = person.file("/customers/", format="csv")
    assert (status, media_type) == (200, "text/csv; charset=utf-8")
    assert content.count(b"Firma") == 60
    options = person.get("/customers/options/", q="firma 060")
    assert len(options.all("//div[@role='option']")) == 1
    assert "Europe/Berlin" in person.get("/customers/time-zones/", q="berl").words


def test_who_may_not_write_sees_no_steps_and_is_refused() -> None:
    (key,) = make_customers([german()])
    from cashline.kernel.identifiers import public

    person = Console("auditor")
    url = f"/customers/{public('customer', key)}/"
    assert "Block" not in person.get(url).words
    refused = person.post(url + "block/", {"reason": "x"})
    assert refused.status == 403
    assert "it is for those with the role seller, deal desk or order desk." in refused.words
    assert "customers.write" not in refused.words
    assert person.get("/customers/cus_00000000000000000000000000/").status == 404
