"""Recording money, putting it to invoices and taking it back; a preview shows what the very same plan would settle."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.agree.customers.queries import customer
from cashline.flow.invoice.invoices.queries import InvoiceRow, invoice
from cashline.flow.receive.payments import actions, queries
from cashline.flow.receive.payments.actions import NewPayment
from cashline.flow.receive.payments.api.following import require_to_record
from cashline.flow.receive.payments.pages.document import seen, standing
from cashline.flow.receive.payments.pages.listing import METHOD_OPTIONS
from cashline.flow.receive.payments.rules import AllocationPlan, OpenInvoice, plan_allocation
from cashline.kernel.identifiers import key_of, new_id, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform.company.queries import entities_by_id, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.anatomies import FormPage, Section
from cashline.platform.pages.components import Column, Crumb, Notice, Option, Row, Table, Tone
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form
from cashline.platform.pages.formats import format_day, format_money
from cashline.platform.pages.render import done, render_aside, render_form

ASKED = 200
"""How many open invoices a form asks for at most; the API takes more."""
SPREADS = (
    Option("oldest", lazy("To the oldest invoices first")),
    Option("account", lazy("On account for now")),
)
PLAN_COLUMNS = (
    Column("invoice", lazy("Invoice"), "code", place="title"),
    Column("due", lazy("Due"), "date"),
    Column("open", lazy("Open"), "money"),
    Column("amount", lazy("Settled"), "money", place="amount"),
)


def _today(caller: Caller, entity_id: UUID) -> date:
    return caller.today(entities_by_id([entity_id])[entity_id].timezone)


def _crumbs(number: str = "", payment_id: str = "") -> tuple[Crumb, ...]:
    first = Crumb(_("Payments"), reverse("payment_list"))
    return (first, Crumb(number, reverse("payment_detail", args=[payment_id]))) if number else (first,)


def _asked_invoice(request: HttpRequest, caller: Caller) -> InvoiceRow | None:
    """The invoice that the money is for, as the address or the form names it."""
    text = request.POST.get("spread", "") if request.method == "POST" else request.GET.get("invoice", "")
    if not text.startswith("inv_"):
        return None
    row = invoice(key_of("invoice", text))
    require_visible(caller, "payments.write", row.entity_id, "invoice", row.id)
    return row


def _for_invoice(fieldsets: tuple[FieldSet, ...], row: InvoiceRow, code: str) -> tuple[FieldSet, ...]:
    """The form filled in for what is open of one invoice, without what its customer withholds."""
    key = public("invoice", row.id)
    first = Option(key, _("To invoice %(number)s") % {"number": row.number})
    asked = row.open_amount - queries.withheld_of([row.id]).get(row.id, Decimal(0))
    filled: dict[str, dict[str, Any]] = {
        "entity": {"value": code},
        "amount": {"value": Money(asked, row.currency).rounded().amount},
        "spread": {"value": key, "options": (first, *SPREADS)},
    }
    return tuple(
        replace(one, fields=tuple(replace(each, **filled.get(each.name, {})) for each in one.fields))
        for one in fieldsets
    )


def _fieldsets(request: HttpRequest, caller: Caller) -> tuple[FieldSet, ...]:
    row = _asked_invoice(request, caller)
    chosen = public("customer", row.customer_id) if row else request.GET.get("customer", "")
    plain = _fields(caller, chosen)
    return _for_invoice(plain, row, entities_by_id([row.entity_id])[row.entity_id].code) if row else plain


def _fields(caller: Caller, chosen: str) -> tuple[FieldSet, ...]:
    own = tuple(Option(one.code, one.name) for one in caller.own_entities("payments.write"))
    name = customer(key_of("customer", chosen)).name if chosen else ""
    who = Field(
        "customer",
        _("Customer"),
        "lookup",
        value=chosen or None,
        lookup=reverse("customer_options"),
        lookup_label=name,
        width="half",
    )
    fields = (
        who,
        Field("entity", _("Received by"), "choice", options=own, value=own[0].value if own else None, width="half"),
        Field(
            "amount",
            _("Amount"),
            "decimal",
            least=Decimal("0.0001"),
            hint=_("In the customer's currency"),
            width="third",
        ),
        Field("received_on", _("Received on"), "date", value=caller.today(), width="third"),
        Field("method", _("Method"), "choice", options=METHOD_OPTIONS, value="bank_transfer", width="third"),
        Field("spread", _("Put it"), "radio", options=SPREADS, value="oldest"),
    )
    return (FieldSet(_("Money received"), fields),)


def payment_new(request: HttpRequest) -> HttpResponseBase:
    """Record money received by hand; `?customer=` names who paid, `?invoice=` what for."""
    caller = caller_of(request)
    caller.require("payments.write")
    page = FormPage(
        _("Record a payment"),
        request.path,
        _fieldsets(request, caller),
        _("Record"),
        reverse("payment_list"),
        intro=_("Card payments and bank statements come in by themselves; this is for the rest."),
        crumbs=_crumbs(),
        preview_url=reverse("payment_preview"),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors
    if not errors:
        try:
            outcome = once(request, lambda: _record(caller, read))
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _record(caller: Caller, read: Reading) -> Outcome:
    entity = entity_by_code(read.text("entity"))
    require_to_record(caller, read.text("method"), entity.id)
    payer = customer(key_of("customer", read.text("customer")))
    plan = _plan(payer.id, entity.id, payer.currency, read)
    new = NewPayment(
        customer_id=payer.id,
        entity_id=entity.id,
        currency=payer.currency,
        amount=read.decimal("amount") or Decimal(0),
        method=read.text("method"),
        received_on=read.day("received_on") or caller.today(),
        source_id=new_id(),
        allocations=tuple((one.invoice_id, one.amount.amount, one.write_off.amount) for one in plan.allocations),
    )
    (key,) = actions.record_payments([new], now=caller.now, actor=caller.actor)
    url = reverse("payment_detail", args=[public("payment", key)])
    return Outcome(url, _("The payment is recorded as %(number)s.") % {"number": queries.payment(key).number})


def _plan(customer_id: UUID, entity_id: UUID, currency: str, read: Reading) -> AllocationPlan:
    """What the money settles; raises what is wrong with the amount."""
    amount = Money(read.decimal("amount") or Decimal(0), currency)
    found = queries.open_invoices(customer_id=customer_id, entity_id=entity_id, currency=currency)
    spread = read.text("spread")
    if spread.startswith("inv_"):
        return plan_allocation(amount, [one for one in found if one.invoice_id == key_of("invoice", spread)])
    return plan_allocation(amount, found if spread == "oldest" else [])


def payment_preview(request: HttpRequest) -> HttpResponse:
    """What the payment would settle, while the form is filled in."""
    caller = caller_of(request)
    caller.require("payments.write")
    read = read_form(request.POST, _fieldsets(request, caller))
    if not (read.text("customer") and read.text("entity") and read.decimal("amount")):
        return render_aside(request, ())
    try:
        entity = entity_by_code(read.text("entity"))
        payer = customer(key_of("customer", read.text("customer")))
        plan = _plan(payer.id, entity.id, payer.currency, read)
    except Refusal as refusal:
        return render_aside(request, (), tuple(Notice(one.message, Tone.WARNING) for one in errors_of(refusal)))
    found = queries.open_invoices(customer_id=payer.id, entity_id=entity.id, currency=payer.currency)
    return render_aside(request, _aside(plan, found))


def _aside(plan: AllocationPlan, found: Sequence[OpenInvoice]) -> tuple[Section, ...]:
    by_id = {one.invoice_id: one for one in found}
    rows = tuple(
        Row(
            str(part.invoice_id),
            {
                "invoice": by_id[part.invoice_id].number,
                "due": by_id[part.invoice_id].due_date,
                "open": by_id[part.invoice_id].open_amount,
                "amount": part.amount,
            },
        )
        for part in plan.allocations[:ASKED]
    )
    words = _("%(amount)s stays on account.") % {"amount": format_money(plan.unapplied)} if plan.unapplied else ""
    return (Section(_("Settles"), Table(PLAN_COLUMNS, rows, empty=_("No invoice.")), text=words),)


def payment_allocate(request: HttpRequest, payment_id: str) -> HttpResponseBase:
    """Put what lies on account to invoices; the oldest are filled in."""
    caller = caller_of(request)
    row = seen(caller, payment_id, "payments.write")
    found = queries.open_invoices(customer_id=row.customer_id, entity_id=row.entity_id, currency=row.currency)[:ASKED]
    rest = Money(row.unapplied_amount, row.currency).rounded()
    plan = plan_allocation(rest, found) if rest else AllocationPlan((), rest)
    filled = {part.invoice_id: part.amount.amount for part in plan.allocations}
    fields = tuple(_amount_field(one, filled.get(one.invoice_id)) for one in found)
    back = reverse("payment_detail", args=[payment_id])
    page = FormPage(
        _("Put %(amount)s to invoices") % {"amount": format_money(rest)},
        request.path,
        (FieldSet(_("Open invoices of %(customer)s") % {"customer": row.customer_name}, fields),),
        _("Put"),
        back,
        crumbs=_crumbs(row.number or "", payment_id),
        notices=() if found else (Notice(_("Nothing is open in this currency."), Tone.INFO),),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors
    if not errors:
        put = [(one.invoice_id, amount, Decimal(0)) for one in found if (amount := read.decimal(_name(one.invoice_id)))]
        try:
            outcome = once(request, lambda: _put(caller, row.id, put, _today(caller, row.entity_id), back))
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _name(invoice_id: UUID) -> str:
    return f"amount_{public('invoice', invoice_id)}"


def _amount_field(one: OpenInvoice, value: Decimal | None) -> Field:
    words = _("%(open)s open, due %(due)s") % {
        "open": format_money(one.open_amount.rounded()),
        "due": format_day(one.due_date),
    }
    shown = Money(value, one.open_amount.currency).rounded().amount if value is not None else None
    currency = one.open_amount.currency
    most = one.open_amount.amount
    return Field(
        _name(one.invoice_id),
        one.number,
        "decimal",
        required=False,
        value=shown,
        hint=words,
        suffix=currency,
        least=0,
        most=most,
        width="half",
    )


def _put(caller: Caller, payment_id: UUID, put: list[tuple[UUID, Decimal, Decimal]], today: date, back: str) -> Outcome:
    actions.allocate(payment_id=payment_id, allocations=put, applied_on=today, now=caller.now, actor=caller.actor)
    return Outcome(back, _("The money is put to the invoices."))


def payment_take_back(request: HttpRequest, payment_id: str) -> HttpResponseBase:
    """Take money back from invoices; it lies on account then."""
    caller = caller_of(request)
    row = seen(caller, payment_id, "payments.write")
    parts = standing(queries.allocations_of(payment_ids=[row.id]))
    if not parts:
        raise NotFound("This payment settles nothing that could be taken back.", field="payment")
    options = tuple(
        Option(str(one.id), one.invoice_number, format_money(Money(one.amount, row.currency))) for one in parts
    )
    fields = (
        Field(
            "allocations", _("From"), "many", options=options, value=(options[0].value,) if len(options) == 1 else ()
        ),
        Field("reason", _("Reason"), "textarea", max_length=1000),
    )
    back = reverse("payment_detail", args=[payment_id])
    page = FormPage(
        _("Take money back from invoices"),
        request.path,
        (FieldSet(_("What %(number)s settles") % {"number": row.number}, fields),),
        _("Take back"),
        back,
        crumbs=_crumbs(row.number or "", payment_id),
        intro=_("The invoices are open again by what is taken back, write-offs included."),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors
    if not read.many("allocations"):
        errors += (FieldError("allocations", _("Choose at least one invoice."), "missing"),)
    if not errors:
        try:
            outcome = once(request, lambda: _take(caller, row.id, read, _today(caller, row.entity_id), back))
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _take(caller: Caller, payment_id: UUID, read: Reading, today: date, back: str) -> Outcome:
    actions.unallocate(
        payment_id=payment_id,
        allocation_ids=[UUID(text) for text in read.many("allocations")],
        reason=read.text("reason"),
        today=today,
        now=caller.now,
        actor=caller.actor,
    )
    return Outcome(back, _("The money lies on account again."))
