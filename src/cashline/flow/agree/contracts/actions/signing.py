"""Signing: each signer by a personal token, with evidence; the last signature seals and activates the contract."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.contracts import queries
from cashline.flow.agree.contracts.actions.agreeing import withdraw_signatures
from cashline.flow.agree.contracts.queries import AgreementRow
from cashline.flow.agree.contracts.queries.documents import contract_pdf
from cashline.flow.agree.contracts.queries.signatures import (
    CONTRACT_FILE,
    DRAFT_FILE,
    SignatureRow,
    SignatureView,
    signature_by_token,
    signature_view,
    signatures_of,
    signing_token,
    token_hash,
)
from cashline.flow.agree.contracts.rules import AGREEMENT, SIGNATURE, AgreementStatus, SignatureStatus
from cashline.flow.agree.contracts.rules.signing import (
    DocumentChanged,
    SignatureGiven,
    Signer,
    Visit,
    check_given,
    check_typed_name,
    signer_errors,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.documents.actions import NewFile, sha256, store_files
from cashline.platform.documents.seal_keys import seal_key_of
from cashline.platform.documents.sealing import seal
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.outbox.actions import OutboxMessage, enqueue

_COLUMNS = (
    "id",
    "agreement_id",
    "signer_name",
    "signer_email",
    "signer_title",
    "token_hash",
    "requested_at",
    "document_sha256",
    "evidence",
)


@transaction.atomic
def send_for_signature(agreement_id: UUID, *, signers: Sequence[Signer], now: datetime, actor: str) -> list[str]:
    """Ask people to sign a draft contract: its PDF is stored, and each gets a mail with a personal link.

    Gives the tokens in the order of the signers. Raises all errors of the signers at once.
    """
    raise_all(signer_errors(signers))
    row = queries.agreements_for_update([agreement_id])[agreement_id]
    target = AGREEMENT.target("send_for_signature", row.status, document_id=row.number)
    asked = [_asked(agreement_id, one, now) for one in signers]
    document = contract_pdf(row, asked, now=now)
    _store(row, DRAFT_FILE, f"{row.number}.pdf", document, now)
    sql.update("agreements", {"status": "text"}, [(row.id, target.value)])
    tokens = [signing_token(one.id) for one in asked]
    hashed = sha256(document)
    sql.insert("signatures", _COLUMNS, [
        (one.id, agreement_id, one.signer_name, one.signer_email, one.signer_title, token_hash(token), now, hashed,
         sql.json({}))
        for one, token in zip(asked, tokens, strict=True)
    ])  # fmt: skip
    enqueue([_mail("signature_mail", one) for one in asked], now=now)
    sent = _agreement_event("AgreementSentForSignature", row, {"document_sha256": hashed})
    requests = [_signature_event("SignatureRequested", row, one, {"document_sha256": hashed}) for one in asked]
    record([sent, *requests], now=now, actor=actor)
    return tokens


def _asked(agreement_id: UUID, signer: Signer, now: datetime) -> SignatureRow:
    """The signature that is asked of somebody."""
    who = signer.name.strip(), signer.email.strip(), signer.title.strip()
    return SignatureRow(new_id(), agreement_id, *who, SignatureStatus.REQUESTED.value, now, None, None, "", {})


@transaction.atomic
def view_signature(token: str, *, visit: Visit, now: datetime) -> SignatureView:
    """What the signer sees; the first opening is kept as evidence. Raises NotFound for an unknown token."""
    shown = signature_view(token)
    if shown.signature.viewed_at is None and shown.signature.status == SignatureStatus.REQUESTED:
        sql.execute(
            "UPDATE signatures SET viewed_at = %s WHERE id = %s AND viewed_at IS NULL", (now, shown.signature.id)
        )
        event = _signature_event("SignatureViewed", shown.agreement, shown.signature, asdict(visit))
        record([event], now=now, actor=_actor(shown.signature))
    return shown


@transaction.atomic
def sign_agreement(token: str, *, given: SignatureGiven, now: datetime) -> AgreementRow:
    """Sign; with the last signature the contract is sealed and active, and the order follows from it.

    Kept as evidence: who, when (UTC), from where, the hash of the document, the words of consent. Raises NotFound,
    IllegalTransition where it was signed, declined or withdrawn before, DocumentChanged, ConsentMissing, and
    InvalidValue where the typed name is not the signer's.
    """
    check_given(given)
    row, mine = _locked(token)
    SIGNATURE.target("sign", mine.status, document_id=row.number)
    AGREEMENT.target("sign", row.status, document_id=row.number)
    check_typed_name(given.typed_name, mine.signer_name)
    document = signature_view(token).document
    if not sha256(document.content) == document.file.sha256 == mine.document_sha256:
        raise DocumentChanged(
            "This is no longer the document that was sent to you.", fix="Ask for it to be sent again."
        )
    evidence = {
        "typed_name": given.typed_name.strip(),
        "consent": given.consent.strip(),
        **asdict(given.visit),
        "signed_at": now.isoformat(),
        "document_sha256": mine.document_sha256,
    }
    sql.execute(
        "UPDATE signatures SET status = %s, signed_at = %s, viewed_at = coalesce(viewed_at, %s), evidence = %s "
        "WHERE id = %s",
        (SignatureStatus.SIGNED.value, now, now, sql.json(evidence), mine.id),
    )
    record([_signature_event("SignatureGiven", row, mine, evidence)], now=now, actor=_actor(mine))
    round_ = [one for one in signatures_of([row.id]) if one.document_sha256 == mine.document_sha256]
    if all(one.status == SignatureStatus.SIGNED for one in round_):
        _conclude(row, round_, mine, now)
    return queries.agreement(row.id)


@transaction.atomic
def decline_signature(token: str, *, reason: str, visit: Visit, now: datetime) -> UUID:
    """Refuse to sign; the contract is declined, and nobody else can sign it until it is recalled and sent again.

    Gives the agreement.
    """
    row, mine = _locked(token)
    declined = SIGNATURE.target("decline", mine.status, document_id=row.number)
    target = AGREEMENT.target("decline", row.status, document_id=row.number)
    evidence = {"reason": reason, **asdict(visit), "declined_at": now.isoformat()}
    sql.execute(
        "UPDATE signatures SET status = %s, evidence = %s WHERE id = %s", (declined.value, sql.json(evidence), mine.id)
    )
    sql.update("agreements", {"status": "text"}, [(row.id, target.value)])
    withdraw_signatures([row.id])
    events = [
        _signature_event("SignatureDeclined", row, mine, asdict(visit), reason),
        _agreement_event("AgreementDeclined", row, reason=reason),
    ]
    record(events, now=now, actor=_actor(mine))
    return row.id


def _locked(token: str) -> tuple[AgreementRow, SignatureRow]:
    """The agreement, locked, and the request to sign as it stands behind the lock."""
    key = signature_by_token(token).agreement_id
    row = queries.agreements_for_update([key])[key]
    return row, signature_by_token(token)


def _conclude(row: AgreementRow, signatures: Sequence[SignatureRow], last: SignatureRow, now: datetime) -> None:
    """All have signed: seal the contract with its evidence, make the agreement active, tell the next stage."""
    entity = entities_by_id([row.entity_id])[row.entity_id]
    signed_on = local_day(now, entity.timezone)
    plain = contract_pdf(row, signatures, now=now, fingerprint=last.document_sha256)
    reason = f"{row.number}: signed by {', '.join(one.signer_name for one in signatures)}"
    sealed = seal(plain, reason=reason, key=seal_key_of(row.entity_id, now=now), now=now)
    _store(row, CONTRACT_FILE, f"{row.number}-signed.pdf", sealed, now)
    sql.execute(
        "UPDATE agreements SET status = %s, signed_on = %s WHERE id = %s",
        (AgreementStatus.ACTIVE.value, signed_on, row.id),
    )
    enqueue([_mail("contract_mail", one) for one in signatures], now=now)
    data = {
        "contract_sha256": sha256(sealed),
        "document_sha256": last.document_sha256,
        "signed_on": signed_on.isoformat(),
    }
    record([_agreement_event("AgreementSigned", row, data)], now=now, actor=_actor(last))


def _store(row: AgreementRow, kind: str, file_name: str, content: bytes, now: datetime) -> None:
    file = NewFile("agreement", row.id, kind, file_name, "application/pdf", content, row.customer_id)
    store_files([file], now=now)


def _mail(kind: str, signature: SignatureRow) -> OutboxMessage:
    return OutboxMessage(kind, f"{kind}:{signature.id}", {"signature_id": str(signature.id)})


def _actor(signature: SignatureRow) -> str:
    return f"signer:{signature.signer_email}"


def _agreement_event(
    type_name: str, row: AgreementRow, data: dict[str, str] | None = None, *, reason: str = ""
) -> Event:
    objects = [ObjectRef("agreement", row.id), ObjectRef("customer", row.customer_id)]
    if row.quote_id is not None:
        objects.append(ObjectRef("quote", row.quote_id))
    return Event(type_name, tuple(objects), {"number": row.number, **(data or {})}, reason)


def _signature_event(
    type_name: str, row: AgreementRow, signature: SignatureRow, data: dict[str, str], reason: str = ""
) -> Event:
    objects = (
        ObjectRef("signature", signature.id),
        ObjectRef("agreement", row.id),
        ObjectRef("customer", row.customer_id),
    )
    return Event(type_name, objects, {"signer": signature.signer_name, **data}, reason)
