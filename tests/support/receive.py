"""Invoices to be paid and payments for them, made by the real actions; and the laws that must hold whatever happens."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.invoice.invoices.queries import InvoiceRow, invoice
from cashline.flow.receive.payments.actions import (
    NewIntent,
    NewPayment,
    create_intents,
    gateways,
    record_payments,
)
from cashline.flow.receive.payments.actions.charging import GatewayNamed
from cashline.flow.receive.payments.queries import PaymentRow, payment
from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from tests.support.book import Shop, book, line, ship
from tests.support.invoice import bill, billed, make_billing_shop
from tests.support.world import ACTOR, NOW, TODAY

GOOD, DECLINED, SECURE = "4242424242424242", "4000000000009995", "4000002500003155"
"""Cards of the sandbox gateway."""


def make_receiving_shop() -> Shop:
    """A shop with stock and tax rates (19 % in Germany)."""
    return make_billing_shop()


def invoice_of(shop: Shop, net: str = "100", **changes: object) -> InvoiceRow:
    """An issued invoice over that net amount and 19 % tax."""
    return invoices_of(shop, [net], **changes)[0]


def invoices_of(shop: Shop, nets: Sequence[str], **changes: object) -> list[InvoiceRow]:
    """An issued invoice for each net amount, in order of their numbers."""
    for net in nets:
        ship(book(shop, line("SENSOR-1", 1, unit_price=Decimal(net)), **changes))
    return billed(bill())[-len(nets) :]


def open_of(row: InvoiceRow) -> Decimal:
    """What is open of an invoice now."""
    return invoice(row.id).open_amount


def new_payment(
    row: InvoiceRow, amount: str, *allocated: tuple[UUID, str, str], source_id: UUID | None = None
) -> NewPayment:
    """A bank transfer of the customer of an invoice; what it is put to is (invoice, money, write-off)."""
    return NewPayment(
        customer_id=row.customer_id,
        entity_id=row.entity_id,
        currency=row.currency,
        amount=Decimal(amount),
        method="bank_transfer",
        received_on=TODAY,
        source_id=source_id or new_id(),
        allocations=tuple((key, Decimal(part), Decimal(write_off)) for key, part, write_off in allocated),
    )


def pay(row: InvoiceRow, amount: str, put: str | None = None) -> PaymentRow:
    """Record a bank transfer and put it (or `put` of it) to the invoice."""
    part = amount if put is None else put
    allocated = [(row.id, part, "0")] if Decimal(part) else []
    return payment(record_payments([new_payment(row, amount, *allocated)], now=NOW, actor=ACTOR)[0])


def intent_for(row: InvoiceRow, card: str = GOOD, amount: str | None = None, gateway: str = "sandbox") -> UUID:
    """A card charge to make for an invoice."""
    wanted = row.open_amount if amount is None else Decimal(amount)
    new = NewIntent(row.entity_id, row.customer_id, row.currency, wanted, gateway, card, row.id)
    return create_intents([new], now=NOW, actor=ACTOR)[0]


def sandbox() -> GatewayNamed:
    """The gateways of a sandbox."""
    return gateways(sandbox=True)


def at(day: date, hour: int = 9) -> datetime:
    """An hour (UTC) of a day."""
    return datetime.combine(day, NOW.timetz().replace(hour=hour))


_LAWS = {
    "a payment is allocated, refunded or left": (
        "SELECT p.number FROM payments p LEFT JOIN (SELECT payment_id, sum(amount) AS put FROM payment_allocations "
        "GROUP BY 1) a ON a.payment_id = p.id LEFT JOIN (SELECT payment_id, sum(amount) AS gone FROM refunds "
        "WHERE status IN ('succeeded', 'returned') GROUP BY 1) r ON r.payment_id = p.id "
        "WHERE p.amount <> coalesce(a.put, 0) + p.unapplied_amount + p.refunded_amount "
        "OR p.refunded_amount <> coalesce(r.gone, 0)"
    ),
    "an invoice is open, credited or settled": (
        "SELECT i.number FROM invoices i LEFT JOIN (SELECT invoice_id, sum(amount + write_off_amount) AS put "
        "FROM payment_allocations GROUP BY 1) a ON a.invoice_id = i.id LEFT JOIN (SELECT invoice_id, "
        "sum(gross_total - unapplied_amount) AS credited FROM credit_notes GROUP BY 1) c ON c.invoice_id = i.id "
        "WHERE i.open_amount <> i.gross_total - coalesce(a.put, 0) - coalesce(c.credited, 0)"
    ),
    "the books hold what is left of each payment": (
        "SELECT p.number FROM payments p LEFT JOIN (SELECT l.document_id, -sum(l.amount) AS held FROM journal_lines l "
        "JOIN accounts a ON a.id = l.account_id AND a.role = 'unapplied_cash' GROUP BY 1) j ON j.document_id = p.id "
        "WHERE p.unapplied_amount <> coalesce(j.held, 0)"
    ),
    "the books hold what is open of each invoice": (
        "SELECT i.number FROM invoices i LEFT JOIN (SELECT l.document_id, sum(l.amount) AS held FROM journal_lines l "
        "JOIN accounts a ON a.id = l.account_id AND a.role = 'receivable' GROUP BY 1) j ON j.document_id = i.id "
        "WHERE i.open_amount <> coalesce(j.held, 0)"
    ),
    "bank and card hold what was received and not given back": (
        "SELECT 'cash' FROM (SELECT coalesce(sum(amount - refunded_amount), 0) AS paid FROM payments) p, "
        "(SELECT coalesce(sum(l.amount), 0) AS held FROM journal_lines l JOIN accounts a ON a.id = l.account_id "
        "AND a.role IN ('bank', 'card_clearing', 'tax_withheld')) j WHERE p.paid <> j.held"
    ),
}


def assert_laws_hold() -> None:
    """The conservation laws of money received, over everything in the database."""
    broken = {name: sql.fetch(statement) for name, statement in _LAWS.items()}
    assert {name: rows for name, rows in broken.items() if rows} == {}
