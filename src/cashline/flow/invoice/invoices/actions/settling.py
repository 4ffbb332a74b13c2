"""Settling: the one way in which the open amount of an issued invoice changes, by payments, credits and write-offs.

Invoices are locked in key order, and the customer's exposure follows the open amount.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from cashline.flow.book.credit.actions import change_exposure
from cashline.flow.invoice.invoices.rules.lifecycle import INVOICE, InvoiceStatus
from cashline.kernel.refusals import Conflict, NotFound, Refusal, raise_all
from cashline.kernel.writing import write_money
from cashline.platform import sql

_SETTLE = (
    "UPDATE invoices AS i SET open_amount = i.open_amount - change.amount FROM "
    "(SELECT l.id, c.amount FROM unnest(%s::uuid[], %s::numeric[]) AS c(id, amount) JOIN invoices l ON l.id = c.id "
    "ORDER BY l.id FOR NO KEY UPDATE OF l) AS change WHERE i.id = change.id AND i.number IS NOT NULL "
    "AND i.open_amount - change.amount BETWEEN 0 AND i.gross_total "
    "RETURNING i.id, i.customer_id, i.entity_id, i.currency, i.entity_rate, i.open_amount"
)


class OverSettled(Conflict):
    """More would be settled than is open, or more taken back than the invoice is worth."""

    code = "over_settled"


class Settled(NamedTuple):
    """An invoice after settling; `entity_rate` is the exchange rate at which it was issued."""

    invoice_id: UUID
    customer_id: UUID
    entity_id: UUID
    currency: str
    entity_rate: Decimal
    open_amount: Decimal


@transaction.atomic(savepoint=False)
def settle(
    changes: Mapping[UUID, Decimal], *, now: datetime, actor: str, exposure: Mapping[UUID, Decimal] | None = None
) -> dict[UUID, Settled]:
    """Lower open amounts (a negative change raises one again) and the customers' exposure with them.

    `exposure` is a further change of it, made at once so that accounts are locked in one order. The caller records the
    event that tells why. Raises OverSettled or NotFound, all at once, and changes nothing then.
    """
    wanted = {key: amount for key, amount in changes.items() if amount}
    rows = [Settled(*row) for row in sql.fetch(_SETTLE, (list(wanted), list(wanted.values())))] if wanted else []
    if len(rows) < len(wanted):
        raise_all(_reasons(wanted, {row.invoice_id for row in rows}))
    total = dict(exposure or {})
    for row in rows:
        total[row.customer_id] = total.get(row.customer_id, Decimal(0)) - wanted[row.invoice_id]
    change_exposure(total, now=now, actor=actor)
    return {row.invoice_id: row for row in rows}


def _reasons(wanted: Mapping[UUID, Decimal], done: set[UUID]) -> list[Refusal]:
    missing = [key for key in wanted if key not in done]
    rows = {
        row[0]: row[1:]
        for row in sql.fetch(
            "SELECT id, number, currency, open_amount, gross_total FROM invoices WHERE id = ANY(%s)", (missing,)
        )
    }
    return [_reason(key, wanted[key], rows.get(key)) for key in missing]


def _reason(key: UUID, amount: Decimal, row: tuple[str, str, Decimal, Decimal] | None) -> Refusal:
    if row is None or row[0] is None:
        return NotFound(f"There is no issued invoice {key}.", field="invoice_id")
    number, currency, open_amount, gross = row
    if amount > 0:
        left, asked = write_money(open_amount, currency), write_money(amount, currency)
        return OverSettled(
            f"Invoice {number} has {left} open, and {asked} is too much.",
            field="amount",
            invoice=number,
            open_amount=open_amount,
        )
    return OverSettled(
        f"Invoice {number} is over {write_money(gross, currency)}: no more than that can be open.",
        field="amount",
        invoice=number,
    )


def take_back(invoice_ids: Sequence[UUID]) -> None:
    """Mark invoices void, which a full credit note has taken back; the caller holds their locks."""
    void = INVOICE.target("void", InvoiceStatus.ISSUED)
    sql.update("invoices", {"status": "text"}, [(key, void.value) for key in invoice_ids])
