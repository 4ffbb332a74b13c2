"""Meters: which usage is counted under a code, and how a period of it becomes one quantity."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from cashline.kernel.refusals import InvalidValue, Refusal

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,79}", re.ASCII)
PROPERTY = re.compile(r"[^\x00-\x1f]{1,80}")
MAX_DIMENSIONS = 20


class Aggregation(StrEnum):
    """How the events of a period become a quantity."""

    COUNT = "count"
    SUM = "sum"
    MAX = "max"
    UNIQUE_COUNT = "unique_count"
    LATEST = "latest"
    WEIGHTED_SUM = "weighted_sum"
    AVERAGE = "average"
    PERCENTILE = "percentile"


_A = Aggregation
VALUED = frozenset({_A.SUM, _A.MAX, _A.LATEST, _A.WEIGHTED_SUM, _A.AVERAGE, _A.PERCENTILE})
"""Aggregations whose events must state a quantity; an event that is counted stands for one where it states none."""
CARRIED = frozenset({_A.COUNT, _A.SUM, _A.UNIQUE_COUNT, _A.LATEST, _A.WEIGHTED_SUM})
"""Aggregations that can go on from what stood at the end of the period before."""
PRORATED = frozenset({_A.COUNT, _A.SUM, _A.UNIQUE_COUNT})
"""Aggregations whose units can be weighted by the days for which they stood (a weighted sum is weighted by itself)."""


class MeterInvalid(InvalidValue):
    """A meter that could not measure anything."""

    code = "invalid_meter"


@dataclass(frozen=True, slots=True)
class Meter:
    """What a code means: the quantity of an event is its property `value_property` ("": its own quantity).

    The item of a unique count is the property `item_property` ("": its own item). `dimensions` are the properties by
    which usage is shown and priced apart. `percentile` is between 0 and 100, of that aggregation alone.
    """

    code: str
    aggregation: Aggregation = Aggregation.SUM
    value_property: str = ""
    item_property: str = ""
    dimensions: tuple[str, ...] = ()
    percentile: Decimal | None = None

    @property
    def needs_quantity(self) -> bool:
        """Must every event state a quantity?"""
        return self.aggregation in VALUED

    @property
    def needs_item(self) -> bool:
        """Must every event name an item?"""
        return self.aggregation is Aggregation.UNIQUE_COUNT


@dataclass(frozen=True, slots=True)
class NewMeter:
    """A meter to be made, or the next version of one."""

    meter: Meter
    name: str = ""
    unit: str = ""


def meter_errors(new: Iterable[NewMeter]) -> list[Refusal]:
    """Everything that is wrong with meters, each with its field and its fix."""
    found: list[Refusal] = []
    for place, one in enumerate(new):
        meter, where = one.meter, f"meters.{place}"
        if not CODE.fullmatch(meter.code):
            fix = "Use letters, digits, and . _ - : / inside, at most 80."
            found.append(MeterInvalid(f"{meter.code!r} is no code of a meter.", field=f"{where}.code", fix=fix))
        if (meter.aggregation is Aggregation.PERCENTILE) != (meter.percentile is not None):
            found.append(
                MeterInvalid(
                    "A percentile belongs to the aggregation percentile, and to no other.", field=f"{where}.percentile"
                )
            )
        elif meter.percentile is not None and not 0 < meter.percentile <= 100:
            found.append(MeterInvalid("A percentile lies above 0 and at most at 100.", field=f"{where}.percentile"))
        if len(meter.dimensions) > MAX_DIMENSIONS or len(set(meter.dimensions)) < len(meter.dimensions):
            fix = f"Give at most {MAX_DIMENSIONS}, each once."
            found.append(MeterInvalid("The dimensions are too many or repeated.", field=f"{where}.dimensions", fix=fix))
        names = [name for name in (meter.value_property, meter.item_property) if name]
        if not all(PROPERTY.fullmatch(name) for name in (*names, *meter.dimensions)):
            found.append(MeterInvalid("A property has 1 to 80 printable characters.", field=f"{where}.dimensions"))
    return found
