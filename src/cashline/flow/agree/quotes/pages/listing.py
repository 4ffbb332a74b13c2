"""The list of quotes."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.agree.pricing.rules.waterfall import discount_percent
from cashline.flow.agree.quotes import queries
from cashline.flow.agree.quotes.pages.builder import (
    address,
)
from cashline.flow.agree.quotes.queries import QuoteRow
from cashline.flow.agree.quotes.rules import QuoteStatus
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.kernel.rounding import round_to
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Column,
    Filter,
    Option,
    Row,
    View,
    pill,
)
from cashline.platform.pages.render import render_list

STATUSES = tuple(Option(status.value, pill(status).label) for status in QuoteStatus)
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("customer", lazy("Customer"), sort=True),
    Column("title", lazy("Title"), sort=True),
    Column("status", lazy("State"), "pill", sort=True, place="state"),
    Column("net_total", lazy("Value"), "money", sort=True, place="amount"),
    Column("discount", lazy("Discount"), "percent"),
    Column("valid_until", lazy("Valid until"), "date", sort=True),
    Column("owner", lazy("Seller"), place="hidden"),
    Column("created_at", lazy("Made"), "date", sort=True, place="hidden"),
    Column("version", lazy("Version"), "number", only_export=True),
)
FILTERS = (
    Filter.search(lazy("Number, title, customer or contact")),
    Filter.choice("status", lazy("State"), STATUSES),
    Filter.dates("valid_until", lazy("Valid until")),
    Filter.amounts("net_total", lazy("Value")),
)


def quote_list(request: HttpRequest) -> HttpResponseBase:
    """All quotes that the caller may see."""
    caller = caller_of(request)
    caller.require("quotes.read")

    def fetch(ask: ListAsk) -> RowPage:
        days, amounts = ask.date_range("valid_until"), ask.amount_range("net_total")
        page = queries.list_quotes(
            ask.page,
            words=ask.text(),
            statuses=ask.choices("status"),
            entity_ids=caller.entities("quotes.read"),
            valid_from=days.start,
            valid_before=days.end,
            least_total=amounts.least,
            most_total=amounts.most,
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    new = Action.link(_("New quote"), reverse("quote_new"), icon="plus", primary=True, key="n")
    may = caller.authority.allows("quotes.write")
    empty = Empty(_("No quotes yet"), _("A quote mixes goods, subscriptions and services."), new if may else None)
    views = tuple(
        View(words, f"{reverse('quote_list')}{asked}", request.GET.urlencode() == asked.removeprefix("?"))
        for words, asked in (
            (_("All"), ""),
            (_("To approve"), "?status=in_approval"),
            (_("With the customer"), "?status=sent"),
            (_("Drafts"), "?status=draft"),
        )
    )
    page = ListPage(
        _("Quotes"), COLUMNS, fetch, FILTERS, "-created_at", empty, views, (new,) if may else (), filename="quotes"
    )
    return render_list(request, page)


def _row(row: QuoteRow) -> Row:
    cells: dict[str, Any] = {
        "number": row.number,
        "customer": row.customer_name,
        "title": row.title,
        "status": pill(row.status),
        "net_total": Money(row.net_total, row.currency),
        "discount": round_to(discount_percent(row.list_total, row.net_total), 2).normalize() or None,
        "valid_until": row.valid_until,
        "owner": row.owner_name,
        "created_at": row.created_at,
        "version": row.version,
    }
    return Row(public("quote", row.id), cells, address(row.id))
