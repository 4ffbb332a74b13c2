"""Rules of billing: the plan of charges from the facts, and its difference to what was posted."""

from cashline.flow.invoice.billing.rules.charges import (
    DEFAULT_CONVENTIONS,
    BillingCalendar,
    BillingConventions,
    PlannedCharge,
)
from cashline.flow.invoice.billing.rules.differences import Difference, PostedLine, diff
from cashline.flow.invoice.billing.rules.planning import next_due_on, plan_bills

__all__ = [
    "DEFAULT_CONVENTIONS",
    "BillingCalendar",
    "BillingConventions",
    "Difference",
    "PlannedCharge",
    "PostedLine",
    "diff",
    "next_due_on",
    "plan_bills",
]
