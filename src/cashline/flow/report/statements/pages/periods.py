"""The months of a legal entity: what is left to do before each can be closed, and closing it."""

from collections.abc import Sequence
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cashline.flow.recognise.ledger.actions import close_period, reopen_period
from cashline.flow.recognise.ledger.rules.periods import PERIOD
from cashline.flow.report.statements.pages.choosing import chosen_entity
from cashline.flow.report.statements.queries.closing import close_checks, month_of_entity, months_of
from cashline.flow.report.statements.rules import CloseCheck, MonthState
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.platform.company.queries import Entity, entities
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import BoardPage, DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    CellValue,
    Column,
    Crumb,
    KeyValue,
    Notice,
    Pill,
    Progress,
    Row,
    Table,
    Tone,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.formats import format_month
from cashline.platform.pages.render import render_board, render_document
from cashline.platform.pages.timelines import actor_name

MONTHS = (
    Column("month", lazy("Month"), "month", place="title"),
    Column("status", lazy("State"), "pill", place="state"),
    Column("closed_at", lazy("Closed"), "datetime"),
    Column("closed_by", lazy("By")),
)
CHECKS = (
    Column("what", lazy("Before closing"), place="title"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("found", lazy("Found")),
)


def period_list(request: HttpRequest) -> HttpResponse:
    """The months of an entity, the newest first."""
    caller = caller_of(request)
    entity, views = chosen_entity(request, "period_list")
    caller.require("ledger.read", entity.id)
    rows = tuple(_month(one, entity) for one in months_of(entity.id, today=caller.today(entity.timezone)))
    page = BoardPage(
        _("Accounting months"),
        sections=(Section(_("Months"), Table(MONTHS, rows, empty=_("Nothing is posted yet."))),),
        views=views,
        subtitle=_("A closed month takes no entry: what comes late goes to the first open day."),
    )
    return render_board(request, page)


def _month(one: MonthState, entity: Entity) -> Row:
    cells: dict[str, CellValue] = {
        "month": one.month,
        "status": pill(one.status),
        "closed_at": one.closed_at,
        "closed_by": actor_name(one.closed_by) if one.closed_by else "",
    }
    return Row(one.month.isoformat(), cells, reverse("period_detail", args=[entity.code, f"{one.month:%Y-%m}"]))


def period_detail(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """A month with what is left to do before it is closed."""
    caller = caller_of(request)
    entity, first = _named(entity_code, month)
    caller.require("ledger.read", entity.id)
    state = month_of_entity(entity.id, first)
    checks = close_checks(entity.id, first)
    may = caller.authority.allows("ledger.close", entity.id)
    page = DocumentPage(
        _("Month"),
        format_month(first),
        pill(state.status),
        subtitle=entity.name,
        actions=_steps(state, entity) if may else (),
        notices=(_notice(sum(not one.done for one in checks)),) if state.closed_at is None else (),
        facts=_facts(state, checks),
        sections=(Section(_("Before closing"), Table(CHECKS, tuple(_check(one) for one in checks))),),
        crumbs=(Crumb(_("Accounting months"), f"{reverse('period_list')}?entity={entity.code}"),),
    )
    return render_document(request, page)


def _facts(state: MonthState, checks: Sequence[CloseCheck]) -> tuple[KeyValue, ...]:
    done = sum(one.done for one in checks)
    facts = (
        KeyValue(_("Done"), Progress(done, len(checks))),
        KeyValue(_("Entries"), state.entries),
        KeyValue(_("Closed"), state.closed_at),
        KeyValue(_("Closed by"), actor_name(state.closed_by) if state.closed_by else None),
    )
    return tuple(fact for fact in facts if fact.value is not None)


def _notice(left: int) -> Notice:
    if not left:
        return Notice(_("All is done: the month can be closed."), Tone.SUCCESS)
    words = ngettext("One thing is left to do.", "%(count)s things are left to do.", left) % {"count": left}
    return Notice(words, Tone.WARNING, _("Each line leads to where it is done. The month can be closed without."))


def _check(one: CloseCheck) -> Row:
    state = Pill(_("Done"), Tone.SUCCESS) if one.done else Pill(_("To do"), Tone.WARNING)
    return Row(one.code, {"what": one.sentence, "state": state, "found": one.found}, one.address)


def _steps(state: MonthState, entity: Entity) -> tuple[Action, ...]:
    made: list[Action] = []
    words = {"close": _("Close the month"), "reopen": _("Open it again")}
    for verb in PERIOD.verbs(state.status):
        url = reverse(f"period_{verb}", args=[entity.code, f"{state.month:%Y-%m}"])
        reason = Field("reason", _("Reason"), "textarea", max_length=500, required=verb == "reopen")
        made.append(Action(words[verb], url, "primary" if verb == "close" else "danger", fields=(reason,)))
    return tuple(made)


@require_POST
def period_close(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """Close a month."""
    return _step(request, entity_code, month, "close")


@require_POST
def period_reopen(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """Open a closed month again."""
    return _step(request, entity_code, month, "reopen")


def _step(request: HttpRequest, entity_code: str, month: str, verb: str) -> HttpResponse:
    caller = caller_of(request)
    entity, first = _named(entity_code, month)
    caller.require("ledger.close", entity.id)
    reason = request.POST.get("reason", "").strip()[:500]
    back = reverse("period_detail", args=[entity.code, month])

    def act() -> None:
        if verb == "close":
            close_period(entity_id=entity.id, month=first, reason=reason, now=caller.now, actor=caller.actor)
            return
        if not reason:
            raise InvalidValue(_("Say why the month is opened again."), field="reason")
        reopen_period(entity_id=entity.id, month=first, reason=reason, now=caller.now, actor=caller.actor)

    told = _("The month is closed.") if verb == "close" else _("The month is open again.")
    return take_step(request, back, told, act)


def _named(entity_code: str, month: str) -> tuple[Entity, date]:
    entity = next((one for one in entities() if one.code == entity_code), None)
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        first = None
    if entity is None or first is None:
        raise NotFound(f"There is no month {month!r} of {entity_code!r}.", field="month")
    return entity, first


URLS = [
    path("periods/", period_list, name="period_list"),
    path("periods/<str:entity_code>/<str:month>/", period_detail, name="period_detail"),
    path("periods/<str:entity_code>/<str:month>/close/", period_close, name="period_close"),
    path("periods/<str:entity_code>/<str:month>/reopen/", period_reopen, name="period_reopen"),
]
