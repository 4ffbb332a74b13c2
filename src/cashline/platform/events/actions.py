"""Recording events, running the hand-offs of the next stages in the same transaction, and sealing the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from cashline.platform import sql
from cashline.platform.events import queries
from cashline.platform.events.rules import Event, Handoff, chain_hash

_COLUMNS = ("id", "type", "time", "actor", "reason", "object_types", "object_ids", "object_roles", "data")
_handoffs: dict[str, tuple[Handoff, ...]] = {}


def register_handoffs(handoffs: Mapping[str, tuple[Handoff, ...]]) -> None:
    """Tell the log what follows each type of event (called once, when the program starts)."""
    _handoffs.clear()
    _handoffs.update(handoffs)


def record(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Append the events and run what follows them; the caller's transaction holds it all.

    A hand-off gets all events of its type in one batch, in the order in which the types first appear.
    """
    if not events:
        return
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("Events are recorded in the transaction of the change that they tell of.")
    sql.insert(
        "events",
        _COLUMNS,
        [
            (
                event.id,
                event.type,
                now,
                actor,
                event.reason,
                # Arrays as text, of words that are ours: made by the driver they are a fifth of the time of a batch.
                "{" + ",".join([item.type for item in event.objects]) + "}",
                sql.uuids([item.id for item in event.objects]),
                "{" + ",".join([item.role or '""' for item in event.objects]) + "}",
                sql.json(event.data),
            )
            for event in events
        ],
    )
    by_type: dict[str, list[Event]] = {}
    for event in events:
        if event.type in _handoffs:
            by_type.setdefault(event.type, []).append(event)
    for type_name, batch in by_type.items():
        for handoff in _handoffs[type_name]:
            handoff(batch, now=now, actor=actor)


@transaction.atomic
def seal_events(*, now: datetime, batch: int = 5_000) -> int:
    """Give committed events their feed numbers and chain them into one block; gives how many were sealed.

    Only events of transactions older than every running one are taken, so that none can appear behind the seal.
    """
    sql.execute("SELECT pg_advisory_xact_lock(hashtext('cashline.seal_events'))")
    last = queries.last_block()
    bound = queries.sealable_bound(after=last.up_to_transaction, batch=batch)
    if bound is None:
        return 0
    sql.execute(
        "INSERT INTO event_feed (number, event_id) "
        "SELECT %s + row_number() OVER (ORDER BY transaction, id), id FROM events "
        "WHERE transaction > %s AND transaction <= %s",
        (last.last, last.up_to_transaction, bound),
    )
    sealed = queries.feed(after=last.last, limit=10_000_000)
    sql.insert(
        "event_blocks",
        ("number", "first", "last", "up_to_transaction", "previous_hash", "hash", "sealed_at"),
        [
            (
                last.number + 1,
                last.last + 1,
                last.last + len(sealed),
                bound,
                last.hash,
                chain_hash(last.hash, [entry.event for entry in sealed]),
                now,
            )
        ],
    )
    return len(sealed)
