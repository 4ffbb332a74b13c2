"""Looking at snapshots, and taking them: by a job, when somebody looks and again after a while."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from time import perf_counter_ns
from typing import Any

import msgspec

from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.platform import sql
from cashline.platform.jobs.worker import wake_snapshots
from cashline.platform.snapshots.queries import SnapshotRow, is_large, shown, snapshot, snapshots, written
from cashline.platform.snapshots.rules import FORGOTTEN, LEAST, Figure, Shown, is_due, is_good

_KEEP = """
INSERT INTO snapshots (id, name, timezone, asked, answer, as_of, milliseconds, looked_at)
VALUES (%(id)s, %(name)s, %(timezone)s, %(asked)s, %(answer)s, %(as_of)s, %(milliseconds)s, %(as_of)s)
ON CONFLICT (name, timezone, asked) DO UPDATE SET answer = EXCLUDED.answer, as_of = EXCLUDED.as_of,
    milliseconds = EXCLUDED.milliseconds,
    requested_at = CASE WHEN snapshots.requested_at > EXCLUDED.as_of THEN snapshots.requested_at END
"""
_REQUEST = """
INSERT INTO snapshots (id, name, timezone, asked, looked_at, requested_at, requested_by)
VALUES (%(id)s, %(name)s, %(timezone)s, %(asked)s, %(now)s, %(now)s, %(actor)s)
ON CONFLICT (name, timezone, asked) DO UPDATE SET looked_at = EXCLUDED.looked_at,
    requested_at = COALESCE(snapshots.requested_at, EXCLUDED.requested_at),
    requested_by = CASE WHEN snapshots.requested_at IS NULL THEN EXCLUDED.requested_by ELSE snapshots.requested_by END
"""


def look[A, T](figure: Figure[A, T], asked: A, *, timezone: str, now: datetime, actor: str) -> Shown[T] | None:
    """A figure of this moment, or in a large company the last one that was read; None where none is kept yet.

    Nobody waits: where none is kept, or that one is no longer good, the worker is asked to read it.
    """
    if not is_large():
        return Shown(figure.read(asked, local_day(now, timezone)), now)
    row = snapshot(figure.name, written(asked), timezone=timezone)
    found = shown(figure, row)
    if row is None or found is None or not is_good(found.as_of, now=now, timezone=timezone):
        request_figure(figure, asked, now=now, actor=actor, timezone=timezone)
        return found and replace(found, renewed=True)
    if row.looked_at + LEAST < now:
        sql.execute("UPDATE snapshots SET looked_at = %s WHERE id = %s", (now, row.id))
    return found


def take[A, T](figure: Figure[A, T], asked: A, *, timezone: str, now: datetime) -> Shown[T]:
    """Read a figure now and keep it."""
    began = perf_counter_ns()
    answer = figure.read(asked, local_day(now, timezone))
    milliseconds = (perf_counter_ns() - began) // 1_000_000
    kept = {
        "id": new_id(),
        "name": figure.name,
        "timezone": timezone,
        "asked": written(asked),
        "answer": msgspec.json.encode(answer).decode(),
        "as_of": now,
        "milliseconds": milliseconds,
    }
    sql.execute(_KEEP, kept)
    return Shown(answer, now, milliseconds)


def request_figure[A, T](
    figure: Figure[A, T], asked: A, *, now: datetime, actor: str, timezone: str = "UTC", wake: bool = True
) -> None:
    """Ask for a figure to be read by the job; asking again before it is read changes nothing. `wake` asks at once."""
    row = {"id": new_id(), "name": figure.name, "timezone": timezone, "asked": written(asked)}
    sql.execute(_REQUEST, row | {"now": now, "actor": actor})
    if wake:
        wake_snapshots()


def refresh_snapshots(figures: Sequence[Figure[Any, Any]], *, now: datetime) -> int:
    """Read again what was requested and what is due, and drop what nobody looks at; gives how many were read."""
    known = {figure.name: figure for figure in figures}
    done = 0
    for row in snapshots():
        figure = known.get(row.name)
        asked = _asked(figure, row) if figure else None
        if figure is None or asked is None or (not figure.on_demand and row.looked_at < now - FORGOTTEN):
            sql.execute("DELETE FROM snapshots WHERE id = %s", (row.id,))
        elif _is_wanted(figure, row, now):
            take(figure, asked, timezone=row.timezone, now=now)
            done += 1
    return done


def _is_wanted(figure: Figure[Any, Any], row: SnapshotRow, now: datetime) -> bool:
    if row.requested_at is not None:
        return True
    if figure.on_demand or row.as_of is None:
        return False
    return is_due(row.as_of, row.milliseconds, now=now, timezone=row.timezone)


def _asked(figure: Figure[Any, Any], row: SnapshotRow) -> Any:
    """What was asked, or None where an older version asked otherwise."""
    try:
        return msgspec.json.decode(row.asked, type=figure.asks)
    except msgspec.ValidationError:
        return None
