"""Rules of subscriptions: pending, active, cancelled, ended; when a term ends, and which end may be agreed."""

from datetime import date
from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.periods import add_months
from cashline.kernel.refusals import Refusal


class SubscriptionStatus(StrEnum):
    """Where a subscription stands. `cancelled` runs on to its end date; `ended` is over."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    ENDED = "ended"


_S = SubscriptionStatus
SUBSCRIPTION = Lifecycle(
    "subscription",
    ("activate", [_S.PENDING], _S.ACTIVE),
    ("pause", [_S.ACTIVE, _S.CANCELLED], _S.PAUSED),
    ("continue", [_S.PAUSED], _S.ACTIVE),
    ("cancel", [_S.PENDING, _S.ACTIVE, _S.PAUSED], _S.CANCELLED),
    ("resume", [_S.CANCELLED], _S.ACTIVE),
    ("end", [_S.PENDING, _S.ACTIVE, _S.PAUSED, _S.CANCELLED], _S.ENDED),
    ("reactivate", [_S.ENDED], _S.ACTIVE),
)


class NotActiveYet(Refusal):
    """A subscription that never began is cancelled with its order."""

    code = "subscription_not_active_yet"
    status = 409


class InvalidEnd(Refusal):
    """The end lies before the service began, or after its term."""

    code = "invalid_subscription_end"


def term_end(activated_on: date, term_months: int) -> date | None:
    """The first day after the term; None where it has no end."""
    return add_months(activated_on, term_months) if term_months else None


def end_errors(ends_on: date, activated_on: date, present_end: date | None, number: str) -> list[Refusal]:
    """Why a subscription cannot end on that day, the first without service. A past day is right: the bills follow."""
    if ends_on < activated_on:
        return [
            InvalidEnd(
                f"{number} began on {activated_on} and cannot end before.",
                field="ends_on",
                fix=f"Give {activated_on} to end it as if it had never run.",
            )
        ]
    if present_end is not None and ends_on > present_end:
        return [
            InvalidEnd(
                f"The term of {number} ends on {present_end} already.", field="ends_on", fix="Give an earlier day."
            )
        ]
    return []
