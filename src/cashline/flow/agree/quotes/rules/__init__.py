"""Rules of quotes: lifecycle, the priced offer, and what the seller may give away."""

from cashline.flow.agree.quotes.rules.approval import (
    DISCOUNT_RULE,
    ApprovalNeeded,
    DiscountVerdict,
    discount_limit,
    judge_discount,
    plain,
)
from cashline.flow.agree.quotes.rules.lifecycle import QUOTE, QuoteStatus
from cashline.flow.agree.quotes.rules.offers import (
    Acceptance,
    Listed,
    ListedPrice,
    NewQuote,
    NewQuoteLine,
    Offer,
    OfferLine,
    QuoteContent,
    QuoteExpired,
    QuoteUnsendable,
    content_errors,
    plan_offer,
    sound_offers,
)

__all__ = [
    "DISCOUNT_RULE",
    "QUOTE",
    "Acceptance",
    "ApprovalNeeded",
    "DiscountVerdict",
    "Listed",
    "ListedPrice",
    "NewQuote",
    "NewQuoteLine",
    "Offer",
    "OfferLine",
    "QuoteContent",
    "QuoteExpired",
    "QuoteStatus",
    "QuoteUnsendable",
    "content_errors",
    "discount_limit",
    "judge_discount",
    "plain",
    "plan_offer",
    "sound_offers",
]
