"""Billing at once what a change of a subscription makes due: the hand-off of its event, in the same transaction."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
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
from cashline.flow.invoice.billing.actions.gating import void_unpaid
from cashline.flow.invoice.billing.actions.planned import bills_of_plans
from cashline.flow.invoice.billing.actions.planning import Occasion, Occasions
from cashline.flow.invoice.billing.actions.settling import forget_settlements
from cashline.flow.invoice.billing.actions.waiting import keep_waits, what_waits
from cashline.flow.invoice.billing.queries.coming import coming_bills_of
from cashline.flow.invoice.billing.queries.plans import ChargeRow, charges_of, last_charge
from cashline.flow.invoice.billing.queries.waiting import waiting_of, words_that_hold
from cashline.flow.invoice.billing.rules.agreements import AgreementBills, DueAgreement
from cashline.flow.invoice.billing.rules.plans.coming import ComingBill
from cashline.flow.invoice.billing.rules.plans.differences import Trigger
from cashline.flow.invoice.billing.rules.plans.thresholds import has_thresholds
from cashline.flow.invoice.billing.rules.waiting import BillWaits
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import Refusal
from cashline.platform import sql
from cashline.platform.events.rules import Event

log = logging.getLogger(__name__)

LAPSED = "SubscriptionChangeLapsed"
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
    LAPSED: Trigger.RUN,
    "SubscriptionTermSet": Trigger.NOTHING,
    "SubscriptionRenewed": Trigger.CHANGE,
    "SubscriptionExtended": Trigger.NOTHING,
}
"""What of the difference the event of a life bills; a scheduled change bills nothing before it takes effect.

A change that was not paid is taken back: its invoice is void, and what was there before is billed like by a run.
"""


def bill_lives(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on the events of lives: bill what they make due, and let the next run look at the rest.

    What the policy of the legal entity does not let pass waits, as in a run, and so does what joins a bill that waits.
    Raises what would park the agreement in a run, such as a missing tax rate: then the change is not made. A change
    that counts once it is paid is not made either where its bill would wait (BillWaits).
    """
    schedule_agreements(_agreements(event for event in events if _may_be_due(event, now)))
    schedule_later(_days_to_come(events, now))
    forget_settlements(_touched(events))
    void_unpaid([event.subject_id for event in events if event.type == LAPSED], now=now, actor=actor)
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
    _bill(due, occasions, _judgement(events), now=now, actor=actor)


class _Judgement(NamedTuple):
    """Agreements whose bills pass unjudged, and those that may not wait, since a change of them is paid first.

    Unjudged is what a change that is taken back gives back, and usage: one event is like no bill of a period.
    """

    freely: Set[UUID] = frozenset()
    now_or_never: Set[UUID] = frozenset()


def _judgement(events: Sequence[Event]) -> _Judgement:
    lapsed = [event for event in events if event.type == LAPSED]
    gated = [event for event in events if event.data.get("gated")]
    return _Judgement(_agreements(lapsed), _agreements(gated))


def _bill(
    due: Sequence[DueAgreement], occasions: Occasions, judgement: _Judgement, *, now: datetime, actor: str
) -> list[DueAgreement]:
    """Append what occasions bill, like a batch of a run; gives the agreements of which nothing waits."""
    due = _not_held(due, judgement)
    if not due:
        return due
    bills = bills_of_plans(due, local_day(now, "UTC"), None, now=now, occasions=occasions)
    bills = _without_waits(due, bills, judgement, now=now, actor=actor)
    if bills:
        append_batch(prepare_batch(due, bills, for_update=True, raising=True), None, now=now, actor=actor)
    passed = {item.due.agreement_id for item in bills}
    return [item for item in due if item.agreement_id in passed]


def _not_held(due: Sequence[DueAgreement], judgement: _Judgement) -> list[DueAgreement]:
    """The agreements of which no bill waits: what else falls due of the others joins it, and the next run judges it."""
    held = [item.agreement_id for item in due if item.held]
    if never := judgement.now_or_never & set(held):
        raise _waits(waiting_of(never)[min(never)].words)
    return [item for item in due if not item.held]


def _without_waits(
    due: Sequence[DueAgreement], bills: list[AgreementBills], judgement: _Judgement, *, now: datetime, actor: str
) -> list[AgreementBills]:
    """The bills that the policy of their legal entity lets pass; the others are kept to be decided by a person."""
    governed = [item for item in due if item.policy is not None and item.agreement_id not in judgement.freely]
    if not governed:
        return bills
    planned = prepare_batch(due, bills, for_update=True, raising=True)
    waits = what_waits(governed, planned.prepared, planned.notes, {}, at_once=True)
    for wait in waits:
        if wait.due.agreement_id in judgement.now_or_never:
            raise _waits(wait.verdict.words)
    if waits:
        keep_waits(waits, {}, max(item.today for item in governed), None, now=now, actor=actor)
    kept = {wait.due.agreement_id for wait in waits}
    return [item for item in bills if item.due.agreement_id not in kept]


def _waits(words: str) -> BillWaits:
    return BillWaits(
        f"A change that is paid first is billed now, and its bill would wait: {words}",
        field="kind",
        fix="Make it without waiting for its payment, or decide about the bill that waits.",
    )


AT_ONCE = 500
"""Of how many subscriptions at most a delivery of usage is billed at once; more are billed by the next run."""


def bill_usage(events: Sequence[Event], *, now: datetime, actor: str) -> None:  # noqa: ARG001 - a hand-off
    """Hand-off on usage: bill what plans bill at the event or at a threshold; the next run looks at all of it.

    What cannot be billed, such as for a price that divides by it, is recorded all the same: the run parks it.
    """
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
    unjudged = _Judgement(freely=frozenset(at_once.values()))
    try:
        with transaction.atomic():
            for trigger in (Trigger.THRESHOLD, Trigger.USAGE):
                due = _bill(due, dict.fromkeys(at_once, Occasion(trigger, now)), unjudged, now=now, actor=actor)
    except Refusal as refusal:
        log.warning("usage waits for the run of bills: %s", refusal.message)


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
    """What changes bill and give back at once, here and `elsewhere`, and the bills to come before and after them.

    `waits` says why what they make due waits for a person; empty where it does not.
    """

    at_once: list[ChargeRow]
    before: list[ComingBill]
    after: list[ComingBill]
    elsewhere: list[ChargeRow]
    waits: str = ""

    @property
    def invoiced(self) -> Decimal:
        """What is invoiced at once, less what is taken off on the same invoice."""
        return sum((one.amount for one in self.at_once if one.credit_note_id is None), Decimal(0))

    @property
    def credited(self) -> Decimal:
        """What credit notes of their own give back at once."""
        return -sum((one.amount for one in self.at_once if one.credit_note_id is not None), Decimal(0))


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
        waits = words_that_hold(subscription_id)
        transaction.savepoint_rollback(undo)
    return ChangeEffect(found, before, after, elsewhere, waits)


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
        waits = words_that_hold(key)
        transaction.savepoint_rollback(undo)
    return ChangeEffect(found, [], after, [], waits)


def schedule_agreements(agreement_ids: Iterable[UUID]) -> None:
    """The next run must look at these agreements; they are locked by customer, as a run does."""
    sql.execute(
        "INSERT INTO billing_schedules AS s (agreement_id, customer_id, entity_id, due_on, plans) "
        "SELECT a.id, a.customer_id, a.entity_id, %s, true FROM agreements a WHERE a.id = ANY(%s::uuid[]) "
        "ORDER BY a.customer_id, a.id ON CONFLICT (agreement_id) DO UPDATE "
        "SET due_on = EXCLUDED.due_on, settled_through = NULL, plans = true",
        (date.min, sql.uuids(agreement_ids)),
    )


def schedule_later(days: Mapping[UUID, date]) -> None:
    """A run must look at these agreements from a day to come on; nothing is due of them because of that before."""
    if days:
        sql.execute(
            "INSERT INTO billing_schedules AS s (agreement_id, customer_id, entity_id, due_on, plans) "
            "SELECT a.id, a.customer_id, a.entity_id, d.day, true FROM unnest(%s::uuid[], %s::date[]) AS d(id, day) "
            "JOIN agreements a ON a.id = d.id ORDER BY a.customer_id, a.id ON CONFLICT (agreement_id) DO UPDATE "
            "SET due_on = LEAST(s.due_on, EXCLUDED.due_on), plans = true",
            (sql.uuids(days), list(days.values())),
        )


def _may_be_due(event: Event, now: datetime) -> bool:
    """Can the fact make something due now? Not one to come, nor taking back one to come."""
    return event.type != "SubscriptionChangeWithdrawn" and datetime.fromisoformat(event.data["at"]) <= now


def _days_to_come(events: Sequence[Event], now: datetime) -> dict[UUID, date]:
    """From which day on facts to come may make something due, by agreement; a day early, since days are of zones."""
    found: dict[UUID, date] = {}
    for event in events:
        if (at := datetime.fromisoformat(event.data["at"])) > now:
            day = at.date() - timedelta(days=1)
            for key in _agreements([event]):
                found[key] = min(day, found.get(key, day))
    return found


def _agreements(events: Iterable[Event]) -> set[UUID]:
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
        gated = bool(event.data.get("gated"))
        found[event.subject_id] = Occasion(trigger, min(at, before.since) if before else at, gated)
    return found
