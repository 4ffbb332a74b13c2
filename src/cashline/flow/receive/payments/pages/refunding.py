"""Giving money back from its page. A gateway is called after the refund is committed, outside any transaction."""

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cashline.flow.receive.payments import actions, queries
from cashline.flow.receive.payments.actions import NewRefund
from cashline.flow.receive.payments.pages.document import CERTIFICATE, seen
from cashline.flow.receive.payments.queries import PaymentRow
from cashline.flow.receive.payments.rules import RefundStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.fields import Field, FieldSet, read_form, said
from cashline.platform.pages.render import done, refused


def _reason(request: HttpRequest) -> str:
    return said(request.POST, "reason")


@require_POST
@transaction.non_atomic_requests
def payment_refund(request: HttpRequest, payment_id: str) -> HttpResponse:
    """Give money of a payment back."""
    caller = caller_of(request)
    row = seen(caller, payment_id, "payments.write")
    back = reverse("payment_detail", args=[payment_id])
    read = read_form(request.POST, (FieldSet("", (Field("amount", _("Amount"), "decimal"),)),))
    amount = read.decimal("amount")
    if amount is None:
        return refused(request, back, Refusal(read.errors[0].message, field="amount"))

    def ask() -> Outcome:
        new = NewRefund(row.id, amount, _reason(request))
        (key,) = actions.request_refunds([new], now=caller.now, actor=caller.actor)
        return Outcome(public("refund", key), "")

    try:
        refund_id = key_of("refund", once(request, ask).url)
        sentence = _send(caller, row, refund_id)
    except Refusal as refusal:
        return refused(request, back, refusal)
    return done(request, back, sentence)


def _send(caller: Caller, row: PaymentRow, refund_id: UUID) -> str:
    """Have the gateway pay it out, where one took the money; gives what to say."""
    if not row.gateway:
        return _("The refund waits to be paid out; say here when it was.")
    named = actions.gateways(sandbox=caller.clock.sandbox)
    after = actions.send_refund(refund_id, gateway_named=named, now=caller.now, actor=caller.actor)
    if after.status == RefundStatus.SUCCEEDED:
        return _("The money is on its way back to the payer.")
    if after.status == RefundStatus.FAILED:
        raise Refusal(_("The gateway refused: %(message)s") % {"message": after.message})
    return _("The gateway has not decided yet; its answer comes by itself.")


@require_POST
def payment_certificate(request: HttpRequest, payment_id: str) -> HttpResponse:
    """Record the certificate of tax that was withheld."""
    caller = caller_of(request)
    row = seen(caller, payment_id, "payments.write")

    def step() -> None:
        read = read_dialog(request, *CERTIFICATE)
        number, day = read.text("number"), read.day("issued_on")
        if day is None:
            raise InvalidValue(_("Say of which day it is."), field="issued_on")
        actions.record_certificate(
            payment_id=row.id, number=number, issued_on=day, now=caller.now, actor=caller.actor
        )  # fmt: skip

    return take_step(request, reverse("payment_detail", args=[payment_id]), str(_("The certificate is kept.")), step)


@require_POST
def payment_reverse(request: HttpRequest, payment_id: str) -> HttpResponse:
    """Take back a payment that was recorded by mistake."""
    caller = caller_of(request)
    row = seen(caller, payment_id, "payments.write")
    today = caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)
    reason = _reason(request)
    return take_step(
        request,
        reverse("payment_detail", args=[payment_id]),
        _("The payment is reversed."),
        lambda: actions.reverse_payments([row.id], reason=reason, today=today, now=caller.now, actor=caller.actor),
    )


def _refund(caller: Caller, refund_id: str) -> tuple[UUID, str]:
    """The refund, and the address of its payment."""
    refund = queries.refund(key_of("refund", refund_id))
    payment = queries.payment(refund.payment_id)
    require_visible(caller, "payments.write", payment.entity_id, "refund", refund.id)
    return refund.id, reverse("payment_detail", args=[public("payment", payment.id)])


@require_POST
def refund_confirm(request: HttpRequest, refund_id: str) -> HttpResponse:
    """A person paid a refund out."""
    caller = caller_of(request)
    key, back = _refund(caller, refund_id)
    read = read_form(request.POST, (FieldSet("", (Field("refunded_on", _("Paid out on"), "date"),)),))
    day = read.day("refunded_on")
    if day is None:
        return refused(request, back, Refusal(read.errors[0].message, field="refunded_on"))
    return take_step(
        request,
        back,
        _("The refund is booked."),
        lambda: actions.confirm_refund(key, refunded_on=day, now=caller.now, actor=caller.actor),
    )


@require_POST
def refund_cancel(request: HttpRequest, refund_id: str) -> HttpResponse:
    """Do not pay a refund out."""
    caller = caller_of(request)
    key, back = _refund(caller, refund_id)
    reason = _reason(request)
    return take_step(
        request,
        back,
        _("The refund is not made."),
        lambda: actions.cancel_refund(key, reason=reason, now=caller.now, actor=caller.actor),
    )
