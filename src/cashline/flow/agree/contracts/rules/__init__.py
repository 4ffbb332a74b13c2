"""Rules of agreements: lifecycle, the terms that bills and revenue are planned from, and signing."""

from cashline.flow.agree.contracts.rules.lifecycle import (
    AGREEMENT,
    SIGNATURE,
    AgreementOrigin,
    AgreementStatus,
    SignatureStatus,
)
from cashline.flow.agree.contracts.rules.terms import NewAgreement, NewTermLine, TermLine, agreement_errors

__all__ = [
    "AGREEMENT",
    "SIGNATURE",
    "AgreementOrigin",
    "AgreementStatus",
    "NewAgreement",
    "NewTermLine",
    "SignatureStatus",
    "TermLine",
    "agreement_errors",
]
