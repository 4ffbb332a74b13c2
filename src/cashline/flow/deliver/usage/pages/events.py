"""Events of usage: the list, one event with what became of it, and its void."""

from datetime import UTC, datetime, time

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.deliver.usage import actions, queries
from cashline.flow.deliver.usage.queries import UsageEventRow
from cashline.flow.deliver.usage.rules.correcting import NewCorrection
from cashline.kernel.identifiers import key_of, public
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Pill,
    Row,
    Tone,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of

COLUMNS = (
    Column("id", lazy("Event"), "code", place="title"),
    Column("at", lazy("Time"), "datetime", sort=True),
    Column("subscription", lazy("Subscription"), "code"),
    Column("meter", lazy("Meter"), "code", sort=True),
    Column("quantity", lazy("Quantity"), "number", sort=True, place="amount"),
    Column("item", lazy("Item")),
    Column("state", lazy("State"), "pill", place="state"),
    Column("known_at", lazy("Known since"), "datetime", sort=True, place="hidden"),
)
FILTERS = (Filter.search(lazy("Event, source or item")), Filter.dates("at", lazy("Time")))
REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)


def event_list(request: HttpRequest) -> HttpResponseBase:
    """All events; `?subscription=` narrows them to one."""
    caller = caller_of(request)
    caller.require("usage.read")
    of = request.GET.get("subscription", "")
    subscription_id = key_of("subscription", of) if of else None

    def fetch(ask: ListAsk) -> RowPage:
        days = ask.date_range("at")
        page = queries.list_usage_events(
            ask.page,
            subscription_id=subscription_id,
            start=datetime.combine(days.start, time(), UTC) if days.start else None,
            end=datetime.combine(days.end, time(), UTC) if days.end else None,
            words=ask.text(),
            entity_ids=caller.entities("usage.read"),
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    empty = Empty(
        _("No usage yet"), _("Events come in by the API, or from a file on the command line."), icon="activity"
    )
    letters = Action.link(_("Dead letters"), reverse("usage_dead_letter_list"), icon="inbox")
    page = ListPage(_("Usage"), COLUMNS, fetch, FILTERS, empty=empty, actions=(letters,), filename="usage")
    return render_list(request, page)


def _row(row: UsageEventRow) -> Row:
    cells: dict[str, CellValue] = {
        "id": Cell(row.event_id, sub=row.source),
        "at": row.at,
        "subscription": Cell(row.subscription_number, _usage_of(row)),
        "meter": row.meter,
        "quantity": row.quantity,
        "item": row.item,
        "state": _state(row),
        "known_at": row.known_at,
    }
    return Row(public("usage_event", row.id), cells, address_of("usage_event", row.id))


def _usage_of(row: UsageEventRow) -> str:
    return reverse("subscription_usage", args=[public("subscription", row.subscription_id)])


def _state(row: UsageEventRow) -> Pill:
    if row.corrected_at is None:
        return Pill(_("Counts"), Tone.SUCCESS)
    return Pill(_("Replaced"), Tone.WARNING) if row.replacement else Pill(_("Void"))


def usage_event_detail(request: HttpRequest, event_id: str) -> HttpResponse:
    """One event."""
    caller = caller_of(request)
    row = _seen(caller, event_id, "usage.read")
    facts = (
        KeyValue(_("Source"), row.source),
        KeyValue(_("Subscription"), Cell(row.subscription_number, _usage_of(row))),
        KeyValue(_("Meter"), row.meter),
        KeyValue(_("Time"), row.at.isoformat()),
        KeyValue(_("Quantity"), row.quantity),
        KeyValue(_("Item"), row.item),
        KeyValue(_("Known since"), row.known_at.isoformat()),
        KeyValue(_("Counts no more since"), row.corrected_at.isoformat() if row.corrected_at else None, row.reason),
        KeyValue(_("In its place"), Cell(_("the replacement"), address_of("usage_event", row.replacement)))
        if row.replacement
        else KeyValue("", None),
    )
    properties = tuple(KeyValue(name, text) for name, text in sorted(row.properties.items()))
    page = DocumentPage(
        _("Event of usage"),
        row.event_id,
        _state(row),
        actions=_steps(row, caller),
        facts=tuple(fact for fact in facts if fact.value not in (None, "")),
        sections=(Section(_("Properties"), facts=properties),) if properties else (),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Usage"), reverse("usage_event_list")),),
    )
    return render_document(request, page)


def _steps(row: UsageEventRow, caller: Caller) -> tuple[Action, ...]:
    if row.corrected_at is not None or not caller.authority.allows("usage.write"):
        return ()
    url = reverse("usage_event_void", args=[public("usage_event", row.id)])
    return (Action(_("Void"), url, "danger", fields=(REASON,), icon="x"),)


@require_POST
def usage_event_void(request: HttpRequest, event_id: str) -> HttpResponse:
    """The event counts no more."""
    caller = caller_of(request)
    row = _seen(caller, event_id, "usage.write")

    def step() -> None:
        reason = read_dialog(request, REASON).text("reason")
        actions.correct_usage([NewCorrection(row.source, row.event_id, reason)], now=caller.now, actor=caller.actor)

    return take_step(request, address_of("usage_event", row.id), _("The event counts no more."), step)


def _seen(caller: Caller, event_id: str, permission: str) -> UsageEventRow:
    row = queries.usage_event(key_of("usage_event", event_id))
    entity_id = queries.usage_subscription(row.subscription_id).entity_id
    require_visible(caller, permission, entity_id, "usage_event", row.id)
    return row


URLS = [
    path("usage/", event_list, name="usage_event_list"),
    path("usage/events/<str:event_id>/", usage_event_detail, name="usage_event_detail"),
    path("usage/events/<str:event_id>/void/", usage_event_void, name="usage_event_void"),
]
