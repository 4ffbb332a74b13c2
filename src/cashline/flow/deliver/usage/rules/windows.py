"""Windows: which usage a quantity is asked for. Filters part the events of a window, so that none counts twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from cashline.flow.deliver.usage.rules.meters import CARRIED, PRORATED, Meter
from cashline.kernel.periods import Period, day_start, local_day
from cashline.kernel.refusals import InvalidValue

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """Events that carry all of these dimensions with exactly these values; more dimensions are more specific."""

    values: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "UsageFilter":
        """The filter for a mapping of dimension to value."""
        return cls(tuple(sorted(values.items())))

    def matches(self, properties: Mapping[str, str]) -> bool:
        """Does an event with these properties pass?"""
        return all(properties.get(dimension) == value for dimension, value in self.values)


def by_specificity(filters: tuple[UsageFilter, ...]) -> list[int]:
    """The places of filters in the order in which they are tried: most dimensions first, then as they stand."""
    return sorted(range(len(filters)), key=lambda place: (-len(filters[place].values), place))


def filter_of(filters: tuple[UsageFilter, ...], properties: Mapping[str, str]) -> int | None:
    """The place of the one filter that an event belongs to, the most specific that it passes; None for the rest."""
    return next((place for place in by_specificity(filters) if filters[place].matches(properties)), None)


@dataclass(frozen=True)
class UsageWindow:
    """The usage of a subscription line under a meter, `start` <= at < `end`.

    With `carried_over` what came before `start` counts on. With `prorated` a unit counts for the days from its event to
    the last day, over the days of `whole`; a day of the window is one that begins before `end` does not, that is
    `[local day of start, local day of end)` in `zone`, so that the day of a change is the next window's. A weighted sum
    is over the whole time of `whole` likewise. `group_by` parts every filter further by the values of dimensions.
    """

    line_id: UUID
    meter: Meter
    start: datetime
    end: datetime
    carried_over: bool = False
    prorated: bool = False
    whole: Period | None = None
    zone: str = "UTC"
    filters: tuple[UsageFilter, ...] = ()
    group_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or self.end <= self.start:
            raise InvalidValue("A window of usage ends after it starts, both instants in a zone.", field="window")
        if self.carried_over and self.meter.aggregation not in CARRIED:
            raise InvalidValue(f"{self.meter.aggregation} cannot be carried over.", field="carried_over")
        if self.prorated and self.meter.aggregation not in PRORATED:
            raise InvalidValue(f"{self.meter.aggregation} cannot be prorated by days.", field="prorated")

    def __hash__(self) -> int:
        return hash((self.line_id, self.meter.code, self.start, self.end))

    @cached_property
    def first_day(self) -> date:
        """The first day of the window."""
        return local_day(self.start, self.zone)

    @cached_property
    def end_day(self) -> date:
        """The first day after it."""
        return local_day(self.end, self.zone)

    @property
    def whole_days(self) -> int:
        """The days of the whole period that a unit is a part of."""
        return self.whole.days if self.whole else max(1, (self.end_day - self.first_day).days)

    @property
    def whole_microseconds(self) -> int:
        """The time of the whole period that a level is averaged over; an hour of a clock change counts as it is."""
        if self.whole is None:
            return (self.end - self.start) // MICROSECOND
        return (day_start(self.whole.end, self.zone) - day_start(self.whole.start, self.zone)) // MICROSECOND


@dataclass(frozen=True, slots=True)
class MeteredQuantity:
    """What the events of one filter (None: of no filter) and group come to.

    `quantity` is exact or has 60 digits; `level` is the running total (or the items) at the end; `event_count` is how
    many events it is made of, those carried over among them.
    """

    filter: UsageFilter | None
    quantity: Decimal
    event_count: int
    level: Decimal = Decimal(0)
    group: tuple[str, ...] = ()
