"""Reading orders and their lines."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.customers.queries.finding import MANY, Meant, linked, numbered, search
from cashline.flow.book.orders.rules.lifecycle import OrderStatus
from cashline.flow.book.orders.rules.valuing import delivered_value
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as lists and pages show it; `lines_delivered` of `lines` are done."""

    id: UUID
    number: str
    agreement_id: UUID
    agreement_number: str
    customer_id: UUID
    customer_number: str
    customer_name: str
    entity_id: UUID
    source: str
    external_reference: str | None
    purchase_order: str
    status: str
    hold_reason: str
    currency: str
    net_total: Decimal
    ordered_on: date
    requested_on: date | None
    created_at: datetime
    lines: int
    lines_delivered: int


@dataclass(frozen=True, slots=True)
class OrderLineRow:
    """A line with the terms that its agreement line holds."""

    id: UUID
    order_id: UUID
    line_no: int
    agreement_line_id: UUID
    line_id: UUID
    product_id: UUID
    sku: str
    description: str
    kind: str
    unit: str
    quantity: Decimal
    delivered_quantity: Decimal
    status: str
    unit_price: Decimal
    interval_months: int
    term_months: int
    net_total: Decimal
    included_tax_rate: Decimal | None


class LockedOrder(NamedTuple):
    """An order, locked until the commit, with the code and time zone of its legal entity."""

    id: UUID
    number: str
    agreement_id: UUID
    customer_id: UUID
    entity_id: UUID
    currency: str
    status: str
    hold_reason: str
    entity_code: str
    timezone: str


class KnownOrder(NamedTuple):
    """An order that came before under a reference."""

    id: UUID
    number: str
    status: str
    hold_reason: str
    fingerprint: str
    net_total: Decimal
    currency: str


class CustomerKey(NamedTuple):
    """A customer as a file may name it."""

    id: UUID


class OpenLine(NamedTuple):
    """A line that is not wholly delivered, with its price."""

    id: UUID
    order_id: UUID
    kind: str
    quantity: Decimal
    delivered_quantity: Decimal
    unit_price: Decimal
    interval_months: int
    net_total: Decimal


_ORDER = (
    "o.id, o.number, o.agreement_id, a.number, o.customer_id, c.number, c.name, o.entity_id, o.source, "
    "o.external_reference, a.purchase_order, o.status, o.hold_reason, o.currency, o.net_total, o.ordered_on, "
    "o.requested_on, o.created_at, (SELECT count(*) FROM order_lines l WHERE l.order_id = o.id), "
    "(SELECT count(*) FROM order_lines l WHERE l.order_id = o.id AND l.status = 'delivered')"
)
_SOURCE = "orders o JOIN customers c ON c.id = o.customer_id JOIN agreements a ON a.id = o.agreement_id"
SORTS = {
    "number": "o.number",
    "customer": "lower(c.name)",
    "ordered_on": "o.ordered_on",
    "requested_on": "coalesce(o.requested_on, '9999-12-31'::date)",
    "net_total": "o.net_total",
}
"""Each has an index."""
OPEN = frozenset(("held", "booked"))
"""The statuses that few orders are in: an index holds those alone."""


def order(order_id: UUID) -> OrderRow:
    """One order; raises NotFound."""
    rows = sql.fetch_as(OrderRow, f"SELECT {_ORDER} FROM {_SOURCE} WHERE o.id = %s", (order_id,))
    if not rows:
        raise NotFound("There is no such order.", field="order_id")
    return rows[0]


def orders_by_id(ids: Iterable[UUID]) -> dict[UUID, OrderRow]:
    """The orders with those ids; an unknown id is left out."""
    rows = sql.fetch_as(OrderRow, f"SELECT {_ORDER} FROM {_SOURCE} WHERE o.id = ANY(%s)", (list(set(ids)),))
    return {row.id: row for row in rows}


def orders_of_agreement(agreement_id: UUID) -> list[OrderRow]:
    """The orders of an agreement, oldest first."""
    return sql.fetch_as(
        OrderRow, f"SELECT {_ORDER} FROM {_SOURCE} WHERE o.agreement_id = %s ORDER BY o.id", (agreement_id,)
    )


def lines_of(order_ids: Iterable[UUID]) -> list[OrderLineRow]:
    """The lines of orders, by order and line number."""
    return sql.fetch_as(
        OrderLineRow,
        "SELECT l.id, l.order_id, l.line_no, l.agreement_line_id, l.line_id, l.product_id, p.sku, t.description, "
        "l.kind, p.unit, l.quantity, l.delivered_quantity, l.status, t.unit_price, t.interval_months, t.term_months, "
        "t.net_total, trim_scale(t.included_tax_rate) "
        "FROM order_lines l JOIN agreement_lines t ON t.id = l.agreement_line_id "
        "JOIN products p ON p.id = l.product_id WHERE l.order_id = ANY(%s) ORDER BY l.order_id, l.line_no",
        (list(set(order_ids)),),
    )


def list_orders(
    ask: lists.Ask,
    *,
    words: str = "",
    statuses: Sequence[str] = (),
    sources: Sequence[str] = (),
    currencies: Sequence[str] = (),
    customer_id: UUID | None = None,
    entity_ids: Sequence[UUID] | None = None,
    ordered_from: date | None = None,
    ordered_until: date | None = None,
    least: Decimal | None = None,
    most: Decimal | None = None,
) -> Page[OrderRow]:
    """One page of orders; `ordered_until` is excluded. Words are of number, buyer's reference or customer."""
    conditions = lists.Conditions()
    conditions.few = bool(statuses) and set(statuses) <= OPEN
    conditions.among("o.status", statuses)
    conditions.among("o.source", sources)
    conditions.among("o.currency", currencies)
    conditions.among("o.entity_id", entity_ids, "uuid")
    conditions.given("o.customer_id = %s", customer_id)
    conditions.given("o.ordered_on >= %s", ordered_from)
    conditions.given("o.ordered_on < %s", ordered_until)
    conditions.given("o.net_total >= %s", least)
    conditions.given("o.net_total <= %s", most)
    search(conditions, words, customer="o.customer_id", own=_meant, sort=ask.sort)
    return lists.page(
        OrderRow,
        columns=_ORDER,
        source=_SOURCE,
        key="o.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="orders o",
    )


def _meant(word: str) -> Meant | None:
    return numbered("orders", "o", word, kind="order", texts=("external_reference",))


def orders_meant(word: str, column: str) -> Meant | None:
    """What a word means of the orders that a column points to, and that the list joins as `o`: number or reference."""
    return linked(column, "orders", "o", _meant(word))


def lines_meant(word: str, column: str, *, key: str = "id") -> Meant | None:
    """The same for a column that points to lines of orders, by their id or lineage."""
    meant = orders_meant(word, "o.id")
    if meant is None or meant.text != "o.id = ANY(%s::uuid[])":
        return meant
    lines = sql.ids(sql.fetch(f"SELECT {key} FROM order_lines WHERE order_id = ANY(%s::uuid[])", meant.params))
    return Meant(f"{column} = ANY(%s::uuid[])", (lines,))


def of_customers_orders(column: str) -> Callable[[list[UUID]], Meant]:
    """What belongs to the orders of a few customers, by the column that points to orders."""

    def of(customer_ids: list[UUID]) -> Meant:
        found = sql.ids(
            sql.fetch("SELECT id FROM orders WHERE customer_id = ANY(%s::uuid[]) LIMIT %s", (customer_ids, MANY + 1))
        )
        if len(found) <= MANY:
            return Meant(f"{column} = ANY(%s::uuid[])", (found,))
        return Meant("o.customer_id = ANY(%s::uuid[])", (customer_ids,))

    return of


def orders_for_update(ids: Iterable[UUID]) -> dict[UUID, LockedOrder]:
    """The orders, locked in key order until the commit; raises NotFound where one is missing."""
    wanted = set(ids)
    rows = sql.fetch(
        "SELECT o.id, o.number, o.agreement_id, o.customer_id, o.entity_id, o.currency, o.status, o.hold_reason, "
        "e.code, e.timezone FROM orders o JOIN legal_entities e ON e.id = o.entity_id "
        "WHERE o.id = ANY(%s) ORDER BY o.id FOR NO KEY UPDATE OF o",
        (list(wanted),),
    )
    if len(rows) < len(wanted):
        raise NotFound("There is no such order.", field="order_id")
    return {row[0]: LockedOrder(*row) for row in rows}


def known_references(references: Iterable[tuple[UUID, str]]) -> dict[tuple[UUID, str], KnownOrder]:
    """The orders that came before under those pairs of customer and the buyer's reference."""
    wanted = list(set(references))
    if not wanted:
        return {}
    customers, texts = zip(*wanted, strict=True)
    rows = sql.fetch(
        "SELECT o.customer_id, o.external_reference, o.id, o.number, o.status, o.hold_reason, o.fingerprint, "
        "o.net_total, o.currency FROM orders o JOIN unnest(%s::uuid[], %s::text[]) AS w(customer_id, reference) "
        "ON o.customer_id = w.customer_id AND o.external_reference = w.reference",
        (list(customers), list(texts)),
    )
    return {(row[0], row[1]): KnownOrder(*row[2:]) for row in rows}


def open_lines(order_ids: Iterable[UUID]) -> list[OpenLine]:
    """The lines of orders that are still to be delivered, in whole or in part."""
    rows = sql.fetch(
        "SELECT l.id, l.order_id, l.kind, l.quantity, l.delivered_quantity, t.unit_price, t.interval_months, "
        "t.net_total FROM order_lines l JOIN agreement_lines t ON t.id = l.agreement_line_id "
        "WHERE l.order_id = ANY(%s) AND l.status = 'open' ORDER BY l.id",
        (list(set(order_ids)),),
    )
    return [OpenLine(*row) for row in rows]


def untouched_agreements(order_ids: Iterable[UUID]) -> list[UUID]:
    """The agreements that are these orders alone, born of them, with nothing delivered."""
    return sql.ids(
        sql.fetch(
            "SELECT a.id FROM agreements a WHERE a.origin = 'order' AND a.id IN "
            "(SELECT agreement_id FROM orders WHERE id = ANY(%(orders)s)) "
            "AND NOT EXISTS (SELECT FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.agreement_id = a.id "
            "AND (l.delivered_quantity > 0 OR o.id <> ALL(%(orders)s))) ORDER BY a.id",
            {"orders": list(set(order_ids))},
        )
    )


def kinds_of(order_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """The kinds of products on each order's open lines."""
    return dict(
        sql.fetch(
            "SELECT order_id, array_agg(DISTINCT kind) FROM order_lines WHERE order_id = ANY(%s) AND status = 'open' "
            "GROUP BY order_id",
            (list(set(order_ids)),),
        )
    )


def held_for_credit(*, limit: int) -> dict[UUID, list[tuple[UUID, Decimal]]]:
    """The held orders of up to `limit` customers whose account is not on hold, oldest first, with what is paid once."""
    rows = sql.fetch(
        "SELECT o.customer_id, o.id, coalesce(sum(t.net_total) FILTER (WHERE t.interval_months = 0), 0) FROM orders o "
        "JOIN order_lines l ON l.order_id = o.id JOIN agreement_lines t ON t.id = l.agreement_line_id "
        "WHERE o.status = %s AND o.customer_id IN (SELECT h.customer_id FROM orders h "
        "JOIN credit_accounts k ON k.customer_id = h.customer_id WHERE h.status = %s AND NOT k.held "
        "GROUP BY 1 ORDER BY 1 LIMIT %s) GROUP BY o.customer_id, o.id ORDER BY o.customer_id, o.id",
        (OrderStatus.HELD.value, OrderStatus.HELD.value, limit),
    )
    found: dict[UUID, list[tuple[UUID, Decimal]]] = {}
    for customer_id, order_id, amount in rows:
        found.setdefault(customer_id, []).append((order_id, amount))
    return found


def ordered_values(customer_ids: Sequence[UUID] | None = None) -> dict[UUID, Decimal]:
    """What customers ordered to be paid once, less what was cancelled, net; None means all customers.

    Less what of it was invoiced, this is the orders' part of the credit exposure.
    """
    source = (
        "FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN agreement_lines t ON t.id = l.agreement_line_id "
        "WHERE t.interval_months = 0 AND (%(customers)s::uuid[] IS NULL OR o.customer_id = ANY(%(customers)s::uuid[])) "
    )
    params = {"customers": None if customer_ids is None else list(customer_ids)}
    whole = f"SELECT o.customer_id, sum(t.net_total) {source} AND l.status <> 'cancelled' GROUP BY 1"
    found: dict[UUID, Decimal] = dict(sql.fetch(whole, params))
    parts = (
        "SELECT o.customer_id, o.currency, l.quantity, l.delivered_quantity, t.unit_price, t.net_total "
        f"{source} AND l.status = 'cancelled' AND l.delivered_quantity > 0"
    )
    for customer_id, currency, quantity, delivered, unit_price, net_total in sql.fetch(parts, params):
        value = delivered_value(quantity, delivered, unit_price, net_total, minor_units(currency))
        found[customer_id] = found.get(customer_id, Decimal(0)) + value
    return found


def customers_by_tax_id(tax_ids: Iterable[str]) -> dict[str, list[CustomerKey]]:
    """The customers with those tax numbers (compact)."""
    wanted = list(set(tax_ids))
    return _customers_by("tax_id", wanted) if wanted else {}


def customers_by_name(names: Iterable[str]) -> dict[str, list[CustomerKey]]:
    """The customers with those names, without regard to case."""
    wanted = list(set(names))
    return _customers_by("lower(name)", wanted) if wanted else {}


def _customers_by(expression: str, wanted: list[str]) -> dict[str, list[CustomerKey]]:
    found: dict[str, list[CustomerKey]] = {}
    for text, key in sql.fetch(f"SELECT {expression}, id FROM customers WHERE {expression} = ANY(%s)", (wanted,)):
        found.setdefault(text, []).append(CustomerKey(key))
    return found


def order_numbered(number: str) -> UUID | None:
    """The order with that number."""
    row = sql.fetch_one("SELECT id FROM orders WHERE number = %s", (number,))
    return row[0] if row else None
