"""What a pause, and an end on the first day of a period, leave to be billed."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.rules.invoice.test_rate_plan_bills import BASIC, CALENDAR, PRO, Account, started

from cashline.flow.agree.plans.rules import AddOn, FeeTiming, PlanTerms
from cashline.flow.deliver.subscriptions.rules import LifeKind
from cashline.flow.invoice.billing.rules.plans.differences import Trigger
from cashline.flow.invoice.billing.rules.plans.posting import next_moment
from cashline.flow.invoice.billing.rules.plans.thresholds import next_threshold
from cashline.kernel.periods import IntervalUnit

MONTH, FEE = IntervalUnit.MONTH, Decimal("30.00")
APRIL, MAY = datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)


def _account(timing: FeeTiming, **values: Any) -> Account:
    terms = {
        BASIC: PlanTerms(MONTH, CALENDAR, timing, FEE, **values),
        PRO: PlanTerms(MONTH, CALENDAR, timing, Decimal("60.00"), **values),
    }
    return started(BASIC, APRIL, terms=terms)


def _amounts(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


def test_days_before_a_pause_are_due_after_their_period() -> None:
    """Ten of thirty days of April at 30.00 in arrears, and no sooner than in May."""
    account = _account(FeeTiming.ARREARS)
    account.know(LifeKind.PAUSED, datetime(2025, 4, 11, 9, tzinfo=UTC))
    account.bill(datetime(2025, 4, 11, 9, tzinfo=UTC), Trigger.PAUSE)
    assert account.bill(datetime(2025, 4, 20, tzinfo=UTC)) == []
    assert next_moment(account.subscription, datetime(2025, 4, 20, tzinfo=UTC)) == MAY
    assert account.bill(MAY) == _amounts("10.00")


@pytest.mark.parametrize(("final_invoice", "expected"), [(True, ["10.00"]), (False, [])])
def test_a_cancellation_during_a_pause_settles_the_days_before_it(final_invoice: bool, expected: list[str]) -> None:
    account = _account(FeeTiming.ARREARS)
    account.know(LifeKind.PAUSED, datetime(2025, 4, 11, 9, tzinfo=UTC))
    at = datetime(2025, 4, 15, 9, tzinfo=UTC)
    account.know(LifeKind.CANCELLED, at, final_invoice=final_invoice)
    assert account.bill(at, Trigger.CANCEL) == _amounts(*expected)
    assert account.bill(MAY) == []


def test_a_change_after_a_pause_settles_the_days_before_it() -> None:
    account = _account(FeeTiming.ARREARS)
    account.know(LifeKind.PAUSED, datetime(2025, 4, 11, 9, tzinfo=UTC))
    account.know(LifeKind.RESUMED, datetime(2025, 4, 15, 9, tzinfo=UTC))
    at = datetime(2025, 4, 21, 9, tzinfo=UTC)
    account.know(LifeKind.PLAN_CHANGED, at, plan_id=PRO)
    assert sorted(account.bill(at, Trigger.CHANGE)) == _amounts("6.00", "10.00")
    assert account.bill(MAY) == _amounts("20.00")


def test_a_commitment_is_of_the_period_and_not_of_what_a_pause_leaves_of_it() -> None:
    """Twenty of thirty days: 66.67 less twice 10.00, as one shortfall."""
    account = _account(FeeTiming.ARREARS, minimum_commitment=Decimal("100.00"))
    account.know(LifeKind.PAUSED, datetime(2025, 4, 11, 9, tzinfo=UTC))
    account.know(LifeKind.RESUMED, datetime(2025, 4, 21, 9, tzinfo=UTC))
    assert sorted(account.bill(MAY)) == _amounts("10.00", "10.00", "46.67")
    assert account.plan(MAY) == []


def test_an_add_on_of_a_period_that_has_begun_stays() -> None:
    """Billed on 1 May; the pause of that day gives back the base fee alone."""
    account = _account(FeeTiming.ADVANCE, add_ons=(AddOn("X", Decimal(1), Decimal("5.00"), False, "standard"),))
    account.bill(APRIL, Trigger.START)
    assert sorted(account.bill(MAY)) == _amounts("5.00", "30.00")
    at = datetime(2025, 5, 1, 10, tzinfo=UTC)
    account.know(LifeKind.PAUSED, at)
    assert account.bill(at, Trigger.PAUSE) == _amounts("-30.00")
    assert account.plan(datetime(2025, 6, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("ran", "prorated", "expected"),
    [(True, True, "0.00"), (True, False, "5.00"), (False, True, "5.00"), (False, False, "5.00")],
)
def test_a_change_on_the_first_day_takes_the_add_on_of_the_old_plan_off(
    ran: bool, prorated: bool, expected: str
) -> None:
    """In the line of the new one, where the run of the day has billed it and it is prorated."""
    account = _account(FeeTiming.ADVANCE, add_ons=(AddOn("X", Decimal(1), Decimal("5.00"), prorated, "standard"),))
    account.bill(APRIL, Trigger.START)
    if ran:
        account.bill(MAY)
    at = datetime(2025, 5, 1, 10, tzinfo=UTC)
    account.know(LifeKind.PLAN_CHANGED, at, plan_id=PRO)
    account.bill(at, Trigger.CHANGE)
    changed = [row.amount for row in account.posted if row.subject.add_on and row.subject.plan_id == PRO]
    assert sum(changed, Decimal(0)) == Decimal(expected)
    assert account.plan(datetime(2025, 5, 2, tzinfo=UTC)) == []


def test_the_add_ons_of_two_plans_of_one_day_are_billed_once_each() -> None:
    """Neither given back by the change nor billed anew by the next run, also where the first plan comes back."""
    account = _account(FeeTiming.ADVANCE, add_ons=(AddOn("X", Decimal(1), Decimal("5.00"), False, "standard"),))
    assert sorted(account.bill(APRIL, Trigger.START)) == _amounts("5.00", "30.00")
    for hour, plan_id, expected in ((10, PRO, ["-30.00", "5.00", "60.00"]), (11, BASIC, ["-60.00", "5.00", "30.00"])):
        at = APRIL.replace(hour=hour)
        account.know(LifeKind.PLAN_CHANGED, at, plan_id=plan_id)
        assert sorted(account.bill(at, Trigger.CHANGE)) == _amounts(*expected)
    assert account.plan(datetime(2025, 4, 2, tzinfo=UTC)) == []


def test_thresholds_recur_from_nothing_where_none_is_given() -> None:
    terms = PlanTerms(MONTH, CALENDAR, FeeTiming.ARREARS, FEE, recurring_threshold=Decimal(100))
    assert next_threshold(terms, Decimal(0)) == 100
    assert next_threshold(terms, Decimal(250)) == 300
