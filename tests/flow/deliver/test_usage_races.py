"""The same usage sent by many at once, by real threads on a real database: each event counts once."""

from datetime import UTC, datetime, timedelta

from cashline.flow.deliver.usage.actions import IngestResult, correct_usage
from cashline.flow.deliver.usage.queries import metered
from cashline.flow.deliver.usage.rules import UsageWindow
from cashline.flow.deliver.usage.rules.correcting import NewCorrection
from cashline.kernel.refusals import Refusal
from cashline.platform import sql
from tests.flow.deliver.test_races import all_at_once
from tests.support.book import make_shop
from tests.support.cluster import Database
from tests.support.usage import LATER, make_meter, record, subscribe, used
from tests.support.world import ACTOR

SENDERS, EVENTS = 8, 700
START = datetime(2026, 1, 20, tzinfo=UTC)


def test_each_event_counts_once_whoever_sends_it_first(committed_db: Database) -> None:
    """The months are not open yet, and every sender sends every event, in an order of its own."""
    row, meter = subscribe(make_shop()), make_meter("calls")
    events = [
        used(row.number, "calls", str(index), START + timedelta(hours=index * 2), quantity=index)
        for index in range(EVENTS)
    ]
    steps = [lambda turn=turn: record(events[turn * 50 :] + events[: turn * 50]) for turn in range(SENDERS)]
    results = all_at_once(steps)
    assert all(isinstance(one, IngestResult) and not one.refused for one in results), results
    assert sum(one.accepted for one in results if isinstance(one, IngestResult)) == EVENTS
    window = UsageWindow(row.line_id, meter, START, LATER)
    (found,) = metered([window])[window]
    assert (found.event_count, found.quantity) == (EVENTS, EVENTS * (EVENTS - 1) // 2)
    assert sql.fetch("SELECT count(*) FROM usage_receipts") == [(EVENTS,)]


def test_an_event_is_corrected_once(committed_db: Database) -> None:
    row = subscribe(make_shop())
    make_meter("calls")
    record([used(row.number, "calls", "1", START, quantity=1)])

    def void() -> bool:
        correct_usage([NewCorrection("test", "1", "a test")], now=LATER, actor=ACTOR)
        return True

    results = all_at_once([void] * 6)
    assert results.count(True) == 1
    assert all(one is True or (isinstance(one, Refusal) and one.code == "usage_already_corrected") for one in results)
