"""Rules of agreements: origin, lifecycle, and the terms that bills and revenue are planned from."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from cashline.kernel.lifecycle import Lifecycle


class AgreementOrigin(StrEnum):
    """How the terms came about."""

    CONTRACT = "contract"
    ORDER = "order"


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
    ("cancel", [_A.DRAFT, _A.OUT_FOR_SIGNATURE, _A.ACTIVE], _A.CANCELLED),
    ("end", [_A.ACTIVE], _A.ENDED),
)
SIGNATURE = Lifecycle(
    "signature",
    ("sign", [SignatureStatus.REQUESTED], SignatureStatus.SIGNED),
    ("decline", [SignatureStatus.REQUESTED], SignatureStatus.DECLINED),
    ("withdraw", [SignatureStatus.REQUESTED], SignatureStatus.WITHDRAWN),
)


@dataclass(frozen=True, slots=True)
class TermLine:
    """A version of an agreement line as the planners read it; prices are per unit (and interval), in `currency`.

    `ends_on` is the first day on which this version no longer applies (None: open ended).
    """

    id: UUID
    line_id: UUID
    agreement_id: UUID
    customer_id: UUID
    entity_id: UUID
    currency: str
    line_no: int
    product_id: UUID
    kind: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    stand_alone_price: Decimal
    charge: dict[str, Any] | None
    interval_months: int
    term_months: int
    billing_trigger: str
    revenue_pattern: str
    tax_category: str
    net_total: Decimal
    starts_on: date
    ends_on: date | None
