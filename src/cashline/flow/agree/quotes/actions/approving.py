"""Approving quotes: at once within the seller's authority, by another person beyond it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.quotes import queries
from cashline.flow.agree.quotes.actions.moving import move, quote_event
from cashline.flow.agree.quotes.queries import QuoteRow
from cashline.flow.agree.quotes.rules import (
    DISCOUNT_RULE,
    ApprovalNeeded,
    DiscountVerdict,
    discount_limit,
    judge_discount,
    plain,
)
from cashline.kernel.refusals import Forbidden
from cashline.kernel.writing import write_money
from cashline.platform.approvals import actions as approvals
from cashline.platform.approvals.actions import NewApproval
from cashline.platform.approvals.queries import approvals_of
from cashline.platform.approvals.rules import ApprovalStatus
from cashline.platform.events.actions import record
from cashline.platform.permissions.rules import Authority

PERMISSION = "quotes.approve"


def verdict_on(row: QuoteRow, authority: Authority) -> DiscountVerdict:
    """May that person give the quote's discount without asking?"""
    limit = discount_limit(authority, row.entity_id)
    return judge_discount(row.list_total, row.net_total, row.discount_percent, limit)


@transaction.atomic
def request_approval(quote_ids: Sequence[UUID], *, authority: Authority, now: datetime) -> None:
    """Submit drafts: approved at once within the authority of who submits, else another person is asked."""
    rows = list(queries.quotes_for_update(quote_ids).values())
    beyond = [row for row in rows if verdict_on(row, authority).needs_approval]
    within = [row for row in rows if row not in beyond]
    approve_within_authority(within, authority=authority, now=now)
    if not beyond:
        return
    move(beyond, "request_approval")
    approvals.request([_question(row, authority) for row in beyond], now=now, actor=authority.actor)
    events = [
        quote_event("QuoteApprovalRequested", row, {"discount": str(verdict_on(row, authority).discount)})
        for row in beyond
    ]
    record(events, now=now, actor=authority.actor)


def approve_within_authority(rows: Sequence[QuoteRow], *, authority: Authority, now: datetime) -> None:
    """Approve (locked) drafts whose discount the person may give; the caller has judged them."""
    if rows:
        move(rows, "approve_within_authority")
        reason = "within the seller's authority"
        record([quote_event("QuoteApproved", row, reason=reason) for row in rows], now=now, actor=authority.actor)


@transaction.atomic
def approve_quotes(quote_ids: Sequence[UUID], *, authority: Authority, comment: str = "", now: datetime) -> None:
    """Approve what others asked for; raises SelfApproval, or Forbidden beyond one's own authority."""
    rows = list(queries.quotes_for_update(quote_ids).values())
    move(rows, "approve")
    for row in rows:
        verdict = verdict_on(row, authority)
        if verdict.needs_approval:
            raise Forbidden(
                f"You may approve up to {plain(verdict.limit)} %; this quote gives {plain(verdict.discount)} %.",
                permission=PERMISSION,
                fix="Ask somebody with more authority.",
            )
    approvals.approve(_pending(rows), authority=authority, comment=comment, now=now)
    events = [quote_event("QuoteApproved", row, reason=comment) for row in rows]
    record(events, now=now, actor=authority.actor)


@transaction.atomic
def reject_quotes(quote_ids: Sequence[UUID], *, authority: Authority, comment: str, now: datetime) -> None:
    """Send quotes back to draft, and say why."""
    rows = list(queries.quotes_for_update(quote_ids).values())
    move(rows, "reject")
    approvals.reject(_pending(rows), authority=authority, comment=comment, now=now)
    events = [quote_event("QuoteRejected", row, reason=comment) for row in rows]
    record(events, now=now, actor=authority.actor)


@transaction.atomic
def withdraw_approval(quote_ids: Sequence[UUID], *, now: datetime, actor: str) -> None:
    """Take quotes back to draft before anyone has decided."""
    rows = list(queries.quotes_for_update(quote_ids).values())
    move(rows, "withdraw")
    approvals.withdraw(_pending(rows), now=now, actor=actor)
    record([quote_event("QuoteWithdrawn", row) for row in rows], now=now, actor=actor)


def refuse_beyond_authority(row: QuoteRow, authority: Authority) -> None:
    """Raise ApprovalNeeded where the person may not give the quote's discount."""
    verdict = verdict_on(row, authority)
    if verdict.needs_approval:
        passing = verdict.passing_document_discount
        raise ApprovalNeeded(
            f"{row.number} gives {plain(verdict.discount)} % off the list; you may give {plain(verdict.limit)} %.",
            field="discount_percent",
            fix="Request approval"
            + (f", or lower the document discount to {plain(passing)} %." if passing is not None else "."),
        )


def _question(row: QuoteRow, authority: Authority) -> NewApproval:
    verdict = verdict_on(row, authority)
    reason = f": {row.discount_reason}" if row.discount_reason else ""
    listed = write_money(row.list_total, row.currency)
    question = f"{plain(verdict.discount)} % off {listed} for {row.customer_name}{reason}"
    return NewApproval("quote", row.id, DISCOUNT_RULE, question, PERMISSION, row.entity_id)


def _pending(rows: Sequence[QuoteRow]) -> list[UUID]:
    return [row.id for row in approvals_of([row.id for row in rows], (ApprovalStatus.PENDING,))]
