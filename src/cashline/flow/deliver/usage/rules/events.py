"""Usage as facts: an event is recorded once by (source, id); a correction or a void is a further fact beside it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewUsage:
    """An event as it comes in: `source` and `event_id` tell it from all others for ever.

    `subscription` is a public id or a number, `meter` a code. `payload` is what was sent, kept where it is refused.
    """

    source: str
    event_id: str
    subscription: str
    meter: str
    at: datetime
    quantity: Decimal | None = None
    item: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """A recorded event. `quantity` is 1 where it stated none; `known_at` is when we learnt of it."""

    id: UUID
    subscription_line: UUID
    meter: str
    at: datetime
    quantity: Decimal
    item: str
    properties: Mapping[str, str]
    known_at: datetime
    source: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class UsageCorrection:
    """That an event counts no more since `known_at`; what replaces it, if anything, is an event of its own."""

    corrected: UUID
    known_at: datetime


def in_force(
    events: Iterable[UsageEvent], corrections: Iterable[UsageCorrection] = (), *, known_by: datetime | None = None
) -> list[UsageEvent]:
    """The events that count, as known at an instant (None: as known now)."""

    def known(at: datetime) -> bool:
        return known_by is None or at <= known_by

    gone: Collection[UUID] = {one.corrected for one in corrections if known(one.known_at)}
    return [event for event in events if event.id not in gone and known(event.known_at)]
