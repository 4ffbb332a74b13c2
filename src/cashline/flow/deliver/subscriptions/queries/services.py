"""Reading the services of orders; subscriptions to rate plans are read by `lives`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.catalog.queries import products_meant
from cashline.flow.agree.catalog.rules import ProductKind
from cashline.flow.agree.customers.queries.finding import Meant, either, numbered, search
from cashline.flow.book.orders.queries import lines_meant
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A subscription with its present terms; `ends_on` is the first day without service."""

    id: UUID
    number: str
    line_id: UUID
    order_line_id: UUID
    order_id: UUID
    order_number: str
    agreement_id: UUID
    customer_id: UUID
    customer_name: str
    entity_id: UUID
    product_id: UUID
    sku: str
    product_name: str
    quantity: Decimal
    status: str
    activated_on: date | None
    ends_on: date | None
    cancelled_on: date | None
    cancel_reason: str
    currency: str
    unit_price: Decimal
    interval_months: int
    term_months: int
    created_at: datetime


class OrderedService(NamedTuple):
    """A subscription line of an order, as ordered."""

    order_line_id: UUID
    line_id: UUID
    order_id: UUID
    agreement_id: UUID
    customer_id: UUID
    entity_id: UUID
    product_id: UUID
    quantity: Decimal


class LockedSubscription(NamedTuple):
    """A subscription, locked with its order until the commit."""

    id: UUID
    number: str
    line_id: UUID
    order_line_id: UUID
    order_id: UUID
    agreement_id: UUID
    customer_id: UUID
    quantity: Decimal
    status: str
    activated_on: date | None
    ends_on: date | None
    term_months: int
    timezone: str


_TERMS = (
    "JOIN order_lines l ON l.id = s.order_line_id JOIN orders o ON o.id = l.order_id "
    "JOIN agreement_lines t ON t.id = l.agreement_line_id"
)
_SUBSCRIPTION = (
    "s.id, s.number, s.line_id, s.order_line_id, o.id, o.number, o.agreement_id, s.customer_id, c.name, s.entity_id, "
    "s.product_id, p.sku, p.name, s.quantity, s.status, s.activated_on, s.ends_on, s.cancelled_on, s.cancel_reason, "
    "o.currency, t.unit_price, t.interval_months, t.term_months, s.created_at"
)
_SOURCE = f"subscriptions s {_TERMS} JOIN customers c ON c.id = s.customer_id JOIN products p ON p.id = s.product_id"
_LOCKED = (
    "SELECT s.id, s.number, s.line_id, s.order_line_id, o.id, o.agreement_id, s.customer_id, s.quantity, s.status, "
    f"s.activated_on, s.ends_on, t.term_months, e.timezone FROM subscriptions s {_TERMS} "
    "JOIN legal_entities e ON e.id = s.entity_id "
)
_IN_ORDER = " ORDER BY o.id, s.id FOR NO KEY UPDATE OF o, s"
SORTS = {
    "number": "s.number",
    "customer": "lower(c.name)",
    "activated_on": "coalesce(s.activated_on, '9999-12-31'::date)",
    "ends_on": "coalesce(s.ends_on, '9999-12-31'::date)",
}


def subscription(subscription_id: UUID) -> SubscriptionRow:
    """One subscription; raises NotFound."""
    rows = sql.fetch_as(SubscriptionRow, f"SELECT {_SUBSCRIPTION} FROM {_SOURCE} WHERE s.id = %s", (subscription_id,))
    if not rows:
        raise NotFound("There is no such subscription.", field="subscription_id")
    return rows[0]


def subscriptions_of(order_ids: Iterable[UUID]) -> list[SubscriptionRow]:
    """The subscriptions that orders brought, oldest first."""
    return sql.fetch_as(
        SubscriptionRow,
        f"SELECT {_SUBSCRIPTION} FROM {_SOURCE} WHERE o.id = ANY(%s) ORDER BY s.id",
        (list(set(order_ids)),),
    )


def _meant(word: str) -> Meant | None:
    return either(
        numbered("subscriptions", "s", word, kind="subscription"),
        products_meant(word, "s.product_id"),
        lines_meant(word, "s.line_id", key="line_id"),
    )


def list_subscriptions(
    ask: lists.Ask,
    *,
    words: str = "",
    statuses: Sequence[str] = (),
    customer_id: UUID | None = None,
    entity_ids: Sequence[UUID] | None = None,
    ends_from: date | None = None,
    ends_until: date | None = None,
) -> Page[SubscriptionRow]:
    """One page of subscriptions; words are looked for in numbers, product and customer."""
    conditions = lists.Conditions()
    conditions.add("s.order_line_id IS NOT NULL AND s.product_id IS NOT NULL")
    conditions.among("s.status", statuses)
    conditions.among("s.entity_id", entity_ids, "uuid")
    conditions.given("s.customer_id = %s", customer_id)
    conditions.given("s.ends_on >= %s", ends_from)
    conditions.given("s.ends_on < %s", ends_until)
    search(conditions, words, customer="s.customer_id", own=_meant, sort=ask.sort)
    return lists.page(
        SubscriptionRow,
        columns=_SUBSCRIPTION,
        source=_SOURCE,
        key="s.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="subscriptions s",
    )


def ordered_services(order_ids: Iterable[UUID]) -> list[OrderedService]:
    """The open subscription lines of orders that have no subscription yet."""
    rows = sql.fetch(
        "SELECT l.id, l.line_id, o.id, o.agreement_id, o.customer_id, o.entity_id, l.product_id, l.quantity "
        "FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE l.order_id = ANY(%s) AND l.kind = %s "
        "AND l.status = 'open' AND NOT EXISTS (SELECT FROM subscriptions s WHERE s.line_id = l.line_id) "
        "ORDER BY o.id, l.line_no",
        (list(set(order_ids)), ProductKind.SUBSCRIPTION.value),
    )
    return [OrderedService(*row) for row in rows]


def subscriptions_for_update(subscription_ids: Iterable[UUID]) -> dict[UUID, LockedSubscription]:
    """Subscriptions, their orders locked before them in key order; raises NotFound for a missing one."""
    wanted = set(subscription_ids)
    rows = sql.fetch(f"{_LOCKED} WHERE s.id = ANY(%s){_IN_ORDER}", (list(wanted),))
    if len(rows) < len(wanted):
        raise NotFound("There is no such subscription.", field="subscription_id")
    return {row[0]: LockedSubscription(*row) for row in rows}


def subscriptions_of_lines_for_update(order_line_ids: Iterable[UUID]) -> list[LockedSubscription]:
    """The subscriptions of order lines, their orders locked before them in key order."""
    rows = sql.fetch(
        f"{_LOCKED} WHERE s.line_id IN (SELECT line_id FROM order_lines WHERE id = ANY(%s)){_IN_ORDER}",
        (list(set(order_line_ids)),),
    )
    return [LockedSubscription(*row) for row in rows]


def pending_of_cancelled_for_update(order_ids: Iterable[UUID]) -> list[LockedSubscription]:
    """The subscriptions of cancelled lines of orders that never began."""
    rows = sql.fetch(
        f"{_LOCKED} WHERE l.order_id = ANY(%s) AND l.status = 'cancelled' AND s.status = 'pending'{_IN_ORDER}",
        (list(set(order_ids)),),
    )
    return [LockedSubscription(*row) for row in rows]


def ending_for_update(*, until: date, limit: int) -> list[LockedSubscription]:
    """Subscriptions whose last day of service lies before `until`; what others hold is left."""
    rows = sql.fetch(
        f"{_LOCKED} WHERE s.status IN ('active', 'cancelled') AND s.ends_on <= %s ORDER BY s.ends_on, s.id LIMIT %s "
        "FOR NO KEY UPDATE OF o, s SKIP LOCKED",
        (until, limit),
    )
    return [LockedSubscription(*row) for row in rows]


def status_counts() -> dict[str, int]:
    """How many subscriptions stand in each status."""
    return dict(sql.fetch("SELECT status, count(*) FROM subscriptions GROUP BY status"))


def subscription_numbered(number: str) -> UUID | None:
    """The subscription with that number."""
    row = sql.fetch_one("SELECT id FROM subscriptions WHERE number = %s", (number,))
    return row[0] if row else None
