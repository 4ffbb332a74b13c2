"""The parts that a quote's page and its builder share: lines, the waterfall, what is due when, the verdict."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.agree.catalog.pages import price_cell
from cashline.flow.agree.quotes.queries import QuoteLineRow, QuoteRow
from cashline.flow.agree.quotes.rules import DiscountVerdict, OfferLine, plain
from cashline.flow.agree.quotes.rules.waterfalls import OfferWaterfall
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.platform.pages.anatomies import Section
from cashline.platform.pages.components import (
    Cell,
    Chart,
    Column,
    KeyValue,
    Label,
    MoneyCell,
    Notice,
    Row,
    Series,
    Table,
    Tone,
)

INTERVALS: Mapping[int, Label] = {
    0: lazy("once"),
    1: lazy("monthly"),
    3: lazy("quarterly"),
    6: lazy("half-yearly"),
    12: lazy("yearly"),
}
LINE_COLUMNS = (
    Column("description", lazy("Product"), place="title"),
    Column("quantity", lazy("Quantity"), "number"),
    Column("paid", lazy("Paid")),
    Column("list_price", lazy("List price"), "money", place="hidden"),
    Column("discount", lazy("Line discount"), "percent"),
    Column("unit_price", lazy("Net price"), "money"),
    Column("total", lazy("Total"), "money", place="amount"),
)
PREVIEW_COLUMNS = (
    Column("description", lazy("Product"), place="title"),
    Column("unit_price", lazy("Net price"), "money"),
    Column("total", lazy("Total"), "money", place="amount"),
)


def paid_words(interval_months: int, term_months: int) -> str:
    """How often and how long something is paid."""
    every = str(INTERVALS.get(interval_months) or _("every %(months)s months") % {"months": interval_months})
    return f"{every}, {_('%(months)s months') % {'months': term_months}}" if term_months else every


def line_table(row: QuoteRow, lines: Sequence[QuoteLineRow]) -> Table:
    """The lines of a version; each total opens its derivation."""
    total = Money(sum((line.net_total for line in lines), Decimal(0)), row.currency)
    return Table(LINE_COLUMNS, tuple(_line(row, line) for line in lines), totals={"total": total})


def _line(row: QuoteRow, line: QuoteLineRow) -> Row:
    explain = reverse("quote_line_why", args=[public("quote", row.id), public("quote_line", line.id)])
    cells: dict[str, Any] = {
        "description": Cell(line.description, sub=line.sku),
        "quantity": line.quantity,
        "paid": paid_words(line.interval_months, line.term_months),
        "list_price": Money(line.list_price, row.currency),
        "discount": line.discount_percent or None,
        "unit_price": price_cell(line.unit_price, row.currency, line.included_tax_rate),
        "total": MoneyCell(Money(line.net_total, row.currency), explain=explain),
    }
    return Row(public("quote_line", line.id), cells)


def preview_table(lines: Sequence[OfferLine], currency: str) -> Table:
    """The priced lines beside the builder."""
    rows = tuple(
        Row(
            str(line.line_no),
            {
                "description": Cell(line.description, sub=paid_words(line.interval_months, line.term_months)),
                "unit_price": price_cell(line.unit_price, currency, line.included_tax_rate),
                "total": Money(line.net_total, currency),
            },
        )
        for line in lines
    )
    return Table(PREVIEW_COLUMNS, rows, empty=_("Add a product to see its price."))


def waterfall_chart(fall: OfferWaterfall, currency: str) -> Chart:
    """From list prices to net, over all terms."""
    changes = (
        (_("Quantity tiers"), fall.tiers),
        (_("Line discounts"), fall.line_discounts),
        (_("Document discount"), fall.document_discount),
    )
    steps = (
        (_("List prices"), fall.list_prices),
        *((name, amount) for name, amount in changes if amount),
        (_("Net"), fall.net),
    )
    return Chart(
        _("From list to net"),
        "waterfall",
        _("How list prices become the net total of the offer."),
        tuple(name for name, _amount in steps),
        (Series(_("Amount"), tuple(amount for _name, amount in steps)),),
        unit=currency,
        height=220,
    )


def due_facts(amounts: Mapping[int, Decimal], currency: str) -> tuple[KeyValue, ...]:
    """What is due once and by each interval."""
    return tuple(
        KeyValue(
            _("Due once") if not months else _("Due %(interval)s") % {"interval": INTERVALS.get(months, months)},
            Money(amount, currency),
        )
        for months, amount in sorted(amounts.items())
    )


def total_section(
    list_total: Decimal, net_total: Decimal, amounts: Mapping[int, Decimal], verdict: DiscountVerdict, currency: str
) -> Section:
    """The money of an offer in short."""
    return Section(
        _("Totals"),
        facts=(
            KeyValue(_("List prices"), Money(list_total, currency)),
            KeyValue(_("Discount"), f"{plain(verdict.discount)} %", _("off the list")),
            KeyValue(_("Net total"), Money(net_total, currency), _("over all terms, without tax")),
            *due_facts(amounts, currency),
        ),
    )


def verdict_notice(verdict: DiscountVerdict) -> Notice:
    """May the reader give that discount?"""
    limit = {"discount": plain(verdict.discount), "limit": plain(verdict.limit)}
    if not verdict.needs_approval:
        return Notice(_("%(discount)s %% is within your authority of %(limit)s %%.") % limit, Tone.SUCCESS)
    detail = ""
    if verdict.passing_document_discount is not None:
        passing = {"passing": plain(verdict.passing_document_discount)}
        detail = _("A document discount of %(passing)s %% would need no approval.") % passing
    text = _("%(discount)s %% off the list is beyond your authority of %(limit)s %%: another person must approve it.")
    return Notice(text % limit, Tone.WARNING, detail)
