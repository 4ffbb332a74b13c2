"""Changes of a life: what may follow what, when each takes effect, and where the subscription stands then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from cashline.flow.agree.plans.rules import CancelDay, PlanConventions, PlanTerms
from cashline.flow.deliver.subscriptions.rules.facts import LifeFact, LifeKind, Unused
from cashline.flow.deliver.subscriptions.rules.life import Life, in_force, live, period_end
from cashline.flow.deliver.subscriptions.rules.lifecycle import SubscriptionStatus
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import day_start, local_day
from cashline.kernel.refusals import Conflict, InvalidValue

EARLIEST = timedelta(days=366 * 30)
"""How far back a fact may reach."""


class Effect(StrEnum):
    """When a change takes effect: at once, when the running period ends, or at an instant (past or to come)."""

    NOW = "now"
    PERIOD_END = "period_end"
    AT = "at"


class ConflictingChange(Conflict):
    """The change contradicts where the subscription stands at its instant, or what is scheduled."""

    code = "conflicting_change"


@dataclass(frozen=True, slots=True)
class LifeChange:
    """A change to make of a subscription; only the fields of its kind are read."""

    subscription_id: UUID
    kind: LifeKind
    effect: Effect = Effect.NOW
    at: datetime | None = None
    plan_id: UUID | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    add_on: str = ""
    billing_day: int = 0
    days: int = 0
    unused: Unused = Unused.CREDIT
    final_invoice: bool = True
    withdraws: UUID | None = None
    reason: str = ""


def fact_of(
    change: LifeChange,
    facts: Sequence[LifeFact],
    plans: Mapping[UUID, PlanTerms],
    zone: str,
    conventions: PlanConventions,
    now: datetime,
) -> LifeFact:
    """The fact that a change records; raises InvalidValue or ConflictingChange where it cannot be."""
    life = live(facts, plans, zone)
    at, scheduled = _effect(change, life, plans, now)
    values: dict[str, Any] = {"scheduled": scheduled, "reason": change.reason.strip()}
    if change.kind is LifeKind.CANCELLED:
        day = local_day(at, zone)
        billed = conventions.cancel_day is CancelDay.BILLED and not scheduled
        values |= {
            "ends_on": day + timedelta(days=1) if billed else day,
            "unused": change.unused,
            "final_invoice": change.final_invoice,
        }
    for name in _FIELDS.get(change.kind, ()):
        values[name] = getattr(change, name)
    fact = LifeFact(new_id(), change.kind, at, now, **values)
    _check(fact, facts, life, plans, now)
    return fact


_FIELDS: Mapping[LifeKind, tuple[str, ...]] = {
    LifeKind.PLAN_CHANGED: ("plan_id", "quantity", "unit_price"),
    LifeKind.QUANTITY_CHANGED: ("quantity",),
    LifeKind.PRICE_CHANGED: ("unit_price",),
    LifeKind.ADD_ON_CHANGED: ("add_on", "quantity", "unit_price"),
    LifeKind.BILLING_DAY_MOVED: ("billing_day",),
    LifeKind.TRIAL_EXTENDED: ("days",),
    LifeKind.WITHDRAWN: ("withdraws",),
}


def _effect(
    change: LifeChange, life: Life, plans: Mapping[UUID, PlanTerms], now: datetime
) -> tuple[datetime, bool]:  # fmt: skip
    if change.effect is Effect.NOW:
        return now, False
    if change.effect is Effect.AT:
        if change.at is None or change.at.tzinfo is None:
            raise InvalidValue("Say at which instant it takes effect, with its zone.", field="at")
        return change.at, change.at > now
    end = period_end(life, plans, now)
    if end is None:
        raise ConflictingChange("It does not run now, so that no period ends.", field="effect")
    return day_start(end, life.zone), True


def _check(
    fact: LifeFact, facts: Sequence[LifeFact], life: Life, plans: Mapping[UUID, PlanTerms], now: datetime
) -> None:
    if fact.at < life.first_at:
        raise InvalidValue(f"It began at {life.first_at.isoformat()}, and nothing changes before.", field="at")
    if fact.at < now - EARLIEST:
        raise InvalidValue("This lies too far back.", field="at")
    _check_values(fact, plans)
    if fact.kind is LifeKind.WITHDRAWN:
        waiting = {one.id for one in in_force(facts) if one.at > now}
        if fact.withdraws not in waiting:
            raise ConflictingChange("Only a change that has not taken effect is withdrawn.", field="withdraws")
        return
    status = status_at(facts, fact.at)
    if status not in _FROM.get(fact.kind, _RUNNING):
        raise ConflictingChange(
            f"It is {status} at that instant, and cannot be {fact.kind.value.replace('_', ' ')} then.",
            field="kind",
            fix="Withdraw what is scheduled before it, or give another instant.",
        )


_RUNNING = (SubscriptionStatus.ACTIVE, SubscriptionStatus.CANCELLED)
_FROM: Mapping[LifeKind, tuple[SubscriptionStatus, ...]] = {
    LifeKind.RESUMED: (SubscriptionStatus.PAUSED,),
    LifeKind.REACTIVATED: (SubscriptionStatus.ENDED,),
    LifeKind.CANCELLED: (SubscriptionStatus.ACTIVE, SubscriptionStatus.CANCELLED, SubscriptionStatus.PAUSED),
    LifeKind.PLAN_CHANGED: (*_RUNNING, SubscriptionStatus.PAUSED),
    LifeKind.QUANTITY_CHANGED: (*_RUNNING, SubscriptionStatus.PAUSED),
}


def _check_values(fact: LifeFact, plans: Mapping[UUID, PlanTerms]) -> None:
    if fact.kind is LifeKind.PLAN_CHANGED and fact.plan_id not in plans:
        raise InvalidValue("Name the plan.", field="plan_id")
    if fact.kind is LifeKind.QUANTITY_CHANGED and fact.quantity is None:
        raise InvalidValue("Say how many.", field="quantity")
    if fact.quantity is not None and fact.quantity < 0:
        raise InvalidValue("A quantity is not negative.", field="quantity")
    if fact.unit_price is not None and fact.unit_price < 0:
        raise InvalidValue("A price is not negative.", field="unit_price")
    if fact.kind is LifeKind.BILLING_DAY_MOVED and not 1 <= fact.billing_day <= 28:
        raise InvalidValue("A billing day is 1 to 28, which every month has.", field="billing_day")
    if fact.kind is LifeKind.TRIAL_EXTENDED and not 1 <= fact.days <= 3660:
        raise InvalidValue("A trial is extended by 1 to 3660 days.", field="days")
    if fact.kind is LifeKind.ADD_ON_CHANGED and (not fact.add_on or fact.quantity is None):
        raise InvalidValue("Name the add-on and how many units of it there are from now on.", field="add_on")


def status_at(facts: Sequence[LifeFact], at: datetime) -> SubscriptionStatus:
    """Where the subscription stands at an instant, by the facts that took effect up to it."""
    found = SubscriptionStatus.PENDING
    for fact in in_force(facts):
        if fact.at > at:
            if fact.kind is LifeKind.CANCELLED and found is SubscriptionStatus.ACTIVE:
                return SubscriptionStatus.CANCELLED
            continue
        if fact.kind in (LifeKind.STARTED, LifeKind.REACTIVATED):
            found = SubscriptionStatus.ACTIVE
        elif found is SubscriptionStatus.ENDED:
            continue
        elif fact.kind is LifeKind.CANCELLED:
            found = SubscriptionStatus.ENDED
        elif fact.kind is LifeKind.PAUSED:
            found = SubscriptionStatus.PAUSED
        elif fact.kind is LifeKind.RESUMED:
            found = SubscriptionStatus.ACTIVE
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subscription stands at an instant, as its row shows it."""

    status: SubscriptionStatus
    plan_id: UUID
    quantity: Decimal
    ends_on: date | None
    next_change_at: datetime | None


def standing(facts: Sequence[LifeFact], life: Life, now: datetime) -> Standing:
    """The state that the facts say, at an instant."""
    plan_id, quantity = life.stints[0].plan_id, life.stints[0].steps[0].quantity
    for stint in life.stints:
        if stint.start_at <= now:
            plan_id = stint.plan_id
            for step in stint.steps:
                if step.at <= now:
                    quantity = step.quantity
    ends = [fact.ends_on for fact in in_force(facts) if fact.kind is LifeKind.CANCELLED]
    over = life.stints[-1].closed_by
    ends_on = ends[-1] if ends and over is not None and over.kind is LifeKind.CANCELLED else None
    coming = [fact.at for fact in in_force(facts) if fact.at > now]
    return Standing(status_at(facts, now), plan_id, quantity, ends_on, min(coming, default=None))
