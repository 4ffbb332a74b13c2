"""How fast a wallet is drawn on, by when it is empty, and what would expire before it is used."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.invoice.credits.rules import OpenTopUp, burn_down

D = Decimal
TODAY = date(2026, 7, 1)


def left(*rows: tuple[str, int | None]) -> list[OpenTopUp]:
    return [OpenTopUp(D(money), None if days is None else TODAY + timedelta(days=days)) for money, days in rows]


def test_the_pace_and_the_day_it_is_empty() -> None:
    found = burn_down(left(("100", None)), D(30), TODAY - timedelta(days=30), TODAY, currency="EUR")
    assert (found.balance, found.days, found.per_day, found.unused) == (D(100), 30, D("1.00"), D("0.00"))
    assert found.empty_on == TODAY + timedelta(days=100)


def test_no_more_than_ninety_days_are_looked_at_and_nothing_drawn_is_never_empty() -> None:
    found = burn_down(left(("100", None)), D(90), date(2025, 1, 1), TODAY, currency="EUR")
    assert (found.days, found.per_day) == (90, D("1.00"))
    found = burn_down(left(("100", 10)), D(0), date(2025, 1, 1), TODAY, currency="EUR")
    assert (found.empty_on, found.unused) == (None, D("100.00"))


def test_what_expires_first_is_used_first_and_the_rest_of_it_expires() -> None:
    found = burn_down(left(("50", None), ("100", 60)), D(30), TODAY - timedelta(days=30), TODAY, currency="EUR")
    assert found.unused == D("40.00")
    assert found.empty_on == TODAY + timedelta(days=110)


MONEY = st.integers(0, 10_000).map(lambda cents: D(cents) / 100)


@given(st.lists(st.tuples(MONEY, st.none() | st.integers(1, 400)), max_size=8), MONEY, st.integers(0, 400))
def test_no_more_expires_than_is_left_and_a_faster_pace_leaves_no_more_unused(
    rows: list[tuple[Decimal, int | None]], drawn: Decimal, age: int
) -> None:
    held = left(*((str(money), days) for money, days in rows))
    since = TODAY - timedelta(days=age)
    slow = burn_down(held, drawn, since, TODAY, currency="EUR")
    fast = burn_down(held, drawn * 2, since, TODAY, currency="EUR")
    assert 0 <= fast.unused <= slow.unused <= slow.balance
    if fast.empty_on is not None and slow.empty_on is not None and not slow.unused:
        assert fast.empty_on <= slow.empty_on
