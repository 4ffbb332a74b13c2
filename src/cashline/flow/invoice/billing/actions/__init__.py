"""Writing bills: runs, their batches, and the schedule of what a run must look at."""

from cashline.flow.invoice.billing.actions.batches import BilledDocument
from cashline.flow.invoice.billing.actions.lives import bill_lives, bill_usage, preview_change
from cashline.flow.invoice.billing.actions.runs import (
    BillRunResult,
    advance_bill_run,
    resume_bill_run,
    run_bills,
    start_bill_run,
    stop_bill_run,
)
from cashline.flow.invoice.billing.actions.scheduling import schedule_billing

__all__ = [
    "BillRunResult",
    "BilledDocument",
    "advance_bill_run",
    "bill_lives",
    "bill_usage",
    "preview_change",
    "resume_bill_run",
    "run_bills",
    "schedule_billing",
    "start_bill_run",
    "stop_bill_run",
]
