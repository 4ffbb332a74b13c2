"""What an invoice takes off at issue: coupons, earlier invoices, credits that pay it; or the credit that it leaves.

A batch of invoices without any of them costs no statement.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.coupons.actions import use_coupons
from cashline.flow.invoice.credits.actions import Applied, apply_credits, grant_credits
from cashline.flow.invoice.credits.rules import CreditKind, NewCredit
from cashline.flow.invoice.invoices.rules.drafts import PreparedInvoice
from cashline.kernel.identifiers import new_id
from cashline.platform import sql


@transaction.atomic(savepoint=False)
def take_off(
    ids: Sequence[UUID], numbers: Sequence[str], prepared: Sequence[PreparedInvoice], *, now: datetime, actor: str
) -> None:
    """Append what the invoices used, and the credit that those below zero leave."""
    discounts = [
        (new_id(), key, use.coupon.id, use.coupon.code, use.coupon.name, use.amount)
        for key, item in zip(ids, prepared, strict=True)
        for use in item.uses
    ]
    if discounts:
        sql.insert("invoice_discounts", ("id", "invoice_id", "grant_id", "code", "name", "amount"), discounts)
        uses: dict[UUID, int] = {}
        for row in discounts:
            uses[row[2]] = uses.get(row[2], 0) + 1
        use_coupons(uses)
    deductions = [
        (new_id(), key, found.id, sum(tax.base for tax in found.taxes), sum(tax.tax for tax in found.taxes))
        for key, item in zip(ids, prepared, strict=True)
        for found in item.deducted
    ]
    sql.insert("invoice_deductions", ("id", "invoice_id", "deducted_id", "net_amount", "tax_amount"), deductions)
    applied = [
        _applied(key, number, item)
        for key, number, item in zip(ids, numbers, prepared, strict=True)
        if item.applied.parts
    ]
    if applied:
        apply_credits(applied, now=now, actor=actor)
    below_zero = [
        _credit(key, number, item)
        for key, number, item in zip(ids, numbers, prepared, strict=True)
        if item.account_credit
    ]
    if below_zero:
        grant_credits(below_zero, now=now, actor=actor)


def _applied(key: UUID, number: str, item: PreparedInvoice) -> Applied:
    draft = item.draft
    return Applied(
        key, number, item.entity_rate, draft.entity_id, draft.customer_id, draft.currency, draft.issued_on,
        item.applied.parts,
    )  # fmt: skip


def _credit(key: UUID, number: str, item: PreparedInvoice) -> NewCredit:
    draft = item.draft
    return NewCredit(
        draft.entity_id,
        draft.customer_id,
        draft.currency,
        CreditKind.INVOICE,
        item.account_credit,
        draft.issued_on,
        key,
        number,
        entity_rate=item.entity_rate,
        document_rate=item.entity_rate,
    )
