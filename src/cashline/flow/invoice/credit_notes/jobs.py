"""What runs by itself: the mail of each credit note, with the stored PDF. The outbox sends it once by its key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cashline.flow.invoice.credit_notes.actions import credit_note_document
from cashline.flow.invoice.credit_notes.queries import statement_of
from cashline.flow.invoice.invoices.actions import DocumentForm
from cashline.flow.invoice.invoices.rules.wording import phrase
from cashline.platform.documents.wording import wording_for
from cashline.platform.mail.sending import Mail, MailAttachment, send_mail


def send_credit_note_mail(payload: Mapping[str, Any], *, key: str, now: datetime) -> None:
    """Mail a credit note to its customer, in the customer's language."""
    statement = statement_of(UUID(payload["credit_note_id"]))
    stored = credit_note_document(statement.id, DocumentForm.PDF, now=now)
    locale = statement.buyer.locale
    words = {
        "number": statement.number,
        "seller": statement.seller.name,
        "amount": wording_for(locale).money(statement.gross_total, statement.currency),
        "invoice": statement.preceding[0] if statement.preceding else "",
    }
    send_mail(
        Mail(
            to=statement.buyer.email,
            subject=phrase(locale, "credit_subject", **words),
            text=phrase(locale, "credit_text", **words),
            attachments=[MailAttachment(stored.file.file_name, stored.content, stored.file.media_type)],
            reply_to=statement.seller.email,
        ),
        key=key,
    )


SENDERS = {"credit_note_mail": send_credit_note_mail}
