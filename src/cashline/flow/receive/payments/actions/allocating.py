"""Putting money that lies on account to invoices, and taking it back. Taking back is a row of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.invoices.actions import settle
from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.recording import (
    ALLOCATION_COLUMNS,
    ZERO,
    Allocated,
    check_parties,
    settlements,
    take_withheld,
)
from cashline.flow.receive.payments.rules import OverAllocated
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.kernel.rounding import round_to
from cashline.kernel.writing import write_money
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A payment as `check_parties` reads it."""

    customer_id: UUID
    entity_id: UUID
    currency: str
    allocations: tuple[Allocated, ...]


@transaction.atomic
def allocate(
    *, payment_id: UUID, allocations: Sequence[Allocated], applied_on: date, now: datetime, actor: str
) -> list[UUID]:
    """Put unapplied money of a payment to invoices; gives the ids of the allocations.

    Raises OverAllocated where more is put than is left, or than is open.
    """
    payment = queries.payment_for_update(payment_id)
    digits = minor_units(payment.currency)
    if not allocations:
        raise InvalidValue("Name at least one invoice.", field="allocations")
    for _, amount, write_off in allocations:
        if amount <= 0 or write_off < 0 or any(round_to(one, digits) != one for one in (amount, write_off)):
            raise InvalidValue("An allocation is more than zero, in whole minor units.", field="allocations")
    total = sum((amount for _, amount, _ in allocations), ZERO)
    if total > payment.unapplied_amount:
        raise OverAllocated(
            f"{write_money(total, payment.currency)} is more than the "
            f"{write_money(payment.unapplied_amount, payment.currency)} left of {payment.number}.",
            field="allocations",
        )
    check_parties([_Wanted(payment.customer_id, payment.entity_id, payment.currency, tuple(allocations))])
    settled = settle(settlements([allocations]), now=now, actor=actor)
    sql.execute("UPDATE payments SET unapplied_amount = unapplied_amount - %s WHERE id = %s", (total, payment_id))
    keys = [new_id() for _ in allocations]
    sql.insert(
        "payment_allocations",
        ALLOCATION_COLUMNS,
        [
            (key, payment_id, invoice_id, amount, write_off, applied_on, now)
            for key, (invoice_id, amount, write_off) in zip(keys, allocations, strict=True)
        ],
    )
    record(
        [
            _event("PaymentAllocated", payment, key, *allocation, applied_on)
            for key, allocation in zip(keys, allocations, strict=True)
        ],
        now=now,
        actor=actor,
    )
    if short := {key: applied_on for key, one in settled.items() if one.open_amount}:
        take_withheld(short, now=now, actor=actor)
    return keys


@transaction.atomic
def unallocate(
    *, payment_id: UUID, allocation_ids: Sequence[UUID], reason: str, today: date, now: datetime, actor: str
) -> None:
    """Take allocations of a payment back: the invoices are open again, the money lies on account.

    Raises NotFound where an allocation is not the payment's or was taken back before.
    """
    payment = queries.payment_for_update(payment_id)
    standing = {row.id: row for row in queries.standing_allocations(payment_id)}
    if missing := set(allocation_ids) - standing.keys():
        raise NotFound(f"{len(missing)} of the allocations do not stand on this payment.", field="allocations")
    rows = [standing[key] for key in dict.fromkeys(allocation_ids)]
    changes = settlements([[(row.invoice_id, -row.amount, -row.write_off_amount)] for row in rows])
    settle(changes, now=now, actor=actor)
    total = sum((row.amount for row in rows), ZERO)
    sql.execute("UPDATE payments SET unapplied_amount = unapplied_amount + %s WHERE id = %s", (total, payment_id))
    keys = [new_id() for _ in rows]
    sql.insert(
        "payment_allocations",
        (*ALLOCATION_COLUMNS, "reverses_id"),
        [
            (key, payment_id, row.invoice_id, -row.amount, -row.write_off_amount, today, now, row.id)
            for key, row in zip(keys, rows, strict=True)
        ],
    )
    record(
        [
            _event("PaymentUnallocated", payment, key, row.invoice_id, row.amount, row.write_off_amount, today, reason)
            for key, row in zip(keys, rows, strict=True)
        ],
        now=now,
        actor=actor,
    )


def _event(
    kind: str,
    payment: queries.PaymentRow,
    allocation_id: UUID,
    invoice_id: UUID,
    amount: Decimal,
    write_off: Decimal,
    day: date,
    reason: str = "",
) -> Event:
    return Event(
        kind,
        (
            ObjectRef("payment", payment.id),
            ObjectRef("customer", payment.customer_id, "payer"),
            ObjectRef("invoice", invoice_id, "settled"),
        ),
        {
            "allocation_id": str(allocation_id),
            "number": payment.number,
            "amount": str(amount),
            "write_off": str(write_off),
            "currency": payment.currency,
            "day": day.isoformat(),
        },
        reason,
    )
