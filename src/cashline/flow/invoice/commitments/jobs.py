"""What runs by itself: after the day's bills, what is left of commitments that are over is billed."""

import logging
from datetime import date, datetime

from cashline.flow.invoice.commitments.actions import true_up_commitments
from cashline.flow.invoice.commitments.queries import over_on
from cashline.kernel.refusals import Refusal

log = logging.getLogger(__name__)


def true_up_due(*, today: date, now: datetime, actor: str) -> int:
    """True up each commitment that is over in a transaction of its own; gives how many documents that made.

    One that cannot be billed today, for want of a tax rate say, waits for the next day.
    """
    done = 0
    for key in over_on(today):
        try:
            made = true_up_commitments([key], now=now, actor=actor)
        except Refusal as refusal:
            log.warning("commitment %s is not trued up: %s", key, refusal.message)
            continue
        done += len(made.invoices) + len(made.credit_notes)
    return done
