"""The console's page of health: every conservation law as it was last checked, and checking them."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.report.health.queries import LAWS, law_sentences
from cashline.flow.report.health.rules import Break, Checked, Depth, Verification
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import BoardPage, Section
from cashline.platform.pages.components import Action, CellValue, Column, Notice, Pill, Row, Stat, Table, Tone
from cashline.platform.pages.formats import format_instant
from cashline.platform.pages.render import render_board
from cashline.platform.pages.threads import address_of
from cashline.platform.snapshots.actions import request_figure
from cashline.platform.snapshots.queries import requested
from cashline.platform.snapshots.rules import Request

REFRESH_SECONDS = 3

STATES = (
    Column("sentence", lazy("Law"), place="title"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("milliseconds", lazy("Milliseconds"), "number"),
    Column("code", lazy("Code"), "code", place="hidden"),
)
BREAKS = (
    Column("document", lazy("Document"), place="title"),
    Column("law", lazy("Law"), "code"),
    Column("expected", lazy("Should be")),
    Column("found", lazy("Is")),
)


def health(request: HttpRequest) -> HttpResponse:
    """The laws as they were last checked; checking reads all the books, so a job does it."""
    caller_of(request).require("reports.read")
    found = requested(LAWS, Depth())
    verified = found.last.answer if found.last else None
    page = BoardPage(
        _("Health"),
        stats=_stats(verified) if verified else (),
        sections=_sections(verified),
        actions=(_check(running=found.requested_at is not None),),
        notices=tuple(_notices(found)),
        subtitle=_("Every balance is the sum of what made it. All laws are checked once a day, and when asked."),
        refresh_seconds=REFRESH_SECONDS if found.requested_at else 0,
    )
    return render_board(request, page)


def _stats(found: Verification) -> tuple[Stat, ...]:
    return (
        Stat(_("Laws checked"), len(found.checked)),
        Stat(_("Broken"), sum(bool(law.breaks) for law in found.checked)),
        Stat(_("Milliseconds"), sum(law.milliseconds for law in found.checked)),
    )


def _sections(found: Verification | None) -> tuple[Section, ...]:
    if found is None:
        rows = tuple(Row(code, {"sentence": sentence, "code": code}) for code, sentence in law_sentences())
        return (Section(_("What must hold"), Table(STATES, rows)),)
    holds = Section(_("What must hold"), Table(STATES, tuple(_law(law) for law in found.checked)))
    broken = tuple(_break(one) for law in found.checked for one in law.breaks)
    return (Section(_("What is broken"), Table(BREAKS, broken)), holds) if broken else (holds,)


def _notices(found: Request[Verification]) -> Iterator[Notice]:
    if found.requested_at:
        told = {"since": format_instant(found.requested_at)}
        yield Notice(_("A check is running, asked for at %(since)s; the page shows it when it is done.") % told)
    if found.last is None:
        if not found.requested_at:
            yield Notice(_("Nothing is checked yet."))
        return
    told = {"as_of": format_instant(found.last.as_of)}
    as_of = _("As of %(as_of)s.") % told
    verified = found.last.answer
    if verified.sound:
        yield Notice(_("All laws hold."), Tone.SUCCESS, as_of)
    else:
        yield Notice(str(verified.first_break), Tone.DANGER, as_of)


@require_POST
def health_check(request: HttpRequest) -> HttpResponse:
    """Have all laws checked by the worker."""
    caller = caller_of(request)
    caller.require("reports.read")

    def step() -> None:
        request_figure(LAWS, Depth(), now=caller.now, actor=caller.actor)

    return take_step(request, reverse("health"), _("The check is on its way."), step)


def _check(*, running: bool) -> Action:
    refused = _("A check is running already.") if running else ""
    return Action(_("Check now"), reverse("health_check"), "primary", refused=refused, icon="shield-check", key="c")


def _law(law: Checked) -> Row:
    state = Pill(_("Broken"), Tone.DANGER) if law.breaks else Pill(_("Holds"), Tone.SUCCESS)
    cells: dict[str, CellValue] = {
        "sentence": law.sentence,
        "state": state,
        "milliseconds": law.milliseconds,
        "code": law.code,
    }
    return Row(law.code, cells)


def _break(one: Break) -> Row:
    cells: dict[str, CellValue] = {
        "document": one.document,
        "law": one.law,
        "expected": one.expected,
        "found": one.found,
    }
    return Row(f"{one.law}-{one.id}", cells, address_of(one.kind, one.id) if one.id and one.kind else "")


URLS = [path("health/", health, name="health"), path("health/check/", health_check, name="health_check")]
