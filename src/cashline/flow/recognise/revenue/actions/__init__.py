"""Writing revenue: the run over agreements, and arrangements with facts of their own with the run over those."""

from cashline.flow.recognise.revenue.actions.calendars import plan_again
from cashline.flow.recognise.revenue.actions.recognising import ArrangementRunResult, recognise_arrangements
from cashline.flow.recognise.revenue.actions.recording import (
    NewArrangement,
    NewFacts,
    modify_arrangement,
    record_arrangements,
    record_facts,
)
from cashline.flow.recognise.revenue.actions.running import RevenueRunResult, run_revenue

__all__ = [
    "ArrangementRunResult",
    "NewArrangement",
    "NewFacts",
    "RevenueRunResult",
    "modify_arrangement",
    "plan_again",
    "recognise_arrangements",
    "record_arrangements",
    "record_facts",
    "run_revenue",
]
