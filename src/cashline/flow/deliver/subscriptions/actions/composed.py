"""Changes that are made of several: a ramp, skipped periods, a transfer, and what renews itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.plans.queries import plan_versions_by_id
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.deliver.subscriptions import queries
from cashline.flow.deliver.subscriptions.actions.living import change_lives
from cashline.flow.deliver.subscriptions.actions.subscribing import AddOnHeld, GoesOn, NewSubscription, subscribe
from cashline.flow.deliver.subscriptions.queries import LifeRow
from cashline.flow.deliver.subscriptions.rules import LifeChange, LifeKind, OnConflict, Stint, live
from cashline.flow.deliver.subscriptions.rules.changing import ConflictingChange, Effect
from cashline.flow.deliver.subscriptions.rules.facts import LifeFact
from cashline.flow.deliver.subscriptions.rules.life import Life, in_force
from cashline.flow.deliver.subscriptions.rules.renewals import NO_TERM
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import day_start, local_day
from cashline.kernel.refusals import InvalidValue, Refusal

MAX_STEPS, MAX_SKIPPED = 60, 24


@dataclass(frozen=True, slots=True)
class RampStep:
    """From a day on there are so many units, at this price each; what is None stays."""

    on: date
    quantity: Decimal | None = None
    unit_price: Decimal | None = None


def ramp_changes(subscription_id: UUID, steps: Sequence[RampStep], *, reason: str = "") -> list[LifeChange]:
    """The changes of a ramp: each step takes effect when its day begins. Raises InvalidValue."""
    if not 1 <= len(steps) <= MAX_STEPS:
        raise InvalidValue(f"A ramp has 1 to {MAX_STEPS} steps.", field="steps")
    found: list[LifeChange] = []
    for index, step in enumerate(steps):
        if step.quantity is None and step.unit_price is None:
            raise InvalidValue("A step says how many, at which price, or both.", field=f"steps.{index}")
        if index and step.on <= steps[index - 1].on:
            raise InvalidValue("The steps of a ramp follow on each other.", field=f"steps.{index}.on")
        change = LifeChange(subscription_id, LifeKind.QUANTITY_CHANGED, Effect.AT, on=step.on, reason=reason)
        if step.quantity is not None:
            found.append(replace(change, quantity=step.quantity))
        if step.unit_price is not None:
            found.append(replace(change, kind=LifeKind.PRICE_CHANGED, unit_price=step.unit_price))
    return found


def skip_changes(subscription_id: UUID, periods: int, *, now: datetime, reason: str = "") -> list[LifeChange]:
    """The changes by which a subscription skips its next periods: it pauses when the running one ends, and resumes.

    Raises InvalidValue, NotFound, and ConflictingChange where no period runs.
    """
    if not 1 <= periods <= MAX_SKIPPED:
        raise InvalidValue(f"1 to {MAX_SKIPPED} periods are skipped.", field="periods")
    row = queries.life(subscription_id)
    life, terms = _life_of(row)
    stint = life.stint_at(now)
    if stint is None:
        raise ConflictingChange("It does not run now, so that no period ends.", field="periods")
    plan = terms[stint.plan_id]
    day = first = stint.whole(plan, local_day(now, life.zone)).end
    for _ in range(periods):
        day = stint.whole(plan, day).end
    return [
        LifeChange(row.id, LifeKind.PAUSED, Effect.AT, on=first, reason=reason),
        LifeChange(row.id, LifeKind.RESUMED, Effect.AT, on=day, reason=reason),
    ]


def _life_of(row: LifeRow) -> tuple[Life, dict[UUID, PlanTerms]]:
    facts = queries.facts_of([row.id])[row.id]
    plans = plan_versions_by_id(fact.plan_id for fact in facts if fact.plan_id)
    terms = {key: plan.terms for key, plan in plans.items()}
    return live(facts, terms, row.timezone), terms


@transaction.atomic
def transfer_life(
    subscription_id: UUID, *, customer_id: UUID, on: date | None, reason: str, now: datetime, actor: str
) -> UUID:
    """Let another customer have a subscription from the beginning of a day (None: from now); gives the new one's id.

    The old one ends there and gives back what is not used; the new one goes on with plan, price, add-ons, periods,
    trial, term and what is scheduled, in the same time zone. Raises NotFound, InvalidValue, ConflictingChange.
    """
    row = queries.lives_for_update([subscription_id])[subscription_id]
    if customer_id == row.customer_id:
        raise InvalidValue("It is this customer's already.", field="customer")
    at = now if on is None else day_start(on, row.timezone)
    life, terms = _life_of(row)
    stint, key = life.stint_at(at), new_id()
    if stint is None:
        raise ConflictingChange("It does not run then: only what runs is transferred.", field="on")
    facts = queries.facts_of([row.id])[row.id]
    coming = [fact for fact in in_force(facts) if fact.at > at and not fact.of_term]
    end = LifeChange(
        row.id,
        LifeKind.CANCELLED,
        Effect.NOW if on is None else Effect.AT,
        on=on,
        reason=reason,
        other=key,
        on_conflict=OnConflict.REPLACE,
    )
    change_lives([end], now=now, actor=actor)
    subscribe([_gone_over(row, life, stint, terms, at, customer_id, key)], now=now, actor=actor)
    change_lives([_again(fact, key) for fact in coming], now=now, actor=actor)
    return key


def _gone_over(
    row: LifeRow,
    life: Life,
    stint: Stint,
    terms: dict[UUID, PlanTerms],
    at: datetime,
    customer_id: UUID,
    key: UUID,
) -> NewSubscription:
    """The subscription as the other customer starts it."""
    step = life.step_at(at) or stint.steps[-1]
    held: dict[str, AddOnHeld] = {}
    for one in stint.add_on_steps:
        if one.at <= at:
            held[one.code] = AddOnHeld(one.code, one.units, one.unit_price)
    first_at = life.origin_at or life.first_at
    plan = terms[stint.plan_id]
    usual = plan.boundary(plan.anchor, local_day(first_at, life.zone), stint.start)
    moved = stint.boundary.day if stint.boundary != usual and stint.boundary.day <= 28 else 0
    return NewSubscription(
        customer_id,
        row.entity_id,
        stint.plan_id,
        step.quantity,
        at,
        life.zone,
        step.unit_price,
        life.term_at(at) or NO_TERM,
        tuple(held.values()),
        GoesOn(row.id, first_at, stint.boundary, moved),
        key,
    )


def _again(fact: LifeFact, subscription_id: UUID) -> LifeChange:
    """A scheduled change, for the subscription that goes on."""
    return LifeChange(
        subscription_id,
        fact.kind,
        Effect.AT,
        fact.at,
        plan_id=fact.plan_id,
        quantity=fact.quantity,
        unit_price=fact.unit_price,
        add_on=fact.add_on,
        billing_day=fact.billing_day,
        days=fact.days,
        unused=fact.unused,
        final_invoice=fact.final_invoice,
        reason=fact.reason,
    )


RENEWED_AT_ONCE = 200


def renew_due(*, now: datetime, actor: str) -> int:
    """Renew what renews itself and whose notice has come; gives how many.

    One that cannot be renewed, such as without a value of its index, stays due and is tried again.
    """
    done = 0
    after: UUID | None = None
    latest = (now + timedelta(days=1)).date()
    while found := queries.renewing(until=latest, after=after, limit=RENEWED_AT_ONCE):
        after = found[-1][0]
        due = [key for key, day, zone in found if day <= local_day(now, zone)]
        done += _renew(due, now=now, actor=actor)
    return done


def _renew(due: Sequence[UUID], *, now: datetime, actor: str) -> int:
    """Renew them together, or, where one is refused, each by itself."""
    changes = [LifeChange(key, LifeKind.RENEWED, Effect.TERM_END) for key in due]
    try:
        return len(change_lives(changes, now=now, actor=actor))
    except Refusal:
        if len(due) == 1:
            return 0
    return sum(_renew([key], now=now, actor=actor) for key in due)
