"""What the pages of the portal share: how often something is paid, in words, and files for the customer."""

from datetime import date, timedelta
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cashline.flow.agree.pricing.rules.including import price_with_tax
from cashline.kernel.identifiers import key_of
from cashline.kernel.money import Money, minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.documents.queries import StoredContent, file
from cashline.platform.pages.components import MoneyCell
from cashline.platform.pages.formats import format_money
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import ngettext
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.frame import visitor


def every(months: int) -> str:
    """How often: once, monthly, yearly, every so many months."""
    if not months:
        return _("once")
    known = {1: _("a month"), 3: _("a quarter"), 12: _("a year")}
    return known.get(months) or ngettext("every %(n)s month", "every %(n)s months", months) % {"n": months}


def term(months: int) -> str:
    """How long something runs."""
    if not months:
        return ""
    if months % 12 == 0:
        years = months // 12
        return ngettext("for %(n)s year", "for %(n)s years", years) % {"n": years}
    return ngettext("for %(n)s month", "for %(n)s months", months) % {"n": months}


def plain(number: Decimal) -> Decimal:
    """A quantity or rate without the zeros that the column adds."""
    return round_to(number, 0) if number == number.to_integral_value() else number.normalize()


def money(amount: Decimal, currency: str) -> Money:
    """An amount of the books, to its minor units."""
    return Money(round_to(amount, minor_units(currency)), currency)


def price(amount: Decimal, currency: str) -> Money:
    """A price for one unit, which may carry more digits than an amount."""
    digits = minor_units(currency)
    exact = plain(amount)
    return Money(round_to(amount, digits) if round_to(amount, digits) == exact else exact, currency)


def price_cell(amount: Decimal, currency: str, included_tax_rate: Decimal | None, more: str = "") -> MoneyCell:
    """A price for one unit; below it the price with tax, where it was given so, and what else is said of it."""
    given = price_with_tax(amount, included_tax_rate)
    words = _("%(price)s with tax") % {"price": format_money(price(given, currency))} if given is not None else ""
    return MoneyCell(price(amount, currency), sub=" · ".join(part for part in (words, more) if part))


def last_day(end: date | None) -> date | None:
    """The last day of a period that ends before `end`."""
    return end - timedelta(days=1) if end else None


def method_word(method: str) -> str:
    """How money came."""
    known = {
        "card": _("Card"),
        "bank_transfer": _("Bank transfer"),
        "direct_debit": _("Direct debit"),
        "cash": _("Cash"),
        "other": _("Other"),
        "tax_withheld": _("Tax withheld"),
    }
    return known.get(method, method.replace("_", " ").capitalize())


def download(content: StoredContent, *, inline: bool = False) -> HttpResponse:
    """A stored file; inline only what a browser shows safely by itself."""
    answer = HttpResponse(content.content, content_type=content.file.media_type)
    shown = inline and content.file.media_type == "application/pdf"
    answer["Content-Disposition"] = f'{"inline" if shown else "attachment"}; filename="{content.file.file_name}"'
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_safe
def stored_file(request: HttpRequest, file_id: str) -> HttpResponse:
    """One of the customer's files by its id."""
    who = visitor(request)
    with as_portal(who.customer_id):
        content = file(key_of("file", file_id))
    return download(content, inline="inline" in request.GET)
