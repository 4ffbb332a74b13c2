"""The API of commitments: making them, how they are drawn, and releasing a customer."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.invoice.commitments import actions, queries
from cashline.flow.invoice.commitments.queries import CommitmentRow
from cashline.flow.invoice.commitments.rules import CommitmentStatus, NewCommitment, burn_down
from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    EntityCode,
    Limit,
    PublicId,
    Sort,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Commitments"])


class CommitmentIn(Closed):
    """What a customer promises to be billed at least, from `starts_on` to before `ends_on`; no plans: by anything."""

    customer_id: PublicId
    entity: EntityCode
    currency: CurrencyCode
    name: Annotated[str, Field(min_length=1, max_length=200)]
    amount: Annotated[Decimal, Field(gt=0, lt=Decimal("1e15"), decimal_places=4)]
    starts_on: date
    ends_on: date
    plans: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=100)] = []
    tax_category: TaxCategory = TaxCategory.STANDARD


def shape(row: CommitmentRow) -> dict[str, Any]:
    """A commitment as lists show it."""
    return {
        "id": public("commitment", row.id),
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "entity": row.entity_code,
        "name": row.name,
        "currency": row.currency,
        "amount": f"{row.amount:f}",
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "plans": row.plans,
        "status": row.status,
    }


def document(row: CommitmentRow, today: date) -> dict[str, Any]:
    """A commitment with what is drawn, by month, what is left, and where the pace leads."""
    (found,) = queries.drawn_of([row])
    pace = burn_down(found, today)
    return shape(row) | {
        "drawn": f"{found.drawn:f}",
        "left": f"{found.left:f}",
        "trued_up": f"{found.billed:f}",
        "percent_drawn": f"{pace.share_drawn:f}",
        "percent_of_term": f"{pace.share_of_term:f}",
        "projected": f"{pace.projected:f}",
        "projected_true_up": f"{pace.projected_true_up:f}",
        "months": [{"month": month, "drawn": f"{net:f}"} for month, net in queries.drawn_by_month(row)],
        "invoices": [public("invoice", one.invoice_id) for one in found.trued_up],
    }


def seen(caller: Caller, commitment_id: str, permission: str = "billing.read") -> CommitmentRow:
    """The commitment, where the caller has the permission for its legal entity; else NotFound or Forbidden."""
    row = queries.commitment(key_of("commitment", commitment_id))
    require_visible(caller, permission, row.entity_id, "commitment", row.id)
    return row


@router.get("/commitments")
def commitment_list(
    request: HttpRequest,
    q: Words = "",
    customer_id: Annotated[str, Query(max_length=64)] = "",
    status: Annotated[list[CommitmentStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Commitments, the newest first unless sorted by ends_on or amount."""
    caller = caller_of(request)
    caller.require("billing.read")
    page = queries.list_commitments(
        ask_of(sort, cursor, limit),
        entity_ids=caller.entities("billing.read"),
        customer_id=key_of("customer", customer_id) if customer_id else None,
        statuses=status,
        words=q,
    )
    return listed(page, shape)


@router.post("/commitments", response={201: dict[str, Any]})
def commitment_create(request: HttpRequest, body: CommitmentIn) -> tuple[int, dict[str, Any]]:
    """Record what a customer commits to: what is billed draws it down, and its end bills the rest."""
    caller = caller_of(request)
    entity = entity_by_code(body.entity)
    caller.require("billing.run", entity.id)
    given = body.model_dump(exclude={"customer_id", "entity", "plans"})
    new = NewCommitment(entity.id, key_of("customer", body.customer_id), plans=tuple(body.plans), **given)
    (key,) = actions.make_commitments([new], now=caller.now, actor=caller.actor)
    return 201, document(queries.commitment(key), caller.today())


@router.get("/commitments/{commitment_id}")
def commitment_show(request: HttpRequest, commitment_id: PublicId) -> dict[str, Any]:
    """One commitment: what is drawn, by month, what is left, and where the pace leads."""
    caller = caller_of(request)
    return document(seen(caller, commitment_id), caller.today())


@router.post("/commitments/{commitment_id}/true-up")
def commitment_true_up(request: HttpRequest, commitment_id: PublicId) -> dict[str, Any]:
    """Bill what is left of a commitment that is over now, instead of with the day's bills; again, it does nothing."""
    caller = caller_of(request)
    row = seen(caller, commitment_id, "billing.run")
    actions.true_up_commitments([row.id], now=caller.now, actor=caller.actor)
    return document(row, caller.today())


@router.post("/commitments/{commitment_id}/cancel")
def commitment_cancel(request: HttpRequest, commitment_id: PublicId, body: Why) -> dict[str, Any]:
    """Release the customer: the end bills nothing; what was trued up stays."""
    caller = caller_of(request)
    row = seen(caller, commitment_id, "billing.run")
    actions.cancel_commitment(commitment_id=row.id, reason=body.reason, now=caller.now, actor=caller.actor)
    return document(queries.commitment(row.id), caller.today())
