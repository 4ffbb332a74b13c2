"""Charging cards from the console, what became of each charge, and the sandbox's page for 3-D Secure.

The intent is committed before the gateway is called; these pages run outside any transaction.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.receive.payments import actions, queries
from cashline.flow.receive.payments.actions import NewIntent
from cashline.flow.receive.payments.gateways.sandbox_acquirer import FAULTS
from cashline.flow.receive.payments.pages.document import CALL_COLUMNS, REASON, call_row
from cashline.flow.receive.payments.queries import IntentRow, PayableInvoice
from cashline.flow.receive.payments.rules import PaymentStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import Refusal
from cashline.platform.clock.queries import machine_time
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, FormPage, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Notice,
    Option,
    Pill,
    Row,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form, said
from cashline.platform.pages.render import done, refused, render_document, render_form, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of

STATES = {
    PaymentStatus.PENDING: Pill(lazy("Not known yet"), Tone.WARNING),
    PaymentStatus.REQUIRES_ACTION: Pill(lazy("Waits for the payer"), Tone.INFO),
    PaymentStatus.SUCCEEDED: Pill(lazy("Charged"), Tone.SUCCESS),
    PaymentStatus.FAILED: Pill(lazy("Declined"), Tone.DANGER),
}
COLUMNS = (
    Column("created_at", lazy("Asked"), "datetime", sort=True, place="title"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("gateway", lazy("Gateway")),
    Column("amount", lazy("Amount"), "money", sort=True, place="amount"),
    Column("message", lazy("What the gateway said")),
    Column("reference", lazy("Reference"), "code", place="hidden"),
)
FILTERS = (
    Filter.choice("status", lazy("State"), tuple(Option(status.value, one.label) for status, one in STATES.items())),
)


def _seen(caller: Caller, intent_id: str, permission: str = "payments.read") -> IntentRow:
    row = queries.intent(key_of("payment_intent", intent_id))
    require_visible(caller, permission, row.entity_id, "payment_intent", row.id)
    return row


def payment_intent_list(request: HttpRequest) -> HttpResponseBase:
    """Card charges, whatever became of them."""
    caller = caller_of(request)
    caller.require("payments.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_intents(ask.page, entities=caller.entities("payments.read"), statuses=ask.choices("status"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    empty = Empty(_("No card charges"), _("Charge a card from the page of an open invoice."), icon="credit-card")
    crumbs = (Crumb(_("Payments"), reverse("payment_list")),)
    page = ListPage(_("Card charges"), COLUMNS, fetch, FILTERS, empty=empty, crumbs=crumbs, filename="card-charges")
    return render_list(request, page)


def _row(row: IntentRow) -> Row:
    key = public("payment_intent", row.id)
    cells: dict[str, Any] = {
        "created_at": row.created_at,
        "state": STATES[PaymentStatus(row.status)],
        "gateway": row.gateway,
        "amount": Money(row.amount, row.currency),
        "message": Cell(row.message, sub=row.decline_code),
        "reference": row.gateway_reference,
    }
    return Row(key, cells, reverse("payment_intent_detail", args=[key]))


def payment_intent_detail(request: HttpRequest, intent_id: str) -> HttpResponse:
    """One card charge with every try."""
    caller = caller_of(request)
    row = _seen(caller, intent_id)
    calls = queries.calls_about([row.id])
    table = Table(CALL_COLUMNS, tuple(call_row(str(place), call) for place, call in enumerate(calls)))
    payment = queries.payments_by_id([row.payment_id])[row.payment_id] if row.payment_id else None
    invoice = queries.payable(row.invoice_id) if row.invoice_id else None
    facts = (
        KeyValue(_("Amount"), Money(row.amount, row.currency)),
        KeyValue(_("Invoice"), Cell(invoice.number, address_of("invoice", invoice.id)) if invoice else None),
        KeyValue(_("Payment"), Cell(payment.number, address_of("payment", payment.id)) if payment else None),
        KeyValue(_("Gateway"), row.gateway),
        KeyValue(_("Reference at the gateway"), row.gateway_reference),
        KeyValue(_("The gateway said"), row.message),
        KeyValue(_("Asked again"), row.next_call_at if row.status == PaymentStatus.PENDING else None),
    )
    page = DocumentPage(
        _("Card charge"),
        public("payment_intent", row.id)[-8:],
        STATES[PaymentStatus(row.status)],
        actions=_steps(row, caller),
        facts=tuple(fact for fact in facts if fact.value),
        sections=(Section(_("Calls to the gateway"), table, anchor="calls"),),
        timeline=timeline_of([row.id], current=row.id),
        notices=(Notice(_("The payer has to prove who they are."), Tone.INFO),) if row.action_url else (),
        crumbs=(Crumb(_("Card charges"), reverse("payment_intent_list")),),
        refresh_seconds=5 if row.status == PaymentStatus.PENDING and row.tries < 3 else 0,
    )
    return render_document(request, page)


def _steps(row: IntentRow, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("payments.write", row.entity_id):
        return ()
    key = public("payment_intent", row.id)
    found: list[Action] = []
    if row.action_url:
        found.append(Action.link(_("Open the payer's page"), row.action_url, primary=True))
    if row.status in (PaymentStatus.PENDING, PaymentStatus.REQUIRES_ACTION):
        words = _("What comes through after all is still recorded.")
        url = reverse("payment_intent_give_up", args=[key])
        found.append(Action(_("Give up"), url, "danger", confirm=words, fields=(REASON,)))
    if row.status == PaymentStatus.PENDING and not row.gateway_reference:
        reference = Field("gateway_reference", _("Reference at the gateway"))
        url = reverse("payment_intent_look_up", args=[key])
        found.append(Action(_("Look it up"), url, fields=(reference,)))
    return tuple(found)


@require_POST
def payment_intent_give_up(request: HttpRequest, intent_id: str) -> HttpResponse:
    """Stop waiting for a charge."""
    caller = caller_of(request)
    row = _seen(caller, intent_id, "payments.write")
    reason = said(request.POST, "reason")
    return take_step(
        request,
        reverse("payment_intent_detail", args=[intent_id]),
        _("The charge is given up."),
        lambda: actions.give_up_intents([row.id], reason=reason, now=caller.now, actor=caller.actor),
    )


@require_POST
@transaction.non_atomic_requests
def payment_intent_look_up(request: HttpRequest, intent_id: str) -> HttpResponse:
    """Take over a charge that somebody found in the gateway's console."""
    caller = caller_of(request)
    row = _seen(caller, intent_id, "payments.write")
    back = reverse("payment_intent_detail", args=[intent_id])
    reference = request.POST.get("gateway_reference", "").strip()[:255]
    named = actions.gateways(sandbox=caller.clock.sandbox)
    try:
        actions.look_up_charge(row.id, reference, gateway_named=named, now=caller.now, actor=caller.actor)
    except Refusal as refusal:
        return refused(request, back, refusal)
    return done(request, back, _("The charge is found and recorded."))


def _fieldsets(invoice: PayableInvoice, sandbox: bool) -> tuple[FieldSet, ...]:
    names = actions.gateway_names(sandbox=sandbox)
    withheld = queries.withheld_of([invoice.id]).get(invoice.id, Decimal(0))
    left = max(invoice.open_amount - invoice.under_way - withheld, Decimal(0))
    cards = tuple(Option(number, f"{number} {fault.says}") for number, fault in FAULTS.items())
    hint = _("The token that the gateway knows the card by: no card number is kept here.")
    token = Field("method_token", _("Card"), hint=hint, max_length=255)
    if names == ("sandbox",):
        token = Field("method_token", _("Test card"), "choice", options=cards, value=cards[0].value)
    options = tuple(Option(name, name.capitalize()) for name in names)
    gateway = Field("gateway", _("Gateway"), "radio", options=options, value=names[0] if names else None)
    value = Money(left, invoice.currency).rounded().amount
    amount = Field("amount", _("Amount"), "decimal", value=value, suffix=invoice.currency, least=0, width="half")
    return (FieldSet(_("Charge"), (gateway, token, amount)),)


@transaction.non_atomic_requests
def invoice_charge(request: HttpRequest, invoice_id: str) -> HttpResponseBase:
    """Charge a card for an invoice."""
    caller = caller_of(request)
    invoice = queries.payable(key_of("invoice", invoice_id))
    require_visible(caller, "payments.write", invoice.entity_id, "invoice", invoice.id)
    named = actions.gateway_names(sandbox=caller.clock.sandbox)
    page = FormPage(
        _("Charge a card for %(number)s") % {"number": invoice.number},
        request.path,
        _fieldsets(invoice, caller.clock.sandbox),
        _("Charge"),
        address_of("invoice", invoice.id),
        crumbs=(Crumb(_("Invoices"), address_of("invoice", invoice.id)),),
        notices=() if named else (Notice(_("No gateway is set up: CASHLINE_STRIPE_KEY is missing."), Tone.WARNING),),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors
    if not errors:
        try:
            key = key_of("payment_intent", once(request, lambda: _intend(caller, invoice, read)).url)
            return _charge(request, caller, key)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _intend(caller: Caller, invoice: PayableInvoice, read: Reading) -> Outcome:
    new = NewIntent(
        invoice.entity_id,
        invoice.customer_id,
        invoice.currency,
        read.decimal("amount") or Decimal(0),
        read.text("gateway"),
        read.text("method_token"),
        invoice.id,
    )
    (key,) = actions.create_intents([new], now=caller.now, actor=caller.actor)
    return Outcome(public("payment_intent", key), "")


def _charge(request: HttpRequest, caller: Caller, key: UUID) -> HttpResponse:
    """Call the gateway for a committed intent, and go where its outcome is told."""
    named = actions.gateways(sandbox=caller.clock.sandbox)
    after = actions.charge_card(key, gateway_named=named, now=caller.now, actor=caller.actor)
    url = reverse("payment_intent_detail", args=[public("payment_intent", key)])
    if after.status == PaymentStatus.SUCCEEDED and after.payment_id:
        return done(request, address_of("payment", after.payment_id), _("The card is charged."))
    if after.status == PaymentStatus.FAILED:
        return refused(request, url, Refusal(after.message or _("The card was declined.")))
    return done(request, url, str(STATES[PaymentStatus(after.status)].label))


@transaction.non_atomic_requests
def sandbox_card(request: HttpRequest, gateway_reference: str) -> HttpResponseBase:
    """Where the payer of a sandbox charge passes or fails 3-D Secure; there is no such page in a live company."""
    caller = caller_of(request)
    if not caller.clock.sandbox:
        raise Http404
    gateway = actions.sandbox_gateway()
    charge = gateway.fetch(gateway_reference)
    answers = (Option("pass", _("I am the holder of this card")), Option("fail", _("I am not")))
    fields = (Field("answer", _("Your bank asks"), "radio", options=answers, value="pass"),)
    page = FormPage(
        _("Sandbox: your bank asks who you are"),
        request.path,
        (FieldSet(_("Payment of %(amount)s") % {"amount": charge.amount}, fields),),
        _("Answer"),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    if read.errors:
        return render_form(request, replace(page, values=read.raw, errors=read.errors))
    gateway.complete_action(gateway_reference, approve=read.text("answer") == "pass")
    actions.deliver_sandbox_reports(gateway, machine_time=machine_time(), now=caller.now, actor="gateway:sandbox")
    return done(request, gateway.return_url(gateway_reference) or "/", _("Thank you: your bank was told."))
