"""Reading who is asked to sign, by document or by the personal token, and whether the sealed contract is whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.utils.crypto import salted_hmac

from cashline.flow.agree.contracts.queries import AgreementRow, agreement
from cashline.kernel.refusals import NotFound
from cashline.platform import sql
from cashline.platform.documents.queries import StoredContent, latest_file
from cashline.platform.documents.seal_keys import seal_certificate
from cashline.platform.documents.sealing import SealReport, check_seal
from cashline.platform.events.queries import timeline

CONTRACT_FILE = "contract"
"""The kind of the sealed contract, signed by all."""
DRAFT_FILE = "contract_draft"
"""The kind of the contract as it was sent for signature."""


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """A person asked to sign, and the evidence once they did."""

    id: UUID
    agreement_id: UUID
    signer_name: str
    signer_email: str
    signer_title: str
    status: str
    requested_at: datetime
    viewed_at: datetime | None
    signed_at: datetime | None
    document_sha256: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SignatureView:
    """What the page of signing shows: the request, its agreement and the document to read."""

    signature: SignatureRow
    agreement: AgreementRow
    document: StoredContent


_SIGNATURE = (
    "id, agreement_id, signer_name, signer_email, signer_title, status, requested_at, viewed_at, signed_at, "
    "document_sha256, evidence"
)


def signing_token(signature_id: UUID) -> str:
    """The personal token of a request to sign: an HMAC by the program's secret key, so that no table holds it.

    The sender of the mail and the portal, for a signer who is logged in, make it anew; the table keeps its hash.
    """
    return salted_hmac("cashline.signature", signature_id.bytes, algorithm="sha256").hexdigest()


def token_hash(token: str) -> str:
    """The stored form of a token; tokens are long and random, so a plain SHA-256 is enough."""
    return sha256(token.encode()).hexdigest()


def signatures_of(agreement_ids: Iterable[UUID]) -> list[SignatureRow]:
    """Everybody who was ever asked to sign those agreements, in the order of asking."""
    return sql.fetch_as(
        SignatureRow,
        f"SELECT {_SIGNATURE} FROM signatures WHERE agreement_id = ANY(%s) ORDER BY requested_at, id",
        (list(set(agreement_ids)),),
    )


def signature(signature_id: UUID) -> SignatureRow:
    """One request to sign; raises NotFound."""
    rows = sql.fetch_as(SignatureRow, f"SELECT {_SIGNATURE} FROM signatures WHERE id = %s", (signature_id,))
    if not rows:
        raise NotFound(f"There is no signature {signature_id}.", field="signature_id")
    return rows[0]


def signature_by_token(token: str) -> SignatureRow:
    """The request to sign behind a personal token; raises NotFound."""
    rows = sql.fetch_as(
        SignatureRow, f"SELECT {_SIGNATURE} FROM signatures WHERE token_hash = %s", (token_hash(token),)
    )
    if not rows:
        raise NotFound("This link to sign is not valid.", field="token", fix="Ask the sender for a new one.")
    return rows[0]


def signature_view(token: str) -> SignatureView:
    """What the signer sees; raises NotFound for a token that nobody was given."""
    found = signature_by_token(token)
    document = latest_file(found.agreement_id, DRAFT_FILE)
    if document is None:
        raise NotFound("There is nothing to sign.", field="token")
    return SignatureView(found, agreement(found.agreement_id), document)


def check_contract_seal(agreement_id: UUID) -> SealReport:
    """Is the signed contract of an agreement still the one that was sealed?

    Judged by the seal in the file, by the hash stored beside it, and by the hash in the event of signing, which the
    hash-chained log holds. A contract that was never signed is not intact.
    """
    row = agreement(agreement_id)
    stored = latest_file(agreement_id, CONTRACT_FILE)
    if stored is None:
        return SealReport(False, False, "", None, (f"{row.number} has no signed contract.",))
    certificate = seal_certificate(row.entity_id)
    report = check_seal(stored.content, known=[certificate] if certificate else [])
    problems = list(report.problems)
    found = sha256(stored.content).hexdigest()
    if found != stored.file.sha256:
        problems.append("The file is not the one that was stored: its hash differs.")
    signed = [event for event in timeline([agreement_id], limit=1000) if event.type == "AgreementSigned"]
    if not signed or signed[-1].data.get("contract_sha256") != found:
        problems.append("The file is not the one that the event of signing names.")
    return SealReport(
        not problems, report.covers_whole_document, report.signer, report.signed_at, tuple(problems), report.seals
    )
