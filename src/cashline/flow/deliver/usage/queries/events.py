"""Reading events of usage: the subscriptions that they name, the events themselves, and what is late."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.deliver.usage.rules.correcting import Correctable
from cashline.flow.deliver.usage.rules.events import UsageCorrection, UsageEvent
from cashline.flow.deliver.usage.rules.recording import UsageSubscription
from cashline.kernel.identifiers import PREFIXES, key_of
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page

_EVENT = (
    "e.id, e.line_id, m.code, e.at, e.quantity, e.item, e.properties, e.known_at, e.source, e.event_id "
    "FROM usage_events e JOIN usage_meters m ON m.id = e.meter_id"
)
_COUNTS = "NOT EXISTS (SELECT FROM usage_corrections c WHERE c.id = e.id)"


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
        "SELECT s.id, s.number, s.line_id, s.customer_id, s.entity_id, s.activated_on, s.ends_on, c.timezone "
        "FROM subscriptions s JOIN customers c ON c.id = s.customer_id "
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
    conditions.given("e.at >= %s", start)
    conditions.given("e.at < %s", end)
    return sql.fetch_as(
        UsageEvent,
        f"SELECT {_EVENT} WHERE {' AND '.join(conditions.texts)} ORDER BY e.at, e.known_at, e.id",
        conditions.params,
    )


def corrections_of(line_ids: Iterable[UUID]) -> list[UsageCorrection]:
    """The corrections of events of lines."""
    return sql.fetch_as(
        UsageCorrection,
        "SELECT id, known_at FROM usage_corrections WHERE line_id = ANY(%s::uuid[]) ORDER BY known_at",
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


def correctable(
    keys: Sequence[tuple[str, str]], *, entity_ids: Sequence[UUID] | None = None
) -> dict[tuple[str, str], Correctable]:
    """Recorded events by (source, id), for subscriptions of some legal entities (None: of all)."""
    rows = sql.fetch_as(
        Correctable,
        "SELECT e.id, e.at, e.source, e.event_id, e.line_id, s.id, e.customer_id, c.id IS NOT NULL "
        "FROM unnest(%s::text[], %s::text[]) AS k(source, event_id) "
        "JOIN usage_receipts r ON r.source = k.source AND r.event_id = k.event_id "
        "JOIN usage_events e ON e.id = r.id AND e.at = r.at JOIN subscriptions s ON s.line_id = e.line_id "
        "LEFT JOIN usage_corrections c ON c.id = e.id"
        + ("" if entity_ids is None else " WHERE s.entity_id = ANY(%s::uuid[])"),
        (
            [source for source, _ in keys],
            [event_id for _, event_id in keys],
            *([] if entity_ids is None else [sql.uuids(entity_ids)]),
        ),
    )
    return {(row.source, row.event_id): row for row in rows}


def numbers_of_lines(line_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The numbers of subscriptions by line."""
    return dict(
        sql.fetch("SELECT line_id, number FROM subscriptions WHERE line_id = ANY(%s::uuid[])", (sql.uuids(line_ids),))
    )


@dataclass(frozen=True, slots=True)
class UsageEventRow:
    """A recorded event as lists show it; `corrected_at` says since when it counts no more."""

    id: UUID
    at: datetime
    source: str
    event_id: str
    subscription_id: UUID
    subscription_number: str
    customer_id: UUID
    meter: str
    quantity: Decimal
    item: str
    properties: dict[str, str]
    known_at: datetime
    corrected_at: datetime | None
    replacement: UUID | None
    reason: str


_ROW = (
    "e.id, e.at, e.source, e.event_id, s.id, s.number, e.customer_id, m.code, e.quantity, e.item, e.properties, "
    "e.known_at, c.known_at, c.replacement, coalesce(c.reason, '')"
)
_ROWS = (
    "usage_events e JOIN usage_meters m ON m.id = e.meter_id JOIN subscriptions s ON s.line_id = e.line_id "
    "LEFT JOIN usage_corrections c ON c.id = e.id"
)
SORTS = {"at": "e.at", "known_at": "e.known_at", "meter": "m.code", "quantity": "e.quantity"}


def list_usage_events(
    ask: lists.Ask,
    *,
    subscription_id: UUID | None = None,
    meters: Sequence[str] = (),
    start: datetime | None = None,
    end: datetime | None = None,
    words: str = "",
    entity_ids: Sequence[UUID] | None = None,
) -> Page[UsageEventRow]:
    """One page of events, `start` <= at < `end`; words are looked for in source, id and item."""
    conditions = lists.Conditions()
    conditions.among("m.code", meters)
    conditions.among("s.entity_id", entity_ids, "uuid")
    conditions.contains(("e.source", "e.event_id", "e.item"), words)
    conditions.given("s.id = %s", subscription_id)
    conditions.given("e.at >= %s", start)
    conditions.given("e.at < %s", end)
    return lists.page(
        UsageEventRow,
        columns=_ROW,
        source=_ROWS,
        key="e.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def usage_event(event_id: UUID) -> UsageEventRow:
    """One event; raises NotFound."""
    rows = sql.fetch_as(UsageEventRow, f"SELECT {_ROW} FROM {_ROWS} WHERE e.id = %s", (event_id,))
    if not rows:
        raise NotFound("There is no such event of usage.", field="event_id")
    return rows[0]
