"""The console's pages of disputes."""

from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.invoice.invoices.queries import InvoiceRow, invoice
from cashline.flow.receive.disputes import actions, queries
from cashline.flow.receive.disputes.actions import NewDispute
from cashline.flow.receive.disputes.queries import DisputeFilter, DisputeRow
from cashline.flow.receive.disputes.rules import CAUSING_DOMAIN, DISPUTE, UNRESOLVED, DisputeReason, DisputeStatus
from cashline.flow.receive.payments.queries import agreements_of
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import Refusal
from cashline.platform.company.queries import entities_by_id
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
    Option,
    Pill,
    Row,
    SummaryRow,
    Tone,
    View,
)
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form, said
from cashline.platform.pages.render import done, refused, render_document, render_form, render_list
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import timeline_of

STATES = {
    DisputeStatus.OPENED: Pill(lazy("Opened"), Tone.WARNING),
    DisputeStatus.UNDER_REVIEW: Pill(lazy("Under review"), Tone.INFO),
    DisputeStatus.RESOLVED_CREDIT: Pill(lazy("Credited"), Tone.SUCCESS),
    DisputeStatus.RESOLVED_REJECTED: Pill(lazy("Rejected"), Tone.NEUTRAL),
    DisputeStatus.WITHDRAWN: Pill(lazy("Withdrawn"), Tone.NEUTRAL),
}
REASONS = {
    DisputeReason.PRICE: lazy("The price is wrong"),
    DisputeReason.QUANTITY: lazy("The quantity is wrong"),
    DisputeReason.NOT_ORDERED: lazy("Not ordered"),
    DisputeReason.NOT_DELIVERED: lazy("Not delivered"),
    DisputeReason.DAMAGED: lazy("Damaged"),
    DisputeReason.QUALITY: lazy("Not as agreed"),
    DisputeReason.DUPLICATE: lazy("Billed twice"),
    DisputeReason.TAX: lazy("The tax is wrong"),
    DisputeReason.TERMS: lazy("Other terms were agreed"),
    DisputeReason.OTHER: lazy("Something else"),
}
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("customer", lazy("Customer"), sort=True),
    Column("state", lazy("State"), "pill", place="state"),
    Column("invoice", lazy("Invoice"), "code"),
    Column("reason", lazy("Reason")),
    Column("opened_on", lazy("Opened"), "date", sort=True),
    Column("amount", lazy("Disputed"), "money", sort=True, place="amount"),
    Column("resolution", lazy("Resolution"), only_export=True),
)
FILTERS = (
    Filter.search(lazy("Number, invoice or customer")),
    Filter.choice("status", lazy("State"), tuple(Option(status.value, one.label) for status, one in STATES.items())),
    Filter.choice("reason", lazy("Reason"), tuple(Option(reason.value, words) for reason, words in REASONS.items())),
    Filter.dates("opened_on", lazy("Opened")),
)
WHY = Field("reason", lazy("Reason"), "textarea", max_length=1000)


def _seen(caller: Caller, dispute_id: str, permission: str = "disputes.read") -> DisputeRow:
    row = queries.dispute(key_of("dispute", dispute_id))
    require_visible(caller, permission, row.entity_id, "dispute", row.id)
    return row


def dispute_list(request: HttpRequest) -> HttpResponseBase:
    """Disputes."""
    caller = caller_of(request)
    caller.require("disputes.read")

    def fetch(ask: ListAsk) -> RowPage:
        opened = ask.date_range("opened_on")
        chosen = DisputeFilter(
            words=ask.text(),
            entities=caller.entities("disputes.read"),
            statuses=ask.choices("status"),
            reasons=ask.choices("reason"),
            opened_from=opened.start,
            opened_to=opened.end,
        )
        page = queries.list_disputes(ask.page, chosen)
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    text = _("A customer contests an invoice in the portal, or you open it from the page of the invoice.")
    empty = Empty(_("No disputes here"), text, icon="message-square")
    page = ListPage(_("Disputes"), COLUMNS, fetch, FILTERS, empty=empty, views=_views(request), filename="disputes")
    return render_list(request, page)


def _views(request: HttpRequest) -> tuple[View, ...]:
    here = reverse("dispute_list")
    undecided = [("status", status.value) for status in UNRESOLVED]
    chosen = request.GET.getlist("status") == [value for _name, value in undecided]
    return (View(_("All"), here, not chosen), View(_("To decide"), f"{here}?{urlencode(undecided)}", chosen))


def _row(row: DisputeRow) -> Row:
    key = public("dispute", row.id)
    cells: dict[str, Any] = {
        "number": row.number,
        "customer": row.customer_name,
        "state": STATES[DisputeStatus(row.status)],
        "invoice": row.invoice_number,
        "reason": REASONS[DisputeReason(row.reason)],
        "opened_on": row.opened_on,
        "amount": Money(row.amount, row.currency),
        "resolution": row.resolution,
    }
    return Row(key, cells, reverse("dispute_detail", args=[key]))


def dispute_detail(request: HttpRequest, dispute_id: str) -> HttpResponse:
    """One dispute."""
    caller = caller_of(request)
    row = _seen(caller, dispute_id)
    words = [Section(_("What the customer says"), text=row.description)] if row.description else []
    if row.resolution:
        words.append(Section(_("How it ended"), text=row.resolution))
    page = DocumentPage(
        _("Dispute"),
        row.number,
        STATES[DisputeStatus(row.status)],
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        actions=_steps(row, caller),
        thread=thread_of([row.id, row.invoice_id, *agreements_of([row.invoice_id])], row.id, always=()),
        facts=_facts(row),
        sections=tuple(words),
        summary=(
            SummaryRow(_("Disputed, tax included"), Money(row.amount, row.currency), total=True),
            SummaryRow(_("Open on the invoice"), Money(row.invoice_open, row.currency)),
        ),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Disputes"), reverse("dispute_list")),),
    )
    return render_document(request, page)


def _facts(row: DisputeRow) -> tuple[KeyValue, ...]:
    reason = DisputeReason(row.reason)
    note = Cell(row.credit_note_number, address_of("credit_note", row.credit_note_id)) if row.credit_note_id else None
    facts = (
        KeyValue(_("Invoice"), Cell(row.invoice_number, address_of("invoice", row.invoice_id))),
        KeyValue(_("Reason"), REASONS[reason]),
        KeyValue(_("Look first at"), CAUSING_DOMAIN[reason].replace("_", " ")),
        KeyValue(_("Opened"), row.opened_on),
        KeyValue(_("By"), row.opened_by.partition(":")[2] or row.opened_by),
        KeyValue(_("Decided"), row.resolved_on),
        KeyValue(_("Credit note"), note),
    )
    return tuple(fact for fact in facts if fact.value)


def _steps(row: DisputeRow, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("disputes.write", row.entity_id):
        return ()
    may_credit = caller.authority.allows("credit_notes.write", row.entity_id)
    amount = Money(row.amount, row.currency).rounded().amount
    credit = (
        Field("amount", _("Credit, tax included"), "decimal", value=amount, most=row.amount, suffix=row.currency),
        Field("resolution", _("What the customer is told"), "textarea", max_length=1000),
    )
    wanted = (
        ("review", Action(_("Look into it"), "", "primary", key="r")),
        (
            "resolve_with_credit",
            Action(
                _("Credit"),
                "",
                fields=credit,
                key="c",
                refused="" if may_credit else _("It needs somebody who may give credit notes."),
            ),
        ),
        ("reject", Action(_("Reject"), "", fields=(WHY,))),
        ("withdraw", Action(_("The customer withdraws"), "", fields=(WHY,))),
        ("reopen", Action(_("Take up again"), "", fields=(WHY,))),
    )
    key = public("dispute", row.id)
    return tuple(
        replace(action, url=reverse("dispute_step", args=[key, verb]))
        for verb, action in wanted
        if DISPUTE.allows(verb, row.status)
    )


@require_POST
def dispute_step(request: HttpRequest, dispute_id: str, verb: str) -> HttpResponse:
    """Take a step: review, resolve_with_credit, reject, withdraw or reopen."""
    caller = caller_of(request)
    row = _seen(caller, dispute_id, "disputes.write")
    back = reverse("dispute_detail", args=[dispute_id])
    today: date = caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)
    reason = said(request.POST, "reason")
    who: dict[str, Any] = {"now": caller.now, "actor": caller.actor}
    if verb == "resolve_with_credit":
        return _credit(request, caller, row, today, back)
    steps = {
        "review": (_("Somebody looks into it."), lambda: actions.review_dispute(row.id, **who)),
        "reject": (
            _("The dispute is rejected."),
            lambda: actions.reject_dispute(row.id, resolution=reason, today=today, **who),
        ),
        "withdraw": (
            _("The dispute is withdrawn."),
            lambda: actions.withdraw_dispute(row.id, reason=reason, today=today, **who),
        ),
        "reopen": (
            _("The dispute is taken up again."),
            lambda: actions.reopen_dispute(row.id, reason=reason, **who),
        ),
    }
    if verb not in steps:
        return refused(request, back, Refusal(_("There is no such step.")))
    sentence, step = steps[verb]
    return take_step(request, back, sentence, step)


def _credit(request: HttpRequest, caller: Caller, row: DisputeRow, today: date, back: str) -> HttpResponse:
    caller.require("credit_notes.write", row.entity_id)
    fields = (
        Field("amount", _("Credit"), "decimal"),
        Field("resolution", _("Resolution"), "textarea", max_length=1000),
    )
    read = read_form(request.POST, (FieldSet("", fields),))
    if read.errors:
        return refused(request, back, Refusal(read.errors[0].message, field=read.errors[0].field))
    return take_step(
        request,
        back,
        _("The credit note is issued, and the dispute ended."),
        lambda: actions.resolve_with_credit(
            row.id,
            resolution=read.text("resolution"),
            amount=read.decimal("amount"),
            today=today,
            now=caller.now,
            actor=caller.actor,
        ),
    )


def dispute_new(request: HttpRequest, invoice_id: str) -> HttpResponseBase:
    """Contest an invoice for its customer."""
    caller = caller_of(request)
    row = invoice(key_of("invoice", invoice_id))
    require_visible(caller, "disputes.write", row.entity_id, "invoice", row.id)
    back = address_of("invoice", row.id) or reverse("dispute_list")
    page = FormPage(
        _("Dispute invoice %(number)s") % {"number": row.number},
        request.path,
        (FieldSet(row.customer_name, _fields(row)),),
        _("Open the dispute"),
        back,
        crumbs=(Crumb(_("Disputes"), reverse("dispute_list")), Crumb(row.number, back)),
        intro=_("The disputed part is left out of reminders until it is decided; the rest stays due."),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors
    if not errors:
        try:
            outcome = once(request, lambda: _open(caller, row, read))
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _fields(row: InvoiceRow) -> tuple[Field, ...]:
    reasons = tuple(Option(reason.value, words) for reason, words in REASONS.items())
    return (
        Field(
            "amount",
            _("Disputed, tax included"),
            "decimal",
            value=Money(row.open_amount, row.currency).rounded().amount,
            suffix=row.currency,
            width="half",
        ),
        Field("reason", _("Reason"), "choice", options=reasons, width="half"),
        Field("description", _("What the customer says"), "textarea", required=False, max_length=20_000),
    )


def _open(caller: Caller, row: InvoiceRow, read: Reading) -> Outcome:
    today = caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)
    amount = read.decimal("amount") or row.open_amount
    new = NewDispute(row.id, amount, read.text("reason"), read.text("description"))
    (key,) = actions.open_disputes([new], today=today, now=caller.now, actor=caller.actor)
    number = queries.dispute(key).number
    url = reverse("dispute_detail", args=[public("dispute", key)])
    return Outcome(url, _("Dispute %(number)s is opened.") % {"number": number})


URLS = [
    path("disputes/", dispute_list, name="dispute_list"),
    path("disputes/<str:dispute_id>/", dispute_detail, name="dispute_detail"),
    path("disputes/<str:dispute_id>/<str:verb>/", dispute_step, name="dispute_step"),
    path("invoices/<str:invoice_id>/dispute/", dispute_new, name="dispute_new"),
]
