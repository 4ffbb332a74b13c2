"""The console's pages of the catalogue: products with their prices, and price books."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from cashline.flow.agree.catalog import actions, queries
from cashline.flow.agree.catalog.queries import PriceRow, ProductRow
from cashline.flow.agree.catalog.rules import NewPrice, NewPriceBook, NewProduct, ProductKind, TaxCategory
from cashline.flow.agree.customers.rules import countries
from cashline.flow.agree.pricing.rules.charges import Charge
from cashline.flow.agree.pricing.rules.including import price_with_tax
from cashline.flow.agree.pricing.rules.wording import describe, tiers_from_text
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import InvalidValue, Refusal, Refusals, raise_all
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, FormPage, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Filter,
    KeyValue,
    Label,
    MoneyCell,
    Option,
    Pill,
    Row,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field, FieldSet, Reading, errors_of, read_form, said
from cashline.platform.pages.formats import format_money
from cashline.platform.pages.render import done, render_document, render_form, render_list, render_options
from cashline.platform.pages.timelines import timeline_of

KIND_WORDS: dict[str, Label] = {
    "goods": _("Goods"),
    "subscription": _("Subscription"),
    "service": _("Service"),
}
PATTERNS: dict[str, Label] = {"point": _("when delivered"), "ratable_daily": _("day by day")}
KINDS = tuple(Option(kind.value, KIND_WORDS[kind]) for kind in ProductKind)
COLUMNS = (
    Column("sku", _("SKU"), "code", sort=True, place="title"),
    Column("name", _("Name"), sort=True),
    Column("kind", _("Kind"), sort=True, place="state"),
    Column("state", _("State"), "pill"),
    Column("unit", _("Unit"), place="hidden"),
    Column("tax", _("Tax category"), place="hidden"),
    Column("created_at", _("Since"), "date", sort=True, place="hidden"),
)
PRICED_MODELS = ("unit", "flat", "package", "overage")
MODELS = (
    Option("unit", _("For each unit")),
    Option("flat", _("One amount")),
    Option("package", _("For each package begun")),
    Option("graduated", _("Tiers, each at its price")),
    Option("volume", _("Tiers, all at the price reached")),
    Option("overage", _("Included units, then tiers")),
)
FILTERS = (
    Filter.search(_("SKU, name or description")),
    Filter.choice("kind", _("Kind"), KINDS),
    Filter.choice("state", _("State"), (Option("active", _("Sold")), Option("inactive", _("No longer sold")))),
)
PRICE_COLUMNS = (
    Column("book", _("Price book"), place="title"),
    Column("interval", _("Paid")),
    Column("price", _("Price"), "money", place="amount"),
    Column("model", _("Model"), place="state"),
    Column("valid_from", _("From"), "date"),
    Column("valid_until", _("Until"), "date"),
)
INTERVAL_WORDS: dict[int, Label] = {
    0: _("once"),
    1: _("monthly"),
    3: _("quarterly"),
    6: _("half-yearly"),
    12: _("yearly"),
}


def interval_words(months: int) -> Label:
    """How often something is paid."""
    return INTERVAL_WORDS.get(months) or _("every %(months)s months") % {"months": months}


def included_words(country: str) -> Label:
    """What a price book says of the tax in its prices; empty where they are without."""
    if not country:
        return ""
    return _("includes the tax of %(country)s") % {"country": countries(_language()).get(country, country)}


def _language() -> str:
    return (get_language() or "en").split("-")[0]


def price_cell(price: Decimal, currency: str, included_tax_rate: Decimal | None) -> MoneyCell:
    """A price without tax; below it the price with tax, where it was given so."""
    given = price_with_tax(price, included_tax_rate)
    words = "" if given is None else _("%(price)s with tax") % {"price": format_money(given, currency)}
    return MoneyCell(Money(price, currency), sub=words)


def address(product_id: UUID) -> str:
    """The page of a product."""
    return reverse("product_detail", args=[public("product", product_id)])


def product_list(request: HttpRequest) -> HttpResponseBase:
    """All products."""
    caller = caller_of(request)
    caller.require("catalog.read")

    def fetch(ask: ListAsk) -> RowPage:
        states = ask.choices("state")
        active = states[0] == "active" if len(states) == 1 else None
        page = queries.list_products(ask.page, words=ask.text(), kinds=ask.choices("kind"), active=active)
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    new = Action.link(_("New product"), reverse("product_new"), icon="plus", primary=True, key="n")
    may = caller.authority.allows("catalog.write")
    empty = Empty(_("No products yet"), _("What you sell stands here, with its prices."), new if may else None, "tag")
    page = ListPage(
        _("Products"), COLUMNS, fetch, FILTERS, "sku", empty, actions=(new,) if may else (), filename="products"
    )
    return render_list(request, page)


def _row(row: ProductRow) -> Row:
    cells: dict[str, Any] = {
        "sku": row.sku,
        "name": row.name,
        "kind": KIND_WORDS[row.kind],
        "state": _state(row),
        "unit": row.unit,
        "tax": row.tax_category,
        "created_at": row.created_at,
    }
    return Row(public("product", row.id), cells, address(row.id))


def _state(row: ProductRow) -> Pill:
    return Pill(_("Sold"), Tone.SUCCESS) if row.active else Pill(_("No longer sold"))


def product_detail(request: HttpRequest, product_id: str) -> HttpResponse:
    """One product with every price that it had or will have."""
    caller = caller_of(request)
    caller.require("catalog.read")
    row = queries.product(key_of("product", product_id))
    page = DocumentPage(
        _("Product"),
        row.sku,
        _state(row),
        subtitle=row.name,
        actions=_steps(row) if caller.authority.allows("catalog.write") else (),
        facts=_facts(row),
        sections=(Section(_("Prices"), _price_table(row, caller.today())),),
        timeline=timeline_of([row.id], current=row.id)[-50:],
    )
    return render_document(request, page)


def _facts(row: ProductRow) -> tuple[KeyValue, ...]:
    facts = (
        KeyValue(_("Kind"), KIND_WORDS[row.kind]),
        KeyValue(_("Description"), row.description),
        KeyValue(_("Unit"), row.unit, _("UNECE Recommendation 20")),
        KeyValue(_("Tax category"), row.tax_category.replace("_", " ").capitalize()),
        KeyValue(_("Billed"), row.billing_trigger.replace("_", " ")),
        KeyValue(_("Revenue"), PATTERNS.get(row.revenue_pattern, row.revenue_pattern)),
        KeyValue(_("Unit cost"), row.unit_cost),
        KeyValue(_("Provisioning key"), row.provisioning_key),
    )
    return tuple(fact for fact in facts if fact.value)


def _price_table(row: ProductRow, today: date) -> Table:
    books = {book.id: book.name for book in queries.price_books()}
    rows = tuple(_price_row(price, books[price.price_book_id], today) for price in queries.prices_of(row.id))
    return Table(PRICE_COLUMNS, rows, empty=_("No price yet: it cannot be quoted."))


def _price_row(price: PriceRow, book: str, today: date) -> Row:
    charge = Charge.from_json(price.charge)
    current = price.valid_from <= today and (price.valid_until is None or today < price.valid_until)
    cells: dict[str, Any] = {
        "book": Cell(
            book, sub=" · ".join(str(word) for word in (price.currency, included_words(price.tax_country)) if word)
        ),
        "interval": interval_words(price.interval_months),
        "price": Money(price.unit_price, price.currency),
        "model": Cell(str(price.charge["model"]).replace("_", " "), sub=" ".join(describe(charge))),
        "valid_from": price.valid_from,
        "valid_until": price.valid_until,
    }
    return Row(str(price.id), cells, tone=Tone.NEUTRAL if current else Tone.INFO)


def _steps(row: ProductRow) -> tuple[Action, ...]:
    key = public("product", row.id)
    books = tuple(
        Option(public("price_book", one.id), f"{one.name} ({one.currency})", included_words(one.tax_country))
        for one in queries.price_books()
    )
    price: tuple[Field, ...] = (
        Field("price_book", _("Price book"), "choice", options=books),
        Field("model", _("Model"), "choice", False, options=MODELS, value="unit", width="half"),
        Field("unit_price", _("Price"), "decimal", False, least=0, width="half", hint=_("Of a unit, package or all.")),
        Field("package_size", _("Units in a package"), "decimal", False, least=0, width="half"),
        Field("included_units", _("Units included"), "decimal", False, least=0, width="half"),
        Field(
            "tiers", _("Tiers"), "textarea", False, max_length=4000,
            hint=_("One a line: up to; price; fee. The last: *; price."),
        ),
        Field("valid_from", _("From"), "date", width="half"),
    )  # fmt: skip
    if row.kind == ProductKind.SUBSCRIPTION:
        options = tuple(Option(str(months), interval_words(months)) for months in INTERVAL_WORDS if months)
        price += (Field("interval_months", _("Paid"), "choice", options=options, value="1"),)
    verb = _("Stop selling") if row.active else _("Sell again")
    return (
        Action(_("Set a price"), reverse("product_price", args=[key]), "primary", fields=price, key="p"),
        Action.link(_("Edit"), reverse("product_edit", args=[key]), icon="pencil", key="e"),
        Action(verb, reverse("product_active", args=[key]), hidden={"active": "" if row.active else "1"}),
    )


@require_POST
def product_price(request: HttpRequest, product_id: str) -> HttpResponse:
    """Set a price from a day on."""
    caller = caller_of(request)
    caller.require("catalog.write")
    row = queries.product(key_of("product", product_id))
    wanted = (FieldSet("", tuple(one for action in _steps(row) for one in action.fields)),)
    read = read_form(request.POST, wanted)

    def step() -> None:
        raise_all([*(InvalidValue(error.message, field=error.field) for error in read.errors), *_wrong_price(read)])
        charge = Charge.from_json(_charge_of(read))
        new = NewPrice(
            key_of("price_book", read.text("price_book")),
            row.id,
            int(read.text("interval_months") or 0),
            read.day("valid_from") or date.max,
            charge.list_price,
            charge,
        )
        actions.set_prices([new], now=caller.now, actor=caller.actor)

    return take_step(request, address(row.id), str(_("The price is set.")), step)


def _charge_of(read: Reading) -> dict[str, Any]:
    """What was typed of a charge, in the form in which it is read; of each model only its parameters."""
    model = read.text("model") or "unit"
    given: dict[str, Any] = {"price": read.decimal("unit_price")}
    given |= {name: read.decimal(name) for name in ("package_size", "included_units")}
    given["tiers"] = tiers_from_text(read.text("tiers")) or None
    return {"model": model} | {name: value for name, value in given.items() if value is not None}


def _wrong_price(read: Reading) -> list[Refusal]:
    """What is wrong with the charge that was typed, but for values that are no numbers."""
    if read.errors:
        return []
    try:
        Charge.from_json(_charge_of(read))
    except Refusals as several:
        return list(several)
    except Refusal as refusal:
        return [refusal]
    unpriced = read.decimal("unit_price") is None and read.text("model") in ("", *PRICED_MODELS)
    return [InvalidValue(str(_("Give the price.")), field="unit_price")] if unpriced else []


@require_POST
def product_active(request: HttpRequest, product_id: str) -> HttpResponse:
    """Stop or go on selling a product."""
    caller = caller_of(request)
    caller.require("catalog.write")
    key = key_of("product", product_id)
    changes = {"active": bool(request.POST.get("active"))}
    sentence = _("The product is sold again.") if changes["active"] else _("The product is no longer sold.")
    return take_step(
        request,
        address(key),
        str(sentence),
        lambda: actions.change_product(key, changes=changes, now=caller.now, actor=caller.actor),
    )


def _fieldsets(row: ProductRow | None) -> tuple[FieldSet, ...]:
    taxes = tuple(Option(tax.value, tax.value.capitalize()) for tax in TaxCategory)
    first = (
        Field("sku", _("SKU"), width="quarter"),
        Field("kind", _("Kind"), "choice", options=KINDS, width="quarter"),
    )
    fields = (
        *(first if row is None else ()),
        Field("name", _("Name"), width="half"),
        Field("description", _("Description"), "textarea", False, max_length=2000),
        Field("unit", _("Unit"), value="C62", max_length=3, hint=_("UNECE code; C62 is one piece."), width="quarter"),
        Field("tax_category", _("Tax category"), "choice", options=taxes, value="standard", width="quarter"),
        Field("unit_cost", _("Unit cost"), "decimal", False, least=0, width="quarter"),
        Field("provisioning_key", _("Provisioning key"), required=False, width="quarter"),
    )
    return (FieldSet(_("Product"), fields),)


def product_new(request: HttpRequest) -> HttpResponseBase:
    """Create a product."""
    caller = caller_of(request)
    caller.require("catalog.write")

    def save(read: Reading) -> Outcome:
        new = NewProduct(sku=read.text("sku"), kind=read.text("kind"), **_given(read))
        (key,) = actions.create_products([new], now=caller.now, actor=caller.actor)
        return Outcome(address(key), str(_("The product is created; set its price next.")))

    page = FormPage(_("New product"), request.path, _fieldsets(None), _("Create the product"), reverse("product_list"))
    return _answer(request, page, save)


def product_edit(request: HttpRequest, product_id: str) -> HttpResponseBase:
    """Change a product."""
    caller = caller_of(request)
    caller.require("catalog.write")
    row = queries.product(key_of("product", product_id))

    def save(read: Reading) -> Outcome:
        actions.change_product(row.id, changes=_given(read), now=caller.now, actor=caller.actor)
        return Outcome(address(row.id), str(_("The changes are saved.")))

    names = ("name", "description", "unit", "tax_category", "unit_cost", "provisioning_key")
    values = {name: str(getattr(row, name)) for name in names}
    values["unit_cost"] = f"{row.unit_cost.normalize():f}"
    page = FormPage(
        _("Edit %(sku)s") % {"sku": row.sku},
        request.path,
        _fieldsets(row),
        _("Save the changes"),
        address(row.id),
        values=values,
    )
    return _answer(request, page, save)


def _given(read: Reading) -> dict[str, Any]:
    names = ("name", "description", "unit", "tax_category", "provisioning_key")
    return {name: read.text(name) for name in names} | {"unit_cost": read.decimal("unit_cost") or Decimal(0)}


def _answer(request: HttpRequest, page: FormPage, save: Any) -> HttpResponseBase:
    """Show the form, or save what was sent; every error of every field at once."""
    if request.method == "POST":
        read = read_form(request.POST, page.fieldsets)
        errors = read.errors
        if not errors:
            try:
                outcome = once(request, lambda: save(read))
                return done(request, outcome.url, outcome.sentence)
            except Refusal as refusal:
                errors = errors_of(refusal)
        page = replace(page, values=read.raw, errors=errors)
    return render_form(request, page)


BOOK_COLUMNS = (
    Column("name", _("Name"), place="title"),
    Column("currency", _("Currency"), place="state"),
    Column("tax", _("Tax")),
    Column("default", _("Default"), "pill"),
)


def price_book_list(request: HttpRequest) -> HttpResponseBase:
    """All price books."""
    caller = caller_of(request)
    caller.require("catalog.read")

    def fetch(ask: ListAsk) -> RowPage:
        rows = [
            Row(
                public("price_book", book.id),
                {
                    "name": book.name,
                    "currency": book.currency,
                    "tax": included_words(book.tax_country) or _("Without tax"),
                    "default": Pill(_("Default"), Tone.SUCCESS) if book.is_default else None,
                },
            )
            for book in queries.price_books()
        ]
        return RowPage(tuple(rows) if not ask.cursor else (), total=len(rows))

    fields = (
        Field("name", _("Name")),
        Field("currency", _("Currency"), max_length=3, placeholder="EUR"),
        Field(
            "tax_country",
            _("Prices include the tax of"),
            "choice",
            False,
            options=(
                Option("", str(_("no country: prices without tax"))),
                *(Option(code, name) for code, name in countries(_language()).items()),
            ),
            hint=_("Buyers taxed elsewhere pay the price without it."),
        ),
        Field("is_default", _("Default of its currency"), "yes", False),
    )
    new = Action(_("New price book"), reverse("price_book_new"), "primary", fields=fields, icon="plus", key="n")
    may = caller.authority.allows("catalog.write")
    empty = Empty(
        _("No price books yet"), _("Prices are kept by book and currency."), new if may else None, "book-open"
    )
    page = ListPage(
        _("Price books"), BOOK_COLUMNS, fetch, empty=empty, actions=(new,) if may else (), filename="price-books"
    )
    return render_list(request, page)


@require_POST
def price_book_new(request: HttpRequest) -> HttpResponse:
    """Create a price book."""
    caller: Caller = caller_of(request)
    caller.require("catalog.write")
    book = NewPriceBook(
        said(request.POST, "name"),
        said(request.POST, "currency", 3).upper(),
        bool(request.POST.get("is_default")),
        said(request.POST, "tax_country", 2).upper(),
    )
    return take_step(
        request,
        reverse("price_book_list"),
        str(_("The price book is created.")),
        lambda: actions.create_price_books([book], now=caller.now, actor=caller.actor),
    )


def product_options(request: HttpRequest) -> HttpResponse:
    """Products that are sold and fit the typed letters, by SKU, for fields that look one up."""
    caller_of(request).require("catalog.read")
    words = said(request.GET, "q", 100)
    page = queries.list_products(ListAsk(sort="sku", size=12).page, words=words, active=True)
    options = tuple(Option(row.sku, row.name, f"{row.sku} · {KIND_WORDS[row.kind]}") for row in page.items)
    return render_options(request, options)


URLS = [
    path("products/", product_list, name="product_list"),
    path("products/new/", product_new, name="product_new"),
    path("products/options/", product_options, name="product_options"),
    path("products/<str:product_id>/", product_detail, name="product_detail"),
    path("products/<str:product_id>/edit/", product_edit, name="product_edit"),
    path("products/<str:product_id>/price/", product_price, name="product_price"),
    path("products/<str:product_id>/active/", product_active, name="product_active"),
    path("price-books/", price_book_list, name="price_book_list"),
    path("price-books/new/", price_book_new, name="price_book_new"),
]
