"""What a window's events come to, by hand-counted cases, and that filters part them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.deliver.usage.rules import (
    Aggregation,
    Meter,
    UsageCorrection,
    UsageEvent,
    UsageFilter,
    UsageWindow,
    aggregate,
    in_force,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import Period
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import divide

LINE = UUID(int=7)
JANUARY = Period(date(2026, 1, 1), date(2026, 2, 1))
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
A = Aggregation


def at(day: int, hour: int = 0, month: int = 1) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def event(when: datetime, quantity: str = "1", item: str = "", **properties: str) -> UsageEvent:
    return UsageEvent(new_id(), LINE, "u", when, Decimal(quantity), item, properties, when)


def window(aggregation: Aggregation, **changes: object) -> UsageWindow:
    given: dict[str, object] = {"whole": JANUARY}
    percentile = changes.pop("percentile", None)
    return UsageWindow(LINE, Meter("u", aggregation, percentile=percentile), START, END, **(given | changes))  # type: ignore[arg-type]


def one(events: list[UsageEvent], of: UsageWindow) -> Decimal:
    found = aggregate(events, of)
    assert len(found) == 1
    return found[0].quantity


SOME = [event(at(2), "5"), event(at(10), "-2"), event(at(31, 23), "4")]


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [(A.SUM, "7"), (A.MAX, "5"), (A.LATEST, "4"), (A.AVERAGE, "2.333"), (A.COUNT, "7"), (A.UNIQUE_COUNT, "1")],
)
def test_each_aggregation(aggregation: Aggregation, expected: str) -> None:
    assert abs(one(SOME, window(aggregation)) - Decimal(expected)) < Decimal("0.001")


def test_a_window_holds_its_start_and_not_its_end_nor_other_lines() -> None:
    others = [event(START, "1"), event(END, "10"), event(at(31, 0, 12).replace(year=2025), "100")]
    assert one(others, window(A.SUM)) == 1
    assert one(others, window(A.SUM, carried_over=True)) == 101


def test_a_percentile_is_the_nearest_rank() -> None:
    values = [event(at(2), str(value)) for value in range(1, 21)]
    assert one(values, window(A.PERCENTILE, percentile=Decimal(95))) == 19
    assert one(values, window(A.PERCENTILE, percentile=Decimal("95.1"))) == 20
    hundred = [event(at(2), str(value)) for value in range(1, 101)]
    assert one(hundred, window(A.PERCENTILE, percentile=Decimal(7))) == 7  # a float would make it 8


def test_a_weighted_sum_is_the_level_over_time() -> None:
    """Half the month at 10, half of the rest at 20: 31 days, so levels stand for 15.5 and 7.75 days."""
    events = [event(at(16, 12), "10"), event(datetime(2026, 1, 24, 6, tzinfo=UTC), "10")]
    assert one(events, window(A.WEIGHTED_SUM)) == Decimal("7.5")
    before = event(datetime(2025, 12, 1, tzinfo=UTC), "4")
    assert one([before, *events], window(A.WEIGHTED_SUM)) == Decimal("7.5")
    assert one([before, *events], window(A.WEIGHTED_SUM, carried_over=True)) == Decimal("11.5")


def test_prorated_units_count_for_their_days() -> None:
    """A unit of the 16th stands for 16 of 31 days, its own and the last included; a carried one for all."""
    events = [event(at(16, 23), "31"), event(datetime(2025, 12, 9, tzinfo=UTC), "2")]
    assert one(events, window(A.SUM, prorated=True)) == 16
    assert one(events, window(A.SUM, prorated=True, carried_over=True)) == 18


def test_an_item_counts_from_its_first_addition() -> None:
    events = [event(at(1), item="a"), event(at(20), item="a"), event(at(31), item="b")]
    assert one(events, window(A.UNIQUE_COUNT)) == 2
    assert one(events, window(A.UNIQUE_COUNT, prorated=True)) == divide(Decimal(32), Decimal(31))


def test_the_day_of_a_change_is_the_next_window_s() -> None:
    change = at(11, 15)
    old = UsageWindow(LINE, Meter("u"), START, change, prorated=True, whole=JANUARY)
    new = UsageWindow(LINE, Meter("u"), change, END, prorated=True, whole=JANUARY, carried_over=True)
    events = [event(at(1), "31"), event(at(11, 9), "31")]
    assert one(events, old) == 10
    assert one(events, new) == 42


def test_days_are_those_of_the_customer() -> None:
    """23:30 UTC of the 15th is the 16th in Berlin."""
    late = [event(datetime(2026, 1, 15, 23, 30, tzinfo=UTC), "31")]
    start = datetime(2025, 12, 31, 23, tzinfo=UTC)
    end = datetime(2026, 1, 31, 23, tzinfo=UTC)
    of = UsageWindow(LINE, Meter("u"), start, end, prorated=True, whole=JANUARY, zone="Europe/Berlin")
    assert one(late, of) == 16


def test_the_most_specific_filter_wins() -> None:
    filters = (UsageFilter.of({"region": "eu"}), UsageFilter.of({"region": "eu", "tier": "hot"}))
    events = [event(at(2), "1", region="eu"), event(at(2), "2", region="eu", tier="hot"), event(at(2), "4", tier="hot")]
    found = aggregate(events, window(A.SUM, filters=filters))
    assert [(part.filter, part.quantity) for part in found] == [(filters[0], 1), (filters[1], 2), (None, 4)]


def test_groups_part_further() -> None:
    events = [event(at(2), "1", region="eu"), event(at(2), "2", region="us"), event(at(3), "4")]
    found = aggregate(events, window(A.SUM, group_by=("region",)))
    assert [(part.group, part.quantity) for part in found] == [(("",), 4), (("eu",), 1), (("us",), 2)]


def test_what_was_corrected_counts_no_more_once_it_is_known() -> None:
    wrong, right = event(at(2), "100"), event(at(2), "1")
    correction = UsageCorrection(wrong.id, at(20))
    assert in_force([wrong, right], [correction]) == [right]
    assert in_force([wrong, right], [correction], known_by=at(19)) == [wrong, right]


@pytest.mark.parametrize(
    "wrong", [{"carried_over": True, "aggregation": A.MAX}, {"prorated": True, "aggregation": A.AVERAGE}]
)
def test_a_window_that_means_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        window(wrong.pop("aggregation"), **wrong)  # type: ignore[arg-type]


words = st.sampled_from(["a", "b", "c"])
dimensions = st.dictionaries(words, words, max_size=3)


@given(
    st.lists(st.tuples(dimensions, st.decimals(-50, 50, places=3)), max_size=30),
    st.lists(dimensions, max_size=4, unique_by=lambda values: tuple(sorted(values.items()))),
)
def test_filters_part_the_events(
    given_events: list[tuple[dict[str, str], Decimal]], given_filters: list[dict[str, str]]
) -> None:
    """No event is in two filters and none in no part: counts and sums add up to those without filters."""
    events = [event(at(2), str(quantity), **properties) for properties, quantity in given_events]
    filters = tuple(UsageFilter.of(values) for values in given_filters)
    parts = aggregate(events, window(A.SUM, filters=filters))
    assert len(parts) == len(filters) + 1
    assert sum(part.event_count for part in parts) == len(events)
    assert sum((part.quantity for part in parts), Decimal(0)) == one(events, window(A.SUM))
    for part in parts:
        if part.filter is None:
            continue
        rivals = [one for one in filters if len(one.values) > len(part.filter.values)]
        own = [
            e for e in events if part.filter.matches(e.properties) and not any(r.matches(e.properties) for r in rivals)
        ]
        assert part.event_count <= len(own)
