"""The usage of a subscription in a month: each meter in all and by day, and the events behind it as files."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.deliver.usage import queries
from cashline.flow.deliver.usage.api.showing import seen
from cashline.flow.deliver.usage.pages.meters import AGGREGATIONS
from cashline.flow.deliver.usage.queries import MeterUsage
from cashline.flow.deliver.usage.rules.lineage import digits
from cashline.flow.deliver.usage.rules.showing import days_asked
from cashline.kernel.identifiers import public
from cashline.kernel.periods import Period, add_months, month_of
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import round_to
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Chart,
    Column,
    Crumb,
    Row,
    Series,
    Table,
    View,
)
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


def subscription_usage(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """What a subscription used in a month of the customer's zone, this one unless another is asked for."""
    caller = caller_of(request)
    row = seen(caller, subscription_id)
    today = caller.today(row.timezone)
    month = month_read(request.GET.get("month", ""), today)
    used = queries.usage_of(row, month, by_day=True)
    key, here = public("subscription", row.id), request.path
    page = DocumentPage(
        _("Usage of"),
        row.number,
        subtitle=f"{month.start:%Y-%m}, {row.timezone}",
        party=Cell(row.number, address_of("subscription", row.id)),
        actions=(
            Action.link(_("Events"), f"{reverse('usage_event_list')}?subscription={key}", icon="activity"),
            Action.link(_("Subscription"), address_of("subscription", row.id), icon="repeat"),
        ),
        tabs=month_tabs(here, month, today),
        sections=(
            Section(_("In the month"), usage_table(used, key, month)),
            *(Section(one.meter.name or one.meter.code, chart=day_chart(one)) for one in used[:MOST_CHARTS]),
        ),
        crumbs=(Crumb(_("Usage"), reverse("usage_event_list")),),
    )
    return render_document(request, page)


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


URLS = [path("subscriptions/<str:subscription_id>/usage/", subscription_usage, name="subscription_usage")]
