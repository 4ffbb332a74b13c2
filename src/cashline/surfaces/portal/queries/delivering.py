"""The customer's orders with their shipments and installations, and subscriptions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order, and how much of it was delivered (lines done of all that count)."""

    id: UUID
    number: str
    agreement_id: UUID
    agreement_number: str
    agreement_origin: str
    entity_id: UUID
    external_reference: str | None
    status: str
    currency: str
    net_total: Decimal
    ordered_on: date
    requested_on: date | None
    lines_done: int
    lines: int


@dataclass(frozen=True, slots=True)
class OrderLineRow:
    """A line of an order with its terms."""

    id: UUID
    line_no: int
    sku: str
    description: str
    kind: str
    quantity: Decimal
    delivered_quantity: Decimal
    status: str
    unit_price: Decimal
    interval_months: int
    net_total: Decimal
    included_tax_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of fulfilment; several lines may have one of the same kind."""

    kind: str
    status: str
    sequence: int


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """A shipment and what it carries, in words."""

    id: UUID
    number: str
    status: str
    carrier: str
    tracking_number: str
    shipped_on: date | None
    delivered_on: date | None
    contents: list[str]


@dataclass(frozen=True, slots=True)
class InstallationRow:
    """An installation with the order that it belongs to."""

    id: UUID
    number: str
    status: str
    order_id: UUID
    order_number: str
    entity_id: UUID
    description: str
    quantity: Decimal
    scheduled_on: date | None
    technician: str
    done_on: date | None
    accepted_on: date | None
    accepted_by: str
    note: str


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A subscription with the terms of its line as they hold now."""

    id: UUID
    number: str
    status: str
    entity_id: UUID
    sku: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    interval_months: int
    term_months: int
    billing_trigger: str
    currency: str
    agreement_id: UUID
    agreement_number: str
    agreement_origin: str
    order_id: UUID
    order_number: str
    activated_on: date | None
    ends_on: date | None
    cancelled_on: date | None
    included_tax_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class BilledPeriodRow:
    """What was billed for a subscription."""

    invoice_id: UUID
    invoice_number: str
    start: date | None
    end: date | None
    net_amount: Decimal
    issued_on: date


_ORDER = (
    "o.id, o.number, o.agreement_id, a.number, a.origin, o.entity_id, o.external_reference, o.status, o.currency, "
    "o.net_total, o.ordered_on, o.requested_on, "
    "(SELECT count(*) FROM order_lines l WHERE l.order_id = o.id AND l.status = 'delivered'), "
    "(SELECT count(*) FROM order_lines l WHERE l.order_id = o.id AND l.status <> 'cancelled')"
)
_ORDER_SOURCE = "orders o JOIN agreements a ON a.id = o.agreement_id AND a.customer_id = o.customer_id"
ORDER_SORTS = {"number": "o.number", "ordered_on": "o.ordered_on", "net_total": "o.net_total"}
_INSTALLATION = (
    "SELECT n.id, n.number, n.status, o.id, o.number, o.entity_id, a.description, l.quantity, n.scheduled_on, "
    "n.technician, n.done_on, n.accepted_on, n.accepted_by, n.note FROM installations n "
    "JOIN order_lines l ON l.id = n.order_line_id JOIN orders o ON o.id = l.order_id AND o.customer_id = n.customer_id "
    "JOIN agreement_lines a ON a.id = l.agreement_line_id"
)
_SUBSCRIPTION = (
    "s.id, s.number, s.status, s.entity_id, p.sku, l.description, s.quantity, l.unit_price, l.interval_months, "
    "l.term_months, l.billing_trigger, a.currency, a.id, a.number, a.origin, o.id, o.number, "
    "s.activated_on, s.ends_on, s.cancelled_on, l.included_tax_rate"
)
_SUBSCRIPTION_SOURCE = (
    "subscriptions s JOIN products p ON p.id = s.product_id JOIN order_lines r ON r.id = s.order_line_id "
    "JOIN orders o ON o.id = r.order_id AND o.customer_id = s.customer_id JOIN LATERAL ("
    "SELECT description, unit_price, interval_months, term_months, billing_trigger, agreement_id, included_tax_rate "
    "FROM agreement_lines WHERE line_id = s.line_id ORDER BY lower(valid) DESC LIMIT 1) l ON true "
    "JOIN agreements a ON a.id = l.agreement_id AND a.customer_id = s.customer_id"
)
SUBSCRIPTION_SORTS = {"number": "s.number", "activated_on": "coalesce(s.activated_on, 'infinity')"}


def find_orders(ask: lists.Ask, customer_id: UUID, *, words: str = "", statuses: Sequence[str] = ()) -> Page[OrderRow]:
    """One page of orders, the newest first."""
    conditions = lists.Conditions()
    conditions.add("o.customer_id = %s", customer_id)
    conditions.among("o.status", statuses)
    conditions.contains(("o.number", "coalesce(o.external_reference, '')"), words)
    return lists.page(
        OrderRow,
        columns=_ORDER,
        source=_ORDER_SOURCE,
        key="o.id",
        sorts=ORDER_SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def order(order_id: UUID) -> OrderRow:
    """One order; raises NotFound, also for another customer's."""
    rows = sql.fetch_as(OrderRow, f"SELECT {_ORDER} FROM {_ORDER_SOURCE} WHERE o.id = %s", (order_id,))
    if not rows:
        raise NotFound("There is no such order.", field="order")
    return rows[0]


def orders_of_agreement(agreement_id: UUID) -> list[OrderRow]:
    """The orders under a contract."""
    return sql.fetch_as(
        OrderRow, f"SELECT {_ORDER} FROM {_ORDER_SOURCE} WHERE o.agreement_id = %s ORDER BY o.id", (agreement_id,)
    )


def order_lines(order_id: UUID) -> list[OrderLineRow]:
    """The lines of an order with their terms."""
    return sql.fetch_as(
        OrderLineRow,
        "SELECT l.id, l.line_no, p.sku, a.description, l.kind, l.quantity, l.delivered_quantity, l.status, "
        "a.unit_price, a.interval_months, a.net_total, a.included_tax_rate "
        "FROM order_lines l JOIN products p ON p.id = l.product_id "
        "JOIN agreement_lines a ON a.id = l.agreement_line_id WHERE l.order_id = %s ORDER BY l.line_no",
        (order_id,),
    )


def steps(order_id: UUID) -> list[StepRow]:
    """The steps of an order, in their order."""
    return sql.fetch_as(
        StepRow,
        "SELECT kind, status, sequence FROM fulfilment_steps WHERE order_id = %s ORDER BY sequence, kind",
        (order_id,),
    )


def shipments(order_id: UUID) -> list[ShipmentRow]:
    """The shipments of an order."""
    return sql.fetch_as(
        ShipmentRow,
        "SELECT s.id, s.number, s.status, s.carrier, s.tracking_number, s.shipped_on, s.delivered_on, "
        "ARRAY(SELECT trim_scale(c.quantity) || ' × ' || a.description FROM shipment_lines c "
        "JOIN order_lines l ON l.id = c.order_line_id JOIN agreement_lines a ON a.id = l.agreement_line_id "
        "WHERE c.shipment_id = s.id ORDER BY l.line_no) FROM shipments s WHERE s.order_id = %s "
        "AND s.status <> 'cancelled' ORDER BY s.id",
        (order_id,),
    )


def installations_of_order(order_id: UUID) -> list[InstallationRow]:
    """The installations of an order."""
    return sql.fetch_as(InstallationRow, f"{_INSTALLATION} WHERE o.id = %s ORDER BY n.id", (order_id,))


def installation(installation_id: UUID) -> InstallationRow:
    """One installation; raises NotFound, also for another customer's."""
    rows = sql.fetch_as(InstallationRow, f"{_INSTALLATION} WHERE n.id = %s", (installation_id,))
    if not rows:
        raise NotFound("There is no such installation.", field="installation")
    return rows[0]


def find_subscriptions(
    ask: lists.Ask, customer_id: UUID, *, words: str = "", statuses: Sequence[str] = ()
) -> Page[SubscriptionRow]:
    """One page of subscriptions, the newest first."""
    conditions = lists.Conditions()
    conditions.add("s.customer_id = %s", customer_id)
    conditions.among("s.status", statuses)
    conditions.contains(("s.number", "l.description", "p.sku"), words)
    return lists.page(
        SubscriptionRow,
        columns=_SUBSCRIPTION,
        source=_SUBSCRIPTION_SOURCE,
        key="s.id",
        sorts=SUBSCRIPTION_SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def subscription(subscription_id: UUID) -> SubscriptionRow:
    """One subscription; raises NotFound, also for another customer's."""
    rows = sql.fetch_as(
        SubscriptionRow, f"SELECT {_SUBSCRIPTION} FROM {_SUBSCRIPTION_SOURCE} WHERE s.id = %s", (subscription_id,)
    )
    if not rows:
        raise NotFound("There is no such subscription.", field="subscription")
    return rows[0]


def billed_periods(subscription_id: UUID, *, limit: int = 100) -> list[BilledPeriodRow]:
    """What was billed for a subscription, the newest first."""
    return sql.fetch_as(
        BilledPeriodRow,
        "SELECT i.id, i.number, lower(l.period), upper(l.period), l.net_amount, i.issued_on FROM subscriptions s "
        "JOIN invoice_lines l ON l.line_id = s.line_id JOIN invoices i ON i.id = l.invoice_id "
        "AND i.customer_id = s.customer_id WHERE s.id = %s ORDER BY l.period_start DESC, i.id DESC LIMIT %s",
        (subscription_id, limit),
    )


def subscriptions_of_order(order_id: UUID) -> list[tuple[UUID, str, str, datetime | None]]:
    """Number, state and start of the subscriptions of an order."""
    rows = sql.fetch(
        "SELECT s.id, s.number, s.status, s.activated_on FROM subscriptions s "
        "JOIN order_lines l ON l.id = s.order_line_id WHERE l.order_id = %s ORDER BY l.line_no",
        (order_id,),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]
