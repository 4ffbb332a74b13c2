"""The terms of a plan, and their stored form. Amounts are per whole period, without tax, in the plan's currency."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.agree.pricing.rules.charge_models import Charge
from cashline.kernel.anchors import Anchor, AnchorKind
from cashline.kernel.money import to_decimal
from cashline.kernel.periods import Interval, IntervalUnit, Period
from cashline.kernel.refusals import InvalidValue


class FeeTiming(StrEnum):
    """When a fee of a period is due: at its start, or after its end."""

    ADVANCE = "advance"
    ARREARS = "arrears"


class UsageTiming(StrEnum):
    """When usage is billed.

    ARREARS: after the period. AT_EVENT: each event by an invoice of its own. AT_EVENT_AND_AT_RENEWAL: what an event
    adds at once, and at each renewal all that is present.
    """

    ARREARS = "arrears"
    AT_EVENT = "at_event"
    AT_EVENT_AND_AT_RENEWAL = "at_event_and_at_renewal"


@dataclass(frozen=True, slots=True)
class FilterPrice:
    """The price of usage whose event carries this value of this dimension."""

    dimension: str
    value: str
    charge: Charge


@dataclass(frozen=True, slots=True)
class UsageCharge:
    """A price of what a meter counts; `charge` prices what no filter matches.

    With `carried_over` the level or the items at the end of a period are there at the start of the next. With
    `prorated` a unit counts for its days over the days of the period.
    """

    meter: str
    aggregation: str
    charge: Charge
    timing: UsageTiming = UsageTiming.ARREARS
    carried_over: bool = False
    prorated: bool = False
    filters: tuple[FilterPrice, ...] = ()
    minimum_per_period: Decimal | None = None
    tax_category: str = TaxCategory.STANDARD.value


@dataclass(frozen=True, slots=True)
class AddOn:
    """A fixed extra, billed in advance. Unless `prorated` it is due whole for any part of a period."""

    code: str
    units: Decimal
    unit_price: Decimal
    prorated: bool = True
    tax_category: str = TaxCategory.STANDARD.value


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """All that a plan costs. The base fee is for a quantity of 1.

    `minimum_commitment` is a minimum of base fee and usage together. At each of `usage_thresholds` (and each further
    step of `recurring_threshold`) the usage of the period so far is billed early. Who cancels before a term ends owes
    `termination_percent` of the base fees left of it, and `termination_fee`.
    """

    interval: IntervalUnit
    anchor: Anchor
    timing: FeeTiming
    base_fee: Decimal
    tax_category: str = TaxCategory.STANDARD.value
    trial_days: int = 0
    minimum_commitment: Decimal | None = None
    usage_thresholds: tuple[Decimal, ...] = ()
    recurring_threshold: Decimal | None = None
    charges: tuple[UsageCharge, ...] = ()
    add_ons: tuple[AddOn, ...] = ()
    termination_fee: Decimal | None = None
    termination_percent: Decimal | None = None

    def boundary(self, anchor: Anchor, first_start: date, stint_start: date) -> date:
        """The day from which the boundaries of its periods are counted: by an anniversary from the first start."""
        start = first_start if anchor.kind is AnchorKind.ANNIVERSARY else stint_start
        return anchor.first_boundary(Interval(self.interval), start)

    def whole(self, boundary: date, day: date) -> Period:
        """The whole period that holds a day."""
        return Interval(self.interval).period_holding(boundary, day)

    def as_json(self) -> dict[str, Any]:
        """The stored and published form; every number is a decimal string."""
        early = {"termination_fee": self.termination_fee, "termination_percent": self.termination_percent}
        return {
            "interval": self.interval.value,
            "anchor": {"kind": self.anchor.kind.value} | ({"day": self.anchor.day} if self.anchor.day else {}),
            "timing": self.timing.value,
            "base_fee": str(self.base_fee),
            "tax_category": self.tax_category,
            "trial_days": self.trial_days,
            "minimum_commitment": _text(self.minimum_commitment),
            "usage_thresholds": [str(amount) for amount in self.usage_thresholds],
            "recurring_threshold": _text(self.recurring_threshold),
            "charges": [_charge_json(charge) for charge in self.charges],
            "add_ons": [
                {
                    "code": item.code,
                    "units": str(item.units),
                    "unit_price": str(item.unit_price),
                    "prorated": item.prorated,
                    "tax_category": item.tax_category,
                }
                for item in self.add_ons
            ],
        } | {name: str(value) for name, value in early.items() if value is not None}

    @classmethod
    def from_json(cls, shape: Mapping[str, Any]) -> "PlanTerms":
        """Read the stored form, or a stranger's; raises InvalidValue where a word or a number is none."""
        standard = TaxCategory.STANDARD.value
        anchor = shape.get("anchor") or {}
        return cls(
            _word(IntervalUnit, shape, "interval"),
            Anchor(_word(AnchorKind, anchor, "kind", AnchorKind.ANNIVERSARY), int(anchor.get("day", 0))),
            _word(FeeTiming, shape, "timing", FeeTiming.ADVANCE),
            _amount(shape, "base_fee") or Decimal(0),
            shape.get("tax_category", standard),
            int(shape.get("trial_days") or 0),
            _amount(shape, "minimum_commitment"),
            tuple(to_decimal(item, field="usage_thresholds") for item in shape.get("usage_thresholds") or ()),
            _amount(shape, "recurring_threshold"),
            tuple(_charge_of(item) for item in shape.get("charges") or ()),
            tuple(
                AddOn(
                    item["code"],
                    to_decimal(item["units"], field="units"),
                    to_decimal(item["unit_price"], field="unit_price"),
                    bool(item.get("prorated", True)),
                    item.get("tax_category", standard),
                )
                for item in shape.get("add_ons") or ()
            ),
            _amount(shape, "termination_fee"),
            _amount(shape, "termination_percent"),
        )


def _charge_json(item: UsageCharge) -> dict[str, Any]:
    return {
        "meter": item.meter,
        "aggregation": item.aggregation,
        "charge": item.charge.as_json(),
        "timing": item.timing.value,
        "carried_over": item.carried_over,
        "prorated": item.prorated,
        "filters": [
            {"dimension": one.dimension, "value": one.value, "charge": one.charge.as_json()} for one in item.filters
        ],
        "minimum_per_period": _text(item.minimum_per_period),
        "tax_category": item.tax_category,
    }


def _charge_of(shape: Mapping[str, Any]) -> UsageCharge:
    return UsageCharge(
        shape["meter"],
        shape.get("aggregation", "sum"),
        Charge.from_json(shape["charge"]),
        _word(UsageTiming, shape, "timing", UsageTiming.ARREARS),
        bool(shape.get("carried_over", False)),
        bool(shape.get("prorated", False)),
        tuple(
            FilterPrice(one["dimension"], one["value"], Charge.from_json(one["charge"]))
            for one in shape.get("filters") or ()
        ),
        _amount(shape, "minimum_per_period"),
        shape.get("tax_category", TaxCategory.STANDARD.value),
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _amount(shape: Mapping[str, Any], name: str) -> Decimal | None:
    return None if shape.get(name) is None else to_decimal(shape[name], field=name)


def _word[W: StrEnum](kind: type[W], shape: Mapping[str, Any], name: str, default: W | None = None) -> W:
    given = shape.get(name, default)
    try:
        return kind(given)
    except ValueError:
        known = ", ".join(kind)
        raise InvalidValue(f"{given!r} is not one of {known}.", field=name) from None
