"""Metered quantities of many windows in a few statements, equal to `rules.aggregate` over the same events.

PostgreSQL gives the exact totals of each window and filter; the last division is the rules' own (`finish`). There is a
statement for each shape of window (how it adds, which filters it has), never one for a window.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.deliver.usage.rules.aggregating import Bucket, Totals, quantities
from cashline.flow.deliver.usage.rules.meters import Aggregation
from cashline.flow.deliver.usage.rules.windows import MeteredQuantity, UsageFilter, UsageWindow, by_specificity
from cashline.platform import sql

BATCH = 50_000
"""Windows in one statement: the memory of a run stays flat."""
MANY = 50
"""Windows from which the statement is helped to sum by hashing."""
NO_FILTER = -1
_A = Aggregation


@dataclass(frozen=True, slots=True)
class Shape:
    """What makes windows ask the same statement."""

    kind: str
    filters: tuple[UsageFilter, ...]
    group_by: tuple[str, ...]


def metered(
    windows: Iterable[UsageWindow], *, known_by: datetime | None = None
) -> dict[UsageWindow, tuple[MeteredQuantity, ...]]:
    """The quantities of each window from the events that count, as known at an instant (None: as known now)."""
    wanted = list(dict.fromkeys(windows))
    return dict(zip(wanted, metered_each(wanted, known_by=known_by), strict=True))


def metered_each(
    windows: Sequence[UsageWindow], *, known_by: datetime | None = None
) -> list[tuple[MeteredQuantity, ...]]:  # fmt: skip
    """The same, in the order of the windows, which are all different."""
    if not windows:
        return []
    meters = meter_ids({window.meter.code for window in windows})
    shapes: dict[Shape, list[int]] = {}
    for place, window in enumerate(windows):
        if window.meter.code in meters:
            shapes.setdefault(Shape(_kind(window), window.filters, window.group_by), []).append(place)
    found: list[dict[Bucket, Totals]] = [{} for _ in windows]
    for shape, alike in shapes.items():
        for some in batched(alike, BATCH):
            for no, bucket, totals in _read(shape, [windows[place] for place in some], meters, known_by):
                found[some[no]][bucket] = totals
    return [quantities(window, totals) for window, totals in zip(windows, found, strict=True)]


def meter_ids(codes: Iterable[str]) -> dict[str, UUID]:
    """The keys of meters by code."""
    return dict(sql.fetch("SELECT code, id FROM usage_meters WHERE code = ANY(%s)", (list(set(codes)),)))


def _kind(window: UsageWindow) -> str:
    aggregation = window.meter.aggregation
    if aggregation in (_A.COUNT, _A.SUM, _A.AVERAGE):
        return "days" if window.prorated else "plain"
    if aggregation is _A.UNIQUE_COUNT:
        return "item_days" if window.prorated else "items"
    return {_A.WEIGHTED_SUM: "time", _A.MAX: "max", _A.LATEST: "latest", _A.PERCENTILE: "percentile"}[aggregation]


_DAYS = "greatest(0, w.end_day - greatest((e.at AT TIME ZONE w.zone)::date, w.first_day))"
_TIME = "(extract(epoch FROM w.until - greatest(e.at, w.start)) * 1000000)"
_PLAIN: Mapping[str, str] = {
    "plain": "sum(e.quantity), sum(e.quantity), count(*)",
    "days": f"sum(e.quantity * {_DAYS}), sum(e.quantity), count(*)",
    "time": f"sum(e.quantity * {_TIME}), sum(e.quantity), count(*)",
    "max": "max(e.quantity), max(e.quantity), count(*)",
    "items": "count(DISTINCT e.item), count(DISTINCT e.item), count(*)",
}
_CHOSEN: Mapping[str, str] = {
    "latest": "(array_agg(e.quantity ORDER BY e.at DESC, e.known_at DESC, e.id DESC))[1]",
    "percentile": (
        "(array_agg(e.quantity ORDER BY e.quantity))"
        "[greatest(1, ceil(min(w.percentile) * count(*) / 100::numeric))::int]"
    ),
}


def _read(
    shape: Shape, windows: Sequence[UsageWindow], meters: Mapping[str, UUID], known_by: datetime | None
) -> Iterator[tuple[int, Bucket, Totals]]:
    """What the events of windows of one shape come to, by the place of the window."""
    statement, params = _statement(shape, windows, meters, known_by)
    rows = _fetch_hashed(statement, params) if len(windows) >= MANY else sql.fetch(statement, params)
    for no, place, group, number, level, events in rows:
        bucket = (None if place == NO_FILTER else place, tuple(group))
        yield no, bucket, Totals(Decimal(number), Decimal(level), events)


def _fetch_hashed(statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Sum by hashing: PostgreSQL expects few of the events of many windows, and would sort them all on disk."""
    with transaction.atomic():
        before = sql.fetch_one(
            "SELECT current_setting('work_mem'), set_config('work_mem', '64MB', true), "
            "set_config('enable_sort', 'off', true)"
        )
        rows = sql.fetch(statement, params)
        sql.fetch_one(
            "SELECT set_config('work_mem', %s, true), set_config('enable_sort', 'on', true)",
            (before[0] if before else "4MB",),
        )
    return rows


def _statement(
    shape: Shape, windows: Sequence[UsageWindow], meters: Mapping[str, UUID], known_by: datetime | None
) -> tuple[str, list[Any]]:
    bucket, params = _bucket(shape)
    source, more = _source(windows, meters, known_by)
    if shape.kind == "item_days":
        return _item_days(bucket, source), [*params, *more]
    figures = _PLAIN.get(shape.kind) or f"{_CHOSEN[shape.kind]}, {_CHOSEN[shape.kind]}, count(*)"
    return f"SELECT w.no, {bucket}, {figures} {source} GROUP BY 1, 2, 3", [*params, *more]


def _item_days(bucket: str, source: str) -> str:
    """An item counts from its first event: the days of that event are the most that any of its events has."""
    return (
        "SELECT no, place, part, sum(days), count(*), sum(events)::bigint FROM ("
        f"SELECT w.no AS no, {bucket}, e.item, max({_DAYS}) AS days, count(*) AS events {source} GROUP BY 1, 2, 3, 4"
        ") AS items GROUP BY 1, 2, 3"
    )


def _bucket(shape: Shape) -> tuple[str, list[Any]]:
    """Which filter an event belongs to, tried from the most specific, and the values of its group."""
    params: list[Any] = []
    place = f"{NO_FILTER}"
    if shape.filters:
        cases = []
        for index in by_specificity(shape.filters):
            cases.append(f"WHEN e.properties @> %s THEN {index}")
            params.append(sql.json(dict(shape.filters[index].values)))
        place = f"CASE {' '.join(cases)} ELSE {NO_FILTER} END"
    group = ", ".join("coalesce(e.properties ->> %s, '')" for _ in shape.group_by)
    return f"{place} AS place, ARRAY[{group}]::text[] AS part", [*params, *shape.group_by]


@lru_cache(maxsize=1024)
def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


_COLUMNS: Mapping[str, tuple[str, Callable[[UsageWindow], str]]] = {
    "line_id": ("uuid", lambda window: window.line_id.hex),
    "low": ("timestamptz", lambda window: "-infinity" if window.carried_over else _instant(window.start)),
    "start": ("timestamptz", lambda window: _instant(window.start)),
    "until": ("timestamptz", lambda window: _instant(window.end)),
    "first_day": ("date", lambda window: window.first_day.isoformat()),
    "end_day": ("date", lambda window: window.end_day.isoformat()),
    "zone": ("text", lambda window: window.zone),
    "percentile": ("numeric", lambda window: str(window.meter.percentile or 0)),
}


def _source(
    windows: Sequence[UsageWindow], meters: Mapping[str, UUID], known_by: datetime | None
) -> tuple[str, list[Any]]:
    """The events of the windows, each beside its window; the bounds of all let PostgreSQL pass whole months by."""
    arrays = [f"%s::{kind}[]" for kind, _ in _COLUMNS.values()]
    params: list[Any] = ["{" + ",".join([text(window) for window in windows]) + "}" for _, text in _COLUMNS.values()]
    params += [list(range(len(windows))), sql.uuids([meters[window.meter.code] for window in windows])]
    names = ", ".join((*_COLUMNS, "no", "meter_id"))
    text = (
        f"FROM unnest({', '.join(arrays)}, %s::int[], %s::uuid[]) AS w({names}) "
        "JOIN usage_events e ON e.line_id = w.line_id AND e.meter_id = w.meter_id AND e.at >= w.low AND e.at < w.until "
        "WHERE e.at < %s AND NOT EXISTS (SELECT FROM usage_corrections c WHERE c.id = e.id"
    )
    params.append(max(window.end for window in windows))
    if known_by is not None:
        text, params = f"{text} AND c.known_at <= %s) AND e.known_at <= %s", [*params, known_by, known_by]
    else:
        text += ")"
    if not any(window.carried_over for window in windows):
        text, params = f"{text} AND e.at >= %s", [*params, min(window.start for window in windows)]
    return text, params
