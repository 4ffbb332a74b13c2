"""The console's pages of disputes and reminders."""

from datetime import date
from decimal import Decimal

import pytest

from cashline.flow.receive.disputes.queries import DisputeFilter, list_disputes
from cashline.kernel.identifiers import public
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.lists import Ask
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.console import Console
from tests.support.receive import assert_laws_hold, at, invoice_of, invoices_of, make_receiving_shop, open_of

LATE = date(2026, 2, 20)


@pytest.fixture
def shop(db: Database) -> Shop:
    make_sandbox(frozen_at=at(LATE))
    return make_receiving_shop()


def test_an_invoice_is_disputed_and_credited(shop: Shop) -> None:
    row = invoice_of(shop)
    clerk = Console("collections", "billing", email="both@example.com")
    url = f"/invoices/{public('invoice', row.id)}/dispute/"
    assert clerk.get(url).all("//input[@name='amount']/@value") == ["119.00"]
    page = clerk.post(url, {"amount": "500", "reason": "price"})
    assert page.status == 422
    page = clerk.post(url, {"amount": "59.50", "reason": "damaged", "description": "The box was open."})
    for words in ("DIS-DE01-2026-000001", "Damaged", "The box was open.", "fulfilment", row.number):
        assert words in page.words
    dispute = page.url
    assert "Under review" in clerk.post(dispute + "review/").words
    page = clerk.post(dispute + "resolve_with_credit/", {"amount": "11.90", "resolution": "Our fault"})
    assert "The credit note is issued" in page.words
    assert "CN-DE01-2026-000001" in page.words
    assert open_of(row) == Decimal("107.10")
    assert "not opened" in clerk.post(dispute + "reject/", {"reason": "late"}).words
    assert "There is no such step" in clerk.post(dispute + "explode/").words
    listed = clerk.get("/disputes/", reason="damaged")
    assert "DIS-DE01-2026-000001" in listed.words
    assert_laws_hold()


def test_a_dispute_is_rejected_taken_up_and_withdrawn(shop: Shop) -> None:
    row = invoice_of(shop)
    clerk = Console("collections")
    page = clerk.post(f"/invoices/{public('invoice', row.id)}/dispute/", {"amount": "10", "reason": "price"})
    assert "It needs somebody who may give credit notes" in page.text
    assert clerk.post(page.url + "resolve_with_credit/", {"amount": "1", "resolution": "x"}).status == 403
    assert "Rejected" in clerk.post(page.url + "reject/", {"reason": "As agreed"}).words
    assert "Under review" in clerk.post(page.url + "reopen/", {"reason": "A picture"}).words
    assert "Withdrawn" in clerk.post(page.url + "withdraw/", {"reason": "Mistaken"}).words
    assert [one.status for one in list_disputes(Ask(), DisputeFilter()).items] == ["withdrawn"]
    auditor = Console("auditor")
    assert auditor.get(page.url).status == 200
    assert auditor.post(page.url + "reopen/", {"reason": "x"}).status == 403


def test_the_next_reminders_are_shown_with_their_reasons_and_sent(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "200"])
    clerk = Console("collections")
    promise = {"amount": "238", "promised_for": "2026-02-25", "note": "by Wednesday"}
    assert "The promise is recorded" in clerk.post(f"/invoices/{public('invoice', two.id)}/promise/", promise).words
    assert "by Wednesday" in clerk.get("/reminders/promises/").words
    page = clerk.get("/reminders/next/")
    for words in (one.number, two.number, "Level 1", "Promised", "€119.00"):
        assert words in page.words
    page = clerk.post("/reminders/send/")
    assert "1 letter is on its way" in page.words
    (url,) = page.all("//tbody//a[contains(@href, '/reminders/rem_')]/@href")[:1]
    page = clerk.get(url)
    for words in ("Zahlungserinnerung", one.number, "ap@nordlicht.example", "119,00"):
        assert words in page.words
    assert "Nothing is overdue" not in clerk.get("/reminders/next/").words
    auditor = Console("auditor")
    assert "Send now" not in auditor.get("/reminders/next/").words
    assert auditor.post("/reminders/send/").status == 403


def test_reminders_of_a_customer_are_held(shop: Shop) -> None:
    invoice_of(shop)
    clerk = Console("collections")
    customer = f"/customers/{public('customer', shop.customer)}/"
    assert (
        "No reminders until Mar 1, 2026"
        in clerk.post(customer + "hold-reminders/", {"until": "2026-03-01", "reason": "Talks"}).words
    )
    assert "On hold" in clerk.get("/reminders/next/").words
    assert "not a date" in clerk.post(customer + "hold-reminders/", {"until": "soon", "reason": "Talks"}).words
    assert "Reminders go out again" in clerk.post(customer + "lift-reminder-hold/").words


def test_the_ladder_is_declared(shop: Shop) -> None:
    clerk = Console("collections")
    assert "3, 14, 28" in clerk.get("/reminders/ladders/").words
    page = clerk.post("/reminders/ladders/DE01/", {"days": "5, 10", "country": "de", "minimum": "2.50"})
    assert "5, 10" in page.words
    assert "2.50 EUR" in page.words
    for days in ("ten", "10, 5", "0"):
        assert clerk.post("/reminders/ladders/DE01/", {"days": days}).status == 422


def test_on_a_sunday_the_run_of_monday_is_shown_and_not_sent(db: Database) -> None:
    make_sandbox(frozen_at=at(date(2026, 2, 22)))
    row = invoice_of(make_receiving_shop())
    clerk = Console("collections")
    page = clerk.get("/reminders/next/")
    assert "the next reminders go out on Feb 23, 2026" in page.words
    assert row.number in page.words
    assert page.all("//button[@aria-disabled='true']")
    assert "0 letters are on their way" in clerk.post("/reminders/send/").words
