"""The API of exports: batches of the journal, their files, and their acknowledgement."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.recognise.books.api import chosen
from cashline.flow.recognise.books.rules.policies import JOURNAL
from cashline.flow.recognise.exports import actions
from cashline.flow.recognise.exports.queries import ExportRow, export, export_text, exports, ledger_text
from cashline.flow.recognise.exports.rules import Format, Totals
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.periods import FIRST_DAY, LAST_DAY
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import Closed, EntityCode, PublicId, require_visible

router = Router(tags=["Recognise"])
type Count = Annotated[int, Field(ge=0, le=2_000_000_000)]
type Sum = Annotated[Decimal, Field(ge=0, lt=Decimal("1e16"), decimal_places=4)]
type Code = Annotated[str, StringConstraints(max_length=8)]
MEDIA = {Format.CSV: "text/csv", Format.BEANCOUNT: "text/plain", Format.HLEDGER: "text/plain"}
ENDINGS = {Format.CSV: "csv", Format.BEANCOUNT: "beancount", Format.HLEDGER: "journal"}


class NewExport(Closed):
    """The entity whose journal is exported."""

    entity: EntityCode


class Acknowledgement(Closed):
    """What the receiver counts of a batch: entries, lines, debits and credits in the entity's currency."""

    entries: Count
    lines: Count
    debit: Sum
    credit: Sum
    sha256: Annotated[str, StringConstraints(max_length=64)] = ""
    reference: Annotated[str, StringConstraints(max_length=200)] = ""


@router.get("/journal-exports")
def export_list(request: HttpRequest) -> dict[str, Any]:
    """The batches, newest first."""
    caller = caller_of(request)
    caller.require("ledger.read")
    return {"items": [shape(row) for row in exports(caller.entities("ledger.read"))], "next_cursor": ""}


@router.post("/journal-exports")
def export_create(request: HttpRequest, body: NewExport) -> dict[str, Any]:
    """Export what was posted since the last batch; `export` is null where nothing was."""
    caller = caller_of(request)
    owner = entity_by_code(body.entity)
    caller.require("ledger.write", owner.id)
    row = actions.export_journal(entity_id=owner.id, now=caller.now, actor=caller.actor)
    return {"export": shape(row) if row else None}


@router.get("/journal-exports/{export_id}")
def export_detail(request: HttpRequest, export_id: PublicId) -> dict[str, Any]:
    """One batch."""
    return shape(_visible(request, export_id))


@router.get("/journal-exports/{export_id}/file")
def export_file(request: HttpRequest, export_id: PublicId, format: Format = Format.CSV) -> StreamingHttpResponse:  # noqa: A002
    """The batch as a file; the same bytes whenever it is asked for."""
    row = _visible(request, export_id)
    return as_file(export_text(row, format), f"journal-{row.number}", format)


@router.post("/journal-exports/{export_id}/acknowledge")
def export_acknowledge(request: HttpRequest, export_id: PublicId, body: Acknowledgement) -> dict[str, Any]:
    """Say that the receiver has the batch, with its own totals; refused where they differ."""
    caller = caller_of(request)
    row = _visible(request, export_id)
    caller.require("ledger.write", row.entity_id)
    totals = Totals(body.entries, body.lines, body.debit, body.credit)
    done = actions.acknowledge_export(
        export_id=row.id,
        totals=totals,
        sha256=body.sha256,
        reference=body.reference,
        now=caller.now,
        actor=caller.actor,
    )
    return shape(done)


@router.get("/journal-text")
def journal_text(
    request: HttpRequest,
    entity: Code,
    format: Format = Format.BEANCOUNT,  # noqa: A002
    until: Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)] = None,
    book: Code = JOURNAL,
) -> StreamingHttpResponse:
    """The whole journal of an entity up to a day, with the trial balance of that day asserted.

    `book` is the code of a book beside the journal: what it posted otherwise follows, and its balances are asserted.
    """
    caller = caller_of(request)
    owner = entity_by_code(entity)
    caller.require("ledger.read", owner.id)
    day = until or caller.today(owner.timezone)
    text = ledger_text(owner, format, until=day, book=chosen(owner, book))
    return as_file(text, f"{owner.code}-{day.isoformat()}", format)


def as_file(text: Any, name: str, wanted: Format) -> StreamingHttpResponse:
    """A text as a download, piece by piece."""
    answer = StreamingHttpResponse(text, content_type=f"{MEDIA[wanted]}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.{ENDINGS[wanted]}"'
    return answer


def _visible(request: HttpRequest, export_id: str) -> ExportRow:
    row = export(key_of("journal_export", export_id))
    require_visible(caller_of(request), "ledger.read", row.entity_id, "journal_export", row.id)
    return row


def shape(row: ExportRow) -> dict[str, Any]:
    """A batch as every door tells it."""
    return {
        "id": public("journal_export", row.id),
        "entity": public("entity", row.entity_id),
        "number": row.number,
        "status": row.status,
        "entries": row.entries,
        "lines": row.lines,
        "debit": row.debit,
        "credit": row.credit,
        "first_day": row.first_day,
        "last_day": row.last_day,
        "sha256": row.sha256,
        "created_at": row.created_at,
        "acknowledged_at": row.acknowledged_at,
        "reference": row.reference,
    }
