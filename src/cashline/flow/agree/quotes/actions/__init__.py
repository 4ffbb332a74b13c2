"""Writing quotes. A version changes until it is sent and never after; acceptance happens once."""

from cashline.flow.agree.quotes.actions.approving import (
    approve_quotes,
    reject_quotes,
    request_approval,
    withdraw_approval,
)
from cashline.flow.agree.quotes.actions.closing import accept_quotes, cancel_quotes, decline_quotes, expire_due
from cashline.flow.agree.quotes.actions.drafting import change_quote, create_quote, create_quotes, revise_quote
from cashline.flow.agree.quotes.actions.sending import send_quotes

__all__ = [
    "accept_quotes",
    "approve_quotes",
    "cancel_quotes",
    "change_quote",
    "create_quote",
    "create_quotes",
    "decline_quotes",
    "expire_due",
    "reject_quotes",
    "request_approval",
    "revise_quote",
    "send_quotes",
    "withdraw_approval",
]
