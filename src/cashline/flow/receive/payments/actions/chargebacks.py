"""Chargebacks: a payer's bank takes the money of a card payment back at once, and sometimes gives it again.

The caller holds the lock of the payment.
"""

from datetime import date, datetime
from decimal import Decimal

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.giving_back import append_taken, book_out, book_return, refund_event
from cashline.flow.receive.payments.queries import PaymentRow, RefundRow
from cashline.flow.receive.payments.rules import PAYMENT, RefundKind, RefundStatus
from cashline.kernel.periods import local_day
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record

REASON = "Charged back by the payer's bank"


def open_chargeback(payment: PaymentRow, amount: Decimal, *, now: datetime, actor: str) -> bool:
    """The money is taken: the invoices that it settled are open again. False where that was booked before."""
    if not amount or not PAYMENT.allows("charge_back", payment.status):
        return False
    row = append_taken(payment, RefundKind.CHARGEBACK, amount, reason=REASON, now=now)
    book_out(payment, row, today=_today(payment, now), now=now, actor=actor)
    return True


def win_chargeback(payment: PaymentRow, *, now: datetime, actor: str) -> bool:
    """The money is given again and lies on account. False where no chargeback stands."""
    standing = _standing(payment)
    if standing is None or not PAYMENT.allows("win_chargeback", payment.status):
        return False
    reason = "The chargeback was won"
    kind = RefundKind.CHARGEBACK_WON
    book_return(payment, standing, kind, reason=reason, today=_today(payment, now), now=now, actor=actor)
    return True


def lose_chargeback(payment: PaymentRow, amount: Decimal, *, now: datetime, actor: str) -> bool:
    """The money stays with the payer. Where its opening was never reported, it is booked now."""
    if _standing(payment) is None and not open_chargeback(payment, amount, now=now, actor=actor):
        return False
    standing = _standing(payment)
    if standing is None:
        return False
    event = refund_event("ChargebackLost", standing.id, payment, standing.amount, "The chargeback was lost")
    record([event], now=now, actor=actor)
    return True


def _standing(payment: PaymentRow) -> RefundRow | None:
    """The chargeback of a payment that was not won."""
    kind, status = RefundKind.CHARGEBACK, RefundStatus.SUCCEEDED
    return next((row for row in queries.refunds_of([payment.id]) if row.kind == kind and row.status == status), None)


def _today(payment: PaymentRow, now: datetime) -> date:
    return local_day(now, entities_by_id([payment.entity_id])[payment.entity_id].timezone)
