"""Recording money received, with what it settles at once. A source becomes one payment, however often it is told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.invoices.actions import Settled, settle
from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.rules import TAX_WITHHELD, InvoiceNotOpen, OverAllocated, PaymentStatus
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import MAX_AMOUNT, CurrencyMismatch, minor_units
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all
from cashline.kernel.rounding import round_to
from cashline.platform import sql
from cashline.platform.company.queries import Entity, entities_by_id, exchange_rates
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

ZERO = Decimal(0)
METHODS = ("bank_transfer", "card", "direct_debit", "cash", "other", TAX_WITHHELD)
_COLUMNS = (
    *("id", "number", "entity_id", "customer_id", "currency", "method", "status", "amount", "unapplied_amount"),
    *("received_on", "entity_rate", "gateway", "gateway_reference", "source_id", "created_at"),
)
ALLOCATION_COLUMNS = ("id", "payment_id", "invoice_id", "amount", "write_off_amount", "applied_on", "created_at")

type Allocated = tuple[UUID, Decimal, Decimal]
"""An invoice, the money put to it, and the rest of it that is written off."""


@dataclass(frozen=True, slots=True)
class NewPayment:
    """Money received. `source_id` is what makes it the same payment when it is told again: a bank line, an intent."""

    customer_id: UUID
    entity_id: UUID
    currency: str
    amount: Decimal
    method: str
    received_on: date
    source_id: UUID
    gateway: str = ""
    gateway_reference: str | None = None
    allocations: tuple[Allocated, ...] = ()


@transaction.atomic
def record_payments(payments: Sequence[NewPayment], *, now: datetime, actor: str) -> list[UUID]:
    """Record payments and settle what they name; gives their ids in order, also of those recorded before.

    Raises, all at once: InvalidValue, CurrencyMismatch, InvoiceNotOpen, OverAllocated. Twelve statements a batch.
    """
    raise_all(error for payment in payments for error in _errors(payment))
    known = queries.payments_by_source(payment.source_id for payment in payments)
    fresh = list({payment.source_id: payment for payment in payments if payment.source_id not in known}.values())
    if fresh:
        check_parties(fresh)
        entities = entities_by_id({payment.entity_id for payment in fresh})
        settled = settle(settlements(payment.allocations for payment in fresh), now=now, actor=actor)
        known |= _append(fresh, entities, settled, now=now, actor=actor)
        if any(one.open_amount for one in settled.values()):
            days = {key: payment.received_on for payment in fresh for key, *_ in payment.allocations}
            take_withheld({key: days[key] for key, one in settled.items() if one.open_amount}, now=now, actor=actor)
    return [known[payment.source_id] for payment in payments]


def take_withheld(invoices: Mapping[UUID, date], *, now: datetime, actor: str) -> None:
    """Settle what is left of invoices where that is just what their customers withhold for the tax authority.

    `invoices` were paid on a day each. What was withheld is recorded as a payment of its own: it is owed by the tax
    authority, and waits for its certificate.
    """
    found = [row for row in queries.withholding_left(invoices) if row.open_amount == row.expected]
    if not found:
        return
    record_payments(
        [
            NewPayment(
                row.customer_id, row.entity_id, row.currency, row.expected, TAX_WITHHELD, invoices[row.invoice_id],
                new_id(), allocations=((row.invoice_id, row.expected, ZERO),),
            )
            for row in found
        ],
        now=now,
        actor=actor,
    )  # fmt: skip


def settlements(allocations: Iterable[Iterable[Allocated]]) -> dict[UUID, Decimal]:
    """How much each invoice is settled by, money and write-off together."""
    changes: dict[UUID, Decimal] = {}
    for group in allocations:
        for invoice_id, amount, write_off in group:
            changes[invoice_id] = changes.get(invoice_id, ZERO) + amount + write_off
    return changes


def _errors(payment: NewPayment) -> list[Refusal]:
    if not 0 < payment.amount < MAX_AMOUNT:
        return [InvalidValue("A payment is more than zero, and less than the books can hold.", field="amount")]
    found: list[Refusal] = []
    digits = minor_units(payment.currency)
    amounts = [payment.amount, *(part for _, *parts in payment.allocations for part in parts)]
    if any(round_to(amount, digits) != amount or amount < 0 for amount in amounts):
        found.append(InvalidValue(f"Amounts in {payment.currency} have {digits} decimals.", field="amount"))
    if payment.method not in METHODS:
        found.append(InvalidValue(f"{payment.method!r} is not one of {', '.join(METHODS)}.", field="method"))
    if sum((amount for _, amount, _ in payment.allocations), ZERO) > payment.amount:
        found.append(OverAllocated("The allocations sum to more than was received.", field="allocations"))
    if len({invoice_id for invoice_id, *_ in payment.allocations}) != len(payment.allocations):
        found.append(InvalidValue("An invoice is named twice.", field="allocations"))
    return found


def check_parties(payments: Iterable[Any]) -> None:
    """Refuse allocations to invoices of another customer, entity or currency; all at once."""
    payments = list(payments)
    wanted = {invoice_id for payment in payments for invoice_id, *_ in payment.allocations}
    parties = queries.invoice_parties(wanted) if wanted else {}
    found: list[Refusal] = []
    for payment in payments:
        for invoice_id, *_ in payment.allocations:
            party = parties.get(invoice_id)
            theirs = party and (party.customer_id, party.entity_id) == (payment.customer_id, payment.entity_id)
            if party is None or not theirs:
                found.append(InvoiceNotOpen("The customer has no such invoice there.", field="allocations"))
            elif party.currency != payment.currency:
                sentence = f"Invoice {party.number} is in {party.currency}, the payment in {payment.currency}."
                found.append(CurrencyMismatch(sentence, field="currency", invoice=party.number))
    raise_all(found)


def _append(
    payments: Sequence[NewPayment],
    entities: Mapping[UUID, Entity],
    settled: Mapping[UUID, Settled],
    *,
    now: datetime,
    actor: str,
) -> dict[UUID, UUID]:
    pairs = {(payment.currency, entities[payment.entity_id].currency, payment.received_on) for payment in payments}
    rates = exchange_rates(pairs)
    series = [
        Series("payment", entities[payment.entity_id].code, payment.received_on.year, payment.entity_id)
        for payment in payments
    ]
    wanted: dict[Series, int] = {}
    for one in series:
        wanted[one] = wanted.get(one, 0) + 1
    numbers = {one: iter(taken) for one, taken in take_numbers(wanted).items()}
    rows, allocation_rows, events = [], [], []
    keys: dict[UUID, UUID] = {}
    for payment, one in zip(payments, series, strict=True):
        key = keys[payment.source_id] = new_id()
        number = next(numbers[one])
        unapplied = payment.amount - sum((amount for _, amount, _ in payment.allocations), ZERO)
        rate = rates[payment.currency, entities[payment.entity_id].currency, payment.received_on]
        rows.append(
            (
                *(key, number, payment.entity_id, payment.customer_id, payment.currency, payment.method),
                *(PaymentStatus.SUCCEEDED.value, payment.amount, unapplied, payment.received_on, rate),
                *(payment.gateway, payment.gateway_reference, payment.source_id, now),
            )
        )
        allocation_rows += [
            (new_id(), key, invoice_id, amount, write_off, payment.received_on, now)
            for invoice_id, amount, write_off in payment.allocations
        ]
        events.append(_received(key, number, payment, rate, settled))
    sql.insert("payments", _COLUMNS, rows)
    sql.insert("payment_allocations", ALLOCATION_COLUMNS, allocation_rows)
    record(events, now=now, actor=actor)
    return keys


def _received(key: UUID, number: str, payment: NewPayment, rate: Decimal, settled: Mapping[UUID, Settled]) -> Event:
    """The event carries all that the ledger posts, with the rates at which the invoices were issued."""
    return Event(
        "PaymentReceived",
        (
            ObjectRef("payment", key),
            ObjectRef("customer", payment.customer_id, "payer"),
            *(ObjectRef("invoice", invoice_id, "settled") for invoice_id, *_ in payment.allocations),
        ),
        {
            "number": number,
            "entity_id": str(payment.entity_id),
            "received_on": payment.received_on.isoformat(),
            "amount": str(payment.amount),
            "currency": payment.currency,
            "entity_rate": str(rate),
            "method": payment.method,
            "allocations": [
                {
                    "invoice_id": str(invoice_id),
                    "amount": str(amount),
                    "write_off": str(write_off),
                    "entity_rate": str(settled[invoice_id].entity_rate),
                }
                for invoice_id, amount, write_off in payment.allocations
                if amount + write_off
            ],
        },
    )
