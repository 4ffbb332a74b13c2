"""Subscribing to rate plans: the framework agreement, the subscription, and the first fact of its life."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.contracts.actions import FrameworkParties, framework_agreements
from cashline.flow.agree.customers.queries import CustomerRow, customers_by_id
from cashline.flow.agree.plans.queries import PlanRow, plan_versions_by_id
from cashline.flow.deliver.subscriptions.rules.changing import end_of_term
from cashline.flow.deliver.subscriptions.rules.facts import LifeFact, LifeKind
from cashline.flow.deliver.subscriptions.rules.lifecycle import SubscriptionStatus
from cashline.flow.deliver.subscriptions.rules.renewals import NO_TERM, Term, TermAsked, term_of
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day, timezones
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

FACT_COLUMNS = ("id", "subscription_id", "kind", "at", "known_at", "content", "recorded_by")
_FIELDS = (
    "id number line_id customer_id entity_id quantity unit_price status agreement_id plan_version_id timezone "
    "activated_on next_change_at term_ends_on renew_on created_at"
)
_COLUMNS = _FIELDS.split()


class AddOnHeld(NamedTuple):
    """So many units of an add-on, at this price each (None: that of the plan)."""

    code: str
    units: Decimal
    unit_price: Decimal | None


@dataclass(frozen=True, slots=True)
class GoesOn:
    """The service that a new subscription goes on with: whose, when it began, and how its periods are counted."""

    other: UUID
    origin_at: datetime
    origin_on: date
    billing_day: int = 0


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription to start, at `at` (None: now); `timezone` decides its days ("": that of the customer).

    `unit_price` is in place of the plan's base fee, `add_ons` of the plan's own.
    """

    customer_id: UUID
    entity_id: UUID
    plan_id: UUID
    quantity: Decimal = Decimal(1)
    at: datetime | None = None
    timezone: str = ""
    unit_price: Decimal | None = None
    term: TermAsked | Term = NO_TERM
    add_ons: tuple[AddOnHeld, ...] = ()
    goes_on: "GoesOn | None" = None
    id: UUID = field(default_factory=new_id)


@transaction.atomic
def subscribe(new: Sequence[NewSubscription], *, now: datetime, actor: str) -> list[UUID]:
    """Start subscriptions to plans; gives their ids in order. What is due in advance is billed with it.

    Those of a customer with one legal entity in one currency share a framework agreement, and so their invoices.
    Raises all errors at once.
    """
    if not new:
        return []
    customers = customers_by_id([item.customer_id for item in new])
    plans = plan_versions_by_id([item.plan_id for item in new])
    raise_all(error for index, item in enumerate(new) for error in _errors(item, index, customers, plans))
    parties = {
        item.id: FrameworkParties(item.customer_id, item.entity_id, plans[item.plan_id].currency) for item in new
    }
    agreements = framework_agreements(set(parties.values()), now=now)
    numbers = _numbers(new, now)
    rows, facts, events = [], [], []
    for item, number in zip(new, numbers, strict=True):
        agreement_id = agreements[parties[item.id]]
        zone = item.timezone or customers[item.customer_id].timezone
        at = item.at or now
        made = _facts(item, at, zone, now)
        fact, term = made[0], made[0].term
        change_at = min((one.at for one in made if one.at > now), default=None)
        status = SubscriptionStatus.PENDING if fact.scheduled else SubscriptionStatus.ACTIVE
        rows.append(
            (item.id, number, item.id, item.customer_id, item.entity_id, item.quantity, item.unit_price, status.value,
             agreement_id, item.plan_id, zone, local_day(at, zone), change_at, term and term.ends_on,
             term and term.renews_from, now)
        )  # fmt: skip
        facts += [(one.id, item.id, one.kind.value, one.at, now, sql.json(one.as_json()), actor) for one in made]
        data = {"number": number, "fact": str(fact.id), "at": at.isoformat(), "plan": plans[item.plan_id].code}
        events.append(Event("SubscriptionStarted", life_objects(item.id, item.customer_id, agreement_id), data))
    sql.insert("subscriptions", _COLUMNS, rows)
    sql.insert("subscription_facts", FACT_COLUMNS, facts)
    record(events, now=now, actor=actor)
    return [item.id for item in new]


def _facts(item: NewSubscription, at: datetime, zone: str, now: datetime) -> list[LifeFact]:
    """The first facts of a life: its start with its term, and the end of the term where nothing renews it."""
    term = item.term if isinstance(item.term, Term) else None
    if isinstance(item.term, TermAsked) and item.term != NO_TERM:
        term = term_of(item.term, local_day(at, zone), None)
    before = item.goes_on
    start = LifeFact(
        new_id(),
        LifeKind.STARTED,
        at,
        now,
        scheduled=at > now,
        plan_id=item.plan_id,
        quantity=item.quantity,
        unit_price=item.unit_price,
        term=term,
        origin_at=before.origin_at if before else None,
        origin_on=before.origin_on if before else None,
        billing_day=before.billing_day if before else 0,
        other=before.other if before else None,
    )
    kind = LifeKind.ADD_ON_CHANGED
    found = [start]
    for code, units, price in item.add_ons:
        found.append(LifeFact(new_id(), kind, at, now, start.scheduled, quantity=units, unit_price=price, add_on=code))
    if term is not None and term.ends_on is not None and not term.auto_renew:
        found.append(end_of_term(term.ends_on, zone, now))
    return found


def life_objects(subscription_id: UUID, customer_id: UUID, agreement_id: UUID) -> tuple[ObjectRef, ...]:
    """The objects of an event of a life, the subscription first."""
    return (
        ObjectRef("subscription", subscription_id),
        ObjectRef("customer", customer_id),
        ObjectRef("agreement", agreement_id),
    )


def _errors(
    item: NewSubscription, index: int, customers: Mapping[UUID, CustomerRow], plans: Mapping[UUID, PlanRow]
) -> list[Refusal]:
    place = f"subscriptions.{index}"
    customer, plan = customers.get(item.customer_id), plans.get(item.plan_id)
    found: list[Refusal] = []
    if customer is None:
        found.append(NotFound(f"There is no customer {item.customer_id}.", field=f"{place}.customer"))
    if plan is None:
        found.append(NotFound(f"There is no version {item.plan_id} of a plan.", field=f"{place}.plan"))
    if item.unit_price is not None and item.unit_price < 0:
        found.append(InvalidValue("A price is not negative.", field=f"{place}.unit_price"))
    if item.quantity < 0:
        found.append(InvalidValue("A quantity is not negative.", field=f"{place}.quantity"))
    if customer and plan and customer.currency != plan.currency:
        message = f"The plan is in {plan.currency}, the customer is billed in {customer.currency}."
        found.append(InvalidValue(message, field=f"{place}.plan"))
    if item.timezone and item.timezone not in timezones():
        found.append(InvalidValue(f"{item.timezone!r} is not a time zone.", field=f"{place}.timezone"))
    if item.at is not None and item.at.tzinfo is None:
        found.append(InvalidValue("An instant has a zone.", field=f"{place}.at"))
    return found


def _numbers(new: Sequence[NewSubscription], now: datetime) -> list[str]:
    entities = entities_by_id({item.entity_id for item in new})
    series = {
        key: Series("subscription", entity.code, local_day(now, entity.timezone).year, key)
        for key, entity in entities.items()
    }
    wanted: dict[Series, int] = {}
    for item in new:
        wanted[series[item.entity_id]] = wanted.get(series[item.entity_id], 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted).items()}
    return [next(taken[series[item.entity_id]]) for item in new]
