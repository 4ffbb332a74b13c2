"""The API of process mining: the chain of a document, cycle times, and the event log as OCEL 2.0."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router

from cashline.flow.report.mining import queries
from cashline.flow.report.mining.rules import ChainDocument, CycleTime, ocel_event
from cashline.flow.report.statements.rules import FIRST_DAY, LAST_DAY
from cashline.kernel.identifiers import PREFIXES, key_of, public
from cashline.kernel.refusals import NotFound
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import PublicId

router = Router(tags=["Reports"])
_KINDS = {prefix: kind for kind, prefix in PREFIXES.items()}
Days = Annotated[int, Query(ge=1, le=3660)]
Day = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]


@router.get("/chains/{document_id}")
def chain_show(request: HttpRequest, document_id: PublicId) -> dict[str, Any]:
    """All documents from quote to payment that a document belongs to, and everything that happened to them."""
    caller = caller_of(request)
    caller.require("reports.read")
    kind, key = read_document(document_id)
    require_chain(caller, kind, key)
    documents, events = queries.chain_timeline(kind, key)
    return {"documents": [_document(one) for one in documents], "events": [ocel_event(event) for event in events]}


def read_document(text: str) -> tuple[str, UUID]:
    """The kind and key that a public id names; raises NotFound."""
    kind = _KINDS.get(text.partition("_")[0], "")
    if kind not in queries.CHAINED:
        raise NotFound(f"There is no document {text[:64]!r} with a chain.", field="id")
    return kind, key_of(kind, text)


def require_chain(caller: Caller, kind: str, key: UUID) -> None:
    """Raise NotFound where the document is not there, or of an entity whose reports the caller may not read."""
    if not any(caller.authority.allows("reports.read", entity) for entity in queries.entities_of(kind, key)):
        raise NotFound(f"There is no {kind.replace('_', ' ')} {public(kind, key)}.", field="id")


def _document(one: ChainDocument) -> dict[str, Any]:
    return {
        "type": one.kind,
        "id": public(one.kind, one.id),
        "number": one.number,
        "status": one.status,
        "day": one.day,
        "amount": one.amount,
        "currency": one.currency,
    }


@router.get("/reports/cycle-times")
def cycle_times(request: HttpRequest, until: Day = None, days: Days = 365) -> dict[str, Any]:
    """How many days each stage took: median and ninetieth percentile of the latest cases of the window."""
    caller = caller_of(request)
    caller.require("reports.read")
    found = queries.cycle_times(until=until or caller.today(), days=days, entity_ids=caller.entities("reports.read"))
    return {"items": [time_shape(one) for one in found], "next_cursor": ""}


def time_shape(one: CycleTime) -> dict[str, Any]:
    """A cycle time as every door tells it."""
    return {
        "stage": one.stage.code,
        "definition": one.stage.definition,
        "median_days": one.median,
        "ninetieth_percentile_days": one.ninetieth,
        "cases": one.cases,
    }


@router.get("/reports/event-log", response={200: Any})
def event_log(request: HttpRequest, since: Day = None, until: Day = None) -> StreamingHttpResponse:
    """The event log of the company as OCEL 2.0 JSON, for process-mining tools; days are in UTC, both included."""
    caller = caller_of(request)
    caller.require("reports.read")
    if caller.entities("reports.read") is not None:
        raise NotFound("The log is of the whole company: it needs the right for all legal entities.", field="entity")
    log = queries.ocel(since=start_of(since), until=start_of(until, 1))
    answer = StreamingHttpResponse(log, content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="events.jsonocel"'
    return answer


def start_of(day: date | None, later: int = 0) -> datetime | None:
    """The first instant of a day in UTC, or of one so many days later."""
    return datetime.combine(day, time(), UTC) + timedelta(days=later) if day else None
