"""Reading meters: what a code means, now and in earlier versions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.deliver.usage.rules.meters import Aggregation, Meter
from cashline.flow.deliver.usage.rules.recording import KnownMeter
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class MeterRow:
    """A meter with one of its versions (the newest, unless versions were asked for)."""

    id: UUID
    code: str
    version: int
    name: str
    unit: str
    aggregation: str
    value_property: str
    item_property: str
    dimensions: list[str]
    percentile: Decimal | None
    created_at: datetime
    actor: str

    @property
    def meter(self) -> Meter:
        """The rule of this version."""
        return Meter(
            self.code,
            Aggregation(self.aggregation),
            self.value_property,
            self.item_property,
            tuple(self.dimensions),
            self.percentile,
        )


_COLUMNS = (
    "m.id, m.code, v.version, v.name, v.unit, v.aggregation, v.value_property, v.item_property, v.dimensions, "
    "v.percentile, v.created_at, v.actor"
)
_ALL = "usage_meters m JOIN usage_meter_versions v ON v.meter_id = m.id"
_NEWEST = f"{_ALL} AND v.version = (SELECT max(n.version) FROM usage_meter_versions n WHERE n.meter_id = m.id)"
SORTS = {"code": "m.code", "aggregation": "v.aggregation", "name": "lower(v.name)"}


def meters_by_code(codes: Iterable[str]) -> dict[str, MeterRow]:
    """Meters in their newest version, by code; unknown codes are left out."""
    rows = sql.fetch_as(MeterRow, f"SELECT {_COLUMNS} FROM {_NEWEST} WHERE m.code = ANY(%s)", (list(set(codes)),))
    return {row.code: row for row in rows}


def known_meters(codes: Iterable[str]) -> dict[str, KnownMeter]:
    """Meters as the assessment of events wants them."""
    return {code: KnownMeter(row.id, row.meter) for code, row in meters_by_code(codes).items()}


def newest_versions(codes: Iterable[str]) -> dict[str, tuple[UUID, int]]:
    """Key and newest version of meters by code."""
    rows = sql.fetch(
        "SELECT m.code, m.id, max(v.version) FROM usage_meters m JOIN usage_meter_versions v ON v.meter_id = m.id "
        "WHERE m.code = ANY(%s) GROUP BY 1, 2",
        (list(set(codes)),),
    )
    return {code: (key, version) for code, key, version in rows}


def meter(meter_id: UUID) -> MeterRow:
    """One meter in its newest version; raises NotFound."""
    rows = sql.fetch_as(MeterRow, f"SELECT {_COLUMNS} FROM {_NEWEST} WHERE m.id = %s", (meter_id,))
    if not rows:
        raise NotFound("There is no such meter.", field="meter_id")
    return rows[0]


def meter_coded(code: str) -> UUID | None:
    """The meter with that code."""
    row = sql.fetch_one("SELECT id FROM usage_meters WHERE code = %s", (code,))
    return row[0] if row else None


def versions_of(meter_id: UUID) -> list[MeterRow]:
    """All versions of a meter, the newest first."""
    return sql.fetch_as(MeterRow, f"SELECT {_COLUMNS} FROM {_ALL} WHERE m.id = %s ORDER BY v.version DESC", (meter_id,))


def list_meters(ask: lists.Ask, *, words: str = "") -> Page[MeterRow]:
    """One page of meters; words are looked for in code and name."""
    conditions = lists.Conditions()
    conditions.contains(("m.code", "v.name"), words)
    return lists.page(
        MeterRow,
        columns=_COLUMNS,
        source=_NEWEST,
        key="m.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def meters_by_id(keys: Iterable[UUID]) -> dict[UUID, Meter]:
    """Meters in their newest version, by key."""
    rows = sql.fetch_as(MeterRow, f"SELECT {_COLUMNS} FROM {_NEWEST} WHERE m.id = ANY(%s)", (list(set(keys)),))
    return {row.id: row.meter for row in rows}


@dataclass(frozen=True, slots=True)
class MeterOfLine:
    """A meter in its newest version as a customer may see it."""

    code: str
    name: str
    unit: str
    aggregation: str
    value_property: str
    item_property: str
    dimensions: list[str]
    percentile: Decimal | None

    @property
    def meter(self) -> Meter:
        """The rule of this version."""
        rule = Aggregation(self.aggregation)
        return Meter(self.code, rule, self.value_property, self.item_property, tuple(self.dimensions), self.percentile)


def meters_of_line(line_id: UUID) -> list[MeterOfLine]:
    """The meters under which a line has usage, by code; the portal may ask too."""
    return sql.fetch_as(
        MeterOfLine,
        "SELECT m.code, v.name, v.unit, v.aggregation, v.value_property, v.item_property, v.dimensions, v.percentile "
        f"FROM {_NEWEST} WHERE EXISTS (SELECT FROM usage_events e WHERE e.line_id = %s AND e.meter_id = m.id) "
        "ORDER BY m.code",
        (line_id,),
    )
