"""Receivables by age: by legal entity and customer beside the control account, down to the invoices of a bucket."""

from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.agree.customers.queries import customer
from cashline.flow.report.statements.pages.choosing import chosen_day
from cashline.flow.report.statements.queries import AGEING, open_invoices
from cashline.flow.report.statements.rules import BUCKETS, AgeBy, AgeingAsked, AgeingRow, EntityAgeing, OpenInvoice
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.company.queries import entities
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.paging import decode_cursor, page_of
from cashline.platform.pages.anatomies import BoardPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    CellValue,
    Chart,
    Column,
    Crumb,
    MoneyCell,
    Pill,
    Row,
    Series,
    Table,
    Tone,
    View,
)
from cashline.platform.pages.formats import format_day, with_instant
from cashline.platform.pages.render import COUNTING_SECONDS, render_board, render_counting, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.snapshots.actions import look

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
INVOICES = (
    Column("number", lazy("Invoice"), "code", place="title"),
    Column("customer", lazy("Customer")),
    Column("issued_on", lazy("Issued"), "date"),
    Column("due_on", lazy("Due"), "date"),
    Column("days", lazy("Days overdue"), "number"),
    Column("gross", lazy("Billed"), "money"),
    Column("open", lazy("Open"), "money", place="amount"),
)


def ageing_page(request: HttpRequest) -> HttpResponse:
    """Who owes how much for how long, beside the account of the journal that it must equal."""
    caller = caller_of(request)
    caller.require("reports.read")
    as_of = chosen_day(request, "as_of", caller.today())
    by = AgeBy.ISSUED if request.GET.get("by") == "issued" else AgeBy.DUE
    mine = caller.entities("reports.read")
    asked = AgeingAsked(
        None if as_of == caller.today() else as_of, by, None if mine is None else tuple(mine), limit=SHOWN
    )
    shown = look(AGEING, asked, timezone="UTC", now=caller.now, actor=caller.actor)
    if shown is None:
        return render_counting(request, _("Receivables ageing"), _views(caller.today(), as_of, by))
    found = shown.answer
    names = {one.id: one.name for one in entities()}
    sections = [
        Section(names[one.entity_id], chart=_chart(one, names[one.entity_id], as_of, by))
        for one in found.entities
        if one.total
    ]
    rows = tuple(_row(row, as_of, by) for row in found.rows)
    title = _("Customers") if len(rows) < SHOWN else _("The hundred customers who owe most")
    sections.append(Section(title, Table(AGES, rows, empty=_("Nobody owes anything."))))
    control = tuple(_control(one, names[one.entity_id]) for one in found.entities)
    sections.append(Section(_("Against the journal"), Table(CONTROL, control)))
    days = {"due": _("by days overdue"), "issued": _("by days since they were issued")}[by.value]
    page = BoardPage(
        _("Receivables ageing"),
        sections=tuple(sections),
        views=_views(caller.today(), as_of, by),
        actions=(Action.link(_("Invoices"), _invoices_url(as_of, by), icon="receipt-text"),),
        subtitle=with_instant(_("At the end of %(day)s, %(days)s") % {"day": format_day(as_of), "days": days}, shown),
        refresh_seconds=COUNTING_SECONDS if shown.renewed else 0,
    )
    return render_board(request, page)


def _views(today: date, as_of: date, by: AgeBy) -> tuple[View, ...]:
    """Today, the ends of the last months, and the other way to age."""
    month = today.replace(day=1) - timedelta(days=1)
    before = month.replace(day=1) - timedelta(days=1)
    address = reverse("ageing")
    days = [(_("Today"), today), (format_day(month), month), (format_day(before), before)]
    found = [
        View(words, f"{address}?{urlencode({'as_of': day, 'by': by.value})}", current=day == as_of)
        for words, day in days
    ]
    other = AgeBy.DUE if by is AgeBy.ISSUED else AgeBy.ISSUED
    words = _("By due day") if other is AgeBy.DUE else _("By day of issue")
    return (*found, View(words, f"{address}?{urlencode({'as_of': as_of, 'by': other.value})}"))


def _invoices_url(as_of: date, by: AgeBy, *, customer_id: UUID | None = None, bucket: int | None = None) -> str:
    asked = {"as_of": as_of.isoformat(), "by": by.value}
    if customer_id is not None:
        asked["customer"] = public("customer", customer_id)
    if bucket is not None:
        asked["bucket"] = BUCKETS[bucket]
    return f"{reverse('ageing_invoices')}?{urlencode(asked)}"


def _chart(one: EntityAgeing, name: str, as_of: date, by: AgeBy) -> Chart:
    return Chart(
        name,
        "bar",
        _("Open invoices by days overdue, in the entity's currency."),
        tuple(str(word) for word in BUCKET_WORDS),
        (Series(_("Open"), one.buckets),),
        unit=one.currency,
        urls=tuple(_invoices_url(as_of, by, bucket=place) for place in range(len(BUCKETS))),
    )


def _row(row: AgeingRow, as_of: date, by: AgeBy) -> Row:
    key = public("customer", row.customer_id)
    cells: dict[str, CellValue] = {
        "customer": row.customer_name,
        "total": Money(row.total, row.currency),
    }
    for place, (name, amount) in enumerate(zip(BUCKETS, row.buckets, strict=True)):
        url = _invoices_url(as_of, by, customer_id=row.customer_id, bucket=place) if amount else ""
        cells[name] = MoneyCell(Money(amount, row.currency), url=url) if amount else None
    url = _invoices_url(as_of, by, customer_id=row.customer_id)
    return Row(f"{key}-{row.currency}-{row.entity_id}", cells, url)


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


def ageing_invoices(request: HttpRequest) -> HttpResponseBase:
    """The invoices behind an ageing: of all, of a customer, of a bucket; the oldest first."""
    caller = caller_of(request)
    caller.require("reports.read")
    as_of = chosen_day(request, "as_of", caller.today())
    by = AgeBy.ISSUED if request.GET.get("by") == "issued" else AgeBy.DUE
    named = request.GET.get("customer", "")
    one = customer(key_of("customer", named)) if named else None
    bucket = next((place for place, name in enumerate(BUCKETS) if name == request.GET.get("bucket")), None)
    mine = caller.entities("reports.read")

    def fetch(ask: ListAsk) -> RowPage:
        found = open_invoices(
            as_of,
            by=by,
            entity_ids=mine,
            customer_id=one.id if one else None,
            bucket=bucket,
            limit=ask.page.limit + 1,
            after=decode_cursor(ask.page.cursor),
        )
        page = page_of(found, ask.page.limit, lambda item: item.invoice_id)
        return RowPage(tuple(_invoice(item) for item in page.items), page.next_cursor)

    words = str(BUCKET_WORDS[bucket]) if bucket is not None else _("all ages")
    who = one.name if one else _("all customers")
    page = ListPage(
        _("Open invoices"),
        INVOICES,
        fetch,
        empty=Empty(_("Nothing is open there."), icon="circle-check"),
        crumbs=(Crumb(_("Receivables ageing"), f"{reverse('ageing')}?{urlencode({'as_of': as_of, 'by': by.value})}"),),
        subtitle=_("%(who)s, %(words)s, at the end of %(day)s")
        % {"who": who, "words": words, "day": format_day(as_of)},
        filename=f"open-invoices-{as_of.isoformat()}",
    )
    return render_list(request, page)


def _invoice(item: OpenInvoice) -> Row:
    cells: dict[str, CellValue] = {
        "number": item.number,
        "customer": item.customer_name,
        "issued_on": item.issued_on,
        "due_on": item.due_on,
        "days": item.days,
        "gross": Money(item.gross, item.currency),
        "open": Money(item.open_amount, item.currency),
    }
    return Row(public("invoice", item.invoice_id), cells, address_of("invoice", item.invoice_id))


URLS = [
    path("ageing/", ageing_page, name="ageing"),
    path("ageing/invoices/", ageing_invoices, name="ageing_invoices"),
]
