"""Every change of a life, in any order and at any time, by the rules that the doors use: the bills are price × time."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.invoice.test_rate_plan_bills import START, TERMS, ZONES, Account, held, started

from cashline.flow.agree.plans.rules import NAMED_CONVENTIONS
from cashline.flow.deliver.subscriptions.rules import (
    ConflictingChange,
    Effect,
    LifeChange,
    LifeKind,
    OnConflict,
    Setting,
    TermAsked,
    UpliftPolicy,
    in_force,
)
from cashline.flow.deliver.subscriptions.rules.changing import facts_of_change
from cashline.flow.invoice.billing.rules.plans.base_fees import parts_of
from cashline.flow.invoice.billing.rules.plans.coming import coming_bills, moments_of
from cashline.flow.invoice.billing.rules.plans.differences import Trigger
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import InvalidValue

KINDS = [kind for kind in LifeKind if kind not in (LifeKind.STARTED, LifeKind.TRIAL_EXTENDED, LifeKind.ADD_ON_CHANGED)]
INDICES = {"CPI": {date(2025, month, 1): Decimal(100 + month) for month in range(1, 13)}}
POLICIES = [
    UpliftPolicy(Decimal(3)),
    UpliftPolicy(index="CPI", cap=Decimal(2)),
    UpliftPolicy(index="CPI", floor=Decimal(1)),
]
SPAN = timedelta(days=420)


@st.composite
def changes(draw: st.DrawFn, account: Account, now: datetime) -> LifeChange:
    """A change of any kind, at once, scheduled, or backdated over what was billed."""
    kind = draw(st.sampled_from(KINDS))
    effect = draw(st.sampled_from([Effect.NOW, Effect.NOW, Effect.PERIOD_END, Effect.TERM_END, Effect.AT]))
    waiting = [fact.id for fact in in_force(account.facts) if fact.at > now]
    values: dict[str, Any] = {
        "plan_id": draw(st.sampled_from(list(TERMS))),
        "quantity": Decimal(draw(st.integers(0, 5))),
        "unit_price": draw(st.sampled_from([None, Decimal("17.31"), Decimal(0)])),
        "billing_day": draw(st.integers(1, 28)),
        "days": draw(st.integers(1, 60)),
        "withdraws": draw(st.sampled_from(waiting)) if waiting else None,
        "term": TermAsked(
            draw(st.sampled_from([1, 3, 12])), None, draw(st.booleans()), 10, draw(st.sampled_from(POLICIES))
        ),
    }
    span = int((now - START) / timedelta(hours=1))
    at = START + timedelta(hours=draw(st.integers(0, span + 24 * 45)))
    return LifeChange(account.key, kind, effect, at, on_conflict=draw(st.sampled_from(list(OnConflict))), **values)


def change(account: Account, one: LifeChange, now: datetime) -> bool:
    """Record the facts of a change, unless it is refused."""
    setting = Setting(account.zone, account.conventions, 2, INDICES)
    try:
        facts = facts_of_change(one, account.facts, account.terms, setting, now)
    except (ConflictingChange, InvalidValue):
        return False
    account.facts.extend(facts)
    for fact in facts:
        account.touch(fact.at)
    return True


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_changes_at_any_time_bill_price_times_time(data: st.DataObject) -> None:
    """Sums are those of the time held, the preview is the run, a second run is empty, and the days tile."""
    name = data.draw(st.sampled_from(sorted(NAMED_CONVENTIONS)))
    zone = data.draw(st.sampled_from(ZONES))
    account = started(data.draw(st.sampled_from(list(TERMS))), conventions=NAMED_CONVENTIONS[name], zone=zone)
    now = START
    account.bill(now, Trigger.START)
    for _ in range(data.draw(st.integers(0, 8))):
        now += timedelta(hours=data.draw(st.integers(1, 24 * 40)))
        one = data.draw(changes(account, now))
        if change(account, one, now):
            account.bill(now, data.draw(st.sampled_from([Trigger.RUN, Trigger.CHANGE, Trigger.NOTHING])), now)
    _preview_is_the_run(account, now)
    until = account.facts[-1].known_at + SPAN
    account.bill(until)
    assert account.plan(until) == []
    last = local_day(until, zone)
    kept = _kept(account)
    slack = Fraction(len(account.posted) + 1, 200)
    if not kept:
        assert abs(Fraction(account.total) - held(account, last)) <= slack
    days = [part.days for part in parts_of(account.subscription, last) if part.days]
    assert all(before.end <= after.start for before, after in pairwise(days))
    stints = [stint for stint in account.subscription.life.stints if stint.start < stint.end]
    gaps = sum(before.end < after.start for before, after in pairwise(stints))
    breaks = sum(fact.kind in (LifeKind.RESUMED, LifeKind.REACTIVATED) for fact in account.facts)
    assert gaps <= breaks


def _kept(account: Account) -> bool:
    """Was something cancelled whose owed arrears are not billed? Such a life bills less than the time held."""
    return any(fact.kind is LifeKind.CANCELLED and not fact.final_invoice for fact in account.facts)


def _preview_is_the_run(account: Account, now: datetime) -> None:
    """What is to come, as it is shown now, is what runs on time would bill."""
    subscription = account.subscription
    moments = moments_of(subscription, now, 6)
    shown = coming_bills(subscription, account.posted, {}, account.conventions, moments, 6)
    twin = Account(account.conventions, account.zone, account.terms, account.facts, list(account.posted), account.key)
    billed = [(at, sum(twin.bill(at), Decimal(0))) for at in moments]
    assert [(bill.at, bill.net) for bill in shown] == [
        (at, net) for at, net in billed if any(bill.at == at for bill in shown)
    ]
    assert sum((bill.net for bill in shown), Decimal(0)) == sum((net for _at, net in billed), Decimal(0))
