"""What recording events would come to: the recording itself, looked at and undone."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.deliver.usage import queries
from cashline.flow.deliver.usage.actions.recording import IngestResult, append_usage
from cashline.flow.deliver.usage.rules.events import NewUsage
from cashline.flow.deliver.usage.rules.previewing import QuantityChange, UsageEffect, touched_windows
from cashline.flow.deliver.usage.rules.recording import Unreadable


def preview_usage(
    events: Sequence[NewUsage | Unreadable], *, now: datetime, entity_ids: Sequence[UUID] | None = None
) -> UsageEffect:
    """What would be recorded, known already and refused, and which quantities of which months (UTC) would change."""
    with transaction.atomic():
        assessed, accepted = append_usage(events, now=now, entity_ids=entity_ids)
        windows = touched_windows(assessed.rows, queries.meters_by_id({row.meter_id for row in assessed.rows}))
        after = queries.metered(windows)
        transaction.set_rollback(True)
    result = IngestResult(accepted, len(events) - accepted - len(assessed.refused), tuple(assessed.refused))
    before = queries.metered(windows)
    numbers = queries.numbers_of_lines({window.line_id for window in windows})
    changes = tuple(
        QuantityChange(
            numbers[window.line_id],
            window.meter.code,
            window.start.astimezone(UTC).date(),
            before[window][0].quantity,
            after[window][0].quantity,
            after[window][0].event_count - before[window][0].event_count,
        )
        for window in windows
        if after[window] != before[window]
    )
    return UsageEffect(result.accepted, result.duplicates, result.refused, changes)
