"""What ending before the term costs: billed with the cancellation, given back where the life goes on after all."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from cashline.flow.agree.plans.actions import NewPlan, publish_plans
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.agree.plans.rules.errors import plan_errors
from cashline.flow.deliver.subscriptions.actions import NewSubscription, change_lives, subscribe
from cashline.flow.deliver.subscriptions.rules import Effect, LifeChange, LifeKind, TermAsked, Unused
from cashline.flow.invoice.billing.actions import preview_changes
from cashline.flow.invoice.billing.queries.plans import charges_of
from cashline.flow.report.health.queries import verify
from tests.support.invoice import at, bill, make_billing_shop
from tests.support.world import ACTOR

D = Decimal
START = date(2026, 1, 1)


def subscribed(months: int = 12, **terms: Any) -> UUID:
    shop = make_billing_shop()
    shape = {"interval": "month", "anchor": {"kind": "calendar"}, "base_fee": "31.00"} | terms
    plan = NewPlan("TEAM", "Team", "EUR", PlanTerms.from_json(shape))
    (plan_id,) = publish_plans([plan], now=at(START), actor=ACTOR)
    new = NewSubscription(
        shop.customer, shop.world.berlin, plan_id, quantity=D(2), term=TermAsked(months, auto_renew=True)
    )
    (key,) = subscribe([new], now=at(START), actor=ACTOR)
    return key


def cancel(key: UUID, day: date, **changes: Any) -> LifeChange:
    given: dict[str, Any] = {"effect": Effect.NOW, "unused": Unused.CREDIT} | changes
    change = LifeChange(key, LifeKind.CANCELLED, **given)
    change_lives([change], now=at(day), actor=ACTOR)
    return change


def fees(key: UUID) -> list[Decimal]:
    return [row.amount for row in charges_of(key) if row.component == "termination_fee"]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"termination_percent": "50", "termination_fee": "10"}, ["103.00"]), ({}, []),
    ],
)  # fmt: skip
def test_a_cancellation_bills_what_the_plan_says_of_the_months_left(terms: dict[str, Any], expected: list[str]) -> None:
    key = subscribed(**terms)
    bill(date(2026, 9, 2))
    effect = preview_changes(
        [LifeChange(key, LifeKind.CANCELLED, effect=Effect.AT, at=at(date(2026, 10, 1)))],
        now=at(date(2026, 10, 1)), actor=ACTOR,
    )  # fmt: skip
    foretold = [row.amount for row in effect.at_once if row.component == "termination_fee"]
    cancel(key, date(2026, 10, 1))
    assert fees(key) == [D(one) for one in expected] == foretold
    again = bill(date(2026, 11, 2))
    assert (again.invoices, again.credit_notes) == (0, 0)


@pytest.mark.usefixtures("db")
def test_a_part_of_a_month_counts_by_its_days() -> None:
    key = subscribed(months=1, termination_percent="100")
    cancel(key, date(2026, 1, 16))
    assert fees(key) == [D("32.00")]
    assert verify(whole=True).first_break is None


@pytest.mark.usefixtures("db")
def test_who_goes_on_after_all_has_it_back() -> None:
    key = subscribed(termination_fee="100")
    cancel(key, date(2026, 3, 1))
    change_lives([LifeChange(key, LifeKind.REACTIVATED, effect=Effect.NOW)], now=at(date(2026, 3, 1)), actor=ACTOR)
    bill(date(2026, 4, 2))
    assert sum(fees(key)) == 0


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "how",
    [{"effect": Effect.TERM_END}, {"final_invoice": False}],
    ids=["when the term ends", "without a final invoice"],
)
def test_nothing_is_owed(how: dict[str, Any]) -> None:
    key = subscribed(months=3, termination_fee="100")
    cancel(key, date(2026, 2, 1), **how)
    bill(date(2026, 5, 2))
    assert fees(key) == []


@pytest.mark.usefixtures("db")
def test_nothing_is_owed_in_a_trial() -> None:
    key = subscribed(termination_fee="100", trial_days=30)
    cancel(key, date(2026, 1, 10))
    assert fees(key) == []


def test_a_plan_says_it_within_bounds() -> None:
    shape = {"interval": "month", "base_fee": "1", "termination_fee": "-1", "termination_percent": "101"}
    assert {one.field for one in plan_errors(PlanTerms.from_json(shape))} == {"termination_fee", "termination_percent"}
    assert "termination_fee" not in PlanTerms.from_json({"interval": "month", "base_fee": "1"}).as_json()
