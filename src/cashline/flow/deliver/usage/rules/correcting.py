"""Correcting usage: what is recorded stays, and a further fact says that it counts no more, and what stands instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cashline.flow.deliver.usage.rules.events import NewUsage
from cashline.kernel.refusals import Conflict, NotFound, Refusal

type Key = tuple[str, str]
"""(source, id) of an event."""


class AlreadyCorrected(Conflict):
    """The event counts no more; what stands in its place may be corrected."""

    code = "usage_already_corrected"


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """An event, by (source, id), is void, or `replacement` stands in its place."""

    source: str
    event_id: str
    reason: str
    replacement: NewUsage | None = None


@dataclass(frozen=True, slots=True)
class Correctable:
    """A recorded event as a correction wants it; `replaced` says that it counts no more."""

    id: UUID
    at: datetime
    source: str
    event_id: str
    line_id: UUID
    subscription_id: UUID
    customer_id: UUID
    replaced: bool


def correction_errors(corrections: Sequence[NewCorrection], found: Mapping[Key, Correctable]) -> list[Refusal]:
    """Why corrections cannot be recorded: each event must be there, count still, and be corrected once."""
    refusals: list[Refusal] = []
    seen: set[Key] = set()
    for place, one in enumerate(corrections):
        key = (one.source, one.event_id)
        event = found.get(key)
        where = f"corrections.{place}"
        if event is None:
            refusals.append(NotFound(f"There is no event {one.event_id[:80]!r} of this source.", field=f"{where}.id"))
        elif event.replaced or key in seen:
            fix = "Correct the event that stands in its place."
            message = f"The event {one.event_id[:80]!r} is corrected already."
            refusals.append(AlreadyCorrected(message, field=f"{where}.id", fix=fix))
        if not one.reason.strip():
            refusals.append(Conflict("A correction needs its reason.", field=f"{where}.reason"))
        seen.add(key)
    return refusals
