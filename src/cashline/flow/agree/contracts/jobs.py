"""The mails of contracts: the request to sign, and the sealed original to everyone who signed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cashline.flow.agree.contracts import queries
from cashline.flow.agree.contracts.queries import AgreementRow
from cashline.flow.agree.contracts.queries.documents import sign_url
from cashline.flow.agree.contracts.queries.signatures import CONTRACT_FILE, SignatureRow, signature
from cashline.flow.agree.contracts.rules import SignatureStatus
from cashline.flow.agree.contracts.rules.wording import contract_words
from cashline.flow.agree.customers.queries import customer
from cashline.platform.company.queries import Entity, entities_by_id
from cashline.platform.documents.queries import latest_file
from cashline.platform.mail.sending import Mail, MailAttachment, send_mail
from cashline.platform.outbox.rules import Overtaken, Sender, SendingFailed


def send_signature_mail(payload: Mapping[str, Any], *, key: str, now: datetime) -> None:  # noqa: ARG001 - every sender has it
    """Ask one person to sign, by a personal link; nothing is sent once the request has been answered or withdrawn."""
    asked = signature(UUID(payload["signature_id"]))
    if asked.status != SignatureStatus.REQUESTED:
        raise Overtaken(f"The request to sign is {asked.status}.")
    row, entity, filled = _filled(asked)
    words = contract_words(customer(row.customer_id).locale)
    mail = Mail(
        to=asked.signer_email,
        subject=" ".join(words.mail_subject.format(**filled).split()),
        text=words.mail_text.format(**filled, url=sign_url(asked)),
        reply_to=entity.email,
    )
    send_mail(mail, key=key)


def send_contract_mail(payload: Mapping[str, Any], *, key: str, now: datetime) -> None:  # noqa: ARG001 - every sender has it
    """Send the sealed original to one of those who signed it."""
    signed = signature(UUID(payload["signature_id"]))
    row, entity, filled = _filled(signed)
    stored = latest_file(row.id, CONTRACT_FILE)
    if stored is None:
        raise SendingFailed(f"The signed contract {row.number} is missing.", again=False)
    words = contract_words(customer(row.customer_id).locale)
    mail = Mail(
        to=signed.signer_email,
        subject=" ".join(words.signed_subject.format(**filled).split()),
        text=words.signed_text.format(**filled),
        attachments=(MailAttachment(stored.file.file_name, stored.content, stored.file.media_type),),
        reply_to=entity.email,
    )
    send_mail(mail, key=key)


def _filled(asked: SignatureRow) -> tuple[AgreementRow, Entity, dict[str, str]]:
    row = queries.agreement(asked.agreement_id)
    entity = entities_by_id([row.entity_id])[row.entity_id]
    return (
        row,
        entity,
        {
            "number": row.number,
            "title": row.title,
            "name": asked.signer_name,
            "sender": entity.name,
            "customer": row.customer_name,
        },
    )


SENDERS: Mapping[str, Sender] = {"signature_mail": send_signature_mail, "contract_mail": send_contract_mail}
"""Who sends which kind of message."""
