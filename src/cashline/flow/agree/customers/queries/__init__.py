"""Reading customers and their addresses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cashline.flow.agree.customers.queries.finding import FEW, Meant, by_ids
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer as it stands."""

    id: UUID
    number: str
    name: str
    email: str
    phone: str
    country: str
    currency: str
    timezone: str
    locale: str
    payment_terms_days: int
    tax_id: str
    tax_id_checked: bool
    tax_exempt_reason: str
    known_ibans: list[str]
    external_reference: str | None
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AddressRow:
    """An address of a customer."""

    id: UUID
    customer_id: UUID
    role: str
    name: str
    street: str
    postcode: str
    city: str
    region: str
    country: str


_CUSTOMER = (
    "c.id, c.number, c.name, c.email, c.phone, c.country, c.currency, c.timezone, c.locale, c.payment_terms_days, "
    "c.tax_id, c.tax_id_checked, c.tax_exempt_reason, c.known_ibans, c.external_reference, c.status, c.created_at"
)
_ADDRESS = "id, customer_id, role, name, street, postcode, city, region, country"
SORTS = {
    "number": "c.number",
    "name": "lower(c.name)",
    "country": "c.country",
    "currency": "c.currency",
    "status": "c.status",
    "created_at": "c.id",
}


def customers_by_id(ids: Iterable[UUID]) -> dict[UUID, CustomerRow]:
    """The customers with those ids; an unknown id is left out."""
    rows = sql.fetch_as(
        CustomerRow,
        f"SELECT {_CUSTOMER} FROM customers c WHERE c.id = ANY(%s)",
        (list(set(ids)),),
    )
    return {row.id: row for row in rows}


def customer(customer_id: UUID) -> CustomerRow:
    """One customer; raises NotFound."""
    found = customers_by_id([customer_id]).get(customer_id)
    if found is None:
        raise NotFound(f"There is no customer {customer_id}.", field="customer_id")
    return found


def customers_for_update(ids: Iterable[UUID]) -> dict[UUID, CustomerRow]:
    """The customers, locked in key order until the commit; raises NotFound where one is missing."""
    wanted = set(ids)
    rows = sql.fetch_as(
        CustomerRow,
        f"SELECT {_CUSTOMER} FROM customers c WHERE c.id = ANY(%s) ORDER BY c.id FOR NO KEY UPDATE",
        (list(wanted),),
    )
    if missing := wanted - {row.id for row in rows}:
        raise NotFound(f"There is no customer {missing.pop()}.", field="customer_id")
    return {row.id: row for row in rows}


def customers_by_reference(references: Iterable[str]) -> dict[str, CustomerRow]:
    """The customers whose number or external reference is one of those; the number wins where both match."""
    wanted = list(set(references))
    rows = sql.fetch_as(
        CustomerRow,
        f"SELECT {_CUSTOMER} FROM customers c WHERE c.number = ANY(%s) OR c.external_reference = ANY(%s)",
        (wanted, wanted),
    )
    found = {row.external_reference: row for row in rows if row.external_reference is not None}
    return found | {row.number: row for row in rows}


def addresses_of(customer_ids: Iterable[UUID]) -> dict[UUID, dict[str, AddressRow]]:
    """The addresses of customers by role; a customer without any has an empty dict."""
    wanted = list(set(customer_ids))
    found: dict[UUID, dict[str, AddressRow]] = {key: {} for key in wanted}
    for row in sql.fetch_as(
        AddressRow,
        f"SELECT {_ADDRESS} FROM customer_addresses WHERE customer_id = ANY(%s)",
        (wanted,),
    ):
        found[row.customer_id][row.role] = row
    return found


def list_customers(
    ask: lists.Ask,
    *,
    words: str = "",
    statuses: Sequence[str] = (),
    countries: Sequence[str] = (),
    currencies: Sequence[str] = (),
    ids: Sequence[UUID] | None = None,
) -> Page[CustomerRow]:
    """One page of customers; the words are looked for in number, name, e-mail, tax number and external reference."""
    conditions = lists.Conditions()
    conditions.among("c.status", statuses)
    conditions.among("c.country", countries)
    conditions.among("c.currency", currencies)
    conditions.among("c.id", ids, "uuid")
    called = lists.Conditions()
    called.contains(("c.number", "c.email", "c.tax_id", "c.external_reference"), words, known="c.known_as")
    if called.texts:
        meant = by_ids("c.id", "customers", "c", Meant(" AND ".join(called.texts), called.params), FEW)
        conditions.add(meant.text, *meant.params)
    return lists.page(
        CustomerRow,
        columns=_CUSTOMER,
        source="customers c",
        key="c.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def references_taken(references: Iterable[str]) -> set[str]:
    """Those external references that a customer already has."""
    rows = sql.fetch(
        "SELECT external_reference FROM customers WHERE external_reference = ANY(%s)", (list(set(references)),)
    )
    return {row[0] for row in rows}
