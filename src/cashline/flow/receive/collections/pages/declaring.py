"""What keeps reminders back, and the ladder of each legal entity."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.invoice.invoices.queries import InvoiceRow, invoice
from cashline.flow.receive.collections import actions, queries
from cashline.flow.receive.collections.actions import NewPromise
from cashline.flow.receive.collections.pages.letters import views
from cashline.flow.receive.collections.queries import PromiseRow
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.platform.company.queries import Entity, entities_by_id, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import Empty, FormPage, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Cell, Column, Crumb, Pill, Row, Tone
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form
from cashline.platform.pages.formats import format_day
from cashline.platform.pages.render import done, refused, render_form, render_list
from cashline.platform.pages.threads import address_of

PROMISE_COLUMNS = (
    Column("invoice", lazy("Invoice"), "code", place="title"),
    Column("customer", lazy("Customer")),
    Column("promised_for", lazy("By"), "date"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("amount", lazy("Promised"), "money", place="amount"),
    Column("open", lazy("Open"), "money"),
    Column("note", lazy("Note")),
)
LADDER_COLUMNS = (
    Column("entity", lazy("Legal entity"), place="title"),
    Column("days", lazy("Days after the due day"), place="amount"),
    Column("country", lazy("Business days of")),
    Column("minimums", lazy("Letters from")),
)


def promise_list(request: HttpRequest) -> HttpResponseBase:
    """Promises whose invoices are still open."""
    caller = caller_of(request)
    caller.require("collections.read")

    def fetch(_ask: ListAsk) -> RowPage:
        rows = queries.promises(entities=caller.entities("collections.read"))
        return RowPage(tuple(_promise(row, caller) for row in rows))

    text = _("Record one from the page of the invoice: its reminders wait for it.")
    page = ListPage(
        _("Promises to pay"),
        PROMISE_COLUMNS,
        fetch,
        empty=Empty(_("No promise is open"), text, icon="bell"),
        views=views("promise_list"),
        filename="promises",
    )
    return render_list(request, page)


def _promise(row: PromiseRow, caller: Caller) -> Row:
    broken = row.is_broken(caller.today())
    cells: dict[str, Any] = {
        "invoice": row.invoice_number,
        "customer": row.customer_name,
        "promised_for": row.promised_for,
        "state": Pill(_("Broken"), Tone.DANGER) if broken else Pill(_("Waiting"), Tone.INFO),
        "amount": Money(row.amount, row.currency),
        "open": Money(row.open_amount, row.currency),
        "note": row.note,
    }
    return Row(str(row.id), cells, address_of("invoice", row.invoice_id))


def _answer(request: HttpRequest, page: FormPage, step: Callable[[Reading], Outcome]) -> HttpResponseBase:
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors
    if not errors:
        try:
            outcome = once(request, lambda: step(read))
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def promise_new(request: HttpRequest, invoice_id: str) -> HttpResponseBase:
    """Record what a customer says to pay of an invoice, and by when."""
    caller = caller_of(request)
    row = invoice(key_of("invoice", invoice_id))
    require_visible(caller, "collections.write", row.entity_id, "invoice", row.id)
    back = address_of("invoice", row.id) or reverse("promise_list")
    value = Money(row.open_amount, row.currency).rounded().amount
    fields = (
        Field("amount", _("Promised"), "decimal", value=value, suffix=row.currency, width="half"),
        Field("promised_for", _("By"), "date", width="half"),
        Field("note", _("Note"), required=False),
    )
    page = FormPage(
        _("Promise to pay %(number)s") % {"number": row.number},
        request.path,
        (FieldSet(row.customer_name, fields),),
        _("Record the promise"),
        back,
        crumbs=(Crumb(_("Reminders"), reverse("reminder_list")), Crumb(row.number, back)),
        intro=_("Reminders of what is promised wait until the day is over."),
    )
    return _answer(request, page, lambda read: _record(caller, row, read, back))


def _record(caller: Caller, row: InvoiceRow, read: Reading, back: str) -> Outcome:
    today = caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)
    new = NewPromise(
        row.id, read.decimal("amount") or row.open_amount, read.day("promised_for") or today, read.text("note")
    )
    actions.record_promises([new], today=today, now=caller.now, actor=caller.actor)
    return Outcome(back, _("The promise is recorded."))


@require_POST
def customer_hold(request: HttpRequest, customer_id: str) -> HttpResponse:
    """Send a customer no reminders for a while."""
    caller = caller_of(request)
    caller.require("collections.write")
    key = key_of("customer", customer_id)
    back = address_of("customer", key)
    fields = (Field("until", _("Until"), "date"), Field("reason", _("Reason"), "textarea", max_length=1000))
    read = read_form(request.POST, (FieldSet("", fields),))
    until = read.day("until")
    if read.errors or until is None:
        return refused(request, back, InvalidValue(read.errors[0].message, field=read.errors[0].field))
    return take_step(
        request,
        back,
        _("No reminders until %(day)s.") % {"day": format_day(until)},
        lambda: actions.hold_reminders(
            key, until=until, reason=read.text("reason"), today=caller.today(), now=caller.now, actor=caller.actor
        ),
    )


@require_POST
def customer_lift_hold(request: HttpRequest, customer_id: str) -> HttpResponse:
    """Send a customer reminders again."""
    caller = caller_of(request)
    caller.require("collections.write")
    key = key_of("customer", customer_id)
    return take_step(
        request,
        address_of("customer", key),
        _("Reminders go out again."),
        lambda: actions.lift_hold(key, now=caller.now, actor=caller.actor),
    )


def reminder_policy_list(request: HttpRequest) -> HttpResponseBase:
    """The ladder of each legal entity."""
    caller = caller_of(request)
    caller.require("collections.read")
    own = caller.own_entities("collections.read")

    def fetch(_ask: ListAsk) -> RowPage:
        found = queries.policies_of(own)
        rows = []
        for one in own:
            policy = found[one.id]
            cells: dict[str, Any] = {
                "entity": Cell(one.name, sub=one.code),
                "days": ", ".join(str(step.days_after_due) for step in policy.steps),
                "country": policy.country or _("every day counts"),
                "minimums": ", ".join(str(minimum) for minimum in policy.minimums),
            }
            rows.append(Row(public("entity", one.id), cells, reverse("reminder_policy", args=[one.code])))
        return RowPage(tuple(rows))

    page = ListPage(
        _("Reminder ladders"), LADDER_COLUMNS, fetch, views=views("reminder_policy_list"), filename="reminder-ladders"
    )
    return render_list(request, page)


def reminder_policy(request: HttpRequest, entity_code: str) -> HttpResponseBase:
    """Declare the ladder of a legal entity."""
    caller = caller_of(request)
    owner = entity_by_code(entity_code)
    caller.require("collections.write", owner.id)
    policy = queries.policies_of([owner])[owner.id]
    least = next((one.amount for one in policy.minimums if one.currency == owner.currency), None)
    fields = (
        Field(
            "days",
            _("Days after the due day"),
            value=", ".join(str(step.days_after_due) for step in policy.steps),
            hint=_("One number a level, such as 3, 14, 28."),
        ),
        Field(
            "country",
            _("Business days of"),
            required=False,
            value=policy.country,
            max_length=2,
            hint=_("A country code; empty sends on every day."),
            width="half",
        ),
        Field(
            "minimum",
            _("Letters from"),
            "decimal",
            required=False,
            value=None if least is None else Money(least, owner.currency).rounded().amount,
            suffix=owner.currency,
            least=0,
            width="half",
        ),
    )
    page = FormPage(
        _("Reminders of %(name)s") % {"name": owner.name},
        request.path,
        (FieldSet(_("Ladder"), fields),),
        _("Save"),
        reverse("reminder_policy_list"),
        crumbs=(Crumb(_("Reminders"), reverse("reminder_list")), Crumb(_("Ladders"), reverse("reminder_policy_list"))),
    )
    return _answer(request, page, lambda read: _declare(caller, owner, read))


def _declare(caller: Caller, owner: Entity, read: Reading) -> Outcome:
    words = [word.strip() for word in read.text("days").split(",")]
    if not all(word.isdecimal() and len(word) < 4 for word in words):
        raise InvalidValue(_("Give whole numbers with commas, such as 3, 14, 28."), field="days")
    minimum = read.decimal("minimum")
    actions.set_policy(
        owner.id,
        days=[int(word) for word in words],
        country=read.text("country").upper(),
        minimums=[Money(minimum, owner.currency)] if minimum else [],
        now=caller.now,
        actor=caller.actor,
    )
    return Outcome(reverse("reminder_policy_list"), _("The ladder is declared."))
