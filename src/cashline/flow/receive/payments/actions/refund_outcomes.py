"""What gateways say of refunds, applied once: the money left, did not leave, or came again."""

from datetime import datetime

from cashline.flow.receive.payments.actions.giving_back import book_out, book_return, refund_event
from cashline.flow.receive.payments.gateways import protocol
from cashline.flow.receive.payments.queries import PaymentRow, RefundRow
from cashline.flow.receive.payments.rules import REFUND, RefundKind, RefundStatus, next_call
from cashline.kernel.periods import local_day
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record


def apply_refund_status(
    refund: RefundRow,
    payment: PaymentRow,
    reported: protocol.RefundStatus,
    *,
    message: str = "",
    now: datetime,
    actor: str,
) -> bool:
    """Move a refund, whose payment the caller has locked, to what its gateway says; False where that is no news."""
    entity = entities_by_id([payment.entity_id])[payment.entity_id]
    today = local_day(now, entity.timezone)
    if reported is protocol.RefundStatus.SUCCEEDED and REFUND.allows("succeed", refund.status):
        book_out(payment, refund, today=today, now=now, actor=actor)
        return True
    if reported is protocol.RefundStatus.FAILED and REFUND.allows("fail", refund.status):
        fail_refund(refund, payment, message, now=now, actor=actor)
        return True
    if reported is protocol.RefundStatus.FAILED and REFUND.allows("return", refund.status):
        book_return(payment, refund, RefundKind.RETURN, reason=message, today=today, now=now, actor=actor)
        return True
    if refund.status == RefundStatus.PENDING:
        sql.execute(
            "UPDATE refunds SET message = %s, tries = tries + 1, next_call_at = %s WHERE id = %s",
            (message[:1000], next_call(refund.tries + 1, now), refund.id),
        )
    return False


def fail_refund(refund: RefundRow, payment: PaymentRow, message: str, *, now: datetime, actor: str) -> None:
    """The money of a refund did not leave; nothing was booked, so nothing is taken back."""
    status = REFUND.target("fail", refund.status)
    sql.execute("UPDATE refunds SET status = %s, message = %s WHERE id = %s", (status.value, message[:1000], refund.id))
    record([refund_event("PaymentRefundFailed", refund.id, payment, refund.amount, message)], now=now, actor=actor)
