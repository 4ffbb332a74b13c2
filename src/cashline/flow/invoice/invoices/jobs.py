"""What runs by itself: the mail of each invoice, with the stored PDF. The outbox sends it once by its key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cashline.flow.invoice.invoices.actions import DocumentForm, invoice_document
from cashline.flow.invoice.invoices.queries import statement_of
from cashline.flow.invoice.invoices.rules.wording import phrase
from cashline.platform.documents.wording import wording_for
from cashline.platform.mail.sending import Mail, MailAttachment, send_mail


def send_invoice_mail(payload: Mapping[str, Any], *, key: str, now: datetime) -> None:
    """Mail an invoice to its customer, in the customer's language."""
    statement = statement_of(UUID(payload["invoice_id"]))
    stored = invoice_document(statement.id, DocumentForm.PDF, now=now)
    locale = statement.buyer.locale
    wording = wording_for(locale)
    words = {
        "number": statement.number,
        "seller": statement.seller.name,
        "amount": wording.money(statement.gross_total, statement.currency),
        "due": wording.long_date(statement.due_on),
    }
    send_mail(
        Mail(
            to=statement.buyer.email,
            subject=phrase(locale, "invoice_subject", **words),
            text=phrase(locale, "invoice_text", **words),
            attachments=[MailAttachment(stored.file.file_name, stored.content, stored.file.media_type)],
            reply_to=statement.seller.email,
        ),
        key=key,
    )


SENDERS = {"invoice_mail": send_invoice_mail}
