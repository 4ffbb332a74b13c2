"""Bills of subscriptions to rate plans as rules: golden figures, and what holds for any life whatever its order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from time import perf_counter
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from cashline.flow.agree.plans.rules import (
    NAMED_CONVENTIONS,
    AddOn,
    FeeTiming,
    PlanConventions,
    PlanTerms,
    UsageCharge,
    UsageTiming,
)
from cashline.flow.agree.pricing.rules.charge_models import Charge
from cashline.flow.deliver.subscriptions.rules import LifeFact, LifeKind, Unused, live
from cashline.flow.deliver.usage.rules.aggregating import aggregate
from cashline.flow.deliver.usage.rules.events import UsageEvent
from cashline.flow.invoice.billing.rules.plans.base_fees import parts_of
from cashline.flow.invoice.billing.rules.plans.differences import (
    Outlook,
    Trigger,
    chosen,
    outlook,
    plan_subscription,
)
from cashline.flow.invoice.billing.rules.plans.posting import documents
from cashline.flow.invoice.billing.rules.plans.settling import PARTS_KEPT, Settlement, settled
from cashline.flow.invoice.billing.rules.plans.shapes import (
    Component,
    PlanSubscription,
    PlanVersion,
    PostedCharge,
    SubscriptionCharge,
)
from cashline.kernel.anchors import Anchor, AnchorKind
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import IntervalUnit, Period, local_day

BASIC, PRO, YEARLY, LATE = (UUID(int=number) for number in range(1, 5))
CALENDAR, ANNIVERSARY = Anchor(AnchorKind.CALENDAR), Anchor(AnchorKind.ANNIVERSARY)
TERMS = {
    BASIC: PlanTerms(IntervalUnit.MONTH, ANNIVERSARY, FeeTiming.ADVANCE, Decimal("29.95")),
    PRO: PlanTerms(IntervalUnit.MONTH, CALENDAR, FeeTiming.ADVANCE, Decimal("50.00")),
    YEARLY: PlanTerms(IntervalUnit.YEAR, Anchor(AnchorKind.DAY_OF_MONTH, 15), FeeTiming.ADVANCE, Decimal("365.01")),
    LATE: PlanTerms(IntervalUnit.QUARTER, CALENDAR, FeeTiming.ARREARS, Decimal("91.37")),
}
METERED = {
    UUID(int=5): PlanTerms(
        IntervalUnit.MONTH, CALENDAR, FeeTiming.ADVANCE, Decimal("12.00"), minimum_commitment=Decimal("31.00"),
        charges=(UsageCharge("calls", "sum", Charge.unit(Decimal("0.07")), minimum_per_period=Decimal("9.00")),),
        add_ons=(AddOn("support", Decimal(1), Decimal("4.00")),),
    ),
    UUID(int=6): PlanTerms(
        IntervalUnit.MONTH, ANNIVERSARY, FeeTiming.ARREARS, Decimal(0), trial_days=20,
        charges=(UsageCharge("calls", "sum", Charge.unit(Decimal("0.11"))),),
    ),
    UUID(int=7): PlanTerms(
        IntervalUnit.MONTH, CALENDAR, FeeTiming.ADVANCE, Decimal("3.00"), usage_thresholds=(Decimal("20.00"),),
        charges=(UsageCharge("calls", "sum", Charge.unit(Decimal("0.05")), carried_over=False),),
    ),
    UUID(int=8): PlanTerms(
        IntervalUnit.MONTH, ANNIVERSARY, FeeTiming.ADVANCE, Decimal("5.00"),
        charges=(UsageCharge("calls", "sum", Charge.unit(Decimal("0.02")), UsageTiming.AT_EVENT, True),),
    ),
}  # fmt: skip
START = datetime(2025, 1, 31, 10, tzinfo=UTC)
END = datetime(2026, 3, 1, tzinfo=UTC)
ZONES = ["UTC", "America/New_York", "Asia/Tokyo"]


@dataclass
class Account:
    """A subscription with what was posted of it, as the tables would hold it."""

    conventions: PlanConventions = NAMED_CONVENTIONS["day-credit-note"]
    zone: str = "UTC"
    terms: Mapping[UUID, PlanTerms] = field(default_factory=lambda: TERMS)
    facts: list[LifeFact] = field(default_factory=list)
    posted: list[PostedCharge] = field(default_factory=list)
    key: UUID = field(default_factory=new_id)
    settlement: Settlement | None = None
    skips_empty: bool = False
    events: list[UsageEvent] = field(default_factory=list)

    def know(self, kind: LifeKind, at: datetime, known_at: datetime | None = None, **values: Any) -> LifeFact:
        """Record a fact."""
        fact = LifeFact(new_id(), kind, at, known_at or at, **values)
        self.facts.append(fact)
        self.touch(at)
        return fact

    def use(self, at: datetime, known_at: datetime, quantity: int) -> None:
        """Record usage, be it late."""
        self.events.append(UsageEvent(new_id(), self.key, "calls", at, Decimal(quantity), "", {}, known_at))
        self.touch(at)

    def touch(self, at: datetime) -> None:
        """Forget that it is settled where something touches what is before."""
        if self.settlement is not None and at <= self.settlement.at:
            self.settlement = None

    @property
    def plans(self) -> dict[UUID, PlanVersion]:
        """The plans that there are."""
        return {key: PlanVersion(key, str(key.int), f"Plan {key.int}", terms) for key, terms in self.terms.items()}

    @property
    def subscription(self) -> PlanSubscription:
        """As it is known now."""
        return PlanSubscription(self.key, "SUB-1", "EUR", live(self.facts, self.terms, self.zone), self.plans)

    def look(self, until: datetime, first: date = date.min) -> Outlook:
        """What is to be looked at, from a day on before which it is settled."""
        posted = [row for row in self.posted if row.start >= first]
        return outlook(self.subscription, posted, until, first)

    def difference(self, look: Outlook) -> list[SubscriptionCharge]:
        """The difference that was looked at, with its usage."""
        windows = [one for item in look.windows for one in (item.window, item.opening) if one is not None]
        return plan_subscription(look, {one: aggregate(self.events, one) for one in windows}, self.conventions)

    def plan(self, until: datetime) -> list[SubscriptionCharge]:
        """The difference up to an instant; that of the whole life, and the same from where it is settled."""
        found = self.difference(self.look(until))
        if self.settlement is not None:
            assert self.difference(self.look(until, self.settlement.day)) == found
        return found

    def bill(self, until: datetime, trigger: Trigger = Trigger.RUN, since: datetime | None = None) -> list[Decimal]:
        """Post what a trigger bills; gives the amounts."""
        look, difference = self.look(until), self.plan(until)
        charges = chosen(difference, trigger, since or until)
        made = documents(self.subscription, charges, self.posted)
        posts = made.posts
        if self.skips_empty and not any(line.net_amount for line in made.lines):
            posts = [post for post in posts if post.credited_invoice is not None]
        self.settlement = settled(look, difference, posts) or self.settlement
        for post in posts:
            charge = post.charge
            left = charge.amount if charge.amount > 0 else Decimal(0)
            self.posted.append(
                PostedCharge(
                    new_id(), self.key, charge.subject, charge.place, post.source_id, post.revision, charge.start,
                    charge.end, charge.whole_start, charge.whole_end, charge.days, charge.of_days, charge.quantity,
                    charge.unit_price, charge.amount, charge.against, new_id(), new_id(), left,
                )
            )  # fmt: skip
        return [post.charge.amount for post in posts]

    @property
    def total(self) -> Decimal:
        """What was billed less what was given back."""
        return sum((row.amount for row in self.posted), Decimal(0))


def started(plan_id: UUID = BASIC, at: datetime = START, **values: Any) -> Account:
    account = Account(**values)
    account.know(LifeKind.STARTED, at, plan_id=plan_id, quantity=Decimal(1))
    return account


def held(account: Account, until: date) -> Fraction:
    """Price × time: each day at the price of its plan, over the days of the period that holds it."""
    total = Fraction(0)
    for part in parts_of(account.subscription, until):
        terms = part.plan.terms
        if part.days is None or (terms.timing is FeeTiming.ARREARS and part.days.end > until):
            continue
        for step, following in zip(part.stint.steps, (*part.stint.steps[1:], None), strict=True):
            last = following.day if following else date.max
            days = Period(step.day, last).overlap(part.days)
            if days is not None:
                price = terms.base_fee if step.unit_price is None else step.unit_price
                total += Fraction(step.quantity) * Fraction(price) * Fraction(days.days, part.whole.days)
    return total


def test_two_upgrades_on_one_day() -> None:
    """10.00 and 15.00 a month, both cut on the twelfth: 11.61 less 7.74, then 14.71 less 11.61."""
    fees = ((BASIC, "10.00"), (PRO, "15.00"), (YEARLY, "19.00"))
    terms = {key: PlanTerms(IntervalUnit.MONTH, ANNIVERSARY, FeeTiming.ADVANCE, Decimal(fee)) for key, fee in fees}
    account = started(BASIC, datetime(2024, 3, 5, 12, tzinfo=UTC), terms=terms)
    assert account.bill(datetime(2024, 3, 5, 12, tzinfo=UTC)) == [Decimal("10.00")]
    for hour, plan_id, expected in ((12, PRO, ["11.61", "-7.74"]), (13, YEARLY, ["14.71", "-11.61"])):
        at = datetime(2024, 3, 12, hour, tzinfo=UTC)
        account.know(LifeKind.PLAN_CHANGED, at, plan_id=plan_id)
        assert account.bill(at) == [Decimal(amount) for amount in expected]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (LifeKind.PAUSED, {}, ["-16.04"]),
        (LifeKind.CANCELLED, {"ends_on": date(2025, 2, 13), "unused": Unused.CREDIT}, ["-16.04"]),
        (LifeKind.CANCELLED, {"ends_on": date(2025, 2, 13), "unused": Unused.KEEP}, []),
        (LifeKind.QUANTITY_CHANGED, {"quantity": Decimal(3)}, ["48.13", "-16.04"]),
        (LifeKind.PRICE_CHANGED, {"unit_price": Decimal(0)}, ["0.00", "-16.04"]),
        (LifeKind.PLAN_CHANGED, {"plan_id": LATE}, ["-16.04"]),
        (LifeKind.BILLING_DAY_MOVED, {"billing_day": 20}, ["6.76", "-16.04"]),
    ],
)
def test_what_a_change_at_half_time_gives_back(kind: LifeKind, values: dict[str, Any], expected: list[str]) -> None:
    """29.95 for 31 January to 27 February: on the thirteenth 15 of 28 days are left, which is 16.04."""
    account = started()
    assert account.bill(START) == [Decimal("29.95")]
    at = datetime(2025, 2, 13, 9, tzinfo=UTC)
    account.know(kind, at, **values)
    found = sorted(account.bill(at), reverse=True)
    assert found == [Decimal(amount) for amount in expected]
    assert account.plan(at) == []


@given(st.data())
@settings(max_examples=60)
def test_any_life_in_any_order_bills_price_times_time(data: st.DataObject) -> None:
    """Forward or backdated: runs between changes of any order sum to the time held, and a second run is empty."""
    name = data.draw(st.sampled_from(sorted(NAMED_CONVENTIONS)))
    account = started(
        data.draw(st.sampled_from(list(TERMS))),
        conventions=NAMED_CONVENTIONS[name],
        zone=data.draw(st.sampled_from(ZONES)),
    )
    now = START
    account.bill(now, Trigger.START)
    for _ in range(data.draw(st.integers(0, 7))):
        now += timedelta(hours=data.draw(st.integers(1, 24 * 40)))
        back = timedelta(hours=data.draw(st.integers(0, max(0, (now - START) // timedelta(hours=1)))))
        at = now - back * data.draw(st.integers(0, 1))
        kind = data.draw(st.sampled_from(CHANGES))
        values: dict[str, Any] = {}
        if kind is LifeKind.PLAN_CHANGED:
            values["plan_id"] = data.draw(st.sampled_from(list(TERMS)))
        if kind is LifeKind.QUANTITY_CHANGED:
            values["quantity"] = Decimal(data.draw(st.integers(0, 5)))
        if kind is LifeKind.BILLING_DAY_MOVED:
            values["billing_day"] = data.draw(st.integers(1, 28))
        account.know(kind, at, now, **values)
        account.bill(now, data.draw(st.sampled_from([Trigger.RUN, Trigger.CHANGE, Trigger.NOTHING])), at)
    until = max(END, now) + timedelta(days=400)
    account.bill(until)
    assert account.plan(until) == []
    exact = held(account, local_day(until, account.zone))
    slack = Fraction(len(account.posted) + 1, 200)
    assert abs(Fraction(account.total) - exact) <= slack
    assert all(row.amount >= 0 or row.against for row in account.posted)
    _no_line_gives_back_more_than_it_billed(account.posted)


CHANGES = (
    LifeKind.PLAN_CHANGED,
    LifeKind.PLAN_CHANGED,
    LifeKind.QUANTITY_CHANGED,
    LifeKind.PAUSED,
    LifeKind.RESUMED,
    LifeKind.BILLING_DAY_MOVED,
)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_planning_from_where_it_is_settled_is_planning_the_whole_life(data: st.DataObject) -> None:
    """Any changes, usage, withdrawals and trials, late or not: `Account.plan` compares both plans each time."""
    conventions = NAMED_CONVENTIONS[data.draw(st.sampled_from(sorted(NAMED_CONVENTIONS)))]
    terms = TERMS | METERED
    zone, skips = data.draw(st.sampled_from(ZONES)), data.draw(st.booleans())
    plan_id = data.draw(st.sampled_from(list(terms)))
    account = started(plan_id, conventions=conventions, zone=zone, terms=terms, skips_empty=skips)
    now, kept = START, 0
    for _ in range(data.draw(st.integers(4, 14))):
        now += timedelta(hours=data.draw(st.integers(1, 24 * 50)))
        back = timedelta(hours=data.draw(st.integers(0, 24 * 90))) * data.draw(st.sampled_from([0, 0, 0, 1]))
        at = max(START, now - back)
        kind = data.draw(st.sampled_from((None, None, "used", "later", *CHANGES, LifeKind.ADD_ON_CHANGED)))
        if kind == "used":
            account.use(at, now, data.draw(st.integers(1, 900)))
        elif kind == "later":
            on = now + timedelta(hours=data.draw(st.integers(1, 24 * 60)))
            account.know(
                LifeKind.PLAN_CHANGED, on, now, scheduled=True, plan_id=data.draw(st.sampled_from(list(terms)))
            )
        elif isinstance(kind, LifeKind):
            account.know(kind, at, now, **_values(data, kind, terms))
        account.bill(now, data.draw(st.sampled_from([Trigger.RUN, Trigger.RUN, Trigger.CHANGE, Trigger.NOTHING])), at)
        kept += account.settlement is not None
    until = max(END, now) + timedelta(days=data.draw(st.integers(0, 200)))
    account.bill(until)
    assert not any(charge.amount for charge in account.plan(until))
    event(f"settled at {min(kept, 5)} bills")


def _values(data: st.DataObject, kind: LifeKind, terms: Mapping[UUID, PlanTerms]) -> dict[str, Any]:
    number = Decimal(data.draw(st.integers(0, 5)))
    values: dict[LifeKind, dict[str, Any]] = {
        LifeKind.PLAN_CHANGED: {"plan_id": data.draw(st.sampled_from(list(terms)))},
        LifeKind.QUANTITY_CHANGED: {"quantity": number},
        LifeKind.BILLING_DAY_MOVED: {"billing_day": 1 + int(number) * 5},
        LifeKind.ADD_ON_CHANGED: {"add_on": "support", "quantity": number, "unit_price": Decimal("7.30")},
    }
    return values.get(kind, {})


def test_a_long_life_is_planned_from_its_last_months() -> None:
    """Five years of runs: the parts that are planned stay as few as they were."""
    account = started(BASIC)
    until = START
    for _ in range(60):
        until += timedelta(days=30.5)
        account.bill(until)
        assert account.settlement is not None or until < START + timedelta(days=190)
    assert account.settlement is not None
    assert len(account.look(until, account.settlement.day).parts) <= PARTS_KEPT + 2
    account.know(LifeKind.QUANTITY_CHANGED, START + timedelta(days=40), until, quantity=Decimal(2))
    assert len(account.bill(until)) > 50


def _no_line_gives_back_more_than_it_billed(posted: Sequence[PostedCharge]) -> None:
    given_back: dict[UUID, Decimal] = {}
    for row in posted:
        if row.against is not None:
            given_back[row.against] = given_back.get(row.against, Decimal(0)) - row.amount
    billed = {row.id: row.amount for row in posted}
    assert all(amount <= billed[key] for key, amount in given_back.items())


@given(st.permutations(list(range(4))), st.sampled_from(ZONES))
@settings(max_examples=24)
def test_the_order_of_knowledge_does_not_matter(order: list[int], zone: str) -> None:
    """The same four facts, learnt in any order and each billed at once, come to the same days."""
    facts: list[tuple[LifeKind, datetime, dict[str, Any]]] = [
        (LifeKind.PLAN_CHANGED, datetime(2025, 3, 3, 12, tzinfo=UTC), {"plan_id": PRO}),
        (LifeKind.QUANTITY_CHANGED, datetime(2025, 4, 10, 12, tzinfo=UTC), {"quantity": Decimal(4)}),
        (LifeKind.PAUSED, datetime(2025, 5, 20, 12, tzinfo=UTC), {}),
        (LifeKind.RESUMED, datetime(2025, 6, 9, 12, tzinfo=UTC), {}),
    ]
    account, now = started(zone=zone), datetime(2025, 8, 5, 9, tzinfo=UTC)
    account.bill(START, Trigger.START)
    for index in order:
        kind, at, values = facts[index]
        account.know(kind, at, now, **values)
        account.bill(now)
    exact = held(account, now.date())
    assert account.plan(now) == []
    if order == sorted(order, key=lambda index: (index != 2 and index, index)) or order.index(2) < order.index(3):
        assert abs(Fraction(account.total) - exact) <= Fraction(len(account.posted), 200)


def test_periods_tile() -> None:
    """The parts of a life without a pause follow on each other without a gap, whatever its plans."""
    account = started(BASIC)
    for month, plan_id in ((3, PRO), (5, YEARLY), (9, LATE), (10, BASIC)):
        account.know(LifeKind.PLAN_CHANGED, datetime(2025, month, 17, 8, tzinfo=UTC), plan_id=plan_id)
    parts = [part.days for part in parts_of(account.subscription, date(2026, 12, 31)) if part.days]
    assert parts[0].start == START.date()
    assert all(before.end == after.start for before, after in pairwise(parts))


def test_derivations_give_their_amounts() -> None:
    """Every charge can be recomputed from its record."""
    account = started(PRO)
    account.bill(START)
    at = datetime(2025, 2, 13, 9, tzinfo=UTC)
    account.know(LifeKind.PLAN_CHANGED, at, plan_id=YEARLY)
    for charge in account.plan(at):
        assert Derivation.from_json(msgspec.json.decode(charge.derivation)).breaks() == []


def test_a_scheduled_change_gives_way_to_one_made_at_once() -> None:
    account = started(BASIC)
    account.know(LifeKind.PLAN_CHANGED, datetime(2025, 2, 28, tzinfo=UTC), START, plan_id=LATE, scheduled=True)
    account.know(LifeKind.PLAN_CHANGED, datetime(2025, 2, 10, tzinfo=UTC), plan_id=PRO)
    assert [stint.plan_id for stint in account.subscription.life.stints] == [BASIC, PRO]


def test_a_thousand_changes_stay_fast() -> None:
    """1,000 changes of one subscription are planned in linear time: well below a second each on any machine."""
    account = started(BASIC)
    now = START
    for index in range(1000):
        now += timedelta(hours=7)
        account.know(LifeKind.PLAN_CHANGED, now, plan_id=(PRO, BASIC)[index % 2])
    began = perf_counter()
    account.bill(now)
    first = perf_counter() - began
    began = perf_counter()
    assert account.plan(now) == []
    assert perf_counter() - began < 5
    assert first < 5
    assert Component.BASE in {row.subject.component for row in account.posted}
