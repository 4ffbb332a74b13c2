"""What a change contradicts of what is scheduled already: found by asking where the subscription would stand then."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cashline.flow.deliver.subscriptions.rules.facts import TERM_KINDS, LifeFact, LifeKind
from cashline.flow.deliver.subscriptions.rules.life import in_force
from cashline.flow.deliver.subscriptions.rules.lifecycle import SubscriptionStatus
from cashline.flow.deliver.subscriptions.rules.standing import status_at

RUNNING = (SubscriptionStatus.ACTIVE, SubscriptionStatus.CANCELLED)
FROM: Mapping[LifeKind, tuple[SubscriptionStatus, ...]] = {
    LifeKind.RESUMED: (SubscriptionStatus.PAUSED,),
    LifeKind.REACTIVATED: (SubscriptionStatus.ENDED,),
    LifeKind.CANCELLED: (SubscriptionStatus.ACTIVE, SubscriptionStatus.CANCELLED, SubscriptionStatus.PAUSED),
    LifeKind.PAUSED: RUNNING,
}
"""From which states a change is possible; RUNNING or paused where it is not named."""
ALIVE = (*RUNNING, SubscriptionStatus.PAUSED)
_OF_THE_PLAN = (LifeKind.PRICE_CHANGED, LifeKind.ADD_ON_CHANGED)
_MAY_COME_TWICE = (LifeKind.CANCELLED, LifeKind.TRIAL_EXTENDED, LifeKind.PLAN_CHANGED)
"""Of plan changes and cancellations the house's rule says which counts; trials are extended together."""


def contradicted(fact: LifeFact, facts: Sequence[LifeFact], now: datetime) -> list[tuple[LifeFact, str]]:
    """The scheduled facts that cannot stand beside a new one, each with why, as the end of a sentence.

    One that the subscription could not follow any more, one of the same kind for the same instant, and a price or an
    add-on of the plan that a change of the plan ends before it.
    """
    waiting = [one for one in in_force(facts) if one.at > now and _waits(one)]
    if not waiting or fact.kind is LifeKind.WITHDRAWN:
        return []
    counted = {one.id for one in in_force([*facts, fact])}
    found: list[tuple[LifeFact, str]] = []
    for one in waiting:
        if one.id not in counted:
            continue
        if _twice(one, fact):
            found.append((one, "for the same instant"))
        elif fact.kind is LifeKind.PLAN_CHANGED and one.kind in _OF_THE_PLAN and one.at > fact.at:
            found.append((one, "and belongs to the plan that is left before"))
        elif fact.kind in TERM_KINDS and one.kind is LifeKind.RENEWED and _renews_another(one, fact):
            found.append((one, "and renews the term that was agreed before"))
        elif one.at >= fact.at and not (one.kind is fact.kind is LifeKind.CANCELLED):
            rest = [other for other in facts if other.id != one.id]
            then = status_at([*rest, fact], one.at)
            if then not in FROM.get(one.kind, ALIVE) and status_at(rest, one.at) in FROM.get(one.kind, ALIVE):
                found.append((one, f"when it would be {then.value}"))
    return found


def _waits(fact: LifeFact) -> bool:
    return fact.kind is not LifeKind.STARTED and not fact.of_term


def _renews_another(one: LifeFact, fact: LifeFact) -> bool:
    return one.term is None or fact.term is None or one.term.starts_on != fact.term.ends_on


def _twice(one: LifeFact, fact: LifeFact) -> bool:
    same = one.kind is fact.kind and one.at == fact.at and one.kind not in _MAY_COME_TWICE
    return same and (one.kind is not LifeKind.ADD_ON_CHANGED or one.add_on == fact.add_on)
