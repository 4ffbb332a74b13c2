"""Writing agreements. Terms are appended as versions of lines and never rewritten; who signed is kept as evidence."""

from cashline.flow.agree.contracts.actions.agreeing import (
    agree_on_acceptance,
    cancel_agreements,
    create_agreements,
    create_from_quote,
    create_from_quotes,
    end_agreements,
    recall_agreements,
)
from cashline.flow.agree.contracts.actions.framing import FrameworkParties, framework_agreements
from cashline.flow.agree.contracts.actions.signing import (
    decline_signature,
    send_for_signature,
    sign_agreement,
    view_signature,
)

__all__ = [
    "FrameworkParties",
    "agree_on_acceptance",
    "cancel_agreements",
    "create_agreements",
    "create_from_quote",
    "create_from_quotes",
    "decline_signature",
    "end_agreements",
    "framework_agreements",
    "recall_agreements",
    "send_for_signature",
    "sign_agreement",
    "view_signature",
]
