"""Meters and events in the API: recorded in our form, as CloudEvents or from a file; previewed, listed, corrected."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.deliver.usage import actions, queries
from cashline.flow.deliver.usage.queries import MeterRow, UsageEventRow
from cashline.flow.deliver.usage.rules.correcting import NewCorrection
from cashline.flow.deliver.usage.rules.csv_usage import parse_csv_usage
from cashline.flow.deliver.usage.rules.events import NewUsage
from cashline.flow.deliver.usage.rules.meters import Aggregation, Meter, NewMeter
from cashline.flow.deliver.usage.rules.previewing import UsageEffect
from cashline.flow.deliver.usage.rules.reading import read_event, read_events
from cashline.flow.deliver.usage.rules.recording import RefusedUsage, Unreadable
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Limit,
    PublicId,
    Reason,
    Sort,
    Text,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Usage"])
type Code = Annotated[str, StringConstraints(min_length=1, max_length=80)]
type MeterCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/-]{1,80}$")]
type Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
MOST = 10_000


class UsageMeterIn(Closed):
    """What a meter means: how events become a quantity, and which of their properties hold it."""

    code: Code
    name: Text = ""
    unit: Text = ""
    aggregation: Aggregation
    value_property: Annotated[str, StringConstraints(max_length=80)] = ""
    item_property: Annotated[str, StringConstraints(max_length=80)] = ""
    dimensions: Annotated[list[Code], Field(max_length=20)] = []
    percentile: Annotated[Decimal, Field(gt=0, le=100, decimal_places=6)] | None = None

    def given(self) -> NewMeter:
        """As the action takes it."""
        meter = Meter(
            self.code,
            self.aggregation,
            self.value_property,
            self.item_property,
            tuple(self.dimensions),
            self.percentile,
        )
        return NewMeter(meter, self.name, self.unit)


class UsageCorrectionIn(Closed):
    """An event by source and id; without a replacement it is void."""

    source: Key
    id: Key
    reason: Reason
    replacement: dict[str, Any] | None = None


class UsageCorrectionsIn(Closed):
    """Corrections, all or none."""

    corrections: Annotated[list[UsageCorrectionIn], Field(min_length=1, max_length=1000)]


def meter_shape(row: MeterRow) -> dict[str, Any]:
    """A meter as the API shows it."""
    plain = "code version name unit aggregation value_property item_property dimensions percentile created_at"
    return {"id": public("usage_meter", row.id)} | {name: getattr(row, name) for name in plain.split()}


def event_shape(row: UsageEventRow) -> dict[str, Any]:
    """A recorded event as the API shows it."""
    return {
        "id": public("usage_event", row.id),
        "source": row.source,
        "event_id": row.event_id,
        "subscription": public("subscription", row.subscription_id),
        "subscription_number": row.subscription_number,
        "customer": public("customer", row.customer_id),
        "meter": row.meter,
        "time": row.at,
        "quantity": row.quantity,
        "item": row.item,
        "properties": row.properties,
        "known_at": row.known_at,
        "corrected_at": row.corrected_at,
        "replacement": public("usage_event", row.replacement) if row.replacement else None,
        "correction_reason": row.reason,
    }


def refused_shape(one: RefusedUsage) -> dict[str, Any]:
    """Why an event of a request was not recorded."""
    return {
        "index": one.index,
        "source": one.source,
        "id": one.event_id,
        "code": one.wrong.code,
        "field": one.wrong.field,
        "message": one.wrong.message,
    }


def result_shape(result: actions.IngestResult) -> dict[str, Any]:
    """What became of events as the API shows it."""
    return {
        "accepted": result.accepted,
        "duplicates": result.duplicates,
        "refused": [refused_shape(one) for one in result.refused[:1000]],
        "refused_count": len(result.refused),
        "batch": public("usage_batch", result.batch_id) if result.batch_id else None,
    }


@router.get("/meters")
def meter_list(
    request: HttpRequest, q: Words = "", sort: Sort = "code", cursor: Cursor = "", limit: Limit = 50
) -> dict[str, Any]:
    """Meters by code, aggregation or name, each in its newest version."""
    caller_of(request).require("usage.read")
    return listed(queries.list_meters(ask_of(sort, cursor, limit), words=q), meter_shape)


@router.post("/meters", response={201: dict[str, Any]})
def meter_create(request: HttpRequest, body: UsageMeterIn) -> tuple[int, dict[str, Any]]:
    """Make a meter, in its first version."""
    caller = caller_of(request)
    caller.require("usage.write")
    (key,) = actions.create_meters([body.given()], now=caller.now, actor=caller.actor)
    return 201, meter_shape(queries.meter(key))


@router.get("/meters/{meter_id}")
def meter_show(request: HttpRequest, meter_id: PublicId) -> dict[str, Any]:
    """A meter with all its versions, the newest first."""
    caller_of(request).require("usage.read")
    row = queries.meter(key_of("usage_meter", meter_id))
    return meter_shape(row) | {"versions": [meter_shape(one) for one in queries.versions_of(row.id)]}


@router.post("/meters/{meter_id}/versions", response={201: dict[str, Any]})
def meter_change(request: HttpRequest, meter_id: PublicId, body: UsageMeterIn) -> tuple[int, dict[str, Any]]:
    """Give a meter a new version, which reads the events that come in from now on; its code stays."""
    caller = caller_of(request)
    caller.require("usage.write")
    row = queries.meter(key_of("usage_meter", meter_id))
    if body.code != row.code:
        raise InvalidValue(f"The code of this meter is {row.code}.", field="code", fix="Make another meter.")
    actions.change_meters([body.given()], now=caller.now, actor=caller.actor)
    return 201, meter_shape(queries.meter(row.id))


@router.post("/usage-events")
def usage_record(request: HttpRequest, body: Body[dict[str, Any] | list[Any]]) -> dict[str, Any]:
    """Record usage: an event, `{"events": […]}` of at most 10,000, a CloudEvent 1.0, or a batch of them.

    An event is `{source, id, subscription, meter, time, quantity, item, properties}`; a CloudEvent names the meter by
    `type` and the subscription by `subject`. Each (source, id) counts once for ever. What cannot be recorded is kept as
    a dead letter and told here with code and field; the others are recorded.
    """
    caller = caller_of(request)
    caller.require("usage.write")
    events = read_events(body, now=caller.now)
    is_cloud = "cloudevents" in request.headers.get("Content-Type", "")
    return result_shape(
        actions.record_usage(
            events,
            now=caller.now,
            actor=caller.actor,
            door="cloudevents" if is_cloud else "api",
            entity_ids=caller.entities("usage.write"),
        )
    )


@router.post("/usage-events/preview")
def usage_preview(request: HttpRequest, body: Body[dict[str, Any] | list[Any]]) -> dict[str, Any]:
    """What recording these events would come to, and which quantities would change; nothing is recorded."""
    caller = caller_of(request)
    caller.require("usage.write")
    events = read_events(body, now=caller.now)
    return effect_shape(actions.preview_usage(events, now=caller.now, entity_ids=caller.entities("usage.write")))


def effect_shape(effect: UsageEffect) -> dict[str, Any]:
    """What recording would come to as the API shows it; a month in UTC by its first day."""
    names = "subscription meter month before after events"
    return {
        "accepted": effect.accepted,
        "duplicates": effect.duplicates,
        "refused": [refused_shape(one) for one in effect.refused[:1000]],
        "refused_count": len(effect.refused),
        "changes": [{name: getattr(one, name) for name in names.split()} for one in effect.changes],
    }


@router.post("/usage-events/import")
def usage_import(request: HttpRequest, source: Key = "csv", preview: bool = False) -> dict[str, Any]:
    """Record the events of a CSV file, sent as the body: columns id, subscription, meter, time, quantity, item, source.

    Every other column is a property. `source` is that of the rows which name none.
    """
    caller = caller_of(request)
    caller.require("usage.write")
    events = parse_csv_usage(request.body, source=source)
    entities = caller.entities("usage.write")
    if preview:
        return effect_shape(actions.preview_usage(events, now=caller.now, entity_ids=entities))
    return result_shape(
        actions.record_usage(events, now=caller.now, actor=caller.actor, door="csv", entity_ids=entities)
    )


@router.get("/usage-events")
def usage_list(
    request: HttpRequest,
    subscription: Annotated[str, Query(max_length=64)] = "",
    meter: Annotated[list[MeterCode], Query(max_length=50)] = [],  # noqa: B006 - read only, and shown in the description
    start: datetime | None = None,
    end: datetime | None = None,
    q: Words = "",
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Recorded events, `start` <= time < `end`, the last recorded first or by at, known_at, meter, quantity."""
    caller = caller_of(request)
    caller.require("usage.read")
    page = queries.list_usage_events(
        ask_of(sort, cursor, limit),
        subscription_id=key_of("subscription", subscription) if subscription else None,
        meters=meter,
        start=_utc(start),
        end=_utc(end),
        words=q,
        entity_ids=caller.entities("usage.read"),
    )
    return listed(page, event_shape)


@router.get("/usage-events/{event_id}")
def usage_show(request: HttpRequest, event_id: PublicId) -> dict[str, Any]:
    """One event, with what became of it."""
    return event_shape(_event(caller_of(request), event_id, "usage.read"))


@router.post("/usage-events/{event_id}/void")
def usage_void(request: HttpRequest, event_id: PublicId, body: Why) -> dict[str, Any]:
    """The event counts no more; bills that hold it are restated by their next run."""
    caller = caller_of(request)
    row = _event(caller, event_id, "usage.write")
    correction = NewCorrection(row.source, row.event_id, body.reason)
    actions.correct_usage([correction], now=caller.now, actor=caller.actor)
    return event_shape(queries.usage_event(row.id))


@router.post("/usage-corrections")
def usage_correct(request: HttpRequest, body: UsageCorrectionsIn) -> dict[str, Any]:
    """Void events, or put others in their place, by source and id: all or none, every error at once."""
    caller = caller_of(request)
    caller.require("usage.write")
    corrections = [
        NewCorrection(one.source, one.id, one.reason, _replacement(place, one.replacement, caller.now))
        for place, one in enumerate(body.corrections)
    ]
    keys = actions.correct_usage(
        corrections, now=caller.now, actor=caller.actor, entity_ids=caller.entities("usage.write")
    )
    return {"corrected": [public("usage_event", key) for key in keys]}


def _replacement(place: int, raw: dict[str, Any] | None, now: datetime) -> NewUsage | None:
    if raw is None:
        return None
    found = read_event(raw, now=now)
    if isinstance(found, Unreadable):
        raise InvalidValue(found.wrong.message, field=f"corrections.{place}.replacement.{found.wrong.field}")
    return found


def _event(caller: Caller, event_id: str, permission: str) -> UsageEventRow:
    row = queries.usage_event(key_of("usage_event", event_id))
    entity_id = queries.usage_subscription(row.subscription_id).entity_id
    require_visible(caller, permission, entity_id, "usage_event", row.id)
    return row


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
