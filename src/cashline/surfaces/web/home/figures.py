"""The figures and charts of the home page, made of what the report stage read."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cashline.flow.report.metrics.queries import Board
from cashline.flow.report.metrics.rules import (
    DSO_DEFINITION,
    DayMoney,
    OpenReceivable,
    days_sales_outstanding,
    month_so_far,
    rolling_week,
    window_start,
)
from cashline.kernel.money import Money
from cashline.kernel.periods import add_months
from cashline.kernel.rounding import divide, round_to
from cashline.platform.pages.components import (
    Chart,
    Column,
    Label,
    Row,
    Series,
    Stage,
    StageCard,
    StageFigure,
    Stat,
    Table,
    Tone,
)
from cashline.platform.pages.formats import format_month, format_number, format_short, format_whole
from cashline.surfaces.web.home.scope import Converter, Scope
from cashline.surfaces.web.shell import address

ZERO = Decimal(0)
MONTHS = 12
AGES: tuple[Label, ...] = (
    gettext_lazy("Not due"),
    gettext_lazy("1–30 days"),
    gettext_lazy("31–60"),
    gettext_lazy("61–90"),
    gettext_lazy("91–120"),
    gettext_lazy("Over 120"),
)
STUCK_WHY: Mapping[str, Label] = {
    "quotes_open": gettext_lazy("await approval"),
    "agreements_unsigned": gettext_lazy("unsigned for two weeks"),
    "orders_held": gettext_lazy("on hold"),
    "orders_booked": gettext_lazy("cannot go on"),
    "to_bill": gettext_lazy("since yesterday or longer"),
    "invoices_overdue": gettext_lazy("by more than 30 days"),
    "payments_unapplied": gettext_lazy("not applied"),
}


def cards(read: Board) -> tuple[StageCard, ...]:
    """The flow, stage by stage."""
    return tuple(
        StageCard(
            Stage(stage.stage),
            _(stage.title),
            tuple(
                StageFigure(
                    _(figure.title),
                    figure.count,
                    tuple(Money(amount, code) for code, amount in figure.money if amount),
                    figure.address,
                    figure.stuck,
                    f"{address('stuck_list')}?stage={stage.stage}",
                    STUCK_WHY.get(figure.code, ""),
                )
                for figure in stage.figures
            ),
            stage.days,
        )
        for stage in read.stages
    )


def stats(scope: Scope, read: Board, rates: Converter) -> tuple[Stat, ...]:
    """How the month goes, what is late, and how long money takes."""
    named = (
        (
            "booked",
            _("Booked this month"),
            "order_list",
            _("Orders by their day, without tax and cancelled ones"),
        ),
        ("invoiced", _("Invoiced this month"), "invoice_list", _("Invoices less credit notes, without tax")),
        ("collected", _("Collected this month"), "payment_list", _("Money received less refunds")),
    )
    months = tuple(
        _month(scope, by_day(read.days, kind, rates), label, address(place), hint) for kind, label, place, hint in named
    )
    return (*months, _overdue(scope, read, rates), _dso(scope, read, rates))


def by_day(days: Sequence[DayMoney], kind: str, rates: Converter) -> dict[date, Decimal]:
    """The amounts of one kind by day, in one currency."""
    found: dict[date, Decimal] = {}
    for one in days:
        if one.kind == kind:
            found[one.day] = found.get(one.day, ZERO) + rates.amount(one.amount, one.currency)
    return found


def _month(scope: Scope, days: Mapping[date, Decimal], label: str, url: str, hint: str) -> Stat:
    now, then = month_so_far(days, scope.today)
    change, tone = _change(now, then, add_months(scope.today.replace(day=1), -1))
    return Stat(label, Money(now, scope.currency), url, change, tone, rolling_week(days, scope.today), hint)


def _change(now: Decimal, then: Decimal, month: date) -> tuple[str, Tone]:
    """This month beside the month before up to the same day."""
    name = {"month": format_month(month)}
    if not then:
        return (_("nothing by this day in %(month)s") % name if now else ""), Tone.NEUTRAL
    percent = round_to(divide((now - then) * 100, abs(then)), 0)
    if not percent:
        return _("as by this day in %(month)s") % name, Tone.NEUTRAL
    told = name | {"percent": format_number(abs(percent))}
    if percent > 0:
        return _("%(percent)s%% above %(month)s by this day") % told, Tone.SUCCESS
    return _("%(percent)s%% below %(month)s by this day") % told, Tone.WARNING


def _overdue(scope: Scope, read: Board, rates: Converter) -> Stat:
    whole = sum(by_age(scope, read.open, rates), ZERO)
    late = whole - by_age(scope, read.open, rates)[0]
    count = sum(one.invoices for one in read.open if one.bucket)
    value = Money(late, scope.currency)
    if not late:
        return Stat(_("Overdue"), value, address("ageing"), _("Nobody is late."), Tone.SUCCESS)
    told = {"count": format_number(count), "share": format_number(round_to(divide(late * 100, whole), 0))}
    text = ngettext(
        "%(count)s invoice, %(share)s%% of what is open", "%(count)s invoices, %(share)s%% of what is open", count
    )
    return Stat(_("Overdue"), value, address("ageing"), text % told, Tone.DANGER)


def by_age(scope: Scope, items: Sequence[OpenReceivable], rates: Converter) -> list[Decimal]:
    """What is open by age, in one currency: what it stands at in the entities' books, at today's rates."""
    found = [ZERO] * len(AGES)
    for one in items:
        found[one.bucket] += rates.amount(one.own, scope.entity(one.entity_id).currency)
    return found


def _dso(scope: Scope, read: Board, rates: Converter) -> Stat:
    ages = by_age(scope, read.open, rates)
    since = window_start(scope.today)
    days = by_day(read.days, "invoiced_with_tax", rates)
    invoiced = sum((amount for day, amount in days.items() if day >= since), ZERO)
    label = _("Days sales outstanding")
    found, best = days_sales_outstanding(sum(ages, ZERO), invoiced), days_sales_outstanding(ages[0], invoiced)
    if found is None or best is None:
        return Stat(label, None, address("ageing"), _("nothing invoiced in 90 days"), hint=DSO_DEFINITION)
    late = found.result - best.result
    text = _("%(days)s of them for lateness") % {"days": format_number(late)} if late > 0 else ""
    return Stat(label, found.result, address("ageing"), text, Tone.NEUTRAL, hint=DSO_DEFINITION)


STUCK = (
    Column("what", gettext_lazy("What"), place="title"),
    Column("count", gettext_lazy("How many"), "number", place="amount"),
    Column("money", gettext_lazy("Worth")),
    Column("since", gettext_lazy("Oldest"), "ago"),
)


def stuck_table(read: Board) -> Table:
    """What is stuck, one row for each way of being so; each leads to the documents themselves."""
    rows = tuple(
        Row(
            one.kind.code,
            {
                "what": _(one.kind.title),
                "count": one.count,
                "money": " · ".join(format_short(Money(amount, code)) for code, amount in one.money),
                "since": one.since,
            },
            f"{address('stuck_list')}?kind={one.kind.code}",
        )
        for one in read.held_up
    )
    return Table(STUCK, rows, caption=_("What is stuck"), empty=_("Nothing is stuck."))


def ageing_chart(scope: Scope, read: Board, rates: Converter) -> Chart:
    """What is owed by age, an entity beside the other."""
    by_entity = {
        entity.code: by_age(scope, [one for one in read.open if one.entity_id == entity.id], rates)
        for entity in scope.shown
    }
    series = tuple(Series(code, tuple(ages), "all") for code, ages in by_entity.items())
    ages = by_age(scope, read.open, rates)
    total, late = (Money(sum(part, ZERO), scope.currency) for part in (ages, ages[3:]))
    told = {"total": format_whole(total), "late": format_whole(late)}
    text = _("%(total)s are open; %(late)s of it is more than 60 days late.") % told
    return Chart(_("Receivables by age"), "bar", text, tuple(str(age) for age in AGES), series, unit=scope.currency)


def month_chart(scope: Scope, read: Board, rates: Converter) -> Chart:
    """What was invoiced, collected and earned in each month of a year."""
    first = scope.today.replace(day=1)
    months = tuple(add_months(first, back) for back in range(1 - MONTHS, 1))
    series, totals = [], {}
    for kind, name in (("invoiced", _("Invoiced")), ("collected", _("Collected")), ("earned", _("Earned"))):
        sums = dict.fromkeys(months, ZERO)
        for day, amount in by_day(read.days, kind, rates).items():
            if day.replace(day=1) in sums:
                sums[day.replace(day=1)] += amount
        series.append(Series(name, tuple(sums.values())))
        totals[kind] = format_whole(Money(sum(sums.values(), ZERO), scope.currency))
    text = _("In twelve months %(invoiced)s was invoiced, %(collected)s collected and %(earned)s earned.") % totals
    return Chart(
        _("Invoiced, collected and earned"),
        "bar",
        text,
        tuple(format_month(month) for month in months),
        tuple(series),
        unit=scope.currency,
    )
