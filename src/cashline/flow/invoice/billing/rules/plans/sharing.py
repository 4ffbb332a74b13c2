"""Subscriptions that are alike are planned once: a plan is pure, so equal facts give equal plans.

What they share is the plan of one of them without usage (`shared_plan`); `own_documents` gives it to each of the others
under its own name. Usage is each one's own (`own_usage`): it is compared with what was billed of it. Where the two
differ, or something is given back, a subscription is planned on its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.plans.rules import PlanConventions, PlanTerms, UsageTiming
from cashline.flow.deliver.subscriptions.rules import LifeFact, LifeKind
from cashline.flow.deliver.usage.rules.windows import MeteredQuantity, UsageWindow
from cashline.flow.invoice.billing.rules.plans.differences import outlook, plan_subscription
from cashline.flow.invoice.billing.rules.plans.metering import MeterWindow, usage_of
from cashline.flow.invoice.billing.rules.plans.posting import (
    ChargePost,
    Documents,
    described,
    details_of,
    documents,
    line_of,
    next_due,
    place_of,
    words_of,
)
from cashline.flow.invoice.billing.rules.plans.settling import Settlement, settled
from cashline.flow.invoice.billing.rules.plans.shapes import (
    PlanSubscription,
    PostedCharge,
    SubscriptionCharge,
    source_of,
)
from cashline.flow.invoice.billing.rules.plans.thresholds import has_thresholds
from cashline.flow.invoice.invoices.rules.issuing import DraftLine
from cashline.kernel.periods import day_start, local_day


class Mould(NamedTuple):
    """A charge with its line but for the subscription's own: `source` and `words` go on with its id and its number."""

    charge: SubscriptionCharge
    revision: int
    line: DraftLine
    source: str
    words: str


class SharedPlan(NamedTuple):
    """What alike subscriptions have in common, seen by one of them; `windows` ask for the usage of each."""

    subscription: PlanSubscription
    moulds: Sequence[Mould]
    windows: Sequence[MeterWindow]
    until: datetime
    next_due: date | None
    settled: Settlement | None


class UsageKey(NamedTuple):
    """What usage was billed for."""

    plan_id: UUID
    meter: str
    dimension: str
    value: str
    start: date
    place: str


def shared_start(fact: LifeFact, terms: PlanTerms, until: datetime, zone: str) -> LifeFact | None:
    """The start of all that began on the same day; None where the instant itself decides.

    It decides of a trial, which is counted from it by the hour, and of what is yet to begin.
    """
    if fact.kind is not LifeKind.STARTED or fact.origin_at or fact.origin_on or terms.trial_days or fact.at > until:
        return None
    return replace(fact, at=day_start(local_day(fact.at, zone), zone))


def shared_plan(
    subscription: PlanSubscription,
    posted: Sequence[PostedCharge],
    until: datetime,
    first: date,
    conventions: PlanConventions,
) -> SharedPlan | None:
    """The plan of a subscription without its usage, and what usage to ask for; None where it cannot be shared.

    `posted` is what was billed of it but for usage, `first` the day before which it is settled.
    """
    if not all(_bills_usage_alone(plan.terms) for plan in subscription.plans.values()):
        return None
    look = outlook(subscription, posted, until, first)
    charges = plan_subscription(look._replace(windows=[]), {}, conventions)
    if any(charge.against is not None or charge.takes_back is not None for charge in charges):
        return None
    made = documents(subscription, charges, posted)
    moulds = [
        Mould(
            post.charge,
            post.revision,
            line,
            post.charge.subject.source_words(post.charge.place),
            words_of(subscription, post.charge),
        )
        for line, post in zip(made.lines, made.posts, strict=True)
    ]
    coming = next_due(subscription, until)
    return SharedPlan(subscription, moulds, look.windows, until, coming, settled(look, charges, made.posts))


def _bills_usage_alone(terms: PlanTerms) -> bool:
    """Is usage billed after its period, each by itself, so that nothing else of the plan asks for it?"""
    return (
        not has_thresholds(terms)
        and terms.minimum_commitment is None
        and all(
            one.timing is UsageTiming.ARREARS and not one.carried_over and one.minimum_per_period is None
            for one in terms.charges
        )
    )


def own_window(item: MeterWindow, subscription_id: UUID, start_at: datetime) -> UsageWindow:
    """The window of one subscription: usage counts from the instant of its start, not from the start of its day."""
    window = item.window
    return UsageWindow(
        subscription_id,
        window.meter,
        max(window.start, start_at),
        window.end,
        window.carried_over,
        window.prorated,
        window.whole,
        window.zone,
        window.filters,
        window.group_by,
    )


def own_usage(
    shared: SharedPlan, metered: Sequence[Sequence[MeteredQuantity]], billed: Mapping[UsageKey, Decimal]
) -> list[SubscriptionCharge] | None:
    """The usage of one subscription (by window) that nothing has billed; None where what was billed is another."""
    left = dict(billed)
    found: list[SubscriptionCharge] = []
    for item, quantities in zip(shared.windows, metered, strict=True):
        for _, charge, _ in usage_of(item, quantities, (), shared.subscription.digits):
            subject = charge.subject
            before = None
            if billed:
                key = UsageKey(
                    subject.plan_id, subject.meter, subject.dimension, subject.value, charge.start, charge.place
                )
                before = left.pop(key, None)
            if before is not None and before != charge.amount:
                return None
            if before is None and charge.amount and charge.due_at <= shared.until:
                found.append(charge)
    return None if left else found


def own_documents(
    shared: SharedPlan, subscription_id: UUID, number: str, usage: Sequence[SubscriptionCharge]
) -> Documents:
    """The lines and charges of one subscription: what it shares and its own usage, as `documents` would give them."""
    moulds = shared.moulds
    if usage:
        moulds = sorted([*moulds, *(_mould(shared.subscription, charge) for charge in usage)], key=_place)
    details, named = details_of(subscription_id), str(subscription_id)
    lines: list[DraftLine] = []
    posts: list[ChargePost] = []
    for charge, revision, line, source, words in moulds:
        source_id = source_of(named, source)
        own = list(line)
        own[_SOURCE], own[_DESCRIPTION], own[_DETAILS] = source_id, described(words, number), details
        lines.append(DraftLine._make(own))
        posts.append(ChargePost(subscription_id, charge, source_id, revision, None))
    return Documents(lines, [], posts, [])


_SOURCE, _DESCRIPTION, _DETAILS = map(DraftLine._fields.index, ("source_id", "description", "details"))


def _mould(subscription: PlanSubscription, charge: SubscriptionCharge) -> Mould:
    line = line_of(subscription, charge, subscription.id, 0)
    return Mould(charge, 0, line, charge.subject.source_words(charge.place), words_of(subscription, charge))


def _place(mould: Mould) -> tuple[date, int, str]:
    return place_of(mould.charge)
