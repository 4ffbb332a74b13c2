"""What stands on each document, as values: `data()` puts it into words for a template, `files()` gives its images."""

from cashline.platform.documents.papers.contract import (
    Clause,
    ContractPaper,
    Evidence,
    EvidenceEvent,
    EvidenceSigner,
    PaperParty,
    PaperSignature,
)
from cashline.platform.documents.papers.invoice import InvoicePaper
from cashline.platform.documents.papers.parts import BankAccount, Brand, Fact, PaperLine, PaperTax, Recipient
from cashline.platform.documents.papers.quote import QuotePaper
from cashline.platform.documents.papers.statement import StatementItem, StatementPaper

__all__ = [
    "BankAccount",
    "Brand",
    "Clause",
    "ContractPaper",
    "Evidence",
    "EvidenceEvent",
    "EvidenceSigner",
    "Fact",
    "InvoicePaper",
    "PaperLine",
    "PaperParty",
    "PaperSignature",
    "PaperTax",
    "QuotePaper",
    "Recipient",
    "StatementItem",
    "StatementPaper",
]
