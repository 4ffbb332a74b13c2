"""What a quote can become. A version is frozen when it is sent; revising it makes the next."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class QuoteStatus(StrEnum):
    """Where a quote stands."""

    DRAFT = "draft"
    IN_APPROVAL = "in_approval"
    APPROVED = "approved"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_Q = QuoteStatus
QUOTE = Lifecycle(
    "quote",
    ("request_approval", [_Q.DRAFT], _Q.IN_APPROVAL),
    ("approve_within_authority", [_Q.DRAFT], _Q.APPROVED),
    ("approve", [_Q.IN_APPROVAL], _Q.APPROVED),
    ("reject", [_Q.IN_APPROVAL], _Q.DRAFT),
    ("withdraw", [_Q.IN_APPROVAL], _Q.DRAFT),
    ("send", [_Q.APPROVED], _Q.SENT),
    ("revise", [_Q.APPROVED, _Q.SENT, _Q.DECLINED, _Q.EXPIRED], _Q.DRAFT),
    ("accept", [_Q.SENT], _Q.ACCEPTED),
    ("decline", [_Q.SENT], _Q.DECLINED),
    ("expire", [_Q.SENT], _Q.EXPIRED),
    ("cancel", [_Q.DRAFT, _Q.IN_APPROVAL, _Q.APPROVED, _Q.SENT], _Q.CANCELLED),
)
