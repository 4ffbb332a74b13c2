"""Planning subscriptions to plans: those that are alike once for all of them, each other on its own.

Nothing is written here. Both ways give the same bills (`rules.plans.sharing`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.plans.queries import conventions_of
from cashline.flow.agree.plans.rules import ChangeBilled, PlanConventions
from cashline.flow.deliver.usage.queries import metered, metered_each
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
from cashline.kernel.refusals import Refusal


class Occasion(NamedTuple):
    """Why one subscription is billed now: the trigger, and since when what it caused takes effect.

    `gated`: a change that counts once it is paid, and is billed at once whatever the conventions say.
    """

    trigger: Trigger
    since: datetime
    gated: bool = False

    def bills(self, subscription: PlanSubscription) -> bool:
        """Does it bill this subscription? Usage does not while a change waits for its payment."""
        return not (subscription.waits and self.trigger in (Trigger.USAGE, Trigger.THRESHOLD))


type Occasions = Mapping[UUID, Occasion]
"""By subscription; those without one are not billed."""


class PlannedLife(NamedTuple):
    """What one subscription is billed, when to look at it again, and (asked with what is posted) its settlement.

    One whose usage cannot be priced has a `refusal`, and is billed nothing.
    """

    made: Documents
    next_due: date | None
    settles: Callable[[Sequence[ChargePost]], Settlement | None]
    refusal: Refusal | None = None


type PlannedLives = Mapping[UUID, Sequence[PlannedLife]]
"""By agreement, the subscriptions in the order of their ids."""


def plan_on_occasion(due: Sequence[DueAgreement], occasions: Occasions, *, now: datetime) -> PlannedLives:
    """What events make due of the subscriptions that they concern."""
    entity_of = {item.agreement_id: item.entity_id for item in due}
    conventions = conventions_of(entity_of.values())
    found = plan_subscriptions(entity_of)
    known = {one.id: conventions[entity_of[key]] for key, ones in found.items() for one in ones}
    wanted = {
        one.id: one
        for ones in found.values()
        for one in ones
        if (occasion := occasions.get(one.id)) is not None and occasion.bills(one)
    }
    planned = _alone(wanted, lambda _: now, known.__getitem__, occasions)
    return {key: [planned[one.id] for one in ones if one.id in planned] for key, ones in found.items()}


def plan_due(due: Sequence[DueAgreement], as_of: date, *, now: datetime) -> PlannedLives:
    """What a run bills of all subscriptions under those agreements but those with a change that waits to be paid."""
    of = {item.agreement_id: item for item in due}
    conventions = conventions_of(item.entity_id for item in due)
    rows = [
        _Row(life, run_instant(as_of, item.today, life.zone, now), conventions[item.entity_id])
        for life in alike_lives(of)
        for item in (of[life.agreement_id],)
    ]
    planned = _together(rows)
    rest = {row.life.id: row for row in rows if row.life.id not in planned}
    found = {key: one for key, one in plan_subscriptions_by_id(rest).items() if not one.waits}
    planned |= _alone(found, lambda key: rest[key].until, lambda key: rest[key].conventions)
    lives: dict[UUID, list[PlannedLife]] = {}
    for row in rows:
        if row.life.id in planned:
            lives.setdefault(row.life.agreement_id, []).append(planned[row.life.id])
    return lives


class _Row(NamedTuple):
    """A subscription that a run bills, the instant up to which it does, and the conventions of its legal entity."""

    life: AlikeLife
    until: datetime
    conventions: PlanConventions


def _together(rows: Sequence[_Row]) -> dict[UUID, PlannedLife]:
    """Those that are alike, by id; others are left out."""
    groups: dict[tuple[object, ...], list[_Row]] = {}
    for row in rows:
        life, until, conventions = row
        if life.fact is not None and life.posted is not None and life.at <= until:
            day = local_day(life.at, life.zone)
            key = (life.fact, day, life.posted, life.settled, until, life.zone, life.currency, id(conventions))
            groups.setdefault(key, []).append(row)
    alike: list[tuple[AlikeLife, SharedPlan]] = []
    windows: list[UsageWindow] = []
    for shared, ones in _shared(list(groups.values())):
        for row in ones:
            alike.append((row.life, shared))
            windows += [own_window(item, row.life.id, row.life.at) for item in shared.windows]
    quantities = iter(metered_each(windows))
    planned: dict[UUID, PlannedLife] = {}
    for life, shared in alike:
        found = [next(quantities) for _ in shared.windows]
        try:
            usage = own_usage(shared, found, life.billed_usage if life.usage else {})
        except Refusal:
            usage = None  # planned on its own, it says why
        if usage is not None:
            planned[life.id] = _own(life, shared, usage)
    return planned


def _shared(groups: Sequence[Sequence[_Row]]) -> Iterator[tuple[SharedPlan, Sequence[_Row]]]:
    """The plan of each group by its first; a group that can share none is left out."""
    firsts = [ones[0] for ones in groups]
    settled_from = {row.life.id: row.life.settled for row in firsts if row.life.settled}
    examples = examples_of(settled_from, {row.life.id: row.until for row in firsts})
    for (life, until, conventions), ones in zip(firsts, groups, strict=True):
        example = examples.get(life.id)
        if example is not None:
            first = life.settled or date.min
            shared = shared_plan(example.subscription, example.posted, until, first, conventions)
            if shared is not None:
                yield shared, ones


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
    """Each on its own: its whole difference, of which an occasion bills a part. On an occasion raises what refuses."""
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
        try:
            difference = charges = plan_subscription(look, quantities, conventions)
        except Refusal as refusal:
            if occasions is not None:
                raise
            found[key] = PlannedLife(Documents([], [], [], []), None, lambda _: None, refusal)
            continue
        if occasions is not None:
            charges = _of_occasion(charges, occasions[key], conventions)
        made = documents(look.subscription, charges, look.posted)
        found[key] = PlannedLife(made, next_due(look.subscription, look.until), partial(settled, look, difference))
    return found


def _of_occasion(
    charges: list[SubscriptionCharge], occasion: Occasion, conventions: PlanConventions
) -> list[SubscriptionCharge]:
    trigger = occasion.trigger
    left = conventions.change_billed is ChangeBilled.AT_NEXT_RENEWAL and not occasion.gated
    if trigger is Trigger.CHANGE and left:
        trigger = Trigger.NOTHING
    return chosen(charges, trigger, occasion.since)


def run_instant(as_of: date, today: date, zone: str, now: datetime) -> datetime:
    """The instant up to which a run bills: now for a run of today, else the last of its day."""
    return now if as_of == today else day_start(as_of + timedelta(days=1), zone) - timedelta(microseconds=1)
