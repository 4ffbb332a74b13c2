"""What runs by itself: the reminders of the business day, and their mails, which the outbox sends once by key."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from cashline.flow.agree.customers.queries import customer
from cashline.flow.receive.collections.actions import send_reminders
from cashline.flow.receive.collections.actions.reminding import MAIL_KIND
from cashline.flow.receive.collections.queries import letter, reminders_of
from cashline.flow.receive.collections.rules.wording import LetterLine, LetterWords
from cashline.platform.company.queries import entities_by_id
from cashline.platform.documents.wording import wording_for
from cashline.platform.mail.sending import Mail, send_mail


def remind_due(*, today: date, now: datetime, actor: str) -> int:
    """Send the reminders of the day; gives the number of letters."""
    return len(send_reminders(today=today, now=now, actor=actor).letter_ids)


def reminder_words(letter_id: UUID) -> LetterWords:
    """What a letter says, in the language of its customer."""
    row = letter(letter_id)
    entity = entities_by_id([row.entity_id])[row.entity_id]
    locale = customer(row.customer_id).locale
    wording = wording_for(locale)
    return LetterWords(
        locale=locale,
        level=row.level,
        seller=entity.name,
        lines=tuple(
            LetterLine(
                one.invoice_number,
                wording.short_date(one.due_on),
                one.days_overdue,
                wording.money(one.amount, row.currency),
            )
            for one in reminders_of(letter_ids=[letter_id])
        ),
        total=wording.money(row.total, row.currency),
        iban=entity.iban,
        bic=entity.bic,
        portal=f"{settings.PUBLIC_URL}/portal/",
    )


def send_reminder_mail(payload: Mapping[str, Any], *, key: str, now: datetime) -> None:
    """Mail a letter to its customer."""
    del now  # the letter has a day of its own
    letter_id = UUID(payload["letter_id"])
    row = letter(letter_id)
    words = reminder_words(letter_id)
    reply_to = entities_by_id([row.entity_id])[row.entity_id].email
    send_mail(Mail(to=row.email, subject=words.subject, text=words.text, reply_to=reply_to), key=key)


SENDERS = {MAIL_KIND: send_reminder_mail}
