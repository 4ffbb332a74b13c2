"""Making meters, and giving them further versions; what an earlier version measured stays as it was recorded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.deliver.usage import queries
from cashline.flow.deliver.usage.rules.meters import NewMeter, meter_errors
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, NotFound, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_FIELDS = (
    "id meter_id version name unit aggregation value_property item_property dimensions percentile created_at actor"
)
_VERSION = _FIELDS.split()


@transaction.atomic
def create_meters(meters: Sequence[NewMeter], *, now: datetime, actor: str) -> list[UUID]:
    """Make meters, in their first version; raises every refusal at once, a code that is taken among them."""
    codes = [one.meter.code for one in meters]
    taken = queries.newest_versions(codes).keys() | {code for code in codes if codes.count(code) > 1}
    raise_all(
        [
            *meter_errors(meters),
            *(Conflict(f"There is a meter {code} already.", field="code") for code in sorted(taken)),
        ]
    )
    keys = [new_id() for _ in meters]
    sql.insert(
        "usage_meters", ("id", "code", "created_at"), [(key, code, now) for key, code in zip(keys, codes, strict=True)]
    )
    _add_versions([(key, 1, one) for key, one in zip(keys, meters, strict=True)], "UsageMeterCreated", now, actor)
    return keys


@transaction.atomic
def change_meters(meters: Sequence[NewMeter], *, now: datetime, actor: str) -> None:
    """Give meters a new version, which reads the events that come in from now on; raises NotFound and every error."""
    newest = queries.newest_versions([one.meter.code for one in meters])
    missing = [one.meter.code for one in meters if one.meter.code not in newest]
    raise_all([*meter_errors(meters), *(NotFound(f"There is no meter {code}.", field="code") for code in missing)])
    rows = [(newest[one.meter.code][0], newest[one.meter.code][1] + 1, one) for one in meters]
    _add_versions(rows, "UsageMeterChanged", now, actor)


def _add_versions(rows: Sequence[tuple[UUID, int, NewMeter]], event: str, now: datetime, actor: str) -> None:
    sql.insert("usage_meter_versions", _VERSION, [_version(*row, now, actor) for row in rows])
    record(
        [
            Event(
                event,
                (ObjectRef("usage_meter", key),),
                {"code": one.meter.code, "version": version, "aggregation": one.meter.aggregation.value},
            )
            for key, version, one in rows
        ],
        now=now,
        actor=actor,
    )


def _version(key: UUID, version: int, one: NewMeter, now: datetime, actor: str) -> tuple[Any, ...]:
    meter = one.meter
    return (
        new_id(), key, version, one.name, one.unit, meter.aggregation.value, meter.value_property, meter.item_property,
        list(meter.dimensions), meter.percentile, now, actor,
    )  # fmt: skip
