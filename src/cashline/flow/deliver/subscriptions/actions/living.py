"""Changing lives: every change is one more fact; what it makes due is billed by the hand-off of its event."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.plans.queries import PlanRow, conventions_of, index_values, plan_versions_by_id
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.deliver.subscriptions import queries
from cashline.flow.deliver.subscriptions.actions.subscribing import FACT_COLUMNS, life_objects
from cashline.flow.deliver.subscriptions.queries import LifeRow
from cashline.flow.deliver.subscriptions.rules.changing import LifeChange, Setting, facts_of_change
from cashline.flow.deliver.subscriptions.rules.facts import LifeFact, LifeKind
from cashline.flow.deliver.subscriptions.rules.life import live
from cashline.flow.deliver.subscriptions.rules.standing import shown, standing
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue, Refusal, Refusals
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event

EVENTS: Mapping[LifeKind, str] = {
    LifeKind.PLAN_CHANGED: "SubscriptionPlanChanged",
    LifeKind.QUANTITY_CHANGED: "SubscriptionQuantityChanged",
    LifeKind.PRICE_CHANGED: "SubscriptionPriceChanged",
    LifeKind.ADD_ON_CHANGED: "SubscriptionAddOnChanged",
    LifeKind.BILLING_DAY_MOVED: "SubscriptionBillingDayMoved",
    LifeKind.TRIAL_EXTENDED: "SubscriptionTrialExtended",
    LifeKind.PAUSED: "SubscriptionPaused",
    LifeKind.RESUMED: "SubscriptionResumed",
    LifeKind.CANCELLED: "SubscriptionStopped",
    LifeKind.REACTIVATED: "SubscriptionReactivated",
    LifeKind.WITHDRAWN: "SubscriptionChangeWithdrawn",
    LifeKind.TERM_SET: "SubscriptionTermSet",
    LifeKind.RENEWED: "SubscriptionRenewed",
    LifeKind.EXTENDED: "SubscriptionExtended",
    LifeKind.CONFIRMED: "SubscriptionChangeConfirmed",
}
"""The event of each kind of change."""


@transaction.atomic
def change_lives(changes: Sequence[LifeChange], *, now: datetime, actor: str) -> list[UUID]:
    """Record changes of subscriptions to plans, in order; gives the ids of their facts.

    A change may take effect at once, when the period ends, or at any instant since the start, over invoices that are
    posted: the bills follow. Raises ConflictingChange where the subscription cannot change so at that instant.
    """
    if not changes:
        return []
    rows = queries.lives_for_update([change.subscription_id for change in changes])
    facts = queries.facts_of(rows)
    plans = _plans(facts, changes, rows)
    terms = {key: plan.terms for key, plan in plans.items()}
    settings = _settings(changes, rows, facts)
    recorded: list[tuple[LifeRow, LifeFact]] = []
    for change in changes:
        row = rows[change.subscription_id]
        made = facts_of_change(change, facts[row.id], terms, settings[row.id], now)
        facts[row.id].extend(made)
        recorded.extend((row, fact) for fact in made)
    sql.insert(
        "subscription_facts",
        FACT_COLUMNS,
        [(fact.id, row.id, fact.kind.value, fact.at, now, sql.json(fact.as_json()), actor) for row, fact in recorded],
    )
    _show(list(rows.values()), facts, terms, now)
    gated = {fact.id: fact for found in facts.values() for fact in found if fact.gated}
    record([_event(row, fact, gated) for row, fact in recorded if not fact.of_term], now=now, actor=actor)
    return [fact.id for _, fact in recorded]


def refused_changes(changes: Sequence[LifeChange], *, now: datetime) -> dict[UUID, str]:
    """Of changes of different subscriptions, which `change_lives` would refuse now and why; nothing is written."""
    keys = [change.subscription_id for change in changes]
    rows, facts = queries.lives_by_id(keys), queries.facts_of(keys)
    terms = {key: plan.terms for key, plan in _plans(facts, changes, rows).items()}
    settings = _settings(changes, rows, facts)
    refused: dict[UUID, str] = {}
    for change in changes:
        key = change.subscription_id
        try:
            facts_of_change(change, facts[key], terms, settings[key], now)
        except Refusal as refusal:
            refused[key] = first_words(refusal)
    return refused


def first_words(refusal: Refusal) -> str:
    """The first sentence of a refusal."""
    return (next(iter(refusal)) if isinstance(refusal, Refusals) else refusal).message


def _settings(
    changes: Sequence[LifeChange], rows: Mapping[UUID, LifeRow], facts: Mapping[UUID, Sequence[LifeFact]]
) -> dict[UUID, Setting]:
    """What decides the facts of changes, by subscription; price indices are read where a renewal may follow one."""
    conventions = conventions_of(row.entity_id for row in rows.values())
    renewed = {change.subscription_id for change in changes if change.kind is LifeKind.RENEWED}
    policies = [change.uplift or change.term.policy for change in changes]
    policies += [fact.term.policy for key in renewed for fact in facts[key] if fact.term is not None]
    wanted = {policy.index for policy in policies if policy is not None and policy.index}
    indices = index_values(wanted) if wanted else {}
    return {
        key: Setting(row.timezone, conventions[row.entity_id], minor_units(row.currency), indices)
        for key, row in rows.items()
    }


def _plans(
    facts: Mapping[UUID, Sequence[LifeFact]], changes: Sequence[LifeChange], rows: Mapping[UUID, LifeRow]
) -> dict[UUID, PlanRow]:
    """The versions that facts and changes name; a change stays in the currency of its subscription."""
    wanted = {fact.plan_id for found in facts.values() for fact in found if fact.plan_id}
    wanted |= {change.plan_id for change in changes if change.plan_id}
    plans = plan_versions_by_id(wanted)
    for change in changes:
        plan = plans.get(change.plan_id) if change.plan_id else None
        if plan is not None and plan.currency != rows[change.subscription_id].currency:
            raise InvalidValue(f"The plan is in {plan.currency}; the currency does not change.", field="plan_id")
    return plans


def _event(row: LifeRow, fact: LifeFact, gated: Mapping[UUID, LifeFact]) -> Event:
    """The event of a fact; a change that waited for its payment and is taken back has its own, as of its instant."""
    lapsed = gated.get(fact.withdraws) if fact.withdraws is not None else None
    type_name = EVENTS[fact.kind] if lapsed is None else "SubscriptionChangeLapsed"
    data: dict[str, Any] = {
        "number": row.number,
        "fact": str(fact.id),
        "at": (lapsed or fact).at.isoformat(),
        "scheduled": fact.scheduled,
        "final_invoice": fact.final_invoice,
    }
    if fact.gated:
        data["gated"] = True
    if fact.term is not None and fact.term.ends_on is not None:
        data["term_ends_on"] = fact.term.ends_on.isoformat()
    return Event(type_name, life_objects(row.id, row.customer_id, row.agreement_id), data, fact.reason)


@transaction.atomic
def show_lives(*, now: datetime, limit: int = 1000) -> int:
    """Let the rows of subscriptions show what has taken effect by now; gives how many there were."""
    rows = queries.changing_for_update(until=now, limit=limit)
    facts = queries.facts_of(row.id for row in rows)
    terms = {key: plan.terms for key, plan in _plans(facts, (), {}).items()}
    _show(rows, facts, terms, now)
    return len(rows)


def _show(
    rows: Sequence[LifeRow],
    facts: Mapping[UUID, Sequence[LifeFact]],
    terms: Mapping[UUID, PlanTerms],
    now: datetime,
) -> None:
    """Bring the rows to what their facts say: the state is a fold, and the row only shows it."""
    changes = []
    for row in rows:
        counting = shown(facts[row.id])
        found = standing(counting, live(counting, terms, row.timezone), now)
        changes.append((
            row.id, found.status.value, found.plan_id, found.quantity, found.unit_price, found.ends_on,
            found.next_change_at, found.term_ends_on, found.renew_on,
        ))  # fmt: skip
    columns = {
        "status": "text",
        "plan_version_id": "uuid",
        "quantity": "numeric",
        "unit_price": "numeric",
        "ends_on": "date",
        "next_change_at": "timestamptz",
        "term_ends_on": "date",
        "renew_on": "date",
    }
    sql.update("subscriptions", columns, changes)
