"""The form of a new or a changed customer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from babel import Locale
from babel.numbers import get_currency_name
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from iso4217 import Currency

from cashline.flow.agree.customers import actions, queries
from cashline.flow.agree.customers.queries import CustomerRow
from cashline.flow.agree.customers.rules import NewAddress, NewCustomer, countries, customer_errors, timezone_of
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import Refusal, Refusals
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.anatomies import FormPage
from cashline.platform.pages.components import Option
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form
from cashline.platform.pages.render import done, render_form

LOCALES = ("en", "en_GB", "en_US", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_CH", "es_ES", "it_IT", "nl_NL", "ja_JP")
ADDRESS = ("name", "street", "postcode", "city", "region", "country")


def _fieldsets(new: bool, locale: str) -> tuple[FieldSet, ...]:
    language = (get_language() or "en").split("-")[0]
    country_options = tuple(Option(code, name) for code, name in countries(language).items())
    who = (
        Field("name", _("Name"), width="half"),
        Field("country", _("Country"), "choice", options=country_options, width="half"),
        Field("email", _("E-mail for quotes and invoices"), "email", False, width="half", max_length=254),
        Field("phone", _("Phone"), required=False, width="half"),
        Field("tax_id", _("Tax number"), required=False, width="half", max_length=40, hint=_("In any spelling.")),
        Field("external_reference", _("Their number in another system"), required=False, width="half"),
    )
    days = Field("payment_terms_days", _("Payment terms"), "integer", value=30, least=0, most=365, width="quarter")
    currency = Field("currency", _("Currency"), "choice", options=_currencies(), value="EUR", width="half")
    terms = (
        *((currency,) if new else ()),
        replace(days, suffix=str(_("days"))),
        Field("locale", _("Language"), "choice", options=_locales(locale), value="en", width="quarter"),
        Field(
            "timezone",
            _("Time zone"),
            "lookup",
            required=False,
            lookup=reverse("timezone_options"),
            width="half",
            free=True,
            hint=_("Left empty, that of the country."),
        ),
        Field("tax_exempt_reason", _("Exempt from tax because"), required=False, width="half"),
    )
    return (
        FieldSet(_("Who it is"), who),
        FieldSet(_("Terms"), terms),
        FieldSet(_("Bill to"), _address_fields("bill_to", country_options)),
        FieldSet(_("Ship to"), _address_fields("ship_to", country_options), _("Leave empty where nothing is shipped.")),
    )


def _currencies() -> tuple[Option, ...]:
    language = get_language() or "en"
    names = {one.value: get_currency_name(one.value, locale=language.split("-")[0]) for one in Currency}
    return tuple(Option(code, f"{code} · {name}") for code, name in names.items())


def _address_fields(role: str, country_options: tuple[Option, ...]) -> tuple[Field, ...]:
    return (
        Field(f"{role}_name", _("Name at the address"), required=False, width="half"),
        Field(f"{role}_street", _("Street"), required=False, width="half"),
        Field(f"{role}_postcode", _("Postcode"), required=False, width="quarter"),
        Field(f"{role}_city", _("City"), required=False, width="half"),
        Field(f"{role}_region", _("State or region"), required=False, width="quarter"),
        Field(f"{role}_country", _("Country"), "choice", False, options=country_options, width="half"),
    )


def locale_name(locale: str) -> str:
    """A locale in the words of the reader."""
    return str(Locale.parse(locale.replace("-", "_")).get_display_name(get_language() or "en") or locale)


def _locales(current: str) -> tuple[Option, ...]:
    known = LOCALES if current in LOCALES else (current, *LOCALES)
    return tuple(Option(locale, locale_name(locale)) for locale in known)


def _addresses(read: Reading) -> tuple[NewAddress, ...]:
    found = []
    for role in ("bill_to", "ship_to"):
        given = {name: read.text(f"{role}_{name}") for name in ADDRESS}
        if any(given.values()):
            found.append(NewAddress(role, **given))
    return tuple(found)


def _address_errors(errors: tuple[FieldError, ...], addresses: tuple[NewAddress, ...]) -> tuple[FieldError, ...]:
    """Errors of `addresses-0-street` at the field of that address's role."""
    moved = []
    for error in errors:
        parts = error.field.split("-")
        if parts[0] == "addresses" and len(parts) == 3 and int(parts[1]) < len(addresses):
            error = replace(error, field=f"{addresses[int(parts[1])].role}_{parts[2]}")
        moved.append(error)
    return tuple(moved)


def _address(key: UUID) -> str:
    return reverse("customer_detail", args=[public("customer", key)])


PLAIN = ("name", "country", "email", "phone", "tax_id", "locale", "timezone", "tax_exempt_reason")


def _given(read: Reading) -> dict[str, Any]:
    """What the form says of a customer, but for the currency; without a time zone, that of the country."""
    given: dict[str, Any] = {name: read.text(name) for name in PLAIN}
    given["timezone"] = given["timezone"] or timezone_of(given["country"])
    given["payment_terms_days"] = read.integer("payment_terms_days") or 0
    given["external_reference"] = read.text("external_reference") or None
    given["addresses"] = _addresses(read)
    return given


def _wrong(read: Reading, currency: str) -> tuple[FieldError, ...]:
    """Every error of a form: what could not be read, and what the rules say of the fields that could."""
    new = NewCustomer(currency=read.text("currency") or currency, **_given(read))
    told = {error.field for error in read.errors}
    by_rules = _address_errors(errors_of(Refusals(customer_errors(new))), new.addresses)
    return (*read.errors, *(error for error in by_rules if error.field not in told))


def customer_new(request: HttpRequest) -> HttpResponseBase:
    """Create a customer."""
    caller = caller_of(request)
    caller.require("customers.write")

    def save(read: Reading) -> Outcome:
        new = NewCustomer(currency=read.text("currency"), **_given(read))
        (key,) = actions.create_customers([new], now=caller.now, actor=caller.actor)
        return Outcome(_address(key), str(_("The customer is created.")))

    page = FormPage(
        _("New customer"),
        request.path,
        _fieldsets(True, "en"),
        _("Create the customer"),
        reverse("customer_list"),
    )
    return _answer(request, page, save, "EUR")


def customer_edit(request: HttpRequest, customer_id: str) -> HttpResponseBase:
    """Change a customer."""
    caller = caller_of(request)
    caller.require("customers.write")
    row = queries.customer(key_of("customer", customer_id))

    def save(read: Reading) -> Outcome:
        actions.change_customer(row.id, changes=_given(read), now=caller.now, actor=caller.actor)
        return Outcome(_address(row.id), str(_("The changes are saved.")))

    fieldsets = _fieldsets(False, row.locale)
    page = FormPage(
        _("Edit %(name)s") % {"name": row.name},
        request.path,
        fieldsets,
        _("Save the changes"),
        _address(row.id),
        values=_values(row),
    )
    return _answer(request, page, save, row.currency)


def _values(row: CustomerRow) -> dict[str, str]:
    values = {name: str(getattr(row, name)) for name in (*PLAIN, "payment_terms_days")}
    values["external_reference"] = row.external_reference or ""
    for role, one in queries.addresses_of([row.id])[row.id].items():
        values |= {f"{role}_{name}": getattr(one, name) for name in ADDRESS}
    return values


def _answer(
    request: HttpRequest, page: FormPage, save: Callable[[Reading], Outcome], currency: str
) -> HttpResponseBase:
    """Show the form, or save what was sent; every error of every field at once."""
    if request.method == "POST":
        read = read_form(request.POST, page.fieldsets)
        errors = _wrong(read, currency) if read.errors else ()
        if not errors:
            try:
                outcome = once(request, lambda: save(read))
                return done(request, outcome.url, outcome.sentence)
            except Refusal as refusal:
                errors = _address_errors(errors_of(refusal), _addresses(read))
        page = replace(page, values=read.raw, errors=errors)
    zone = str(page.values.get("timezone", ""))
    fieldsets = tuple(
        replace(one, fields=tuple(replace(f, lookup_label=zone) if f.name == "timezone" else f for f in one.fields))
        for one in page.fieldsets
    )
    return render_form(request, replace(page, fieldsets=fieldsets))
