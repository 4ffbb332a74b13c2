"""Work on site: when it comes, what was done, and the customer's acceptance, which makes it billable."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from cashline.flow.agree.contracts.rules.signing import is_name_of
from cashline.flow.deliver.projects.actions import accept_installation, reject_installation
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.once import Outcome
from cashline.platform.pages.acting import act
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Crumb,
    KeyValue,
    Notice,
    Pill,
    Row,
    Step,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field, said
from cashline.platform.pages.render import render_document
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.frame import Visitor, frame_for, visitor
from cashline.surfaces.portal.parts import plain
from cashline.surfaces.portal.queries import delivering
from cashline.surfaces.portal.queries.delivering import InstallationRow

ORDER = ("planned", "scheduled", "done", "accepted")


def installation_pill(status: str) -> Pill:
    """Where the work stands, in the customer's words."""
    known = {
        "planned": Pill(_("Planned")),
        "scheduled": Pill(_("Day agreed"), Tone.INFO),
        "done": Pill(_("Waiting for you"), Tone.WARNING),
        "accepted": Pill(_("Accepted"), Tone.SUCCESS),
        "cancelled": Pill(_("Cancelled")),
    }
    return known.get(status, Pill(status))


def installation_table(installations: Sequence[InstallationRow]) -> Table:
    """The work of an order."""
    rows = []
    for one in installations:
        cells: dict[str, CellValue] = {
            "number": Cell(one.number, sub=one.description),
            "state": installation_pill(one.status),
            "day": one.scheduled_on,
            "who": one.technician,
        }
        rows.append(Row(public("installation", one.id), cells, _url(one.id)))
    columns = (
        Column("number", _("Work"), place="title"),
        Column("state", _("State"), "pill", place="state"),
        Column("day", _("Day"), "date"),
        Column("who", _("Who comes")),
    )
    return Table(columns, tuple(rows))


def _url(key: UUID, name: str = "portal_installation") -> str:
    return reverse(name, args=[public("installation", key)])


def installation_detail(request: HttpRequest, installation_id: str) -> HttpResponse:
    """One piece of work; once done, it is accepted here or sent back."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = delivering.installation(key_of("installation", installation_id))
        entity = entities_by_id([row.entity_id])[row.entity_id]
    order_url = reverse("portal_order", args=[public("order", row.order_id)])
    facts = (
        KeyValue(_("What"), row.description, _("%(quantity)s ordered") % {"quantity": plain(row.quantity)}),
        KeyValue(_("Order"), Cell(row.order_number, order_url)),
        KeyValue(_("Day"), row.scheduled_on),
        KeyValue(_("Who comes"), row.technician),
        KeyValue(_("Done"), row.done_on),
        KeyValue(_("Accepted"), row.accepted_on, row.accepted_by),
    )
    waits = Notice(
        _("The work is done. Look at it, then accept it, or tell us what is missing."),
        Tone.WARNING,
        _("It is billed once you have accepted it."),
    )
    page = DocumentPage(
        _("Work on site"),
        row.number,
        installation_pill(row.status),
        actions=_steps(row, who),
        steps=_stepper(row),
        notices=(waits,) if row.status == "done" else (),
        facts=tuple(fact for fact in facts if fact.value),
        sections=(Section(_("Note"), text=row.note),) if row.note else (),
        crumbs=(Crumb(_("Orders"), reverse("portal_order_list")), Crumb(row.order_number, order_url)),
    )
    return render_document(request, page, portal=frame_for(entity))


def _steps(row: InstallationRow, who: Visitor) -> tuple[Action, ...]:
    if row.status != "done":
        return ()
    why = Field("reason", _("What is missing?"), "textarea", max_length=1000)
    name = Field("name", _("Your name"), value=who.name)
    return (
        Action(_("Something is missing"), _url(row.id, "portal_installation_reject"), fields=(why,), icon="undo-2"),
        Action(
            _("Accept the work"),
            _url(row.id, "portal_installation_accept"),
            "primary",
            fields=(name,),
            confirm=_("You confirm that the work was done as agreed."),
            icon="check",
            key="e",
        ),
    )


def _stepper(row: InstallationRow) -> tuple[Step, ...]:
    if row.status == "cancelled":
        return ()
    names = (_("Planned"), _("Day agreed"), _("Done"), _("Accepted"))
    here = ORDER.index(row.status)
    return tuple(
        Step(name, "done" if place < here or row.status == "accepted" else "current" if place == here else "waiting")
        for place, name in enumerate(names)
    )


def _read(request: HttpRequest, installation_id: str) -> tuple[Visitor, InstallationRow, str]:
    who = visitor(request)
    with as_portal(who.customer_id):
        row = delivering.installation(key_of("installation", installation_id))
        zone = entities_by_id([row.entity_id])[row.entity_id].timezone
    return who, row, zone


@require_POST
def installation_accept(request: HttpRequest, installation_id: str) -> HttpResponse:
    """Accept the work."""
    who, row, zone = _read(request, installation_id)

    def step() -> Outcome:
        name = said(request.POST, "name")
        if not name:
            raise InvalidValue(_("Type your name to accept."), field="name")
        if who.name and not is_name_of(name, who.name):
            told = _("You are here as %(name)s: type that name to accept.") % {"name": who.name}
            raise InvalidValue(told, field="name")
        address = request.META.get("REMOTE_ADDR", "")
        accept_installation(
            installation_id=row.id,
            accepted_by=name,
            accepted_on=who.today(zone),
            evidence=f"In the portal, logged in as {who.email}, from {address}",
            now=who.now,
            actor=who.actor,
        )
        return Outcome(_url(row.id), _("You accepted the work. Thank you."))

    return act(request, _url(row.id), step)


@require_POST
def installation_reject(request: HttpRequest, installation_id: str) -> HttpResponse:
    """Send the work back, with what is missing."""
    who, row, _zone = _read(request, installation_id)

    def step() -> Outcome:
        reason = said(request.POST, "reason")
        reject_installation(installation_id=row.id, reason=reason, now=who.now, actor=who.actor)
        return Outcome(_url(row.id), _("We will be in touch about what is missing."))

    return act(request, _url(row.id), step)
