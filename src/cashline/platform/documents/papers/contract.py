"""Contracts on paper, before and after signing."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cashline.kernel.derivations import Derivation
from cashline.platform.documents.papers.parts import (
    Brand,
    Fact,
    PaperLine,
    Recipient,
    annex_data,
    columns_data,
    common_data,
    facts_data,
    lines_data,
)
from cashline.platform.documents.wording import Wording, wording_for


@dataclass(frozen=True, slots=True)
class PaperParty:
    """A party of the contract and its role, such as Provider or Customer."""

    role: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """A numbered clause; its paragraphs are numbered under it."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperSignature:
    """A place to sign, filled once `signed_at` is known."""

    party: str
    name: str = ""
    position: str = ""
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EvidenceSigner:
    """How one person signed: mail address, network address, browser, method, words of consent."""

    name: str
    party: str
    signed_at: datetime
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceEvent:
    """A step on the way to the signature: sent, opened, signed."""

    at: datetime
    event: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The last page of a signed contract. `fingerprint` is the SHA-256 of the text that was shown and signed."""

    fingerprint: str
    signers: tuple[EvidenceSigner, ...]
    trail: tuple[EvidenceEvent, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class ContractPaper:
    """A contract for `render("contract", …)`; times are shown in `zone`."""

    brand: Brand
    locale: str
    currency: str
    number: str
    title: str
    parties: tuple[PaperParty, ...]
    clauses: tuple[Clause, ...]
    lines: tuple[PaperLine, ...]
    sums: tuple[tuple[str, Decimal], ...]
    """Label and amount below the schedule; the last is the one that counts."""
    signatures: tuple[PaperSignature, ...]
    subtitle: str = ""
    highlights: tuple[Fact, ...] = ()
    preamble: str = ""
    evidence: Evidence | None = None
    explained: tuple[tuple[str, Derivation], ...] = ()
    zone: str = "UTC"

    def data(self) -> dict[str, Any]:
        """The template's data."""
        wording = wording_for(self.locale)
        return {
            **common_data(wording, self.brand, Recipient("", ()), self.title, self.number),
            "subtitle": self.subtitle,
            "parties": [{"role": party.role, "name": party.name, "lines": list(party.lines)} for party in self.parties],
            "highlights": [(label, value, False) for label, value in facts_data(wording, self.highlights)],
            "preamble": self.preamble,
            "clauses": [{"heading": clause.heading, "paragraphs": list(clause.paragraphs)} for clause in self.clauses],
            "columns": columns_data(self.lines),
            "lines": lines_data(wording, self.lines, self.currency),
            "total": "",
            "sums": self._sums(wording),
            "signatures": [self._signature(wording, signature) for signature in self.signatures],
            "evidence": self._evidence(wording),
            "annex": annex_data(wording, self.currency, self.explained),
        }

    def files(self) -> dict[str, bytes]:
        """The logo."""
        return self.brand.files()

    def _sums(self, wording: Wording) -> list[tuple[str, str, str]]:
        rows = [(wording.word(label), wording.amount(amount, self.currency), "plain") for label, amount in self.sums]
        if self.sums:
            label, amount = self.sums[-1]
            rows[-1] = (wording.word(label), wording.money(amount, self.currency), "due")
        return rows

    def _signature(self, wording: Wording, signature: PaperSignature) -> dict[str, str]:
        return {
            "party": signature.party,
            "name": signature.name,
            "position": signature.position,
            "signed_at": wording.instant(signature.signed_at, self.zone) if signature.signed_at else "",
        }

    def _evidence(self, wording: Wording) -> dict[str, Any] | None:
        if self.evidence is None:
            return None
        facts = [("contract_number", self.number), *self.evidence.facts, ("fingerprint", self.evidence.fingerprint)]
        return {
            "facts": facts_data(wording, facts),
            "signers": [
                {
                    "name": signer.name,
                    "party": signer.party,
                    "facts": facts_data(
                        wording, [("signed_at", wording.instant(signer.signed_at, self.zone)), *signer.facts]
                    ),
                }
                for signer in self.evidence.signers
            ],
            "trail": [(wording.instant(step.at, self.zone), step.event, step.address) for step in self.evidence.trail],
        }
