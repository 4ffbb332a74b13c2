"""The clock of a sandbox: where it stands, and moving it forward day by day with the real jobs of each day.

A long way is gone in strides of some seconds, so that progress shows and it can be stopped by leaving the page: what
was reached stays reached, and going on goes on from there.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cashline.flow.schedule import advance_clock
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.platform.clock.actions import release_clock
from cashline.platform.clock.queries import ClockReading, read_clock
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.pages.acting import act
from cashline.platform.pages.components import Action, Progress
from cashline.platform.pages.formats import format_day
from cashline.platform.pages.render import done, refused, render_page, swaps

STRIDE_SECONDS = 2.0
FURTHEST = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class Way:
    """How far the clock has come between two days."""

    start: date
    end: date
    here: date

    @property
    def progress(self) -> Progress:
        """Days gone of all days."""
        return Progress((self.here - self.start).days, (self.end - self.start).days, _("Days gone"))

    @property
    def arrived(self) -> bool:
        """Is the last day reached?"""
        return self.here >= self.end


@dataclass(frozen=True, slots=True)
class ClockPage:
    """What the page shows."""

    title: str
    clock: ClockReading
    today: date
    steps: tuple[tuple[str, date], ...]
    furthest: date
    way: Way | None = None
    actions: tuple[Action, ...] = ()
    crumbs: tuple[object, ...] = ()


def clock_page(request: HttpRequest) -> HttpResponse:
    """Where the clock stands; in a sandbox also how to move it."""
    caller_of(request).require("platform.read")
    return _render(request, caller_of(request).clock, None)


def _render(request: HttpRequest, clock: ClockReading, way: Way | None) -> HttpResponse:
    today = clock.today()
    month = today.replace(day=1)
    steps = (
        (_("Next day"), today + timedelta(days=1)),
        (_("Next week"), today + timedelta(days=7)),
        (_("First of next month"), (month + timedelta(days=32)).replace(day=1)),
        (_("First of next year"), date(today.year + 1, 1, 1)),
    )
    release = Action(
        _("Run with real time"),
        reverse("clock_release"),
        confirm=_("The clock leaves the day where it stands and goes on with real time."),
        icon="play",
    )
    page = ClockPage(
        _("Clock"), clock, today, steps, today + FURTHEST, way, (release,) if clock.sandbox and clock.moved else ()
    )
    template = "parts/clock_body.html" if swaps(request, "clock") else "clock.html"
    return render_page(request, template, {"page": page})


@require_POST
def clock_advance(request: HttpRequest) -> HttpResponse:
    """Go towards a day for some seconds; the page asks again until the day is reached."""
    caller = caller_of(request)
    try:
        caller.require("platform.write")
        end, start = _day(request, "to"), _day(request, "from")
        if end <= start:
            raise InvalidValue(_("The clock goes forward only."), field="to")
        if end - caller.today() > FURTHEST:
            raise InvalidValue(_("Go three years at a time at most."), field="to")
        here = _stride(end)
    except Refusal as refusal:
        return refused(request, reverse("clock"), refusal)
    if here.today() >= end:
        return done(request, reverse("clock"), _("The clock stands at %(day)s.") % {"day": format_day(here.today())})
    return _render(request, here, Way(start, end, here.today()))


def _stride(end: date) -> ClockReading:
    """Run day after day for some seconds, and at least one."""
    goal = datetime.combine(end, time(12), UTC)
    began = monotonic()
    reading = read_clock()
    while reading.now < goal:
        advance_clock(to=min(reading.now + timedelta(days=1), goal), actor="system:clock")
        reading = read_clock()
        if monotonic() - began > STRIDE_SECONDS:
            break
    return reading


def _day(request: HttpRequest, name: str) -> date:
    text = request.POST.get(name, "")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(_("%(text)s is not a day.") % {"text": text[:40]}, field=name) from None


@require_POST
def clock_release(request: HttpRequest) -> HttpResponse:
    """Let the clock run with real time again."""
    caller = caller_of(request)

    def step() -> Outcome:
        caller.require("platform.write")
        release_clock()
        return Outcome(reverse("clock"), _("The clock runs with real time."))

    return act(request, reverse("clock"), step)
