"""Handing one mail to the SMTP server, under a Message-ID made of its outbox key."""

import hashlib
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from cashline.platform.outbox.rules import SendingFailed


@dataclass(frozen=True, slots=True)
class MailAttachment:
    """A file that goes along."""

    file_name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in the customer's language: plain text, and HTML where it helps."""

    to: str
    subject: str
    text: str
    html: str = ""
    attachments: Sequence[MailAttachment] = ()
    reply_to: str = ""


def send_mail(mail: Mail, *, key: str) -> None:
    """Hand the mail over; raises SendingFailed, for good where the server refuses the recipient."""
    if not mail.to or "\n" in mail.to + mail.subject or "\r" in mail.to + mail.subject:
        raise SendingFailed("There is no valid address to send to.", again=False)
    domain = settings.DEFAULT_FROM_EMAIL.rsplit("@", 1)[-1].rstrip(">")
    message_id = f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=[mail.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": message_id, "X-Cashline-Key": key},
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    for attachment in mail.attachments:
        message.attach(attachment.file_name, attachment.content, attachment.media_type)
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        raise SendingFailed(str(error), status_code=code, again=code < 500) from error
    except (smtplib.SMTPException, OSError) as error:
        raise SendingFailed(f"{type(error).__name__}: {error}") from error
