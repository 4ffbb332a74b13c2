"""What happens to quotes by itself: they expire, and their mails are sent."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from cashline.flow.agree.customers.queries import customer
from cashline.flow.agree.quotes import actions, queries
from cashline.flow.agree.quotes.queries.documents import accept_url
from cashline.flow.agree.quotes.rules.wording import quote_words
from cashline.platform.company.queries import entities_by_id
from cashline.platform.documents.queries import latest_file
from cashline.platform.documents.wording import wording_for
from cashline.platform.mail.sending import Mail, MailAttachment, send_mail
from cashline.platform.outbox.rules import Sender, SendingFailed


def expire_quotes(*, today: date, now: datetime, actor: str) -> int:
    """Daily: expire what can no longer be accepted."""
    return actions.expire_due(today=today, now=now, actor=actor)


def send_quote_mail(payload: Mapping[str, Any], *, key: str, now: datetime) -> None:  # noqa: ARG001 - every sender has it
    """Mail a sent version to its contact, with the PDF and the link to accept it."""
    row = queries.quote(UUID(payload["quote_id"]))
    version = next(one for one in queries.versions_of(row.id) if one.version == payload["version"])
    stored = latest_file(version.id, "quote")
    if stored is None:
        raise SendingFailed(f"The PDF of {row.number} version {version.version} is missing.", again=False)
    buyer = customer(row.customer_id)
    entity = entities_by_id([row.entity_id])[row.entity_id]
    words, wording = quote_words(buyer.locale), wording_for(buyer.locale)
    filled = {
        "number": row.number,
        "title": row.title,
        "version": version.version,
        "name": f" {row.contact_name}" if row.contact_name else "",
        "total": wording.money(version.net_total, row.currency),
        "valid_until": wording.long_date(row.valid_until),
        "url": accept_url(row.id),
        "sender": entity.name,
    }
    mail = Mail(
        to=row.contact_email or buyer.email,
        subject=" ".join(words.mail_subject.format(**filled).split()),
        text=words.mail_text.format(**filled),
        attachments=(MailAttachment(stored.file.file_name, stored.content, stored.file.media_type),),
        reply_to=entity.email,
    )
    send_mail(mail, key=key)


SENDERS: Mapping[str, Sender] = {"quote_mail": send_quote_mail}
"""Who sends which kind of message."""
