"""A life that is settled is planned from there; what touches what is before has it planned whole again."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from cashline.flow.agree.plans.actions import NewPlan, publish_plans
from cashline.flow.agree.plans.rules import FeeTiming, PlanTerms, UsageCharge, UsageTiming
from cashline.flow.agree.pricing.rules.charge_models import Charge, ChargeModel
from cashline.flow.deliver.subscriptions.actions import NewSubscription, change_lives, subscribe
from cashline.flow.deliver.subscriptions.rules import Effect, LifeChange, LifeKind
from cashline.flow.invoice.billing.queries.plans import charges_of, settled_days
from cashline.flow.invoice.credit_notes.actions import void_invoices
from cashline.flow.invoice.notices.actions import check_charges, set_money_alert
from cashline.flow.invoice.notices.rules import AlertKind, NewMoneyAlert
from cashline.kernel.anchors import Anchor, AnchorKind
from cashline.kernel.identifiers import public
from cashline.kernel.periods import IntervalUnit
from tests.support.agree import german, make_customers
from tests.support.invoice import at, bill, make_billing_shop
from tests.support.usage import make_meter, record, used
from tests.support.world import ACTOR, NOW

pytestmark = pytest.mark.usefixtures("db")
SUMMER = date(2026, 7, 20)


@pytest.fixture
def subscription() -> UUID:
    """One of 10.00 a month and 1.00 a call, billed by monthly runs from January to July; a call in March."""
    shop = make_billing_shop()
    make_meter("calls")
    calls = UsageCharge("calls", "sum", Charge.unit(Decimal(1)))
    terms = PlanTerms(
        IntervalUnit.MONTH, Anchor(AnchorKind.CALENDAR), FeeTiming.ADVANCE, Decimal(10), charges=(calls,)
    )  # fmt: skip
    plan_id = publish_plans([NewPlan("CALLS", "Calls", "EUR", terms)], now=NOW, actor=ACTOR)[0]
    new = NewSubscription(shop.customer, shop.world.berlin, plan_id)
    subscribe([new], now=NOW, actor=ACTOR)
    for month in range(2, 8):
        if month == 4:
            use(new.id, "first", date(2026, 3, 9))
        bill(SUMMER.replace(month=month))
    assert settled_days([new.id]) == {new.id: date(2026, 7, 1)}
    return new.id


def use(subscription_id: UUID, event_id: str, day: date, known: date = date(2026, 4, 1), quantity: str = "7") -> None:
    event = used(public("subscription", subscription_id), "calls", event_id, at(day), quantity=quantity)
    assert record([event], now=at(known)).accepted == 1


def total(subscription_id: UUID) -> Decimal:
    return sum((row.amount for row in charges_of(subscription_id)), Decimal(0))


def test_usage_that_comes_late_is_billed_in_its_own_month(subscription: UUID) -> None:
    before = total(subscription)
    use(subscription, "of July", date(2026, 7, 5), SUMMER)
    assert settled_days([subscription])
    use(subscription, "late", date(2026, 3, 10), SUMMER)
    assert settled_days([subscription]) == {}
    bill(SUMMER)
    assert total(subscription) - before == 7
    assert {row.starts_on for row in charges_of(subscription) if row.component == "charge"} == {date(2026, 3, 1)}
    assert settled_days([subscription]) == {subscription: date(2026, 7, 1)}


def test_a_backdated_change_reaches_over_what_is_settled(subscription: UUID) -> None:
    before = total(subscription)
    changed = LifeChange(subscription, LifeKind.QUANTITY_CHANGED, quantity=Decimal(2), effect=Effect.NOW)
    change_lives([changed], now=at(SUMMER), actor=ACTOR)
    assert settled_days([subscription])
    since = LifeChange(
        subscription, LifeKind.QUANTITY_CHANGED, quantity=Decimal(2), effect=Effect.AT, at=at(date(2026, 3, 1))
    )
    change_lives([since], now=at(SUMMER), actor=ACTOR)
    bill(SUMMER)
    assert total(subscription) - before == 50
    again = bill(SUMMER)
    assert (again.invoices, again.credit_notes) == (0, 0)


def test_a_void_invoice_is_billed_again(subscription: UUID) -> None:
    march = next(row for row in charges_of(subscription) if row.starts_on == date(2026, 3, 1))
    before = total(subscription)
    assert march.invoice_id is not None
    void_invoices([march.invoice_id], reason="Wrong address", today=SUMMER, now=at(SUMMER), actor=ACTOR)
    assert settled_days([subscription]) == {}
    result = bill(SUMMER)
    assert result.invoices == 1
    assert total(subscription) > before


@pytest.mark.parametrize(
    ("formula", "quantity"), [("100 / (quantity - 3)", "3"), (" * ".join(["quantity"] * 6), "999999999")]
)
def test_usage_that_cannot_be_billed_parks_its_subscriber_alone(formula: str, quantity: str) -> None:
    shop = make_billing_shop()
    other = make_customers([german("Other GmbH")])[0]
    make_meter("calls")
    calls = UsageCharge("calls", "sum", Charge(ChargeModel.FORMULA, formula=formula))
    terms = PlanTerms(
        IntervalUnit.MONTH, Anchor(AnchorKind.CALENDAR), FeeTiming.ADVANCE, Decimal(10), charges=(calls,)
    )  # fmt: skip
    plan_id = publish_plans([NewPlan("CALLS", "Calls", "EUR", terms)], now=NOW, actor=ACTOR)[0]
    lives = [NewSubscription(customer, shop.world.berlin, plan_id) for customer in (shop.customer, other)]
    subscribe(lives, now=NOW, actor=ACTOR)
    use(lives[0].id, "too much", date(2026, 1, 20), date(2026, 1, 21), quantity)
    for life in lives:
        alert = NewMoneyAlert(AlertKind.CHARGES, life.id, Decimal(10), "cfo@example.com")
        set_money_alert(alert, now=NOW, actor=ACTOR)
    assert check_charges(now=at(date(2026, 2, 1)), actor=ACTOR) in (1, 2)
    run = bill(date(2026, 2, 1))
    assert (run.invoices, [one.code in ("bad_formula", "amount_too_large") for one in run.exceptions]) == (1, [True])
    assert bill(date(2026, 2, 1)).invoices == 0


def test_usage_that_cannot_be_billed_at_once_is_recorded_all_the_same() -> None:
    shop = make_billing_shop()
    make_meter("calls")
    charge = Charge(ChargeModel.FORMULA, formula="100 / (quantity - 3)")
    calls = UsageCharge("calls", "sum", charge, timing=UsageTiming.AT_EVENT)
    terms = PlanTerms(
        IntervalUnit.MONTH, Anchor(AnchorKind.CALENDAR), FeeTiming.ADVANCE, Decimal(10), charges=(calls,)
    )  # fmt: skip
    plan_id = publish_plans([NewPlan("CALLS", "Calls", "EUR", terms)], now=NOW, actor=ACTOR)[0]
    lives = [NewSubscription(shop.customer, shop.world.berlin, plan_id) for _ in range(2)]
    subscribe(lives, now=NOW, actor=ACTOR)
    day = date(2026, 1, 20)
    events = [
        used(public("subscription", life.id), "calls", life.id.hex, at(day), quantity=quantity)
        for life, quantity in zip(lives, ("3", "5"), strict=True)
    ]
    assert record(events, now=at(day)).accepted == 2
    assert [one.code for one in bill(day).exceptions] == ["bad_formula"]
