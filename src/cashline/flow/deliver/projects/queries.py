"""Reading installations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.catalog.queries import products_meant
from cashline.flow.agree.customers.queries.finding import Meant, either, holding, numbered, search
from cashline.flow.book.orders.queries import lines_meant
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class InstallationRow:
    """An installation as lists and pages show it."""

    id: UUID
    number: str
    order_line_id: UUID
    order_id: UUID
    order_number: str
    agreement_id: UUID
    customer_id: UUID
    customer_name: str
    entity_id: UUID
    sku: str
    description: str
    quantity: Decimal
    status: str
    scheduled_on: date | None
    technician: str
    done_on: date | None
    accepted_on: date | None
    accepted_by: str
    accepted_evidence: str
    note: str
    created_at: datetime


class ServiceLine(NamedTuple):
    """A service line for which there is no installation yet."""

    order_line_id: UUID
    order_id: UUID
    customer_id: UUID
    agreement_id: UUID
    entity_id: UUID


class LockedInstallation(NamedTuple):
    """An installation, locked with its order until the commit."""

    id: UUID
    number: str
    order_line_id: UUID
    line_id: UUID
    order_id: UUID
    agreement_id: UUID
    customer_id: UUID
    quantity: Decimal
    status: str
    done_on: date | None
    note: str


_JOINS = "JOIN order_lines l ON l.id = i.order_line_id JOIN orders o ON o.id = l.order_id"
_INSTALLATION = (
    "i.id, i.number, i.order_line_id, o.id, o.number, o.agreement_id, i.customer_id, c.name, o.entity_id, p.sku, "
    "t.description, l.quantity, i.status, i.scheduled_on, i.technician, i.done_on, i.accepted_on, i.accepted_by, "
    "i.accepted_evidence, i.note, i.created_at"
)
_SOURCE = (
    f"installations i {_JOINS} JOIN customers c ON c.id = i.customer_id JOIN products p ON p.id = l.product_id "
    "JOIN agreement_lines t ON t.id = l.agreement_line_id"
)
_LOCKED = (
    "SELECT i.id, i.number, i.order_line_id, l.line_id, o.id, o.agreement_id, i.customer_id, l.quantity, i.status, "
    f"i.done_on, i.note FROM installations i {_JOINS} "
)
_IN_ORDER = " ORDER BY o.id, i.id FOR NO KEY UPDATE OF o, i"
SORTS = {
    "number": "i.number",
    "customer": "lower(c.name)",
    "status": "i.status",
    "scheduled_on": "coalesce(i.scheduled_on, '9999-12-31'::date)",
    "technician": "i.technician",
}


def installation(installation_id: UUID) -> InstallationRow:
    """One installation; raises NotFound."""
    rows = sql.fetch_as(InstallationRow, f"SELECT {_INSTALLATION} FROM {_SOURCE} WHERE i.id = %s", (installation_id,))
    if not rows:
        raise NotFound("There is no such installation.", field="installation_id")
    return rows[0]


def contacts_of(customer_id: UUID) -> list[str]:
    """Whom we know at a customer: its people in the portal, who signed its contracts, whom its quotes went to."""
    return [
        name
        for (name,) in sql.fetch(
            "SELECT name FROM users WHERE customer_id = %(id)s AND is_active AND name <> '' UNION "
            "SELECT s.signer_name FROM signatures s JOIN agreements a ON a.id = s.agreement_id "
            "WHERE a.customer_id = %(id)s UNION "
            "SELECT contact_name FROM quotes WHERE customer_id = %(id)s AND contact_name <> '' ORDER BY 1",
            {"id": customer_id},
        )
    ]


def installations_of(order_ids: Iterable[UUID]) -> list[InstallationRow]:
    """The installations of orders, oldest first."""
    return sql.fetch_as(
        InstallationRow,
        f"SELECT {_INSTALLATION} FROM {_SOURCE} WHERE o.id = ANY(%s) ORDER BY i.id",
        (list(set(order_ids)),),
    )


def _meant(word: str) -> Meant | None:
    return either(
        numbered("installations", "i", word, kind="installation"),
        holding("installations", "i", word, ("technician",)),
        products_meant(word, "l.product_id"),
        lines_meant(word, "i.order_line_id"),
    )


def list_installations(
    ask: lists.Ask,
    *,
    words: str = "",
    statuses: Sequence[str] = (),
    customer_id: UUID | None = None,
    entity_ids: Sequence[UUID] | None = None,
    scheduled_from: date | None = None,
    scheduled_until: date | None = None,
) -> Page[InstallationRow]:
    """One page of installations; words are looked for in numbers, technician, customer and product."""
    conditions = lists.Conditions()
    conditions.among("i.status", statuses)
    conditions.among("o.entity_id", entity_ids, "uuid")
    conditions.given("i.customer_id = %s", customer_id)
    conditions.given("i.scheduled_on >= %s", scheduled_from)
    conditions.given("i.scheduled_on < %s", scheduled_until)
    search(conditions, words, customer="i.customer_id", own=_meant, sort=ask.sort)
    return lists.page(
        InstallationRow,
        columns=_INSTALLATION,
        source=_SOURCE,
        key="i.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="installations i",
    )


def unplanned_lines(order_line_ids: Iterable[UUID]) -> list[ServiceLine]:
    """Those order lines that have no installation yet."""
    rows = sql.fetch(
        "SELECT l.id, o.id, o.customer_id, o.agreement_id, o.entity_id FROM order_lines l "
        "JOIN orders o ON o.id = l.order_id WHERE l.id = ANY(%s) "
        "AND NOT EXISTS (SELECT FROM installations i WHERE i.order_line_id = l.id) ORDER BY o.id, l.line_no",
        (list(set(order_line_ids)),),
    )
    return [ServiceLine(*row) for row in rows]


def installations_for_update(installation_ids: Iterable[UUID]) -> dict[UUID, LockedInstallation]:
    """Installations, their orders locked before them in key order; raises NotFound for a missing one."""
    wanted = set(installation_ids)
    rows = sql.fetch(f"{_LOCKED} WHERE i.id = ANY(%s){_IN_ORDER}", (list(wanted),))
    if len(rows) < len(wanted):
        raise NotFound("There is no such installation.", field="installation_id")
    return {row[0]: LockedInstallation(*row) for row in rows}


def open_of_orders_for_update(order_ids: Iterable[UUID]) -> list[LockedInstallation]:
    """The installations of orders that are neither accepted nor cancelled."""
    rows = sql.fetch(
        f"{_LOCKED} WHERE l.order_id = ANY(%s) AND i.status IN ('planned', 'scheduled', 'done'){_IN_ORDER}",
        (list(set(order_ids)),),
    )
    return [LockedInstallation(*row) for row in rows]


def installation_numbered(number: str) -> UUID | None:
    """The installation with that number."""
    row = sql.fetch_one("SELECT id FROM installations WHERE number = %s", (number,))
    return row[0] if row else None
