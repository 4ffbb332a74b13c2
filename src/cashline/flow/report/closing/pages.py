"""The console's pages of the close: the periods of an entity, and the checklist of one to work through."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.recognise.ledger.actions import close_period, reopen_period
from cashline.flow.recognise.ledger.actions.revaluing import revalue_month
from cashline.flow.recognise.ledger.queries.books import period_named
from cashline.flow.recognise.ledger.rules.periods import PERIOD, Area
from cashline.flow.report.closing.actions import assign_owner, close_month, sign_task
from cashline.flow.report.closing.queries import (
    FINDINGS,
    PeriodState,
    owners_of,
    period_state,
    periods_of,
    signatures_of,
)
from cashline.flow.report.closing.rules import (
    TASKS,
    PeriodAsked,
    Signature,
    Task,
    TaskState,
    blockers,
    checklist,
    days_to_close,
)
from cashline.flow.report.statements.pages.choosing import chosen_entity
from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import InvalidValue
from cashline.platform.company.queries import Entity, entity_by_code
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import BoardPage, DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Crumb,
    Download,
    KeyValue,
    Notice,
    Option,
    Pill,
    Progress,
    Row,
    Stat,
    Table,
    TimelineEntry,
    Tone,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.formats import period_name, with_instant
from cashline.platform.pages.render import render_board, render_document
from cashline.platform.pages.timelines import actor_name
from cashline.platform.snapshots.actions import look

PERIODS = (
    Column("period", lazy("Period"), place="title"),
    Column("last", lazy("Last day"), "date"),
    Column("status", lazy("State"), "pill", place="state"),
    Column("areas", lazy("Closed by area")),
    Column("days", lazy("Days to close"), "number"),
    Column("closed_at", lazy("Closed"), "datetime"),
    Column("closed_by", lazy("By")),
)
CHECKS = (
    Column("what", lazy("Task"), place="title"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("found", lazy("Found")),
    Column("owner", lazy("Owner")),
    Column("signed", lazy("Signed")),
)
BLOCKERS = (
    Column("what", lazy("In the way"), place="title"),
    Column("found", lazy("Found")),
    Column("owner", lazy("Owner")),
)
STATES = {
    TaskState.DONE: (lazy("Done"), Tone.SUCCESS),
    TaskState.SIGNED: (lazy("Signed"), Tone.SUCCESS),
    TaskState.ACCEPTED: (lazy("Accepted"), Tone.INFO),
    TaskState.TO_DO: (lazy("To do"), Tone.WARNING),
    TaskState.WAITING: (lazy("Waiting"), Tone.NEUTRAL),
}
_BY_THE_CLOSE = ("earned", "revalued")
AREAS = {
    "receivables": lazy("Receivables"),
    "revenue": lazy("Revenue"),
    "stock": lazy("Stock"),
    "all": lazy("The whole period"),
}


def period_list(request: HttpRequest) -> HttpResponse:
    """The periods of an entity, the newest first."""
    caller = caller_of(request)
    entity, views = chosen_entity(request, "period_list")
    caller.require("ledger.read", entity.id)
    periods = periods_of(entity.id, today=caller.today(entity.timezone))
    rows = tuple(_period(one, entity) for one in periods)
    still_open = [one for one in periods if one.status != "closed"]
    last = next((one for one in periods if one.closed_at), None)
    stats = (
        Stat(_("Periods open"), len(still_open)),
        Stat(_("Next to close"), period_name(still_open[-1].period) if still_open else None),
        Stat(_("Days to close, the last time"), _days(last, entity) if last else None),
    )
    page = BoardPage(
        _("Accounting periods"),
        stats=stats,
        sections=(Section(_("Periods"), Table(PERIODS, rows, empty=_("Nothing is posted yet."))),),
        views=views,
        subtitle=_("A closed period takes no entry: what comes late goes to the first open day."),
    )
    return render_board(request, page)


def _days(one: PeriodState, entity: Entity) -> int | None:
    return days_to_close(one.period, local_day(one.closed_at, entity.timezone) if one.closed_at else None)


def _period(one: PeriodState, entity: Entity) -> Row:
    cells: dict[str, CellValue] = {
        "period": period_name(one.period),
        "last": one.period.last_day,
        "status": pill(one.status),
        "areas": ", ".join(f"{AREAS[area]} ({status.replace('_', '-')})" for area, status in one.areas),
        "days": _days(one, entity),
        "closed_at": one.closed_at,
        "closed_by": actor_name(one.closed_by) if one.closed_by else "",
    }
    return Row(one.period.code, cells, reverse("period_detail", args=[entity.code, one.period.code]))


def period_detail(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """The checklist of a period: progress, what stands in the way with the list that mends it, and who signed what."""
    caller = caller_of(request)
    entity, period = _named(entity_code, month)
    caller.require("ledger.read", entity.id)
    state = period_state(entity.id, period)
    asked = PeriodAsked(entity.id, period.start)
    shown = look(FINDINGS, asked, timezone=entity.timezone, now=caller.now, actor=caller.actor)
    if shown is None:
        running = Notice(_("The checks of this period read all its books and are running; they are shown when done."))
        waiting = DocumentPage(
            _("Close"), period_name(period), pill(state.status), notices=(running,), refresh_seconds=5
        )
        return render_document(request, waiting)
    tasks = checklist(shown.answer, owners_of(entity.id), signatures_of(entity.id, period))
    blocking = [task for task in tasks if not task.complete]
    may = caller.authority.allows("ledger.close", entity.id)
    sections = [Section(_("Checklist"), Table(CHECKS, tuple(_check(one) for one in tasks)))]
    if blocking and state.status != "closed":
        sections.insert(
            0, Section(_("What stands in the way"), Table(BLOCKERS, tuple(_blocker(one) for one in blocking)))
        )
    page = DocumentPage(
        _("Close"),
        period_name(period),
        pill(state.status),
        subtitle=with_instant(entity.name, shown),
        actions=_steps(state, entity, tasks) if may else (),
        more_actions=_more(state, entity) if may else (),
        stats=_stats(state, entity, tasks),
        notices=_notices(state, tasks),
        facts=(
            *(() if period.is_month else (KeyValue(_("First day"), period.start),)),
            *(() if period.is_month else (KeyValue(_("Last day"), period.last_day),)),
            KeyValue(_("Entries"), state.entries),
            KeyValue(_("Closed at"), state.closed_at),
            KeyValue(_("Closed by"), actor_name(state.closed_by) if state.closed_by else None),
            *(KeyValue(AREAS[area], pill(status)) for area, status in state.areas),
        ),
        sections=tuple(sections),
        downloads=(Download(_("Audit pack"), f"/v1/audit-pack?entity={entity.code}&month={period.code}"),),
        timeline=tuple(_signed(one) for one in reversed(signatures_of(entity.id, period))),
        crumbs=(Crumb(_("Accounting periods"), f"{reverse('period_list')}?entity={entity.code}"),),
    )
    return render_document(request, page)


def _stats(state: PeriodState, entity: Entity, tasks: tuple[Task, ...]) -> tuple[Stat, ...]:
    done = sum(task.complete for task in tasks)
    return (
        Stat(
            _("Progress"),
            Progress(done, len(tasks), _("%(done)s of %(all)s tasks") % {"done": done, "all": len(tasks)}),
        ),
        Stat(_("In the way"), len(tasks) - done),
        Stat(_("Days to close"), _days(state, entity), hint=_("From the last day of the period.")),
    )


def _notices(state: PeriodState, tasks: tuple[Task, ...]) -> tuple[Notice, ...]:
    if state.status == "closed" or any(not task.complete for task in tasks):
        return ()
    return (Notice(_("Nothing stands in the way: the period can be closed."), Tone.SUCCESS),)


def _check(task: Task) -> Row:
    words, tone = STATES[task.state]
    signed = task.signature
    told = f"{actor_name(signed.signed_by)}, {signed.signed_at:%Y-%m-%d %H:%M}" if signed else ""
    cells: dict[str, CellValue] = {
        "what": task.template.sentence,
        "state": Pill(words, tone),
        "found": Cell(task.finding.found, sub=_figures(task)) if task.finding.found else None,
        "owner": task.owner or task.template.role,
        "signed": Cell(told, sub=signed.note) if signed else None,
    }
    return Row(task.template.code, cells, task.finding.address)


def _figures(task: Task) -> str:
    if len(task.finding.figures) < 2:
        return ""
    return ", ".join(f"{name} {_figure(value)}" for name, value in task.finding.figures.items())


def _figure(value: str) -> str:
    """A figure of a finding as people read it: amounts with two digits, counts and words as they are."""
    return f"{Decimal(value):,.2f}" if "." in value else value


def _blocker(task: Task) -> Row:
    cells: dict[str, CellValue] = {
        "what": task.template.sentence,
        "found": task.finding.found or _("Nobody has signed it"),
        "owner": task.owner or task.template.role,
    }
    return Row(f"blocker-{task.template.code}", cells, task.finding.address)


def _signed(one: Signature) -> TimelineEntry:
    sentence = next((task.sentence for task in TASKS if task.code == one.code), one.code)
    words = {
        "checked": _("Checked at the close: %(task)s"),
        "signed": _("Signed: %(task)s"),
        "accepted": _("Accepted as found: %(task)s"),
    }[one.outcome]
    detail = ". ".join(text for text in (one.found, one.note) if text)
    return TimelineEntry(one.signed_at, words % {"task": sentence}, actor_name(one.signed_by), detail)


def _steps(state: PeriodState, entity: Entity, tasks: tuple[Task, ...]) -> tuple[Action, ...]:
    made: list[Action] = []
    names = [entity.code, state.period.code]
    if PERIOD.allows("close", state.status):
        left = [one.message for one in blockers([task for task in tasks if task.template.code not in _BY_THE_CLOSE])]
        reason = Field("reason", _("Note"), "textarea", max_length=500, required=False)
        in_the_way = _("%(count)s tasks stand in the way.") % {"count": len(left)} if left else ""
        made.append(
            Action(
                _("Close the month") if state.period.is_month else _("Close the period"),
                reverse("period_close", args=names),
                "primary",
                fields=(reason,),
                refused=in_the_way,
            )
        )
        if left:
            why = Field("reason", _("Why it is closed all the same"), "textarea", max_length=500)
            action = Action(_("Close all the same"), reverse("period_override", args=names), "danger", fields=(why,))
            made.append(action)
        if any(task.template.code == "revalued" and not task.complete for task in tasks):
            made.append(Action(_("Revalue"), reverse("period_revalue", args=names)))
        options = tuple(
            Option(task.template.code, task.template.sentence, task.finding.found)
            for task in tasks
            if task.state in (TaskState.TO_DO, TaskState.DONE)
            and (task.template.manual or task.state is TaskState.TO_DO)
        )
        if options:
            fields = (
                Field("task", _("Task"), "choice", options=options),
                Field(
                    "note",
                    _("Note"),
                    "textarea",
                    max_length=1000,
                    required=False,
                    hint=_("Needed where it is not done."),
                ),
            )
            made.append(Action(_("Sign or accept a task"), reverse("close_sign", args=names), fields=fields, key="s"))
    if PERIOD.allows("reopen", state.status):
        reason = Field("reason", _("Reason"), "textarea", max_length=500)
        area = _area_field(("all", *(area for area, _status in state.areas)))
        made.append(Action(_("Open it again"), reverse("period_reopen", args=names), "danger", fields=(area, reason)))
    return tuple(made)


def _area_field(areas: tuple[str, ...]) -> Field:
    return Field(
        "area", _("Area"), "choice", value=areas[0], options=tuple(Option(area, AREAS[area]) for area in areas)
    )


def _more(state: PeriodState, entity: Entity) -> tuple[Action, ...]:
    names = [entity.code, state.period.code]
    tasks = Field("task", _("Task"), "choice", options=tuple(Option(one.code, one.sentence) for one in TASKS))
    owner = Field("owner", _("Owner"), required=False, hint=_("Empty takes it back to its role."))
    made = [Action(_("Say who owns a task"), reverse("close_owner", args=names), fields=(tasks, owner))]
    if state.status == "closed":
        return tuple(made)
    shut = {area for area, _status in state.areas}
    free = tuple(area for area in AREAS if area not in shut and not (area == "all" and state.status == "soft_closed"))
    closed_softly = _("Keep documents out, and still take revenue and revaluations.")
    if free:
        fields = (_area_field(free), Field("soft", _("Softly"), "yes", required=False, hint=closed_softly))
        made.append(Action(_("Close an area"), reverse("period_shut", args=names), fields=fields))
    if shut and state.status == "open":
        reason = Field("reason", _("Reason"), "textarea", max_length=500)
        again = (_area_field(tuple(sorted(shut))), reason)
        made.append(Action(_("Open an area again"), reverse("period_reopen", args=names), "danger", fields=again))
    return tuple(made)


@require_POST
def period_close(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """Recognise revenue, check, and close a period."""
    return _step(request, entity_code, month, "close")


@require_POST
def period_override(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """Close a period with tasks in the way, which are accepted as they are found."""
    return _step(request, entity_code, month, "override")


@require_POST
def period_revalue(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """Bring what is held in foreign currency to the rates of the period's end."""
    return _step(request, entity_code, month, "revalue")


@require_POST
def period_shut(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """Close an area of a period, or keep documents out of it."""
    return _step(request, entity_code, month, "shut")


@require_POST
def period_reopen(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """Open a closed period or area again."""
    return _step(request, entity_code, month, "reopen")


@require_POST
def close_sign(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """Sign a task, or accept it as it is found."""
    return _step(request, entity_code, month, "sign")


@require_POST
def close_owner(request: HttpRequest, entity_code: str, month: str) -> HttpResponse:
    """Say who sees to a task."""
    return _step(request, entity_code, month, "own")


def _step(request: HttpRequest, entity_code: str, month: str, verb: str) -> HttpResponse:
    caller = caller_of(request)
    entity, period = _named(entity_code, month)
    caller.require("ledger.close", entity.id)
    first = period.start
    asked = {name: request.POST.get(name, "").strip()[:1000] for name in ("reason", "note", "task", "owner", "area")}
    who: dict[str, Any] = {"now": caller.now, "actor": caller.actor}

    def act() -> None:
        if verb in ("close", "override"):
            over = verb == "override"
            close_month(entity_id=entity.id, month=first, reason=asked["reason"], override=over, **who)
        elif verb == "revalue":
            revalue_month(entity_id=entity.id, month=first, **who)
        elif verb == "sign":
            sign_task(entity_id=entity.id, month=first, task=asked["task"], note=asked["note"], **who)
        elif verb == "own":
            assign_owner(entity_id=entity.id, task=asked["task"], owner=asked["owner"], **who)
        elif verb == "shut":
            soft = bool(request.POST.get("soft"))
            close_period(entity_id=entity.id, month=first, area=_area(asked["area"]), soft=soft, **who)
        elif not asked["reason"]:
            raise InvalidValue(_("Say why it is opened again."), field="reason")
        else:
            area = _area(asked["area"] or "all")
            reopen_period(entity_id=entity.id, month=first, reason=asked["reason"], area=area, **who)

    closed = _("The month is closed.") if period.is_month else _("The period is closed.")
    told = {
        "close": closed,
        "override": closed,
        "sign": _("The task is signed."),
        "own": _("The owner is kept."),
        "revalue": _("Open items stand at the rates of the period's end."),
        "shut": _("The area is closed."),
        "reopen": _("The month is open again.") if period.is_month else _("The period is open again."),
    }[verb]
    return take_step(request, reverse("period_detail", args=[entity.code, month]), told, act)


def _area(text: str) -> Area:
    if text not in set(Area):
        raise InvalidValue(_("There is no area %(text)s.") % {"text": text[:20]}, field="area")
    return Area(text)


def _named(entity_code: str, month: str) -> tuple[Entity, FiscalPeriod]:
    entity = entity_by_code(entity_code)
    return entity, period_named(entity.id, month)


URLS = [
    path("periods/", period_list, name="period_list"),
    path("periods/<str:entity_code>/<str:month>/", period_detail, name="period_detail"),
    path("periods/<str:entity_code>/<str:month>/close/", period_close, name="period_close"),
    path("periods/<str:entity_code>/<str:month>/override/", period_override, name="period_override"),
    path("periods/<str:entity_code>/<str:month>/revalue/", period_revalue, name="period_revalue"),
    path("periods/<str:entity_code>/<str:month>/shut/", period_shut, name="period_shut"),
    path("periods/<str:entity_code>/<str:month>/reopen/", period_reopen, name="period_reopen"),
    path("periods/<str:entity_code>/<str:month>/sign/", close_sign, name="close_sign"),
    path("periods/<str:entity_code>/<str:month>/owner/", close_owner, name="close_owner"),
]
