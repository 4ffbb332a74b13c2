"""The API of credit."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cashline.flow.book.credit import actions, queries
from cashline.flow.book.credit.queries import CreditRow
from cashline.kernel.identifiers import key_of, public
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Limit,
    PublicId,
    Reason,
    Sort,
    Why,
    Words,
    ask_of,
    listed,
)

router = Router(tags=["Credit"])


class LimitIn(Closed):
    """What a customer may owe, in the customer's currency; null for no limit."""

    limit: Annotated[Decimal, Field(ge=0, lt=Decimal("1e15"), decimal_places=4)] | None
    reason: Reason


def shape(row: CreditRow) -> dict[str, Any]:
    """A customer's credit as the API shows it."""
    return {
        "customer": public("customer", row.customer_id),
        "customer_number": row.customer_number,
        "customer_name": row.customer_name,
        "currency": row.currency,
        "limit": row.limit,
        "exposure": row.exposure,
        "available": row.available,
        "held": row.held,
        "held_orders": row.held_orders,
    }


@router.get("/credit-accounts")
def credit_list(
    request: HttpRequest,
    q: Words = "",
    state: Annotated[list[Literal["over", "held", "limited"]], Query()] = [],  # noqa: B006 - read only
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Every customer's credit, sorted by number, name, exposure, limit or available if asked."""
    caller_of(request).require("credit.read")
    return listed(queries.list_credit(ask_of(sort, cursor, limit), words=q, states=state), shape)


@router.get("/credit-accounts/{customer_id}")
def credit_show(request: HttpRequest, customer_id: PublicId) -> dict[str, Any]:
    """A customer's limit and exposure: orders not yet invoiced (net) and open invoices (gross)."""
    caller_of(request).require("credit.read")
    return shape(queries.credit_of(key_of("customer", customer_id)))


@router.post("/credit-accounts/{customer_id}/limit")
def credit_limit(request: HttpRequest, customer_id: PublicId, body: LimitIn) -> dict[str, Any]:
    """Set or take away the limit. Held orders that fit go on by themselves."""
    caller, key = _writer(request, customer_id)
    actions.set_limit(customer_id=key, limit=body.limit, reason=body.reason, now=caller.now, actor=caller.actor)
    return shape(queries.credit_of(key))


@router.post("/credit-accounts/{customer_id}/hold")
def credit_hold(request: HttpRequest, customer_id: PublicId, body: Why) -> dict[str, Any]:
    """Hold every further order of the customer."""
    caller, key = _writer(request, customer_id)
    actions.hold_account(customer_id=key, reason=body.reason, now=caller.now, actor=caller.actor)
    return shape(queries.credit_of(key))


@router.post("/credit-accounts/{customer_id}/lift-hold")
def credit_lift_hold(request: HttpRequest, customer_id: PublicId, body: Why) -> dict[str, Any]:
    """Let the customer's orders through again."""
    caller, key = _writer(request, customer_id)
    actions.lift_hold(customer_id=key, reason=body.reason, now=caller.now, actor=caller.actor)
    return shape(queries.credit_of(key))


def _writer(request: HttpRequest, customer_id: str) -> tuple[Caller, UUID]:
    caller = caller_of(request)
    caller.require("credit.write")
    return caller, key_of("customer", customer_id)
