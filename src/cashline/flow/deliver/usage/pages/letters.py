"""Dead letters: what could not be recorded and why, tried again once the cause is mended, or given up."""

import json

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cashline.flow.deliver.usage import actions, queries
from cashline.flow.deliver.usage.api.letters import require_all
from cashline.flow.deliver.usage.queries import DeadLetterRow
from cashline.flow.deliver.usage.rules.dead_letters import DeadLetterStatus
from cashline.kernel.identifiers import key_of, public
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.pages.acting import act, read_dialog, take_step
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
    Option,
    Row,
    Stat,
    View,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of

STATUSES = tuple(Option(status.value, pill(status).label) for status in DeadLetterStatus)
COLUMNS = (
    Column("event", lazy("Event"), "code", place="title"),
    Column("wrong", lazy("What is wrong")),
    Column("status", lazy("State"), "pill", place="state"),
    Column("received_at", lazy("Received"), "datetime", sort=True),
)
FILTERS = (Filter.search(lazy("Event, source or message")), Filter.choice("status", lazy("State"), STATUSES))
REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)


def dead_letter_list(request: HttpRequest) -> HttpResponseBase:
    """All dead letters; those that wait first."""
    caller = caller_of(request)
    require_all(caller, "usage.read")
    waiting = queries.waiting_by_code()

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_dead_letters(ask.page, words=ask.text(), statuses=ask.choices("status"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    here, status = reverse("usage_dead_letter_list"), request.GET.getlist("status")
    views = (
        View(_("All"), here, not status),
        View(_("Waiting"), f"{here}?status=waiting", status == ["waiting"], sum(waiting.values())),
    )
    replay = Action(_("Try all again"), reverse("usage_dead_letter_replay"), "primary", icon="repeat")
    may = waiting and caller.authority.allows("usage.write")
    page = ListPage(
        _("Dead letters"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=Empty(_("No dead letters"), _("Every event that came in could be recorded."), icon="inbox"),
        views=views,
        actions=(replay,) if may else (),
        stats=tuple(Stat(code.replace("_", " ").capitalize(), count) for code, count in list(waiting.items())[:4]),
        crumbs=(Crumb(_("Usage"), reverse("usage_event_list")),),
        filename="dead-letters",
    )
    return render_list(request, page)


def _row(row: DeadLetterRow) -> Row:
    cells: dict[str, CellValue] = {
        "event": Cell(row.event_id or "?", sub=row.source),
        "wrong": Cell(row.message, sub=f"{row.code} [{row.field}]"),
        "status": pill(row.status),
        "received_at": row.received_at,
    }
    return Row(public("usage_dead_letter", row.id), cells, address_of("usage_dead_letter", row.id))


def usage_dead_letter_detail(request: HttpRequest, letter_id: str) -> HttpResponse:
    """One dead letter, with what was sent."""
    caller = caller_of(request)
    require_all(caller, "usage.read")
    row = queries.dead_letter(key_of("usage_dead_letter", letter_id))
    key = public("usage_dead_letter", row.id)
    steps = (
        Action(_("Try again"), reverse("usage_dead_letter_replay_one", args=[key]), "primary", icon="repeat"),
        Action(_("Discard"), reverse("usage_dead_letter_discard", args=[key]), "danger", fields=(REASON,), icon="x"),
    )
    may = row.status == DeadLetterStatus.WAITING and caller.authority.allows("usage.write")
    facts = (
        KeyValue(_("Source"), row.source),
        KeyValue(_("What is wrong"), row.message, f"{row.code} [{row.field}]"),
        KeyValue(_("Discarded because"), row.reason),
    )
    sent = tuple(
        KeyValue(name, value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False))
        for name, value in row.payload.items()
    )
    page = DocumentPage(
        _("Dead letter"),
        row.event_id or key,
        pill(row.status),
        actions=steps if may else (),
        facts=tuple(fact for fact in facts if fact.value),
        sections=(Section(_("What was sent"), facts=sent),),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Dead letters"), reverse("usage_dead_letter_list")),),
    )
    return render_document(request, page)


@require_POST
def usage_dead_letter_replay(request: HttpRequest, letter_id: str = "") -> HttpResponse:
    """Try a dead letter again, or all that wait."""
    caller = caller_of(request)
    require_all(caller, "usage.write")
    key = key_of("usage_dead_letter", letter_id) if letter_id else None
    back = address_of("usage_dead_letter", key) if key else reverse("usage_dead_letter_list")

    def step() -> Outcome:
        done = actions.replay_dead_letters([key] if key else None, now=caller.now, actor=caller.actor)
        told = ngettext("%s event is recorded", "%s events are recorded", done.replayed) % done.replayed
        return Outcome(back, f"{told}, {_('still waiting')}: {done.waiting}.")

    return act(request, back, step)


@require_POST
def usage_dead_letter_discard(request: HttpRequest, letter_id: str) -> HttpResponse:
    """Give a dead letter up."""
    caller = caller_of(request)
    require_all(caller, "usage.write")
    row = queries.dead_letter(key_of("usage_dead_letter", letter_id))

    def step() -> None:
        reason = read_dialog(request, REASON).text("reason")
        actions.discard_dead_letters([row.id], reason=reason, now=caller.now, actor=caller.actor)

    return take_step(request, address_of("usage_dead_letter", row.id), _("The dead letter is discarded."), step)


URLS = [
    path("usage/dead-letters/", dead_letter_list, name="usage_dead_letter_list"),
    path("usage/dead-letters/replay/", usage_dead_letter_replay, name="usage_dead_letter_replay"),
    path("usage/dead-letters/<str:letter_id>/", usage_dead_letter_detail, name="usage_dead_letter_detail"),
    path("usage/dead-letters/<str:letter_id>/replay/", usage_dead_letter_replay, name="usage_dead_letter_replay_one"),
    path("usage/dead-letters/<str:letter_id>/discard/", usage_dead_letter_discard, name="usage_dead_letter_discard"),
]
