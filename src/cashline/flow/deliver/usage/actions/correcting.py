"""Recording that events count no more, and what stands in their place; the events themselves stay as they are."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.deliver.usage import queries
from cashline.flow.deliver.usage.actions.recording import record_usage
from cashline.flow.deliver.usage.rules.correcting import Correctable, NewCorrection, correction_errors
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_COLUMNS = ("id", "at", "line_id", "source", "event_id", "replacement", "reason", "known_at", "actor")


@transaction.atomic
def correct_usage(
    corrections: Sequence[NewCorrection], *, now: datetime, actor: str, entity_ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Void events or put others in their place, all or none; gives the ids of the corrected events.

    Raises every refusal at once: an event that is not there (or of another legal entity), that is corrected already, or
    a replacement that cannot be recorded. Bills that were issued with it are restated by their next run.
    """
    keys = [(one.source, one.event_id) for one in corrections]
    _take_turns(keys)
    found = queries.correctable(keys, entity_ids=entity_ids)
    raise_all(correction_errors(corrections, found))
    replacements = _record_replacements(corrections, now, actor, entity_ids)
    rows, events = [], []
    for one, key in zip(corrections, keys, strict=True):
        old = found[key]
        new = replacements[one.replacement.source, one.replacement.event_id] if one.replacement else None
        row = (old.id, old.at, old.line_id, old.source, old.event_id, new.id if new else None, one.reason, now, actor)
        rows.append(row)
        events.append(
            Event("UsageCorrected", _objects(old, new), {"source": old.source, "id": old.event_id}, one.reason)
        )
    sql.insert("usage_corrections", _COLUMNS, rows)
    record(events, now=now, actor=actor)
    return [found[key].id for key in keys]


def _take_turns(keys: Sequence[tuple[str, str]]) -> None:
    """Wait for whoever corrects one of these events now; facts cannot be locked as rows, which nobody may change."""
    sql.fetch(
        "SELECT pg_advisory_xact_lock(turn) FROM "
        "(SELECT DISTINCT hashtextextended(k.source || chr(31) || k.event_id, 7) AS turn "
        "FROM unnest(%s::text[], %s::text[]) AS k(source, event_id) ORDER BY 1) AS turns",
        ([source for source, _ in keys], [event_id for _, event_id in keys]),
    )


def _record_replacements(
    corrections: Sequence[NewCorrection], now: datetime, actor: str, entity_ids: Sequence[UUID] | None
) -> dict[tuple[str, str], Correctable]:
    """Record what stands in the place of events, all of it new; raises what is wrong with any."""
    places = [place for place, one in enumerate(corrections) if one.replacement]
    events = [one.replacement for one in corrections if one.replacement]
    if not events:
        return {}
    result = record_usage(events, now=now, actor=actor, door="correction", entity_ids=entity_ids)
    refusals: list[Refusal] = [
        InvalidValue(
            one.wrong.message,
            field=f"corrections.{places[one.index]}.replacement.{one.wrong.field}",
            why=one.wrong.code,
        )
        for one in result.refused
    ]
    if result.duplicates:
        refusals.append(
            Conflict(
                "A replacement is an event of its own, with an id that is new.", field="corrections.replacement.id"
            )
        )
    raise_all(refusals)
    return queries.correctable([(event.source, event.event_id) for event in events])


def _objects(old: Correctable, new: Correctable | None) -> tuple[ObjectRef, ...]:
    objects = (
        ObjectRef("usage_event", old.id),
        ObjectRef("subscription", old.subscription_id),
        ObjectRef("customer", old.customer_id),
    )
    return (*objects, ObjectRef("usage_event", new.id, "replacement")) if new else objects
