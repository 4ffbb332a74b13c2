"""Every amount can say why it is what it is, down to the documents it was made from."""

import pytest

from cashline.flow.report.explain.queries import entity_of, explain
from cashline.flow.report.explain.rules import EXPLAINED
from cashline.kernel.identifiers import new_id, public
from cashline.kernel.refusals import NotFound
from cashline.platform import sql
from tests.support.console import Console
from tests.support.report import Traded, trade_a_little

pytestmark = pytest.mark.usefixtures("db")
TABLES = {
    "invoice": ("invoices", "gross_total"),
    "invoice_line": ("invoice_lines", "net_amount"),
    "credit_note": ("credit_notes", "gross_total"),
    "obligation": ("obligations", "allocated_price"),
    "revenue_posting": ("revenue_postings", "amount"),
}


@pytest.fixture
def traded() -> Traded:
    return trade_a_little()


def test_every_amount_is_explained_to_the_cent(traded: Traded) -> None:
    for kind, (table, amount) in TABLES.items():
        rows = sql.fetch(f"SELECT id, {amount} FROM {table}")
        assert rows, kind
        for key, value in rows:
            found = explain(public(kind, key))
            assert found.sound, f"{kind} {key}: {found.amount} is not {found.derivation}"
            assert (found.kind, found.id, found.amount) == (kind, key, value)
            assert found.sources
            assert entity_of(found) == traded.shop.world.berlin


def test_open_amount_of_an_invoice_is_explained_beside_it(traded: Traded) -> None:
    for key, left in sql.fetch("SELECT id, open_amount FROM invoices"):
        [(label, derivation)] = explain(public("invoice", key)).also
        assert label == "Open amount"
        assert derivation.result == left
        assert derivation.breaks() == []


def test_journal_entries_lead_to_what_was_posted(traded: Traded) -> None:
    kinds: dict[str, set[str]] = {}
    for (key,) in sql.fetch("SELECT id FROM journal_entries"):
        found = explain(public("journal_entry", key))
        assert found.sound
        assert found.also[0][1].result == found.amount
        kinds.setdefault(found.title.rsplit("(")[-1], set()).update(source.kind for source in found.sources)
    assert kinds["invoice)"] == {"invoice", "agreement"}
    assert kinds["revenue)"] == {"revenue_posting", "agreement", "agreement_line", "delivery"}
    assert kinds["payment)"] == {"payment"}


def test_three_clicks_lead_from_the_waterfall_to_the_clause_the_event_and_the_entry(traded: Traded) -> None:
    person = Console("revenue_accountant")
    months = person.get("/deferred-revenue/", until="2026-04-30")
    [first] = {url for url in months.all("//td//a/@href") if url.startswith("/revenue/?posted_from=2026-01-01")}
    second = {url for url in person.get(first).all("//a[@data-drawer]/@href") if url.startswith("/explain/rvp_")}
    assert second
    led: set[str] = set()
    for url in second:
        why = person.get(url)
        assert "revenue." not in why.words.partition("The formula")[0]
        led |= {one.split("/")[1] for one in why.all("//section//dd//a/@href")}
        assert why.all("//dt[.='Clause']/following-sibling::dd[1]//a[contains(@href, '#lines')]")
        assert why.all("//dt[.='Journal entry']")
    assert {"contracts", "journal", "shipments"} <= led


def test_unknown_ids_are_not_found(traded: Traded) -> None:
    for text in ("", "inv", "nope_123", "cus_01hzy3", *(public(kind, new_id()) for kind in EXPLAINED)):
        with pytest.raises(NotFound):
            explain(text)
