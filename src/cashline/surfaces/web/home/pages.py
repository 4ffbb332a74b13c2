"""The home page: the flow from quote to cash with its counts and money, what is stuck, and how the month goes."""

from collections.abc import Iterator, Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cashline.flow.report.health.queries import Stuck
from cashline.flow.report.metrics.queries import BOARD, Board, BoardAsked
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.anatomies import BoardPage, Section
from cashline.platform.pages.components import Action, Notice, Tone
from cashline.platform.pages.formats import format_day, with_instant
from cashline.platform.pages.render import COUNTING_SECONDS, render_board, render_counting
from cashline.platform.snapshots.actions import look
from cashline.surfaces.web.home import figures
from cashline.surfaces.web.home.scope import Converter, Scope, converter, scope_of
from cashline.surfaces.web.home.stuck import stuck_list
from cashline.surfaces.web.shell import address

PORTAL = "/portal/"


def home(request: HttpRequest) -> HttpResponse:
    """The board of the entities that the caller may see, or of one of them (`?entity=DE01`)."""
    caller = caller_of(request)
    if caller.authority.customer_id:
        return redirect(PORTAL)
    caller.require("reports.read")
    scope = scope_of(caller, "reports.read", request.GET.get("entity", ""))
    if not scope.shown:
        nobody = Notice(_("There is no legal entity yet."), detail=_("The first one is created through the API."))
        return render_board(request, BoardPage(_("From quote to cash"), notices=(nobody,)))
    found = look(BOARD, BoardAsked(scope.entity_key), timezone=scope.timezone, now=caller.now, actor=caller.actor)
    if found is None:
        return render_counting(request, _("From quote to cash"), scope.views(request.path))
    read = found.answer
    rates = converter({one.currency for one in read.days} | {one.currency for one in scope.shown}, scope)
    page = BoardPage(
        _("From quote to cash"),
        figures.cards(read),
        figures.stats(scope, read, rates),
        _sections(scope, read, rates),
        views=scope.views(request.path),
        actions=tuple(_actions(caller)),
        notices=tuple(_notices(caller, read.held_up, rates)),
        subtitle=with_instant(_subtitle(scope, rates), found),
        refresh_seconds=COUNTING_SECONDS if found.renewed else 0,
    )
    return render_board(request, page)


def _sections(scope: Scope, read: Board, rates: Converter) -> tuple[Section, ...]:
    everything = Action.link(_("All of it"), address("stuck_list"))
    return (
        Section(_("What is stuck"), figures.stuck_table(read), actions=(everything,) if read.held_up else ()),
        Section(_("Receivables by age"), chart=figures.ageing_chart(scope, read, rates)),
        Section(_("Invoiced, collected and earned"), chart=figures.month_chart(scope, read, rates)),
    )


def _actions(caller: Caller) -> Iterator[Action]:
    if caller.authority.allows("quotes.write") and address("quote_new"):
        yield Action.link(_("New quote"), address("quote_new"), icon="plus", primary=True, key="n")


def _notices(caller: Caller, held_up: Sequence[Stuck], rates: Converter) -> Iterator[Notice]:
    waiting = next((one.count for one in held_up if one.kind.code == "quotes_in_approval"), 0)
    if waiting and caller.authority.allows("quotes.approve"):
        told = ngettext("%(count)s quote waits for approval.", "%(count)s quotes wait for approval.", waiting)
        look = Action.link(_("Look"), f"{address('quote_list')}?status=in_approval")
        yield Notice(told % {"count": waiting}, Tone.INFO, actions=(look,))
    if rates.missing:
        text = _("No exchange rate is known of %(currencies)s: those amounts are left out of the sums.")
        yield Notice(text % {"currencies": ", ".join(rates.missing)}, Tone.WARNING)


def _subtitle(scope: Scope, rates: Converter) -> str:
    told = {"day": format_day(scope.today), "currency": scope.currency}
    if len(rates.rates) < 2:
        return _("%(day)s, in %(currency)s") % told
    return _("%(day)s, sums in %(currency)s at the rates of the day") % told


URLS: list[URLPattern] = [path("", home, name="home"), path("stuck/", stuck_list, name="stuck_list")]
