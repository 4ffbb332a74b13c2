"""Costs to obtain and to fulfil a contract: write-downs, losses taken back, clawback and the expedient of a year."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.recognise.revenue.rules.standard.amortising import Carried, Expensed
from cashline.flow.recognise.revenue.rules.standard.facts import (
    Clawback,
    ContractCost,
    ContractFact,
    Fixed,
    ObligationFact,
    Terminated,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import Amortisation, Impairment
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, Key, Moment, days_of, plan_revenue

FIRST = date(2026, 1, 1)
TWO_YEARS = Amortisation(at=FIRST, cost="fee", pattern="ratable_monthly", starts_on=FIRST, until=date(2028, 1, 1))


def cost(amount: str = "1200", kind: Any = "obtain_incremental", **of: Any) -> ContractCost:
    return ContractCost(id="fee", at=FIRST, amount=Decimal(amount), cost_class=kind, **of)


def impaired(day: date, expected: str, costs: str = "0", standard: Any = "ifrs_15") -> Impairment:
    return Impairment(at=day, cost="fee", consideration=Decimal(expected), costs=Decimal(costs), standard=standard)


def carried(*impairments: Impairment) -> Carried:
    return Carried(cost(), [TWO_YEARS], list(impairments))


def amounts(*texts: str) -> Expensed:
    return Expensed(*map(Decimal, texts))


def test_an_asset_is_written_down_to_what_is_still_expected_less_the_costs_to_come() -> None:
    one = carried(impaired(date(2026, 7, 1), "700", "100"))
    assert one.expensed(date(2026, 6, 30), 2) == amounts("300")
    assert one.expensed(date(2026, 7, 31), 2) == amounts("333.33", "300")
    assert one.expensed(date(2027, 12, 31), 2) == amounts("900", "300")


def test_a_test_that_finds_enough_changes_nothing() -> None:
    assert carried(impaired(date(2026, 7, 1), "900")).expensed(date(2026, 7, 31), 2) == amounts("350")


@pytest.mark.parametrize(
    ("standard", "expected"), [("ifrs_15", amounts("550", "100")), ("asc_340_40", amounts("533.33", "300"))]
)
def test_a_loss_is_taken_back_under_ifrs_alone_and_not_beyond_what_would_be_carried_without_it(
    standard: str, expected: Expensed
) -> None:
    one = carried(impaired(date(2026, 7, 1), "700", "100"), impaired(date(2027, 1, 1), "900", standard=standard))
    assert one.expensed(date(2026, 12, 31), 2) == amounts("500", "300")
    assert one.expensed(date(2027, 1, 31), 2) == expected


@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 1500)), max_size=5),
    st.integers(0, 1000),
    st.sampled_from(["ifrs_15", "asc_340_40"]),
)
def test_what_is_carried_is_never_below_zero_nor_above_what_it_would_be_without_losses(
    tests: list[tuple[int, int]], last: int, standard: str
) -> None:
    found = {
        FIRST + timedelta(days): impaired(FIRST + timedelta(days), str(left), "0", standard) for days, left in tests
    }
    one, day = carried(*(found[at] for at in sorted(found))), FIRST + timedelta(last)
    left = cost().amount - one.expensed(day, 2).off_the_asset
    cents = Decimal("0.05")  # each stretch is rounded for itself
    assert -cents <= left <= cost().amount - carried().expensed(day, 2).off_the_asset + cents
    assert one.expensed(day, 2).impaired >= 0


def contract(until: date = date(2027, 1, 1)) -> ContractFact:
    service = ObligationFact(id="s", pattern="ratable_monthly", ssp=Decimal(2400), starts_on=FIRST, until=until)
    return ContractFact(
        id="c", inception=FIRST, consideration=(Fixed(id="p", amount=Decimal(2400)),), obligations=(service,)
    )


def planned(facts: Facts, day: date) -> Moment:
    found = plan_revenue(facts, [*days_of(facts, day), day])
    assert all(sum(one.balances.values()) == 0 for one in found)
    return found[-1]


def test_what_is_expected_is_by_default_what_is_allocated_and_not_recognised() -> None:
    test = Impairment(at=date(2026, 7, 1), cost="fee", costs=Decimal(1000))
    facts = Facts((contract(),), (TWO_YEARS, test), (), (cost(),))
    balances = planned(facts, date(2026, 7, 1)).balances
    assert balances[Key("contract_cost_expense", "c", "fee", "impairment")] == 700
    assert plan_revenue(facts, [date(2026, 7, 1)])[0].balances == balances


@pytest.mark.parametrize(
    ("ends", "windows", "recovered"),
    [
        (date(2026, 4, 1), "tiers", "1200"),
        (date(2026, 10, 1), "tiers", "600"),
        (date(2027, 1, 1), "tiers", "0"),
        (date(2026, 7, 2), "pro rata", "601.64"),
    ],
)
def test_what_is_clawed_back_of_a_commission_lowers_what_its_contract_costs(
    ends: date, windows: str, recovered: str
) -> None:
    tiers = (Clawback(until=date(2026, 7, 1)), Clawback(until=date(2027, 1, 1), share=Decimal("0.5")))
    chosen = tiers if windows == "tiers" else (Clawback(until=date(2027, 1, 1), pro_rata=True),)
    end = Terminated(at=ends, contract="c")
    facts = Facts((contract(),), (TWO_YEARS,), (end,), (cost(contract="c", clawback=chosen),))
    balances = planned(facts, date(2027, 3, 31)).balances
    assert Key("cost_to_obtain_asset", "c", "fee") not in balances
    spent = sum(amount for key, amount in balances.items() if key.account == "contract_cost_expense")
    assert spent == 1200 - Decimal(recovered)
    assert -balances.get(Key("contract_cost_expense", "c", "fee", "clawback"), Decimal(0)) == Decimal(recovered)


def test_a_cost_expensed_at_once_by_the_expedient_is_clawed_back_too() -> None:
    fee = cost(
        kind="obtain_expedient",
        benefit_until=date(2027, 1, 1),
        contract="c",
        clawback=(Clawback(until=date(2026, 7, 1)),),
    )
    facts = Facts((contract(),), (), (Terminated(at=date(2026, 3, 1), contract="c"),), (fee,))
    assert planned(facts, date(2026, 2, 28)).balances[Key("contract_cost_expense", "c", "fee")] == 1200
    balances = planned(facts, date(2026, 3, 1)).balances
    assert sum(amount for key, amount in balances.items() if key.account == "contract_cost_expense") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"class": "obtain_expedient"},
        {"class": "obtain_expedient", "benefit_until": "2027-01-02"},
        {"class": "obtain_incremental", "clawback": [{"until": "2026-07-01"}]},
        {"class": "obtain_incremental", "contract": "c", "clawback": [{"until": "2026-01-01"}]},
        {"class": "obtain_incremental", "contract": "c", "clawback": [{"until": "2026-07-01", "share": "1.1"}]},
    ],
)
def test_an_expedient_beyond_a_year_and_a_clawback_of_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"id": "fee", "at": "2026-01-01", "amount": "1200"} | wrong, ContractCost, strict=False)
