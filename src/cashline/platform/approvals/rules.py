"""The lifecycle of an approval: asked once, decided once, by somebody other than who asked."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.refusals import Forbidden


class ApprovalStatus(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


APPROVAL = Lifecycle(
    "approval",
    ("approve", [ApprovalStatus.PENDING], ApprovalStatus.APPROVED),
    ("reject", [ApprovalStatus.PENDING], ApprovalStatus.REJECTED),
    ("withdraw", [ApprovalStatus.PENDING], ApprovalStatus.WITHDRAWN),
)


class SelfApproval(Forbidden):
    """Nobody approves their own request."""

    code = "self_approval"
