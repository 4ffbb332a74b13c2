"""Rules of subscriptions: pending, active, cancelled, ended."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class SubscriptionStatus(StrEnum):
    """Where a subscription stands. `cancelled` runs on to its end date; `ended` is over."""

    PENDING = "pending"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    ENDED = "ended"


_S = SubscriptionStatus
SUBSCRIPTION = Lifecycle(
    "subscription",
    ("activate", [_S.PENDING], _S.ACTIVE),
    ("cancel", [_S.PENDING, _S.ACTIVE], _S.CANCELLED),
    ("resume", [_S.CANCELLED], _S.ACTIVE),
    ("end", [_S.ACTIVE, _S.CANCELLED], _S.ENDED),
)
