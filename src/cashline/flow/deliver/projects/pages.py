"""The console's pages of installations: the list, the document, and its steps up to the customer's acceptance."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.deliver.projects import actions, queries
from cashline.flow.deliver.projects.queries import InstallationRow
from cashline.flow.deliver.projects.rules import INSTALLATION, MAX_NOTE, InstallationStatus
from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Option,
    Row,
    Step,
    View,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import timeline_of

STATUSES = tuple(Option(status.value, pill(status).label) for status in InstallationStatus)
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("customer", lazy("Customer"), sort=True),
    Column("service", lazy("Service")),
    Column("status", lazy("State"), "pill", sort=True, place="state"),
    Column("scheduled_on", lazy("Scheduled"), "date", sort=True, place="amount"),
    Column("technician", lazy("Technician"), sort=True),
    Column("order", lazy("Order"), "code", place="hidden"),
    Column("accepted_on", lazy("Accepted"), "date", place="hidden"),
)
FILTERS = (
    Filter.search(lazy("Number, technician or customer")),
    Filter.choice("status", lazy("State"), STATUSES),
    Filter.dates("scheduled", lazy("Scheduled")),
)
WAY = (
    (InstallationStatus.PLANNED, lazy("Planned")),
    (InstallationStatus.SCHEDULED, lazy("Scheduled")),
    (InstallationStatus.DONE, lazy("Done")),
    (InstallationStatus.ACCEPTED, lazy("Accepted")),
)
DAY = Field("day", lazy("Day"), "date", width="half")
TECHNICIAN = Field("technician", lazy("Technician"), required=False, width="half")
NOTE = Field("note", lazy("Note"), "textarea", required=False, max_length=MAX_NOTE)
WHO = Field("accepted_by", lazy("Accepted by"), width="half")
EVIDENCE = Field(
    "evidence",
    lazy("What shows it"),
    "textarea",
    required=False,
    max_length=MAX_NOTE,
    hint=lazy("Needed where it is no contact that we know: the signed sheet, a mail."),
)
REASON = Field("reason", lazy("What is missing"), "textarea", max_length=1000)


def installation_list(request: HttpRequest) -> HttpResponseBase:
    """All installations."""
    caller = caller_of(request)
    caller.require("projects.read")

    def fetch(ask: ListAsk) -> RowPage:
        days = ask.date_range("scheduled")
        page = queries.list_installations(
            ask.page,
            words=ask.text(),
            statuses=ask.choices("status"),
            entity_ids=caller.entities("projects.read"),
            scheduled_from=days.start,
            scheduled_until=days.end,
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    here, status = reverse("installation_list"), request.GET.getlist("status")
    views = (
        View(_("All"), here, not status),
        View(_("To schedule"), f"{here}?status=planned", status == ["planned"]),
        View(_("To be accepted"), f"{here}?status=done", status == ["done"]),
    )
    empty = Empty(_("No installations yet"), _("They are planned when the goods of their order left."), icon="wrench")
    page = ListPage(_("Installations"), COLUMNS, fetch, FILTERS, empty=empty, views=views, filename="installations")
    return render_list(request, page)


def _row(row: InstallationRow) -> Row:
    cells: dict[str, Any] = {
        "number": row.number,
        "customer": row.customer_name,
        "service": Cell(row.description, sub=row.sku),
        "status": pill(row.status),
        "scheduled_on": row.scheduled_on,
        "technician": row.technician,
        "order": row.order_number,
        "accepted_on": row.accepted_on,
    }
    return Row(public("installation", row.id), cells, address_of("installation", row.id))


def installation_detail(request: HttpRequest, installation_id: str) -> HttpResponse:
    """One installation."""
    caller = caller_of(request)
    row = _seen(caller, installation_id, "projects.read")
    page = DocumentPage(
        _("Installation"),
        row.number,
        pill(row.status),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        subtitle=row.description,
        actions=_actions(row, caller),
        thread=thread_of([row.id, row.order_id], row.id),
        steps=_way(row),
        facts=_facts(row),
        sections=(Section(_("Note"), text=row.note),) if row.note else (),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Installations"), reverse("installation_list")),),
    )
    return render_document(request, page)


def _way(row: InstallationRow) -> tuple[Step, ...]:
    if row.status == InstallationStatus.CANCELLED:
        return ()
    reached = [status for status, _words in WAY].index(InstallationStatus(row.status))
    over = row.status == InstallationStatus.ACCEPTED
    return tuple(
        Step(words, "done" if place < reached or over else "current" if place == reached else "waiting")
        for place, (_status, words) in enumerate(WAY)
    )


def _facts(row: InstallationRow) -> tuple[KeyValue, ...]:
    facts = (
        KeyValue(_("Order"), Cell(row.order_number, address_of("order", row.order_id))),
        KeyValue(_("Quantity"), row.quantity),
        KeyValue(_("Scheduled"), row.scheduled_on),
        KeyValue(_("Technician"), row.technician),
        KeyValue(_("Done"), row.done_on),
        KeyValue(_("Accepted"), row.accepted_on, row.accepted_by),
        KeyValue(_("Shown by"), row.accepted_evidence),
    )
    return tuple(fact for fact in facts if fact.value)


def _actions(row: InstallationRow, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("projects.write", row.entity_id):
        return ()
    today = _today(row, caller)

    def url(verb: str) -> str:
        return reverse(f"installation_{verb}", args=[public("installation", row.id)])

    day = replace(DAY, value=today)
    planned = (replace(DAY, value=row.scheduled_on or today), replace(TECHNICIAN, value=row.technician))
    offered = {
        "schedule": Action(_("Schedule"), url("schedule"), fields=planned, icon="calendar", key="s"),
        "finish": Action(_("Work is done"), url("finish"), "primary", fields=(day, NOTE), icon="check", key="d"),
        "accept": Action(
            _("Customer accepts"), url("accept"), "primary", fields=(WHO, day, EVIDENCE), icon="check", key="a"
        ),
        "reject": Action(_("Not accepted"), url("reject"), "danger", fields=(REASON,)),
    }
    return tuple(offered[verb] for verb in INSTALLATION.verbs(row.status) if verb in offered)


type Take = Callable[[HttpRequest, Caller, InstallationRow], None]


def _schedule(request: HttpRequest, caller: Caller, row: InstallationRow) -> None:
    read = read_dialog(request, DAY, TECHNICIAN)
    actions.schedule_installation(
        installation_id=row.id,
        scheduled_on=read.day("day") or _today(row, caller),
        technician=read.text("technician"),
        now=caller.now,
        actor=caller.actor,
    )


def _finish(request: HttpRequest, caller: Caller, row: InstallationRow) -> None:
    read = read_dialog(request, DAY, NOTE)
    day = read.day("day") or _today(row, caller)
    actions.finish_installation(
        installation_id=row.id, done_on=day, note=read.text("note"), now=caller.now, actor=caller.actor
    )


def _accept(request: HttpRequest, caller: Caller, row: InstallationRow) -> None:
    read = read_dialog(request, WHO, DAY, EVIDENCE)
    actions.accept_installation(
        installation_id=row.id,
        accepted_by=read.text("accepted_by"),
        accepted_on=read.day("day") or _today(row, caller),
        evidence=read.text("evidence"),
        now=caller.now,
        actor=caller.actor,
    )


def _reject(request: HttpRequest, caller: Caller, row: InstallationRow) -> None:
    reason = read_dialog(request, REASON).text("reason")
    actions.reject_installation(installation_id=row.id, reason=reason, now=caller.now, actor=caller.actor)


def _step_page(take: Take, sentence: Any) -> Callable[..., HttpResponse]:
    @require_POST
    def page(request: HttpRequest, installation_id: str) -> HttpResponse:
        caller = caller_of(request)
        row = _seen(caller, installation_id, "projects.write")
        url = address_of("installation", row.id)
        return take_step(request, url, str(sentence), lambda: take(request, caller, row))

    return page


def _today(row: InstallationRow, caller: Caller) -> date:
    return caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)


def _seen(caller: Caller, installation_id: str, permission: str) -> InstallationRow:
    row = queries.installation(key_of("installation", installation_id))
    require_visible(caller, permission, row.entity_id, "installation", row.id)
    return row


URLS = [
    path("installations/", installation_list, name="installation_list"),
    path("installations/<str:installation_id>/", installation_detail, name="installation_detail"),
    *(
        path(f"installations/<str:installation_id>/{verb}/", _step_page(take, words), name=f"installation_{verb}")
        for verb, take, words in (
            ("schedule", _schedule, lazy("The day is set.")),
            ("finish", _finish, lazy("The work is done.")),
            ("accept", _accept, lazy("The customer has accepted.")),
            ("reject", _reject, lazy("It is to be done again.")),
        )
    ),
]
