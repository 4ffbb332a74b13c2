"""Stand-alone prices from own transactions: median, range and the share within it, by stratum."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from cashline.flow.recognise.revenue.rules.price_study import ApprovedPrice, Observation, Terms, price_for, study

D = Decimal
DAY = date(2026, 1, 1)


def sold(price: str, quantity: int = 1, *, currency: str = "EUR", segment: str = "DE", product: int = 1) -> Observation:
    return Observation(UUID(int=product), currency, 0, segment, D(quantity), D(price), DAY)


def test_the_median_with_its_range_and_the_share_of_transactions_within() -> None:
    [found] = study([sold(price) for price in ("100", "98", "102", "90", "60")], Terms())
    assert (found.median, found.low, found.high) == (D(98), D("83.3"), D("112.7"))
    assert (found.count, found.within, found.share, found.observable) == (5, 4, D("0.8"), True)
    assert found.derivation(D("0.15")).recompute() == D(98)
    [strict] = study([sold(price) for price in ("100", "98", "102", "90", "60")], Terms(required=D("0.9")))
    assert not strict.observable
    [few] = study([sold("100")], Terms())
    assert (few.share, few.observable) == (D(1), False)


def test_strata_are_parted_by_product_currency_segment_and_quantity() -> None:
    observed = [
        *(sold("100", 1), sold("80", 10), sold("80", 99), sold("60", 100)),
        *(sold("110", 1, currency="USD"), sold("120", 1, segment="FR"), sold("5", 1, product=2)),
    ]
    found = study(observed, Terms(bands=(D(10), D(100))))
    assert [(one.key.currency, one.key.quantity_from, one.key.quantity_to, one.count) for one in found] == [
        ("EUR", D(0), D(10), 2),
        ("EUR", D(10), D(100), 2),
        ("EUR", D(100), None, 1),
        ("USD", D(0), D(10), 1),
        ("EUR", D(0), D(10), 1),
    ]
    assert found[0].median == D(110)
    assert len(study(observed, Terms(bands=(D(10), D(100)), by_segment=True))) == 6
    wrong = Terms(spread=D(1), required=D(2), least_count=0, bands=(D(5), D(5)))
    assert [one.field for one in wrong.errors()] == ["spread", "required", "least_count", "bands"]


def test_the_price_in_force_is_that_of_the_segment_then_the_latest() -> None:
    def approved(amount: int, day: date, segment: str = "", start: int = 0) -> ApprovedPrice:
        low, high = D(amount) * D("0.85"), D(amount) * D("1.15")
        return ApprovedPrice(UUID(int=1), "EUR", 0, segment, D(start), None, day, D(amount), low, high)

    later = date(2026, 6, 1)
    prices = [approved(100, DAY), approved(90, later), approved(70, DAY, "FR"), approved(50, DAY, "", 100)]

    def asked(charged: int, day: date = DAY, segment: str = "DE", quantity: int = 1) -> Decimal | None:
        return price_for(prices[:3], currency="EUR", interval_months=0, segment=segment, quantity=D(quantity),
                         unit_price=D(charged), day=day)  # fmt: skip

    assert asked(40) == D(100)
    assert asked(95) == D(95)  # within the range what was charged stands for itself
    assert asked(40, later) == D(90)
    assert asked(40, later, "FR") == D(70)
    assert asked(40, date(2025, 12, 31)) is None
    assert price_for(prices, currency="USD", interval_months=0, segment="DE", quantity=D(1), unit_price=D(1),
                     day=later) is None  # fmt: skip


@settings(max_examples=50)
@given(st.lists(st.decimals("0.01", "10000", places=2), min_size=1, max_size=30), st.decimals("0", "0.99", places=2))
def test_half_of_the_prices_lie_on_either_side_of_the_median(prices: list[Decimal], spread: Decimal) -> None:
    [found] = study([sold(str(price)) for price in prices], Terms(spread=spread))
    assert (
        2 * sum(price <= found.median for price in prices)
        >= len(prices)
        <= 2 * sum(price >= found.median for price in prices)
    )
    assert found.low <= found.median <= found.high
    assert study([sold(str(price)) for price in reversed(prices)], Terms(spread=spread)) == [found]
