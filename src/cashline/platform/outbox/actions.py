"""Putting effects into the outbox, in the transaction of the change that they follow from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cashline.kernel.identifiers import new_id
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """An effect to be had once: `kind` chooses the sender, `key` is its stable idempotency key."""

    kind: str
    key: str
    payload: Mapping[str, Any]


def enqueue(messages: Sequence[OutboxMessage], *, now: datetime) -> None:
    """Add messages; a key that is already there is left as it is."""
    if not messages:
        return
    sql.execute(
        "INSERT INTO outbox (id, kind, key, payload, status, attempts, next_attempt_at, created_at) "
        "SELECT m.id, m.kind, m.key, m.payload, 'pending', 0, %s, %s "
        "FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::jsonb[]) AS m(id, kind, key, payload) "
        "ON CONFLICT (key) DO NOTHING",
        (
            now,
            now,
            [new_id() for _ in messages],
            [message.kind for message in messages],
            [message.key for message in messages],
            [sql.json(message.payload) for message in messages],
        ),
    )
