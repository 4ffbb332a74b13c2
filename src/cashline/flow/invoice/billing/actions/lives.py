"""Billing at once what a change of a subscription makes due: the hand-off of its event, in the same transaction."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.plans.queries import plan_versions_by_id
from cashline.flow.agree.plans.rules import PlanTerms, UsageTiming
from cashline.flow.deliver.subscriptions.actions import NewSubscription, change_lives, subscribe
from cashline.flow.deliver.subscriptions.queries import LifeRow, facts_of, lives_by_id
from cashline.flow.deliver.subscriptions.rules import LifeChange
from cashline.flow.deliver.usage.queries import lines_with_news
from cashline.flow.invoice.billing import queries
from cashline.flow.invoice.billing.actions.batches import append_batch, prepare_batch
from cashline.flow.invoice.billing.actions.planned import bills_of_plans
from cashline.flow.invoice.billing.actions.planning import Occasion, Occasions
from cashline.flow.invoice.billing.actions.settling import forget_settlements
from cashline.flow.invoice.billing.queries.coming import coming_bills_of
from cashline.flow.invoice.billing.queries.plans import ChargeRow, charges_of, last_charge
from cashline.flow.invoice.billing.rules.agreements import DueAgreement
from cashline.flow.invoice.billing.rules.plans.coming import ComingBill
from cashline.flow.invoice.billing.rules.plans.differences import Trigger
from cashline.flow.invoice.billing.rules.plans.thresholds import has_thresholds
from cashline.kernel.periods import local_day
from cashline.platform import sql
from cashline.platform.events.rules import Event

TRIGGERS: Mapping[str, Trigger] = {
    "SubscriptionStarted": Trigger.START,
    "SubscriptionResumed": Trigger.START,
    "SubscriptionReactivated": Trigger.START,
    "SubscriptionPlanChanged": Trigger.CHANGE,
    "SubscriptionQuantityChanged": Trigger.CHANGE,
    "SubscriptionPriceChanged": Trigger.CHANGE,
    "SubscriptionAddOnChanged": Trigger.CHANGE,
    "SubscriptionBillingDayMoved": Trigger.CHANGE,
    "SubscriptionTrialExtended": Trigger.CHANGE,
    "SubscriptionPaused": Trigger.PAUSE,
    "SubscriptionStopped": Trigger.CANCEL,
    "SubscriptionChangeWithdrawn": Trigger.NOTHING,
    "SubscriptionChangeConfirmed": Trigger.NOTHING,
    "SubscriptionChangeLapsed": Trigger.CHANGE,
    "SubscriptionTermSet": Trigger.NOTHING,
    "SubscriptionRenewed": Trigger.CHANGE,
    "SubscriptionExtended": Trigger.NOTHING,
}
"""What of the difference the event of a life bills; a scheduled change bills nothing before it takes effect."""


def bill_lives(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on the events of lives: bill what they make due, and let the next run look at the rest.

    Raises what would park the agreement in a run, such as a missing tax rate: then the change is not made.
    """
    schedule_agreements(_agreements(events))
    forget_settlements(_touched(events))
    occasions = _occasions(events, now)
    if not occasions:
        return
    due = queries.due_agreements(
        queries.Scope(date.max, agreement_ids=tuple(sorted(_agreements(events)))),
        now=now,
        after=None,
        limit=len(events) + 1,
        for_update=True,
    )
    _bill(due, occasions, now=now, actor=actor)


def _bill(due: Sequence[DueAgreement], occasions: Occasions, *, now: datetime, actor: str) -> None:
    """Append what occasions bill: credits first, so that they pay the invoices of the same event."""
    bills = bills_of_plans(due, local_day(now, "UTC"), None, now=now, occasions=occasions)
    given_back = [
        item._replace(draft=None, settled=(), posts=[post for post in item.posts if post.credited_invoice is not None])
        for item in bills
        if item.requests
    ]
    billed = [
        item._replace(requests=[], posts=[post for post in item.posts if post.credited_invoice is None])
        for item in bills
    ]
    for part in (given_back, billed):
        if part:
            append_batch(prepare_batch(due, part, for_update=True, raising=True), None, now=now, actor=actor)


AT_ONCE = 500
"""Of how many subscriptions at most a delivery of usage is billed at once; more are billed by the next run."""


def bill_usage(events: Sequence[Event], *, now: datetime, actor: str) -> None:  # noqa: ARG001 - a hand-off
    """Hand-off on usage: bill what plans bill at the event or at a threshold; the next run looks at all of it."""
    news = lines_with_news(known_from=now)
    rows = lives_by_id(news)
    if not rows:
        return
    schedule_agreements({row.agreement_id for row in rows.values()})
    forget_settlements({key: news[key] for key in rows})
    under = _plans_by_now(rows.values(), now)
    plans = plan_versions_by_id(key for keys in under.values() for key in keys)
    at_once = {
        key: rows[key].agreement_id for key, ids in under.items() if any(_bills_usage(plans[x].terms) for x in ids)
    }
    if not at_once or len(at_once) > AT_ONCE:
        return
    scope = queries.Scope(date.max, agreement_ids=tuple(sorted(set(at_once.values()))))
    due = queries.due_agreements(scope, now=now, after=None, limit=len(at_once), for_update=True)
    for trigger in (Trigger.THRESHOLD, Trigger.USAGE):
        _bill(due, dict.fromkeys(at_once, Occasion(trigger, now)), now=now, actor=actor)


def _plans_by_now(rows: Collection[LifeRow], now: datetime) -> dict[UUID, set[UUID]]:
    """The plan of each subscription, with those of changes that have taken effect and that its row does not show."""
    found = {row.id: {row.plan_id} for row in rows}
    late = [row.id for row in rows if row.next_change_at is not None and row.next_change_at <= now]
    for key, facts in (facts_of(late) if late else {}).items():
        found[key] |= {fact.plan_id for fact in facts if fact.plan_id is not None and fact.at <= now}
    return found


def _bills_usage(terms: PlanTerms) -> bool:
    """Does a plan bill usage before the period ends?"""
    return has_thresholds(terms) or any(one.timing is not UsageTiming.ARREARS for one in terms.charges)


class ChangeEffect(NamedTuple):
    """What changes bill and give back at once, here and `elsewhere`, and the bills to come before and after them."""

    at_once: list[ChargeRow]
    before: list[ComingBill]
    after: list[ComingBill]
    elsewhere: list[ChargeRow]


def effect_of(
    subscription_id: UUID, step: Callable[[], Iterable[UUID]], *, now: datetime, count: int = 2
) -> ChangeEffect:
    """The effect of a step on a subscription and on those that it gives: it is taken, read, and undone.

    Raises what taking it would.
    """
    before = coming_bills_of(subscription_id, now=now, count=count)
    with transaction.atomic():
        undo = transaction.savepoint_create()
        last = last_charge(subscription_id)
        others = step()
        found = charges_of(subscription_id, after=last)
        after = coming_bills_of(subscription_id, now=now, count=count)
        elsewhere = [charge for key in others for charge in charges_of(key)]
        transaction.savepoint_rollback(undo)
    return ChangeEffect(found, before, after, elsewhere)


def preview_changes(changes: Sequence[LifeChange], *, now: datetime, actor: str, count: int = 2) -> ChangeEffect:
    """The effect of changes of one subscription: they are made, read, and undone. Raises what making them would."""

    def step() -> Iterable[UUID]:
        change_lives(changes, now=now, actor=actor)
        return ()

    return effect_of(changes[0].subscription_id, step, now=now, count=count)


def preview_start(new: NewSubscription, *, now: datetime, actor: str, count: int = 2) -> ChangeEffect:
    """What a new subscription would bill at once and next: it is started, read, and undone."""
    with transaction.atomic():
        undo = transaction.savepoint_create()
        (key,) = subscribe([new], now=now, actor=actor)
        found = charges_of(key)
        after = coming_bills_of(key, now=now, count=count)
        transaction.savepoint_rollback(undo)
    return ChangeEffect(found, [], after, [])


def schedule_agreements(agreement_ids: Iterable[UUID]) -> None:
    """The next run must look at these agreements; they are locked by customer, as a run does."""
    sql.execute(
        "INSERT INTO billing_schedules AS s (agreement_id, customer_id, entity_id, due_on, plans) "
        "SELECT a.id, a.customer_id, a.entity_id, %s, true FROM agreements a WHERE a.id = ANY(%s::uuid[]) "
        "ORDER BY a.customer_id, a.id ON CONFLICT (agreement_id) DO UPDATE "
        "SET due_on = EXCLUDED.due_on, settled_through = NULL, plans = true",
        (date.min, sql.uuids(agreement_ids)),
    )


def _agreements(events: Sequence[Event]) -> set[UUID]:
    return {item.id for event in events for item in event.objects if item.type == "agreement"}


def _touched(events: Sequence[Event]) -> dict[UUID, datetime]:
    """From which instant on the facts of events change the life of each subscription."""
    found: dict[UUID, datetime] = {}
    for event in events:
        at = datetime.fromisoformat(event.data["at"]) if event.type in _FROM_THEIR_INSTANT else _FROM_THE_START
        found[event.subject_id] = min(at, found.get(event.subject_id, at))
    return found


_FROM_THE_START = datetime.min.replace(tzinfo=UTC)
_FROM_THEIR_INSTANT = frozenset(
    {
        "SubscriptionResumed",
        "SubscriptionReactivated",
        "SubscriptionPlanChanged",
        "SubscriptionQuantityChanged",
        "SubscriptionPriceChanged",
        "SubscriptionAddOnChanged",
        "SubscriptionBillingDayMoved",
        "SubscriptionPaused",
        "SubscriptionStopped",
        "SubscriptionRenewed",
    }
)
"""Facts that change nothing before their instant; others may move a trial, a term or what was scheduled."""


def _occasions(events: Sequence[Event], now: datetime) -> dict[UUID, Occasion]:
    found: dict[UUID, Occasion] = {}
    for event in events:
        at = datetime.fromisoformat(event.data["at"])
        trigger = TRIGGERS[event.type]
        if event.data.get("scheduled") or at > now or trigger is Trigger.NOTHING:
            continue
        if trigger is Trigger.CANCEL and not event.data["final_invoice"]:
            trigger = Trigger.CANCEL_WITHOUT_INVOICE
        before = found.get(event.subject_id)
        found[event.subject_id] = Occasion(trigger, min(at, before.since) if before else at)
    return found
