"""Changes of a life: the facts that a change records, what may follow what, and when each takes effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from cashline.flow.agree.plans.rules import CancelDay, PlanConventions, PlanTerms
from cashline.flow.deliver.subscriptions.rules.conflicts import ALIVE, FROM, contradicted
from cashline.flow.deliver.subscriptions.rules.facts import TERM_KINDS, LifeFact, LifeKind, Unused
from cashline.flow.deliver.subscriptions.rules.life import Life, in_force, live, period_end
from cashline.flow.deliver.subscriptions.rules.renewals import (
    NO_TERM,
    IndexValues,
    TermAsked,
    UpliftPolicy,
    term_of,
    uplifted,
)
from cashline.flow.deliver.subscriptions.rules.standing import open_gate, status_at
from cashline.flow.deliver.subscriptions.rules.wording import noun_of
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import day_start, local_day
from cashline.kernel.refusals import Conflict, InvalidValue

MOMENT = timedelta(microseconds=1)
GATED = (LifeKind.PLAN_CHANGED, LifeKind.QUANTITY_CHANGED, LifeKind.ADD_ON_CHANGED)
"""What may wait for the payment of its invoice."""
EARLIEST = timedelta(days=366 * 30)
"""How far back a fact may reach."""


class Effect(StrEnum):
    """When a change takes effect: at once, when the running period or the term ends, or at an instant of any time."""

    NOW = "now"
    PERIOD_END = "period_end"
    TERM_END = "term_end"
    AT = "at"


class OnConflict(StrEnum):
    """What becomes of scheduled changes that a change contradicts: it is refused, or they are taken back."""

    REFUSE = "refuse"
    REPLACE = "replace"


class ConflictingChange(Conflict):
    """The change contradicts where the subscription stands at its instant, or what is scheduled."""

    code = "conflicting_change"


@dataclass(frozen=True, slots=True)
class LifeChange:
    """A change to make of a subscription; only the fields of its kind are read.

    AT takes effect `at` an instant, or when the day `on` begins for the subscription. `uplift` is asked of a renewal in
    place of what its term says; a `unit_price` decides before both.
    """

    subscription_id: UUID
    kind: LifeKind
    effect: Effect = Effect.NOW
    at: datetime | None = None
    on: date | None = None
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
    term: TermAsked = NO_TERM
    uplift: UpliftPolicy | None = None
    on_conflict: OnConflict = OnConflict.REFUSE
    other: UUID | None = None
    gated: bool = False
    confirms: UUID | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What decides the facts of a change besides the life: zone, conventions, price indices and digits of amounts."""

    zone: str
    conventions: PlanConventions
    digits: int = 2
    indices: IndexValues = field(default_factory=dict)


def facts_of_change(
    change: LifeChange,
    facts: Sequence[LifeFact],
    plans: Mapping[UUID, PlanTerms],
    setting: Setting,
    now: datetime,
) -> list[LifeFact]:
    """The facts that a change records, in order: what it replaces is taken back first, and a term has its end.

    Raises InvalidValue or ConflictingChange where the change cannot be.
    """
    life = live(facts, plans, setting.zone)
    fact = _fact(change, life, plans, setting, now)
    _check(fact, facts, life, plans, now)
    found = [fact]
    if fact.term is not None and fact.term.ends_on is not None and not fact.term.auto_renew:
        found.append(end_of_term(fact.term.ends_on, setting.zone, now))
    against = contradicted(fact, facts, now)
    if not against:
        return found
    if change.on_conflict is OnConflict.REFUSE:
        raise ConflictingChange(
            " ".join(
                f"{noun_of(one)} is scheduled for {local_day(one.at, setting.zone)}, {why}." for one, why in against
            ),
            field="kind",
            fix="Take back what is scheduled, or ask that this change replaces it.",
            scheduled=[str(one.id) for one, _why in against],
        )
    taken = [
        LifeFact(new_id(), LifeKind.WITHDRAWN, now, now, withdraws=one.id, reason="Replaced by a later change.")
        for one, _why in against
    ]
    return [*taken, *found]


def end_of_term(ends_on: date, zone: str, now: datetime) -> LifeFact:
    """The end of a term that nothing renews, as it is scheduled with the term."""
    at = day_start(ends_on, zone)
    return LifeFact(new_id(), LifeKind.CANCELLED, at, now, True, ends_on=ends_on, reason="The term ends.", of_term=True)


def _fact(change: LifeChange, life: Life, plans: Mapping[UUID, PlanTerms], setting: Setting, now: datetime) -> LifeFact:
    zone, conventions = setting.zone, setting.conventions
    at, scheduled = _effect(change, life, plans, now)
    values: dict[str, Any] = {"scheduled": scheduled, "reason": change.reason.strip()}
    if change.kind is LifeKind.CANCELLED:
        day = local_day(at, zone)
        billed = conventions.cancel_day is CancelDay.BILLED and not scheduled and change.other is None
        values |= {
            "ends_on": day + timedelta(days=1) if billed else day,
            "unused": change.unused,
            "final_invoice": change.final_invoice,
            "other": change.other,
        }
    elif change.kind in TERM_KINDS:
        values |= _term_values(change, life, plans, setting, at, now)
    for name in _FIELDS.get(change.kind, ()):
        values[name] = getattr(change, name)
    if change.gated:
        if change.kind not in GATED or change.effect is not Effect.NOW:
            raise InvalidValue("Only a plan, a quantity or an add-on from now on waits for a payment.", field="kind")
        values["gated"] = True
    return LifeFact(new_id(), change.kind, at, now, **values)


def _term_values(
    change: LifeChange, life: Life, plans: Mapping[UUID, PlanTerms], setting: Setting, at: datetime, now: datetime
) -> dict[str, Any]:
    """The term of a fact about one, and for a renewal the price that it decides."""
    day, last = local_day(at, life.zone), life.term_at(at - MOMENT)
    if change.kind is LifeKind.TERM_SET:
        return {"term": term_of(change.term, day, None)}
    if change.kind is LifeKind.EXTENDED:
        last = life.term_at(at)
        if last is None or last.ends_on is None:
            raise ConflictingChange("It has no term with an end that could be moved.", field="kind")
        ends_on = change.term.ends_on or last.ends_on + timedelta(days=change.days)
        if ends_on <= last.ends_on:
            raise InvalidValue(f"The term ends on {last.ends_on} already.", field="term.ends_on")
        return {"term": replace(last, ends_on=ends_on), "days": change.days}
    term = term_of(change.term, day, last)
    if change.unit_price is not None:
        return {"term": term, "unit_price": change.unit_price}
    policy = change.uplift or term.policy
    if policy is None:
        return {"term": term}
    stint = life.stint_at(at - MOMENT) or life.stints[-1]
    present = life.step_at(at - MOMENT) or stint.steps[-1]
    price = plans[stint.plan_id].base_fee if present.unit_price is None else present.unit_price
    raised = uplifted(policy, price, last, local_day(now, life.zone), setting.indices, setting.digits)
    return {"term": replace(term, uplift=raised), "unit_price": raised.new_price}


_FIELDS: Mapping[LifeKind, tuple[str, ...]] = {
    LifeKind.PLAN_CHANGED: ("plan_id", "quantity", "unit_price"),
    LifeKind.QUANTITY_CHANGED: ("quantity",),
    LifeKind.PRICE_CHANGED: ("unit_price",),
    LifeKind.ADD_ON_CHANGED: ("add_on", "quantity", "unit_price"),
    LifeKind.BILLING_DAY_MOVED: ("billing_day",),
    LifeKind.TRIAL_EXTENDED: ("days",),
    LifeKind.WITHDRAWN: ("withdraws",),
    LifeKind.CONFIRMED: ("confirms",),
}


def _effect(
    change: LifeChange, life: Life, plans: Mapping[UUID, PlanTerms], now: datetime
) -> tuple[datetime, bool]:  # fmt: skip
    if change.effect is Effect.NOW:
        return now, False
    if change.effect is Effect.TERM_END:
        term = life.last_term
        if term is None or term.ends_on is None:
            raise ConflictingChange("It has no term that ends.", field="effect")
        at = day_start(term.ends_on, life.zone)
        return at, at > now
    if change.effect is Effect.AT and change.on is not None:
        at = day_start(change.on, life.zone)
        return at, at > now
    if change.effect is Effect.AT:
        if change.at is None or change.at.tzinfo is None:
            raise InvalidValue("Say on which day it takes effect, or at which instant with its zone.", field="at")
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
    gate = open_gate(facts)
    if fact.kind is LifeKind.CONFIRMED:
        if gate is None or fact.confirms != gate.id:
            raise ConflictingChange("This change does not wait for a payment.", field="confirms")
        return
    if gate is not None and fact.kind is not LifeKind.WITHDRAWN:
        raise ConflictingChange(
            f"{noun_of(gate)} waits for its invoice to be paid.",
            field="kind",
            fix="Wait for the payment, or take that change back.",
        )
    if fact.kind is LifeKind.WITHDRAWN:
        waiting = {one.id for one in in_force(facts) if one.at > now or one is gate}
        if fact.withdraws not in waiting:
            raise ConflictingChange("Only a change that has not taken effect is withdrawn.", field="withdraws")
        return
    known = [one for one in facts if not one.of_term] if fact.kind in TERM_KINDS else facts
    status = status_at(known, fact.at)
    if status not in FROM.get(fact.kind, ALIVE):
        raise ConflictingChange(
            f"It is {status} at that instant, and cannot be {fact.kind.value.replace('_', ' ')} then.",
            field="kind",
            fix="Withdraw what is scheduled before it, or give another instant.",
        )


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
