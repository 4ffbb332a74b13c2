"""What came out of a scenario: the invoices and credit notes of each instant, with what their lines were for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
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
    wallet_after: Decimal = ZERO

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


_LINES = (
    "SELECT i.id, i.created_at, i.tax_total, coalesce(c.component, 'item'), coalesce(p.code, ''), "
    "coalesce(c.meter, ''), coalesce(c.dimension, ''), coalesce(c.value, ''), coalesce(c.add_on, ''), "
    "CASE WHEN c.id IS NULL THEN l.description ELSE '' END, lower(l.period), upper(l.period), "
    "coalesce(c.days, 0), coalesce(c.of_days, 0), coalesce(c.quantity, l.quantity), c.level_at_end, l.net_amount, "
    "l.tax_rate FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id "
    "LEFT JOIN subscription_charges c ON c.invoice_line_id = l.id "
    "LEFT JOIN plan_versions v ON v.id = c.plan_version_id LEFT JOIN plans p ON p.id = v.plan_id "
    "WHERE i.number IS NOT NULL ORDER BY i.id, l.line_no"
)


def invoices_by_instant(instants: Iterable[datetime]) -> dict[datetime, InvoiceOutcome]:
    """What was invoiced at each instant; nothing is an outcome without lines."""
    from cashline.platform import sql

    found = {at: InvoiceOutcome() for at in instants}
    for key, at, tax, *line in sql.fetch(_LINES):
        outcome = found[at]
        if key not in outcome.ids:
            outcome.ids.append(key)
            outcome.tax += tax
        values: list[Any] = line
        outcome.lines.append(LineOutcome(*values))
    return found


def credit_notes() -> list[NoteOutcome]:
    """All credit notes, in the order of their issue."""
    from cashline.platform import sql

    return sql.fetch_as(
        NoteOutcome,
        "SELECT n.id, n.invoice_id, n.created_at, n.net_total, n.tax_total, n.gross_total, n.unapplied_amount, "
        "0::numeric, n.unapplied_amount FROM credit_notes n WHERE n.number IS NOT NULL ORDER BY n.id",
    )
