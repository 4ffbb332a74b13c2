"""The seller's authority: how much may be given off the list total without asking, and what would pass without."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.pricing.rules.waterfall import discount_percent
from cashline.kernel.refusals import Refusal
from cashline.kernel.rounding import RoundingMode, divide, round_to
from cashline.platform.permissions.rules import Authority

DISCOUNT_RULE = "discount_beyond_authority"
_HUNDRED = Decimal(100)


class ApprovalNeeded(Refusal):
    """The discount is more than the seller may give; another person must approve it."""

    code = "approval_needed"
    status = 409


@dataclass(frozen=True, slots=True)
class DiscountVerdict:
    """The effective discount off the list total, the limit, and the document discount that would pass without asking.

    `passing_document_discount` is None where no document discount would, since the lines alone are beyond the limit.
    """

    discount: Decimal
    limit: Decimal
    passing_document_discount: Decimal | None

    @property
    def needs_approval(self) -> bool:
        """Is the discount beyond the limit?"""
        return self.discount > self.limit


def plain(percent: Decimal) -> str:
    """A percentage without trailing zeros, for sentences."""
    return f"{percent.normalize():f}"


def discount_limit(authority: Authority, entity_id: UUID) -> Decimal:
    """What may be given without asking, in percent; a key that may not approve may not give anything either."""
    if authority.scopes is not None and "quotes.approve" not in authority.scopes:
        return Decimal(0)
    return authority.discount_authority(entity_id)


def judge_discount(
    list_total: Decimal, net_total: Decimal, document_discount: Decimal, limit: Decimal
) -> DiscountVerdict:
    """Judge an offer: is approval needed, and which document discount (2 decimals, rounded down) would need none?

    The lines before the document discount come to S = net / (1 - d); S (1 - x) must be at least list (1 - limit).
    """
    discount = discount_percent(list_total, net_total)
    if discount <= limit:
        return DiscountVerdict(discount, limit, document_discount)
    kept = _HUNDRED - document_discount
    if not kept or not list_total:
        return DiscountVerdict(discount, limit, None)
    before = divide(net_total * _HUNDRED, kept)
    passing = _HUNDRED - divide(list_total * (_HUNDRED - limit), before) if before else Decimal(-1)
    rounded = round_to(passing, 2, RoundingMode.FLOOR)
    return DiscountVerdict(discount, limit, rounded if rounded >= 0 else None)
