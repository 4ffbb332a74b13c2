"""The API of the services of orders: what runs, since when and until when."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from cashline.flow.deliver.subscriptions import actions, queries
from cashline.flow.deliver.subscriptions.queries import SubscriptionRow
from cashline.flow.deliver.subscriptions.rules import SubscriptionStatus
from cashline.kernel.identifiers import key_of, public
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Limit,
    PublicId,
    Reason,
    Sort,
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
