"""What runs by itself: the sums of the journal follow what was posted."""

from datetime import datetime

from cashline.flow.recognise.ledger.actions import summarise_journal


def summarise(*, now: datetime, actor: str) -> int:  # noqa: ARG001 - every job has one shape
    """Sum what was posted since the last time; nothing that another job waits for."""
    summarise_journal()
    return 0
