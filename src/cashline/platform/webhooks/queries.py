"""Reading the endpoints that subscribe to events, and how far each has got."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cashline.kernel.refusals import NotFound
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """An endpoint. `enqueued_through` is the feed number up to which its messages lie in the outbox.

    `waiting` and `dead` count its messages that are still to be sent, and those that were given up.
    """

    id: UUID
    url: str
    event_types: list[str]
    active: bool
    enqueued_through: int
    created_at: datetime
    rotated: bool
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A message to an endpoint, as its page shows it."""

    id: UUID
    key: str
    event_type: str
    status: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    sent_at: datetime | None


_ENDPOINT = (
    "SELECT w.id, w.url, w.event_types, w.active, w.enqueued_through, w.created_at, w.previous_secret <> '', "
    "coalesce(n.waiting, 0), coalesce(n.dead, 0) FROM webhook_endpoints w LEFT JOIN ("
    "SELECT payload ->> 'endpoint_id' AS endpoint, "
    "count(*) FILTER (WHERE status IN ('pending', 'sending')) AS waiting, "
    "count(*) FILTER (WHERE status = 'dead') AS dead "
    "FROM outbox WHERE kind = 'webhook' AND status <> 'sent' GROUP BY 1"
    ") n ON n.endpoint = w.id::text"
)


def list_endpoints() -> list[EndpointRow]:
    """All endpoints, oldest first."""
    return sql.fetch_as(EndpointRow, f"{_ENDPOINT} ORDER BY w.id")


def endpoint(endpoint_id: UUID) -> EndpointRow:
    """One endpoint; raises NotFound."""
    rows = sql.fetch_as(EndpointRow, f"{_ENDPOINT} WHERE w.id = %s", (endpoint_id,))
    if not rows:
        raise NotFound("There is no such webhook endpoint.", field="id")
    return rows[0]


def deliveries_of(endpoint_id: UUID, *, limit: int = 25) -> list[DeliveryRow]:
    """The newest messages to an endpoint; their keys begin with it, so that the unique index finds them."""
    prefix = f"webhook:{endpoint_id}:"
    return sql.fetch_as(
        DeliveryRow,
        "SELECT id, key, payload -> 'body' ->> 'type', status, attempts, created_at, next_attempt_at, sent_at "
        "FROM outbox WHERE key >= %s AND key < %s ORDER BY id DESC LIMIT %s",
        (prefix, prefix[:-1] + ";", limit),
    )
