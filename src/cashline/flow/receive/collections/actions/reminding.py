"""Sending reminders: planned over what is overdue, recorded with their letters, and mailed once by the outbox.

A preview is the same run without the records. Running again on the day, or at the same time, sends nothing twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.receive.collections import queries
from cashline.flow.receive.collections.queries import Overdue
from cashline.flow.receive.collections.rules import ReminderLetter, SkipReason, plan_reminders
from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.company.queries import entities
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.outbox.actions import OutboxMessage, enqueue

MAIL_KIND = "reminder_mail"
_LETTER_COLUMNS = ("id", "entity_id", "customer_id", "currency", "level", "total", "sent_on", "email", "created_at")
_REMINDER_COLUMNS = ("id", "letter_id", "invoice_id", "level", "amount", "due_on", "days_overdue", "sent_on")


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A customer whom a reminder would go to, if we knew an address."""

    customer_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class ReminderRun:
    """What a run sent, or in a preview would send; and why other overdue invoices were left out.

    `letter_ids` are empty in a preview. `names` are those of the customers of letters and skipped invoices.
    """

    letters: tuple[ReminderLetter, ...]
    letter_ids: tuple[UUID, ...]
    skipped: tuple[tuple[UUID, SkipReason], ...]
    unreachable: tuple[Unreachable, ...]
    overdue: dict[UUID, Overdue]


def send_reminders(
    *,
    today: date,
    now: datetime,
    actor: str,
    entity_ids: Sequence[UUID] | None = None,
    preview: bool = False,
) -> ReminderRun:
    """Send the reminders that are due on a day at the legal entities (None: at all); one transaction an entity."""
    chosen = [entity for entity in entities() if entity_ids is None or entity.id in set(entity_ids)]
    parts = [_run(entity.id, today=today, now=now, actor=actor, preview=preview) for entity in chosen]
    return ReminderRun(
        tuple(letter for part in parts for letter in part.letters),
        tuple(key for part in parts for key in part.letter_ids),
        tuple(skip for part in parts for skip in part.skipped),
        tuple(one for part in parts for one in part.unreachable),
        {key: one for part in parts for key, one in part.overdue.items()},
    )


@transaction.atomic
def _run(entity_id: UUID, *, today: date, now: datetime, actor: str, preview: bool) -> ReminderRun:
    if not preview:
        queries.lock_entities([entity_id])
    policy = queries.policies_of(entity for entity in entities() if entity.id == entity_id)[entity_id]
    found = queries.overdue(entity_id, today=today)
    plan = plan_reminders([one.invoice for one in found], policy, today=today)
    addresses = {one.invoice.customer_id: one.email for one in found}
    letters = [letter for letter in plan.letters if addresses[letter.customer_id]]
    names = {one.invoice.customer_id: one.customer_name for one in found if not one.email}
    left = {letter.customer_id for letter in plan.letters} & names.keys()
    ids = () if preview else _append(letters, addresses, today=today, now=now, actor=actor)
    return ReminderRun(
        tuple(letters),
        ids,
        plan.skipped,
        tuple(Unreachable(key, names[key]) for key in sorted(left)),
        {one.invoice.invoice_id: one for one in found},
    )


def _append(
    letters: Sequence[ReminderLetter], addresses: dict[UUID, str], *, today: date, now: datetime, actor: str
) -> tuple[UUID, ...]:
    keys = tuple(new_id() for _ in letters)
    sql.insert(
        "reminder_letters",
        _LETTER_COLUMNS,
        [
            (
                *(key, letter.entity_id, letter.customer_id, letter.total.currency, letter.level, letter.total.amount),
                *(today, addresses[letter.customer_id], now),
            )
            for key, letter in zip(keys, letters, strict=True)
        ],
    )
    sql.insert(
        "reminders",
        _REMINDER_COLUMNS,
        [
            (
                *(new_id(), key, one.invoice_id, one.level, one.amount.amount, one.due_date),
                *(one.days_overdue, today),
            )
            for key, letter in zip(keys, letters, strict=True)
            for one in letter.reminders
        ],
    )
    enqueue([_mail(key, letter) for key, letter in zip(keys, letters, strict=True)], now=now)
    record(list(_events(zip(keys, letters, strict=True))), now=now, actor=actor)
    return keys


def _mail(key: UUID, letter: ReminderLetter) -> OutboxMessage:
    """The key names the first reminder of the letter, which stands in no other: no reminder is mailed twice."""
    first = letter.reminders[0]
    return OutboxMessage(MAIL_KIND, f"reminder:{first.invoice_id}:{first.level}", {"letter_id": str(key)})


def _events(letters: Iterable[tuple[UUID, ReminderLetter]]) -> Iterable[Event]:
    for key, letter in letters:
        yield Event(
            "ReminderSent",
            (
                ObjectRef("reminder", key),
                ObjectRef("customer", letter.customer_id, "reminded"),
                *(ObjectRef("invoice", one.invoice_id, "overdue") for one in letter.reminders),
            ),
            {
                "level": letter.level,
                "total": str(letter.total.amount),
                "currency": letter.total.currency,
                "levels": {str(one.invoice_id): one.level for one in letter.reminders},
            },
        )
