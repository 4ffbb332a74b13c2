"""Reading dead letters, and the deliveries of events that left them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cashline.flow.deliver.usage.rules.dead_letters import DeadLetterStatus
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """An event that could not be recorded: what was sent, why not, and where it stands."""

    id: UUID
    source: str
    event_id: str
    payload: dict[str, Any]
    code: str
    field: str
    message: str
    status: str
    received_at: datetime
    resolved_at: datetime | None
    resolved_by: str
    reason: str


_COLUMNS = (
    "d.id, d.source, d.event_id, d.payload, d.code, d.field, d.message, d.status, d.received_at, d.resolved_at, "
    "d.resolved_by, d.reason"
)
SORTS = {"code": "d.code", "received_at": "d.received_at", "source": "d.source"}


def letters_for_update(letter_ids: Sequence[UUID]) -> list[DeadLetterRow]:
    """Dead letters, locked in key order; raises NotFound for a missing one."""
    wanted = set(letter_ids)
    rows = sql.fetch_as(
        DeadLetterRow,
        f"SELECT {_COLUMNS} FROM usage_dead_letters d WHERE d.id = ANY(%s::uuid[]) ORDER BY d.id FOR NO KEY UPDATE",
        (sql.uuids(wanted),),
    )
    if len(rows) < len(wanted):
        raise NotFound("There is no such dead letter.", field="dead_letter_id")
    return rows


def waiting_letters_for_update(letter_ids: Iterable[UUID] | None, *, limit: int) -> list[DeadLetterRow]:
    """Waiting dead letters, those given or the oldest, locked; what others hold is left."""
    conditions = lists.Conditions()
    conditions.add("d.status = %s", DeadLetterStatus.WAITING.value)
    if letter_ids is not None:
        conditions.add("d.id = ANY(%s::uuid[])", sql.uuids(letter_ids))
    return sql.fetch_as(
        DeadLetterRow,
        f"SELECT {_COLUMNS} FROM usage_dead_letters d WHERE {' AND '.join(conditions.texts)} "
        "ORDER BY d.id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
        [*conditions.params, limit],
    )


def dead_letter(letter_id: UUID) -> DeadLetterRow:
    """One dead letter; raises NotFound."""
    rows = sql.fetch_as(DeadLetterRow, f"SELECT {_COLUMNS} FROM usage_dead_letters d WHERE d.id = %s", (letter_id,))
    if not rows:
        raise NotFound("There is no such dead letter.", field="dead_letter_id")
    return rows[0]


def list_dead_letters(
    ask: lists.Ask, *, words: str = "", statuses: Sequence[str] = (), codes: Sequence[str] = ()
) -> Page[DeadLetterRow]:
    """One page of dead letters; words are looked for in source, id and message."""
    conditions = lists.Conditions()
    conditions.among("d.status", statuses)
    conditions.among("d.code", codes)
    conditions.contains(("d.source", "d.event_id", "d.message"), words)
    return lists.page(
        DeadLetterRow,
        columns=_COLUMNS,
        source="usage_dead_letters d",
        key="d.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def waiting_by_code() -> dict[str, int]:
    """How many dead letters wait, by what is wrong with them."""
    rows = sql.fetch(
        "SELECT code, count(*) FROM usage_dead_letters WHERE status = %s GROUP BY 1 ORDER BY 2 DESC, 1",
        (DeadLetterStatus.WAITING.value,),
    )
    return dict(rows)
