"""What a webhook carries: the event with its feed number and the public ids of its objects."""

from typing import Any

from cashline.kernel.identifiers import PREFIXES, public
from cashline.platform.events.rules import NumberedEvent


def envelope(entry: NumberedEvent) -> dict[str, Any]:
    """The body in the form of Standard Webhooks; `number` lets a receiver order events and resume the feed."""
    event = entry.event
    return {
        "type": event.type,
        "timestamp": event.time.isoformat(),
        "data": {
            "id": public("event", event.id),
            "number": entry.number,
            "actor": event.actor,
            "reason": event.reason,
            "objects": [
                {"type": kind, "id": public(kind, key) if kind in PREFIXES else str(key), "role": role}
                for kind, key, role in zip(event.object_types, event.object_ids, event.object_roles, strict=True)
            ],
            "attributes": event.data,
        },
    }
