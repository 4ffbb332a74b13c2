"""Placing orders: everything that can be wrong with a batch, and the priced plan of what is right.

`plan_orders` walks a batch once. Prices come from the order, else from the price book on the day of the order; a line
keeps the list price as its stand-alone price (ASC 606-10-32-32).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from cashline.flow.book.orders.rules import problems
from cashline.flow.book.orders.rules.lines import plan_line
from cashline.flow.book.orders.rules.new_order import (
    ZERO,
    Facts,
    NewOrder,
    NewOrderLine,
    Plan,
    PlannedLine,
    PlannedOrder,
    fingerprint,
)
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue, Refusal

MAX_LINES = 5_000
MAX_TEXT = 200
EARLIEST = date(1990, 1, 1)
LATEST = date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class Repeats:
    """The orders of a batch that came before: `of` maps their index to that of the first in the batch, or to -1 where
    the first is booked already. `refusals` are of references that stand for another order."""

    fingerprints: Sequence[str]
    of: Mapping[int, int]
    refusals: Sequence[Refusal]


def find_repeats(orders: Sequence[NewOrder], booked: Mapping[tuple[UUID, str], str]) -> Repeats:
    """Which orders came before, by the buyer's reference; `booked` has the fingerprints of those in the books."""
    prints = ["" if order.external_reference is None else fingerprint(order) for order in orders]
    first: dict[tuple[UUID, str], int] = {}
    of: dict[int, int] = {}
    refusals: list[Refusal] = []
    for index, order in enumerate(orders):
        if order.external_reference is None:
            continue
        key = (order.customer_id, order.external_reference)
        earlier = -1 if key in booked else first.setdefault(key, index)
        if earlier == index:
            continue
        of[index] = earlier
        if prints[index] != (booked[key] if earlier < 0 else prints[earlier]):
            refusals.append(
                problems.OrderReferenceReused(
                    f"The reference {order.external_reference!r} stands for another order of this customer.",
                    field=f"orders.{index}.external_reference" if len(orders) > 1 else "external_reference",
                    fix="Give the new order a reference of its own, or cancel the first and order anew.",
                )
            )
    return Repeats(prints, of, refusals)


def plan_orders(
    orders: Sequence[NewOrder], facts: Facts, repeats: Repeats, *, max_discount: Decimal | None = None
) -> Plan:
    """Check and price a batch; repeats are passed by (None in the plan).

    `max_discount` in percent off the list price may be given without asking; None: any.
    """
    plan = Plan()
    several = len(orders) > 1
    for index, order in enumerate(orders):
        if index in repeats.of:
            plan.orders.append(None)
            continue
        place = f"orders.{index}." if several else ""
        before = len(plan.refusals)
        plan.refusals.extend(_of_order(refusal, order) for refusal in _header_refusals(order, facts, place))
        day = order.ordered_on or facts.today
        digits = 2 if len(plan.refusals) > before else minor_units(order.currency)
        lines: list[PlannedLine] = []
        for line_no, line in enumerate(order.lines, 1):
            planned = plan_line(order, line, line_no, day, digits, facts, max_discount)
            if isinstance(planned, PlannedLine):
                lines.append(planned)
            else:
                plan.refusals.extend(_placed(refusal, order, line, line_no, place) for refusal in planned)
        right = len(plan.refusals) == before
        plan.orders.append(_planned(order, day, lines, repeats.fingerprints[index]) if right else None)
    return plan


def _planned(order: NewOrder, day: date, lines: list[PlannedLine], mark: str) -> PlannedOrder:
    one_off = sum((line.net_total for line in lines if not line.interval_months), ZERO)
    return PlannedOrder(
        order,
        day,
        mark,
        tuple(lines),
        sum((line.net_total for line in lines), ZERO),
        one_off,
        tuple(sorted({line.product.kind for line in lines})),
    )


def _placed(refusal: Refusal, order: NewOrder, line: NewOrderLine, line_no: int, place: str) -> Refusal:
    """The refusal with the place of its line, in words and as a field."""
    row = {"row": line.row} if line.row else {}
    name = f"Row {line.row}" if line.row else f"Line {line_no}"
    return type(refusal)(
        f"{name}: {refusal.message}",
        field=f"{place}lines.{line_no - 1}.{refusal.field}",
        fix=refusal.fix,
        order=order.external_reference or "",
        line=line_no,
        **row,
    )


def _of_order(refusal: Refusal, order: NewOrder) -> Refusal:
    """The refusal with the order that it is about, and where that stands in a file."""
    refusal.data["order"] = order.external_reference or ""
    if order.row:
        refusal.data["row"] = order.row
        refusal.message = f"Row {order.row}: {refusal.message}"
    return refusal


def _header_refusals(order: NewOrder, facts: Facts, place: str) -> list[Refusal]:
    found: list[Refusal] = []
    customer = facts.customers.get(order.customer_id)
    if customer is None:
        named = f"customer {order.buyer[:80]!r}" if order.buyer else "such customer"
        found.append(
            problems.UnknownCustomer(
                f"There is no {named}.",
                field=f"{place}customer_id",
                fix="Add the customer, or name it by the number or the reference that it has here.",
            )
        )
    elif customer.status != "active":
        found.append(
            problems.CustomerNotActive(
                f"{customer.name} is {customer.status}, so no orders are taken.",
                field=f"{place}customer_id",
                fix="Unblock the customer first.",
            )
        )
    if order.entity_id not in facts.entity_ids:
        found.append(problems.UnknownEntity("There is no such legal entity.", field=f"{place}entity_id"))
    try:
        minor_units(order.currency)
    except InvalidValue as refusal:
        found.append(InvalidValue(refusal.message, field=f"{place}currency"))
    else:
        if customer is not None and customer.currency != order.currency:
            found.append(
                problems.OrderCurrencyDiffers(
                    f"The order is in {order.currency}, the customer's account in {customer.currency}.",
                    field=f"{place}currency",
                    fix=f"Order in {customer.currency}.",
                )
            )
    if not order.lines:
        found.append(problems.NoLines("An order has at least one line.", field=f"{place}lines"))
    if len(order.lines) > MAX_LINES:
        found.append(problems.TooManyLines(f"An order has {MAX_LINES} lines at most.", field=f"{place}lines"))
    return found + _reference_refusals(order, place) + _date_refusals(order, facts.today, place)


def _reference_refusals(order: NewOrder, place: str) -> list[Refusal]:
    found: list[Refusal] = []
    reference = order.external_reference
    if reference is not None and (not reference.strip() or len(reference) > MAX_TEXT):
        found.append(
            problems.InvalidReference(
                f"The buyer's reference has 1 to {MAX_TEXT} characters.",
                field=f"{place}external_reference",
                fix="Leave it out where the buyer gave none.",
            )
        )
    if len(order.purchase_order) > MAX_TEXT:
        found.append(
            problems.InvalidReference(
                f"A purchase order number has {MAX_TEXT} characters at most.", field=f"{place}purchase_order"
            )
        )
    return found


def _date_refusals(order: NewOrder, today: date, place: str) -> list[Refusal]:
    found: list[Refusal] = []
    day = order.ordered_on or today
    if not EARLIEST <= day <= today + timedelta(days=1):
        found.append(
            problems.InvalidOrderDate(
                f"An order is dated between {EARLIEST} and today.",
                field=f"{place}ordered_on",
                fix="Give the wished day of delivery as requested_on.",
            )
        )
    if order.requested_on is not None and not day <= order.requested_on <= LATEST:
        found.append(
            problems.InvalidOrderDate(
                "The requested day lies before the day of the order.", field=f"{place}requested_on"
            )
        )
    return found
