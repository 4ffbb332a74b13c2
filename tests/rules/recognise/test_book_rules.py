"""Policies of books: what each choice makes of the facts, and steps that sum to the whole difference."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashline.flow.recognise.books.rules.invoiced import invoiced_of
from cashline.flow.recognise.books.rules.policies import (
    CHOICE,
    CHOICES,
    Policies,
    Standard,
    check_policies,
    in_force,
    read_policies,
)
from cashline.flow.recognise.books.rules.steps import (
    Adjustment,
    Place,
    adjustments,
    flows_of_bills,
    steps_of,
    steps_of_arrangement,
)
from cashline.flow.recognise.books.rules.treating import treated, without_costs
from cashline.flow.recognise.revenue.rules.billed import BilledRow, CreditedRow
from cashline.flow.recognise.revenue.rules.standard.facts import (
    ContractCost,
    ContractFact,
    EventFact,
    Fixed,
    Invoiced,
    ObligationFact,
    Paid,
    Transfer,
    Variable,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import (
    Amortisation,
    Financing,
    Impairment,
    Judgement,
    VariableEstimate,
)
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, plan_revenue
from cashline.kernel.refusals import InvalidValue

D = Decimal
JUNE = date(2026, 6, 30)
CONTRACT = ContractFact(
    id="c",
    inception=date(2026, 1, 1),
    consideration=(Fixed(id="price", amount=D(1200)), Variable(id="bonus", basis="total")),
    obligations=(
        ObligationFact(id="licence", pattern="point", ssp=D(600), unit_cost=D(50)),
        ObligationFact(
            id="support", pattern="ratable_monthly", ssp=D(600), starts_on=date(2026, 1, 1), until=date(2027, 1, 1)
        ),
    ),
)
EVENTS: tuple[EventFact, ...] = (
    Transfer(at=date(2026, 1, 10), obligation="licence"),
    Invoiced(at=date(2026, 3, 15), contract="c", amount=D(700), due=date(2026, 4, 14)),
    Paid(at=date(2026, 4, 20), contract="c", amount=D(700)),
    Invoiced(at=date(2026, 7, 1), contract="c", amount=D(500)),
)
BONUS = VariableEstimate(
    at=date(2026, 1, 1), consideration="bonus", method="most_likely", estimate=D(120), included=D(120)
)
SETTLED = VariableEstimate(at=date(2026, 5, 1), consideration="bonus", method="given", estimate=D(150))


def of_account(found: dict[Place, Decimal], *accounts: str) -> Decimal:
    return sum((amount for place, amount in found.items() if place.account in accounts), D(0))


def differences(facts: Facts, policies: Policies, through: date) -> dict[Place, Decimal]:
    steps = steps_of_arrangement(facts, policies, through)
    return {one.place: one.amount for one in adjustments(steps, {})}


def test_a_standard_refuses_what_it_does_not_leave_to_choose() -> None:
    assert [one.policy for one in Policies().differing()] == []
    assert check_policies(Standard.ASC_606, Policies(financing="one_year", contract_costs="one_year")) == []
    wrong = check_policies(Standard.IFRS_15, Policies(timing="as_invoiced", financing="none"))
    assert [one.field for one in wrong] == ["financing", "timing"]
    assert "IFRS 15.31" in wrong[1].message
    assert check_policies(Standard.STATUTORY, Policies(timing="as_invoiced", financing="none")) == []
    with pytest.raises(InvalidValue, match="timing"):
        read_policies({"timing": "whenever"})


def test_a_book_that_elects_nothing_differs_in_nothing() -> None:
    assert differences(Facts((CONTRACT,), (BONUS,), EVENTS), Policies(), JUNE) == {}


def test_a_variable_amount_counts_when_it_is_settled() -> None:
    facts = Facts((CONTRACT,), (BONUS, SETTLED), EVENTS)
    april = differences(facts, Policies(estimates="when_settled"), date(2026, 4, 30))
    # of 120 the licence took 60 at once, the support 60 over a year: 4 months of 5
    assert of_account(april, "goods") == D(60)
    assert of_account(april, "subscription") == D(20)
    assert sum(april.values()) == 0
    june = differences(facts, Policies(estimates="when_settled"), JUNE)
    assert of_account(june, "goods", "subscription") == 0  # both books know 150 by then


def test_revenue_as_invoiced_leaves_goods_and_cash_as_they_are() -> None:
    facts = Facts((CONTRACT,), (BONUS,), EVENTS)
    found = differences(facts, Policies(timing="as_invoiced"), JUNE)
    moment = plan_revenue(facts, [JUNE])[0]
    standard = -sum((amount for key, amount in moment.balances.items() if key.account == "revenue"), D(0))
    # invoiced 700 by June; the second invoice comes later
    assert -of_account(found, "goods", "subscription", "service") == D(700) - standard
    assert of_account(found, "cost_of_sales") == of_account(found, "inventory") == of_account(found, "cash") == 0
    position = sum((amount for key, amount in moment.balances.items() if key.account == "contract_position"), D(0))
    assert position + of_account(found, "contract_position") == 0
    assert {place.choice for place in found} == {"timing_as_invoiced"}


def test_a_financing_of_a_year_or_less_is_left_out_and_a_longer_one_is_not() -> None:
    goods = ObligationFact(id="goods", pattern="point", ssp=D(121))
    judged = (Financing(at=date(2026, 1, 1), consideration="price", annual_rate=D("0.10")),)
    for due, told in ((date(2026, 12, 31), True), (date(2028, 1, 1), False)):
        contract = ContractFact(
            id="c",
            inception=date(2026, 1, 1),
            consideration=(Fixed(id="price", amount=D(121)),),
            obligations=(goods,),
        )
        events: tuple[EventFact, ...] = (
            Transfer(at=date(2026, 1, 1), obligation="goods"),
            Invoiced(at=date(2026, 1, 1), contract="c", amount=D(121), due=due),
        )
        found = differences(Facts((contract,), judged, events), Policies(financing="one_year"), date(2026, 1, 31))
        assert bool(found) is told
        if told:
            assert of_account(found, "goods") < 0 < of_account(found, "interest_income")
        longer = differences(Facts((contract,), judged, events), Policies(financing="none"), date(2026, 1, 31))
        assert of_account(longer, "goods") < 0


def test_costs_to_obtain_are_an_expense_within_a_year() -> None:
    cost = ContractCost(id="fee", at=date(2026, 1, 1), amount=D(120), cost_class="obtain_incremental")
    for until, told in ((date(2027, 1, 1), True), (date(2028, 1, 1), False)):
        plan = Amortisation(
            at=date(2026, 1, 1), cost="fee", pattern="ratable_monthly", starts_on=date(2026, 1, 1), until=until
        )
        facts = Facts((CONTRACT,), (plan,), EVENTS, (cost,))
        found = differences(facts, Policies(contract_costs="one_year"), date(2026, 1, 31))
        assert of_account(found, "contract_cost_expense") == (D(110) if told else 0)
        whole = differences(facts, Policies(contract_costs="expensed"), date(2026, 1, 31))
        assert of_account(whole, "cost_to_obtain_asset") == -of_account(whole, "contract_cost_expense") < 0


def test_what_was_written_down_is_taken_back_by_ifrs_alone() -> None:
    """120 amortised over a year; recoverable 20 in March, all of it in June: IFRS takes the loss back up to 70."""
    cost = ContractCost(id="fee", at=date(2026, 1, 1), amount=D(120), cost_class="obtain_incremental")
    plan = Amortisation(
        at=date(2026, 1, 1), cost="fee", pattern="ratable_monthly", starts_on=date(2026, 1, 1), until=date(2027, 1, 1)
    )
    low = Impairment(at=date(2026, 3, 31), cost="fee", consideration=D(20))
    high = Impairment(at=date(2026, 6, 1), cost="fee", consideration=D(500))
    facts = Facts((CONTRACT,), (plan, low, high), EVENTS, (cost,))
    kept = in_force(Standard.ASC_606, Policies())
    assert [one.code for one in kept.differing()] == ["impairments_never_reversed"]
    assert differences(facts, kept, date(2026, 5, 31)) == {}
    june = differences(facts, kept, JUNE)
    assert of_account(june, "contract_cost_expense") == -of_account(june, "cost_to_obtain_asset") > 0
    assert [one.field for one in check_policies(Standard.IFRS_15, kept)] == ["impairments"]
    both = differences(facts, Policies(timing="as_invoiced", impairments="never_reversed"), JUNE)
    assert of_account(both, "contract_cost_expense") == of_account(june, "contract_cost_expense")


POLICIES = st.builds(
    Policies,
    timing=st.sampled_from(["standard", "as_invoiced"]),
    estimates=st.sampled_from(["estimated", "when_settled"]),
    financing=st.sampled_from(["judged", "one_year", "none"]),
    contract_costs=st.sampled_from(["capitalised", "one_year", "expensed"]),
)


@settings(max_examples=30)
@given(
    POLICIES,
    st.lists(st.sampled_from(EVENTS), max_size=4, unique=True),
    st.sampled_from([(), (BONUS,), (BONUS, SETTLED)]),
    st.integers(0, 11),
)
def test_the_steps_sum_to_the_whole_difference_and_a_second_run_posts_nothing(
    policies: Policies, events: list[EventFact], judgements: tuple[Judgement, ...], months: int
) -> None:
    cost = ContractCost(id="fee", at=date(2026, 1, 1), amount=D(120), cost_class="obtain_incremental")
    facts = Facts((CONTRACT,), judgements, tuple(sorted(events, key=lambda one: one.at)), (cost,))
    through = date(2026, 1 + months, 28)
    steps = steps_of_arrangement(facts, policies, through)
    found = adjustments(steps, {})
    assert sum(one.amount for one in found) == 0
    by_entry: dict[tuple[date, str, str], Decimal] = {}
    for one in found:
        key = (one.place.month, one.place.contract, one.place.choice)
        by_entry[key] = by_entry.get(key, D(0)) + one.amount
        assert one.derivation.recompute() == one.amount
    assert set(by_entry.values()) <= {D(0)}
    assert adjustments(steps, {one.place: one.amount for one in found}) == []
    other = facts
    for choice in policies.differing():
        other = treated(other, choice) if choice.policy != "timing" else other
    ends = [by_account(other, through), by_account(facts, through)]
    if policies.timing == "as_invoiced":  # the costs stay, and what is beside them is as invoiced
        alone = without_costs(other)
        ends.insert(1, by_account(alone, through))
        ends.insert(0, by_account(treated(alone, CHOICE["timing_as_invoiced"]), through))
    for account in {account for end in ends for account in end}:
        whole = [end.get(account, D(0)) for end in ends]
        expected = whole[0] - whole[1] if len(whole) == 2 else whole[0] + whole[1] - whole[2] - whole[3]
        assert expected == of_kinds(found, account)


def by_account(facts: Facts, day: date) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for key, amount in plan_revenue(facts, [day])[0].balances.items():
        found[key.account] = found.get(key.account, D(0)) + amount
    return found


def of_kinds(found: list[Adjustment], account: str) -> Decimal:
    names = ("goods", "subscription", "service") if account == "revenue" else (account,)
    return sum((one.amount for one in found if one.place.account in names), D(0))


def billed(key: int, day: date, amount: int, **changes: object) -> BilledRow:
    row = BilledRow(
        agreement_id=UUID(int=1), invoice_id=UUID(int=key), number=f"INV-{key}", kind="standard", issued_on=day,
        discount_total=D(0), id=UUID(int=100 + key), line_no=1, line_id=UUID(int=7), net_amount=D(amount), share=D(0),
        component="", day=day, until=None, product_kind="goods", charged_for=None, taken_by=None, taken_on=None,
    )  # fmt: skip
    return row._replace(**changes)  # type: ignore[arg-type]


def test_what_is_invoiced_is_net_of_coupons_credits_deposits_and_deductions() -> None:
    january, february = date(2026, 1, 10), date(2026, 2, 10)
    rows = [
        billed(1, january, 100, discount_total=D(10), share=D(10)),
        billed(2, january, 500, kind="deposit", line_id=None),
        billed(3, january, 80, kind="partial", taken_by=UUID(int=4), taken_on=february),
        billed(4, february, 200),
        billed(5, february, -80, component="deduction"),
        billed(6, date(2026, 3, 1), 999),
    ]
    credit = CreditedRow(UUID(int=9), "CN-1", "return", february, UUID(int=101), D(50), D(5))
    found = invoiced_of(rows, [credit], {UUID(int=1): 2}, {UUID(int=7): "goods"}, {UUID(int=1): date(2026, 2, 28)})
    months: dict[date, Decimal] = {}
    for one in found[UUID(int=1)]:
        months[one.month] = months.get(one.month, D(0)) + one.amount
        assert one.kind == "goods"
    assert months == {date(2026, 1, 1): D(170), date(2026, 2, 1): D(75)}
    flows = flows_of_bills(found[UUID(int=1)])
    assert sum(flows.values()) == 0
    steps = steps_of([(None, {}), (CHOICE["timing_as_invoiced"], flows)])
    assert sum(one.then for place, one in steps.items() if place.account == "goods") == D(-245)


def test_every_choice_is_a_value_of_its_policy() -> None:
    for one in CHOICES:
        assert read_policies({one.policy: one.value}).differing() == (one,)
