"""Writing rate plans: a new plan, or the next version of one that exists; and an entity's conventions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.plans import queries
from cashline.flow.agree.plans.rules import PlanConventions, PlanTerms, plan_errors
from cashline.flow.agree.plans.rules.errors import InvalidPlan
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan to publish under a code; where the code exists it is the plan's next version."""

    code: str
    name: str
    currency: str
    terms: PlanTerms


@transaction.atomic
def publish_plans(plans: Sequence[NewPlan], *, now: datetime, actor: str) -> list[UUID]:
    """Publish plans, or further versions of them; gives the ids of the versions in order.

    Who has subscribed keeps the version that was subscribed to. Raises all errors at once (InvalidPlan).
    """
    raise_all(error for index, plan in enumerate(plans) for error in _errors(plan, index, plans))
    known = queries.plan_ids_for_update([plan.code for plan in plans])
    heads, versions, events = [], [], []
    ids: list[UUID] = []
    for plan in plans:
        plan_id, last = known.get(plan.code, (new_id(), 0))
        if not last:
            heads.append((plan_id, plan.code, plan.name.strip(), now))
        key = new_id()
        ids.append(key)
        versions.append((key, plan_id, last + 1, plan.currency, sql.json(plan.terms.as_json()), now))
        data = {"code": plan.code, "version": last + 1, "currency": plan.currency}
        events.append(Event("PlanPublished", (ObjectRef("plan", key),), data))
    sql.insert("plans", ("id", "code", "name", "created_at"), heads)
    sql.insert("plan_versions", ("id", "plan_id", "version", "currency", "terms", "created_at"), versions)
    record(events, now=now, actor=actor)
    return ids


def _errors(plan: NewPlan, index: int, plans: Sequence[NewPlan]) -> list[Refusal]:
    found: list[Refusal] = list(plan_errors(plan.terms))
    if not plan.code.strip() or len(plan.code) > 80 or plan.code != plan.code.strip():
        found.append(InvalidPlan("A plan has a code of 1 to 80 characters.", field=f"plans.{index}.code"))
    if not plan.name.strip() or len(plan.name) > 200:
        found.append(InvalidPlan("A plan has a name of 1 to 200 characters.", field=f"plans.{index}.name"))
    if any(other.code == plan.code for other in plans[:index]):
        found.append(InvalidPlan(f"{plan.code} stands twice.", field=f"plans.{index}.code"))
    try:
        minor_units(plan.currency)
    except Refusal as refusal:
        found.append(refusal)
    return found


@transaction.atomic
def set_conventions(*, entity_id: UUID, conventions: PlanConventions, now: datetime, actor: str) -> None:
    """Say how an entity bills subscriptions to plans from now on; what is posted stays. Raises NotFound."""
    entities_by_id([entity_id])
    values = (conventions.cancel_day.value, conventions.unused_advance.value, conventions.change_billed.value)
    sql.execute(
        "INSERT INTO plan_conventions (entity_id, cancel_day, unused_advance, change_billed) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (entity_id) DO UPDATE SET cancel_day = EXCLUDED.cancel_day, "
        "unused_advance = EXCLUDED.unused_advance, change_billed = EXCLUDED.change_billed",
        (entity_id, *values),
    )
    data = dict(zip(("cancel_day", "unused_advance", "change_billed"), values, strict=True))
    record([Event("PlanConventionsSet", (ObjectRef("entity", entity_id),), data)], now=now, actor=actor)


@transaction.atomic
def set_index_values(*, code: str, name: str, values: Mapping[date, Decimal], now: datetime, actor: str) -> UUID:
    """Enter values of a price index by month (its first day); a month that has one gets the new one.

    Renewals that were recorded keep the values that they followed. Raises InvalidValue.
    """
    raise_all(_index_errors(code, name, values))
    rows = sql.fetch(
        "INSERT INTO price_indices (id, code, name, created_at) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name RETURNING id",
        (new_id(), code, name.strip(), now),
    )
    key: UUID = rows[0][0]
    months = sorted(values)
    sql.execute(
        "INSERT INTO price_index_values (id, index_id, month, value, recorded_at) "
        "SELECT w.id, %s, w.month, w.value, %s "
        "FROM unnest(%s::uuid[], %s::date[], %s::numeric[]) AS w(id, month, value) "
        "ON CONFLICT (index_id, month) DO UPDATE SET value = EXCLUDED.value, recorded_at = EXCLUDED.recorded_at",
        (key, now, [str(new_id()) for _ in months], months, [values[month] for month in months]),
    )
    data = {"code": code, "values": {month.isoformat(): str(values[month]) for month in months}}
    record([Event("PriceIndexSet", (ObjectRef("price_index", key),), data)], now=now, actor=actor)
    return key


MOST_VALUES = 600
"""How many months are entered at once: fifty years."""


def _index_errors(code: str, name: str, values: Mapping[date, Decimal]) -> Iterator[Refusal]:
    if not code.strip() or len(code) > 40 or code != code.strip():
        yield InvalidValue("An index has a code of 1 to 40 characters.", field="code")
    if not name.strip() or len(name) > 200:
        yield InvalidValue("An index has a name of 1 to 200 characters.", field="name")
    if not 1 <= len(values) <= MOST_VALUES:
        yield InvalidValue(f"Give 1 to {MOST_VALUES} values.", field="values")
    if any(month.day != 1 for month in values):
        yield InvalidValue("A month is named by its first day.", field="values")
    if any(not 0 < value < Decimal("1e9") for value in values.values()):
        yield InvalidValue("The value of an index is above zero.", field="values")
