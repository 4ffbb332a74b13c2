"""Plans of delivery: which steps, in which order, and when a failed one is tried again."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from cashline.flow.deliver.fulfilment.rules import (
    STEP,
    LineToDeliver,
    StepStatus,
    after_reserving,
    confirmation_errors,
    plan_fulfilment,
    retry_pause,
)
from cashline.flow.deliver.subscriptions.rules import end_errors, term_end

DAY = date(2026, 1, 15)


def lines(*kinds: str, order: int = 1) -> list[LineToDeliver]:
    key = UUID(int=order)
    return [
        LineToDeliver(UUID(int=100 * order + index), key, kind, key, Decimal(1), key, key, key, DAY, "UTC")
        for index, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["goods"], [("reserve", 1, "ready"), ("ship", 2, "waiting")]),
        (["goods", "goods"], [("reserve", 1, "ready"), ("ship", 2, "waiting")]),
        (["subscription"], [("activate", 1, "ready")]),
        (["service"], [("install", 1, "ready")]),
        (
            ["service", "goods", "subscription"],
            [("reserve", 1, "ready"), ("ship", 2, "waiting"), ("install", 3, "waiting"), ("activate", 1, "ready")],
        ),
        ([], []),
    ],
)
def test_an_order_becomes_its_steps(kinds: list[str], expected: list[tuple[str, int, str]]) -> None:
    steps = plan_fulfilment(lines(*kinds))
    assert [(step.kind.value, step.sequence, step.status.value) for step in steps] == expected


def test_goods_are_steps_of_the_order_and_the_rest_of_their_lines() -> None:
    steps = plan_fulfilment(lines("goods", "service") + lines("service", order=2))
    assert [(step.order_id.int, step.order_line_id and step.order_line_id.int) for step in steps] == [
        (1, None),
        (1, None),
        (1, 101),
        (2, 200),
    ]


def test_after_stock_was_asked_for_an_order_may_ship_or_waits_for_goods() -> None:
    steps = plan_fulfilment(lines("goods") + lines("goods", order=2))
    found = after_reserving(steps, {UUID(int=2)})
    assert [step.status.value for step in found] == ["done", "ready", "backordered", "waiting"]


def test_every_step_that_is_not_over_can_be_cancelled() -> None:
    over = {StepStatus.DONE, StepStatus.CANCELLED}
    assert {status for status in StepStatus if STEP.allows("cancel", status)} == set(StepStatus) - over


def test_failed_attempts_wait_longer_and_then_for_a_person() -> None:
    pauses = [retry_pause(attempt) for attempt in range(1, 6)]
    assert pauses == [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120)] + [None]


def test_goods_leave_by_today_and_arrive_after_they_left() -> None:
    assert confirmation_errors(DAY, None, DAY, 0) == []
    assert [one.field for one in confirmation_errors(DAY + timedelta(days=2), None, DAY, 3)] == ["3.day"]
    assert [one.code for one in confirmation_errors(DAY - timedelta(days=1), DAY, DAY, 0)] == ["invalid_ship_date"]
    assert [one.field for one in confirmation_errors(DAY, None, DAY, 0, texts={"carrier": "x" * 201})] == ["0.carrier"]


def test_a_term_ends_on_its_anniversary_and_an_end_lies_within_it() -> None:
    assert term_end(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert term_end(DAY, 0) is None
    assert end_errors(DAY, DAY, None, "S") == []
    assert [one.code for one in end_errors(DAY - timedelta(days=1), DAY, None, "S")] == ["invalid_subscription_end"]
    assert [one.code for one in end_errors(DAY, DAY - timedelta(days=9), DAY - timedelta(days=1), "S")] == [
        "invalid_subscription_end"
    ]
