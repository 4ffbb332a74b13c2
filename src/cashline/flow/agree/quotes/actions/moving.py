"""What every change of a quote's status shares: the table decides, one statement writes, one event tells."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from cashline.flow.agree.quotes.queries import QuoteRow
from cashline.flow.agree.quotes.rules import QUOTE
from cashline.platform import sql
from cashline.platform.events.rules import Event, ObjectRef


def move(rows: Iterable[QuoteRow], verb: str) -> None:
    """Take the step on every (locked) quote; raises IllegalTransition where one does not allow it."""
    changes = [(row.id, QUOTE.target(verb, row.status, document_id=row.number).value) for row in rows]
    sql.update("quotes", {"status": "text"}, changes)


def quote_event(
    type_name: str,
    row: QuoteRow,
    data: Mapping[str, Any] | None = None,
    *,
    reason: str = "",
    version: UUID | None = None,
) -> Event:
    """An event about a quote, its customer and its version."""
    objects = (
        ObjectRef("quote", row.id),
        ObjectRef("customer", row.customer_id),
        ObjectRef("quote_version", version or row.version_id),
    )
    return Event(type_name, objects, {"number": row.number, "version": row.version, **(data or {})}, reason)
