"""Where a subscription stands at an instant, by the facts of its life."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.deliver.subscriptions.rules.facts import LifeFact, LifeKind
from cashline.flow.deliver.subscriptions.rules.life import Life, in_force
from cashline.flow.deliver.subscriptions.rules.lifecycle import SubscriptionStatus


def open_gate(facts: Sequence[LifeFact]) -> LifeFact | None:
    """The change that waits for its invoice to be paid; None where nothing does."""
    confirmed = {fact.confirms for fact in facts if fact.confirms is not None}
    gone = {fact.withdraws for fact in facts if fact.withdraws is not None}
    return next((fact for fact in facts if fact.gated and fact.id not in confirmed | gone), None)


def shown(facts: Sequence[LifeFact]) -> list[LifeFact]:
    """The facts as they count for the customer: without a change that waits for its payment."""
    gate = open_gate(facts)
    return [fact for fact in facts if fact is not gate]


def status_at(facts: Sequence[LifeFact], at: datetime) -> SubscriptionStatus:
    """Where the subscription stands at an instant, by the facts that took effect up to it."""
    return status_of(in_force(facts), at)


def status_of(ordered: Sequence[LifeFact], at: datetime) -> SubscriptionStatus:
    """The same, of facts in force in the order of their effect."""
    found = SubscriptionStatus.PENDING
    for fact in ordered:
        if fact.at > at:
            if fact.kind is LifeKind.CANCELLED and not fact.of_term and found is SubscriptionStatus.ACTIVE:
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


_ENDED = SubscriptionStatus.ENDED
_AFTER_THE_END = (LifeKind.REACTIVATED, LifeKind.STARTED)
"""What can still happen to a subscription that is over."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subscription stands at an instant, as its row shows it.

    `unit_price` is None where the plan's own counts. `renew_on` is the day from which it is renewed by itself.
    """

    status: SubscriptionStatus
    plan_id: UUID
    quantity: Decimal
    unit_price: Decimal | None
    ends_on: date | None
    next_change_at: datetime | None
    term_ends_on: date | None
    renew_on: date | None


def standing(facts: Sequence[LifeFact], life: Life, now: datetime) -> Standing:
    """The state that the facts say, at an instant."""
    first = life.stints[0]
    plan_id, step = first.plan_id, first.steps[0]
    for stint in life.stints:
        if stint.start_at <= now:
            plan_id = stint.plan_id
            for one in stint.steps:
                if one.at <= now:
                    step = one
    ordered = in_force(facts)
    ends = [fact.ends_on for fact in ordered if fact.kind is LifeKind.CANCELLED]
    over = life.stints[-1].closed_by
    closed = over is not None and over.kind is LifeKind.CANCELLED
    status = status_of(ordered, now)
    coming = [fact.at for fact in ordered if fact.at > now and (status is not _ENDED or fact.kind in _AFTER_THE_END)]
    term = life.last_term
    return Standing(
        status,
        plan_id,
        step.quantity,
        step.unit_price,
        ends[-1] if ends and closed else None,
        min(coming, default=None),
        term.ends_on if term else None,
        term.renews_from if term and not closed else None,
    )
