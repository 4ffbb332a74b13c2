"""Bill runs with their manifest, previews of them, and the bills of one agreement at once."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cashline.flow.agree.contracts.queries import agreement
from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.invoice.billing import actions, queries
from cashline.flow.invoice.billing.actions import BilledDocument, BillRunResult
from cashline.flow.invoice.billing.queries import BillRunRow
from cashline.flow.invoice.billing.rules.lifecycle import BillRunStatus
from cashline.flow.invoice.billing.rules.manifest import BillException, CurrencyTotals
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import NotFound
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
    Why,
    ask_of,
    listed,
    require_visible,
)
from cashline.platform.jobs.worker import wake

router = Router()
PREVIEWED = 2000
"""How many agreements a preview looks at; the command line previews all."""


class BillRunIn(Closed):
    """Bill everything due by a day, of all that the caller may bill or of a legal entity or some customers."""

    as_of: date
    entity: EntityCode | None = None
    customer_ids: Annotated[list[PublicId], Field(min_length=1, max_length=1000)] | None = None


class BillIn(Closed):
    """Bill an agreement by a day."""

    as_of: date


def totals_shape(row: CurrencyTotals) -> dict[str, Any]:
    """What a run bills and credits in one currency."""
    return {
        "currency": row.currency,
        "invoices": row.invoices,
        "net": _text(row.net, row.currency),
        "tax": _text(row.tax, row.currency),
        "gross": _text(row.gross, row.currency),
        "credit_notes": row.credit_notes,
        "credited": _text(row.credited, row.currency),
    }


def exception_shape(item: BillException) -> dict[str, Any]:
    """An agreement that could not be billed."""
    return {
        "agreement_id": public("agreement", item.agreement_id),
        "customer_id": public("customer", item.customer_id),
        "code": item.code,
        "message": item.message,
        "fix": item.fix,
    }


def run_shape(row: BillRunRow) -> dict[str, Any]:
    """A run with its manifest."""
    return {
        "id": public("bill_run", row.id),
        "number": row.number,
        "status": row.status,
        "as_of": row.as_of,
        "entity_id": public("entity", row.entity_id) if row.entity_id else None,
        "due": row.manifest.due,
        "done": row.manifest.done,
        "invoices": row.manifest.invoices,
        "credit_notes": row.manifest.credit_notes,
        "totals": [totals_shape(item) for item in row.manifest.totals.values()],
        "exception_count": row.manifest.exceptions,
        "exceptions": [exception_shape(item) for item in row.manifest.named],
        "held": row.manifest.held,
        "drafts": row.manifest.drafts,
        "hash": row.manifest.hash,
        "proposed_hash": row.proposal.hash if row.proposal else "",
        "approved_by": row.approved_by,
        "reversal_reason": row.reversal_reason,
        "reversed_invoices": row.reversal.credit_notes if row.reversal else 0,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "started_by": row.started_by,
    }


def result_shape(result: BillRunResult) -> dict[str, Any]:
    """What was billed, or would be."""
    return {
        "as_of": result.as_of,
        "due": result.due,
        "looked_at": result.looked_at,
        "invoices": result.invoices,
        "credit_notes": result.credit_notes,
        "totals": [totals_shape(item) for item in result.totals],
        "exceptions": [exception_shape(item) for item in result.exceptions],
        "hash": result.hash,
        "documents": [_document(item) for item in result.documents],
    }


def _document(item: BilledDocument) -> dict[str, Any]:
    kind = "credit_note" if item.is_credit_note else "invoice"
    return {
        "kind": kind,
        "id": public(kind, item.document_id) if item.document_id else None,
        "customer_id": public("customer", item.customer_id),
        "agreement_id": public("agreement", item.agreement_id) if item.agreement_id else None,
        "currency": item.currency,
        "net": _text(item.net, item.currency),
        "tax": _text(item.tax, item.currency),
        "gross": _text(item.gross, item.currency),
        "lines": item.lines,
    }


def _text(amount: Decimal, currency: str) -> str:
    return f"{round_to(amount, minor_units(currency)):f}"


def _scope(caller: Caller, body: BillRunIn, permission: str) -> dict[str, Any]:
    entity_id = entity_by_code(body.entity).id if body.entity else None
    if entity_id is None and caller.entities(permission) is not None:
        caller.require(permission)
        raise NotFound("Name a legal entity that you may bill for.", field="entity")
    caller.require(permission, entity_id)
    customers = None if body.customer_ids is None else [key_of("customer", text) for text in body.customer_ids]
    if customers and (missing := set(customers) - customers_by_id(customers).keys()):
        raise NotFound(f"There is no customer {public('customer', missing.pop())}.", field="customer_ids")
    return {"as_of": body.as_of, "entity_id": entity_id, "customer_ids": customers}


def _seen(caller: Caller, run_id: str, permission: str = "billing.read") -> BillRunRow:
    """The run; one over all legal entities is for those who hold the permission for all."""
    row = queries.bill_run(key_of("bill_run", run_id))
    if row.entity_id is not None:
        require_visible(caller, permission, row.entity_id, "bill_run", row.id)
    caller.require(permission)
    if row.entity_id is None and caller.entities(permission) is not None:
        raise NotFound(f"There is no bill run {run_id}.", field="id")
    return row


@router.get("/bill-runs")
def bill_run_list(
    request: HttpRequest,
    status: Annotated[list[BillRunStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Bill runs, the newest first unless sorted by number, as_of or started_at."""
    caller = caller_of(request)
    caller.require("billing.read")
    page = queries.list_bill_runs(
        ask_of(sort, cursor, limit), statuses=status, entity_ids=caller.entities("billing.read")
    )
    return listed(page, run_shape)


@router.post("/bill-runs", response={202: dict[str, Any]})
def bill_run_create(request: HttpRequest, body: BillRunIn) -> tuple[int, dict[str, Any]]:
    """Begin a run, or go on with the unfinished one of the same day and scope; a worker carries it out."""
    caller = caller_of(request)
    scope = _scope(caller, body, "billing.run")
    key = actions.start_bill_run(**scope, now=caller.now, actor=caller.actor)
    wake()
    return 202, run_shape(queries.bill_run(key))


@router.post("/bill-run-previews")
def bill_run_preview(request: HttpRequest, body: BillRunIn) -> dict[str, Any]:
    """What a run would bill, without the append; it looks at the first 2,000 agreements that are due."""
    caller = caller_of(request)
    scope = _scope(caller, body, "billing.read")
    return result_shape(
        actions.run_bills(**scope, now=caller.now, actor=caller.actor, preview=True, most=PREVIEWED)
    )  # fmt: skip


@router.get("/bill-runs/{run_id}")
def bill_run_show(request: HttpRequest, run_id: PublicId) -> dict[str, Any]:
    """One run: how far it is, what it billed, and what could not be billed."""
    return run_shape(_seen(caller_of(request), run_id))


@router.post("/bill-runs/{run_id}/stop")
def bill_run_stop(request: HttpRequest, run_id: PublicId) -> dict[str, Any]:
    """Stop a run after the batch that it is at."""
    caller = caller_of(request)
    row = _seen(caller, run_id, "billing.run")
    actions.stop_bill_run(row.id, now=caller.now, actor=caller.actor)
    return run_shape(queries.bill_run(row.id))


@router.post("/bill-runs/{run_id}/resume", response={202: dict[str, Any]})
def bill_run_resume(request: HttpRequest, run_id: PublicId) -> tuple[int, dict[str, Any]]:
    """Go on with a stopped run."""
    caller = caller_of(request)
    row = _seen(caller, run_id, "billing.run")
    actions.resume_bill_run(row.id, now=caller.now, actor=caller.actor)
    wake()
    return 202, run_shape(queries.bill_run(row.id))


@router.post("/bill-runs/{run_id}/approve", response={202: dict[str, Any]})
def bill_run_approve(request: HttpRequest, run_id: PublicId) -> tuple[int, dict[str, Any]]:
    """Let a previewed run post; another person than the one who began it approves it."""
    caller = caller_of(request)
    row = _seen(caller, run_id, "billing.run")
    actions.approve_bill_run(row.id, now=caller.now, actor=caller.actor)
    wake()
    return 202, run_shape(queries.bill_run(row.id))


@router.post("/bill-runs/{run_id}/discard")
def bill_run_discard(request: HttpRequest, run_id: PublicId) -> dict[str, Any]:
    """Let a previewed run post nothing."""
    caller = caller_of(request)
    row = _seen(caller, run_id, "billing.run")
    actions.discard_bill_run(row.id, now=caller.now, actor=caller.actor)
    return run_shape(queries.bill_run(row.id))


@router.post("/bill-runs/{run_id}/reverse", response={202: dict[str, Any]})
def bill_run_reverse(request: HttpRequest, run_id: PublicId, body: Why) -> tuple[int, dict[str, Any]]:
    """Take a run back: a credit note in full for every invoice of it, once; its agreements are held until released."""
    caller = caller_of(request)
    row = _seen(caller, run_id, "billing.run")
    caller.require("credit_notes.write", row.entity_id)
    actions.reverse_bill_run(run_id=row.id, reason=body.reason, now=caller.now, actor=caller.actor)
    wake()
    return 202, run_shape(queries.bill_run(row.id))


@router.post("/agreements/{agreement_id}/bill")
def agreement_bill(request: HttpRequest, agreement_id: PublicId, body: BillIn) -> dict[str, Any]:
    """Bill one agreement at once, without a run."""
    caller = caller_of(request)
    row = agreement(key_of("agreement", agreement_id))
    require_visible(caller, "billing.run", row.entity_id, "agreement", row.id)
    return result_shape(
        actions.run_bills(as_of=body.as_of, agreement_ids=[row.id], now=caller.now, actor=caller.actor)
    )  # fmt: skip
