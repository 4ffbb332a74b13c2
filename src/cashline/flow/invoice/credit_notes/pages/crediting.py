"""Giving a credit note from its invoice: all that is left, or amounts by line, with a preview that is the real plan."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.invoice.credit_notes import actions, queries
from cashline.flow.invoice.credit_notes.rules import CreditableInvoice, CreditableLine, CreditRequest, PlannedCreditNote
from cashline.flow.invoice.invoices.pages.document import seen
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.kernel.refusals import Refusal
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import FormPage, Section
from cashline.platform.pages.components import Column, Crumb, KeyValue, Notice, Option, Row, Table, Tone
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form, said
from cashline.platform.pages.formats import format_money
from cashline.platform.pages.render import done, render_aside, render_form

ASKED_LINES = 200
"""Up to how many lines the form asks for amounts by line; the API takes any number."""
HOW = (Option("all", lazy("All that is left")), Option("lines", lazy("Amounts by line")))
PREVIEW_COLUMNS = (
    Column("description", lazy("Line"), place="title"),
    Column("net", lazy("Net"), "money", place="amount"),
    Column("tax", lazy("Tax"), "money"),
)


def _today(caller: Caller, entity_id: UUID) -> date:
    return caller.today(entities_by_id([entity_id])[entity_id].timezone)


def _fieldsets(invoice: CreditableInvoice) -> tuple[FieldSet, ...]:
    first = (
        Field("reason", _("Reason"), "textarea", max_length=1000, hint=_("It stands on the credit note.")),
        Field("how", _("Take back"), "radio", value="all", options=HOW if _asks_lines(invoice) else HOW[:1]),
    )
    found = [FieldSet(_("Credit note"), first)]
    if _asks_lines(invoice):
        lines = tuple(_line_field(line, invoice.currency) for line in invoice.lines if line.left > 0)
        note = _("Net amounts, for Amounts by line. Tax follows from the invoice.")
        found.append(FieldSet(_("Lines"), lines, note))
    return tuple(found)


def _asks_lines(invoice: CreditableInvoice) -> bool:
    return sum(line.left > 0 for line in invoice.lines) <= ASKED_LINES


def _line_field(line: CreditableLine, currency: str) -> Field:
    hint = _("at most %(amount)s") % {"amount": format_money(Money(line.left, currency))}
    label = f"{line.line_no}. {line.description}"
    return Field(
        f"line_{line.line_no}",
        label,
        "decimal",
        False,
        hint=hint,
        least=0,
        most=line.left,
        suffix=currency,
        width="half",
    )


def _request(invoice: CreditableInvoice, read: Reading) -> CreditRequest:
    if read.text("how") != "lines":
        return CreditRequest(invoice.id, read.text("reason"))
    lines = []
    for line in invoice.lines:
        amount = read.decimal(f"line_{line.line_no}")
        if amount:
            lines.append((line.id, amount))
    return CreditRequest(invoice.id, read.text("reason"), lines)


def invoice_credit(request: HttpRequest, invoice_id: str) -> HttpResponseBase:
    """Ask what to credit, and issue the credit note."""
    caller = caller_of(request)
    row = seen(caller, invoice_id, "credit_notes.write")
    invoice = queries.creditable([row.id])[row.id]
    back = reverse("invoice_detail", args=[invoice_id])
    page = FormPage(
        _("Credit invoice %(number)s") % {"number": row.number},
        request.path,
        _fieldsets(invoice),
        _("Issue the credit note"),
        back,
        crumbs=(Crumb(_("Invoices"), reverse("invoice_list")), Crumb(row.number, back)),
        preview_url=reverse("invoice_credit_preview", args=[invoice_id]),
        aside=_aside(_plan(invoice, CreditRequest(invoice.id, "…"), _today(caller, row.entity_id))),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors
    if not errors:
        try:
            outcome = once(request, lambda: _issue(caller, invoice, read))
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = _placed(errors_of(refusal), invoice, read)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _issue(caller: Caller, invoice: CreditableInvoice, read: Reading) -> Outcome:
    today = _today(caller, invoice.entity_id)
    (key,) = actions.issue_credit_notes([_request(invoice, read)], today=today, now=caller.now, actor=caller.actor)
    number = queries.credit_note(key).number
    url = reverse("credit_note_detail", args=[public("credit_note", key)])
    return Outcome(url, _("Credit note %(number)s is issued.") % {"number": number})


def _placed(errors: tuple[FieldError, ...], invoice: CreditableInvoice, read: Reading) -> tuple[FieldError, ...]:
    """Errors of the asked lines stand beside their fields."""
    asked = [line for line in invoice.lines if read.decimal(f"line_{line.line_no}")]
    fields = {f"lines-{index}-net_amount": f"line_{line.line_no}" for index, line in enumerate(asked)}
    return tuple(replace(error, field=fields.get(error.field, error.field)) for error in errors)


def invoice_credit_preview(request: HttpRequest, invoice_id: str) -> HttpResponse:
    """The credit note as it would be, while the form is filled in."""
    caller = caller_of(request)
    row = seen(caller, invoice_id, "credit_notes.write")
    invoice = queries.creditable([row.id])[row.id]
    read = read_form(request.POST, _fieldsets(invoice))
    wanted = replace(_request(invoice, read), reason=read.text("reason") or "…")
    plan = _plan(invoice, wanted, _today(caller, row.entity_id))
    if isinstance(plan, Refusal):
        return render_aside(request, (), tuple(Notice(one.message, Tone.WARNING) for one in errors_of(plan)))
    return render_aside(request, _aside(plan))


def _plan(invoice: CreditableInvoice, wanted: CreditRequest, today: date) -> PlannedCreditNote | Refusal:
    plans, refused = actions.plan_credit_notes([wanted], {invoice.id: invoice}, today)
    return refused[0] if refused else plans[0]


def _aside(plan: PlannedCreditNote | Refusal) -> tuple[Section, ...]:
    if isinstance(plan, Refusal):
        return (Section(_("Preview"), text=plan.message),)
    currency = plan.invoice.currency
    rows = tuple(
        Row(
            str(line.invoice_line.line_no),
            {
                "description": line.invoice_line.description,
                "net": Money(line.net_amount, currency),
                "tax": Money(line.tax_amount, currency),
            },
        )
        for line in plan.lines[:ASKED_LINES]
    )
    facts: tuple[tuple[str, Decimal], ...] = (
        (_("Net total"), plan.net_total),
        (_("Tax"), plan.tax_total),
        (_("Total"), plan.gross_total),
        (_("Lowers the open amount by"), plan.settled),
        (_("To the customer's account"), plan.unapplied),
    )
    shown = tuple(KeyValue(words, Money(amount, currency)) for words, amount in facts if amount)
    return (Section(_("Preview"), Table(PREVIEW_COLUMNS, rows)), Section(_("Money"), facts=shown))


@require_POST
def invoice_void(request: HttpRequest, invoice_id: str) -> HttpResponse:
    """Take an invoice back in full."""
    caller = caller_of(request)
    row = seen(caller, invoice_id, "credit_notes.write")
    reason = said(request.POST, "reason")
    today = _today(caller, row.entity_id)
    return take_step(
        request,
        reverse("invoice_detail", args=[invoice_id]),
        str(_("The invoice is void; what was delivered is billed anew by the next run.")),
        lambda: actions.void_invoices([row.id], reason=reason, today=today, now=caller.now, actor=caller.actor),
    )
