"""The console's page of a forecast: what a quote will bill, earn and bring before anyone signs."""

from datetime import date, timedelta
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.agree.quotes.queries import quote
from cashline.flow.report.forecast.queries import preview_quote
from cashline.flow.report.forecast.rules import Forecast, ForecastBill
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.periods import add_months
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.anatomies import BoardPage, Section
from cashline.platform.pages.components import Chart, Column, Crumb, Notice, Row, Series, Stat, Table, Tone, View
from cashline.platform.pages.formats import format_day, format_month
from cashline.platform.pages.render import render_board

BILLS = (
    Column("issued_on", lazy("Billed on"), "date", place="title"),
    Column("due_on", lazy("Due"), "date"),
    Column("lines", lazy("Lines"), "number"),
    Column("net", lazy("Net"), "money"),
    Column("tax", lazy("Tax"), "money"),
    Column("gross", lazy("To be paid"), "money", place="amount"),
)


def quote_forecast(request: HttpRequest, quote_id: str) -> HttpResponse:
    """Bills, revenue by month and cash by month of a quote, as charts and as figures."""
    key = key_of("quote", quote_id)
    row = quote(key)
    require_visible(caller_of(request), "quotes.read", row.entity_id, "quote", key)
    found = preview_quote(key)
    here = reverse("quote_detail", args=[public("quote", key)])
    paid = sum((amount for _month, amount in found.cash), Decimal(0))
    page = BoardPage(
        _("What %(number)s will bring") % {"number": row.number},
        stats=(
            Stat(_("Billed, net"), Money(found.billed, found.currency)),
            Stat(_("Earned"), Money(found.recognised, found.currency)),
            Stat(_("Cash with tax"), Money(paid, found.currency)),
        ),
        sections=(
            Section(_("Revenue and cash by month"), chart=_chart(found)),
            Section(
                _("Bills"),
                Table(BILLS, tuple(_bill(bill, found.currency) for bill in found.bills)),
                text=_("Coupons and prepaid credit of the customer are not included."),
            ),
        ),
        notices=tuple(Notice(refusal.message, Tone.WARNING, refusal.fix) for refusal in found.refused),
        views=(View(_("Quote"), here), View(_("Forecast"), request.path, True)),
        subtitle=_("Delivered on the day the terms begin, paid when due, until %(day)s")
        % {"day": format_day(found.until)},
        crumbs=(Crumb(_("Quotes"), reverse("quote_list")), Crumb(row.number, here)),
    )
    return render_board(request, page)


def _bill(bill: ForecastBill, currency: str) -> Row:
    return Row(
        bill.issued_on.isoformat(),
        {
            "issued_on": bill.issued_on,
            "due_on": bill.due_on,
            "lines": bill.lines,
            "net": Money(bill.net, currency),
            "tax": Money(bill.tax, currency),
            "gross": Money(bill.gross, currency),
        },
    )


def _chart(found: Forecast) -> Chart:
    earned, paid = dict(found.revenue), dict(found.cash)
    months = _months(min([*earned, *paid], default=found.until), max([*earned, *paid], default=found.until))
    return Chart(
        _("Revenue and cash by month"),
        "bar",
        _("What is earned and what comes in by month; cash includes tax."),
        tuple(format_month(month) for month in months),
        (
            Series(_("Earned"), tuple(earned.get(month, Decimal(0)) for month in months)),
            Series(_("Cash"), tuple(paid.get(month, Decimal(0)) for month in months)),
        ),
        unit=found.currency,
    )


def _months(first: date, last: date) -> list[date]:
    found = [first.replace(day=1)]
    while found[-1] < last - timedelta(days=last.day - 1):
        found.append(add_months(found[-1], 1))
    return found


URLS = [path("quotes/<str:quote_id>/forecast/", quote_forecast, name="quote_forecast")]
