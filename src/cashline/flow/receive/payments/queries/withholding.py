"""Reading what customers withhold: what is still expected of invoices, and the certificates of what was."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.receive.payments.rules import TAX_WITHHELD, expected_left
from cashline.kernel.money import minor_units
from cashline.platform import sql


class WithholdingLeft(NamedTuple):
    """An invoice of which something is open, and what of it its customer is still expected to withhold."""

    invoice_id: UUID
    customer_id: UUID
    entity_id: UUID
    currency: str
    due_on: date
    open_amount: Decimal
    expected: Decimal


class Certificate(NamedTuple):
    """The proof of a payment by withheld tax."""

    number: str
    issued_on: date


def withholding_left(invoice_ids: Iterable[UUID]) -> list[WithholdingLeft]:
    """The open invoices among them of which something is still to be withheld."""
    found = []
    for key, customer, entity, currency, due_on, open_amount, gross, expected, credited, withheld in sql.fetch(
        "SELECT i.id, i.customer_id, i.entity_id, i.currency, i.due_on, i.open_amount, i.gross_total, w.amount, "
        "(SELECT coalesce(sum(c.gross_total - c.unapplied_amount), 0) FROM credit_notes c WHERE c.invoice_id = i.id "
        "AND c.status = 'issued'), "
        "(SELECT coalesce(sum(a.amount), 0) FROM payment_allocations a JOIN payments p ON p.id = a.payment_id "
        "AND p.method = %s WHERE a.invoice_id = i.id) "
        "FROM (SELECT invoice_id, sum(amount) AS amount FROM invoice_withholdings WHERE invoice_id = ANY(%s) "
        "GROUP BY 1) w JOIN invoices i ON i.id = w.invoice_id AND i.open_amount > 0 ORDER BY i.id",
        (TAX_WITHHELD, list(invoice_ids)),
    ):
        digits = minor_units(currency)
        left = expected_left(expected, gross=gross, credited=credited, withheld=withheld, digits=digits)
        if left:
            found.append(WithholdingLeft(key, customer, entity, currency, due_on, open_amount, left))
    return found


def withheld_of(invoice_ids: Iterable[UUID]) -> dict[UUID, Decimal]:
    """What customers will still withhold of invoices; one of which nothing would be left to pay is left out."""
    return {one.invoice_id: one.expected for one in withholding_left(invoice_ids) if one.expected < one.open_amount}


def withheld_by(customer_id: UUID) -> list[WithholdingLeft]:
    """What a customer will still withhold, of each of their open invoices; as `withheld_of`."""
    rows = sql.fetch(
        "SELECT DISTINCT i.id FROM invoices i JOIN invoice_withholdings w ON w.invoice_id = i.id "
        "WHERE i.customer_id = %s AND i.open_amount > 0",
        (customer_id,),
    )
    return [one for one in withholding_left(sql.ids(rows)) if one.expected < one.open_amount] if rows else []


def certificate_of(payment_id: UUID) -> Certificate | None:
    """The certificate of a payment, where it came."""
    rows = sql.fetch_as(
        Certificate, "SELECT number, issued_on FROM withholding_certificates WHERE payment_id = %s", (payment_id,)
    )
    return rows[0] if rows else None
