"""The usage of a subscription in a month: each meter in all and by day, and the events behind it as files."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.deliver.usage import actions, queries
from cashline.flow.deliver.usage.api.showing import seen
from cashline.flow.deliver.usage.pages.meters import AGGREGATIONS
from cashline.flow.deliver.usage.queries import AlertRow, MeterUsage
from cashline.flow.deliver.usage.rules.alerts import AlertPeriod, NewAlert
from cashline.flow.deliver.usage.rules.lineage import digits
from cashline.flow.deliver.usage.rules.recording import UsageSubscription
from cashline.flow.deliver.usage.rules.showing import days_asked
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.periods import Period, add_months, month_of
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.kernel.rounding import round_to
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.lists import Ask
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Chart,
    Column,
    Crumb,
    Label,
    Option,
    Pill,
    Row,
    Series,
    Table,
    Tone,
    View,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document
from cashline.platform.pages.threads import address_of

MONTHS_SHOWN = 6
MOST_CHARTS = 12
COLUMNS = (
    Column("meter", lazy("Meter"), place="title"),
    Column("aggregation", lazy("Aggregation")),
    Column("quantity", lazy("Quantity"), "number", place="amount"),
    Column("events", lazy("Events"), "number"),
    Column("files", lazy("Events behind it")),
)


ALERTS = (
    Column("meter", lazy("Meter"), place="title"),
    Column("threshold", lazy("Threshold"), "number", place="amount"),
    Column("period", lazy("Once in")),
    Column("state", lazy("State"), "pill", place="state"),
    Column("reached", lazy("Told last"), "datetime"),
)
PERIODS: dict[str, Label] = {"month": lazy("a month"), "total": lazy("all its time")}
METER = Field("meter", lazy("Meter"), "choice")
THRESHOLD = Field("threshold", lazy("Tell when the quantity reaches"), "decimal", least=0)
PERIOD = Field(
    "period",
    lazy("Once in"),
    "choice",
    value="month",
    options=tuple(Option(name, text) for name, text in PERIODS.items()),
)
ALERT = Field("alert", lazy("Alert"), "choice")


def subscription_usage(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """What a subscription used in a month of the customer's zone, this one unless another is asked for."""
    caller = caller_of(request)
    row = seen(caller, subscription_id)
    today = caller.today(row.timezone)
    month = month_read(request.GET.get("month", ""), today)
    used = queries.usage_of(row, month, by_day=True)
    alerts = queries.list_alerts(Ask(limit=100), subscription_id=row.id).items
    key, here = public("subscription", row.id), request.path
    page = DocumentPage(
        _("Usage of"),
        row.number,
        subtitle=f"{month.start:%Y-%m}, {row.timezone}",
        party=Cell(row.number, address_of("subscription", row.id)),
        actions=(
            *_alert_steps(caller, row, used, alerts),
            Action.link(_("Events"), f"{reverse('usage_event_list')}?subscription={key}", icon="activity"),
            Action.link(_("Subscription"), address_of("subscription", row.id), icon="repeat"),
        ),
        tabs=month_tabs(here, month, today),
        sections=(
            Section(_("In the month"), usage_table(used, key, month)),
            *(Section(one.meter.name or one.meter.code, chart=day_chart(one)) for one in used[:MOST_CHARTS]),
            *((Section(_("Alerts"), Table(ALERTS, tuple(map(_alert, alerts)))),) if alerts else ()),
        ),
        crumbs=(Crumb(_("Usage"), reverse("usage_event_list")),),
    )
    return render_document(request, page)


def _alert(row: AlertRow) -> Row:
    state = Pill(_("Ended")) if row.ended_at else Pill(_("Told"), Tone.WARNING) if row.reached_at else Pill(_("Looks"))
    cells: dict[str, CellValue] = {
        "meter": row.meter,
        "threshold": shown(row.threshold),
        "period": PERIODS[row.period],
        "state": state,
        "reached": row.reached_at,
    }
    return Row(public("usage_alert", row.id), cells)


def _alert_steps(
    caller: Caller, row: UsageSubscription, used: Sequence[MeterUsage], alerts: Sequence[AlertRow]
) -> tuple[Action, ...]:
    """Setting an alert on a meter that is in use, and ending one."""
    if not caller.authority.allows("usage.write", row.entity_id):
        return ()
    key = public("subscription", row.id)
    steps = []
    if used:
        meters = tuple(Option(one.meter.code, one.meter.name or one.meter.code) for one in used)
        fields = (replace(METER, options=meters, value=meters[0].value), THRESHOLD, PERIOD)
        steps.append(Action(_("New alert"), reverse("usage_alert_set", args=[key]), fields=fields, icon="bell"))
    active = tuple(
        Option(public("usage_alert", one.id), f"{one.meter} {digits(one.threshold)}")
        for one in alerts
        if not one.ended_at
    )
    if active:
        chosen = (replace(ALERT, options=active, value=active[0].value),)
        steps.append(Action(_("End an alert"), reverse("usage_alert_end", args=[key]), fields=chosen, icon="x"))
    return tuple(steps)


@require_POST
def usage_alert_set(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """Set an alert."""
    caller = caller_of(request)
    row = seen(caller, subscription_id, "usage.write")

    def step() -> None:
        meter = str(request.POST.get("meter", ""))
        read = read_dialog(request, THRESHOLD, PERIOD)
        new = NewAlert(row.id, meter, read.decimal("threshold") or Decimal(0), AlertPeriod(read.text("period")))
        actions.set_alerts([new], now=caller.now, actor=caller.actor)

    url = reverse("subscription_usage", args=[subscription_id])
    return take_step(request, url, _("It is told when the usage gets there."), step)


@require_POST
def usage_alert_end(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """Let an alert of the subscription tell no more."""
    caller = caller_of(request)
    row = seen(caller, subscription_id, "usage.write")

    def step() -> None:
        alert = queries.alert(key_of("usage_alert", str(request.POST.get("alert", ""))))
        if alert.subscription_id != row.id:
            raise NotFound(_("There is no such alert."), field="alert")
        actions.end_alerts([alert.id], now=caller.now, actor=caller.actor)

    return take_step(request, reverse("subscription_usage", args=[subscription_id]), _("The alert is ended."), step)


def month_read(text: str, today: date) -> Period:
    """The month of a text such as 2026-03; this month for none. Raises InvalidValue."""
    if not text:
        return month_of(today)
    try:
        month = month_of(date.fromisoformat(f"{text[:7]}-01"))
    except (ValueError, OverflowError):
        raise InvalidValue(f"{text[:20]!r} is no month such as 2026-03.", field="month") from None
    return days_asked(month.start, month.end, today)


def month_tabs(here: str, month: Period, today: date) -> tuple[View, ...]:
    """The last months up to this one, and the one that is shown."""
    firsts = {add_months(today.replace(day=1), -back) for back in range(MONTHS_SHOWN)} | {month.start}
    return tuple(
        View(f"{first:%Y-%m}", f"{here}?month={first:%Y-%m}", first == month.start) for first in sorted(firsts)
    )


def usage_table(used: Sequence[MeterUsage], subscription: str, month: Period) -> Table:
    """Each meter with its quantity; the file of its events is one click away."""
    rows = []
    for one in used:
        query = f"meter={one.meter.code}&start={month.start}&end={month.end}&form=csv"
        cells: dict[str, CellValue] = {
            "meter": Cell(one.meter.name or one.meter.code, sub=one.meter.code),
            "aggregation": AGGREGATIONS[one.meter.aggregation],
            "quantity": Cell(shown(one.total.quantity), sub=one.meter.unit),
            "events": one.total.event_count,
            "files": Cell("CSV", f"/v1/subscriptions/{subscription}/usage-export?{query}", icon="download"),
        }
        rows.append(Row(one.meter.code, cells))
    return Table(COLUMNS, tuple(rows), empty=_("Nothing was used yet."))


def day_chart(one: MeterUsage) -> Chart:
    """The quantity of each day."""
    name = one.meter.name or one.meter.code
    return Chart(
        name,
        "bar",
        _("What the meter says of each day of the month."),
        tuple(f"{day:%d}" for day, _quantity in one.days),
        (Series(name, tuple(shown(quantity) for _day, quantity in one.days)),),
        unit=one.meter.unit,
        height=180,
    )


def shown(quantity: Decimal) -> Decimal:
    """A quantity as people read it, with six decimals at the most."""
    exponent = quantity.as_tuple().exponent
    short = round_to(quantity, 6) if isinstance(exponent, int) and exponent < -6 else quantity
    return Decimal(digits(short))


URLS = [
    path("subscriptions/<str:subscription_id>/usage/", subscription_usage, name="subscription_usage"),
    path("subscriptions/<str:subscription_id>/usage/alert/", usage_alert_set, name="usage_alert_set"),
    path("subscriptions/<str:subscription_id>/usage/end-alert/", usage_alert_end, name="usage_alert_end"),
]
