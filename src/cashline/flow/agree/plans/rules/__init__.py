"""Rules of rate plans: their terms, the conventions of their bills, and what makes them contradict themselves."""

from cashline.flow.agree.plans.rules.conventions import (
    DEFAULT_PLAN_CONVENTIONS,
    NAMED_CONVENTIONS,
    CancelDay,
    ChangeBilled,
    PlanConventions,
    UnusedAdvance,
)
from cashline.flow.agree.plans.rules.errors import plan_errors
from cashline.flow.agree.plans.rules.terms import AddOn, FeeTiming, FilterPrice, PlanTerms, UsageCharge, UsageTiming

__all__ = [
    "DEFAULT_PLAN_CONVENTIONS",
    "NAMED_CONVENTIONS",
    "AddOn",
    "CancelDay",
    "ChangeBilled",
    "FeeTiming",
    "FilterPrice",
    "PlanConventions",
    "PlanTerms",
    "UnusedAdvance",
    "UsageCharge",
    "UsageTiming",
    "plan_errors",
]
