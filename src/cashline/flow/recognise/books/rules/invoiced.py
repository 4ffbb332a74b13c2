"""Revenue of a contract that is recognised when it is invoiced: invoice lines less coupons, credits and deductions."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.catalog.rules import ProductKind
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.flow.recognise.books.rules.steps import Invoiced
from cashline.flow.recognise.revenue.rules.billed import DEDUCTION, BilledRow, CreditedRow, coupons_of
from cashline.kernel.fiscal import Slicer
from cashline.kernel.periods import month_of

_ZERO = Decimal(0)


def invoiced_of(
    rows: Sequence[BilledRow],
    credited: Sequence[CreditedRow],
    digits: Mapping[UUID, int],
    kinds: Mapping[UUID, str],
    through: Mapping[UUID, date],
    slicer: Slicer = month_of,
) -> dict[UUID, list[Invoiced]]:
    """By agreement what was invoiced up to its day; `kinds` are those of agreed lines.

    A deposit is no revenue: it is owed until the final invoice. A partial invoice counts until one takes it off.
    """
    coupons = coupons_of(rows, digits)
    credits_of: dict[UUID, list[CreditedRow]] = {}
    for credit in credited:
        credits_of.setdefault(credit.invoice_line_id, []).append(credit)
    found: dict[UUID, list[Invoiced]] = {}
    for row in rows:
        if row.component == DEDUCTION or row.kind == InvoiceKind.DEPOSIT:
            continue
        line_id, kind = _promise(row, kinds)
        for day, amount in _moves(row, coupons.get(row.id, _ZERO), credits_of.get(row.id, ())):
            if day <= through[row.agreement_id] and amount:
                found.setdefault(row.agreement_id, []).append(Invoiced(line_id, kind, slicer(day).start, amount))
    return found


def _promise(row: BilledRow, kinds: Mapping[UUID, str]) -> tuple[UUID, str]:
    """The line of revenue that an invoice line is of, named as the plan of the journal names it."""
    if row.line_id is not None:
        return row.line_id, kinds.get(row.line_id, row.product_kind)
    if row.charged_for is not None:
        return row.charged_for.subscription_id, ProductKind.SUBSCRIPTION.value
    return row.id, row.product_kind


def _moves(row: BilledRow, coupon: Decimal, credited: Sequence[CreditedRow]) -> list[tuple[date, Decimal]]:
    """What a line adds and loses, each on the day of its document."""
    left = row.net_amount - coupon
    found = [(row.issued_on, left)]
    for credit in credited:
        given = credit.discount - credit.net_amount
        found.append((credit.issued_on, given))
        if row.taken_by is None or credit.note_id < row.taken_by:
            left += given
    if row.taken_by is not None and row.taken_on is not None:
        found.append((row.taken_on, -left))
    return found
