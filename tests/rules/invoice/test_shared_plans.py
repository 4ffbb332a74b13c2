"""What alike subscriptions share is what each would be billed on its own, whoever of them is taken as the example."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.rules.invoice.test_rate_plan_bills import (
    ANNIVERSARY,
    CALENDAR,
    METERED,
    START,
    TERMS,
    ZONES,
    Account,
)

from cashline.flow.agree.plans.rules import AddOn, FeeTiming, PlanTerms, UsageCharge
from cashline.flow.agree.pricing.rules.charge_models import Charge
from cashline.flow.deliver.subscriptions.rules import LifeKind, live
from cashline.flow.deliver.usage.rules.aggregating import aggregate
from cashline.flow.invoice.billing.rules.plans.posting import Documents, documents, next_due
from cashline.flow.invoice.billing.rules.plans.settling import settled
from cashline.flow.invoice.billing.rules.plans.shapes import Component, PlanSubscription
from cashline.flow.invoice.billing.rules.plans.sharing import (
    SharedPlan,
    UsageKey,
    own_documents,
    own_usage,
    own_window,
    shared_plan,
    shared_start,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import IntervalUnit

CALLS = PlanTerms(
    IntervalUnit.MONTH, CALENDAR, FeeTiming.ADVANCE, Decimal("12.00"),
    charges=(UsageCharge("calls", "sum", Charge.unit(Decimal("0.07"))),),
    add_ons=(AddOn("support", Decimal(1), Decimal("4.00")),),
)  # fmt: skip
LATE_CALLS = PlanTerms(
    IntervalUnit.MONTH, ANNIVERSARY, FeeTiming.ARREARS, Decimal("9.10"),
    charges=(UsageCharge("calls", "sum", Charge.unit(Decimal("0.03")), prorated=True),),
)  # fmt: skip
PLAIN = [*TERMS.values(), CALLS, LATE_CALLS]
PLAN = UUID(int=1)


def alike(account: Account, until: datetime, moved: timedelta) -> SharedPlan | None:
    """The plan that the account shares with one that started a little later on the same day."""
    fact = account.facts[0]
    start = shared_start(fact, account.terms[PLAN], until, account.zone)
    other = shared_start(
        type(fact)(new_id(), fact.kind, fact.at + moved, fact.at + moved, plan_id=PLAN, quantity=fact.quantity),
        account.terms[PLAN],
        until,
        account.zone,
    )
    if start is None or other is None or start.at != other.at:
        return None
    example = PlanSubscription(new_id(), "SUB-9", "EUR", live([other], account.terms, account.zone), account.plans)
    first = account.settlement.day if account.settlement else date.min
    posted = [row for row in account.posted if row.start >= first and row.subject.component is not Component.CHARGE]
    return shared_plan(example, posted, until, first, account.conventions)


def own(account: Account, shared: SharedPlan) -> list[object] | None:
    """The documents of the account from what it shares."""
    windows = [own_window(item, account.key, account.facts[0].at) for item in shared.windows]
    billed: dict[UsageKey, Decimal] = {}
    first = account.settlement.day if account.settlement else date.min
    for row in account.posted:
        if row.start >= first and row.subject.component is Component.CHARGE:
            subject = row.subject
            key = UsageKey(subject.plan_id, subject.meter, subject.dimension, subject.value, row.start, row.place)
            billed[key] = billed.get(key, Decimal(0)) + row.amount
    usage = own_usage(shared, [aggregate(account.events, window) for window in windows], billed)
    if usage is None:
        return None
    made = own_documents(shared, account.key, "SUB-1", usage)
    return kept(made)


def kept(made: Documents) -> list[object]:
    """What is kept of documents; the instant within the day at which a charge was due is not."""
    posts = [post._replace(charge=post.charge._replace(due_at=START)) for post in made.posts]
    return [made.lines, made.credits, made.deducts, posts]


@settings(max_examples=60)
@given(st.data())
def test_what_is_shared_is_what_each_would_be_billed(data: st.DataObject) -> None:
    terms = data.draw(st.sampled_from(PLAIN))
    account = Account(terms={PLAN: terms}, zone=data.draw(st.sampled_from(ZONES)))
    start = START + timedelta(minutes=data.draw(st.integers(0, 60 * 24 * 70)))
    account.know(LifeKind.STARTED, start, plan_id=PLAN, quantity=Decimal(data.draw(st.integers(1, 9))))
    until = start
    for _ in range(data.draw(st.integers(1, 7))):
        before, until = until, until + timedelta(hours=data.draw(st.integers(1, 24 * 40)))
        for hours in data.draw(st.lists(st.integers(-24 * 30, 24 * 30), max_size=3)):
            at = min(max(start, before + timedelta(hours=hours)), until)
            account.use(at, until, data.draw(st.integers(1, 50)))
        shared = alike(account, until, timedelta(minutes=data.draw(st.integers(0, 90))))
        made = None if shared is None else own(account, shared)
        event("planned alone" if made is None else "shared")
        if shared is not None and made is not None:
            look = account.look(until, account.settlement.day if account.settlement else date.min)
            difference = account.difference(look)
            alone = documents(account.subscription, difference, look.posted)
            assert made == kept(alone)
            assert shared.next_due == next_due(account.subscription, until)
            settlement = settled(look, difference, alone.posts)
            assert shared.settled == (
                settlement and settlement._replace(subscription_id=shared.subscription.id)
            )  # fmt: skip
        account.bill(until)


def test_plans_whose_usage_decides_of_more_are_not_shared() -> None:
    until = datetime(2025, 6, 1, tzinfo=UTC)
    for terms in METERED.values():
        account = Account(terms={PLAN: terms})
        account.know(LifeKind.STARTED, START, plan_id=PLAN, quantity=Decimal(1))
        assert alike(account, until, timedelta()) is None
