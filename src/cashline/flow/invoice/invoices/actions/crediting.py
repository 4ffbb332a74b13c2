"""Paying an open invoice from what a customer has to his credit, and giving back what a void invoice had used."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.coupons.actions import use_coupons
from cashline.flow.invoice.credits.actions import Applied, apply_credits
from cashline.flow.invoice.credits.queries import open_credits
from cashline.flow.invoice.credits.rules import apply_to
from cashline.flow.invoice.invoices.actions.settling import settle
from cashline.flow.invoice.invoices.queries import invoice, payable_lines
from cashline.kernel.refusals import Conflict
from cashline.platform import sql


class NothingToApply(Conflict):
    """The invoice is settled, or the customer has no credit that may pay it."""

    code = "nothing_to_apply"


@transaction.atomic
def pay_by_credit(
    *, invoice_id: UUID, credit_ids: Sequence[UUID] | None = None, today: date, now: datetime, actor: str
) -> Decimal:
    """Pay what is open of an invoice from the customer's credits (or those named), in their order; gives how much.

    Raises NothingToApply or NotFound.
    """
    held = open_credits([invoice(invoice_id).customer_id], for_update=True)
    sql.execute("SELECT FROM invoices WHERE id = %s FOR NO KEY UPDATE", (invoice_id,))
    row = invoice(invoice_id)
    usable = [
        credit
        for credit in held.get(row.customer_id, ())
        if credit.entity_id == row.entity_id and (credit_ids is None or credit.id in credit_ids)
    ]
    found = apply_to(row.open_amount, payable_lines(invoice_id), usable, currency=row.currency, day=today)
    total = found.account + found.prepaid
    if not total:
        raise NothingToApply(f"There is no credit that could pay invoice {row.number}.", field="invoice_id")
    settle({invoice_id: total}, now=now, actor=actor)
    applied = Applied(
        invoice_id, row.number, row.entity_rate, row.entity_id, row.customer_id, row.currency, today, found.parts
    )
    apply_credits([applied], now=now, actor=actor)
    return total


@transaction.atomic(savepoint=False)
def give_back_uses(invoice_ids: Sequence[UUID]) -> None:
    """Void invoices have used no coupon and taken no earlier invoice off: others may."""
    used = sql.fetch(
        "UPDATE invoice_discounts SET given_back = true WHERE invoice_id = ANY(%s) AND NOT given_back "
        "RETURNING grant_id",
        (list(invoice_ids),),
    )
    uses: dict[UUID, int] = {}
    for (grant,) in used:
        uses[grant] = uses.get(grant, 0) - 1
    use_coupons(uses)
    sql.execute("UPDATE invoice_deductions SET released = true WHERE invoice_id = ANY(%s)", (list(invoice_ids),))
