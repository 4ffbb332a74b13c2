"""Bills that wait: held by the anomaly gate or a person, or drafts in their grace window; and the policy behind it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cashline.flow.agree.contracts.queries import agreement
from cashline.flow.invoice.billing import actions
from cashline.flow.invoice.billing.queries.waiting import (
    WaitingRow,
    list_waiting,
    policies_of,
    waiting_bill,
    waiting_of,
)
from cashline.flow.invoice.billing.rules.waiting import (
    MOST_BILLS,
    MOST_GRACE_DAYS,
    BillingPolicy,
    WaitingCause,
    WaitingStatus,
)
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    EntityCode,
    Limit,
    PublicId,
    Sort,
    Text,
    Why,
    ask_of,
    listed,
    require_visible,
)

router = Router()


class BillingPolicyIn(Closed):
    """How a legal entity lets its runs post; what is left out is off."""

    gated: bool = False
    bills: Annotated[int, Field(ge=1, le=MOST_BILLS)] = 6
    least: Annotated[int, Field(ge=1, le=MOST_BILLS)] = 3
    deviations: Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)] = Decimal(5)
    tolerance: Annotated[Decimal, Field(ge=0, le=1000, decimal_places=4)] = Decimal(25)
    first_limit: Annotated[Decimal, Field(ge=0, lt=Decimal("1e12"), decimal_places=4)] | None = None
    grace_days: Annotated[int, Field(ge=0, le=MOST_GRACE_DAYS)] = 0
    approval: bool = False


class BillReleaseIn(Closed):
    """Why a bill is released; a draft needs no reason."""

    reason: Text = ""


def policy_shape(policy: BillingPolicy) -> dict[str, Any]:
    """How a legal entity lets its runs post."""
    shape = {name: getattr(policy, name) for name in BillingPolicyIn.model_fields}
    for name in ("deviations", "tolerance", "first_limit"):
        shape[name] = None if shape[name] is None else f"{shape[name].normalize():f}"
    return shape


def waiting_shape(row: WaitingRow) -> dict[str, Any]:
    """A bill that waits or waited: why, what it would bill, and what became of it."""
    digits = minor_units(row.currency)
    amounts = {
        name: None if (value := getattr(row, name)) is None else f"{round_to(value, digits):f}"
        for name in ("net", "tax", "gross", "credited", "usual", "lower", "upper")
    }
    return {
        "id": public("waiting_bill", row.id),
        "agreement_id": public("agreement", row.agreement_id),
        "agreement_number": row.agreement_number,
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "entity_id": public("entity", row.entity_id),
        "bill_run_id": public("bill_run", row.bill_run_id) if row.bill_run_id else None,
        "cause": row.cause,
        "status": row.status,
        "words": row.words,
        "as_of": row.as_of,
        "until": row.until,
        "currency": row.currency,
        **amounts,
        "lines": row.lines,
        "decided_by": row.decided_by,
        "decision_reason": row.decision_reason,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
        "invoice_id": public("invoice", row.invoice_id) if row.invoice_id else None,
    }


@router.get("/entities/{entity}/billing-policy")
def billing_policy_show(request: HttpRequest, entity: EntityCode) -> dict[str, Any]:
    """How a legal entity lets its runs post: the anomaly gate, the grace window, the approval of runs."""
    caller, found = caller_of(request), entity_by_code(entity)
    require_visible(caller, "billing.read", found.id, "entity", found.id)
    return policy_shape(policies_of([found.id]).get(found.id, BillingPolicy()))


@router.post("/entities/{entity}/billing-policy")
def billing_policy_set(request: HttpRequest, entity: EntityCode, body: BillingPolicyIn) -> dict[str, Any]:
    """Say how a legal entity lets its runs post from now on."""
    caller, found = caller_of(request), entity_by_code(entity)
    require_visible(caller, "billing.run", found.id, "entity", found.id)
    policy = BillingPolicy(**body.model_dump())
    actions.set_billing_policy(entity_id=found.id, policy=policy, now=caller.now, actor=caller.actor)
    return policy_shape(policies_of([found.id])[found.id])


@router.get("/waiting-bills")
def waiting_bill_list(
    request: HttpRequest,
    status: Annotated[list[WaitingStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    cause: Annotated[list[WaitingCause], Query()] = [],  # noqa: B006 - read only, and shown in the description
    bill_run_id: Annotated[str, Query(max_length=64)] = "",
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Bills that wait or waited, the newest first unless sorted by net, until or changed_at."""
    caller = caller_of(request)
    caller.require("billing.read")
    page = list_waiting(
        ask_of(sort, cursor, limit),
        statuses=status,
        causes=cause,
        entity_ids=caller.entities("billing.read"),
        run_id=key_of("bill_run", bill_run_id) if bill_run_id else None,
    )
    return listed(page, waiting_shape)


def seen(caller: Caller, waiting_id: str, permission: str = "billing.read") -> WaitingRow:
    """The bill, where the caller has the permission for its legal entity; else NotFound or Forbidden."""
    row = waiting_bill(key_of("waiting_bill", waiting_id))
    require_visible(caller, permission, row.entity_id, "waiting_bill", row.id)
    return row


@router.get("/waiting-bills/{waiting_id}")
def waiting_bill_show(request: HttpRequest, waiting_id: PublicId) -> dict[str, Any]:
    """One bill that waits, with the lines that it would have."""
    return waiting_shape(seen(caller_of(request), waiting_id))


@router.post("/waiting-bills/{waiting_id}/release")
def waiting_bill_release(request: HttpRequest, waiting_id: PublicId, body: BillReleaseIn) -> dict[str, Any]:
    """Issue it now: what was held, or a draft before its window ends. Another amount than was held is refused."""
    caller = caller_of(request)
    row = seen(caller, waiting_id, "billing.run")
    actions.release_bill(waiting_id=row.id, reason=body.reason, now=caller.now, actor=caller.actor)
    return waiting_shape(waiting_bill(row.id))


@router.post("/waiting-bills/{waiting_id}/refuse")
def waiting_bill_refuse(request: HttpRequest, waiting_id: PublicId, body: Why) -> dict[str, Any]:
    """Refuse it: that amount is not issued; when what is due has changed, it is judged anew."""
    caller = caller_of(request)
    row = seen(caller, waiting_id, "billing.run")
    actions.refuse_bill(waiting_id=row.id, reason=body.reason, now=caller.now, actor=caller.actor)
    return waiting_shape(waiting_bill(row.id))


@router.post("/agreements/{agreement_id}/hold-bills")
def agreement_hold(request: HttpRequest, agreement_id: PublicId, body: Why) -> dict[str, Any]:
    """Let no run bill an agreement until the bill that waits is released."""
    caller = caller_of(request)
    row = agreement(key_of("agreement", agreement_id))
    require_visible(caller, "billing.run", row.entity_id, "agreement", row.id)
    today: date = caller.today()
    actions.hold_bills(agreement_ids=[row.id], reason=body.reason, as_of=today, now=caller.now, actor=caller.actor)
    return waiting_shape(waiting_bill(waiting_of([row.id])[row.id].id))
