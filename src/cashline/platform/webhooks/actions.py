"""Subscribing to events, queueing them for each endpoint in feed order, replaying them, and rotating secrets."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction

from cashline.kernel.identifiers import new_id, public
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.platform import sql
from cashline.platform.events import queries as events
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, NumberedEvent, ObjectRef
from cashline.platform.outbox.actions import OutboxMessage, enqueue
from cashline.platform.webhooks.rules import envelope
from cashline.platform.webhooks.signing import new_secret


@transaction.atomic
def create_endpoint(*, url: str, event_types: Sequence[str], now: datetime, actor: str) -> tuple[UUID, str]:
    """Subscribe an address to types of events (none: all) from now on; gives its id and the signing secret."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise InvalidValue("A webhook goes to an http or https address.", field="url")
    secret = new_secret()
    key = new_id()
    sql.insert(
        "webhook_endpoints",
        ("id", "url", "secret", "event_types", "active", "enqueued_through", "created_at"),
        [(key, url, secret, list(event_types), True, events.last_block().last, now)],
    )
    record([Event("WebhookEndpointCreated", (ObjectRef("webhook_endpoint", key),), {"url": url})], now=now, actor=actor)
    return key, secret


@transaction.atomic
def rotate_secret(*, endpoint_id: UUID, now: datetime, actor: str) -> str:
    """A new signing secret; the former one signs too until the next rotation."""
    secret = new_secret()
    changed = sql.execute(
        "UPDATE webhook_endpoints SET previous_secret = secret, secret = %s WHERE id = %s", (secret, endpoint_id)
    )
    if not changed:
        raise NotFound("There is no such webhook endpoint.", field="id")
    event = Event("WebhookSecretRotated", (ObjectRef("webhook_endpoint", endpoint_id),))
    record([event], now=now, actor=actor)
    return secret


@transaction.atomic
def set_endpoint_active(*, endpoint_id: UUID, active: bool, now: datetime, actor: str) -> None:
    """Pause an endpoint, or let it catch up from where it was paused."""
    if not sql.execute("UPDATE webhook_endpoints SET active = %s WHERE id = %s", (active, endpoint_id)):
        raise NotFound("There is no such webhook endpoint.", field="id")
    name = "WebhookEndpointResumed" if active else "WebhookEndpointPaused"
    record([Event(name, (ObjectRef("webhook_endpoint", endpoint_id),))], now=now, actor=actor)


@transaction.atomic
def enqueue_events(*, now: datetime, batch: int = 1_000) -> int:
    """Put sealed events into the outbox for every active endpoint; gives how many messages were added."""
    rows = sql.fetch(
        "SELECT id, event_types, enqueued_through FROM webhook_endpoints WHERE active ORDER BY id "
        "FOR NO KEY UPDATE SKIP LOCKED"
    )
    sealed = events.last_block().last
    added = 0
    for endpoint_id, types, through in rows:
        entries = events.feed(after=through, limit=batch, types=types)
        enqueue([_message(endpoint_id, entry) for entry in entries], now=now)
        reached = entries[-1].number if len(entries) == batch else sealed
        sql.execute("UPDATE webhook_endpoints SET enqueued_through = %s WHERE id = %s", (reached, endpoint_id))
        added += len(entries)
    return added


def _message(endpoint_id: UUID, entry: NumberedEvent) -> OutboxMessage:
    payload = {"endpoint_id": str(endpoint_id), "body": envelope(entry)}
    return OutboxMessage("webhook", f"webhook:{endpoint_id}:{entry.number}", payload)


@transaction.atomic
def replay(*, endpoint_id: UUID, after: int, through: int, now: datetime, actor: str) -> int:
    """Send the events of a stretch of the feed again, with their first message ids; gives how many."""
    if through < after or through - after > 100_000:
        raise InvalidValue("Replay a stretch of at most 100,000 events.", field="through")
    row = sql.fetch_one("SELECT event_types FROM webhook_endpoints WHERE id = %s", (endpoint_id,))
    if not row:
        raise NotFound(f"There is no webhook endpoint {public('webhook_endpoint', endpoint_id)}.", field="id")
    entries = [
        entry for entry in events.feed(after=after, limit=through - after, types=row[0]) if entry.number <= through
    ]
    messages = [_message(endpoint_id, entry) for entry in entries]
    enqueue(messages, now=now)
    sql.execute(
        "UPDATE outbox SET status = 'pending', attempts = 0, next_attempt_at = %s WHERE key = ANY(%s) "
        "AND status IN ('sent', 'dead')",
        (now, [message.key for message in messages]),
    )
    event = Event("WebhooksReplayed", (ObjectRef("webhook_endpoint", endpoint_id),), {"count": len(messages)})
    record([event], now=now, actor=actor)
    return len(messages)
