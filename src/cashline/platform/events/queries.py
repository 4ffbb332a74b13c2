"""Reading the event log: timelines, the feed, and the hash chain."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page
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


@dataclass(frozen=True, slots=True)
class Link:
    """A document that events name as their subject, with its number."""

    type: str
    id: UUID
    number: str


def linked_documents(object_ids: Iterable[UUID], types: Sequence[str]) -> list[Link]:
    """The numbered documents of those types whose own events touch any of the objects, the first made first."""
    return sql.fetch_as(
        Link,
        "SELECT type, id, number FROM (SELECT DISTINCT ON (e.object_ids[1]) e.object_types[1] AS type, "
        "e.object_ids[1] AS id, e.data->>'number' AS number FROM events e WHERE e.object_ids && %s::uuid[] "
        "AND e.object_types[1] = ANY(%s) AND e.data->>'number' IS NOT NULL ORDER BY e.object_ids[1], e.id) found "
        "ORDER BY id",
        (list(set(object_ids)), list(types)),
    )


def touched_objects(object_ids: Iterable[UUID], object_type: str) -> set[UUID]:
    """The objects of a type that the objects' own events touch besides."""
    keys = list(set(object_ids))
    rows = sql.fetch(
        "SELECT DISTINCT o.id FROM events e CROSS JOIN unnest(e.object_types, e.object_ids) o (type, id) "
        "WHERE e.object_ids && %s::uuid[] AND e.object_ids[1] = ANY(%s::uuid[]) AND o.type = %s",
        (keys, keys, object_type),
    )
    return set(sql.ids(rows))


def find_events(
    ask: lists.Ask,
    *,
    types: Sequence[str] = (),
    words: str = "",
    object_id: UUID | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
) -> Page[RecordedEvent]:
    """One page of the log, newest first; the words are looked for in type, actor and reason."""
    conditions = lists.Conditions()
    conditions.among("e.type", types)
    conditions.contains(("e.type", "e.actor", "e.reason"), words)
    conditions.given("e.object_ids @> ARRAY[%s]::uuid[]", object_id)
    conditions.given("e.time >= %s", since)
    conditions.given("e.time < %s", before)
    return lists.page(
        RecordedEvent,
        columns=_EVENT,
        source="events e",
        key="e.id",
        sorts={"recorded": "e.id"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def event_types() -> list[str]:
    """The types that the log holds, found by leaps through the index."""
    rows = sql.fetch(
        "WITH RECURSIVE kinds AS ((SELECT type FROM events ORDER BY type LIMIT 1) UNION ALL "
        "SELECT (SELECT e.type FROM events e WHERE e.type > k.type ORDER BY e.type LIMIT 1) FROM kinds k "
        "WHERE k.type IS NOT NULL) SELECT type FROM kinds WHERE type IS NOT NULL"
    )
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """An event with its place in the feed and the block that seals it, once it is sealed."""

    event: RecordedEvent
    recorded_at: datetime
    number: int | None
    block: Block | None


def sealed_event(event_id: UUID) -> SealedEvent:
    """One event; raises NotFound."""
    row = sql.fetch_one(
        f"SELECT e.recorded_at, f.number, {_EVENT} FROM events e LEFT JOIN event_feed f ON f.event_id = e.id "
        "WHERE e.id = %s",
        (event_id,),
    )
    if row is None:
        raise NotFound("There is no such event.", field="id")
    blocks = sql.fetch_as(
        Block,
        "SELECT number, first, last, up_to_transaction, previous_hash, hash FROM event_blocks "
        "WHERE %s BETWEEN first AND last LIMIT 1",
        (row[1],),
    )
    return SealedEvent(RecordedEvent(*row[2:]), row[0], row[1], blocks[0] if blocks else None)


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
