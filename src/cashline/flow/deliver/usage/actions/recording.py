"""Recording events of usage, thousands at once: each counts once for ever, and what cannot be recorded is kept.

A receipt for each (source, id) is inserted first, and only the events whose receipt was new follow it into the table of
facts, in one statement. So two deliveries of the same event, in one call, in two, or at the same moment, count once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from cashline.flow.deliver.usage import queries
from cashline.flow.deliver.usage.rules.dead_letters import MAX_TEXT, DeadLetterStatus, kept_payload, kept_text
from cashline.flow.deliver.usage.rules.events import NewUsage
from cashline.flow.deliver.usage.rules.recording import (
    Assessed,
    RefusedUsage,
    Unreadable,
    UsageRow,
    Wrong,
    as_json,
    assess,
)
from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

COPY_FROM = 500
"""Events from which a temporary table and COPY beat arrays."""
AT_ONCE = 50_000
"""Events in one statement, so that memory stays flat."""
_TYPES = {
    "id": "uuid",
    "at": "timestamptz",
    "source": "text",
    "event_id": "text",
    "line_id": "uuid",
    "customer_id": "uuid",
    "meter_id": "uuid",
    "quantity": "numeric",
    "item": "text",
    "properties": "jsonb",
    "known_at": "timestamptz",
}
_COLUMNS = ", ".join(_TYPES)


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of events: recorded, known already, or refused (and kept as dead letters)."""

    accepted: int
    duplicates: int
    refused: tuple[RefusedUsage, ...]
    batch_id: UUID | None = None


@transaction.atomic
def record_usage(
    events: Sequence[NewUsage | Unreadable],
    *,
    now: datetime,
    actor: str,
    door: str = "program",
    entity_ids: Sequence[UUID] | None = None,
) -> IngestResult:
    """Record events for subscriptions of some legal entities (None: of all); what is wrong becomes a dead letter.

    An event whose (source, id) is known is a duplicate and changes nothing; where it says something else it is refused
    with `usage_event_differs`, since usage once recorded is only corrected.
    """
    if not events:
        return IngestResult(0, 0, ())
    assessed, accepted = append_usage(events, now=now, entity_ids=entity_ids)
    refused = tuple(assessed.refused)
    duplicates = len(events) - accepted - len(refused)
    batch = _keep_batch(assessed.rows, accepted, duplicates, refused, door, now, actor)
    return IngestResult(accepted, duplicates, refused, batch)


def append_usage(
    events: Sequence[NewUsage | Unreadable], *, now: datetime, entity_ids: Sequence[UUID] | None = None
) -> tuple[Assessed, int]:
    """Assess events and record what is sound and new; gives the assessment and how many were recorded."""
    named = [event for event in events if isinstance(event, NewUsage)]
    subscriptions = queries.subscriptions_named({event.subscription for event in named}, entity_ids=entity_ids)
    meters = queries.known_meters({event.meter for event in named})
    assessed = assess(events, subscriptions, meters, now=now)
    open_months({row.at.astimezone(UTC).date() for row in assessed.rows})
    accepted = 0
    for start in range(0, len(assessed.rows), AT_ONCE):
        rows = assessed.rows[start : start + AT_ONCE]
        fresh, differing = _append(rows, now)
        accepted += fresh
        assessed.refused += [_differs(row, events[row.index]) for row in rows if row.id in differing]
    assessed.refused.sort(key=lambda one: one.index)
    return assessed, accepted


def open_months(days: set[date]) -> None:
    """Make room for the months of these days where there is none yet."""
    months = sorted({day.replace(day=1) for day in days})
    for month in queries.months_not_open(months):
        sql.fetch("SELECT open_usage_month(%s)", (month,))


def _append(rows: Sequence[UsageRow], now: datetime) -> tuple[int, set[UUID]]:
    """Insert what is new; gives how many were, and which of the others say something else than what is known."""
    source, params = _incoming(rows, now)
    fresh = sql.execute(
        f"WITH incoming AS MATERIALIZED (SELECT {_COLUMNS} FROM {source}), kept AS ("
        "INSERT INTO usage_receipts (source, event_id, id, at) SELECT source, event_id, id, at FROM incoming "
        "ORDER BY source, event_id ON CONFLICT DO NOTHING RETURNING id) "
        f"INSERT INTO usage_events ({_COLUMNS}) SELECT {_COLUMNS} FROM incoming JOIN kept USING (id)",
        params,
    )
    if fresh == len(rows):
        return fresh, set()
    differing = sql.fetch(
        f"SELECT i.id FROM {source.replace(' AS given', ' AS i')} JOIN usage_receipts r "
        "ON r.source = i.source AND r.event_id = i.event_id AND r.id <> i.id "
        "JOIN usage_events e ON e.id = r.id AND e.at = r.at "
        "WHERE (e.at, e.line_id, e.meter_id, e.quantity, e.item, e.properties) "
        "IS DISTINCT FROM (i.at, i.line_id, i.meter_id, i.quantity, i.item, i.properties)",
        params,
    )
    return fresh, {row[0] for row in differing}


def _incoming(rows: Sequence[UsageRow], now: datetime) -> tuple[str, list[Any]]:
    """Where the statement finds the events: in arrays, or copied to a temporary table."""
    encode = msgspec.json.encode
    if len(rows) < COPY_FROM:
        columns: list[list[Any]] = [
            [getattr(row, name) for row in rows] for name in _TYPES if name not in ("properties", "known_at")
        ]
        columns += [[encode(row.properties).decode() for row in rows], [now] * len(rows)]
        arrays = ", ".join(f"%s::{'text' if kind == 'jsonb' else kind}[]" for kind in _TYPES.values())
        names = _COLUMNS.replace("properties", "given_properties")
        text = (
            f"(SELECT {_COLUMNS.replace('properties', 'given_properties::jsonb AS properties')} "
            f"FROM unnest({arrays}) AS u({names})) AS given"
        )
        return text, list(columns)
    sql.execute("CREATE TEMPORARY TABLE IF NOT EXISTS usage_incoming (LIKE usage_events) ON COMMIT DELETE ROWS")
    sql.execute("TRUNCATE usage_incoming")
    empty = sql.json({})
    sql.insert(
        "usage_incoming",
        list(_TYPES),
        [
            (
                row.id, row.at, row.source, row.event_id, row.line_id, row.customer_id, row.meter_id, row.quantity,
                row.item, sql.json(row.properties) if row.properties else empty, now,
            )
            for row in rows
        ],
    )  # fmt: skip
    return "usage_incoming AS given", []


def _differs(row: UsageRow, event: NewUsage | Unreadable) -> RefusedUsage:
    wrong = Wrong(
        "usage_event_differs",
        "id",
        f"The event {row.event_id[:80]!r} of this source is known, and says something else.",
    )
    payload = as_json(event) if isinstance(event, NewUsage) else event.payload
    return RefusedUsage(row.index, row.source, row.event_id, wrong, payload)


def _keep_batch(
    rows: Sequence[UsageRow],
    accepted: int,
    duplicates: int,
    refused: Sequence[RefusedUsage],
    door: str,
    now: datetime,
    actor: str,
) -> UUID:
    """Leave the row and the event of this delivery, and the dead letters that are not waiting already."""
    key = new_id()
    first, last = min((row.at for row in rows), default=None), max((row.at for row in rows), default=None)
    sql.insert(
        "usage_batches",
        ("id", "received_at", "actor", "door", "accepted", "duplicates", "refused", "first_at", "last_at"),
        [(key, now, actor, door, accepted, duplicates, len(refused), first, last)],
    )
    if refused:
        sql.execute(
            "INSERT INTO usage_dead_letters "
            "(id, source, event_id, payload, code, field, message, batch_id, status, received_at) "
            "SELECT u.id, u.source, u.event_id, u.payload::jsonb, u.code, u.field, u.message, %s, %s, %s "
            "FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) "
            "AS u(id, source, event_id, payload, code, field, message) ON CONFLICT DO NOTHING",
            [key, DeadLetterStatus.WAITING.value, now, *_letters(refused)],
        )
    data = {"accepted": accepted, "duplicates": duplicates, "refused": len(refused), "door": door}
    if accepted or refused:
        record([Event("UsageRecorded", (ObjectRef("usage_batch", key),), data)], now=now, actor=actor)
    return key


def _letters(refused: Sequence[RefusedUsage]) -> list[Any]:
    rows = [
        (
            new_id(), kept_text(one.source), kept_text(one.event_id),
            msgspec.json.encode(kept_payload(one.payload)).decode(),
            one.wrong.code, kept_text(one.wrong.field), kept_text(one.wrong.message, MAX_TEXT),
        )
        for one in refused
    ]  # fmt: skip
    return [list(column) for column in zip(*rows, strict=True)]
