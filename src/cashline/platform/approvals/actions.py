"""Asking for approval and deciding: never the same person, and only with the permission that the request names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, InvalidValue
from cashline.platform import sql
from cashline.platform.approvals import queries
from cashline.platform.approvals.queries import ApprovalRow
from cashline.platform.approvals.rules import APPROVAL, ApprovalStatus, SelfApproval
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.permissions.rules import Authority

_COLUMNS = (
    "id",
    "subject_type",
    "subject_id",
    "rule",
    "question",
    "permission",
    "entity_id",
    "status",
    "requested_by",
    "requested_at",
)


@dataclass(frozen=True, slots=True)
class NewApproval:
    """A question about a document: which rule asks, in words, and the permission that may answer."""

    subject_type: str
    subject_id: UUID
    rule: str
    question: str
    permission: str
    entity_id: UUID | None = None


@transaction.atomic
def request(requests: Sequence[NewApproval], *, now: datetime, actor: str) -> list[UUID]:
    """Ask; raises Conflict where the same rule already waits for an answer about the same document."""
    waiting = queries.approvals_of([new.subject_id for new in requests], (ApprovalStatus.PENDING,))
    asked = {(row.subject_type, row.subject_id, row.rule) for row in waiting}
    for new in requests:
        if (new.subject_type, new.subject_id, new.rule) in asked:
            raise Conflict("An approval was already asked for.", field="approval")
    ids = [new_id() for _ in requests]
    sql.insert(
        "approvals",
        _COLUMNS,
        [
            (
                key,
                new.subject_type,
                new.subject_id,
                new.rule,
                new.question,
                new.permission,
                new.entity_id,
                ApprovalStatus.PENDING.value,
                actor,
                now,
            )
            for key, new in zip(ids, requests, strict=True)
        ],
    )
    record(
        [
            Event(
                "ApprovalRequested",
                (ObjectRef("approval", key), ObjectRef(new.subject_type, new.subject_id, "subject")),
                {"rule": new.rule},
                new.question,
            )
            for key, new in zip(ids, requests, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return ids


def approve(approval_ids: Sequence[UUID], *, authority: Authority, comment: str = "", now: datetime) -> None:
    """Say yes; raises SelfApproval for one's own request and Forbidden without the permission."""
    _decide(approval_ids, "approve", "ApprovalGranted", authority=authority, comment=comment, now=now)


def reject(approval_ids: Sequence[UUID], *, authority: Authority, comment: str, now: datetime) -> None:
    """Say no, and why; raises SelfApproval for one's own request and Forbidden without the permission."""
    if not comment.strip():
        raise InvalidValue("Say why, so that the offer can be mended.", field="comment")
    _decide(approval_ids, "reject", "ApprovalRejected", authority=authority, comment=comment, now=now)


@transaction.atomic
def withdraw(approval_ids: Sequence[UUID], *, now: datetime, actor: str) -> None:
    """Take the question back; whoever may change the document may do that."""
    rows = queries.approvals_for_update(approval_ids)
    for row in rows.values():
        APPROVAL.target("withdraw", row.status, document_id=str(row.id))
    _write(rows, ApprovalStatus.WITHDRAWN, "ApprovalWithdrawn", decided_by="", comment="", now=now, actor=actor)


@transaction.atomic
def _decide(
    approval_ids: Sequence[UUID], verb: str, event: str, *, authority: Authority, comment: str, now: datetime
) -> None:
    rows = queries.approvals_for_update(approval_ids)
    for row in rows.values():
        target = APPROVAL.target(verb, row.status, document_id=str(row.id))
        authority.require(row.permission, row.entity_id)
        if row.requested_by == authority.actor:
            raise SelfApproval("Nobody approves or rejects their own request: ask a colleague.", field="approval")
    if rows:
        _write(rows, target, event, decided_by=authority.actor, comment=comment, now=now, actor=authority.actor)


def _write(
    rows: dict[UUID, ApprovalRow],
    status: ApprovalStatus,
    event: str,
    *,
    decided_by: str,
    comment: str,
    now: datetime,
    actor: str,
) -> None:
    sql.execute(
        "UPDATE approvals SET status = %s, decided_by = %s, decided_at = %s, comment = %s WHERE id = ANY(%s)",
        (status.value, decided_by, now, comment, list(rows)),
    )
    record(
        [
            Event(
                event,
                (ObjectRef("approval", row.id), ObjectRef(row.subject_type, row.subject_id, "subject")),
                {"rule": row.rule},
                comment,
            )
            for row in rows.values()
        ],
        now=now,
        actor=actor,
    )
