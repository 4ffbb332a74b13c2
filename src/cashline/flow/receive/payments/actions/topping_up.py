"""Putting money that lies on account into a prepaid wallet, and receiving money straight into one."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.credits.actions import grant_credits
from cashline.flow.invoice.credits.rules import CreditKind, NewCredit
from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.recording import NewPayment, record_payments
from cashline.flow.receive.payments.rules import OverAllocated
from cashline.kernel.writing import write_money
from cashline.platform import sql


@transaction.atomic
def put_into_wallet(
    *,
    payment_id: UUID,
    wallet_id: UUID,
    amount: Decimal,
    expires_on: date | None = None,
    today: date,
    now: datetime,
    actor: str,
) -> UUID:
    """Put unapplied money of a payment into a wallet of its customer; gives the credit.

    Raises OverAllocated where more is put than is left, NotFound for a wallet of another customer.
    """
    payment = queries.payment_for_update(payment_id)
    if not 0 < amount <= payment.unapplied_amount:
        left = write_money(payment.unapplied_amount, payment.currency)
        raise OverAllocated(f"{left} are left of payment {payment.number}.", field="amount")
    sql.execute("UPDATE payments SET unapplied_amount = unapplied_amount - %s WHERE id = %s", (amount, payment_id))
    (rate,) = sql.fetch_one("SELECT entity_rate FROM payments WHERE id = %s", (payment_id,)) or (Decimal(1),)
    credit = NewCredit(
        payment.entity_id,
        payment.customer_id,
        payment.currency,
        CreditKind.TOP_UP,
        amount,
        today,
        payment_id,
        payment.number or "",
        wallet_id,
        entity_rate=rate,
        document_rate=rate,
        expires_on=expires_on,
    )
    return grant_credits([credit], now=now, actor=actor)[0]


@transaction.atomic
def top_up_wallet(
    payment: NewPayment, *, wallet_id: UUID, expires_on: date | None = None, now: datetime, actor: str
) -> UUID:
    """Receive money and put all of it into a wallet; gives the credit. Told again, the same source tops up once."""
    known = queries.payments_by_source([payment.source_id])
    (payment_id,) = record_payments([replace(payment, allocations=())], now=now, actor=actor)
    if known:
        return queries.credit_of_payment(payment_id)
    return put_into_wallet(
        payment_id=payment_id,
        wallet_id=wallet_id,
        amount=payment.amount,
        expires_on=expires_on,
        today=payment.received_on,
        now=now,
        actor=actor,
    )
