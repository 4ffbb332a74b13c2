"""Every invoice falls into one bucket, and deferred revenue rolls forward without a gap."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.report.statements.rules import BUCKETS, bucket_of, roll_forward
from cashline.kernel.fiscal import MONTHS

D = Decimal


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-40, "not_due"),
        (0, "not_due"),
        (1, "days_1_30"),
        (30, "days_1_30"),
        (31, "days_31_60"),
        (60, "days_31_60"),
        (61, "days_61_90"),
        (90, "days_61_90"),
        (91, "days_91_120"),
        (120, "days_91_120"),
        (121, "over_120"),
        (4000, "over_120"),
    ],
)
def test_every_age_has_a_bucket(days: int, bucket: str) -> None:
    assert BUCKETS[bucket_of(days)] == bucket


amounts = st.decimals(min_value=-1000, max_value=1000, places=2)
movements = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from(["invoice", "credit_note", "revenue", "other"]), amounts), max_size=20
)


@given(amounts, movements)
def test_deferred_revenue_rolls_forward(opening: Decimal, moved: list[tuple[int, str, Decimal]]) -> None:
    months = roll_forward(
        opening,
        [(date(2026, month, 1), rule, amount) for month, rule, amount in moved],
        MONTHS.periods(2026),
    )
    assert [one.period.start.month for one in months] == list(range(1, 13))
    assert months[0].opening == opening
    for before, after in pairwise(months):
        assert before.closing == after.opening
    assert months[-1].closing == opening - sum((amount for *_, amount in moved), D(0))
    recognised = sum((amount for _, rule, amount in moved if rule == "revenue"), D(0))
    assert sum((one.recognised for one in months), D(0)) == recognised
