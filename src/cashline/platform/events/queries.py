"""Reading the event log: timelines, the feed, and the hash chain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from cashline.platform import sql
from cashline.platform.events.rules import NumberedEvent, RecordedEvent, chain_hash

_EVENT = "e.id, e.type, e.time, e.actor, e.reason, e.object_types, e.object_ids, e.object_roles, e.data"


@dataclass(frozen=True, slots=True)
class Block:
    """A sealed block; number 0 stands for the empty beginning."""

    number: int
    first: int
    last: int
    up_to_transaction: int
    previous_hash: str
    hash: str


def last_block() -> Block:
    """The newest block."""
    row = sql.fetch_one(
        "SELECT number, first, last, up_to_transaction, previous_hash, hash FROM event_blocks "
        "ORDER BY number DESC LIMIT 1"
    )
    return Block(*row) if row else Block(0, 1, 0, 0, "", "")


def sealable_bound(*, after: int, batch: int) -> int | None:
    """The transaction up to which about `batch` unsealed events can be sealed now; None where there are none."""
    row = sql.fetch_one(
        "SELECT max(transaction) FROM (SELECT transaction FROM events WHERE transaction > %s AND transaction < "
        "pg_snapshot_xmin(pg_current_snapshot())::text::bigint ORDER BY transaction, id LIMIT %s) AS ready",
        (after, batch),
    )
    return row[0] if row else None


def feed(*, after: int, limit: int, types: Sequence[str] = ()) -> list[NumberedEvent]:
    """Sealed events behind a feed number, in order."""
    chosen = "AND e.type = ANY(%s) " if types else ""
    params = [after, *([list(types)] if types else []), limit]
    rows = sql.fetch(
        f"SELECT f.number, {_EVENT} FROM event_feed f JOIN events e ON e.id = f.event_id "
        f"WHERE f.number > %s {chosen}ORDER BY f.number LIMIT %s",
        params,
    )
    return [NumberedEvent(row[0], RecordedEvent(*row[1:])) for row in rows]


def timeline(object_ids: Sequence[UUID], *, limit: int = 200) -> list[RecordedEvent]:
    """The events that touch any of the objects, oldest first."""
    return sql.fetch_as(
        RecordedEvent,
        f"SELECT {_EVENT} FROM events e WHERE e.object_ids && %s::uuid[] ORDER BY e.time, e.id LIMIT %s",
        (list(object_ids), limit),
    )


def broken_blocks() -> Iterator[int]:
    """The numbers of blocks whose hash or chain no longer holds; nothing where the log is whole."""
    previous = ""
    blocks = sql.fetch_as(
        Block, "SELECT number, first, last, up_to_transaction, previous_hash, hash FROM event_blocks ORDER BY number"
    )
    for block in blocks:
        events = [entry.event for entry in feed(after=block.first - 1, limit=block.last - block.first + 1)]
        if block.previous_hash != previous or chain_hash(previous, events) != block.hash:
            yield block.number
        previous = block.hash
