"""What keeps reminders back, and how the ladder is declared: holds of customers, promises to pay, policies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.customers.queries import customer
from cashline.flow.receive.collections.rules.declaring import declared_policy, policy_as_json
from cashline.flow.receive.payments.queries import PayableInvoice, payable_for_update
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import Money, minor_units
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal, raise_all
from cashline.kernel.rounding import round_to
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


@dataclass(frozen=True, slots=True)
class NewPromise:
    """What a customer says to pay of an invoice, and by when."""

    invoice_id: UUID
    amount: Decimal
    promised_for: date
    note: str = ""


@transaction.atomic
def record_promises(promises: Sequence[NewPromise], *, today: date, now: datetime, actor: str) -> list[UUID]:
    """Record promises to pay; gives their ids. Raises InvalidValue and NotFound, all at once."""
    invoices = payable_for_update(promise.invoice_id for promise in promises)
    raise_all(error for promise in promises for error in _errors(promise, invoices.get(promise.invoice_id), today))
    keys = [new_id() for _ in promises]
    sql.insert(
        "promises_to_pay",
        ("id", "invoice_id", "amount", "promised_for", "note", "created_at"),
        [
            (key, one.invoice_id, one.amount, one.promised_for, one.note, now)
            for key, one in zip(keys, promises, strict=True)
        ],
    )
    events = [
        Event(
            "PromiseRecorded",
            (
                ObjectRef("invoice", one.invoice_id),
                ObjectRef("customer", invoices[one.invoice_id].customer_id, "promised"),
            ),
            {
                "amount": str(one.amount),
                "currency": invoices[one.invoice_id].currency,
                "promised_for": one.promised_for.isoformat(),
            },
            one.note,
        )
        for one in promises
    ]
    record(events, now=now, actor=actor)
    return keys


def _errors(promise: NewPromise, invoice: PayableInvoice | None, today: date) -> list[Refusal]:
    if invoice is None:
        return [NotFound("There is no such issued invoice.", field="invoice")]
    found: list[Refusal] = []
    digits = minor_units(invoice.currency)
    if promise.amount <= 0 or round_to(promise.amount, digits) != promise.amount:
        found.append(InvalidValue(f"The amount is above zero, with at most {digits} decimals.", field="amount"))
    if promise.amount > invoice.open_amount:
        sentence = f"Only {Money(invoice.open_amount, invoice.currency).rounded()} is open on {invoice.number}."
        found.append(InvalidValue(sentence, field="amount"))
    if promise.promised_for < today:
        found.append(InvalidValue("The day lies behind.", field="promised_for"))
    return found


@transaction.atomic
def hold_reminders(customer_id: UUID, *, until: date, reason: str, today: date, now: datetime, actor: str) -> None:
    """Send a customer no reminders up to and with a day; a second hold replaces the first."""
    customer(customer_id)
    if until < today:
        raise InvalidValue("The day lies behind.", field="until")
    if not reason.strip():
        raise InvalidValue("Say why.", field="reason")
    sql.execute(
        "INSERT INTO reminder_holds (customer_id, until, reason, created_at) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (customer_id) DO UPDATE SET until = EXCLUDED.until, reason = EXCLUDED.reason, "
        "created_at = EXCLUDED.created_at",
        (customer_id, until, reason, now),
    )
    event = Event("RemindersHeld", (ObjectRef("customer", customer_id),), {"until": until.isoformat()}, reason)
    record([event], now=now, actor=actor)


@transaction.atomic
def lift_hold(customer_id: UUID, *, reason: str = "", now: datetime, actor: str) -> None:
    """Send a customer reminders again; raises NotFound where nothing is held."""
    if not sql.execute("DELETE FROM reminder_holds WHERE customer_id = %s", (customer_id,)):
        raise NotFound("No reminders of this customer are held.", field="customer")
    event = Event("ReminderHoldLifted", (ObjectRef("customer", customer_id),), {}, reason)
    record([event], now=now, actor=actor)


@transaction.atomic
def set_policy(
    entity_id: UUID,
    *,
    days: Sequence[int],
    country: str,
    minimums: Sequence[Money] = (),
    now: datetime,
    actor: str,
) -> None:
    """Declare the ladder of a legal entity: the days after the due day of each level. Letters below a minimum wait.

    `country` (ISO 3166) is whose business days count; empty for every day. Reminders cost the customer no fee.
    """
    entities_by_id([entity_id])
    if country and not (len(country) == 2 and country.isalpha() and country.isupper()):
        raise InvalidValue("The country is a code of two letters.", field="country")
    content = policy_as_json(declared_policy(days, country, minimums))
    sql.execute(
        "INSERT INTO reminder_policies (entity_id, content) VALUES (%s, %s) "
        "ON CONFLICT (entity_id) DO UPDATE SET content = EXCLUDED.content",
        (entity_id, sql.json(content)),
    )
    record([Event("ReminderPolicySet", (ObjectRef("entity", entity_id),), content)], now=now, actor=actor)
