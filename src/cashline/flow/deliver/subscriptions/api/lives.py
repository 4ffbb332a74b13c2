"""The API of lives: subscriptions to rate plans, and every change of one through one door."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query
from pydantic import Field

from cashline.flow.agree.plans.queries import plan_of
from cashline.flow.deliver.subscriptions import actions, queries
from cashline.flow.deliver.subscriptions.api.services import router
from cashline.flow.deliver.subscriptions.queries import LifeRow
from cashline.flow.deliver.subscriptions.rules import (
    Effect,
    LifeChange,
    LifeFact,
    LifeKind,
    OnConflict,
    SubscriptionStatus,
    TermAsked,
    Unused,
    UpliftPolicy,
    in_force,
)
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    EntityCode,
    Limit,
    Name,
    PublicId,
    Reason,
    Sort,
    Text,
    UnitPrice,
    Words,
    ask_of,
    listed,
    require_visible,
)

type Many = Annotated[Decimal, Field(ge=0, le=Decimal(10_000_000), decimal_places=6)]
type Bound = Annotated[Decimal, Field(ge=-100, le=1000, decimal_places=4)]
MOST_CHANGES = 100


class UpliftIn(Closed):
    """By how much a renewal raises the price: a percentage, or what a price index rose, with cap and floor."""

    percent: Bound | None = None
    index: Annotated[str, Field(max_length=40)] = ""
    cap: Bound | None = None
    floor: Bound | None = None


class TermIn(Closed):
    """A term: `months` (0: without end) or the first day after it, which `ends_with` takes from another subscription.

    What is left out stays as in the term before.
    """

    months: Annotated[int, Field(ge=0, le=240)] | None = None
    ends_on: date | None = None
    ends_with: PublicId | None = None
    auto_renew: bool | None = None
    notice_days: Annotated[int, Field(ge=0, le=730)] | None = None
    uplift: UpliftIn | None = None


class SubscribeIn(Closed):
    """Who subscribes to which plan; `at` lies in the past or to come (left out: now)."""

    customer: PublicId
    entity: EntityCode
    plan: Name
    quantity: Many = Decimal(1)
    unit_price: UnitPrice | None = None
    at: datetime | None = None
    timezone: Text = ""
    term: TermIn | None = None


class LifeChangeIn(Closed):
    """One change; only the fields of its kind are read.

    plan_changed: plan, quantity, unit_price. quantity_changed: quantity. price_changed: unit_price (left out: that of
    the plan). add_on_changed: add_on, quantity, unit_price. billing_day_moved: billing_day. trial_extended: days.
    cancelled: unused, final_invoice. term_set: term. renewed: term, uplift or unit_price. extended: days, or the end in
    term. withdrawn: the scheduled change. It takes effect now, at the end of the running period or of the term, or at
    an instant or on a day, past or to come.
    """

    kind: LifeKind
    effect: Effect = Effect.NOW
    at: datetime | None = None
    on: date | None = None
    plan: Name | None = None
    quantity: Many | None = None
    unit_price: UnitPrice | None = None
    add_on: Text = ""
    billing_day: Annotated[int, Field(ge=0, le=28)] = 0
    days: Annotated[int, Field(ge=0, le=3660)] = 0
    unused: Unused = Unused.CREDIT
    final_invoice: bool = True
    change: PublicId | None = None
    term: TermIn | None = None
    uplift: UpliftIn | None = None
    reason: Text = ""


class ChangesIn(Closed):
    """Changes to make together, in order; what they contradict of what is scheduled refuses them or is replaced."""

    changes: Annotated[list[LifeChangeIn], Field(min_length=1, max_length=MOST_CHANGES)]
    on_conflict: OnConflict = OnConflict.REFUSE


class RampStepIn(Closed):
    """From a day on there are so many units, at this price each; what is left out stays."""

    on: date
    quantity: Many | None = None
    unit_price: UnitPrice | None = None


class RampIn(Closed):
    """Quantities and prices by day, in order."""

    steps: Annotated[list[RampStepIn], Field(min_length=1, max_length=60)]
    reason: Text = ""


class SkipIn(Closed):
    """How many of the next periods are skipped."""

    periods: Annotated[int, Field(ge=1, le=24)] = 1
    reason: Text = ""


class TransferIn(Closed):
    """Who has it from the beginning of a day (left out: from now)."""

    customer: PublicId
    on: date | None = None
    reason: Reason


class RenewalsIn(Closed):
    """Subscriptions to renew together at the ends of their terms: with one end for all, they are merged."""

    subscriptions: Annotated[list[PublicId], Field(min_length=1, max_length=500)]
    effect: Effect = Effect.TERM_END
    term: TermIn = TermIn()
    uplift: UpliftIn | None = None
    reason: Text = ""


def life_summary(row: LifeRow) -> dict[str, Any]:
    """A subscription to a plan as lists show it."""
    plain = (
        "number status plan_code plan_name currency quantity unit_price interval timezone activated_on ends_on "
        "term_ends_on renew_on next_change_at created_at"
    )
    return {"id": public("subscription", row.id)} | {name: getattr(row, name) for name in plain.split()} | {
        "customer": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "agreement": public("agreement", row.agreement_id),
    }  # fmt: skip


def life_shape(row: LifeRow) -> dict[str, Any]:
    """The same with the changes of its life and those to come."""
    facts = queries.facts_of([row.id])[row.id]
    kept = {fact.id for fact in in_force(facts)}
    return life_summary(row) | {"changes": [_change(fact, in_force=fact.id in kept) for fact in facts]}


def _change(fact: LifeFact, *, in_force: bool) -> dict[str, Any]:
    content = fact.as_json()
    for name, kind in (("plan_id", "plan"), ("withdraws", "event"), ("other", "subscription")):
        if name in content:
            content[name] = public(kind, getattr(fact, name))
    return {
        "id": public("event", fact.id),
        "kind": fact.kind,
        "at": fact.at,
        "known_at": fact.known_at,
        "in_force": in_force,
    } | content


@router.get("/plan-subscriptions")
def life_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[SubscriptionStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    customer: Annotated[str, Query(max_length=64)] = "",
    changing: bool = False,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Subscriptions to plans, newest first or by number, customer, plan, status, quantity, and days.

    `changing` are those of which something is scheduled.
    """
    caller = caller_of(request)
    caller.require("subscriptions.read")
    page = queries.list_lives(
        ask_of(sort, cursor, limit),
        words=q,
        statuses=status,
        customer_id=key_of("customer", customer) if customer else None,
        entity_ids=caller.entities("subscriptions.read"),
        changing=changing,
    )
    return listed(page, life_summary)


@router.post("/subscriptions", response={201: dict[str, Any]})
def subscription_start(request: HttpRequest, body: SubscribeIn) -> tuple[int, dict[str, Any]]:
    """Subscribe a customer to a plan; what is due in advance is billed with it."""
    caller = caller_of(request)
    key = actions.subscribe([new_of(caller, body)], now=caller.now, actor=caller.actor)[0]
    return 201, life_shape(queries.life(key))


def new_of(caller: Caller, body: SubscribeIn) -> actions.NewSubscription:
    """The subscription that a body asks for, where the caller may start it."""
    entity = entity_by_code(body.entity)
    caller.require("subscriptions.write", entity.id)
    return actions.NewSubscription(
        key_of("customer", body.customer),
        entity.id,
        plan_of(body.plan).id,
        body.quantity,
        body.at,
        body.timezone,
        body.unit_price,
        _term(body.term),
    )


@router.get("/subscriptions/{subscription_id}/life")
def subscription_life(request: HttpRequest, subscription_id: PublicId) -> dict[str, Any]:
    """A subscription to a plan with its life: what happened, what is scheduled, and what no longer counts."""
    return life_shape(living(caller_of(request), subscription_id, "subscriptions.read"))


@router.post("/subscriptions/{subscription_id}/changes")
def subscription_change(request: HttpRequest, subscription_id: PublicId, body: ChangesIn) -> dict[str, Any]:
    """Make changes of a subscription to a plan; what they make due at once is billed with them."""
    caller = caller_of(request)
    row = living(caller, subscription_id, "subscriptions.write")
    actions.change_lives(changes_of(row.id, body), now=caller.now, actor=caller.actor)
    return life_shape(queries.life(row.id))


@router.post("/subscriptions/{subscription_id}/ramp")
def subscription_ramp(request: HttpRequest, subscription_id: PublicId, body: RampIn) -> dict[str, Any]:
    """Let quantity and price follow a ramp: each step takes effect when its day begins."""
    caller = caller_of(request)
    row = living(caller, subscription_id, "subscriptions.write")
    steps = [actions.RampStep(step.on, step.quantity, step.unit_price) for step in body.steps]
    changes = actions.ramp_changes(row.id, steps, reason=body.reason)
    actions.change_lives(changes, now=caller.now, actor=caller.actor)
    return life_shape(queries.life(row.id))


@router.post("/subscriptions/{subscription_id}/skip")
def subscription_skip(request: HttpRequest, subscription_id: PublicId, body: SkipIn) -> dict[str, Any]:
    """Skip its next periods: it pauses when the running one ends, and runs on after them."""
    caller = caller_of(request)
    row = living(caller, subscription_id, "subscriptions.write")
    changes = actions.skip_changes(row.id, body.periods, now=caller.now, reason=body.reason)
    actions.change_lives(changes, now=caller.now, actor=caller.actor)
    return life_shape(queries.life(row.id))


@router.post("/subscriptions/{subscription_id}/transfer", response={201: dict[str, Any]})
def subscription_transfer(
    request: HttpRequest, subscription_id: PublicId, body: TransferIn
) -> tuple[int, dict[str, Any]]:
    """Let another customer have it: the bills split at the date. Gives the subscription that goes on."""
    caller = caller_of(request)
    row = living(caller, subscription_id, "subscriptions.write")
    customer_id = key_of("customer", body.customer)
    key = actions.transfer_life(
        row.id, customer_id=customer_id, on=body.on, reason=body.reason, now=caller.now, actor=caller.actor
    )
    return 201, life_shape(queries.life(key))


@router.post("/subscription-renewals")
def subscription_renew(request: HttpRequest, body: RenewalsIn) -> dict[str, Any]:
    """Renew subscriptions together, early or late; with one end for all they are merged. All or none."""
    caller = caller_of(request)
    rows = [living(caller, key, "subscriptions.write") for key in dict.fromkeys(body.subscriptions)]
    term = _term(body.term)
    changes = [
        LifeChange(row.id, LifeKind.RENEWED, body.effect, term=term, uplift=_uplift(body.uplift), reason=body.reason)
        for row in rows
    ]
    actions.change_lives(changes, now=caller.now, actor=caller.actor)
    found = queries.lives_by_id(row.id for row in rows)
    return {"items": [life_summary(found[row.id]) for row in rows]}


def changes_of(subscription_id: UUID, body: ChangesIn) -> list[LifeChange]:
    """The changes that a body asks for; raises NotFound and InvalidValue."""
    return [_change_of(subscription_id, one, body.on_conflict) for one in body.changes]


def _change_of(subscription_id: UUID, body: LifeChangeIn, on_conflict: OnConflict) -> LifeChange:
    if body.kind in (LifeKind.STARTED, LifeKind.CONFIRMED):
        raise InvalidValue("A start happens once, and a payment confirms what waits for it.", field="kind")
    given = body.model_dump(exclude={"kind", "plan", "change", "term", "uplift"})
    return LifeChange(
        subscription_id,
        body.kind,
        plan_id=plan_of(body.plan).id if body.plan else None,
        withdraws=key_of("event", body.change) if body.change else None,
        term=_term(body.term),
        uplift=_uplift(body.uplift),
        on_conflict=on_conflict,
        **given,
    )


def _term(body: TermIn | None) -> TermAsked:
    """The term that a body asks for; one that ends with another subscription has its end."""
    if body is None:
        return TermAsked()
    ends_on = body.ends_on
    if body.ends_with:
        other = queries.life(key_of("subscription", body.ends_with))
        ends_on = other.term_ends_on
        if ends_on is None:
            raise InvalidValue(f"{other.number} has no term that ends.", field="term.ends_with")
    return TermAsked(body.months, ends_on, body.auto_renew, body.notice_days, _uplift(body.uplift))


def _uplift(body: UpliftIn | None) -> UpliftPolicy | None:
    return None if body is None else UpliftPolicy(body.percent, body.index, body.cap, body.floor)


def living(caller: Caller, subscription_id: str, permission: str) -> LifeRow:
    """A subscription to a plan, where the caller has the permission for its legal entity; else NotFound."""
    row = queries.life(key_of("subscription", subscription_id))
    require_visible(caller, permission, row.entity_id, "subscription", row.id)
    return row
