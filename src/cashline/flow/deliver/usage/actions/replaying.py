"""Dead letters: replayed once their cause is mended, or discarded with a reason. What was sent stays as it was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.deliver.usage import queries
from cashline.flow.deliver.usage.actions.recording import append_usage
from cashline.flow.deliver.usage.rules.dead_letters import DEAD_LETTER, MAX_TEXT, DeadLetterStatus, kept_text
from cashline.flow.deliver.usage.rules.reading import read_event
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """How many dead letters were recorded now (or known meanwhile), and how many wait still."""

    replayed: int
    waiting: int


@transaction.atomic
def replay_dead_letters(
    letter_ids: Iterable[UUID] | None = None, *, now: datetime, actor: str, limit: int = 10_000
) -> ReplayResult:
    """Try waiting dead letters again, those given or the oldest; one that is refused again keeps the new reason."""
    letters = queries.waiting_letters_for_update(letter_ids, limit=limit)
    if not letters:
        return ReplayResult(0, 0)
    events = [read_event(letter.payload, now=letter.received_at) for letter in letters]
    assessed, _accepted = append_usage(events, now=now)
    refused = {one.index: one.wrong for one in assessed.refused}
    sql.update(
        "usage_dead_letters",
        {"code": "text", "field": "text", "message": "text"},
        [
            (letters[index].id, wrong.code, kept_text(wrong.field), kept_text(wrong.message, MAX_TEXT))
            for index, wrong in refused.items()
        ],
    )
    done = [letter.id for index, letter in enumerate(letters) if index not in refused]
    _resolve(done, "replay", "UsageReplayed", "", now, actor)
    return ReplayResult(len(done), len(refused))


@transaction.atomic
def discard_dead_letters(letter_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> int:
    """Give up waiting dead letters, for a reason that is kept; gives how many. Raises where one does not wait."""
    for letter in queries.letters_for_update(letter_ids):
        DEAD_LETTER.target("discard", letter.status, document_id=letter.event_id or str(letter.id))
    _resolve(letter_ids, "discard", "UsageDiscarded", reason, now, actor)
    return len(set(letter_ids))


def _resolve(keys: Sequence[UUID], step: str, event: str, reason: str, now: datetime, actor: str) -> None:
    status = DEAD_LETTER.target(step, DeadLetterStatus.WAITING)
    sql.update(
        "usage_dead_letters",
        {"status": "text", "resolved_at": "timestamptz", "resolved_by": "text", "reason": "text"},
        [(key, status.value, now, actor, reason) for key in keys],
    )
    record(
        [Event(event, (ObjectRef("usage_dead_letter", key),), {}, reason) for key in keys],
        now=now,
        actor=actor,
    )
