"""Reading reminders: what is overdue with all that bears on it, letters, promises and holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.receive.collections.rules import OverdueInvoice, Promise, ReminderPolicy, SentReminder
from cashline.flow.receive.collections.rules.declaring import policy_from_json, usual_policy
from cashline.flow.receive.disputes.queries import disputed_amounts
from cashline.flow.receive.payments.queries import amounts_under_way, withheld_of
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.company.queries import Entity
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class Overdue:
    """An overdue invoice as the plan takes it, with the customer that a letter would go to."""

    invoice: OverdueInvoice
    customer_name: str
    email: str


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter that was sent; `invoices` are the numbers it reminds of."""

    id: UUID
    entity_id: UUID
    entity_code: str
    customer_id: UUID
    customer_name: str
    currency: str
    level: int
    total: Decimal
    sent_on: date
    email: str
    created_at: datetime
    invoices: list[str]
    mail_status: str


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """A line of a letter; `open_amount` is what is open of the invoice now."""

    id: UUID
    letter_id: UUID
    invoice_id: UUID
    invoice_number: str
    level: int
    amount: Decimal
    due_on: date
    days_overdue: int
    sent_on: date
    open_amount: Decimal


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A promise to pay, and what is open of its invoice now."""

    id: UUID
    invoice_id: UUID
    invoice_number: str
    customer_id: UUID
    customer_name: str
    currency: str
    amount: Decimal
    promised_for: date
    note: str
    open_amount: Decimal

    def is_broken(self, today: date) -> bool:
        """Is the day over, and something still open?"""
        return self.open_amount > 0 and self.promised_for < today


def policies_of(entities: Iterable[Entity]) -> dict[UUID, ReminderPolicy]:
    """The ladder of each entity: as declared, else the usual one in its country."""
    found = {entity.id: usual_policy(entity.country) for entity in entities}
    rows = sql.fetch("SELECT entity_id, content FROM reminder_policies WHERE entity_id = ANY(%s)", (list(found),))
    return found | {key: policy_from_json(content) for key, content in rows}


_OVERDUE = (
    "SELECT i.id, i.number, i.entity_id, i.customer_id, i.due_on, i.open_amount, i.currency, c.name, c.email, h.until "
    "FROM invoices i JOIN customers c ON c.id = i.customer_id LEFT JOIN reminder_holds h ON h.customer_id = c.id "
    "WHERE i.open_amount > 0 AND i.due_on < %(today)s AND i.entity_id = %(entity)s "
    "ORDER BY i.customer_id, i.id"
)


def overdue(entity_id: UUID, *, today: date) -> list[Overdue]:
    """What is past due at an entity, with its disputes, charges under way, promises, holds and earlier reminders."""
    rows = sql.fetch(_OVERDUE, {"today": today, "entity": entity_id})
    keys = [row[0] for row in rows]
    disputed, in_flight, withheld = disputed_amounts(keys), amounts_under_way(keys), withheld_of(keys)
    promises = _promises(keys)
    sent = _sent(keys)
    return [
        Overdue(
            OverdueInvoice(
                invoice_id=key,
                number=number,
                entity_id=entity,
                customer_id=customer,
                due_date=due_on,
                open_amount=Money(open_amount, currency),
                disputed=Money(disputed.get(key, Decimal(0)), currency),
                in_flight=Money(in_flight.get(key, Decimal(0)), currency),
                withheld=withheld.get(key, Decimal(0)),
                promises=tuple(Promise(Money(amount, currency), day) for amount, day in promises.get(key, ())),
                held_until=until,
                sent=tuple(sent.get(key, ())),
            ),
            name,
            email,
        )
        for key, number, entity, customer, due_on, open_amount, currency, name, email, until in rows
    ]


def _promises(invoice_ids: Sequence[UUID]) -> dict[UUID, list[tuple[Decimal, date]]]:
    found: dict[UUID, list[tuple[Decimal, date]]] = {}
    for key, amount, day in sql.fetch(
        "SELECT invoice_id, amount, promised_for FROM promises_to_pay WHERE invoice_id = ANY(%s) ORDER BY id",
        (list(invoice_ids),),
    ):
        found.setdefault(key, []).append((amount, day))
    return found


def _sent(invoice_ids: Sequence[UUID]) -> dict[UUID, list[SentReminder]]:
    found: dict[UUID, list[SentReminder]] = {}
    for key, level, day in sql.fetch(
        "SELECT invoice_id, level, sent_on FROM reminders WHERE invoice_id = ANY(%s) ORDER BY invoice_id, level",
        (list(invoice_ids),),
    ):
        found.setdefault(key, []).append(SentReminder(level, day))
    return found


def lock_entities(entity_ids: Iterable[UUID]) -> None:
    """Hold legal entities until the commit, in key order: their reminders are planned by one run at a time."""
    sql.execute(
        "SELECT 1 FROM legal_entities WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(set(entity_ids)),)
    )


_LETTER = (
    "l.id, l.entity_id, e.code, l.customer_id, c.name, l.currency, l.level, l.total, l.sent_on, l.email, l.created_at, "
    "ARRAY(SELECT i.number FROM reminders r JOIN invoices i ON i.id = r.invoice_id WHERE r.letter_id = l.id "
    "ORDER BY r.due_on, i.number), coalesce((SELECT o.status FROM outbox o WHERE o.kind = 'reminder_mail' "
    "AND o.payload->>'letter_id' = l.id::text LIMIT 1), '')"
)
_LETTERS = "reminder_letters l JOIN customers c ON c.id = l.customer_id JOIN legal_entities e ON e.id = l.entity_id"
SORTS = {"sent_on": "l.sent_on", "customer": "lower(c.name)", "level": "l.level", "total": "l.total"}


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters; days are from (included) to (not included)."""

    words: str = ""
    entities: Sequence[UUID] | None = None
    customer_id: UUID | None = None
    levels: Sequence[int] = ()
    sent_from: date | None = None
    sent_to: date | None = None


def list_letters(ask: lists.Ask, chosen: LetterFilter) -> Page[LetterRow]:
    """One page of letters, the newest first where no sort is asked for."""
    conditions = lists.Conditions()
    conditions.among("l.entity_id", chosen.entities, "uuid")
    conditions.contains(("c.name", "c.number", "l.email"), chosen.words)
    if chosen.levels:
        conditions.add("l.level = ANY(%s)", list(chosen.levels))
    conditions.given("l.customer_id = %s", chosen.customer_id)
    conditions.given("l.sent_on >= %s", chosen.sent_from)
    conditions.given("l.sent_on < %s", chosen.sent_to)
    return lists.page(
        LetterRow,
        columns=_LETTER,
        source=_LETTERS,
        key="l.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def letter(letter_id: UUID) -> LetterRow:
    """One letter; raises NotFound."""
    rows = sql.fetch_as(LetterRow, f"SELECT {_LETTER} FROM {_LETTERS} WHERE l.id = %s", (letter_id,))
    if not rows:
        raise NotFound("There is no such reminder.", field="reminder")
    return rows[0]


def reminders_of(*, letter_ids: Sequence[UUID] = (), invoice_ids: Sequence[UUID] = ()) -> list[ReminderRow]:
    """The lines of letters, or the reminders of invoices, in order."""
    return sql.fetch_as(
        ReminderRow,
        "SELECT r.id, r.letter_id, r.invoice_id, i.number, r.level, r.amount, r.due_on, r.days_overdue, r.sent_on, "
        "i.open_amount FROM reminders r JOIN invoices i ON i.id = r.invoice_id "
        "WHERE r.letter_id = ANY(%s) OR r.invoice_id = ANY(%s) ORDER BY r.due_on, i.number, r.level",
        (list(letter_ids), list(invoice_ids)),
    )


def promises(
    *, entities: Sequence[UUID] | None = None, invoice_ids: Sequence[UUID] | None = None, limit: int = 200
) -> list[PromiseRow]:
    """Promises whose invoices are still open, the next day first."""
    conditions = lists.Conditions()
    conditions.add("i.open_amount > 0")
    conditions.among("i.entity_id", entities, "uuid")
    conditions.among("p.invoice_id", invoice_ids, "uuid")
    return sql.fetch_as(
        PromiseRow,
        "SELECT p.id, p.invoice_id, i.number, i.customer_id, c.name, i.currency, p.amount, p.promised_for, p.note, "
        "i.open_amount FROM promises_to_pay p JOIN invoices i ON i.id = p.invoice_id "
        f"JOIN customers c ON c.id = i.customer_id WHERE {' AND '.join(conditions.texts)} "
        "ORDER BY p.promised_for, p.id LIMIT %s",
        [*conditions.params, limit],
    )


def hold_of(customer_id: UUID) -> tuple[date, str] | None:
    """Until when a customer gets no reminders, and why."""
    row = sql.fetch_one("SELECT until, reason FROM reminder_holds WHERE customer_id = %s", (customer_id,))
    return (row[0], row[1]) if row else None
