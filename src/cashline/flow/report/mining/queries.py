"""Mining the event log: the chain of a document, how long each stage takes, and the log as OCEL 2.0."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from cashline.flow.report.mining.rules import (
    STAGES,
    ChainDocument,
    CycleTime,
    CycleTimesAsked,
    ocel_event,
    ocel_object,
    ocel_types,
    percentile,
)
from cashline.kernel.refusals import NotFound
from cashline.platform import sql
from cashline.platform.events.queries import timeline
from cashline.platform.events.rules import RecordedEvent
from cashline.platform.snapshots.rules import Figure

CASES = 2000
"""Cycle times are those of the latest so many cases that finished in the window."""
BATCH = 5000

_AGREEMENTS = {
    "quote": "SELECT a.id FROM agreements a JOIN quote_versions v ON v.id = a.quote_version_id WHERE v.quote_id "
    "= %(id)s",
    "agreement": "SELECT id FROM agreements WHERE id = %(id)s",
    "order": "SELECT agreement_id FROM orders WHERE id = %(id)s",
    "shipment": "SELECT o.agreement_id FROM shipments s JOIN orders o ON o.id = s.order_id WHERE s.id = %(id)s",
    "subscription": "SELECT o.agreement_id FROM subscriptions s JOIN order_lines l ON l.id = s.order_line_id "
    "JOIN orders o ON o.id = l.order_id WHERE s.id = %(id)s",
    "installation": "SELECT o.agreement_id FROM installations s JOIN order_lines l ON l.id = s.order_line_id "
    "JOIN orders o ON o.id = l.order_id WHERE s.id = %(id)s",
    "invoice": "SELECT agreement_id FROM invoices WHERE id = %(id)s AND agreement_id IS NOT NULL UNION ALL "
    "SELECT agreement_id FROM invoice_agreements WHERE invoice_id = %(id)s",
    "credit_note": "SELECT i.agreement_id FROM credit_notes c JOIN invoices i ON i.id = c.invoice_id WHERE c.id "
    "= %(id)s",
    "payment": "SELECT DISTINCT i.agreement_id FROM payment_allocations a JOIN invoices i ON i.id = a.invoice_id "
    "WHERE a.payment_id = %(id)s",
    "refund": "SELECT DISTINCT i.agreement_id FROM refunds r JOIN payment_allocations a ON a.payment_id = r.payment_id "
    "JOIN invoices i ON i.id = a.invoice_id WHERE r.id = %(id)s",
    "dispute": "SELECT i.agreement_id FROM disputes d JOIN invoices i ON i.id = d.invoice_id WHERE d.id = %(id)s",
    "journal_entry": "SELECT DISTINCT agreement_id FROM journal_lines WHERE entry_id = %(id)s",
    "revenue_posting": "SELECT agreement_id FROM revenue_postings WHERE id = %(id)s",
}
CHAINED = frozenset(_AGREEMENTS)
"""The kinds of documents that belong to a chain."""
_DOCUMENTS = """
WITH chain AS (SELECT id FROM agreements WHERE id = ANY(%(agreements)s)),
line AS (SELECT l.id, l.line_id, l.order_id FROM order_lines l JOIN orders o ON o.id = l.order_id
    WHERE o.agreement_id IN (SELECT id FROM chain)),
bill AS (SELECT * FROM invoices WHERE id IN (SELECT id FROM invoices WHERE agreement_id IN (SELECT id FROM chain)
    UNION ALL SELECT invoice_id FROM invoice_agreements WHERE agreement_id IN (SELECT id FROM chain)))
SELECT 1, 'quote', q.id, q.number, q.status, q.created_at::date, v.net_total, q.currency FROM quotes q
    JOIN quote_versions v ON v.quote_id = q.id AND v.version = q.current_version WHERE q.id IN
    (SELECT %(quote)s::uuid UNION SELECT w.quote_id FROM agreements a JOIN quote_versions w
     ON w.id = a.quote_version_id WHERE a.id IN (SELECT id FROM chain))
UNION ALL SELECT 2, 'agreement', id, number, status, COALESCE(signed_on, starts_on), net_total, currency FROM agreements
    WHERE id IN (SELECT id FROM chain)
UNION ALL SELECT 3, 'order', id, number, status, ordered_on, net_total, currency FROM orders
    WHERE agreement_id IN (SELECT id FROM chain)
UNION ALL SELECT 4, 'shipment', id, number, status, COALESCE(shipped_on, created_at::date), NULL, '' FROM shipments
    WHERE order_id IN (SELECT order_id FROM line)
UNION ALL SELECT 5, 'subscription', id, number, status, COALESCE(activated_on, created_at::date), NULL, ''
    FROM subscriptions WHERE line_id IN (SELECT line_id FROM line)
UNION ALL SELECT 6, 'installation', id, number, status, COALESCE(accepted_on, done_on, created_at::date), NULL, ''
    FROM installations WHERE order_line_id IN (SELECT id FROM line)
UNION ALL SELECT 7, 'invoice', id, number, CASE WHEN status = 'issued' AND open_amount = 0 THEN 'settled' ELSE status
    END, issued_on, gross_total, currency FROM bill
UNION ALL SELECT 8, 'credit_note', id, number, status, issued_on, gross_total, currency FROM credit_notes
    WHERE invoice_id IN (SELECT id FROM bill)
UNION ALL SELECT 9, 'payment', id, number, status, received_on, amount, currency FROM payments WHERE id IN
    (SELECT %(payment)s::uuid UNION SELECT payment_id FROM payment_allocations
     WHERE invoice_id IN (SELECT id FROM bill))
ORDER BY 1, 6, 3
"""


def chain(kind: str, key: UUID) -> list[ChainDocument]:
    """All documents of the chain that a document belongs to, in the order of the flow; raises NotFound."""
    if kind not in _AGREEMENTS:
        raise NotFound(f"No chain is known of a {kind.replace('_', ' ')}.", field="id")
    agreements = [row[0] for row in sql.fetch(_AGREEMENTS[kind], {"id": key}) if row[0] is not None]
    rows = sql.fetch(
        _DOCUMENTS,
        {
            "agreements": agreements,
            "quote": key if kind == "quote" else None,
            "payment": key if kind == "payment" else None,
        },
    )
    found = [ChainDocument(*row[1:]) for row in rows]
    if not found:
        raise NotFound(f"There is no {kind.replace('_', ' ')} {key}.", field="id")
    return found


def entities_of(kind: str, key: UUID) -> list[UUID]:
    """The legal entities of the chain of a document; none where it is not there."""
    agreements = [row[0] for row in sql.fetch(_AGREEMENTS[kind], {"id": key}) if row[0] is not None]
    own = {"quote": "quotes", "payment": "payments"}.get(kind)
    parts = ["SELECT entity_id FROM agreements WHERE id = ANY(%(agreements)s)"]
    if own:
        parts.append(f"SELECT entity_id FROM {own} WHERE id = %(id)s")
    return sql.ids(sql.fetch(" UNION ".join(parts), {"agreements": agreements, "id": key}))


def chain_timeline(kind: str, key: UUID, *, limit: int = 1000) -> tuple[list[ChainDocument], list[RecordedEvent]]:
    """The chain of a document and everything that happened to it, from the first quote to the last revenue."""
    documents = chain(kind, key)
    return documents, timeline([document.id for document in documents], limit=limit)


_CYCLES = {
    "quote_to_signature": (
        "SELECT a.signed_on - (q.created_at AT TIME ZONE e.timezone)::date FROM agreements a "
        "JOIN quote_versions v ON v.id = a.quote_version_id JOIN quotes q ON q.id = v.quote_id "
        "JOIN legal_entities e ON e.id = a.entity_id WHERE a.signed_on >= %(since)s AND a.signed_on <= %(until)s "
        "{entity} ORDER BY a.signed_on DESC LIMIT %(cases)s"
    ),
    "order_to_delivery": (
        "SELECT (SELECT max(d.effective_on) FROM order_lines l JOIN deliveries d ON d.line_id = l.line_id "
        "WHERE l.order_id = a.id AND d.kind IN ('shipped', 'activated', 'accepted')) - a.ordered_on FROM orders a "
        "WHERE a.status = 'completed' AND a.ordered_on >= %(since)s AND a.ordered_on <= %(until)s {entity} "
        "ORDER BY a.id DESC LIMIT %(cases)s"
    ),
    "delivery_to_invoice": (
        "SELECT r.issued_on - d.effective_on FROM (SELECT a.id, a.issued_on FROM invoices a WHERE a.issued_on >= "
        "%(since)s "
        "AND a.issued_on <= %(until)s {entity} ORDER BY a.issued_on DESC, a.id DESC LIMIT %(cases)s) r "
        "JOIN invoice_lines l ON l.invoice_id = r.id JOIN deliveries d ON d.line_id = l.line_id AND "
        "(d.source_id = l.source_id OR d.id = l.source_id)"
    ),
    "invoice_to_cash": (
        "SELECT (SELECT max(p.applied_on) FROM payment_allocations p WHERE p.invoice_id = a.id AND p.amount > 0) "
        "- a.issued_on FROM invoices a WHERE a.open_amount = 0 AND a.status = 'issued' AND a.issued_on >= %(since)s "
        "AND a.issued_on <= %(until)s {entity} ORDER BY a.issued_on DESC, a.id DESC LIMIT %(cases)s"
    ),
    "order_to_cash": (
        "SELECT (SELECT max(p.applied_on) FROM payment_allocations p WHERE p.invoice_id = i.id AND p.amount > 0) "
        "- a.ordered_on FROM (SELECT a.id, a.agreement_id, a.ordered_on FROM orders a WHERE a.ordered_on >= %(since)s "
        "AND a.ordered_on <= %(until)s {entity} ORDER BY a.id DESC LIMIT %(cases)s) a JOIN LATERAL (SELECT i.id, "
        "i.open_amount FROM invoices i WHERE i.agreement_id = a.agreement_id AND i.status = 'issued' "
        "ORDER BY i.issued_on, i.id LIMIT 1) i ON i.open_amount = 0"
    ),
}


def cycle_times(
    *, until: date, days: int = 365, entity_ids: Sequence[UUID] | None = None, cases: int = CASES
) -> list[CycleTime]:
    """How many days each stage took, over the latest cases of the window that ends with a day."""
    found: list[CycleTime] = []
    params = {"since": until - timedelta(days=days), "until": until, "cases": cases, "entities": list(entity_ids or ())}
    narrowed = "" if entity_ids is None else "AND a.entity_id = ANY(%(entities)s)"
    for stage in STAGES:
        rows = sql.fetch(_CYCLES[stage.code].format(entity=narrowed), params)
        values = [int(row[0]) for row in rows if row[0] is not None]
        found.append(CycleTime(stage, percentile(values, 50), percentile(values, 90), len(values)))
    return found


def _timed(asked: CycleTimesAsked, today: date) -> tuple[CycleTime, ...]:
    return tuple(cycle_times(until=today, days=asked.days, entity_ids=asked.entity_ids))


CYCLE_TIMES = Figure("mining.cycle_times", CycleTimesAsked, tuple[CycleTime, ...], _timed)
"""The days of each stage."""


def ocel(*, since: datetime | None = None, until: datetime | None = None) -> Iterator[bytes]:
    """The event log as OCEL 2.0 JSON in pieces, from `since` up to but not including `until`; memory stays flat."""
    where, params = _window(since, until)
    with transaction.atomic():
        yield b'{"events":['
        events = (RecordedEvent(*(*row[:-1], _read(row[-1]))) for row in _stream(_EVENTS.format(where=where), params))
        yield from _joined(ocel_event(event) for event in events)
        yield b'],"objects":['
        yield from _joined(ocel_object(*row) for row in _stream(_OBJECTS.format(where=where), params))
        yield b'],"eventTypes":'
        rows = sql.fetch(_KEYS.format(where=where), params)
        yield msgspec.json.encode(ocel_types({kind: {"actor", "reason", *keys} for kind, keys in rows}))
        yield b',"objectTypes":'
        kinds = sql.fetch(_KINDS.format(where=where), params)
        yield msgspec.json.encode(ocel_types({kind: {"number"} for (kind,) in kinds}))
        yield b"}"


def _window(since: datetime | None, until: datetime | None) -> tuple[str, dict[str, Any]]:
    parts = ["e.time >= %(since)s"] if since else []
    parts += ["e.time < %(until)s"] if until else []
    return (f"WHERE {' AND '.join(parts)}" if parts else ""), {"since": since, "until": until}


_EVENTS = (
    "SELECT e.id, e.type, e.time, e.actor, e.reason, e.object_types, e.object_ids, e.object_roles, e.data "
    "FROM events e {where} ORDER BY e.id"
)
_OBJECTS = (
    "SELECT o.type, o.id, max(e.data->>'number') FILTER (WHERE o.place = 1), min(e.time) FROM events e, "
    "unnest(e.object_types, e.object_ids) WITH ORDINALITY AS o(type, id, place) {where} GROUP BY 1, 2 ORDER BY 1, 2"
)
_KEYS = (
    "SELECT e.type, COALESCE(array_agg(DISTINCT k.key) FILTER (WHERE k.key IS NOT NULL), '{{}}') FROM events e "
    "LEFT JOIN LATERAL jsonb_object_keys(e.data) AS k(key) ON true {where} GROUP BY 1"
)
_KINDS = "SELECT DISTINCT o.type FROM events e, unnest(e.object_types) AS o(type) {where}"


def _stream(statement: str, params: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, params)
        while rows := cursor.fetchmany(BATCH):
            yield from rows


def _read(data: dict[str, Any] | str) -> dict[str, Any]:
    """A jsonb value; a cursor on the server gives it as text."""
    return msgspec.json.decode(data, type=dict[str, Any]) if isinstance(data, str) else data


def _joined(shapes: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    batch: list[bytes] = []
    first = True
    for shape in shapes:
        batch.append(msgspec.json.encode(shape))
        if len(batch) == BATCH:
            yield (b"" if first else b",") + b",".join(batch)
            first, batch = False, []
    if batch:
        yield (b"" if first else b",") + b",".join(batch)
