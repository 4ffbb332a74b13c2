"""Disputing an invoice, in whole or in part, and taking a dispute back."""

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from cashline.flow.receive.disputes.actions import NewDispute, open_disputes, withdraw_dispute
from cashline.flow.receive.disputes.rules import UNRESOLVED, DisputeReason
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.once import Outcome
from cashline.platform.pages.acting import act
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Label,
    Option,
    Pill,
    Row,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field, FieldSet, read_form
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.frame import visitor
from cashline.surfaces.portal.parts import money
from cashline.surfaces.portal.queries import paying
from cashline.surfaces.portal.queries.paying import DisputeRow, InvoiceRow

REASONS: dict[str, Label] = {
    DisputeReason.PRICE: gettext_lazy("The price is not what we agreed"),
    DisputeReason.QUANTITY: gettext_lazy("The quantity is wrong"),
    DisputeReason.NOT_ORDERED: gettext_lazy("We did not order this"),
    DisputeReason.NOT_DELIVERED: gettext_lazy("It did not arrive"),
    DisputeReason.DAMAGED: gettext_lazy("It arrived damaged"),
    DisputeReason.QUALITY: gettext_lazy("It does not work as it should"),
    DisputeReason.DUPLICATE: gettext_lazy("It was billed twice"),
    DisputeReason.TAX: gettext_lazy("The tax is wrong"),
    DisputeReason.TERMS: gettext_lazy("The terms of payment are wrong"),
    DisputeReason.OTHER: gettext_lazy("Something else"),
}


def _fields(row: InvoiceRow) -> tuple[Field, ...]:
    left = money(row.open_amount - row.disputed, row.currency)
    options = tuple(Option(str(reason), label) for reason, label in REASONS.items())
    return (
        Field("reason", _("What is wrong?"), "choice", options=options),
        Field(
            "amount",
            _("How much of it do you dispute?"),
            "decimal",
            value=left.amount,
            prefix=row.currency,
            least=Decimal(0),
            hint=_("The rest stays due."),
        ),
        Field("description", _("Tell us more"), "textarea", max_length=2000),
    )


def dispute_action(row: InvoiceRow) -> Action:
    """The button that asks what is wrong."""
    url = reverse("portal_dispute", args=[public("invoice", row.id)])
    return Action(_("Dispute"), url, fields=_fields(row), icon="message-square")


def dispute_pill(status: str) -> Pill:
    """Where a dispute stands, in the customer's words."""
    known = {
        "opened": Pill(_("We look into it"), Tone.INFO),
        "under_review": Pill(_("We look into it"), Tone.INFO),
        "resolved_credit": Pill(_("Credited"), Tone.SUCCESS),
        "resolved_rejected": Pill(_("Not accepted"), Tone.DANGER),
        "withdrawn": Pill(_("Taken back")),
    }
    return known.get(status, Pill(status))


def dispute_table(row: InvoiceRow, disputes: list[DisputeRow]) -> Table:
    """The disputes about an invoice."""
    rows = []
    for one in disputes:
        told = one.resolution or one.description
        reason = REASONS.get(one.reason, one.reason)
        cells: dict[str, CellValue] = {
            "number": Cell(one.number, sub=f"{reason}. {told}"),
            "state": dispute_pill(one.status),
            "opened": one.opened_on,
            "amount": money(one.amount, row.currency),
        }
        rows.append(Row(public("dispute", one.id), cells))
    columns = (
        Column("number", _("Dispute"), place="title"),
        Column("state", _("State"), "pill", place="state"),
        Column("opened", _("Opened"), "date"),
        Column("amount", _("Amount"), "money", place="amount"),
    )
    return Table(columns, tuple(rows))


def withdraw_actions(disputes: list[DisputeRow]) -> tuple[Action, ...]:
    """The buttons that take open disputes back."""
    return tuple(
        Action(
            _("Take back %(number)s") % {"number": one.number},
            reverse("portal_dispute_withdraw", args=[public("dispute", one.id)]),
            confirm=_("The disputed part becomes due again."),
            icon="undo-2",
        )
        for one in disputes
        if one.status in UNRESOLVED
    )


@require_POST
def dispute_open(request: HttpRequest, invoice_id: str) -> HttpResponse:
    """Open a dispute."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = paying.invoice(key_of("invoice", invoice_id))
        zone = entities_by_id([row.entity_id])[row.entity_id].timezone
    url = reverse("portal_invoice", args=[public("invoice", row.id)])
    read = read_form(request.POST, (FieldSet("", _fields(row)),))

    def step() -> Outcome:
        if read.errors:
            raise InvalidValue(read.errors[0].message, field=read.errors[0].field)
        new = NewDispute(row.id, read.decimal("amount") or Decimal(0), read.text("reason"), read.text("description"))
        open_disputes([new], today=who.today(zone), now=who.now, actor=who.actor)
        return Outcome(url, _("Thank you. We look into it; meanwhile we do not ask for that part."))

    return act(request, url, step)


@require_POST
def dispute_withdraw(request: HttpRequest, dispute_id: str) -> HttpResponse:
    """Take a dispute back."""
    who = visitor(request)
    key = key_of("dispute", dispute_id)
    with as_portal(who.customer_id):
        row = paying.invoice(paying.invoice_of_dispute(key))
        zone = entities_by_id([row.entity_id])[row.entity_id].timezone
    url = reverse("portal_invoice", args=[public("invoice", row.id)])

    def step() -> Outcome:
        withdraw_dispute(key, today=who.today(zone), now=who.now, actor=who.actor)
        return Outcome(url, _("The dispute is taken back."))

    return act(request, url, step)
