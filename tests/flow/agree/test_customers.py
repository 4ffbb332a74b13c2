"""Customers: created with every error at once, changed with an event, never with a wrong tax number."""

import unicodedata
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from cashline.flow.agree.customers import actions, queries
from cashline.flow.agree.customers.rules import CustomerStatus, NewAddress, NewCustomer
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import Conflict, NotFound, Refusals
from cashline.kernel.spelling import searchable
from cashline.platform import sql
from cashline.platform.events.queries import timeline
from cashline.platform.lists import Ask

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ACME = NewCustomer(
    "Acme GmbH",
    "DE",
    "EUR",
    email="ap@acme.example",
    tax_id="DE 136 695 976",
    external_reference="A-1",
    addresses=(NewAddress("bill_to", "Hauptstr. 1", "Berlin", "DE", "10115"),),
)


def test_a_name_is_spelled_alike_by_the_program_and_by_the_database() -> None:
    """Every letter that stands in Unicode's first plane, and names whose letters change each other."""
    letters = [chr(code) for code in range(32, 0xFFFE) if unicodedata.category(chr(code)) not in ("Cs", "Cn")]
    names = [*letters, "Müller & Söhne", "Mu\u0308ller", "A\u030aR", "ΟΔΟΣ ΑΕ", "Οδός", "İstanbul", "ẞ Ǻ ﬁ", "مُحَمَّد"]
    kept = sql.fetch("SELECT name, searchable_name(name) FROM unnest(%s::text[]) AS name", (names,))
    assert {name: known for name, known in kept if known.split(" ", 1)[0] != searchable(name).split(" ", 1)[0]} == {}
    assert all(known.startswith(searchable(name)) for name, known in kept)


def test_customers_are_numbered_without_gaps_and_found_by_either_reference() -> None:
    first, second = actions.create_customers([ACME, NewCustomer("Bolt Inc", "US", "USD")], now=NOW, actor="t")
    rows = queries.customers_by_id([first, second])
    numbers = [int(rows[key].number.removeprefix("CUS-")) for key in (first, second)]
    assert numbers[1] == numbers[0] + 1
    assert (rows[first].tax_id, rows[first].tax_id_checked) == ("DE136695976", True)
    found = queries.customers_by_reference(["A-1", rows[second].number, "nobody"])
    assert {key: row.id for key, row in found.items() if key in ("A-1", rows[second].number)} == {
        "A-1": first,
        rows[second].number: second,
    }
    assert queries.addresses_of([first, second])[second] == {}
    assert queries.addresses_of([first])[first]["bill_to"].city == "Berlin"
    assert [event.type for event in timeline([first])] == ["CustomerCreated"]


def test_every_error_of_every_customer_comes_at_once() -> None:
    wrong = NewCustomer(
        "", "DE", "XXX", timezone="Mars/Base", tax_id="DE136695975", addresses=(NewAddress("cave", "", "", "??"),)
    )
    with pytest.raises(Refusals) as refused:
        actions.create_customers([ACME, wrong], now=NOW, actor="t")
    assert {refusal.field.removeprefix("customers.1.") for refusal in refused.value} == {
        "name",
        "currency",
        "timezone",
        "tax_id",
        "addresses.0.role",
        "addresses.0.street",
        "addresses.0.city",
        "addresses.0.country",
    }
    assert "invalid_tax_id" in {refusal.code for refusal in refused.value}


def test_an_external_reference_belongs_to_one_customer() -> None:
    actions.create_customers([ACME], now=NOW, actor="t")
    with pytest.raises(Conflict):
        actions.create_customers([ACME], now=NOW, actor="t")


def test_a_change_is_recorded_with_both_values_and_none_is_not() -> None:
    (key,) = actions.create_customers([ACME], now=NOW, actor="t")
    actions.change_customer(key, changes={"payment_terms_days": 14}, now=NOW, actor="t")
    actions.change_customer(key, changes={"payment_terms_days": 14}, now=NOW, actor="t")
    ship_to = NewAddress("ship_to", "Kai 3", "Hamburg", "DE")
    actions.change_customer(key, changes={"addresses": (ship_to,)}, now=NOW, actor="t")
    assert queries.customer(key).payment_terms_days == 14
    assert set(queries.addresses_of([key])[key]) == {"bill_to", "ship_to"}
    events = timeline([key])
    assert [event.type for event in events] == ["CustomerCreated", "CustomerChanged", "CustomerChanged"]
    assert events[1].data["changed"] == {"payment_terms_days": ["30", "14"]}


def test_the_currency_stays_and_an_unknown_customer_is_not_found() -> None:
    (key,) = actions.create_customers([ACME], now=NOW, actor="t")
    with pytest.raises(Exception, match="currency cannot be changed"):
        actions.change_customer(key, changes={"currency": "USD"}, now=NOW, actor="t")
    with pytest.raises(NotFound):
        queries.customer(uuid4())
    with pytest.raises(NotFound):
        actions.change_customer(uuid4(), changes={"name": "X"}, now=NOW, actor="t")


def test_statuses_move_by_the_table_alone() -> None:
    (key,) = actions.create_customers([ACME], now=NOW, actor="t")
    actions.block_customers([key], reason="unpaid", now=NOW, actor="t")
    with pytest.raises(IllegalTransition):
        actions.block_customers([key], reason="again", now=NOW, actor="t")
    actions.close_customers([key], reason="merged", now=NOW, actor="t")
    assert queries.customer(key).status == CustomerStatus.CLOSED
    assert [(event.type, event.reason) for event in timeline([key])][1:] == [
        ("CustomerBlocked", "unpaid"),
        ("CustomerClosed", "merged"),
    ]


def test_lists_page_by_any_column_without_gap_or_repeat() -> None:
    names = ["delta", "Alpha", "charlie", "Bravo", "alpha"]
    actions.create_customers([NewCustomer(name, "DE", "EUR") for name in names], now=NOW, actor="t")
    seen: list[str] = []
    cursor = ""
    while True:
        page = queries.list_customers(Ask("name", limit=2, cursor=cursor))
        seen += [row.name for row in page.items]
        if not (cursor := page.next_cursor):
            break
    assert [name.lower() for name in seen] == sorted(name.lower() for name in names)
    assert len(queries.list_customers(Ask(), words="alp").items) == 2
    assert queries.list_customers(Ask(), words="%").items == []
