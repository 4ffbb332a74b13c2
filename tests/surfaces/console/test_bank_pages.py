"""The console's pages of the bank: a file is dropped, what is sure is applied, and the rest is decided line by line."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cashline.flow.receive.bank.queries import LineFilter, accounts, list_lines
from cashline.kernel.identifiers import public
from cashline.platform.lists import Ask
from tests.support.bank_files import Entry, camt
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.console import Console, Seen
from tests.support.receive import assert_laws_hold, invoices_of, make_receiving_shop, open_of


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_receiving_shop()


def drop(person: Console, *entries: Entry, name: str = "january.xml", **more: Any) -> Seen:
    return person.post("/bank/import/", {"statement": SimpleUploadedFile(name, camt(*entries, **more))})


def test_a_statement_is_dropped_and_what_waits_is_decided_with_a_key(shop: Shop) -> None:
    one, two, three = invoices_of(shop, ["100", "200", "300"])
    clerk = Console("collections")
    page = drop(
        clerk,
        Entry("119.00", one.number),
        Entry("238.00", "Danke", name="Unbekannt KG"),
        Entry("357.00", "Gruss", name="Fremd AG"),
        Entry("-4.90", "Kontoführung"),
    )
    assert "New lines: 4. 1 applied, 2 to decide." in page.words
    for words in ("€1,000.00", "€1,709.10", "Applied", "To decide"):
        assert words in page.words
    listed = clerk.get("/bank/lines/", kind="in")
    assert "Unbekannt KG" in listed.words
    assert one.number not in listed.words
    line = next(row for row in list_lines(Ask(), LineFilter()).items if row.amount == 238)
    url = f"/bank/lines/{public('bank_line', line.id)}/"
    page = clerk.get(url)
    assert two.number in page.words
    assert "sure" in page.words
    assert page.all("//button[@data-key='1']")
    page = clerk.post(url + "apply/", {"proposal": "0"})
    assert "The line is PAY-DE01-2026-000002" in page.words
    assert "€357.00" in page.words, "it leads on to the next line"
    assert open_of(two) == 0
    page = clerk.post(page.url + "ignore/", {"reason": "A loan"})
    assert "The line is ignored" in page.words
    assert page.url == "/bank/lines/"
    assert open_of(three) == 357
    page = clerk.get(url)
    assert "PAY-DE01-2026-000002" in page.words
    page = clerk.post(url + "unmatch/", {"reason": "Wrong customer"})
    assert "The match is undone" in page.words
    assert open_of(two) == 238
    page = clerk.post(url + "by-hand/", {"customer": public("customer", shop.customer), "spread": "account"})
    assert "The line is PAY-DE01-2026-000003" in page.words
    assert open_of(two) == 238
    assert_laws_hold()


def test_the_same_file_again_says_that_nothing_is_new(shop: Shop) -> None:
    clerk = Console("collections")
    drop(clerk, Entry("10.00", "Danke"))
    page = drop(clerk, Entry("10.00", "Danke"), name="again.xml")
    assert "Nothing is new" in page.words
    assert "january.xml" in clerk.get("/bank/").words
    assert "again.xml" not in clerk.get("/bank/").words


def test_a_broken_file_is_refused_with_its_reasons(shop: Shop) -> None:
    clerk = Console("collections")
    for data, words in (
        (b" ", "empty"),
        (b"hello", "neither camt"),
        (camt(Entry("1.00"), account="DE89370400440532013000"), "no bank account of ours"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
    ):
        page = clerk.post("/bank/import/", {"statement": SimpleUploadedFile("x.xml", data)})
        assert page.status == 422
        assert words in page.words
    assert clerk.post("/bank/import/", {}).status == 422
    assert "No statement yet" in clerk.get("/bank/").words


def test_many_lines_are_decided_at_once(shop: Shop) -> None:
    rows = invoices_of(shop, ["100", "200", "300"])
    clerk = Console("collections")
    drop(clerk, *(Entry(f"{row.gross_total:.2f}", "Danke", name=f"Firma {row.number}") for row in rows))
    lines = list_lines(Ask("amount"), LineFilter()).items
    keys = [public("bank_line", line.id) for line in lines]
    page = clerk.post("/bank/lines/apply/", {"id": keys[:2]})
    assert "2 lines are applied" in page.words
    assert [open_of(row) for row in rows] == [Decimal(0), Decimal(0), Decimal(357)]
    page = clerk.post("/bank/lines/ignore/", {"id": keys[2:]})
    assert "1 line is ignored" in page.words
    assert "Pick at least one line" in clerk.post("/bank/lines/apply/", {}).words
    page = clerk.get("/bank/lines/", status="matched")
    assert "PAY-DE01-2026-000001" in page.words
    assert clerk.file("/bank/lines/", format="csv", status="matched")[0] == 200


def test_accounts_are_added_and_their_matching_declared(shop: Shop) -> None:
    clerk = Console("collections")
    form = {"entity": "DE01", "currency": "eur", "iban": "DE89 3704 0044 0532 0130 00", "name": "Zweitkonto"}
    assert "The account is added" in clerk.post("/bank/accounts/new/", form).words
    assert clerk.post("/bank/accounts/new/", form).status == 422
    (account,) = accounts()
    url = f"/bank/accounts/{public('bank_account', account.id)}/"
    declared = {"auto_apply_confidence": "97", "tolerance_amount": "0.50", "tolerance_percent": "1"}
    assert "The matching is declared" in clerk.post(url, declared).words
    assert accounts()[0].tolerance_rate == Decimal("0.01")
    assert clerk.post(url, declared | {"auto_apply_confidence": "3"}).status == 422


def test_who_may_only_read_decides_nothing(shop: Shop) -> None:
    drop(Console("collections"), Entry("10.00", "Danke"))
    (line,) = list_lines(Ask(), LineFilter()).items
    auditor = Console("auditor")
    url = f"/bank/lines/{public('bank_line', line.id)}/"
    assert auditor.get(url).status == 200
    assert auditor.get("/bank/").status == 200
    assert auditor.get("/bank/import/").status == 403
    for step in ("ignore/", "apply/", "by-hand/"):
        assert auditor.post(url + step, {"reason": "x"}).status == 403
    abroad = Console("collections", email="abroad@example.com", entity_id=shop.world.boston)
    assert abroad.get(url).status == 404
    assert "Danke" not in abroad.get("/bank/lines/").words
