"""Reading the outbox: what waits, what is stuck, and what each attempt came to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message as lists show it."""

    id: UUID
    kind: str
    key: str
    status: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    sent_at: datetime | None
    last_detail: str


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt."""

    at: datetime
    outcome: str
    status_code: int | None
    detail: str
    milliseconds: int


def list_messages(
    *, statuses: list[str] | None = None, limit: int = 100, before: UUID | None = None
) -> list[MessageRow]:
    """Messages, newest first."""
    return sql.fetch_as(
        MessageRow,
        "SELECT m.id, m.kind, m.key, m.status, m.attempts, m.created_at, m.next_attempt_at, m.sent_at, "
        "coalesce((SELECT a.detail FROM outbox_attempts a WHERE a.message_id = m.id ORDER BY a.id DESC LIMIT 1), '') "
        "FROM outbox m WHERE (%(statuses)s::text[] IS NULL OR m.status = ANY(%(statuses)s)) "
        "AND (%(before)s::uuid IS NULL OR m.id < %(before)s) ORDER BY m.id DESC LIMIT %(limit)s",
        {"statuses": statuses, "before": before, "limit": limit},
    )


def attempts_of(message_id: UUID) -> list[AttemptRow]:
    """The attempts at a message, in order."""
    return sql.fetch_as(
        AttemptRow,
        "SELECT at, outcome, status_code, detail, milliseconds FROM outbox_attempts WHERE message_id = %s ORDER BY id",
        (message_id,),
    )


def message_counts() -> dict[str, int]:
    """How many messages stand in each status."""
    return dict(sql.fetch("SELECT status, count(*) FROM outbox GROUP BY status"))


def payload_of(message_id: UUID) -> dict[str, Any]:
    """What a message carries."""
    row = sql.fetch_one("SELECT payload FROM outbox WHERE id = %s", (message_id,))
    return dict(row[0]) if row else {}
