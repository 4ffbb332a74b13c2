"""What came out of a scenario: the invoices and credit notes of each instant, with what their lines were for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """A line of an invoice, with what it was for."""

    component: str
    plan: str
    metric: str
    dimension: str
    value: str
    add_on: str
    item: str
    start: date
    end: date
    days: int
    of_days: int
    quantity: Decimal
    level_at_end: Decimal | None
    amount: Decimal
    tax_rate: Decimal
    coupon_share: Decimal = ZERO
    subscription_id: UUID | None = None

    @property
    def tax(self) -> Decimal:
        """Its exact tax."""
        return (self.amount - self.coupon_share) * self.tax_rate / 100


@dataclass(slots=True)
class InvoiceOutcome:
    """The invoices of an event, summed."""

    ids: list[UUID] = field(default_factory=list)
    lines: list[LineOutcome] = field(default_factory=list)
    tax: Decimal = ZERO
    coupon: Decimal = ZERO
    threshold_credit: Decimal = ZERO
    credits_applied: Decimal = ZERO
    prepaid_applied: Decimal = ZERO
    account_credit_added: Decimal = ZERO

    @property
    def lines_total(self) -> Decimal:
        """The sum of its lines."""
        return sum((line.amount for line in self.lines), ZERO)

    @property
    def net(self) -> Decimal:
        """Its lines less coupons."""
        return self.lines_total - self.coupon

    @property
    def gross(self) -> Decimal:
        """Net plus tax."""
        return self.net + self.tax

    @property
    def total(self) -> Decimal:
        """What is left to pay when it is issued; not below zero."""
        return max(self.gross - self.threshold_credit - self.credits_applied - self.prepaid_applied, ZERO)


@dataclass(slots=True)
class NoteOutcome:
    """A credit note."""

    id: UUID
    invoice_id: UUID
    created_at: datetime
    net: Decimal
    tax: Decimal
    gross: Decimal
    credited: Decimal
    refunded: Decimal
    balance_after: Decimal
    coupon_share: Decimal = ZERO


class CreditableLine(NamedTuple):
    """A line with what can still be credited of it; `name` is its plan, or what it was for."""

    id: UUID
    invoice_id: UUID
    component: str
    name: str
    left: Decimal


_LINES = (
    "SELECT i.id, coalesce(c.component, nullif(l.component, ''), 'item'), coalesce(p.code, ''), "
    "coalesce(c.meter, ''), coalesce(c.dimension, ''), coalesce(c.value, ''), coalesce(c.add_on, ''), "
    "CASE WHEN c.id IS NULL THEN l.description ELSE '' END, lower(l.period), upper(l.period), "
    "coalesce(c.days, 0), coalesce(c.of_days, 0), coalesce(c.quantity, l.quantity), c.level_at_end, l.net_amount, "
    "l.tax_rate, l.discount_share, c.subscription_id FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id "
    "LEFT JOIN subscription_charges c ON c.invoice_line_id = l.id "
    "LEFT JOIN plan_versions v ON v.id = c.plan_version_id LEFT JOIN plans p ON p.id = v.plan_id "
    "WHERE i.number IS NOT NULL AND l.component <> 'deduction' ORDER BY i.id, l.line_no"
)
_HEADS = (
    "SELECT i.id, i.created_at, i.tax_total + coalesce(d.tax, 0), i.discount_total, coalesce(d.gross, 0), "
    "i.credit_applied, i.prepaid_applied, "
    "coalesce((SELECT sum(k.amount) FROM customer_credits k WHERE k.kind = 'invoice' AND k.document_id = i.id), 0) "
    "FROM invoices i LEFT JOIN (SELECT x.invoice_id, sum(x.tax_amount) AS tax, "
    "sum(x.net_amount + x.tax_amount) AS gross FROM invoice_deductions x "
    "GROUP BY 1) d ON d.invoice_id = i.id WHERE i.number IS NOT NULL ORDER BY i.id"
)
_WALLET = (
    "SELECT coalesce(sum(m.amount), 0) FROM credit_movements m JOIN customer_credits k ON k.id = m.credit_id "
    "WHERE k.wallet_id IS NOT NULL AND m.created_at <= %s"
)
_NOTES = (
    "SELECT n.id, n.invoice_id, n.created_at, n.net_total, n.tax_total, n.gross_total, "
    "n.gross_total - n.refunded_amount, n.refunded_amount, "
    "coalesce((SELECT sum(m.amount) FROM customer_credits k JOIN credit_movements m ON m.credit_id = k.id "
    "WHERE k.kind = 'credit_note' AND k.document_id = n.id), 0), "
    "coalesce((SELECT sum(l.discount_share * x.net_amount / nullif(l.net_amount, 0)) FROM credit_note_lines x "
    "JOIN invoice_lines l ON l.id = x.invoice_line_id WHERE x.credit_note_id = n.id), 0) "
    "FROM credit_notes n WHERE n.number IS NOT NULL ORDER BY n.id"
)
_CREDITABLE = (
    "SELECT l.id, l.invoice_id, coalesce(c.component, nullif(l.component, ''), 'item'), "
    "coalesce(p.code, l.description), l.net_amount - coalesce((SELECT sum(x.net_amount) FROM credit_note_lines x "
    "WHERE x.invoice_line_id = l.id), 0) FROM invoice_lines l "
    "LEFT JOIN subscription_charges c ON c.invoice_line_id = l.id "
    "LEFT JOIN plan_versions v ON v.id = c.plan_version_id LEFT JOIN plans p ON p.id = v.plan_id "
    "WHERE l.invoice_id = ANY(%s) ORDER BY l.invoice_id, l.line_no"
)


def invoices_by_instant(instants: Iterable[datetime]) -> dict[datetime, InvoiceOutcome]:
    """What was invoiced at each instant; nothing is an outcome without lines."""
    from cashline.platform import sql

    found = {at: InvoiceOutcome() for at in instants}
    by_id: dict[UUID, InvoiceOutcome] = {}
    for key, at, tax, coupon, taken_off, credited, prepaid, added in sql.fetch(_HEADS):
        outcome = by_id[key] = found[at]
        outcome.ids.append(key)
        outcome.tax += tax
        outcome.coupon += coupon
        outcome.threshold_credit += taken_off
        outcome.credits_applied += credited
        outcome.prepaid_applied += prepaid
        outcome.account_credit_added += added
    for key, *line in sql.fetch(_LINES):
        values: list[Any] = line
        by_id[key].lines.append(LineOutcome(*values))
    return found


def wallet_at(at: datetime) -> Decimal:
    """What lies in wallets after an instant."""
    from cashline.platform import sql

    return Decimal((sql.fetch_one(_WALLET, (at,)) or (ZERO,))[0])


def credit_notes() -> list[NoteOutcome]:
    """All credit notes, in the order of their issue."""
    from cashline.platform import sql

    return sql.fetch_as(NoteOutcome, _NOTES)


def creditable_lines(invoice_ids: Iterable[UUID]) -> list[CreditableLine]:
    """The lines of invoices, with what can still be credited of each."""
    from cashline.platform import sql

    return sql.fetch_as(CreditableLine, _CREDITABLE, (list(invoice_ids),))


def open_amounts(invoice_ids: Iterable[UUID]) -> dict[UUID, Decimal]:
    """What is open of invoices, in the order of their issue."""
    from cashline.platform import sql

    statement = "SELECT id, open_amount FROM invoices WHERE id = ANY(%s) AND open_amount > 0 ORDER BY id"
    return dict(sql.fetch(statement, (list(invoice_ids),)))
