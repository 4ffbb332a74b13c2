"""Where agreements and signatures come from and what they can become."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class AgreementOrigin(StrEnum):
    """How the terms came about. FRAMEWORK: the one under which a customer subscribes to rate plans of an entity."""

    CONTRACT = "contract"
    ORDER = "order"
    FRAMEWORK = "framework"


class AgreementStatus(StrEnum):
    """Where an agreement stands."""

    DRAFT = "draft"
    OUT_FOR_SIGNATURE = "out_for_signature"
    ACTIVE = "active"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    ENDED = "ended"


class SignatureStatus(StrEnum):
    """Where a request to sign stands."""

    REQUESTED = "requested"
    SIGNED = "signed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


_A = AgreementStatus
AGREEMENT = Lifecycle(
    "agreement",
    ("send_for_signature", [_A.DRAFT], _A.OUT_FOR_SIGNATURE),
    ("sign", [_A.OUT_FOR_SIGNATURE], _A.ACTIVE),
    ("decline", [_A.OUT_FOR_SIGNATURE], _A.DECLINED),
    ("recall", [_A.OUT_FOR_SIGNATURE, _A.DECLINED], _A.DRAFT),
    ("cancel", [_A.DRAFT, _A.OUT_FOR_SIGNATURE, _A.DECLINED], _A.CANCELLED),
    ("end", [_A.ACTIVE], _A.ENDED),
)
SIGNATURE = Lifecycle(
    "signature",
    ("sign", [SignatureStatus.REQUESTED], SignatureStatus.SIGNED),
    ("decline", [SignatureStatus.REQUESTED], SignatureStatus.DECLINED),
    ("withdraw", [SignatureStatus.REQUESTED], SignatureStatus.WITHDRAWN),
)
