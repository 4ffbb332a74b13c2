"""The timeline of a document: the events of the log in words, oldest first."""

import re
from collections.abc import Iterable, Mapping
from uuid import UUID

from cashline.platform.events.queries import timeline
from cashline.platform.events.rules import RecordedEvent
from cashline.platform.pages.components import Label, TimelineEntry, Tone
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.threads import address_of

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
_GOOD = ("Accepted", "Approved", "Granted", "Signed", "Given", "Received", "Completed", "Delivered", "Activated")
_BAD = ("Rejected", "Declined", "Cancelled", "Failed", "Expired", "Voided", "Blocked", "Held")


def timeline_of(
    keys: Iterable[UUID], *, texts: Mapping[str, Label] | None = None, current: UUID | None = None
) -> tuple[TimelineEntry, ...]:
    """What happened to those objects; `texts` gives words for types that say more than their own name.

    Entries about other documents than `current` lead to them.
    """
    return tuple(_entry(event, texts or {}, current) for event in timeline(list(keys)))


def actor_name(actor: str) -> str:
    """Who acted, without the kind before the colon."""
    kind, _sep, name = actor.partition(":")
    return name if kind in ("user", "portal", "signer") else _("Cashline") if kind == "system" else actor


def _entry(event: RecordedEvent, texts: Mapping[str, Label], current: UUID | None) -> TimelineEntry:
    words = texts.get(event.type) or _(_WORD.sub(" ", event.type).capitalize())
    number = str(event.data.get("number", ""))
    subject = event.object_ids[0] if event.object_ids else None
    elsewhere = subject is not None and subject != current
    return TimelineEntry(
        at=event.time,
        text=f"{words} {number}".strip() if elsewhere and number else words,
        actor=actor_name(event.actor),
        detail=event.reason,
        url=address_of(event.object_types[0], subject) if elsewhere and subject is not None else "",
        tone=_tone(event.type),
    )


def _tone(type_name: str) -> Tone:
    if type_name.endswith(_GOOD):
        return Tone.SUCCESS
    return Tone.DANGER if type_name.endswith(_BAD) else Tone.NEUTRAL
