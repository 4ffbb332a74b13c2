"""What becomes of the part of a credit note that settles nothing of its invoice: account, another invoice, or money."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cashline.flow.invoice.credit_notes.rules import PlannedCreditNote
from cashline.flow.invoice.credits.actions import grant_credits, refund_credit
from cashline.flow.invoice.credits.rules import CreditKind, NewCredit
from cashline.flow.invoice.invoices.actions.crediting import pay_by_credit


def keep_rest(
    ids: Sequence[UUID], numbers: Sequence[str], plans: Sequence[PlannedCreditNote], *, now: datetime, actor: str
) -> None:
    """Keep what is left of notes as credit of the account, pay out what is to be, and pay the invoices named."""
    kept = [(key, number, plan) for key, number, plan in zip(ids, numbers, plans, strict=True) if plan.unapplied]
    credit_ids = grant_credits([_credit(*one) for one in kept], now=now, actor=actor)
    for credit_id, (_, _, plan) in zip(credit_ids, kept, strict=True):
        if plan.request.refund:
            refund_credit(
                credit_id=credit_id,
                amount=plan.request.refund,
                method=plan.request.refund_method,
                reason=plan.request.reason,
                refunded_on=plan.issued_on,
                now=now,
                actor=actor,
            )
        if plan.request.to_invoice is not None and plan.unapplied > plan.request.refund:
            pay_by_credit(
                invoice_id=plan.request.to_invoice, credit_ids=[credit_id], today=plan.issued_on, now=now, actor=actor
            )


def _credit(key: UUID, number: str, plan: PlannedCreditNote) -> NewCredit:
    invoice = plan.invoice
    return NewCredit(
        invoice.entity_id,
        invoice.customer_id,
        invoice.currency,
        CreditKind.CREDIT_NOTE,
        plan.unapplied,
        plan.issued_on,
        key,
        number,
        entity_rate=invoice.entity_rate,
        document_rate=invoice.entity_rate,
        reason=plan.request.reason.strip(),
    )
