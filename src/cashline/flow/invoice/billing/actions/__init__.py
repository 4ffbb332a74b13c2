"""Writing bills: runs, their batches, and the schedule of what a run must look at."""

from cashline.flow.invoice.billing.actions.batches import BilledDocument
from cashline.flow.invoice.billing.actions.deciding import hold_bills, refuse_bill, release_bill
from cashline.flow.invoice.billing.actions.gating import gate_change, settle_gates
from cashline.flow.invoice.billing.actions.grouping import set_invoice_grouping
from cashline.flow.invoice.billing.actions.lives import (
    ChangeEffect,
    bill_lives,
    bill_usage,
    effect_of,
    preview_changes,
    preview_start,
)
from cashline.flow.invoice.billing.actions.reversing import reverse_bill_run
from cashline.flow.invoice.billing.actions.runs import (
    BillRunResult,
    advance_bill_run,
    approve_bill_run,
    discard_bill_run,
    resume_bill_run,
    run_bills,
    start_bill_run,
    stop_bill_run,
)
from cashline.flow.invoice.billing.actions.scheduling import schedule_billing
from cashline.flow.invoice.billing.actions.waiting import set_billing_policy

__all__ = [
    "BillRunResult",
    "BilledDocument",
    "ChangeEffect",
    "advance_bill_run",
    "approve_bill_run",
    "bill_lives",
    "bill_usage",
    "discard_bill_run",
    "effect_of",
    "gate_change",
    "hold_bills",
    "preview_changes",
    "preview_start",
    "refuse_bill",
    "release_bill",
    "resume_bill_run",
    "reverse_bill_run",
    "run_bills",
    "schedule_billing",
    "set_billing_policy",
    "set_invoice_grouping",
    "settle_gates",
    "start_bill_run",
    "stop_bill_run",
]
