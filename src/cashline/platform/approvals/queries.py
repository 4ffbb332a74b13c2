"""Reading approvals: what waits for a decision, and what was decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cashline.kernel.refusals import NotFound
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A request and, once decided, the decision."""

    id: UUID
    subject_type: str
    subject_id: UUID
    rule: str
    question: str
    permission: str
    entity_id: UUID | None
    status: str
    requested_by: str
    requested_at: datetime
    decided_by: str
    decided_at: datetime | None
    comment: str


_APPROVAL = (
    "id, subject_type, subject_id, rule, question, permission, entity_id, status, requested_by, requested_at, "
    "decided_by, decided_at, comment"
)


def approvals_of(subject_ids: Iterable[UUID], statuses: Sequence[str] = ()) -> list[ApprovalRow]:
    """The approvals of those documents, oldest first."""
    return sql.fetch_as(
        ApprovalRow,
        f"SELECT {_APPROVAL} FROM approvals WHERE subject_id = ANY(%s) AND (%s OR status = ANY(%s)) "
        "ORDER BY requested_at, id",
        (list(set(subject_ids)), not statuses, list(statuses)),
    )


def approvals_for_update(ids: Iterable[UUID]) -> dict[UUID, ApprovalRow]:
    """The approvals, locked in key order until the commit; raises NotFound where one is missing."""
    wanted = set(ids)
    rows = sql.fetch_as(
        ApprovalRow,
        f"SELECT {_APPROVAL} FROM approvals WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        (list(wanted),),
    )
    if missing := wanted - {row.id for row in rows}:
        raise NotFound(f"There is no approval {missing.pop()}.", field="approval_id")
    return {row.id: row for row in rows}
