"""The console's page of what if: other stand-alone prices of products, as a difference of revenue by month."""

from calendar import monthrange
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.recognise.revenue.queries.supposing import SupposedDifference, product_prices, suppose_prices
from cashline.flow.recognise.revenue.rules.contracts import require_near
from cashline.kernel.money import Money, to_decimal
from cashline.kernel.refusals import InvalidValue
from cashline.platform.company.queries import Entity, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.acting import read_dialog
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import Action, CellValue, Column, Crumb, KeyValue, Option, Row, Table
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document
from cashline.platform.pages.supposing import day_asked, suppose
from cashline.platform.pages.threads import address_of

MONTHS = (
    Column("month", lazy("Month"), place="title"),
    Column("kind", lazy("Kind"), place="state"),
    Column("now", lazy("As agreed"), "money"),
    Column("then", lazy("As supposed"), "money"),
    Column("difference", lazy("Difference"), "money", place="amount"),
)
CONTRACTS = (
    Column("contract", lazy("Contract"), "code", place="title"),
    Column("moves", lazy("Moves in all"), "money", place="amount"),
)
REFUSED = (Column("contract", lazy("Contract"), "code", place="title"), Column("why", lazy("Why")))
MOST_PRICES = 100
_MOST = Decimal("1e10")


def _fields(caller: Caller, request: HttpRequest) -> tuple[Field, ...]:
    owners = tuple(Option(one.code, one.name) for one in caller.own_entities("revenue.read"))
    today = caller.today()
    last = today.replace(day=monthrange(today.year, today.month)[1])
    return (
        Field("entity", lazy("Legal entity"), "choice", options=owners, value=request.GET.get("entity", "")),
        Field("through", lazy("Through"), "date", value=last),
        Field(
            "prices",
            lazy("Stand-alone prices"),
            "textarea",
            value=request.GET.get("prices", ""),
            max_length=4000,
            hint=lazy("One product a line with its price alone, such as SENSOR-1 = 178.00."),
        ),
    )


def read_prices(text: str) -> dict[str, Decimal]:
    """Prices by SKU as they are written, a product a line; raises InvalidValue."""
    found: dict[str, Decimal] = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        sku, sign, price = (one.strip() for one in line.rpartition("="))
        amount = to_decimal(price, field="prices")
        if not sku or not sign or not 0 < amount < _MOST:
            raise InvalidValue(_("Write a product, the sign = and a price above zero on each line."), field="prices")
        found[sku] = amount
    if not 0 < len(found) <= MOST_PRICES:
        raise InvalidValue(_("Suppose the prices of 1 to 100 products."), field="prices")
    return found


def revenue_what_if(request: HttpRequest) -> HttpResponse:
    """What would be recognised otherwise if products were sold alone for other prices; nothing is kept."""
    caller = caller_of(request)
    caller.require("revenue.read")
    ask = Action(_("Suppose prices"), reverse("revenue_suppose"), "primary", fields=_fields(caller, request), key="n")
    crumbs = (Crumb(_("Revenue"), reverse("revenue_list")),)
    if "prices" not in request.GET:
        told = _("Other stand-alone prices move what each obligation of a contract is allocated, and its months.")
        nothing = (Section(_("Nothing is supposed yet"), text=told),)
        page = DocumentPage(_("What if"), _("other prices"), actions=(ask,), sections=nothing, crumbs=crumbs)
        return render_document(request, page)
    owner, through, prices = _asked(caller, request)
    found = suppose_prices(product_prices(prices), entity_id=owner.id, through=through)
    page = DocumentPage(
        _("What if"),
        owner.code,
        subtitle=_("The difference that a run would post; nothing is kept."),
        actions=(ask,),
        facts=(
            KeyValue(_("Legal entity"), owner.name),
            KeyValue(_("Through"), through),
            KeyValue(_("Contracts that change"), found.agreements),
            KeyValue(_("Supposed"), ", ".join(f"{sku} {price.normalize():f}" for sku, price in prices.items())),
        ),
        sections=_sections(found),
        crumbs=crumbs,
    )
    return render_document(request, page)


def _asked(caller: Caller, request: HttpRequest) -> tuple[Entity, date, dict[str, Decimal]]:
    owner = entity_by_code(request.GET.get("entity", "")[:8])
    caller.require("revenue.read", owner.id)
    through = day_asked(request, "through")
    require_near(through, caller.today(owner.timezone))
    return owner, through, read_prices(request.GET.get("prices", ""))


def _sections(found: SupposedDifference) -> tuple[Section, ...]:
    months = tuple(
        _month(currency, month, kind, now, then)
        for (currency, month, kind), (now, then) in sorted(found.totals.items())
    )
    contracts = tuple(
        _contract(found, key, "moves", Money(amount, currency)) for key, currency, amount in found.contracts
    )
    refused = tuple(_contract(found, key, "why", why) for key, why in found.refused)
    empty = _("Nothing would change.")
    sections = [
        Section(_("Difference by month"), Table(MONTHS, months, empty=empty)),
        Section(_("Contracts that move most"), Table(CONTRACTS, contracts, empty=empty)),
    ]
    if refused:
        sections.append(Section(_("Could not be planned"), Table(REFUSED, refused)))
    return tuple(sections)


def _month(currency: str, month: date, kind: str, now: Decimal, then: Decimal) -> Row:
    cells: dict[str, CellValue] = {
        "month": f"{month:%Y-%m}",
        "kind": kind,
        "now": Money(now, currency),
        "then": Money(then, currency),
        "difference": Money(then - now, currency),
    }
    return Row(f"{currency}-{month}-{kind}", cells)


def _contract(found: SupposedDifference, key: UUID, column: str, value: CellValue) -> Row:
    return Row(str(key), {"contract": found.numbers[key], column: value}, address_of("agreement", key))


@require_POST
def revenue_suppose(request: HttpRequest) -> HttpResponse:
    """Show what the prices of the dialog would change."""
    caller = caller_of(request)
    caller.require("revenue.read")

    def read() -> dict[str, str]:
        typed = read_dialog(request, *_fields(caller, request))
        product_prices(read_prices(typed.text("prices")))
        through = typed.day("through") or caller.today()
        return {"entity": typed.text("entity"), "through": through.isoformat(), "prices": typed.text("prices")}

    here = reverse("revenue_what_if")
    return suppose(request, here, here, read)


URLS = [
    path("revenue/what-if/", revenue_what_if, name="revenue_what_if"),
    path("revenue/what-if/suppose/", revenue_suppose, name="revenue_suppose"),
]
