"""Planning subscriptions to plans: those that are alike once for all of them, each other on its own.

Nothing is written here. Both ways give the same bills (`rules.plans.sharing`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.plans.queries import conventions_of
from cashline.flow.agree.plans.rules import ChangeBilled, PlanConventions
from cashline.flow.deliver.usage.queries import metered
from cashline.flow.deliver.usage.rules.windows import UsageWindow
from cashline.flow.invoice.billing.queries.alike import AlikeLife, alike_lives, examples_of
from cashline.flow.invoice.billing.queries.plans import (
    plan_subscriptions,
    plan_subscriptions_by_id,
    posted_charges,
    settled_days,
)
from cashline.flow.invoice.billing.rules.agreements import DueAgreement
from cashline.flow.invoice.billing.rules.plans.differences import Trigger, chosen, outlook, plan_subscription
from cashline.flow.invoice.billing.rules.plans.posting import ChargePost, Documents, documents, next_due
from cashline.flow.invoice.billing.rules.plans.settling import Settlement, settled
from cashline.flow.invoice.billing.rules.plans.shapes import PlanSubscription, SubscriptionCharge
from cashline.flow.invoice.billing.rules.plans.sharing import (
    SharedPlan,
    own_documents,
    own_usage,
    own_window,
    shared_plan,
)
from cashline.kernel.periods import day_start, local_day


class Occasion(NamedTuple):
    """Why one subscription is billed now: the trigger, and since when what it caused takes effect."""

    trigger: Trigger
    since: datetime


type Occasions = Mapping[UUID, Occasion]
"""By subscription; those without one are not billed."""


class PlannedLife(NamedTuple):
    """What one subscription is billed, when to look at it again, and (asked with what is posted) its settlement."""

    made: Documents
    next_due: date | None
    settles: Callable[[Sequence[ChargePost]], Settlement | None]


type PlannedLives = Mapping[UUID, Sequence[PlannedLife]]
"""By agreement, the subscriptions in the order of their ids."""


def plan_on_occasion(due: Sequence[DueAgreement], occasions: Occasions, *, now: datetime) -> PlannedLives:
    """What events make due of the subscriptions that they concern."""
    entity_of = {item.agreement_id: item.entity_id for item in due}
    conventions = conventions_of(entity_of.values())
    found = plan_subscriptions(entity_of)
    known = {one.id: conventions[entity_of[key]] for key, ones in found.items() for one in ones}
    wanted = {one.id: one for ones in found.values() for one in ones if one.id in occasions}
    planned = _alone(wanted, lambda _: now, known.__getitem__, occasions)
    return {key: [planned[one.id] for one in ones if one.id in planned] for key, ones in found.items()}


def plan_due(due: Sequence[DueAgreement], as_of: date, *, now: datetime) -> PlannedLives:
    """What a run bills of all subscriptions under those agreements."""
    of = {item.agreement_id: item for item in due}
    conventions = conventions_of(item.entity_id for item in due)
    rows = alike_lives(of)
    until = {row.id: run_instant(as_of, of[row.agreement_id].today, row.zone, now) for row in rows}
    known = {row.id: conventions[of[row.agreement_id].entity_id] for row in rows}
    planned = _together(rows, until, known)
    rest = plan_subscriptions_by_id(row.id for row in rows if row.id not in planned)
    planned |= _alone(rest, until.__getitem__, known.__getitem__)
    lives: dict[UUID, list[PlannedLife]] = {}
    for row in rows:
        lives.setdefault(row.agreement_id, []).append(planned[row.id])
    return lives


def _together(
    rows: Sequence[AlikeLife], until: Mapping[UUID, datetime], known: Mapping[UUID, PlanConventions]
) -> dict[UUID, PlannedLife]:
    """Those that are alike, by id; others are left out."""
    groups: dict[tuple[object, ...], list[AlikeLife]] = {}
    for row in rows:
        end = until[row.id]
        if row.fact is not None and row.posted is not None and row.at <= end:
            day = local_day(row.at, row.zone)
            key = (row.fact, day, row.posted, row.settled, end, row.zone, row.currency, known[row.id])
            groups.setdefault(key, []).append(row)
    firsts = [ones[0] for ones in groups.values()]
    examples = examples_of(
        {row.id: row.settled for row in firsts if row.settled}, {row.id: until[row.id] for row in firsts}
    )
    alike: list[tuple[AlikeLife, SharedPlan, Sequence[UsageWindow]]] = []
    for ones in groups.values():
        first = ones[0]
        found = examples.get(first.id)
        shared = found and shared_plan(
            found.subscription, found.posted, until[first.id], first.settled or date.min, known[first.id]
        )
        if shared is not None:
            alike += [(row, shared, [own_window(item, row.id, row.at) for item in shared.windows]) for row in ones]
    quantities = metered(window for _, _, windows in alike for window in windows)
    planned: dict[UUID, PlannedLife] = {}
    for row, shared, windows in alike:
        usage = own_usage(shared, [quantities[window] for window in windows], row.billed_usage if row.usage else {})
        if usage is not None:
            planned[row.id] = _own(row, shared, usage)
    return planned


def _own(row: AlikeLife, shared: SharedPlan, usage: Sequence[SubscriptionCharge]) -> PlannedLife:
    made = own_documents(shared, row.id, row.number, usage)
    settlement = shared.settled._replace(subscription_id=row.id) if shared.settled else None
    whole = len(made.posts)
    return PlannedLife(made, shared.next_due, lambda posts: settlement if len(posts) == whole else None)


def _alone(
    subscriptions: Mapping[UUID, PlanSubscription],
    until: Callable[[UUID], datetime],
    known: Callable[[UUID], PlanConventions],
    occasions: Occasions | None = None,
) -> dict[UUID, PlannedLife]:
    """Each on its own: its whole difference, of which an occasion bills a part."""
    if not subscriptions:
        return {}
    days = settled_days(subscriptions)
    posted = posted_charges(subscriptions, days)
    looks = {
        key: outlook(one, posted.get(key, ()), until(key), days.get(key, date.min))
        for key, one in subscriptions.items()
    }
    windows = [one for look in looks.values() for item in look.windows for one in (item.window, item.opening)]
    quantities = metered(window for window in windows if window is not None)
    found: dict[UUID, PlannedLife] = {}
    for key, look in looks.items():
        conventions = known(key)
        difference = charges = plan_subscription(look, quantities, conventions)
        if occasions is not None:
            charges = _of_occasion(charges, occasions[key], conventions)
        made = documents(look.subscription, charges, look.posted)
        found[key] = PlannedLife(made, next_due(look.subscription, look.until), partial(settled, look, difference))
    return found


def _of_occasion(
    charges: list[SubscriptionCharge], occasion: Occasion, conventions: PlanConventions
) -> list[SubscriptionCharge]:
    trigger = occasion.trigger
    if trigger is Trigger.CHANGE and conventions.change_billed is ChangeBilled.AT_NEXT_RENEWAL:
        trigger = Trigger.NOTHING
    return chosen(charges, trigger, occasion.since)


def run_instant(as_of: date, today: date, zone: str, now: datetime) -> datetime:
    """The instant up to which a run bills: now for a run of today, else the last of its day."""
    return now if as_of == today else day_start(as_of + timedelta(days=1), zone) - timedelta(microseconds=1)
