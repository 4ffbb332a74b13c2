"""Orders as given, the facts they are checked against, and the priced plan of what is right."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from cashline.flow.agree.catalog.rules import ProductKind
from cashline.kernel.refusals import Refusal

ZERO = Decimal(0)
UNKNOWN = UUID(int=0)


@dataclass(frozen=True, slots=True)
class NewOrderLine:
    """A line as given. No price: the list price. `row` is the line of the file it came from, 0 for none."""

    sku: str
    quantity: Decimal
    unit_price: Decimal | None = None
    interval_months: int | None = None
    term_months: int | None = None
    discount_percent: Decimal = ZERO
    description: str | None = None
    row: int = 0


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as given. `external_reference` is the buyer's own number; no `ordered_on`: today.

    Of an order in a file, `row` is its first line there and `buyer` how it names the customer; an unknown customer has
    the id UNKNOWN.
    """

    customer_id: UUID
    entity_id: UUID
    currency: str
    source: str
    external_reference: str | None = None
    ordered_on: date | None = None
    requested_on: date | None = None
    purchase_order: str = ""
    lines: tuple[NewOrderLine, ...] = ()
    row: int = 0
    buyer: str = ""


class Buyer(Protocol):
    """What must be known of a customer."""

    @property
    def name(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def payment_terms_days(self) -> int: ...


class Sellable(Protocol):
    """What must be known of a product."""

    @property
    def id(self) -> UUID: ...
    @property
    def sku(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def active(self) -> bool: ...
    @property
    def billing_trigger(self) -> str: ...
    @property
    def revenue_pattern(self) -> str: ...
    @property
    def tax_category(self) -> str: ...


class ListPrice(Protocol):
    """A price of the price book, without the tax (in percent) that it included there, if any.

    `untaxable` says why that tax could not be taken out.
    """

    @property
    def unit_price(self) -> Decimal: ...
    @property
    def charge(self) -> dict[str, Any]: ...
    @property
    def tax_percent(self) -> Decimal | None: ...
    @property
    def untaxable(self) -> str: ...


type PriceKey = tuple[UUID, str, int, date]
"""Product, currency, interval in months, day."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the world knows that orders are checked against. `intervals` are those a product has a price for."""

    customers: Mapping[UUID, Buyer]
    entity_ids: Collection[UUID]
    products: Mapping[str, Sellable]
    prices: Mapping[PriceKey, ListPrice]
    intervals: Mapping[tuple[UUID, str, date], Sequence[int]]
    today: date


class PlannedLine(NamedTuple):
    """A line that is right, priced. `net_total` is over the whole term (one interval where it has no end)."""

    line_no: int
    product: Sellable
    description: str
    quantity: Decimal
    unit_price: Decimal
    stand_alone_price: Decimal
    interval_months: int
    term_months: int
    net_total: Decimal
    included_tax_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order that is right. `one_off_total` is what is paid once, which counts as credit exposure."""

    order: NewOrder
    ordered_on: date
    fingerprint: str
    lines: tuple[PlannedLine, ...]
    net_total: Decimal
    one_off_total: Decimal
    kinds: tuple[str, ...]


@dataclass(slots=True)
class Plan:
    """What a batch comes to: the orders that are right, in place (None where not), and everything that is wrong."""

    orders: list[PlannedOrder | None] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def fingerprint(order: NewOrder) -> str:
    """What makes two orders with one reference the same: their content, whatever the door and the day."""
    parts = [
        str(order.customer_id),
        str(order.entity_id),
        order.currency,
        str(order.requested_on or ""),
        order.purchase_order,
    ]
    for line in order.lines:
        price = "" if line.unit_price is None else f"{line.unit_price.normalize():f}"
        terms = f"{line.interval_months}|{line.term_months}|{line.discount_percent.normalize():f}"
        parts.append(f"{line.sku}|{line.quantity.normalize():f}|{price}|{terms}|{line.description or ''}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def price_keys(orders: Iterable[NewOrder], products: Mapping[str, Sellable], today: date) -> set[PriceKey]:
    """The list prices that planning those orders needs."""
    found: set[PriceKey] = set()
    for order in orders:
        day = order.ordered_on or today
        for line in order.lines:
            product = products.get(line.sku)
            if product is not None and (line.interval_months is not None or product.kind != ProductKind.SUBSCRIPTION):
                found.add((product.id, order.currency, line.interval_months or 0, day))
    return found


def open_intervals(
    orders: Iterable[NewOrder], products: Mapping[str, Sellable], today: date
) -> set[tuple[UUID, str, date]]:
    """The subscriptions (product, currency, day) whose lines do not say how often they are billed."""
    return {
        (product.id, order.currency, order.ordered_on or today)
        for order in orders
        for line in order.lines
        if line.interval_months is None
        and (product := products.get(line.sku)) is not None
        and product.kind == ProductKind.SUBSCRIPTION
    }
