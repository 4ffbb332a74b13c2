"""What people type finds what they mean, and nothing that they may not read."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from cashline.flow.agree.customers.queries import list_customers
from cashline.flow.report.finding.queries import PERMISSIONS, find
from cashline.flow.report.finding.rules import Found, NumberSeries, sought_numbers
from cashline.platform.lists import Ask
from cashline.platform.people.actions import create_api_key
from tests.support.agree import german, make_customers
from tests.support.console import Console
from tests.support.report import Traded, trade_a_little
from tests.support.world import ACTOR, NOW

ALL: dict[str, list[UUID] | None] = dict.fromkeys(PERMISSIONS)
SERIES = [NumberSeries("invoice", "DE01", 2026), NumberSeries("invoice", "US01", 2026), NumberSeries("customer", "", 0)]


@pytest.mark.parametrize(
    ("words", "exact"),
    [
        ("123", {"INV-DE01-2026-000123", "INV-US01-2026-000123", "CUS-000123"}),
        ("000123", {"INV-DE01-2026-000123", "INV-US01-2026-000123", "CUS-000123"}),
        ("inv 7", {"INV-DE01-2026-000007", "INV-US01-2026-000007"}),
        ("c-7", {"CUS-000007"}),
        ("CUS000042", {"CUS-000042"}),
        ("ord 7", set()),
    ],
)
def test_digits_stand_for_that_number_in_every_series(words: str, exact: set[str]) -> None:
    found = sought_numbers(words, SERIES)
    assert {number for one in found.values() for number in one.exact} == exact


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("inv-de01-2026", {"invoice"}),
        ("INST", {"installation"}),
        ("in", {"invoice", "installation"}),
        ("nordwind", set()),
        ("nordwind gmbh", set()),
        ("100 %", set()),
    ],
)
def test_beginnings_of_numbers_are_known_by_their_prefix(words: str, kinds: set[str]) -> None:
    found = sought_numbers(words, SERIES)
    assert set(found) == kinds
    assert all(one.beginning == words.upper() for one in found.values())


@pytest.fixture
def traded(db: Any) -> Traded:
    return trade_a_little()


def numbers(words: str, readable: Any = None) -> list[tuple[str, str]]:
    return [(one.kind, one.number) for one in find(words, readable=ALL if readable is None else readable)]


def test_documents_are_found_by_number(traded: Traded) -> None:
    assert ("invoice", "INV-DE01-2026-000001") in numbers("INV-DE01-2026-000001")
    assert numbers("inv 1") == [("invoice", "INV-DE01-2026-000001")]
    kinds = {kind for kind, _ in numbers("1")}
    assert kinds >= {"customer", "agreement", "order", "shipment", "subscription", "invoice", "credit_note", "payment"}
    beginning = numbers("ord-de01")
    assert {kind for kind, _ in beginning} == {"order"}
    assert beginning == sorted(beginning, reverse=True)
    assert numbers("ORD-DE01-2026-999999") == []
    [invoice] = find("inv 1", readable=ALL)
    assert invoice.currency == "EUR"
    assert {one.status for one in find("INV-DE01", readable=ALL, limit=50)} == {"issued", "settled"}
    assert invoice.amount is not None
    assert invoice.title


def test_customers_and_products_are_found_by_any_part_of_their_names(
    traded: Traded, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_customers(
        [german(name, tax_id="", external_reference=f"X-{name[:2]}") for name in ("Alpha Nord", "Nord 50%_ AG")]
    )
    titles = [one.title for one in find("nord", readable={"customer": None})]
    assert titles[0] == "Nord 50%_ AG"
    assert "Alpha Nord" in titles
    assert [one.title for one in find("ord alph", readable=ALL)] == ["Alpha Nord"]
    assert [one.title for one in find("50%_", readable=ALL)] == ["Nord 50%_ AG"]
    assert [one.title for one in find("x-al", readable=ALL)] == []
    assert [one.title for one in find("X-Al", readable=ALL)] == ["Alpha Nord"]
    assert [one.number for one in find("sensor", readable=ALL)] == ["SENSOR-1"]
    make_customers([german("Müller & Söhne Straßenbau", tax_id=""), german("Mueller Café", tax_id="")])
    typed = {"Mueller": 2, "müller": 2, "MÜLLER": 2, "muller sohne": 1, "strassen": 1, "cafe": 1}
    for words, count in typed.items():
        assert len(find(words, readable={"customer": None})) == count, words
        assert len(list_customers(Ask(), words=words).items) == count, words
    monkeypatch.setattr("cashline.flow.agree.customers.queries.FEW", 0)
    for words, count in typed.items():
        assert len(list_customers(Ask(), words=words).items) == count, f"{words}, walked"
    assert find(" ", readable=ALL) == []
    assert find("'; --", readable=ALL) == []


def test_only_readable_kinds_and_entities_are_looked_at(traded: Traded) -> None:
    world = traded.shop.world
    assert find("inv 1", readable={"order": None}) == []
    assert find("inv 1", readable={"invoice": [world.boston]}) == []
    found: list[Found] = find("1", readable={"installation": [world.berlin], "shipment": [world.berlin]})
    assert {one.kind for one in found} == {"installation", "shipment"}
    assert find("1", readable={"installation": [world.boston], "shipment": [world.boston]}) == []
    assert find("1", readable={}) == []


def test_the_palette_finds_starts_and_leads(traded: Traded) -> None:
    person = Console("seller")
    page = person.get("/palette/", part="palette-list", q="cus 1")
    [option] = page.all("//*[@role='option']")
    assert (option.get("data-url") or "").startswith("/customers/cus_")
    assert "CUS-000001" in page.words
    page = person.get("/palette/", part="palette-list", q="sensor")
    assert "SENSOR-1" in page.words
    page = person.get("/palette/", part="palette-list", q="new c")
    assert "New customer" in page.words
    page = person.get("/palette/", part="palette-list")
    assert "New product" not in page.words
    assert "Price books" in page.words


def test_programs_find_by_the_same_words(traded: Traded) -> None:
    secret = create_api_key(name="test", scopes=["invoices.read"], now=NOW, actor=ACTOR)
    headers = {"Authorization": f"Bearer {secret}"}
    answer = Client().get("/v1/search", {"q": "1"}, headers=headers)
    assert [(one["kind"], one["number"], one["currency"]) for one in answer.json()["items"]] == [
        ("invoice", "INV-DE01-2026-000001", "EUR")
    ]
    assert Client().get("/v1/search", {"q": ""}, headers=headers).status_code == 422
