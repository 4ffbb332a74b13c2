"""Writing exports: a new batch of what was posted since the last, and its acknowledgement by the receiver."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.recognise.exports.queries import (
    ExportRow,
    csv_of,
    export,
    export_for_update,
    exported_up_to,
    totals_between,
)
from cashline.flow.recognise.exports.rules import EXPORT, ExportStatus, Totals, check_totals
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


@transaction.atomic
def export_journal(*, entity_id: UUID, now: datetime, actor: str) -> ExportRow | None:
    """Export what was posted to an entity since its last batch; None where nothing was.

    Entries of transactions that may still be running wait for the next batch.
    """
    owner = entities_by_id([entity_id])[entity_id]
    sql.execute("SELECT pg_advisory_xact_lock(hashtextextended('cashline.export ' || %s::text, 0))", (entity_id,))
    number, after = exported_up_to(entity_id)
    bound = sql.fetch_one("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1")
    up_to = int(bound[0]) if bound else after
    found = totals_between(entity_id, after, up_to) if up_to > after else None
    if found is None:
        return None
    totals, first_day, last_day = found
    digest = hashlib.sha256()
    for text in csv_of(owner, number + 1, after, up_to):
        digest.update(text.encode())
    key = new_id()
    sql.execute(
        "INSERT INTO journal_exports (id, entity_id, number, after_transaction, up_to_transaction, entries, lines, "
        "debit, credit, first_day, last_day, sha256, created_at, created_by) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(key, entity_id, number + 1, after, up_to, totals.entries, totals.lines, totals.debit, totals.credit),
            *(first_day, last_day, digest.hexdigest(), now, actor),
        ),
    )
    objects = (ObjectRef("journal_export", key), ObjectRef("entity", entity_id))
    data = {"number": f"{owner.code}-{number + 1}", "entries": totals.entries, "debit": str(totals.debit)}
    record([Event("JournalExported", objects, data)], now=now, actor=actor)
    return export(key)


@transaction.atomic
def acknowledge_export(
    *, export_id: UUID, totals: Totals, sha256: str = "", reference: str = "", now: datetime, actor: str
) -> ExportRow:
    """Keep that the receiver has the batch; raises TotalsDiffer unless it counts the same.

    `sha256` is compared where the receiver gives one; `reference` is its own name for the batch. A second
    acknowledgement with the same totals changes nothing.
    """
    row = export_for_update(export_id)
    check_totals(row.totals, totals)
    if sha256 and sha256.lower() != row.sha256:
        raise InvalidValue("The file that was taken in is not the one of this batch.", field="sha256")
    if row.status == ExportStatus.ACKNOWLEDGED:
        return row
    sql.execute(
        "UPDATE journal_exports SET status = %s, acknowledged_at = %s, acknowledged_by = %s, reference = %s "
        "WHERE id = %s",
        (EXPORT.target("acknowledge", row.status).value, now, actor, reference, export_id),
    )
    objects = (ObjectRef("journal_export", export_id), ObjectRef("entity", row.entity_id))
    record([Event("JournalExportAcknowledged", objects, {"reference": reference})], now=now, actor=actor)
    return export(export_id)
