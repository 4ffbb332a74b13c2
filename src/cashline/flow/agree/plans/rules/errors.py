"""What makes a plan contradict itself, all at once, each with its field."""

from collections.abc import Iterator
from decimal import Decimal

from cashline.flow.agree.plans.rules.terms import PlanTerms, UsageCharge
from cashline.kernel.periods import IntervalUnit
from cashline.kernel.refusals import InvalidValue, Refusal

MAX_PARTS = 50
"""How many charges, add-ons and thresholds a plan has at most."""
INTERVALS = frozenset(
    {IntervalUnit.WEEK, IntervalUnit.MONTH, IntervalUnit.QUARTER, IntervalUnit.HALF_YEAR, IntervalUnit.YEAR}
)
MAX_TRIAL_DAYS = 3660


class InvalidPlan(InvalidValue):
    """A plan that could not be billed."""

    code = "invalid_plan"


def plan_errors(terms: PlanTerms) -> Iterator[Refusal]:
    """Everything that is wrong with the terms of a plan."""
    if terms.interval not in INTERVALS:
        yield InvalidPlan("A plan is billed by the week, month, quarter, half year or year.", field="interval")
    if terms.base_fee < 0:
        yield InvalidPlan("The base fee is not negative.", field="base_fee")
    if not 0 <= terms.trial_days <= MAX_TRIAL_DAYS:
        yield InvalidPlan(f"A trial has 0 to {MAX_TRIAL_DAYS} days.", field="trial_days")
    if terms.minimum_commitment is not None and terms.minimum_commitment <= 0:
        yield InvalidPlan("A commitment is above zero.", field="minimum_commitment")
    if terms.termination_fee is not None and terms.termination_fee < 0:
        yield InvalidPlan("A fee for ending early is not negative.", field="termination_fee")
    if terms.termination_percent is not None and not 0 <= terms.termination_percent <= 100:
        yield InvalidPlan("Of what is left of a term 0 to 100 percent are due.", field="termination_percent")
    for name, parts in (("charges", terms.charges), ("add_ons", terms.add_ons)):
        if len(parts) > MAX_PARTS:
            yield InvalidPlan(f"A plan has {MAX_PARTS} of these at most.", field=name)
    yield from _threshold_errors(terms)
    yield from _charge_errors(terms.charges)
    seen: set[str] = set()
    for index, item in enumerate(terms.add_ons):
        if not item.code or item.code in seen:
            yield InvalidPlan("An add-on has a code of its own.", field=f"add_ons.{index}.code")
        seen.add(item.code)
        if item.units < 0 or item.unit_price < 0:
            yield InvalidPlan("Units and price are not negative.", field=f"add_ons.{index}.unit_price")


def _threshold_errors(terms: PlanTerms) -> Iterator[Refusal]:
    before = Decimal(0)
    for index, amount in enumerate(terms.usage_thresholds):
        if amount <= before:
            yield InvalidPlan("Thresholds rise from above zero.", field=f"usage_thresholds.{index}")
        before = amount
    if terms.recurring_threshold is not None and terms.recurring_threshold <= 0:
        yield InvalidPlan("A recurring threshold is above zero.", field="recurring_threshold")


def _charge_errors(charges: tuple[UsageCharge, ...]) -> Iterator[Refusal]:
    seen: set[str] = set()
    for index, item in enumerate(charges):
        if not item.meter or item.meter in seen:
            yield InvalidPlan("A meter is priced once in a plan.", field=f"charges.{index}.meter")
        seen.add(item.meter)
        filters = {(one.dimension, one.value) for one in item.filters}
        if len(filters) < len(item.filters):
            yield InvalidPlan("A filter stands twice.", field=f"charges.{index}.filters")
        if item.minimum_per_period is not None and item.minimum_per_period <= 0:
            yield InvalidPlan("A minimum is above zero.", field=f"charges.{index}.minimum_per_period")
