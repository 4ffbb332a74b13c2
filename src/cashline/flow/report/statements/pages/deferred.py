"""Deferred revenue: its roll-forward by period as a waterfall, and what contracts are still to earn."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.recognise.ledger.queries.entries import accounts
from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.report.statements.pages.choosing import chosen_day, chosen_entity
from cashline.flow.report.statements.queries import DEFERRED, REMAINING
from cashline.flow.report.statements.rules import (
    DeferredAsked,
    DeferredPeriod,
    DeferredWaterfall,
    RemainingAsked,
    RemainingObligations,
)
from cashline.kernel.money import Money
from cashline.platform.company.queries import Entity, fiscal_calendar
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import BoardPage, Section
from cashline.platform.pages.components import CellValue, Chart, Column, MoneyCell, Row, Series, Stat, Table
from cashline.platform.pages.formats import format_month, period_name, with_instant
from cashline.platform.pages.render import COUNTING_SECONDS, render_board, render_counting
from cashline.platform.snapshots.actions import look

PERIODS = (
    Column("period", lazy("Period"), place="title"),
    Column("opening", lazy("Opening"), "money"),
    Column("billed", lazy("Billed"), "money"),
    Column("recognised", lazy("Recognised"), "money"),
    Column("other", lazy("Other"), "money"),
    Column("closing", lazy("Closing"), "money", place="amount"),
)
REMAINS = (
    Column("when", lazy("Earned"), place="title"),
    Column("amount", lazy("Amount"), "money", place="amount"),
)


def deferred_page(request: HttpRequest) -> HttpResponse:
    """What was billed and not earned, period by period: opening + billed − recognised = closing."""
    caller = caller_of(request)
    entity, views = chosen_entity(request, "deferred_waterfall")
    caller.require("reports.read", entity.id)
    today = caller.today(entity.timezone)
    calendar = fiscal_calendar(entity.id)
    until = calendar.period_of(chosen_day(request, "until", today))
    asked = DeferredAsked(entity.id, None if until == calendar.period_of(today) else until.last_day)
    shown = look(DEFERRED, asked, timezone=entity.timezone, now=caller.now, actor=caller.actor)
    if shown is None:
        return render_counting(request, _("Deferred revenue"), views)
    found = shown.answer
    stats = (
        Stat(_("Contract liabilities"), Money(found.liability, entity.currency), hint=_("Billed and not yet earned.")),
        Stat(_("Contract assets"), Money(found.asset, entity.currency), hint=_("Earned and not yet billed.")),
        Stat(_("Contracts"), found.contracts),
        Stat(_("Still to earn"), Money(sum((m for _d, m in found.ahead), Decimal(0)), entity.currency)),
    )
    lines = _lines_url(entity)
    table = Table(PERIODS, tuple(_period(one, entity, lines) for one in found.periods))
    sections = [Section(_("Waterfall"), chart=_waterfall(found)), Section(_("Period by period"), table)]
    remaining = look(REMAINING, RemainingAsked(entity.id), timezone=entity.timezone, now=caller.now, actor=caller.actor)
    if remaining is not None:
        sections.append(Section(_("Remaining performance obligations"), Table(REMAINS, _remains(remaining.answer))))
    if found.ahead:
        sections.append(Section(_("Still to earn"), chart=_ahead(found)))
    page = BoardPage(
        _("Deferred revenue"),
        stats=stats,
        sections=tuple(sections),
        views=views,
        subtitle=with_instant(
            _("%(entity)s, in %(currency)s") % {"entity": entity.name, "currency": entity.currency}, shown
        ),
        refresh_seconds=COUNTING_SECONDS if shown.renewed else 0,
    )
    return render_board(request, page)


def _remains(found: RemainingObligations) -> tuple[Row, ...]:
    """What remains, by when it will be earned."""
    told = (
        (_("Within a year"), found.within_a_year),
        (_("In the year after"), found.within_two_years),
        (_("Later"), found.later),
        (_("Without a known day: with deliveries to come"), found.waiting),
        (_("In all"), found.total),
    )
    return tuple(
        Row(f"remains-{index}", {"when": words, "amount": Money(amount, found.currency)})
        for index, (words, amount) in enumerate(told)
    )


def _lines_url(entity: Entity) -> str:
    """The lines of the contract position; a period's are chosen by days. Empty before the books are open."""
    role = AccountRole.CONTRACT_POSITION.value
    account = next((one for one in accounts([entity.id]) if one.role == role), None)
    return reverse("account_lines", args=[entity.code, str(account.id)]) if account else ""


def _period(one: DeferredPeriod, entity: Entity, lines: str) -> Row:
    """A period, each figure of which opens what it is made of: lines of the account, or revenue by its entries."""
    first, last = one.period.start, one.period.last_day
    days = urlencode({"day_from": first, "day_to": last})
    posted = urlencode({"posted_from": first, "posted_to": last, "entity": entity.code})
    before = urlencode({"day_to": first - timedelta(days=1)})
    made_of = {
        "opening": f"{lines}?{before}",
        "billed": f"{lines}?{days}",
        "recognised": f"{reverse('revenue_list')}?{posted}",
        "other": f"{lines}?{days}",
        "closing": f"{lines}?{urlencode({'day_to': last})}",
    }
    cells: dict[str, CellValue] = {
        name: MoneyCell(Money(getattr(one, name), entity.currency), url=url if lines else "")
        for name, url in made_of.items()
    }
    return Row(last.isoformat(), {"period": period_name(one.period)} | cells, f"{lines}?{days}" if lines else "")


def _waterfall(found: DeferredWaterfall) -> Chart:
    periods = found.periods
    steps = (periods[0].opening, *(one.closing - one.opening for one in periods), periods[-1].closing)
    return Chart(
        _("Deferred revenue"),
        "waterfall",
        _("Deferred revenue at the start, what each period added by billing less what it recognised, and at the end."),
        (_("Start"), *(period_name(one.period) for one in periods), _("End")),
        (Series(_("Deferred"), steps),),
        unit=found.currency,
    )


def _ahead(found: DeferredWaterfall) -> Chart:
    return Chart(
        _("Still to earn"),
        "bar",
        _("What contracts are still to earn by month, as their facts stood when revenue was last run."),
        tuple(format_month(month) for month, _amount in found.ahead),
        (Series(_("To earn"), tuple(amount for _month, amount in found.ahead)),),
        unit=found.currency,
    )


URLS = [path("deferred-revenue/", deferred_page, name="deferred_waterfall")]
