"""The plan of bills: by shipment, by acceptance, by period; nothing lost, nothing twice."""

import itertools
import json
import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.support.billing_facts import accepted, activated, ended, returned, shipped, term

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact
from cashline.flow.invoice.billing.rules.charges import BillingCalendar, BillingConventions, PlannedCharge
from cashline.flow.invoice.billing.rules.planning import next_due_on, plan_bills
from cashline.kernel.derivations import Derivation
from cashline.kernel.periods import DayCount
from cashline.kernel.rounding import round_to

D = Decimal
FAR = date(2030, 1, 1)


def plan(*found: object, through: date = FAR, **more: object) -> list[PlannedCharge]:
    """The plan of terms and facts in any order."""
    lines = [item for item in found if isinstance(item, TermLine)]
    facts = [item for item in found if isinstance(item, DeliveryFact)]
    return plan_bills(lines, facts, through=through, **more)  # type: ignore[arg-type]


def amounts(charges: list[PlannedCharge]) -> list[str]:
    return [str(charge.net_amount) for charge in charges]


def spans(charges: list[PlannedCharge]) -> list[str]:
    return [f"{charge.period.start:%m-%d}/{charge.period.end:%m-%d}" for charge in charges if charge.period]


def test_what_was_not_delivered_is_not_billed() -> None:
    assert plan(term("goods"), term("service"), term("subscription")) == []


def test_goods_are_billed_on_the_day_they_are_shipped() -> None:
    line = term("goods", quantity="3", price="19.99")
    (charge,) = plan(line, fact := shipped(line, date(2026, 3, 2)), through=date(2026, 3, 2))
    assert (charge.net_amount, charge.source_id, charge.period_start) == (D("59.97"), fact.id, date(2026, 3, 2))
    assert plan(line, fact, through=date(2026, 3, 1)) == []


def test_a_service_is_billed_when_it_is_accepted() -> None:
    line = term("service", price="450")
    assert amounts(plan(line, accepted(line, date(2026, 3, 2)))) == ["450.00"]
    assert plan(line, shipped(line, date(2026, 3, 2))) == []


def test_partial_shipments_sum_to_the_line() -> None:
    line = term("goods", quantity="3", price="0.335")
    facts = [shipped(line, date(2026, 3, day), "1") for day in (2, 3, 4)]
    assert amounts(plan(line, *facts)) == ["0.34", "0.33", "0.34"]
    assert line.net_total == D("1.01")


def test_a_line_whose_total_is_no_multiple_of_its_price_is_shared_by_quantity() -> None:
    line = term("goods", quantity="3", price="33.3333333333", net_total="99.99")
    facts = [shipped(line, date(2026, 3, day), "1") for day in (2, 3, 4)]
    assert amounts(plan(line, *facts)) == ["33.33", "33.33", "33.33"]
    line = replace(line, net_total=D("100.01"))
    assert sum(charge.net_amount for charge in plan(line, *facts)) == D("100.01")


def test_a_return_is_taken_off_the_latest_shipment() -> None:
    line = term("goods", quantity="5", price="10")
    first, second = shipped(line, date(2026, 3, 2), "3"), shipped(line, date(2026, 3, 9), "2")
    assert amounts(plan(line, first, second, returned(line, date(2026, 3, 20), "1"))) == ["30.00", "10.00"]
    assert amounts(plan(line, first, second, returned(line, date(2026, 3, 20), "4"))) == ["10.00"]
    assert plan(line, first, second, returned(line, date(2026, 3, 20), "5")) == []


def test_yen_has_no_decimals_and_dinar_three() -> None:
    yen = term("goods", price="100.5", currency="JPY")
    assert amounts(plan(yen, shipped(yen, date(2026, 3, 2)))) == ["101"]
    dinar = term("goods", quantity="3", price="0.3335", currency="KWD")
    assert amounts(plan(dinar, shipped(dinar, date(2026, 3, 2)))) == ["1.001"]


def test_periods_are_counted_from_the_day_of_activation() -> None:
    line = term("subscription", price="30")
    charges = plan(line, activated(line, date(2026, 1, 31)), through=date(2026, 4, 30))
    assert spans(charges) == ["01-31/02-28", "02-28/03-31", "03-31/04-30", "04-30/05-31"]
    assert amounts(charges) == ["30.00"] * 4
    assert {charge.source_id for charge in charges} == {line.line_id}


def test_in_arrears_a_period_is_due_when_it_is_over() -> None:
    line = term("subscription", price="30", trigger="in_arrears")
    start = activated(line, date(2026, 1, 15))
    assert plan(line, start, through=date(2026, 2, 14)) == []
    (charge,) = plan(line, start, through=date(2026, 2, 15))
    assert (charge.due_on, charge.supplied_on) == (date(2026, 2, 15), date(2026, 2, 14))


def test_a_term_ends_the_periods() -> None:
    line = term("subscription", price="30", months=3, term_months=12)
    assert len(plan(line, activated(line, date(2026, 2, 1)))) == 4


def test_the_last_period_is_billed_by_days() -> None:
    line = term("subscription", quantity="2", price="31")
    charges = plan(line, activated(line, date(2026, 1, 1)), ended(line, date(2026, 2, 8)))
    assert spans(charges) == ["01-01/02-01", "02-01/02-08"]
    assert amounts(charges) == ["62.00", "15.50"]


def test_an_end_before_the_start_leaves_nothing() -> None:
    line = term("subscription")
    assert plan(line, activated(line, date(2026, 2, 1)), ended(line, date(2026, 2, 1))) == []
    assert plan(line, activated(line, date(2026, 2, 1)), ended(line, date(2026, 1, 1))) == []


def test_the_end_that_became_known_last_counts_and_an_activation_takes_it_back() -> None:
    line = term("subscription", price="30")
    start, first, second = (
        activated(line, date(2026, 1, 1)),
        ended(line, date(2026, 3, 1)),
        ended(line, date(2026, 2, 1)),
    )
    assert len(plan(line, start, first, second)) == 1
    again = activated(line, date(2026, 2, 1))
    assert len(plan(line, start, first, second, again, through=date(2026, 4, 1))) == 4


def test_a_service_resumed_after_its_end_has_periods_of_its_own() -> None:
    line = term("subscription", price="30")
    facts = [activated(line, date(2026, 1, 1)), ended(line, date(2026, 2, 1)), activated(line, date(2026, 3, 10))]
    assert spans(plan(line, *facts, through=date(2026, 4, 9))) == ["01-01/02-01", "03-10/04-10"]


def test_a_change_of_terms_splits_the_period_that_holds_it() -> None:
    before = term("subscription", price="30", ends_on=date(2026, 1, 10))
    after = replace(before, unit_price=D(40), starts_on=date(2026, 1, 10), ends_on=None)
    charges = plan(after, before, activated(before, date(2026, 1, 1)), through=date(2026, 2, 1))
    assert spans(charges) == ["01-01/01-10", "01-10/02-01", "02-01/03-01"]
    assert amounts(charges) == ["8.71", "28.39", "40.00"]


@pytest.mark.parametrize(
    ("prices", "days", "expected"),
    [
        # 30 -> 40 on day 10, -> 50 on day 15 of a 31-day month: each change adds its days, about 5.16 for the second.
        (["30", "40", "50"], [10, 15], ["8.71", "6.45", "27.42"]),
        (["499", "998", "1497"], [11, 21], ["160.97", "321.94", "531.19"]),
    ],
)
def test_two_changes_in_one_period_are_counted_from_the_whole_period(
    prices: list[str], days: list[int], expected: list[str]
) -> None:
    line = term("subscription", price=prices[0])
    bounds = [date(2026, 1, 1), *(date(2026, 1, day) for day in days), None]
    versions = [
        replace(line, unit_price=D(price), starts_on=start, ends_on=end)
        for price, start, end in zip(prices, bounds[:-1], bounds[1:], strict=True)
        if start
    ]
    assert amounts(plan(*versions, activated(line, date(2026, 1, 1)), through=date(2026, 1, 31))) == expected


def test_two_upgrades_of_a_year_that_begins_anew_each_credit_the_whole_unused_value() -> None:
    """499 -> 998 -> 1,497 a year: 530.44 and 575.56 by days (530.47 and 575.08 where seconds are counted).

    Counted from the last charge instead of the whole value, the second would be 1,006.96.
    """
    starts = [date(2025, 3, 1), date(2025, 3, 24), date(2025, 4, 21)]
    lines = [term("subscription", price=price, months=12) for price in ("499", "998", "1497")]
    found: list[TermLine | DeliveryFact] = []
    totals = [D(0)]
    for index, (line, start) in enumerate(zip(lines, starts, strict=True)):
        if index:
            found.append(ended(lines[index - 1], start))
        found += [line, activated(line, start)]
        totals.append(sum((charge.net_amount for charge in plan(*found, through=date(2026, 2, 1))), D(0)))
    assert [right - left for left, right in itertools.pairwise(totals)] == [
        D("499"),
        D("530.44"),
        D("575.56"),
    ]


def test_calendar_months_make_the_first_period_short() -> None:
    line = term("subscription", price="31")
    months = BillingConventions(BillingCalendar.CALENDAR_MONTH)
    charges = plan(line, activated(line, date(2026, 1, 22)), through=date(2026, 2, 28), conventions=months)
    assert spans(charges) == ["01-22/02-01", "02-01/03-01"]
    assert amounts(charges) == ["10.00", "31.00"]
    assert next_due_on(
        [line], [activated(line, date(2026, 1, 22))], after=date(2026, 1, 22), conventions=months
    ) == date(2026, 2, 1)


def test_thirty_360_counts_every_month_as_thirty_days() -> None:
    line = term("subscription", price="30")
    convention = BillingConventions(day_count=DayCount.THIRTY_360)
    charges = plan(line, activated(line, date(2026, 2, 1)), ended(line, date(2026, 2, 11)), conventions=convention)
    assert amounts(charges) == ["10.00"]


def test_juneau_in_arrears_from_october_2015_terminates() -> None:
    line = term("subscription", price="30", trigger="in_arrears", starts_on=date(2015, 10, 1))
    charges = plan(line, activated(line, date(2015, 10, 1)), through=date(2015, 12, 1))
    assert spans(charges) == ["10-01/11-01", "11-01/12-01"]


def test_what_is_due_next() -> None:
    line = term("subscription", price="30")
    start = activated(line, date(2026, 1, 31))
    assert next_due_on([line], [start], after=date(2026, 1, 31)) == date(2026, 2, 28)
    assert next_due_on([line], [start], after=date(2026, 1, 1)) == date(2026, 1, 31)
    assert next_due_on([line], [start, ended(line, date(2026, 2, 28))], after=date(2026, 1, 31)) is None
    goods = term("goods")
    assert next_due_on([goods], [shipped(goods, date(2026, 3, 2))], after=date(2026, 3, 2)) is None
    assert next_due_on([goods], [shipped(goods, date(2026, 3, 2))], after=date(2026, 3, 1)) == date(2026, 3, 2)


DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
PRICES = st.decimals(D("0.01"), D("5000"), places=4)


@st.composite
def subscriptions(draw: st.DrawFn) -> tuple[list[TermLine], list[DeliveryFact]]:
    """A subscription with up to three versions of its terms, begun and perhaps ended."""
    months = draw(st.sampled_from([1, 3, 6, 12]))
    trigger = draw(st.sampled_from(["in_advance", "in_arrears"]))
    start = draw(DAYS)
    line = term("subscription", months=months, trigger=trigger, starts_on=start, price=str(draw(PRICES)))
    bounds = sorted({start, *draw(st.lists(st.dates(start, start + timedelta(days=700)), max_size=2))})
    versions = [
        replace(line, unit_price=draw(PRICES), starts_on=begin, ends_on=end)
        for begin, end in zip(bounds, [*bounds[1:], None], strict=True)
    ]
    facts = [activated(line, start)]
    if draw(st.booleans()):
        facts.append(ended(line, draw(st.dates(start, start + timedelta(days=800)))))
    return versions, facts


@given(subscriptions(), DAYS)
def test_periods_tile_the_service(subscription: tuple[list[TermLine], list[DeliveryFact]], through: date) -> None:
    versions, facts = subscription
    charges = plan_bills(versions, facts, through=through)
    found = [charge.period for charge in charges if charge.period]
    assert all(left.end == right.start for left, right in itertools.pairwise(found))
    if found:
        assert found[0].start == facts[0].effective_on
    if len(facts) > 1 and through > facts[1].effective_on > facts[0].effective_on:
        assert found[-1].end == facts[1].effective_on


@given(subscriptions(), DAYS, st.randoms())
def test_the_order_of_facts_and_versions_does_not_matter(
    subscription: tuple[list[TermLine], list[DeliveryFact]], through: date, chance: random.Random
) -> None:
    versions, facts = subscription
    expected = plan_bills(versions, facts, through=through)
    chance.shuffle(versions)
    chance.shuffle(facts)
    assert plan_bills(versions, facts, through=through) == expected


@given(subscriptions(), DAYS, DAYS)
def test_a_plan_in_two_halves_is_the_plan(
    subscription: tuple[list[TermLine], list[DeliveryFact]], one: date, two: date
) -> None:
    versions, facts = subscription
    middle, last = sorted((one, two))
    first = plan_bills(versions, facts, through=middle)
    rest = plan_bills(versions, facts, through=last, after=middle)
    assert first + rest == plan_bills(versions, facts, through=last)
    next_day = next_due_on(versions, facts, after=middle)
    if rest:
        assert next_day == min(charge.due_on for charge in rest)
    elif next_day is not None:
        assert next_day > last


@given(subscriptions(), DAYS)
def test_every_derivation_gives_its_amount(
    subscription: tuple[list[TermLine], list[DeliveryFact]], through: date
) -> None:
    for charge in plan_bills(*subscription, through=through):
        derivation = Derivation.from_json(json.loads(charge.derivation))
        assert derivation.breaks() == []
        assert derivation.result == charge.net_amount


@given(
    st.lists(st.decimals(D("0.001"), D(400), places=3), min_size=1, max_size=8),
    PRICES,
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.booleans(),
)
def test_deliveries_sum_to_the_total_of_the_line(
    parts: list[Decimal], price: Decimal, currency: str, uneven: bool
) -> None:
    digits = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    line = term("goods", quantity=str(sum(parts)), price=str(price), currency=currency)
    if uneven:
        line = replace(line, net_total=line.net_total + round_to(D(7), digits))
    facts = [shipped(line, date(2026, 1, 1) + timedelta(days=day), str(part)) for day, part in enumerate(parts)]
    charges = plan(line, *facts)
    assert sum((charge.net_amount for charge in charges), D(0)) == line.net_total
    for charge in charges:
        derivation = Derivation.from_json(json.loads(charge.derivation))
        assert derivation.breaks() == []
        assert derivation.result == charge.net_amount
