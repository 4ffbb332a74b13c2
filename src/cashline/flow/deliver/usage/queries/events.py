"""Reading events of usage: the subscriptions that they name, the events themselves, and what is late."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from cashline.flow.deliver.usage.rules.events import UsageCorrection, UsageEvent
from cashline.flow.deliver.usage.rules.recording import UsageSubscription
from cashline.kernel.identifiers import PREFIXES, key_of
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql

_EVENT = (
    "e.id, e.line_id, m.code, e.at, e.quantity, e.item, e.properties, e.known_at, e.source, e.event_id "
    "FROM usage_events e JOIN usage_meters m ON m.id = e.meter_id"
)
_COUNTS = "NOT EXISTS (SELECT FROM usage_corrections c WHERE c.corrected = e.id)"


def subscriptions_named(
    references: Iterable[str], *, entity_ids: Sequence[UUID] | None = None
) -> dict[str, UsageSubscription]:
    """Subscriptions by public id or number, of some legal entities (None: of all); unknown ones are left out."""
    keys: dict[UUID, str] = {}
    numbers: list[str] = []
    for text in set(references):
        if text.startswith(f"{PREFIXES['subscription']}_"):
            try:
                keys[key_of("subscription", text)] = text
            except NotFound:
                continue
        elif "\x00" not in text:
            numbers.append(text)
    rows = sql.fetch_as(
        UsageSubscription,
        "SELECT s.id, s.number, s.line_id, s.customer_id, s.entity_id, s.activated_on, s.ends_on, e.timezone "
        "FROM subscriptions s JOIN legal_entities e ON e.id = s.entity_id "
        "WHERE (s.id = ANY(%s::uuid[]) OR s.number = ANY(%s))"
        + ("" if entity_ids is None else " AND s.entity_id = ANY(%s::uuid[])"),
        (sql.uuids(keys), numbers, *([] if entity_ids is None else [sql.uuids(entity_ids)])),
    )
    wanted = set(numbers)
    found = {keys[row.id]: row for row in rows if row.id in keys}
    return found | {row.number: row for row in rows if row.number in wanted}


def usage_events(
    line_ids: Iterable[UUID],
    *,
    meters: Sequence[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    known_by: datetime | None = None,
) -> list[UsageEvent]:
    """The events of subscription lines that count, `start` <= at < `end`, in order of time."""
    conditions = lists.Conditions()
    conditions.add("e.line_id = ANY(%s::uuid[])", sql.uuids(set(line_ids)))
    conditions.among("m.code", meters)
    if known_by is None:
        conditions.add(_COUNTS)
    else:
        conditions.add(f"{_COUNTS[:-1]} AND c.known_at <= %s) AND e.known_at <= %s", known_by, known_by)
    if start is not None:
        conditions.add("e.at >= %s", start)
    if end is not None:
        conditions.add("e.at < %s", end)
    return sql.fetch_as(
        UsageEvent,
        f"SELECT {_EVENT} WHERE {' AND '.join(conditions.texts)} ORDER BY e.at, e.known_at, e.id",
        conditions.params,
    )


def corrections_of(line_ids: Iterable[UUID]) -> list[UsageCorrection]:
    """The corrections of events of lines."""
    return sql.fetch_as(
        UsageCorrection,
        "SELECT corrected, known_at FROM usage_corrections WHERE line_id = ANY(%s::uuid[]) ORDER BY known_at",
        (sql.uuids(set(line_ids)),),
    )


def lines_with_news(*, known_from: datetime, known_until: datetime | None = None) -> dict[UUID, datetime]:
    """The lines of which usage became known since an instant, and the earliest time that it concerns.

    What a bill run asks to find the periods that late events and corrections restate.
    """
    until = ("", ()) if known_until is None else (" AND known_at < %s", (known_until,))
    rows = sql.fetch(
        "SELECT line_id, min(at) FROM ("
        f"SELECT line_id, at FROM usage_events WHERE known_at >= %s{until[0]} UNION ALL "
        f"SELECT line_id, at FROM usage_corrections WHERE known_at >= %s{until[0]}) AS news GROUP BY 1",
        (known_from, *until[1], known_from, *until[1]),
    )
    return dict(rows)


def months_not_open(months: Sequence[date]) -> list[date]:
    """Those of some months (first days) that the table of events has no part for."""
    rows = sql.fetch(
        "SELECT month FROM unnest(%s::date[]) AS month "
        "WHERE to_regclass('usage_events_' || to_char(month, 'YYYY_MM')) IS NULL ORDER BY 1",
        (list(months),),
    )
    return [row[0] for row in rows]
