"""A payment as a document: what it settled, what went back, every call to its gateway, and its timeline."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.pages.listing import METHOD_WORDS, state_of
from cashline.flow.receive.payments.queries import AllocationRow, CallRow, PaymentRow, RefundRow
from cashline.flow.receive.payments.rules import PAYMENT, TAX_WITHHELD, PaymentStatus, RefundKind, RefundStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    KeyValue,
    Notice,
    Related,
    Row,
    SummaryRow,
    Table,
    Tone,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.formats import format_money
from cashline.platform.pages.render import render_document
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import timeline_of

SHOWN_INVOICES = 5
"""Of how many invoices the thread is shown."""
ALLOCATION_COLUMNS = (
    Column("invoice", lazy("Invoice"), "code", place="title"),
    Column("day", lazy("Day"), "date"),
    Column("amount", lazy("Money"), "money", place="amount"),
    Column("write_off", lazy("Written off"), "money"),
    Column("state", lazy("State"), "pill", place="state"),
)
REFUND_COLUMNS = (
    Column("kind", lazy("What"), place="title"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("day", lazy("Day"), "date"),
    Column("amount", lazy("Amount"), "money", place="amount"),
    Column("reason", lazy("Reason")),
    Column("reference", lazy("Reference"), "code", place="hidden"),
)
CALL_COLUMNS = (
    Column("at", lazy("At"), "datetime", place="title"),
    Column("operation", lazy("Call")),
    Column("outcome", lazy("Outcome"), place="state"),
    Column("detail", lazy("Detail")),
)
KIND_WORDS = {
    RefundKind.REFUND: lazy("Refund"),
    RefundKind.CHARGEBACK: lazy("Chargeback"),
    RefundKind.REVERSAL: lazy("Reversal"),
    RefundKind.RETURN: lazy("Refund that came back"),
    RefundKind.CHARGEBACK_WON: lazy("Chargeback won"),
}
CERTIFICATE = (
    Field("number", lazy("Certificate"), max_length=100, width="half"),
    Field("issued_on", lazy("Issued on"), "date", width="half"),
)
REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)


def seen(caller: Caller, payment_id: str, permission: str = "payments.read") -> PaymentRow:
    """The payment, where the caller has the permission for its legal entity; else NotFound or Forbidden."""
    row = queries.payment(key_of("payment", payment_id))
    require_visible(caller, permission, row.entity_id, "payment", row.id)
    return row


def payment_detail(request: HttpRequest, payment_id: str) -> HttpResponse:
    """One payment."""
    caller = caller_of(request)
    row = seen(caller, payment_id)
    allocations = queries.allocations_of(payment_ids=[row.id])
    refunds = queries.refunds_of([row.id])
    page = DocumentPage(
        _("Payment"),
        row.number or "",
        state_of(row),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        actions=_steps(row, allocations, caller),
        thread=_thread(row, allocations),
        facts=_facts(row),
        sections=_sections(row, allocations, refunds, caller),
        summary=_summary(row),
        timeline=timeline_of([row.id], current=row.id),
        notices=_notices(row),
        crumbs=(Crumb(_("Payments"), reverse("payment_list")),),
    )
    return render_document(request, page)


def _thread(row: PaymentRow, allocations: list[AllocationRow]) -> tuple[Related, ...]:
    """What led to the payment: the invoices that it settled, and their orders and contracts."""
    invoices = list(dict.fromkeys(one.invoice_id for one in allocations))[:SHOWN_INVOICES]
    return thread_of([row.id, *invoices, *queries.agreements_of(invoices)], row.id, always=("invoice",))


def standing(allocations: list[AllocationRow]) -> list[AllocationRow]:
    """The allocations that were not taken back."""
    taken = {row.reverses_id for row in allocations if row.reverses_id}
    return [row for row in allocations if row.reverses_id is None and row.id not in taken]


def _steps(row: PaymentRow, allocations: list[AllocationRow], caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("payments.write", row.entity_id):
        return ()
    key = public("payment", row.id)
    left = row.amount - row.refunded_amount
    put = Action.link(_("Put to invoices"), reverse("payment_allocate", args=[key]), primary=True, key="p")
    back = Action.link(_("Take back"), reverse("payment_take_back", args=[key]))
    found = [put] if row.unapplied_amount else []
    found += [back] if standing(allocations) else []
    if row.method == TAX_WITHHELD:
        url = reverse("payment_certificate", args=[key])
        found.append(Action(_("Record the certificate"), url, "primary", fields=CERTIFICATE, icon="shield-check"))
    elif PAYMENT.allows("refund", row.status) and left:
        amount = Field(
            "amount",
            _("Amount"),
            "decimal",
            value=Money(left, row.currency).rounded().amount,
            suffix=row.currency,
            most=left,
        )
        found.append(Action(_("Refund"), reverse("payment_refund", args=[key]), fields=(amount, REASON)))
    if PAYMENT.allows("reverse", row.status) and not row.gateway:
        again = _("As if it had never been recorded: what it settled is open again.")
        url = reverse("payment_reverse", args=[key])
        found.append(Action(_("Reverse"), url, "danger", confirm=again, fields=(REASON,)))
    return tuple(found)


def _facts(row: PaymentRow) -> tuple[KeyValue, ...]:
    proof = queries.certificate_of(row.id) if row.method == TAX_WITHHELD else None
    facts = (
        KeyValue(_("Certificate"), proof.number if proof else ""),
        KeyValue(_("Certificate of"), proof.issued_on if proof else None),
        KeyValue(_("Received"), row.received_on),
        KeyValue(_("Method"), METHOD_WORDS.get(row.method, row.method)),
        KeyValue(_("Legal entity"), row.entity_code),
        KeyValue(_("Gateway"), row.gateway),
        KeyValue(_("Reference at the gateway"), row.gateway_reference),
        KeyValue(_("Rate to the books"), None if row.entity_rate == 1 else row.entity_rate.normalize() + 0),
    )
    return tuple(fact for fact in facts if fact.value)


def _sections(
    row: PaymentRow, allocations: list[AllocationRow], refunds: list[RefundRow], caller: Caller
) -> tuple[Section, ...]:
    taken = {one.reverses_id for one in allocations if one.reverses_id}
    rows = tuple(_allocation(one, row.currency, one.id in taken) for one in allocations)
    empty = _("It settles nothing yet.")
    found = [Section(_("Invoices"), Table(ALLOCATION_COLUMNS, rows, empty=empty), anchor="invoices")]
    if refunds:
        table = Table(REFUND_COLUMNS, tuple(_refund(one, row.currency) for one in refunds))
        found.append(Section(_("Money back"), table, actions=_refund_steps(row, refunds, caller), anchor="refunds"))
    subjects = [row.source_id, *(one.id for one in refunds)] if row.gateway else []
    if subjects and (calls := queries.calls_about(subjects)):
        table = Table(CALL_COLUMNS, tuple(call_row(str(place), call) for place, call in enumerate(calls)))
        found.append(Section(_("Calls to the gateway"), table, anchor="calls", folded=True))
    return tuple(found)


def _allocation(one: AllocationRow, currency: str, taken_back: bool) -> Row:
    state = pill("reversed", _("Taken back")) if taken_back or one.reverses_id else pill("applied", _("Settled"))
    cells: dict[str, Any] = {
        "invoice": one.invoice_number,
        "day": one.applied_on,
        "amount": Money(one.amount, currency),
        "write_off": Money(one.write_off_amount, currency) if one.write_off_amount else None,
        "state": state,
    }
    return Row(str(one.id), cells, address_of("invoice", one.invoice_id))


def _refund(one: RefundRow, currency: str) -> Row:
    cells: dict[str, Any] = {
        "kind": KIND_WORDS[RefundKind(one.kind)],
        "state": pill(one.status),
        "day": one.refunded_on,
        "amount": Money(-one.amount, currency),
        "reason": Cell(one.reason, sub=one.message),
        "reference": one.gateway_reference,
    }
    return Row(public("refund", one.id), cells)


def _refund_steps(row: PaymentRow, refunds: list[RefundRow], caller: Caller) -> tuple[Action, ...]:
    """What a person does about money that no gateway pays out."""
    if row.gateway or not caller.authority.allows("payments.write", row.entity_id):
        return ()
    found: list[Action] = []
    for one in refunds:
        if one.status == RefundStatus.PENDING:
            key = public("refund", one.id)
            amount = format_money(Money(one.amount, row.currency).rounded())
            day = Field("refunded_on", _("Paid out on"), "date", value=caller.today())
            words = _("%(amount)s was paid out") % {"amount": amount}
            found.append(Action(words, reverse("refund_confirm", args=[key]), "primary", fields=(day,)))
            words = _("Do not refund %(amount)s") % {"amount": amount}
            found.append(Action(words, reverse("refund_cancel", args=[key]), fields=(REASON,)))
    return tuple(found)


def call_row(key: str, call: CallRow) -> Row:
    """One try of a call to a gateway."""
    detail = " ".join(part for part in (str(call.http_status) if call.http_status else "", call.error) if part)
    cells: dict[str, Any] = {
        "at": call.called_at,
        "operation": f"{call.operation} {call.number}",
        "outcome": pill("confirmed" if call.outcome == "answered" else "failed", call.outcome.capitalize()),
        "detail": detail,
    }
    return Row(key, cells)


def _summary(row: PaymentRow) -> tuple[SummaryRow, ...]:
    def money(amount: Decimal) -> Money:
        return Money(amount, row.currency)

    settled = row.amount - row.unapplied_amount - row.refunded_amount
    found = [SummaryRow(_("Received"), money(row.amount), total=True), SummaryRow(_("Settled"), money(-settled))]
    if row.refunded_amount:
        found.append(SummaryRow(_("Given back"), money(-row.refunded_amount)))
    found.append(SummaryRow(_("On account"), money(row.unapplied_amount), total=True))
    return tuple(found)


def _notices(row: PaymentRow) -> tuple[Notice, ...]:
    if row.status == PaymentStatus.CHARGEBACK:
        return (Notice(_("The payer's bank took this money back."), Tone.DANGER),)
    if row.unapplied_amount:
        amount = format_money(Money(row.unapplied_amount, row.currency).rounded())
        return (Notice(_("%(amount)s lies on account and settles nothing.") % {"amount": amount}, Tone.WARNING),)
    return ()
