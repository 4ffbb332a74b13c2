"""Writing subscriptions: made when ordered, active when the service is there, cancelled to a day, ended on it.

Beginning and end are delivery facts, which bills and revenue are planned from.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.deliver.fulfilment.actions import finish_steps, record_deliveries
from cashline.flow.deliver.fulfilment.rules import DeliveryKind, NewDelivery, StepKind
from cashline.flow.deliver.provisioning.actions import deactivate_services
from cashline.flow.deliver.subscriptions import queries
from cashline.flow.deliver.subscriptions.queries import LockedSubscription
from cashline.flow.deliver.subscriptions.rules import (
    SUBSCRIPTION,
    NotActiveYet,
    SubscriptionStatus,
    end_errors,
    term_end,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import Refusal, raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_FIELDS = "id number line_id order_line_id customer_id entity_id product_id quantity status created_at"
_COLUMNS = _FIELDS.split()


def create_subscriptions(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on OrderBooked and OrderReleased: one pending subscription for each subscription line."""
    order_ids = [event.subject_id for event in events if "subscription" in event.data.get("kinds", ())]
    found = queries.ordered_services(order_ids) if order_ids else []
    if not found:
        return
    entities = entities_by_id({service.entity_id for service in found})
    series = {
        key: Series("subscription", entity.code, local_day(now, entity.timezone).year, key)
        for key, entity in entities.items()
    }
    wanted: dict[Series, int] = {}
    for service in found:
        wanted[series[service.entity_id]] = wanted.get(series[service.entity_id], 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted).items()}
    rows, created = [], []
    for service in found:
        key, number = new_id(), next(taken[series[service.entity_id]])
        rows.append(
            (key, number, service.line_id, service.order_line_id, service.customer_id, service.entity_id,
             service.product_id, service.quantity, SubscriptionStatus.PENDING.value, now)
        )  # fmt: skip
        objects = _objects(key, service.order_id, service.customer_id, service.agreement_id)
        created.append(Event("SubscriptionCreated", objects, {"number": number}))
    sql.insert("subscriptions", _COLUMNS, rows)
    record(created, now=now, actor=actor)


def activate_provisioned(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on ServiceProvisioned: the subscriptions run from the day on which the service was there."""
    days = {event.subject_id: date.fromisoformat(event.data["provisioned_on"]) for event in events}
    activate_subscriptions(days, now=now, actor=actor)


@transaction.atomic
def activate_subscriptions(activated_on: Mapping[UUID, date], *, now: datetime, actor: str) -> None:
    """Let the pending subscriptions of order lines run from their days on; one that runs already stays as it is."""
    rows = [
        row
        for row in queries.subscriptions_of_lines_for_update(activated_on)
        if SUBSCRIPTION.allows("activate", row.status)
    ]
    target = SUBSCRIPTION.transitions["activate"].target.value
    changes, facts, events = [], [], []
    for row in rows:
        day = activated_on[row.order_line_id]
        ends_on = term_end(day, row.term_months)
        changes.append((row.id, target, day, ends_on))
        facts.append(_fact(row, DeliveryKind.ACTIVATED, day))
        data = {
            "number": row.number,
            "activated_on": day.isoformat(),
            "ends_on": ends_on.isoformat() if ends_on else None,
            "quantity": str(row.quantity),
        }
        events.append(Event("SubscriptionActivated", _objects_of(row), data))
    sql.update("subscriptions", {"status": "text", "activated_on": "date", "ends_on": "date"}, changes)
    finish_steps([row.order_line_id for row in rows], StepKind.ACTIVATE)
    record_deliveries(facts, now=now, actor=actor)
    record(events, now=now, actor=actor)


@transaction.atomic
def cancel_subscriptions(
    subscription_ids: Sequence[UUID], *, ends_on: date, reason: str, now: datetime, actor: str
) -> None:
    """End running subscriptions on a day, the first without service; a past day is right, and the bills follow it.

    Raises all refusals at once: a subscription that is not active, or an end before its beginning or after its term.
    """
    rows = queries.subscriptions_for_update(subscription_ids)
    refusals: list[Refusal] = []
    for row in rows.values():
        if row.activated_on is None:
            refusals.append(
                NotActiveYet(f"{row.number} is not active yet.", field="status", fix="Cancel its order instead.")
            )
            continue
        SUBSCRIPTION.target("cancel", row.status, document_id=row.number)
        refusals += end_errors(ends_on, row.activated_on, row.ends_on, row.number)
    raise_all(refusals)
    target = SUBSCRIPTION.transitions["cancel"].target.value
    columns = {"status": "text", "ends_on": "date", "cancelled_on": "date", "cancel_reason": "text"}
    sql.update(
        "subscriptions",
        columns,
        [(row.id, target, ends_on, local_day(now, row.timezone), reason) for row in rows.values()],
    )
    record_deliveries([_fact(row, DeliveryKind.ENDED, ends_on) for row in rows.values()], now=now, actor=actor)
    record(
        [
            Event(
                "SubscriptionCancelled",
                _objects_of(row),
                {"number": row.number, "ends_on": ends_on.isoformat()},
                reason,
            )
            for row in rows.values()
        ],
        now=now,
        actor=actor,
    )


def cancel_orders(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on OrderCancelled: subscriptions that never began are cancelled with their lines."""
    reasons = {event.subject_id: event.reason for event in events}
    rows = queries.pending_of_cancelled_for_update(reasons)
    target = SUBSCRIPTION.transitions["cancel"].target.value
    sql.update(
        "subscriptions",
        {"status": "text", "cancelled_on": "date", "cancel_reason": "text"},
        [(row.id, target, local_day(now, row.timezone), reasons[row.order_id]) for row in rows],
    )
    record(
        [
            Event("SubscriptionCancelled", _objects_of(row), {"number": row.number}, reasons[row.order_id])
            for row in rows
        ],
        now=now,
        actor=actor,
    )


@transaction.atomic
def end_due(*, today: date, now: datetime, actor: str, limit: int = 1000) -> int:
    """End the subscriptions whose last day is over, and have their services switched off; gives how many.

    A term that ran out leaves its ENDED fact here; a cancelled subscription has had it since its cancellation.
    """
    rows = queries.ending_for_update(until=today, limit=limit)
    target = SUBSCRIPTION.transitions["end"].target.value
    sql.update("subscriptions", {"status": "text"}, [(row.id, target) for row in rows])
    facts = [
        _fact(row, DeliveryKind.ENDED, row.ends_on)
        for row in rows
        if row.status == SubscriptionStatus.ACTIVE and row.ends_on is not None
    ]
    record_deliveries(facts, now=now, actor=actor)
    if rows:
        deactivate_services([row.order_line_id for row in rows], now=now, actor=actor)
    record([Event("SubscriptionEnded", _objects_of(row), {"number": row.number}) for row in rows], now=now, actor=actor)
    return len(rows)


def _fact(row: LockedSubscription, kind: DeliveryKind, day: date) -> NewDelivery:
    return NewDelivery(row.order_line_id, row.line_id, row.customer_id, kind.value, row.quantity, day, row.id)


def _objects_of(row: LockedSubscription) -> tuple[ObjectRef, ...]:
    return _objects(row.id, row.order_id, row.customer_id, row.agreement_id)


def _objects(subscription_id: UUID, order_id: UUID, customer_id: UUID, agreement_id: UUID) -> tuple[ObjectRef, ...]:
    return (
        ObjectRef("subscription", subscription_id),
        ObjectRef("order", order_id),
        ObjectRef("customer", customer_id),
        ObjectRef("agreement", agreement_id),
    )
