"""Rules of customers: their statuses, addresses and tax identity, and what a new one must have."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all


class CustomerStatus(StrEnum):
    """Whether business is done with a customer."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    CLOSED = "closed"


CUSTOMER = Lifecycle(
    "customer",
    ("block", [CustomerStatus.ACTIVE], CustomerStatus.BLOCKED),
    ("unblock", [CustomerStatus.BLOCKED], CustomerStatus.ACTIVE),
    ("close", [CustomerStatus.ACTIVE, CustomerStatus.BLOCKED], CustomerStatus.CLOSED),
)


class AddressRole(StrEnum):
    """What an address is for."""

    BILL_TO = "bill_to"
    SHIP_TO = "ship_to"


class InvalidTaxId(InvalidValue):
    """The tax number's form or check digits are wrong for its country."""

    code = "invalid_tax_id"


class CustomerNotActive(Refusal):
    """The customer is blocked or closed, so no new business is agreed."""

    code = "customer_not_active"
    status = 409


def not_active(name: str, status: str, *, field: str = "") -> CustomerNotActive:
    """What is told of a customer that nothing new is agreed with."""
    return CustomerNotActive(f"{name} is not active ({status}): nothing new is agreed with it.", field=field)


@dataclass(frozen=True, slots=True)
class NewAddress:
    """An address as given; `country` is an ISO 3166-1 alpha-2 code."""

    role: str
    street: str
    city: str
    country: str
    postcode: str = ""
    region: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer as given; `tax_id` in any spelling, `external_reference` is the number in another system."""

    name: str
    country: str
    currency: str
    email: str = ""
    phone: str = ""
    timezone: str = "UTC"
    locale: str = "en"
    payment_terms_days: int = 30
    tax_id: str = ""
    tax_exempt_reason: str = ""
    known_ibans: tuple[str, ...] = ()
    external_reference: str | None = None
    addresses: tuple[NewAddress, ...] = ()


MAX_NAME = 200
MAX_ADDRESS = 200


def tax_identity(country: str, tax_id: str) -> tuple[str, bool]:
    """The compact form of a tax number and whether its check digits were proven.

    Numbers of the EU carry their country prefix (EL for Greece), as EN 16931 BR-CO-09 asks; other countries with a
    known number are checked by it, and the rest are kept as given. Raises InvalidTaxId.
    """
    text = tax_id.strip()
    if not text:
        return "", False
    if len(text) > 40:
        raise InvalidTaxId("A tax number has 40 characters at most.", field="tax_id")
    if country.lower() in eu_vat.MEMBER_STATES:
        return _validated(eu_vat, _with_prefix(text, "EL" if country == "GR" else country), country), True
    module = get_cc_module(country.lower(), "vat") or _US_EIN.get(country)
    if module is None:
        return "".join(text.split()), False
    compact = _validated(module, text, country)
    return (_with_prefix(compact, country) if country in ("GB", "NO") else compact), True


def _with_prefix(text: str, prefix: str) -> str:
    compact = "".join(character for character in text if character.isalnum()).upper()
    return compact if compact.startswith(prefix) else prefix + compact


def _validated(module: Any, text: str, country: str) -> str:
    try:
        return str(module.validate(text))
    except ValidationError as error:
        raise InvalidTaxId(
            f"{text!r} is not a tax number of {country}: {str(error).rstrip('.').lower()}.",
            field="tax_id",
            fix="Copy the number from the customer's letterhead or invoice, with its country's own digits.",
        ) from None


def _ein() -> dict[str, Any]:
    from stdnum.us import ein

    return {"US": ein}


_US_EIN = _ein()


_NO_COUNTRY = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})
"""Two-letter codes of the CLDR that ISO 3166-1 has not assigned (XK, Kosovo, is in use and kept)."""


@cache
def countries(language: str = "en") -> dict[str, str]:
    """The ISO 3166-1 alpha-2 codes with their names in a language, by name."""
    names = {
        code: str(name)
        for code, name in Locale.parse(language).territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY
    }
    return dict(sorted(names.items(), key=lambda item: item[1]))


@cache
def is_country(code: str) -> bool:
    """Is that an ISO 3166-1 alpha-2 code?"""
    return code in countries()


@cache
def is_timezone(name: str) -> bool:
    """Does the time zone database know that name?"""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return bool(name)


@cache
def _principal_zones() -> dict[str, str]:
    """The first time zone of each country in the time zone database, which is where most of its people live."""
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines()
    found: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            found.setdefault(country, zone)
    return found


def timezone_of(country: str) -> str:
    """The time zone of a country: of its principal places where it has several, UTC where none is known."""
    return _principal_zones().get(country, "UTC")


@cache
def is_locale(name: str) -> bool:
    """Is that a locale in which documents can be written?"""
    try:
        Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return False
    return True


def customer_errors(customer: NewCustomer, place: str = "") -> Iterator[Refusal]:
    """Everything that is wrong with a new customer; each refusal names its field, after `place`."""
    if not customer.name.strip() or len(customer.name) > MAX_NAME:
        yield InvalidValue(f"A customer has a name of 1 to {MAX_NAME} characters.", field=f"{place}name")
    yield from _identity_errors(customer, place)
    if not is_timezone(customer.timezone):
        yield InvalidValue(
            f"{customer.timezone!r} is no time zone.", field=f"{place}timezone", fix="Give one such as Europe/Berlin."
        )
    if not is_locale(customer.locale):
        yield InvalidValue(f"{customer.locale!r} is no locale.", field=f"{place}locale", fix="Give one such as de_DE.")
    if not 0 <= customer.payment_terms_days <= 365:
        yield InvalidValue("Payment terms are 0 to 365 days.", field=f"{place}payment_terms_days")
    if customer.email and ("@" not in customer.email[1:-1] or len(customer.email) > 254 or " " in customer.email):
        yield InvalidValue(f"{customer.email!r} is no e-mail address.", field=f"{place}email")
    roles = [address.role for address in customer.addresses]
    for role in {role for role in roles if roles.count(role) > 1}:
        yield InvalidValue(f"There are two addresses with the role {role}.", field=f"{place}addresses")
    for index, address in enumerate(customer.addresses):
        yield from _address_errors(address, f"{place}addresses.{index}.")


def _identity_errors(customer: NewCustomer, place: str) -> Iterator[Refusal]:
    try:
        minor_units(customer.currency)
    except InvalidValue as error:
        yield InvalidValue(error.message, field=f"{place}currency")
    country = customer.country
    if not is_country(country):
        yield InvalidValue(
            f"{country!r} is no ISO 3166 country code.", field=f"{place}country", fix="Give two capitals, as DE."
        )
        country = customer.tax_id.strip()[:2].upper()
        if country.lower() not in eu_vat.MEMBER_STATES:
            return
    try:
        tax_identity(country, customer.tax_id)
    except InvalidTaxId as error:
        yield InvalidTaxId(error.message, field=f"{place}tax_id", fix=error.fix)


def _address_errors(address: NewAddress, place: str) -> Iterator[Refusal]:
    if address.role not in tuple(AddressRole):
        yield InvalidValue(f"{address.role!r} is no role of an address.", field=f"{place}role")
    for name in ("street", "city"):
        if not getattr(address, name).strip():
            yield InvalidValue(f"An address has a {name}.", field=f"{place}{name}")
    for name in ("name", "street", "postcode", "city", "region"):
        if len(getattr(address, name)) > MAX_ADDRESS:
            yield InvalidValue(f"The {name} has {MAX_ADDRESS} characters at most.", field=f"{place}{name}")
    if not is_country(address.country):
        yield InvalidValue(f"{address.country!r} is no ISO 3166 country code.", field=f"{place}country")


def batch_errors(customers: Sequence[NewCustomer]) -> list[Refusal]:
    """All errors of a batch; with more than one customer each field begins with its place, as `customers.3.`."""
    several = len(customers) > 1
    found: list[Refusal] = []
    seen: set[str] = set()
    for index, customer in enumerate(customers):
        place = f"customers.{index}." if several else ""
        found.extend(customer_errors(customer, place))
        reference = customer.external_reference
        if reference is not None and reference in seen:
            found.append(InvalidValue(f"{reference!r} stands twice.", field=f"{place}external_reference"))
        seen.add(reference or "")
    return found


PLAIN_COLUMNS = ("name", "country", "currency", "email", "phone", "timezone", "locale", "tax_id", "tax_exempt_reason")
ADDRESS_COLUMNS = ("street", "postcode", "city", "region", "country")
COLUMNS = (
    *PLAIN_COLUMNS,
    "payment_terms_days",
    "external_reference",
    *(f"{role}_{name}" for role in AddressRole for name in ADDRESS_COLUMNS),
)
"""The columns that a file of customers may have; name, country and currency it must."""
MOST_ROWS = 10_000


def customers_of(rows: Sequence[Mapping[str, str]]) -> list[NewCustomer]:
    """The customers of a file's rows; raises everything that is wrong with all of them, each by its line and column.

    The header is line 1. An empty cell stands for what it is without one: the country's time zone, English, 30 days.
    """
    if not rows or len(rows) > MOST_ROWS:
        raise InvalidValue(f"A file of customers has 1 to {MOST_ROWS} rows below its header.", field="file")
    unknown = sorted(name for name in rows[0] if name not in COLUMNS)
    found = [
        InvalidValue(f"There is no column {name!r}.", field=name, fix=f"Known: {', '.join(COLUMNS)}.")
        for name in unknown
    ]
    customers: list[NewCustomer] = []
    refused: list[Refusal] = list(found)
    for line, row in enumerate(rows, 2):
        customer, wrong = _of_row({name: text.strip() for name, text in row.items()}, f"line {line} ")
        customers.append(customer)
        told = {one.field for one in wrong}
        refused += [*wrong, *(one for one in customer_errors(customer, f"line {line} ") if one.field not in told)]
    raise_all(refused)
    return customers


def _of_row(row: Mapping[str, str], place: str) -> tuple[NewCustomer, list[Refusal]]:
    given = {name: row[name] for name in PLAIN_COLUMNS if row.get(name)}
    country, days = given.get("country", ""), row.get("payment_terms_days", "") or "30"
    addresses = []
    for role in AddressRole:
        parts = {name: row.get(f"{role}_{name}", "") for name in ADDRESS_COLUMNS}
        if any(parts.values()):
            addresses.append(NewAddress(role.value, **(parts | {"country": parts["country"] or country})))
    wrong: list[Refusal] = []
    if not (days.isascii() and days.isdecimal() and len(days) < 5):
        wrong.append(InvalidValue(f"{days[:20]!r} is no number of days.", field=f"{place}payment_terms_days"))
        days = "30"
    texts: dict[str, Any] = {"name": "", "country": "", "currency": "", "timezone": timezone_of(country)} | given
    reference = row.get("external_reference") or None
    customer = NewCustomer(
        **texts, payment_terms_days=int(days), external_reference=reference, addresses=tuple(addresses)
    )
    return customer, wrong
