"""Reading provisioning: endpoints, requests, and the services that they switch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.catalog.queries import products_meant
from cashline.flow.agree.customers.queries.finding import Meant, either, numbered, search
from cashline.flow.book.orders.queries import lines_meant, of_customers_orders
from cashline.flow.deliver.provisioning.rules import Operation, ProvisioningStatus, Service
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """An endpoint; its secret is shown once, when it is made."""

    id: UUID
    key: str
    url: str
    active: bool


class Endpoint(NamedTuple):
    """An endpoint with its secret."""

    id: UUID
    key: str
    url: str
    secret: str
    active: bool


class LockedRequest(NamedTuple):
    """A request, locked with its order until the commit."""

    id: UUID
    order_line_id: UUID
    order_id: UUID
    step_id: UUID | None
    endpoint_id: UUID
    operation: str
    quantity: Decimal
    status: str
    attempts: int
    timezone: str


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as lists and pages show it."""

    id: UUID
    order_line_id: UUID
    order_id: UUID
    order_number: str
    customer_name: str
    entity_id: UUID
    sku: str
    key: str
    operation: str
    quantity: Decimal
    status: str
    attempts: int
    external_reference: str
    error: str
    requested_at: datetime
    answered_at: datetime | None


_REQUEST = (
    "r.id, r.order_line_id, o.id, o.number, c.name, o.entity_id, p.sku, e.key, r.operation, r.quantity, r.status, "
    "r.attempts, r.external_reference, r.error, r.requested_at, r.answered_at"
)
_SOURCE = (
    "provisioning_requests r JOIN provisioning_endpoints e ON e.id = r.endpoint_id "
    "JOIN order_lines l ON l.id = r.order_line_id JOIN orders o ON o.id = l.order_id "
    "JOIN customers c ON c.id = o.customer_id JOIN products p ON p.id = l.product_id"
)
_LOCKED = (
    "SELECT r.id, r.order_line_id, l.order_id, r.step_id, r.endpoint_id, r.operation, r.quantity, r.status, "
    "r.attempts, e.timezone FROM provisioning_requests r JOIN order_lines l ON l.id = r.order_line_id "
    "JOIN orders o ON o.id = l.order_id JOIN legal_entities e ON e.id = o.entity_id "
)
_IN_ORDER = " ORDER BY o.id, r.id FOR NO KEY UPDATE OF o, r"
SORTS = {
    "order": "o.number",
    "customer": "lower(c.name)",
    "status": "r.status",
    "requested_at": "r.requested_at",
}


def services(order_line_ids: Iterable[UUID]) -> dict[UUID, Service]:
    """What is to be switched for those order lines."""
    rows = sql.fetch(
        "SELECT l.id, o.id, o.number, c.number, c.name, p.sku, p.provisioning_key, l.quantity, e.timezone "
        "FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id "
        "JOIN legal_entities e ON e.id = o.entity_id JOIN products p ON p.id = l.product_id WHERE l.id = ANY(%s)",
        (list(set(order_line_ids)),),
    )
    return {row[0]: Service(*row) for row in rows}


def endpoints() -> list[EndpointRow]:
    """All endpoints by key."""
    return sql.fetch_as(EndpointRow, "SELECT id, key, url, active FROM provisioning_endpoints ORDER BY key")


def active_endpoints(keys: Iterable[str]) -> dict[str, UUID]:
    """The endpoints in use of those keys."""
    return dict(
        sql.fetch("SELECT key, id FROM provisioning_endpoints WHERE active AND key = ANY(%s)", (list(set(keys)),))
    )


def endpoint_of(request_id: UUID) -> Endpoint:
    """The endpoint that a request is sent to, with its secret; raises NotFound."""
    rows = sql.fetch(
        "SELECT e.id, e.key, e.url, e.secret, e.active FROM provisioning_requests r "
        "JOIN provisioning_endpoints e ON e.id = r.endpoint_id WHERE r.id = %s",
        (request_id,),
    )
    if not rows:
        raise NotFound("There is no such provisioning request.", field="request_id")
    return Endpoint(*rows[0])


def endpoint_by_key(key: str) -> Endpoint:
    """The endpoint of a provisioning key, with its secret; raises NotFound."""
    rows = sql.fetch("SELECT id, key, url, secret, active FROM provisioning_endpoints WHERE key = %s", (key,))
    if not rows:
        raise NotFound(f"There is no endpoint for {key[:40]!r}.", field="key")
    return Endpoint(*rows[0])


def request(request_id: UUID) -> RequestRow:
    """One request; raises NotFound."""
    rows = sql.fetch_as(RequestRow, f"SELECT {_REQUEST} FROM {_SOURCE} WHERE r.id = %s", (request_id,))
    if not rows:
        raise NotFound("There is no such provisioning request.", field="request_id")
    return rows[0]


def requests_of(order_ids: Iterable[UUID]) -> list[RequestRow]:
    """The requests of orders, oldest first."""
    return sql.fetch_as(
        RequestRow, f"SELECT {_REQUEST} FROM {_SOURCE} WHERE o.id = ANY(%s) ORDER BY r.id", (list(set(order_ids)),)
    )


def _meant(word: str) -> Meant | None:
    return either(
        numbered("provisioning_requests", "r", word, texts=("external_reference",)),
        products_meant(word, "l.product_id"),
        lines_meant(word, "r.order_line_id"),
    )


def list_requests(
    ask: lists.Ask,
    *,
    words: str = "",
    statuses: Sequence[str] = (),
    operations: Sequence[str] = (),
    entity_ids: Sequence[UUID] | None = None,
) -> Page[RequestRow]:
    """One page of requests; words are looked for in order, customer, SKU and the endpoint's reference."""
    conditions = lists.Conditions()
    conditions.among("r.status", statuses)
    conditions.among("r.operation", operations)
    conditions.among("o.entity_id", entity_ids, "uuid")
    search(
        conditions, words, customer="o.customer_id", own=_meant, of_customers=of_customers_orders("o.id"), sort=ask.sort
    )
    return lists.page(
        RequestRow,
        columns=_REQUEST,
        source=_SOURCE,
        key="r.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def requests_for_update(request_ids: Iterable[UUID]) -> dict[UUID, LockedRequest]:
    """Requests, their orders locked before them in key order until the commit; raises NotFound for a missing one."""
    wanted = set(request_ids)
    rows = sql.fetch(f"{_LOCKED} WHERE r.id = ANY(%s){_IN_ORDER}", (list(wanted),))
    if len(rows) < len(wanted):
        raise NotFound("There is no such provisioning request.", field="request_id")
    return {row[0]: LockedRequest(*row) for row in rows}


def activations_for_update(order_line_ids: Iterable[UUID]) -> dict[UUID, LockedRequest]:
    """The requests to activate those order lines, by line, locked with their orders until the commit."""
    rows = sql.fetch(
        f"{_LOCKED} WHERE r.order_line_id = ANY(%s) AND r.operation = %s{_IN_ORDER}",
        (list(set(order_line_ids)), Operation.ACTIVATE.value),
    )
    return {row[1]: LockedRequest(*row) for row in rows}


def activations_of_cancelled_lines_for_update(order_ids: Iterable[UUID]) -> list[LockedRequest]:
    """The requests to activate lines of those orders that are cancelled by now."""
    rows = sql.fetch(
        f"{_LOCKED} WHERE l.order_id = ANY(%s) AND l.status = 'cancelled' AND r.operation = %s{_IN_ORDER}",
        (list(set(order_ids)), Operation.ACTIVATE.value),
    )
    return [LockedRequest(*row) for row in rows]


def unanswered(*, before: datetime, limit: int) -> list[tuple[UUID, str]]:
    """Requests asked before an instant, or whose sending was given up, with what is known of why."""
    rows = sql.fetch(
        "SELECT r.id, coalesce(m.detail, '') FROM provisioning_requests r LEFT JOIN LATERAL "
        "(SELECT coalesce((SELECT a.detail FROM outbox_attempts a WHERE a.message_id = x.id "
        "ORDER BY a.id DESC LIMIT 1), 'given up') AS detail FROM outbox x "
        "WHERE x.key = 'provisioning:' || r.id || ':' || r.attempts AND x.status = 'dead') m ON true "
        "WHERE r.status = %s AND (m.detail IS NOT NULL OR r.requested_at < %s) ORDER BY r.id LIMIT %s",
        (ProvisioningStatus.REQUESTED.value, before, limit),
    )
    return [(row[0], row[1]) for row in rows]


def status_counts() -> dict[str, int]:
    """How many requests stand in each status."""
    return dict(sql.fetch("SELECT status, count(*) FROM provisioning_requests GROUP BY status"))
