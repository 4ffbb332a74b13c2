"""Billing at once what a change of a subscription makes due: the hand-off of its event, in the same transaction."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from cashline.flow.invoice.billing import queries
from cashline.flow.invoice.billing.actions.batches import append_batch, prepare_batch
from cashline.flow.invoice.billing.actions.planned import Occasion, bills_of_plans
from cashline.flow.invoice.billing.rules.plans.differences import Trigger
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
    "UsageRecorded": Trigger.USAGE,
}
"""What of the difference the event of a life bills; a scheduled change bills nothing before it takes effect."""


def bill_lives(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on the events of lives: bill what they make due, and let the next run look at the rest.

    Raises what would park the agreement in a run, such as a missing tax rate: then the change is not made.
    """
    schedule_plans(events)
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
    bills = bills_of_plans(due, local_day(now, "UTC"), None, now=now, occasions=occasions)
    planned = prepare_batch(due, bills, for_update=True, raising=True)
    append_batch(planned, None, now=now, actor=actor)


def schedule_plans(events: Sequence[Event]) -> None:
    """The next run must look at the agreements of these events; they are locked by customer, as a run does."""
    sql.execute(
        "INSERT INTO billing_schedules AS s (agreement_id, customer_id, entity_id, due_on, plans) "
        "SELECT a.id, a.customer_id, a.entity_id, %s, true FROM agreements a WHERE a.id = ANY(%s::uuid[]) "
        "ORDER BY a.customer_id, a.id ON CONFLICT (agreement_id) DO UPDATE "
        "SET due_on = EXCLUDED.due_on, settled_through = NULL, plans = true",
        (date.min, sql.uuids(_agreements(events))),
    )


def _agreements(events: Sequence[Event]) -> set[UUID]:
    return {item.id for event in events for item in event.objects if item.type == "agreement"}


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
