"""The API of subscriptions: services of orders, and the lives of subscriptions to rate plans."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cashline.flow.agree.plans.queries import plan_of
from cashline.flow.deliver.subscriptions import actions, queries
from cashline.flow.deliver.subscriptions.queries import LifeRow, SubscriptionRow
from cashline.flow.deliver.subscriptions.rules import (
    Effect,
    LifeChange,
    LifeFact,
    LifeKind,
    SubscriptionStatus,
    Unused,
    in_force,
)
from cashline.kernel.identifiers import key_of, public
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

router = Router(tags=["Subscriptions"])


class CancelIn(Closed):
    """The first day without service, and why."""

    ends_on: date
    reason: Reason


def shape(row: SubscriptionRow) -> dict[str, Any]:
    """A subscription as the API shows it."""
    plain = (
        "number status sku product_name quantity unit_price currency interval_months term_months activated_on ends_on "
        "cancelled_on cancel_reason"
    )
    return {"id": public("subscription", row.id)} | {name: getattr(row, name) for name in plain.split()} | {
        "customer": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "order": public("order", row.order_id),
        "order_number": row.order_number,
        "agreement": public("agreement", row.agreement_id),
        "created_at": row.created_at,
    }  # fmt: skip


@router.get("/subscriptions")
def subscription_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[SubscriptionStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    customer: Annotated[str, Query(max_length=64)] = "",
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Subscriptions, newest first or by number, customer, product, quantity, status, activated_on, ends_on."""
    caller = caller_of(request)
    caller.require("subscriptions.read")
    page = queries.list_subscriptions(
        ask_of(sort, cursor, limit),
        words=q,
        statuses=status,
        customer_id=key_of("customer", customer) if customer else None,
        entity_ids=caller.entities("subscriptions.read"),
    )
    return listed(page, shape)


@router.get("/subscriptions/{subscription_id}")
def subscription_show(request: HttpRequest, subscription_id: PublicId) -> dict[str, Any]:
    """One subscription with its present terms."""
    return shape(_seen(caller_of(request), subscription_id, "subscriptions.read"))


@router.post("/subscriptions/{subscription_id}/cancel")
def subscription_cancel(request: HttpRequest, subscription_id: PublicId, body: CancelIn) -> dict[str, Any]:
    """End the service on a day, the first without it; a past day is right, and the bills follow."""
    caller = caller_of(request)
    row = _seen(caller, subscription_id, "subscriptions.write")
    actions.cancel_subscriptions([row.id], ends_on=body.ends_on, reason=body.reason, now=caller.now, actor=caller.actor)
    return shape(queries.subscription(row.id))


def _seen(caller: Caller, subscription_id: str, permission: str) -> SubscriptionRow:
    row = queries.subscription(key_of("subscription", subscription_id))
    require_visible(caller, permission, row.entity_id, "subscription", row.id)
    return row


type Many = Annotated[Decimal, Field(ge=0, le=Decimal(10_000_000), decimal_places=6)]


class SubscribeIn(Closed):
    """Who subscribes to which plan; `at` lies in the past or to come (left out: now)."""

    customer: PublicId
    entity: EntityCode
    plan: Name
    quantity: Many = Decimal(1)
    at: datetime | None = None
    timezone: Text = ""


class LifeChangeIn(Closed):
    """When a change takes effect: now, at the end of the running period, or at an instant (past or to come)."""

    effect: Effect = Effect.NOW
    at: datetime | None = None
    reason: Text = ""


class PlanChangeIn(LifeChangeIn):
    """The plan to change to, in its latest version; quantity and price where they change with it."""

    plan: Name
    quantity: Many | None = None
    unit_price: UnitPrice | None = None


class QuantityIn(LifeChangeIn):
    """How many units of the base fee there are from then on."""

    quantity: Many


class BaseFeeIn(LifeChangeIn):
    """The base fee of one unit from then on; left out: that of the plan."""

    unit_price: UnitPrice | None = None


class AddOnChangeIn(LifeChangeIn):
    """How many units of an add-on there are from then on; 0 takes it away."""

    add_on: Name
    quantity: Many
    unit_price: UnitPrice | None = None


class BillingDayIn(LifeChangeIn):
    """The day of month on which the periods begin from then on."""

    billing_day: Annotated[int, Field(ge=1, le=28)]


class TrialIn(LifeChangeIn):
    """By how many days the trial is extended."""

    days: Annotated[int, Field(ge=1, le=3660)]


class StopIn(LifeChangeIn):
    """What becomes of days billed in advance and not used, and whether what is owed is billed."""

    unused: Unused = Unused.CREDIT
    final_invoice: bool = True


class ChangeWithdrawnIn(Closed):
    """The scheduled change to take back."""

    change: PublicId
    reason: Text = ""


def life_shape(row: LifeRow) -> dict[str, Any]:
    """A subscription to a plan as the API shows it, with the changes of its life and those to come."""
    facts = queries.facts_of([row.id])[row.id]
    kept = {fact.id for fact in in_force(facts)}
    plain = "number status plan_code plan_name currency quantity timezone activated_on ends_on created_at"
    return {"id": public("subscription", row.id)} | {name: getattr(row, name) for name in plain.split()} | {
        "customer": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "agreement": public("agreement", row.agreement_id),
        "changes": [_change(fact, in_force=fact.id in kept) for fact in facts],
    }  # fmt: skip


def _change(fact: LifeFact, *, in_force: bool) -> dict[str, Any]:
    content = fact.as_json()
    for name, kind in (("plan_id", "plan"), ("withdraws", "event")):
        if name in content:
            content[name] = public(kind, getattr(fact, name))
    return {
        "id": public("event", fact.id),
        "kind": fact.kind,
        "at": fact.at,
        "known_at": fact.known_at,
        "in_force": in_force,
    } | content


@router.post("/subscriptions", response={201: dict[str, Any]})
def subscription_start(request: HttpRequest, body: SubscribeIn) -> tuple[int, dict[str, Any]]:
    """Subscribe a customer to a plan; what is due in advance is billed with it."""
    caller = caller_of(request)
    entity = entity_by_code(body.entity)
    caller.require("subscriptions.write", entity.id)
    new = actions.NewSubscription(
        key_of("customer", body.customer), entity.id, plan_of(body.plan).id, body.quantity, body.at, body.timezone
    )
    key = actions.subscribe([new], now=caller.now, actor=caller.actor)[0]
    return 201, life_shape(queries.life(key))


@router.get("/subscriptions/{subscription_id}/life")
def subscription_life(request: HttpRequest, subscription_id: PublicId) -> dict[str, Any]:
    """A subscription to a plan with its life: what happened, what is scheduled, and what no longer counts."""
    return life_shape(_living(caller_of(request), subscription_id, "subscriptions.read"))


@router.post("/subscriptions/{subscription_id}/change-plan")
def subscription_change_plan(request: HttpRequest, subscription_id: PublicId, body: PlanChangeIn) -> dict[str, Any]:
    """Change the plan."""
    plan_id = plan_of(body.plan).id
    return _changed(request, subscription_id, LifeKind.PLAN_CHANGED, body, plan_id=plan_id)


@router.post("/subscriptions/{subscription_id}/quantity")
def subscription_quantity(request: HttpRequest, subscription_id: PublicId, body: QuantityIn) -> dict[str, Any]:
    """Change the quantity."""
    return _changed(request, subscription_id, LifeKind.QUANTITY_CHANGED, body)


@router.post("/subscriptions/{subscription_id}/price")
def subscription_price(request: HttpRequest, subscription_id: PublicId, body: BaseFeeIn) -> dict[str, Any]:
    """Change the price of the base fee for this subscription alone."""
    return _changed(request, subscription_id, LifeKind.PRICE_CHANGED, body)


@router.post("/subscriptions/{subscription_id}/add-ons")
def subscription_add_on(request: HttpRequest, subscription_id: PublicId, body: AddOnChangeIn) -> dict[str, Any]:
    """Add an add-on, or take units of it away."""
    return _changed(request, subscription_id, LifeKind.ADD_ON_CHANGED, body)


@router.post("/subscriptions/{subscription_id}/billing-day")
def subscription_billing_day(request: HttpRequest, subscription_id: PublicId, body: BillingDayIn) -> dict[str, Any]:
    """Move the day on which its periods begin."""
    return _changed(request, subscription_id, LifeKind.BILLING_DAY_MOVED, body)


@router.post("/subscriptions/{subscription_id}/trial")
def subscription_trial(request: HttpRequest, subscription_id: PublicId, body: TrialIn) -> dict[str, Any]:
    """Extend its trial."""
    return _changed(request, subscription_id, LifeKind.TRIAL_EXTENDED, body)


@router.post("/subscriptions/{subscription_id}/pause")
def subscription_pause(request: HttpRequest, subscription_id: PublicId, body: LifeChangeIn) -> dict[str, Any]:
    """Pause it: days billed in advance after that are given back."""
    return _changed(request, subscription_id, LifeKind.PAUSED, body)


@router.post("/subscriptions/{subscription_id}/resume")
def subscription_resume(request: HttpRequest, subscription_id: PublicId, body: LifeChangeIn) -> dict[str, Any]:
    """Let a paused one run on."""
    return _changed(request, subscription_id, LifeKind.RESUMED, body)


@router.post("/subscriptions/{subscription_id}/stop")
def subscription_stop(request: HttpRequest, subscription_id: PublicId, body: StopIn) -> dict[str, Any]:
    """Cancel a subscription to a plan."""
    return _changed(request, subscription_id, LifeKind.CANCELLED, body)


@router.post("/subscriptions/{subscription_id}/reactivate")
def subscription_reactivate(request: HttpRequest, subscription_id: PublicId, body: LifeChangeIn) -> dict[str, Any]:
    """Let one that has ended run again, under the plan that it had."""
    return _changed(request, subscription_id, LifeKind.REACTIVATED, body)


@router.post("/subscriptions/{subscription_id}/withdraw")
def subscription_withdraw(request: HttpRequest, subscription_id: PublicId, body: ChangeWithdrawnIn) -> dict[str, Any]:
    """Take back a change that has not taken effect."""
    caller = caller_of(request)
    row = _living(caller, subscription_id, "subscriptions.write")
    change = LifeChange(row.id, LifeKind.WITHDRAWN, withdraws=key_of("event", body.change), reason=body.reason)
    actions.change_lives([change], now=caller.now, actor=caller.actor)
    return life_shape(queries.life(row.id))


def change_of(row: LifeRow, kind: LifeKind, body: LifeChangeIn, **values: Any) -> LifeChange:
    """The change that a body asks for."""
    given = body.model_dump(exclude={"plan"}) | values
    return LifeChange(row.id, kind, **given)


def _changed(
    request: HttpRequest, subscription_id: str, kind: LifeKind, body: LifeChangeIn, **values: Any
) -> dict[str, Any]:
    caller = caller_of(request)
    row = _living(caller, subscription_id, "subscriptions.write")
    actions.change_lives([change_of(row, kind, body, **values)], now=caller.now, actor=caller.actor)
    return life_shape(queries.life(row.id))


def _living(caller: Caller, subscription_id: str, permission: str) -> LifeRow:
    row = queries.life(key_of("subscription", subscription_id))
    require_visible(caller, permission, row.entity_id, "subscription", row.id)
    return row
