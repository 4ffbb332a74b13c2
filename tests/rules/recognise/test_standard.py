"""The core of ASC 606 / IFRS 15: conservation on every day of our cases, and properties over generated contracts."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.recognise.revenue.rules.standard.facts import (
    ContractCost,
    ContractFact,
    EventFact,
    Fixed,
    Invoiced,
    Modified,
    ObligationFact,
    Paid,
    PriceChange,
    Transfer,
    Variable,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import Judgement, VariableEstimate
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, Moment, days_of, plan_revenue
from tests.support.arrangements import random_facts

CASES = json.loads((Path(__file__).parent / "revenue_cases.json").read_text(encoding="utf-8"))["cases"]
LAST = date(2028, 12, 31)


def facts_of(case: dict[str, Any]) -> Facts:
    return Facts(
        tuple(msgspec.convert(one, ContractFact, strict=False) for one in case["contracts"]),
        tuple(msgspec.convert(one, Judgement, strict=False) for one in case.get("judgements", ())),
        tuple(msgspec.convert(one, EventFact, strict=False) for one in case.get("events", ())),
        tuple(msgspec.convert(one, ContractCost, strict=False) for one in case.get("costs", ())),
    )


def assert_conserved(moments: list[Moment]) -> None:
    for moment in moments:
        assert sum(moment.balances.values(), Decimal(0)) == 0, moment.day
        for unit in (unit for units in moment.units.values() for unit in units):
            if unit.refused or not unit.obligations:
                continue
            assert sum((one.allocated for one in unit.obligations.values()), Decimal(0)) == unit.price, moment.day


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_every_day_balances_and_allocations_add_up(case: dict[str, Any]) -> None:
    facts = facts_of(case)
    assert_conserved(plan_revenue(facts, days_of(facts, LAST)))


amounts = st.integers(1, 1_000_000).map(lambda cents: Decimal(cents) / 100)
days = st.integers(0, 700).map(lambda offset: date(2025, 1, 1) + timedelta(days=offset))


def modifications(day: date, added: ObligationFact, change: PriceChange) -> list[Modified]:
    """The same change treated in each way."""
    return [
        Modified(at=day, contract="c", treatment="separate", added=(added,), price_changes=(change,)),
        Modified(at=day, contract="c", treatment="prospective", added=(added,), price_changes=(change,)),
        Modified(at=day, contract="c", treatment="catch_up", added=(added,), price_changes=(change,)),
        Modified(at=day, contract="c", treatment="mixed", added=(added,), price_changes=(change,)),
    ]


@st.composite
def contracts(draw: st.DrawFn) -> Facts:
    """A contract of goods and services with deliveries, bills, cash and modifications on any days."""
    obligations = [
        ObligationFact(id="goods", pattern="point", quantity=Decimal(10), ssp=draw(amounts)),
        ObligationFact(
            id="service",
            pattern="ratable_daily",
            ssp=draw(amounts),
            starts_on=date(2025, 1, 10),
            until=date(2026, 3, 1),
        ),
        ObligationFact(
            id="work", pattern="output_measure", measure="units", measure_total=Decimal(7), ssp=draw(amounts)
        ),
    ]
    contract = ContractFact(
        id="c",
        inception=date(2025, 1, 1),
        consideration=(Fixed(id="price", amount=draw(amounts)),),
        obligations=tuple(obligations),
    )
    events: list[EventFact] = []
    for day in draw(st.lists(days, max_size=4)):
        events.append(Transfer(at=day, obligation="goods", quantity=Decimal(2)))
    for day in draw(st.lists(days, max_size=2)):
        events.append(Invoiced(at=day, contract="c", amount=draw(amounts)))
    for day in draw(st.lists(days, max_size=2)):
        events.append(Paid(at=day, contract="c", amount=draw(amounts)))
    for index, day in enumerate(draw(st.lists(days, max_size=2))):
        added = ObligationFact(id=f"added{index}", pattern="point", ssp=draw(amounts))
        change = PriceChange(draw(amounts), "remaining")
        events.append(draw(st.sampled_from(modifications(day, added, change))))
    return Facts((contract,), (), tuple(events))


@given(contracts())
def test_any_contract_is_conserved_and_ends_fully_earned(facts: Facts) -> None:
    moments = plan_revenue(facts, days_of(facts, date(2027, 6, 30)))
    assert_conserved(moments)
    for moment in moments:
        for one in moment.obligations():
            assert one.revenue + one.remaining == one.allocated


@given(contracts(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(facts: Facts, chance: Any) -> None:
    """Facts of different days may come in any order; those of one day keep theirs."""
    by_day: dict[date, list[EventFact]] = {}
    for event in facts.events:
        by_day.setdefault(event.at, []).append(event)
    shuffled = list(by_day.values())
    chance.shuffle(shuffled)
    other = Facts(facts.contracts, facts.judgements, tuple(event for group in shuffled for event in group))
    asked = days_of(facts, date(2026, 12, 31))
    assert [moment.balances for moment in plan_revenue(facts, asked)] == [
        moment.balances for moment in plan_revenue(other, asked)
    ]


def test_a_plan_of_more_days_agrees_with_one_of_fewer() -> None:
    """What stands at the end of a day does not depend on the other days asked for."""
    for case in CASES[::3]:
        facts = facts_of(case)
        every = {moment.day: moment.balances for moment in plan_revenue(facts, days_of(facts, LAST))}
        some = [day for index, day in enumerate(sorted(every)) if index % 3 == 0] + [LAST]
        assert {moment.day: moment.balances for moment in plan_revenue(facts, some)} == {
            day: every[day] for day in some
        }


@given(st.integers(0, 100_000))
def test_whatever_is_changed_the_allocation_sums_to_the_price(seed: int) -> None:
    """Additions, removals, quantities, ends and prices in any treatment, over estimates and returns."""
    moments = plan_revenue(facts := random_facts(seed), days_of(facts, date(2027, 12, 31)))
    assert_conserved(moments)
    for moment in moments:
        for one in moment.obligations():
            assert one.revenue + one.remaining + one.set_aside == one.allocated


@given(st.integers(0, 100_000), st.randoms(use_true_random=False))
def test_changes_of_different_days_arrive_in_any_order(seed: int, chance: Any) -> None:
    facts = random_facts(seed)
    by_day: dict[date, list[EventFact]] = {}
    for event in facts.events:
        by_day.setdefault(event.at, []).append(event)
    groups = list(by_day.values())
    chance.shuffle(groups)
    other = replace(facts, events=tuple(event for group in groups for event in group))
    last = [date(2025, 6, 30), date(2027, 12, 31)]
    assert [one.balances for one in plan_revenue(facts, last)] == [one.balances for one in plan_revenue(other, last)]


@pytest.mark.parametrize("treatment", ["separate", "catch_up", "prospective", "mixed"])
def test_a_change_that_takes_the_only_obligation_away_earns_the_rest_and_later_estimates_too(treatment: str) -> None:
    """A bonus that is estimated when nothing is left to deliver is revenue at once (606-10-32-44)."""
    contract = ContractFact(
        id="c",
        inception=date(2025, 1, 1),
        consideration=(Fixed(id="price", amount=Decimal(100)), Variable(id="bonus", basis="total")),
        obligations=(ObligationFact(id="work", pattern="point", quantity=Decimal(4), ssp=Decimal(100)),),
    )
    given = VariableEstimate(at=date(2025, 3, 1), consideration="bonus", method="given", estimate=Decimal(20))
    events: tuple[EventFact, ...] = (
        Transfer(at=date(2025, 1, 10), obligation="work", quantity=Decimal(1)),
        Modified(
            at=date(2025, 2, 1),
            contract="c",
            treatment=treatment,  # type: ignore[arg-type]
            removed=("work",),
            price_changes=(PriceChange(Decimal(-30), "remaining"),),
        ),
    )
    january, february, march = plan_revenue(
        Facts((contract,), (given,), events), [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)]
    )
    revenue = [sum(one.revenue for one in moment.obligations()) for moment in (january, february, march)]
    assert revenue == [25, 70, 90]
    assert_conserved([january, february, march])
