"""The console's reports: receivables by age, and the waterfall of deferred revenue."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.report.statements.queries import ageing, deferred_waterfall
from cashline.flow.report.statements.rules import BUCKETS, AgeingRow, DeferredMonth, EntityAgeing
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.kernel.periods import add_months
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.platform.company.queries import Entity, entities
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import BoardPage, Section
from cashline.platform.pages.components import CellValue, Chart, Column, Pill, Row, Series, Stat, Table, Tone, View
from cashline.platform.pages.render import render_board

BUCKET_WORDS = (lazy("Not due"), lazy("1–30"), lazy("31–60"), lazy("61–90"), lazy("91–120"), lazy("Over 120"))
SHOWN = 100
AGES = (
    Column("customer", lazy("Customer"), place="title"),
    *(Column(key, word, "money") for key, word in zip(BUCKETS, BUCKET_WORDS, strict=True)),
    Column("total", lazy("Open"), "money", place="amount"),
)
CONTROL = (
    Column("entity", lazy("Legal entity"), place="title"),
    Column("total", lazy("Open invoices"), "money"),
    Column("control", lazy("Receivable account"), "money"),
    Column("unapplied", lazy("Unapplied money"), "money"),
    Column("state", lazy("State"), "pill", place="state"),
)
MONTHS = (
    Column("month", lazy("Month"), "code", place="title"),
    Column("opening", lazy("Opening"), "money"),
    Column("billed", lazy("Billed"), "money"),
    Column("recognised", lazy("Recognised"), "money"),
    Column("other", lazy("Other"), "money"),
    Column("closing", lazy("Closing"), "money", place="amount"),
)


def ageing_page(request: HttpRequest) -> HttpResponse:
    """Who owes how much for how long, beside the account of the journal that it must equal."""
    caller = caller_of(request)
    caller.require("reports.read")
    as_of = _day(request, "as_of", caller.today())
    found = ageing(as_of, entity_ids=caller.entities("reports.read"), limit=SHOWN)
    names = {one.id: one.name for one in entities()}
    sections = [
        Section(names[one.entity_id], chart=_age_chart(one, names[one.entity_id]))
        for one in found.entities
        if one.total
    ]
    rows = tuple(_age(row) for row in found.rows)
    title = _("Customers") if len(rows) < SHOWN else _("The hundred customers who owe most")
    sections.append(Section(title, Table(AGES, rows, empty=_("Nobody owes anything."))))
    control = tuple(_control(one, names[one.entity_id]) for one in found.entities)
    sections.append(Section(_("Against the journal"), Table(CONTROL, control)))
    subtitle = _("At the end of %(day)s, by days overdue") % {"day": as_of.isoformat()}
    return render_board(request, BoardPage(_("Receivables ageing"), sections=tuple(sections), subtitle=subtitle))


def _age_chart(one: EntityAgeing, name: str) -> Chart:
    return Chart(
        name,
        "bar",
        _("Open invoices by days overdue, in the entity's currency."),
        tuple(str(word) for word in BUCKET_WORDS),
        (Series(_("Open"), one.buckets),),
        unit=one.currency,
    )


def _age(row: AgeingRow) -> Row:
    key = public("customer", row.customer_id)
    cells: dict[str, CellValue] = {
        "customer": row.customer_name,
        "total": Money(row.total, row.currency),
        **{name: Money(amount, row.currency) for name, amount in zip(BUCKETS, row.buckets, strict=True)},
    }
    return Row(f"{key}-{row.currency}-{row.entity_id}", cells, reverse("customer_detail", args=[key]))


def _control(one: EntityAgeing, name: str) -> Row:
    return Row(
        str(one.entity_id),
        {
            "entity": name,
            "total": Money(one.total, one.currency),
            "control": Money(one.control, one.currency),
            "unapplied": Money(one.unapplied, one.currency),
            "state": Pill(_("Ties"), Tone.SUCCESS) if one.ties else Pill(_("Differs"), Tone.DANGER),
        },
    )


def deferred_page(request: HttpRequest) -> HttpResponse:
    """What was billed and not earned, month by month: opening + billed − recognised = closing."""
    caller = caller_of(request)
    entity, views = _chosen(request)
    caller.require("reports.read", entity.id)
    today = caller.today(entity.timezone)
    last = add_months(_day(request, "until", today).replace(day=1), 1)
    found = deferred_waterfall(entity.id, start=add_months(last, -12), end=last, today=today)
    chart = Chart(
        _("Deferred revenue"),
        "waterfall",
        _("Deferred revenue at the start, what each month added by billing less what it recognised, and at the end."),
        (_("Start"), *(f"{one.month:%b %Y}" for one in found.months), _("End")),
        (
            Series(
                _("Deferred"),
                (
                    found.months[0].opening,
                    *(one.closing - one.opening for one in found.months),
                    found.months[-1].closing,
                ),
            ),
        ),
        unit=entity.currency,
    )
    stats = (
        Stat(_("Contract liabilities"), Money(found.liability, entity.currency)),
        Stat(_("Contract assets"), Money(found.asset, entity.currency)),
        Stat(_("Contracts"), found.contracts),
    )
    table = Table(MONTHS, tuple(_month(one, entity.currency) for one in found.months))
    sections = (Section(_("Waterfall"), chart=chart), Section(_("Month by month"), table))
    subtitle = _("%(entity)s, in %(currency)s") % {"entity": entity.name, "currency": entity.currency}
    page = BoardPage(_("Deferred revenue"), stats=stats, sections=sections, views=views, subtitle=subtitle)
    return render_board(request, page)


def _month(one: DeferredMonth, currency: str) -> Row:
    last = add_months(one.month, 1) - timedelta(days=1)
    cells: dict[str, CellValue] = {
        name: Money(getattr(one, name), currency) for name in ("opening", "billed", "recognised", "other", "closing")
    }
    address = f"{reverse('revenue_list')}?month={one.month:%Y-%m}"
    return Row(last.isoformat(), {"month": f"{one.month:%Y-%m}"} | cells, address)


def _chosen(request: HttpRequest) -> tuple[Entity, tuple[View, ...]]:
    allowed = caller_of(request).entities("reports.read")
    found = [one for one in entities() if allowed is None or one.id in allowed]
    wanted = request.GET.get("entity", found[0].code if found else "")
    entity = next((one for one in found if one.code == wanted), None)
    if entity is None:
        raise NotFound(f"There is no legal entity {wanted!r}.", field="entity")
    address = reverse("deferred_waterfall")
    return entity, tuple(View(one.name, f"{address}?entity={one.code}", current=one is entity) for one in found)


def _day(request: HttpRequest, name: str, default: date) -> date:
    text = request.GET.get(name, "")
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        raise InvalidValue(f"{text!r} is no day.", field=name) from None


URLS = [
    path("ageing/", ageing_page, name="ageing"),
    path("deferred-revenue/", deferred_page, name="deferred_waterfall"),
]
