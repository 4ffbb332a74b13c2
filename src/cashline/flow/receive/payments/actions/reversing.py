"""Reversing payments that were recorded by mistake: what they settled is open again, and the books are as before."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.giving_back import append_taken, book_out
from cashline.flow.receive.payments.rules import PAYMENT, RefundKind
from cashline.kernel.refusals import Conflict, InvalidValue


@transaction.atomic
def reverse_payments(payment_ids: Sequence[UUID], *, reason: str, today: date, now: datetime, actor: str) -> None:
    """Take payments back as a whole, such as money that another customer sent.

    Raises Conflict for money that a gateway took (refund it) or of which some has gone back, IllegalTransition.
    """
    if not reason.strip():
        raise InvalidValue("Say why the payment is reversed.", field="reason")
    rows = queries.payments_for_update(payment_ids)
    under_way = queries.refunds_under_way(rows)
    for key in sorted(rows):
        payment = rows[key]
        PAYMENT.target("reverse", payment.status, document_id=payment.number or "")
        if payment.gateway:
            sentence = f"{payment.gateway} took this money: refund it."
            raise Conflict(sentence, field="payment", fix="Give the money back to the card.")
        if payment.refunded_amount or under_way.get(key):
            raise Conflict(f"Some of {payment.number} has gone back, or is on its way.", field="payment")
        row = append_taken(payment, RefundKind.REVERSAL, payment.amount, reason=reason, now=now)
        book_out(payment, row, today=today, now=now, actor=actor)
