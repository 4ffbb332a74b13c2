"""The shape of an event and of a hand-off, and the hash that chains sealed blocks."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from cashline.kernel.identifiers import new_id


class ObjectRef(msgspec.Struct, frozen=True, gc=False):
    """An object that an event touches: its type (singular noun), id, and the role it plays (OCEL 2.0 qualifier)."""

    type: str
    id: UUID
    role: str = ""


class Event(msgspec.Struct, frozen=True, gc=False):
    """What happened: a past-tense type, such as OrderBooked, and the objects it touches, the subject first."""

    type: str
    objects: tuple[ObjectRef, ...]
    data: Mapping[str, Any] = msgspec.field(default_factory=dict)
    reason: str = ""
    id: UUID = msgspec.field(default_factory=new_id)

    @property
    def subject_id(self) -> UUID:
        """The id of the first object."""
        return self.objects[0].id


type Handoff = Callable[..., None]
"""`handoff(events: Sequence[Event], *, now: datetime, actor: str) -> None`, run in the transaction of the events."""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it stands in the log."""

    id: UUID
    type: str
    time: datetime
    actor: str
    reason: str
    object_types: list[str]
    object_ids: list[UUID]
    object_roles: list[str]
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """An event with its place in the feed."""

    number: int
    event: RecordedEvent


def chain_hash(previous: str, events: Sequence[RecordedEvent]) -> str:
    """SHA-256 over the hash of the block before and the canonical JSON of each event, in feed order."""
    digest = hashlib.sha256(previous.encode())
    for event in events:
        digest.update(
            msgspec.json.encode(
                [
                    str(event.id),
                    event.type,
                    event.time.isoformat(),
                    event.actor,
                    event.reason,
                    event.object_types,
                    [str(key) for key in event.object_ids],
                    event.object_roles,
                    event.data,
                ],
                order="sorted",
            )
        )
    return digest.hexdigest()
