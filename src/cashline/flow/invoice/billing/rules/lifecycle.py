"""The lifecycle of a bill run."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class BillRunStatus(StrEnum):
    """Where a bill run stands. A stopped run is resumed from the accounts that are left."""

    RUNNING = "running"
    STOPPED = "stopped"
    COMPLETED = "completed"


BILL_RUN = Lifecycle(
    "bill run",
    ("stop", [BillRunStatus.RUNNING], BillRunStatus.STOPPED),
    ("resume", [BillRunStatus.STOPPED], BillRunStatus.RUNNING),
    ("complete", [BillRunStatus.RUNNING], BillRunStatus.COMPLETED),
)
