"""The log shows the whole way of a document, and how long each stage takes."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from cashline.flow.report.mining.queries import chain, chain_timeline, cycle_times, ocel
from cashline.flow.report.mining.rules import percentile
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import NotFound
from cashline.platform import sql
from tests.support.report import Traded, trade_a_little

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def traded() -> Traded:
    return trade_a_little()


def ids(kind: str, traded: Traded) -> list[UUID]:
    statement = {
        "payment": "SELECT p.payment_id FROM payment_allocations p JOIN invoices i ON i.id = p.invoice_id "
        "JOIN orders o ON o.agreement_id = i.agreement_id WHERE o.id = %s LIMIT 1",
        "invoice": "SELECT i.id FROM invoices i JOIN orders o ON o.agreement_id = i.agreement_id WHERE o.id = %s "
        "ORDER BY i.id LIMIT 1",
        "shipment": "SELECT id FROM shipments WHERE order_id = %s",
        "subscription": "SELECT s.id FROM subscriptions s JOIN order_lines l ON l.id = s.order_line_id "
        "WHERE l.order_id = %s",
        "installation": "SELECT s.id FROM installations s JOIN order_lines l ON l.id = s.order_line_id "
        "WHERE l.order_id = %s",
        "agreement": "SELECT agreement_id FROM orders WHERE id = %s",
        "order": "SELECT id FROM orders WHERE id = %s",
        "journal_entry": "SELECT l.entry_id FROM journal_lines l JOIN orders o ON o.agreement_id = l.agreement_id "
        "WHERE o.id = %s LIMIT 1",
        "revenue_posting": "SELECT p.id FROM revenue_postings p JOIN orders o ON o.agreement_id = p.agreement_id "
        "WHERE o.id = %s LIMIT 1",
    }[kind]
    return sql.ids(sql.fetch(statement, (traded.whole,)))


@pytest.mark.parametrize(
    "kind",
    [
        "agreement",
        "order",
        "shipment",
        "subscription",
        "installation",
        "invoice",
        "payment",
        "journal_entry",
        "revenue_posting",
    ],
)
def test_every_document_of_a_chain_leads_to_the_whole_chain(traded: Traded, kind: str) -> None:
    whole = chain("order", traded.whole)
    assert [document.kind for document in whole[:6]] == [
        "agreement",
        "order",
        "shipment",
        "subscription",
        "installation",
        "invoice",
    ]
    assert len([document for document in whole if document.kind == "invoice"]) >= 3
    [key, *_] = ids(kind, traded)
    assert chain(kind, key) == whole


def test_timeline_runs_from_the_order_to_the_revenue(traded: Traded) -> None:
    _, events = chain_timeline("invoice", ids("invoice", traded)[0])
    told = [event.type for event in events]
    ways = ["OrderBooked", "ShipmentShipped", "InstallationAccepted", "InvoiceIssued", "RevenueRecognised"]
    places = [told.index(name) for name in ways]
    assert places == sorted(places)
    assert [event.time for event in events] == sorted(event.time for event in events)


def test_unknown_documents_have_no_chain() -> None:
    for kind in ("order", "invoice", "customer"):
        with pytest.raises(NotFound):
            chain(kind, new_id())


def test_cycle_times_are_medians_of_real_days(traded: Traded) -> None:
    found = {one.stage.code: one for one in cycle_times(until=date(2026, 4, 10))}
    # three orders are complete, each by the installation five days after it was booked
    assert found["order_to_delivery"].median == 5
    assert found["order_to_delivery"].cases == 3
    assert found["invoice_to_cash"].cases >= 2
    assert found["invoice_to_cash"].median == 10
    assert found["delivery_to_invoice"].median == 16
    assert found["quote_to_signature"].cases == 0
    assert found["quote_to_signature"].median is None
    nothing = cycle_times(until=date(2026, 4, 10), entity_ids=[traded.shop.world.boston])
    assert all(one.cases == 0 for one in nothing)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([4], 50, 4),
        ([1, 2, 3, 4], 50, 2),
        ([3, 1, 2], 50, 2),
        (list(range(1, 11)), 90, 9),
        ([7, 7], 90, 7),
    ],
)
def test_percentile_is_the_nearest_rank(values: list[int], percent: int, expected: int | None) -> None:
    assert percentile(values, percent) == (None if expected is None else Decimal(expected))


def test_export_can_be_narrowed_to_a_time(traded: Traded) -> None:
    whole = json.loads(b"".join(ocel()))
    march = json.loads(b"".join(ocel(since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 4, 1, tzinfo=UTC))))
    assert 0 < len(march["events"]) < len(whole["events"])
    assert all(event["time"].startswith("2026-03") for event in march["events"])
    nothing = json.loads(b"".join(ocel(until=datetime(2020, 1, 1, tzinfo=UTC))))
    assert nothing == {"events": [], "objects": [], "eventTypes": [], "objectTypes": []}
