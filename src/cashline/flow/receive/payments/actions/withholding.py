"""Tax that customers withhold, which is a payment by `tax_withheld`: after credit notes, and its certificate."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.recording import take_withheld
from cashline.flow.receive.payments.rules import TAX_WITHHELD, PaymentStatus
from cashline.kernel.refusals import Conflict, InvalidValue
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


def settle_withheld(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on CreditNoteIssued: where it leaves open just what is withheld, all that was to be paid is paid."""
    invoices = {
        one.id: date.fromisoformat(event.data["issued_on"])
        for event in events
        for one in event.objects
        if one.type == "invoice"
    }
    take_withheld(invoices, now=now, actor=actor)


@transaction.atomic
def record_certificate(*, payment_id: UUID, number: str, issued_on: date, now: datetime, actor: str) -> None:
    """Keep the number and the day of the proof; given again it is corrected, and the event log keeps what was.

    Raises InvalidValue without a number, Conflict for money that came and for what was reversed.
    """
    payment = queries.payment_for_update(payment_id)
    if payment.method != TAX_WITHHELD:
        raise Conflict(f"{payment.number} is money that came: nothing was withheld by it.", field="payment")
    if payment.status == PaymentStatus.REVERSED:
        raise Conflict(f"{payment.number} is reversed: nothing was withheld by it.", field="payment")
    if not number.strip():
        raise InvalidValue("A certificate has a number.", field="number")
    sql.execute(
        "INSERT INTO withholding_certificates (payment_id, number, issued_on, created_at) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (payment_id) DO UPDATE SET number = EXCLUDED.number, issued_on = EXCLUDED.issued_on",
        (payment_id, number.strip(), issued_on, now),
    )
    data = {"number": payment.number, "certificate": number.strip(), "issued_on": issued_on.isoformat()}
    objects = (ObjectRef("payment", payment.id), ObjectRef("customer", payment.customer_id, "payer"))
    record([Event("WithholdingCertified", objects, data)], now=now, actor=actor)
