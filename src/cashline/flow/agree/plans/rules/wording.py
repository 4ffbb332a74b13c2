"""The terms of a plan in plain words, for the people who sell it and those who ask what it costs."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from cashline.flow.agree.plans.rules.terms import AddOn, FeeTiming, PlanTerms, UsageCharge, UsageTiming
from cashline.flow.agree.pricing.rules.wording import describe
from cashline.kernel.anchors import AnchorKind
from cashline.kernel.periods import IntervalUnit

EVERY: Mapping[IntervalUnit, str] = {
    IntervalUnit.DAY: "every day",
    IntervalUnit.WEEK: "every week",
    IntervalUnit.MONTH: "every month",
    IntervalUnit.QUARTER: "every quarter",
    IntervalUnit.HALF_YEAR: "every half year",
    IntervalUnit.YEAR: "every year",
}
_BILLED: Mapping[UsageTiming, str] = {
    UsageTiming.ARREARS: "after the period",
    UsageTiming.AT_EVENT: "at each event",
    UsageTiming.AT_EVENT_AND_AT_RENEWAL: "at each event and each renewal",
}


class PricedItem(NamedTuple):
    """One thing that a plan costs: what it is, the price of one unit (the first of several), how it is billed."""

    what: str
    code: str
    unit_price: Decimal
    words: tuple[str, ...]
    billed: str


def every(terms: PlanTerms) -> str:
    """How often the plan is billed."""
    return EVERY[terms.interval]


def begins(terms: PlanTerms) -> str:
    """Where its periods begin."""
    match terms.anchor.kind:
        case AnchorKind.CALENDAR:
            return "with the calendar"
        case AnchorKind.DAY_OF_MONTH:
            return f"on day {terms.anchor.day} of the month"
        case _:
            return "on the day of the start"


def due(timing: FeeTiming) -> str:
    """When a fee is billed."""
    return "before the period" if timing is FeeTiming.ADVANCE else "after the period"


def priced_items(terms: PlanTerms) -> tuple[PricedItem, ...]:
    """All that the plan costs, the base fee first."""
    base = PricedItem("Base fee", "", terms.base_fee, ("For each unit of the quantity.",), due(terms.timing))
    return (base, *map(_usage, terms.charges), *map(_add_on, terms.add_ons))


def _usage(item: UsageCharge) -> PricedItem:
    words = [f"The {item.aggregation} of what the meter counts.", *describe(item.charge)]
    words += [f"{one.dimension} {one.value}: {' '.join(describe(one.charge))}" for one in item.filters]
    if item.minimum_per_period is not None:
        words.append(f"At least {_number(item.minimum_per_period)} a period.")
    if item.carried_over:
        words.append("Units are carried over into the next period.")
    if item.prorated:
        words.append("A unit counts for the days that it is there.")
    return PricedItem("Usage", item.meter, item.charge.list_price, tuple(words), _BILLED[item.timing])


def _add_on(item: AddOn) -> PricedItem:
    words = [f"{_number(item.units)} in the plan." if item.units else "Not in the plan unless it is added."]
    words.append("Prorated by days." if item.prorated else "Whole for any part of a period.")
    return PricedItem("Add-on", item.code, item.unit_price, tuple(words), "before the period")


def conditions(terms: PlanTerms) -> Iterator[str]:
    """What the plan says besides its prices, a sentence each."""
    if terms.trial_days:
        yield f"The first {terms.trial_days} days are a trial without a fee."
    if terms.minimum_commitment is not None:
        yield f"Base fee and usage together come to at least {_number(terms.minimum_commitment)} a period."
    if terms.termination_percent:
        yield f"Who ends before the term owes {_number(terms.termination_percent)} % of the base fees left of it."
    if terms.termination_fee:
        yield f"Who ends before the term owes {_number(terms.termination_fee)}."
    if terms.usage_thresholds:
        yield f"Usage is billed early at {', '.join(map(_number, terms.usage_thresholds))}."
    if terms.recurring_threshold is not None:
        further = (
            "Above that usage is billed at each further" if terms.usage_thresholds else "Usage is billed early at each"
        )
        yield f"{further} {_number(terms.recurring_threshold)}."


def _number(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text and Decimal(text) == Decimal(text).to_integral_value() else text
