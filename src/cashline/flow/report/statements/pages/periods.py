"""The console's page of fiscal periods: the calendar by which an entity reports and closes, and a year's periods."""

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.report.statements.pages.choosing import chosen_entity
from cashline.kernel.fiscal import FiscalCalendar, FiscalPattern, FiscalPeriod, YearEnd
from cashline.platform.company.actions import set_fiscal_calendar
from cashline.platform.company.queries import entity_by_code, fiscal_calendar
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import BoardPage, Section
from cashline.platform.pages.components import Action, CellValue, Column, Option, Row, Table
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_board

PERIODS = (
    Column("name", lazy("Period"), "code", place="title"),
    Column("quarter", lazy("Quarter"), "number"),
    Column("start", lazy("First day"), "date"),
    Column("last", lazy("Last day"), "date"),
    Column("weeks", lazy("Weeks"), "number", place="amount"),
)
PATTERNS = (
    Option(FiscalPattern.MONTHS.value, lazy("Calendar months")),
    *(Option(one.value, one.value) for one in FiscalPattern if one is not FiscalPattern.MONTHS),
)
ENDS = (Option(YearEnd.LAST.value, lazy("Last in the month")), Option(YearEnd.NEAREST.value, lazy("Nearest its end")))
DAYS = (
    *(lazy("Monday"), lazy("Tuesday"), lazy("Wednesday"), lazy("Thursday"), lazy("Friday"), lazy("Saturday")),
    lazy("Sunday"),
)


_SINCE = lazy("After calendar months, which stay as they are; left empty it always held.")


def _fields(calendar: FiscalCalendar) -> tuple[Field, ...]:
    weekdays = tuple(Option(str(place), words) for place, words in enumerate(DAYS))
    return (
        Field("pattern", lazy("Periods"), "choice", options=PATTERNS, value=calendar.pattern.value),
        Field("end_month", lazy("Last month of the year"), "integer", value=calendar.end_month, least=1, most=12),
        Field("weekday", lazy("Last weekday"), "choice", options=weekdays, value=str(calendar.weekday)),
        Field("year_end", lazy("Which of them"), "choice", options=ENDS, value=calendar.year_end.value),
        Field("named_before", lazy("Named by the year before"), "yes", required=False, value=calendar.named_before),
        Field("since", lazy("Holds from"), "date", required=False, value=calendar.since, hint=_SINCE),
    )


def fiscal_periods(request: HttpRequest) -> HttpResponse:
    """The periods of this fiscal year and of the next."""
    caller = caller_of(request)
    entity, views = chosen_entity(request, "fiscal_periods")
    caller.require("reports.read", entity.id)
    calendar = fiscal_calendar(entity.id)
    year = calendar.period_of(caller.today(entity.timezone)).year
    may = caller.authority.allows("platform.write")
    change = Action(
        _("Change the calendar"),
        reverse("fiscal_calendar_set"),
        fields=_fields(calendar),
        hidden={"entity": entity.code},
        refused="" if may else _("You may not change the company."),
    )
    page = BoardPage(
        _("Fiscal periods"),
        sections=tuple(
            Section(f"FY{one}", Table(PERIODS, tuple(_period(each, calendar) for each in calendar.periods(one))))
            for one in (year, year + 1)
        ),
        views=views,
        actions=(change,),
        subtitle=_("Revenue, statements and the close follow them."),
    )
    return render_board(request, page)


def _period(one: FiscalPeriod, calendar: FiscalCalendar) -> Row:
    cells: dict[str, CellValue] = {
        "name": calendar.name_of(one),
        "quarter": one.quarter,
        "start": one.start,
        "last": one.last_day,
        "weeks": one.weeks or None,
    }
    return Row(one.code, cells)


@require_POST
def fiscal_calendar_set(request: HttpRequest) -> HttpResponse:
    """Say by which calendar an entity reports and closes."""
    caller = caller_of(request)
    caller.require("platform.write")
    owner = entity_by_code(request.POST.get("entity", "")[:8])

    def step() -> None:
        read = read_dialog(request, *_fields(FiscalCalendar()))
        calendar = FiscalCalendar(
            FiscalPattern(read.text("pattern")),
            read.integer("end_month") or 12,
            int(read.text("weekday")),
            YearEnd(read.text("year_end")),
            read.yes("named_before"),
            read.day("since"),
        )
        set_fiscal_calendar(entity_id=owner.id, calendar=calendar, now=caller.now, actor=caller.actor)

    address = f"{reverse('fiscal_periods')}?entity={owner.code}"
    return take_step(request, address, _("The next run of revenue follows this calendar."), step)


URLS = [
    path("fiscal-periods/", fiscal_periods, name="fiscal_periods"),
    path("fiscal-periods/set/", fiscal_calendar_set, name="fiscal_calendar_set"),
]
