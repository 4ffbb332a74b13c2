"""How subscriptions to plans are billed where systems differ: declared settings of a legal entity."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class CancelDay(StrEnum):
    """Is the day of a cancellation the last day that is billed, or is that the day before it?"""

    BILLED = "billed"
    NOT_BILLED = "not_billed"


class UnusedAdvance(StrEnum):
    """What becomes of days that were billed in advance and are not used: a credit note, or a negative line."""

    CREDIT_NOTE = "credit_note"
    NEGATIVE_LINE = "negative_line"


class ChangeBilled(StrEnum):
    """Which invoice carries what an immediate change makes due in advance: its own, or that of the next renewal."""

    AT_CHANGE = "at_change"
    AT_NEXT_RENEWAL = "at_next_renewal"


@dataclass(frozen=True, slots=True)
class PlanConventions:
    """The settings; what is not here is the same for all: days of the whole period, the change day to the new plan."""

    cancel_day: CancelDay = CancelDay.NOT_BILLED
    unused_advance: UnusedAdvance = UnusedAdvance.CREDIT_NOTE
    change_billed: ChangeBilled = ChangeBilled.AT_CHANGE


DEFAULT_PLAN_CONVENTIONS = PlanConventions()
NAMED_CONVENTIONS: Mapping[str, PlanConventions] = {
    "day-credit-note": PlanConventions(CancelDay.BILLED),
    "day-negative-line": PlanConventions(CancelDay.NOT_BILLED, UnusedAdvance.NEGATIVE_LINE),
    "day-negative-line-at-renewal": PlanConventions(
        CancelDay.NOT_BILLED, UnusedAdvance.NEGATIVE_LINE, ChangeBilled.AT_NEXT_RENEWAL
    ),
}
"""Sets that others use, by the names under which they are known."""
