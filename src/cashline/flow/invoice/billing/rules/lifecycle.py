"""The lifecycle of a bill run: selected and previewed, approved, posted; stopped and resumed; taken back as a whole."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class BillRunStatus(StrEnum):
    """Where a bill run stands. A stopped run is resumed from the accounts that are left.

    Where runs are approved, one is previewed first, and posts nothing before a second person approves it.
    """

    PREVIEWING = "previewing"
    PREVIEWED = "previewed"
    RUNNING = "running"
    STOPPED = "stopped"
    COMPLETED = "completed"
    DISCARDED = "discarded"
    REVERSING = "reversing"
    REVERSED = "reversed"


BILL_RUN = Lifecycle(
    "bill run",
    ("propose", [BillRunStatus.PREVIEWING], BillRunStatus.PREVIEWED),
    ("approve", [BillRunStatus.PREVIEWED], BillRunStatus.RUNNING),
    ("discard", [BillRunStatus.PREVIEWING, BillRunStatus.PREVIEWED], BillRunStatus.DISCARDED),
    ("stop", [BillRunStatus.RUNNING], BillRunStatus.STOPPED),
    ("resume", [BillRunStatus.STOPPED], BillRunStatus.RUNNING),
    ("complete", [BillRunStatus.RUNNING], BillRunStatus.COMPLETED),
    ("reverse", [BillRunStatus.STOPPED, BillRunStatus.COMPLETED], BillRunStatus.REVERSING),
    ("end_reversal", [BillRunStatus.REVERSING], BillRunStatus.REVERSED),
)
UNFINISHED = (BillRunStatus.PREVIEWING, BillRunStatus.PREVIEWED, BillRunStatus.RUNNING, BillRunStatus.STOPPED)
AT_WORK = (BillRunStatus.PREVIEWING, BillRunStatus.RUNNING, BillRunStatus.REVERSING)
AWAITING_APPROVAL = (BillRunStatus.PREVIEWING, BillRunStatus.PREVIEWED)


class GateStatus(StrEnum):
    """Where a change stands that waits for its payment."""

    WAITING = "waiting"
    PAID = "paid"
    LAPSED = "lapsed"


GATED_CHANGE = Lifecycle(
    "gated change",
    ("pay", [GateStatus.WAITING], GateStatus.PAID),
    ("lapse", [GateStatus.WAITING], GateStatus.LAPSED),
)
