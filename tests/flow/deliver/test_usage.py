"""Usage is recorded once, by (source, id), for ever; and what PostgreSQL sums is what the rules sum."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from cashline.flow.deliver.usage.actions import (
    ReplayResult,
    correct_usage,
    discard_dead_letters,
    preview_usage,
    replay_dead_letters,
)
from cashline.flow.deliver.usage.queries import (
    lines_with_news,
    list_dead_letters,
    metered,
    usage_events,
    waiting_by_code,
)
from cashline.flow.deliver.usage.rules import Aggregation, Meter, NewUsage, UsageFilter, UsageWindow, aggregate
from cashline.flow.deliver.usage.rules.correcting import NewCorrection
from cashline.flow.deliver.usage.rules.meters import CARRIED, PRORATED
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.periods import Period, day_start
from cashline.kernel.refusals import Conflict, InvalidValue, Refusals
from cashline.platform import sql
from cashline.platform.lists import Ask
from tests.support.book import make_shop
from tests.support.usage import LATER, make_meter, record, subscribe, used
from tests.support.world import ACTOR, NOW

pytestmark = pytest.mark.usefixtures("db")
JANUARY, FEBRUARY = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)


def quarter(line_id: Any, meter: Meter, **given: Any) -> UsageWindow:
    return UsageWindow(line_id, meter, datetime(2026, 1, 1, tzinfo=UTC), LATER, **given)


def test_an_event_counts_once_whatever_its_time() -> None:
    row, meter = subscribe(make_shop()), make_meter("calls")
    events = [
        used(row.number, "calls", "1", JANUARY, quantity="2.5"),
        used(row.number, "calls", "2", FEBRUARY, quantity=3),
    ]
    first = record(events)
    assert (first.accepted, first.duplicates, first.refused) == (2, 0, ())
    again = record([*events, used(row.number, "calls", "3", FEBRUARY, quantity=1)])
    assert (again.accepted, again.duplicates, again.refused) == (1, 2, ())
    moved = record([used(row.number, "calls", "1", FEBRUARY, quantity="2.5")])
    assert (moved.accepted, moved.duplicates) == (0, 0)
    assert [one.wrong.code for one in moved.refused] == ["usage_event_differs"]
    window = quarter(row.line_id, meter)
    found = metered([window])[window]
    assert [(part.quantity, part.event_count) for part in found] == [(Decimal("6.5"), 3)]


def test_the_same_event_twice_in_one_delivery_counts_once() -> None:
    row, meter = subscribe(make_shop()), make_meter("calls")
    for size in (2, 600):  # by arrays, and by COPY
        events = [used(row.number, "calls", f"{size}", JANUARY, quantity=1)] * size
        assert record(events).accepted == 1
    window = quarter(row.line_id, meter)
    assert metered([window])[window][0].quantity == 2


def test_what_is_wrong_is_kept_with_code_and_field_and_the_rest_is_recorded() -> None:
    row = subscribe(make_shop())
    make_meter("calls")
    make_meter("seats", "unique_count")
    make_meter("bytes", value_property="bytes")
    good = used(row.number, "calls", "1", JANUARY, quantity=1)
    wrong: list[tuple[NewUsage, str, str]] = [
        (used("SUB-0", "calls", "2", JANUARY, quantity=1), "unknown_subscription", "subscription"),
        (used(row.number, "miles", "3", JANUARY, quantity=1), "unknown_meter", "meter"),
        (used(row.number, "calls", "4", JANUARY), "missing_quantity", "quantity"),
        (used(row.number, "seats", "5", JANUARY), "missing_item", "item"),
        (used(row.number, "bytes", "6", JANUARY, properties={"bytes": "many"}), "invalid_quantity", "properties.bytes"),
        (used(row.number, "calls", "7", JANUARY, quantity="1e-13"), "invalid_quantity", "quantity"),
        (used(row.number, "calls", "8", LATER + timedelta(days=2), quantity=1), "usage_in_future", "time"),
        (used(row.number, "calls", "9", NOW - timedelta(days=9), quantity=1), "outside_service", "time"),
        (used(row.number, "calls", "", JANUARY, quantity=1), "invalid_value", "id"),
    ]
    found = record([event for event, _, _ in wrong] + [good])
    assert (found.accepted, found.duplicates) == (1, 0)
    assert [(one.wrong.code, one.wrong.field) for one in found.refused] == [(code, field) for _, code, field in wrong]
    assert [one.index for one in found.refused] == list(range(len(wrong)))
    record([event for event, _, _ in wrong])
    kept = sql.fetch("SELECT event_id, code, field FROM usage_dead_letters WHERE event_id <> '' ORDER BY id")
    assert kept == [(event.event_id, code, field) for event, code, field in wrong if event.event_id]


def test_other_entities_subscriptions_are_unknown() -> None:
    shop = make_shop()
    row = subscribe(shop)
    make_meter("calls")
    event = used(row.number, "calls", "1", JANUARY, quantity=1)
    assert record([event], entity_ids=[shop.world.boston]).refused[0].wrong.code == "unknown_subscription"
    assert record([event], entity_ids=[shop.world.berlin]).accepted == 1


def test_what_becomes_known_late_is_told_by_line() -> None:
    row = subscribe(make_shop())
    make_meter("calls")
    record([used(row.number, "calls", "1", FEBRUARY, quantity=1)], now=FEBRUARY)
    assert lines_with_news(known_from=FEBRUARY) == {row.line_id: FEBRUARY}
    record([used(row.number, "calls", "2", JANUARY, quantity=1)], now=LATER)
    assert lines_with_news(known_from=LATER) == {row.line_id: JANUARY}
    assert lines_with_news(known_from=FEBRUARY, known_until=LATER) == {row.line_id: FEBRUARY}


def test_the_database_takes_no_event_without_grounds_and_rewrites_none() -> None:
    row = subscribe(make_shop())
    make_meter("calls")
    record([used(row.number, "calls", "1", JANUARY, quantity=1)])
    columns = "at, source, event_id, line_id, customer_id, meter_id, quantity, item, properties, known_at"
    tries = [
        f"INSERT INTO usage_events (id, {columns}) SELECT gen_random_uuid(), {columns} FROM usage_events",
        f"INSERT INTO usage_events (id, {columns}) SELECT id, {columns} FROM usage_events",
        "INSERT INTO usage_receipts (source, event_id, id, at) SELECT source, event_id, id, at FROM usage_receipts",
        "UPDATE usage_events SET quantity = 0",
        "DELETE FROM usage_events",
        "DELETE FROM usage_receipts",
        "TRUNCATE usage_events",
        "UPDATE usage_events_2026_01 SET quantity = 0",
        "INSERT INTO usage_events_2026_01 SELECT * FROM usage_events",
    ]
    for statement in tries:
        with pytest.raises(Exception, match=r"permission denied|unique|usage needs its receipt"), transaction.atomic():
            sql.execute(statement)


def test_an_impossible_meter_is_refused_with_all_its_faults() -> None:
    with pytest.raises(Refusals) as caught:
        make_meter("no code", "sum", percentile=Decimal(50), dimensions=("a", "a"))
    assert {one.field for one in caught.value} == {"meters.0.code", "meters.0.percentile", "meters.0.dimensions"}


AGGREGATIONS = list(Aggregation)
instants = st.datetimes(datetime(2026, 1, 15), datetime(2026, 3, 31), timezones=st.just(UTC))  # noqa: DTZ001
words = st.sampled_from(["eu", "us", "hot"])
events_of = st.lists(
    st.tuples(
        instants,
        st.decimals(-100, 100, places=5),
        st.sampled_from(["a", "b", "c"]),
        st.dictionaries(st.sampled_from(["region", "tier"]), words, max_size=2),
    ),
    max_size=25,
)
windows_of = st.lists(
    st.tuples(
        st.sampled_from(AGGREGATIONS),
        instants,
        st.timedeltas(timedelta(microseconds=1), timedelta(days=60)),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
        st.lists(st.dictionaries(st.sampled_from(["region", "tier"]), words, min_size=1, max_size=2), max_size=2),
        st.sampled_from([(), ("region",), ("tier", "region")]),
    ),
    min_size=1,
    max_size=6,
)


def test_the_database_and_the_rules_agree_to_the_last_digit() -> None:
    row, meter = subscribe(make_shop()), make_meter("u", "latest")

    @settings(max_examples=80)
    @given(events_of, windows_of, st.booleans())
    def agree(given_events: list[Any], given_windows: list[Any], earlier: bool) -> None:
        save = transaction.savepoint_create()
        new = [
            used(row.number, "u", str(index), at, quantity=str(quantity), item=item, properties=properties)
            for index, (at, quantity, item, properties) in enumerate(given_events)
        ]
        half = len(new) // 2
        record(new[:half], now=LATER)
        record(new[half:], now=LATER + timedelta(hours=1))
        known_by = LATER if earlier else None
        windows = [_window(row.line_id, meter.code, *one) for one in given_windows]
        found = metered(windows, known_by=known_by)
        events = usage_events([row.line_id], known_by=known_by)
        transaction.savepoint_rollback(save)
        assert len(events) == (half if earlier else len(new))
        for window in windows:
            assert found[window] == aggregate(events, window)

    agree()


def _window(
    line_id: Any, code: str, aggregation: Aggregation, start: datetime, length: timedelta,
    carried: bool, prorated: bool, zone: str, filters: list[dict[str, str]], group_by: tuple[str, ...],
) -> UsageWindow:  # fmt: skip
    percentile = Decimal("62.5") if aggregation is Aggregation.PERCENTILE else None
    whole = Period(date(2026, 1, 1), date(2026, 4, 1))
    return UsageWindow(
        line_id, Meter(code, aggregation, percentile=percentile), start, start + length,
        carried and aggregation in CARRIED, prorated and aggregation in PRORATED, whole, zone,
        tuple(UsageFilter.of(values) for values in filters), group_by,
    )  # fmt: skip


def test_whole_periods_tile_across_a_clock_change() -> None:
    """March in Berlin is an hour short: a level of 1 all the time averages to exactly 1."""
    row, meter = subscribe(make_shop()), make_meter("level", "weighted_sum")
    record([used(row.number, "level", "1", JANUARY, quantity=1)])
    zone, march = "Europe/Berlin", Period(date(2026, 3, 1), date(2026, 4, 1))
    window = UsageWindow(
        row.line_id, meter, day_start(march.start, zone), day_start(march.end, zone), True, False, march, zone
    )
    assert metered([window])[window][0].quantity == 1


def test_a_meter_code_is_made_once() -> None:
    make_meter("calls")
    with pytest.raises(Exception, match="calls"):
        make_meter("calls")
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.execute(
            "INSERT INTO usage_meters (id, code, created_at) "
            "SELECT gen_random_uuid(), code, created_at FROM usage_meters"
        )


def test_a_void_and_a_replacement_are_facts_beside_the_event() -> None:
    row, meter = subscribe(make_shop()), make_meter("calls")
    record([used(row.number, "calls", str(index), JANUARY, quantity=10) for index in range(3)], now=JANUARY)
    right = used(row.number, "calls", "1-right", JANUARY, quantity=4)
    correct_usage([_void("0"), _void("1", right)], now=LATER, actor=ACTOR)
    window = quarter(row.line_id, meter)
    assert metered([window])[window][0].quantity == 14
    assert metered([window], known_by=FEBRUARY)[window][0].quantity == 30
    assert lines_with_news(known_from=LATER) == {row.line_id: JANUARY}
    with pytest.raises(Refusals) as caught:
        correct_usage([_void("0"), _void("nothing"), _void("2"), _void("2")], now=LATER, actor=ACTOR)
    assert [(one.code, one.field) for one in caught.value] == [
        ("usage_already_corrected", "corrections.0.id"),
        ("not_found", "corrections.1.id"),
        ("usage_already_corrected", "corrections.3.id"),
    ]
    with pytest.raises(Conflict):
        correct_usage([_void("2", used(row.number, "calls", "0", JANUARY, quantity=10))], now=LATER, actor=ACTOR)
    with pytest.raises(InvalidValue) as refused:
        correct_usage([_void("2", used(row.number, "nothing", "9", JANUARY, quantity=1))], now=LATER, actor=ACTOR)
    assert refused.value.field == "corrections.0.replacement.meter"
    correct_usage([_void("1-right")], now=LATER, actor=ACTOR)
    assert metered([window])[window][0].quantity == 10


def _void(event_id: str, replacement: NewUsage | None = None) -> NewCorrection:
    return NewCorrection("test", event_id, "the device was in test", replacement)


def test_dead_letters_are_replayed_once_the_cause_is_mended() -> None:
    row = subscribe(make_shop())
    record([used(row.number, "calls", str(index), JANUARY, quantity=2) for index in range(3)])
    record([used(row.number, "miles", "m", JANUARY, quantity=2)])
    letters = list_dead_letters(Ask()).items
    assert [letter.code for letter in letters] == ["unknown_meter"] * 4
    meter = make_meter("calls")
    assert replay_dead_letters(now=LATER, actor=ACTOR) == ReplayResult(3, 1)
    assert replay_dead_letters(now=LATER, actor=ACTOR) == ReplayResult(0, 1)
    window = quarter(row.line_id, meter)
    assert metered([window])[window][0].quantity == 6
    miles = next(letter for letter in letters if letter.event_id == "m")
    assert discard_dead_letters([miles.id], reason="no such meter", now=LATER, actor=ACTOR) == 1
    with pytest.raises(IllegalTransition):
        discard_dead_letters([miles.id], reason="again", now=LATER, actor=ACTOR)
    assert waiting_by_code() == {}


def test_a_preview_is_the_recording_undone() -> None:
    row = subscribe(make_shop())
    make_meter("calls")
    record([used(row.number, "calls", "0", JANUARY, quantity=1)])
    new = [
        used(row.number, "calls", "0", JANUARY, quantity=1),
        used(row.number, "calls", "1", JANUARY, quantity=2),
        used(row.number, "calls", "2", FEBRUARY, quantity=4),
        used(row.number, "nothing", "3", FEBRUARY, quantity=4),
    ]
    effect = preview_usage(new, now=LATER)
    assert (effect.accepted, effect.duplicates, len(effect.refused)) == (2, 1, 1)
    assert [(one.month, one.before, one.after, one.events) for one in effect.changes] == [
        (date(2026, 1, 1), 1, 3, 1),
        (date(2026, 2, 1), 0, 4, 1),
    ]
    assert len(usage_events([row.line_id])) == 1
    done = record(new)
    assert (done.accepted, done.duplicates, len(done.refused)) == (2, 1, 1)
    assert preview_usage(new, now=LATER).changes == ()


def test_many_windows_are_summed_at_once_and_alike() -> None:
    """As many as a bill run asks for, of each kind, equal to the rules; and few statements whatever their number."""
    row, meter = subscribe(make_shop()), make_meter("u", "latest")
    record([used(row.number, "u", str(day), JANUARY + timedelta(days=day), quantity=day) for day in range(40)])
    kinds = [Meter(meter.code, kind, percentile=Decimal(50) if kind == "percentile" else None) for kind in Aggregation]
    start = datetime(2026, 1, 15, tzinfo=UTC)
    windows = [
        UsageWindow(row.line_id, kind, start, start + timedelta(hours=hours))
        for kind in kinds
        for hours in range(1, 900, 7)
    ]
    before = sql.fetch_one("SELECT current_setting('work_mem'), current_setting('enable_sort')")
    with CaptureQueriesContext(connection) as asked:
        found = metered(windows)
    assert len(asked) <= 50
    events = usage_events([row.line_id])
    assert all(found[window] == aggregate(events, window) for window in windows)
    assert sql.fetch_one("SELECT current_setting('work_mem'), current_setting('enable_sort')") == before
