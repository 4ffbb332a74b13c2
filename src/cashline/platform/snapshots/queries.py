"""Reading snapshots."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from cashline.platform import sql
from cashline.platform.snapshots.rules import Figure, Request, Shown

_COLUMNS = "id, name, timezone, asked, answer, as_of, milliseconds, requested_at, requested_by, looked_at"


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """A row of the table."""

    id: UUID
    name: str
    timezone: str
    asked: str
    answer: str | None
    as_of: datetime | None
    milliseconds: int
    requested_at: datetime | None
    requested_by: str
    looked_at: datetime


def is_large() -> bool:
    """Has so much happened in this company that its figures are kept? `LIVE_EVENTS` sealed events are the bound."""
    row = sql.fetch_one("SELECT last FROM event_blocks ORDER BY number DESC LIMIT 1")
    return row is not None and row[0] > settings.LIVE_EVENTS


def written(asked: Any) -> str:
    """What was asked, as the text by which its snapshot is found."""
    return msgspec.json.encode(asked, order="sorted").decode()


def snapshot(name: str, asked: str, *, timezone: str) -> SnapshotRow | None:
    """The row of a figure and of what was asked."""
    rows = sql.fetch_as(
        SnapshotRow,
        f"SELECT {_COLUMNS} FROM snapshots WHERE name = %s AND timezone = %s AND asked = %s",
        (name, timezone, asked),
    )
    return rows[0] if rows else None


def snapshots() -> list[SnapshotRow]:
    """All of them, the requested ones first, then the oldest."""
    return sql.fetch_as(SnapshotRow, f"SELECT {_COLUMNS} FROM snapshots ORDER BY requested_at, as_of, id")


def shown[A, T](figure: Figure[A, T], row: SnapshotRow | None) -> Shown[T] | None:
    """The answer of a row; None where there is none, or one of another shape that an older version kept."""
    if row is None or row.answer is None or row.as_of is None:
        return None
    try:
        answer: T = msgspec.json.decode(row.answer, type=figure.answers)
    except msgspec.ValidationError:
        return None
    return Shown(answer, row.as_of, row.milliseconds, kept=True)


def requested[A, T](figure: Figure[A, T], asked: A, *, timezone: str = "UTC") -> Request[T]:
    """The last answer of a figure that is read on demand, and whether another is on its way."""
    row = snapshot(figure.name, written(asked), timezone=timezone)
    if row is None:
        return Request()
    return Request(shown(figure, row), row.requested_at, row.requested_by)
