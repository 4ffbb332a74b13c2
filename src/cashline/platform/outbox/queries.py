"""Reading the outbox: what waits, what is stuck, and what each attempt came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


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


_MESSAGE = (
    "m.id, m.kind, m.key, m.status, m.attempts, m.created_at, m.next_attempt_at, m.sent_at, "
    "coalesce((SELECT a.detail FROM outbox_attempts a WHERE a.message_id = m.id ORDER BY a.id DESC LIMIT 1), '')"
)
STATUSES = ("pending", "sending", "sent", "overtaken", "dead", "unknown")


def find_messages(
    ask: lists.Ask, *, words: str = "", statuses: Sequence[str] = (), kinds: Sequence[str] = ()
) -> Page[MessageRow]:
    """One page of messages, newest first; the words are looked for in kind and key."""
    conditions = lists.Conditions()
    conditions.among("m.status", statuses)
    conditions.among("m.kind", kinds)
    conditions.contains(("m.kind", "m.key"), words)
    return lists.page(
        MessageRow,
        columns=_MESSAGE,
        source="outbox m",
        key="m.id",
        sorts={"created": "m.id"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def message(message_id: UUID) -> MessageRow:
    """One message; raises NotFound."""
    rows = sql.fetch_as(MessageRow, f"SELECT {_MESSAGE} FROM outbox m WHERE m.id = %s", (message_id,))
    if not rows:
        raise NotFound("There is no such message.", field="id")
    return rows[0]


def list_messages(
    *, statuses: list[str] | None = None, limit: int = 100, before: UUID | None = None
) -> list[MessageRow]:
    """Messages, newest first."""
    return sql.fetch_as(
        MessageRow,
        f"SELECT {_MESSAGE} FROM outbox m WHERE (%(statuses)s::text[] IS NULL OR m.status = ANY(%(statuses)s)) "
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
