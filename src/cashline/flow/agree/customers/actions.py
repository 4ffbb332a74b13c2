"""Writing customers. Every change records its event; a customer's currency never changes."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.customers import queries
from cashline.flow.agree.customers.queries import AddressRow, CustomerRow
from cashline.flow.agree.customers.rules import (
    CUSTOMER,
    CustomerStatus,
    NewAddress,
    NewCustomer,
    batch_errors,
    tax_identity,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_FIELDS = (
    "id number name email phone country currency timezone locale payment_terms_days tax_id tax_id_checked "
    "tax_exempt_reason known_ibans external_reference status created_at"
)
_COLUMNS = _FIELDS.split()
_ADDRESS_COLUMNS = ("id", "customer_id", "role", "name", "street", "postcode", "city", "region", "country")
CHANGEABLE = frozenset(field.name for field in fields(NewCustomer)) - {"currency"}
"""What `change_customer` may be given; the currency is fixed, since agreements and balances are kept in it."""


@transaction.atomic
def create_customers(customers: Sequence[NewCustomer], *, now: datetime, actor: str) -> list[UUID]:
    """Create customers with their addresses and numbers; raises all errors of all of them at once."""
    raise_all([*batch_errors(customers), *_taken(customers)])
    if not customers:
        return []
    series = Series("customer")
    numbers = take_numbers({series: len(customers)})[series]
    ids = [new_id() for _ in customers]
    sql.insert(
        "customers",
        _COLUMNS,
        [
            _row(key, number, customer, CustomerStatus.ACTIVE, now)
            for key, number, customer in zip(ids, numbers, customers, strict=True)
        ],
    )
    _insert_addresses([(key, address) for key, new in zip(ids, customers, strict=True) for address in new.addresses])
    record(
        [
            Event("CustomerCreated", (ObjectRef("customer", key),), {"number": number, "name": customer.name})
            for key, number, customer in zip(ids, numbers, customers, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return ids


@transaction.atomic
def change_customer(customer_id: UUID, *, changes: Mapping[str, Any], now: datetime, actor: str) -> None:
    """Change some fields of a customer (see CHANGEABLE); given addresses replace those of the same role.

    Raises all errors at once; changing nothing records nothing.
    """
    if unknown := changes.keys() - CHANGEABLE:
        raise InvalidValue(f"A customer's {unknown.pop()} cannot be changed.", field=sorted(unknown or changes)[0])
    row = queries.customers_for_update([customer_id])[customer_id]
    before = _as_given(row, queries.addresses_of([customer_id])[customer_id])
    after = replace(before, **changes)
    if "addresses" in changes:
        kept = [address for address in before.addresses if address.role not in {new.role for new in after.addresses}]
        after = replace(after, addresses=(*kept, *after.addresses))
    raise_all(
        [*batch_errors([after]), *(_taken([after]) if after.external_reference != row.external_reference else ())]
    )
    new_row = _row(row.id, row.number, after, row.status, row.created_at)
    changed = [name for name in CHANGEABLE if getattr(before, name) != getattr(after, name)]
    if not changed:
        return
    sets = ", ".join(f"{column} = %s" for column in _COLUMNS[2:])
    sql.execute(f"UPDATE customers SET {sets} WHERE id = %s", [*new_row[2:], customer_id])
    if "addresses" in changed:
        sql.execute("DELETE FROM customer_addresses WHERE customer_id = %s", (customer_id,))
        _insert_addresses([(customer_id, address) for address in after.addresses])
    data = {
        "changed": {
            name: [str(getattr(before, name)), str(getattr(after, name))]
            for name in sorted(changed)
            if name != "addresses"
        },
        "addresses": "addresses" in changed,
    }
    record([Event("CustomerChanged", (ObjectRef("customer", customer_id),), data)], now=now, actor=actor)


def block_customers(customer_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Agree no new business with them until they are unblocked."""
    _move(customer_ids, "block", "CustomerBlocked", reason=reason, now=now, actor=actor)


def unblock_customers(customer_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Do business with blocked customers again."""
    _move(customer_ids, "unblock", "CustomerUnblocked", reason=reason, now=now, actor=actor)


def close_customers(customer_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """End the relation; documents stay as they are."""
    _move(customer_ids, "close", "CustomerClosed", reason=reason, now=now, actor=actor)


@transaction.atomic
def _move(customer_ids: Sequence[UUID], verb: str, event: str, *, reason: str, now: datetime, actor: str) -> None:
    rows = queries.customers_for_update(customer_ids)
    targets = {key: CUSTOMER.target(verb, row.status, document_id=row.number) for key, row in rows.items()}
    sql.update("customers", {"status": "text"}, [(key, target.value) for key, target in targets.items()])
    record(
        [Event(event, (ObjectRef("customer", key),), {"number": rows[key].number}, reason) for key in targets],
        now=now,
        actor=actor,
    )


def _taken(customers: Sequence[NewCustomer]) -> list[Refusal]:
    references = [new.external_reference for new in customers if new.external_reference is not None]
    taken = queries.references_taken(references) if references else set()
    several = len(customers) > 1
    return [
        Conflict(
            f"There is already a customer with the reference {new.external_reference!r}.",
            field=f"customers.{index}.external_reference" if several else "external_reference",
        )
        for index, new in enumerate(customers)
        if new.external_reference in taken
    ]


def _row(key: UUID, number: str, new: NewCustomer, status: str, created_at: datetime) -> tuple[Any, ...]:
    """A row in the order of `_COLUMNS`."""
    tax_id, checked = tax_identity(new.country, new.tax_id)
    return (
        key,
        number,
        new.name.strip(),
        new.email.strip(),
        new.phone.strip(),
        new.country,
        new.currency,
        new.timezone,
        new.locale,
        new.payment_terms_days,
        tax_id,
        checked,
        new.tax_exempt_reason.strip(),
        list(new.known_ibans),
        new.external_reference,
        str(status),
        created_at,
    )


def _as_given(row: CustomerRow, addresses: Mapping[str, AddressRow]) -> NewCustomer:
    return NewCustomer(
        row.name,
        row.country,
        row.currency,
        row.email,
        row.phone,
        row.timezone,
        row.locale,
        row.payment_terms_days,
        row.tax_id,
        row.tax_exempt_reason,
        tuple(row.known_ibans),
        row.external_reference,
        tuple(
            NewAddress(one.role, one.street, one.city, one.country, one.postcode, one.region, one.name)
            for one in addresses.values()
        ),
    )


def _insert_addresses(addresses: Sequence[tuple[UUID, NewAddress]]) -> None:
    rows = [
        (new_id(), key, one.role, one.name, one.street, one.postcode, one.city, one.region, one.country)
        for key, one in addresses
    ]
    sql.insert("customer_addresses", _ADDRESS_COLUMNS, rows)
