"""Placing orders: check the whole batch, agree its terms, ask for credit, book. One transaction, no query in a loop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction

from cashline.flow.agree.catalog.queries import interval_options, prices_on_days, products_by_sku
from cashline.flow.agree.contracts.actions import create_agreements
from cashline.flow.agree.contracts.queries import term_lines
from cashline.flow.agree.contracts.rules import NewAgreement, NewTermLine
from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.book.credit.actions import take_exposure
from cashline.flow.book.credit.queries import accounts
from cashline.flow.book.credit.rules import Account, CreditDecision, decide
from cashline.flow.book.orders import queries
from cashline.flow.book.orders.queries import KnownOrder
from cashline.flow.book.orders.rules.lifecycle import OrderSource, OrderStatus
from cashline.flow.book.orders.rules.new_order import (
    Facts,
    NewOrder,
    PlannedLine,
    PlannedOrder,
    open_intervals,
    price_keys,
)
from cashline.flow.book.orders.rules.placing import Repeats, find_repeats, plan_orders
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import raise_all
from cashline.platform import sql
from cashline.platform.company.queries import Entity, entities
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_ORDER_FIELDS = (
    "id number agreement_id customer_id entity_id source external_reference fingerprint status hold_reason currency "
    "net_total ordered_on requested_on created_at"
)
_ORDER_COLUMNS = _ORDER_FIELDS.split()
_LINE_COLUMNS = ("id", "order_id", "line_no", "agreement_line_id", "line_id", "product_id", "kind", "quantity")


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """What became of an order. A duplicate is the order that came first; a preview has no id and no number yet.

    `agreement_id` is what a new order is billed by.
    """

    order_id: UUID | None
    number: str
    status: str
    duplicate: bool
    hold_reason: str
    net_total: Decimal
    currency: str
    lines: tuple[PlannedLine, ...] = ()
    agreement_id: UUID | None = None


class _Booking(NamedTuple):
    """An order to insert; its lines are (line_no, agreement_line_id, line_id, product_id, kind, quantity)."""

    id: UUID
    agreement_id: UUID
    customer_id: UUID
    entity_id: UUID
    source: str
    external_reference: str | None
    fingerprint: str
    currency: str
    net_total: Decimal
    one_off_total: Decimal
    ordered_on: date
    requested_on: date | None
    kinds: tuple[str, ...]
    lines: Sequence[tuple[int, UUID, UUID, UUID, str, Decimal]]


def place_orders(
    orders: Sequence[NewOrder],
    *,
    today: date,
    now: datetime,
    actor: str,
    preview: bool = False,
    max_discount: Decimal | None = None,
) -> list[PlacedOrder]:
    """Book orders; gives what became of each, in their order. All errors of all orders come at once, and book nothing.

    An order that came before under its buyer's reference is a duplicate; the reference with other content is refused
    (OrderReferenceReused). `max_discount` is what the caller may give off the list price in percent (None: any). Where
    credit is short, or the account on hold, the order is held. A preview books nothing and says what would come.
    """
    try:
        return _place(orders, today, now, actor, preview, max_discount)
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") != "order_received_once":
            raise
        # The same order was committed by another transaction since we looked: now it is seen.
        return _place(orders, today, now, actor, preview, max_discount)


@transaction.atomic
def _place(
    orders: Sequence[NewOrder],
    today: date,
    now: datetime,
    actor: str,
    preview: bool,
    max_discount: Decimal | None,
) -> list[PlacedOrder]:
    known = queries.known_references(
        (order.customer_id, order.external_reference) for order in orders if order.external_reference is not None
    )
    repeats = find_repeats(orders, {key: row.fingerprint for key, row in known.items()})
    by_id = {entity.id: entity for entity in entities()}
    facts = _facts(orders, by_id, today)
    plan = plan_orders(orders, facts, repeats, max_discount=max_discount)
    raise_all([*repeats.refusals, *plan.refusals])
    planned = [order for order in plan.orders if order is not None]
    asked = [(item.order.customer_id, item.one_off_total) for item in planned]
    if preview:
        decisions = _would_decide(asked, planned)
        booked = [_placed(None, None, "", item, decision) for item, decision in zip(planned, decisions, strict=True)]
    else:
        decisions = take_exposure(asked, now=now, actor=actor)
        booked = _book_planned(planned, decisions, facts, by_id, now, actor)
    return _in_place(orders, repeats, known, plan.orders, booked)


def order_agreements(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on AgreementSigned: the order of each signed contract, with its lines as they were agreed."""
    lines = term_lines(agreement_ids=[event.subject_id for event in events])
    by_agreement: dict[UUID, list[Any]] = {}
    for line in lines:
        by_agreement.setdefault(line.agreement_id, []).append(line)
    by_id = {entity.id: entity for entity in entities()}
    bookings = []
    for agreement_id, terms in by_agreement.items():
        first = terms[0]
        bookings.append(
            _Booking(
                new_id(),
                agreement_id,
                first.customer_id,
                first.entity_id,
                OrderSource.CONTRACT.value,
                None,
                "",
                first.currency,
                sum((line.net_total for line in terms), Decimal(0)),
                sum((line.net_total for line in terms if not line.interval_months), Decimal(0)),
                local_day(now, by_id[first.entity_id].timezone),
                None,
                tuple(sorted({line.kind for line in terms})),
                [(line.line_no, line.id, line.line_id, line.product_id, line.kind, line.quantity) for line in terms],
            )
        )
    decisions = take_exposure([(one.customer_id, one.one_off_total) for one in bookings], now=now, actor=actor)
    _book(bookings, decisions, by_id, now, actor)


def _facts(orders: Sequence[NewOrder], by_id: dict[UUID, Entity], today: date) -> Facts:
    products = products_by_sku({line.sku for order in orders for line in order.lines})
    open_ones = open_intervals(orders, products, today)
    intervals = {
        (product_id, currency, day): options.get(product_id, [])
        for currency, day in {(currency, day) for _, currency, day in open_ones}
        for options in [interval_options({key[0] for key in open_ones if key[1:] == (currency, day)}, currency, day)]
        for product_id in {key[0] for key in open_ones if key[1:] == (currency, day)}
    }
    keys = price_keys(orders, products, today)
    keys |= {(key[0], key[1], options[0], key[2]) for key, options in intervals.items() if len(options) == 1}
    return Facts(
        customers_by_id({order.customer_id for order in orders}),
        by_id.keys(),
        products,
        {key: price.without_tax() for key, price in prices_on_days(keys).items()},
        intervals,
        today,
    )


def _would_decide(asked: Sequence[tuple[UUID, Decimal]], planned: Sequence[PlannedOrder]) -> list[CreditDecision]:
    """What `take_exposure` would answer, without taking it."""
    found = accounts(customer_id for customer_id, _ in asked)
    for item in planned:
        empty = Account(item.order.customer_id, item.order.currency, None, Decimal(0), False)
        found.setdefault(item.order.customer_id, empty)
    return decide(asked, found)


def _book_planned(
    planned: Sequence[PlannedOrder],
    decisions: Sequence[CreditDecision],
    facts: Facts,
    by_id: dict[UUID, Entity],
    now: datetime,
    actor: str,
) -> list[PlacedOrder]:
    agreements = [_agreement(item, facts.customers[item.order.customer_id].payment_terms_days) for item in planned]
    create_agreements(agreements, now=now, actor=actor, entities=by_id)
    bookings = [_booking(item, agreement) for item, agreement in zip(planned, agreements, strict=True)]
    numbers = _book(bookings, decisions, by_id, now, actor)
    return [
        _placed(booking.id, booking.agreement_id, number, item, decision)
        for booking, number, item, decision in zip(bookings, numbers, planned, decisions, strict=True)
    ]


def _agreement(item: PlannedOrder, payment_terms_days: int) -> NewAgreement:
    order = item.order
    return NewAgreement(
        customer_id=order.customer_id,
        entity_id=order.entity_id,
        currency=order.currency,
        starts_on=item.ordered_on,
        payment_terms_days=payment_terms_days,
        purchase_order=order.purchase_order or order.external_reference or "",
        lines=[
            NewTermLine(
                line_no=line_no,
                product_id=product.id,
                kind=product.kind,
                description=description,
                quantity=quantity,
                unit_price=unit_price,
                stand_alone_price=alone,
                billing_trigger=product.billing_trigger,
                revenue_pattern=product.revenue_pattern,
                tax_category=product.tax_category,
                net_total=total,
                interval_months=interval_months,
                term_months=term_months,
                included_tax_rate=included,
            )
            for (
                line_no, product, description, quantity, unit_price, alone, interval_months, term_months, total,
                included,
            ) in item.lines
        ],
    )  # fmt: skip


def _booking(item: PlannedOrder, agreement: NewAgreement) -> _Booking:
    order = item.order
    return _Booking(
        new_id(),
        agreement.id,
        order.customer_id,
        order.entity_id,
        order.source,
        order.external_reference,
        item.fingerprint,
        order.currency,
        item.net_total,
        item.one_off_total,
        item.ordered_on,
        order.requested_on,
        item.kinds,
        [(line.line_no, line.id, line.id, line.product_id, line.kind, line.quantity) for line in agreement.lines],
    )


def _book(
    bookings: Sequence[_Booking],
    decisions: Sequence[CreditDecision],
    by_id: dict[UUID, Entity],
    now: datetime,
    actor: str,
) -> list[str]:
    """Insert orders with their lines and events; gives their numbers."""
    numbers = _numbers(bookings, by_id, now)
    order_rows, line_rows, events = [], [], []
    for one, decision, number in zip(bookings, decisions, numbers, strict=True):
        status = OrderStatus.BOOKED if decision.granted else OrderStatus.HELD
        order_rows.append(
            (
                one.id, number, one.agreement_id, one.customer_id, one.entity_id, one.source, one.external_reference,
                one.fingerprint, status.value, decision.reason, one.currency, one.net_total, one.ordered_on,
                one.requested_on, now,
            )
        )  # fmt: skip
        for line in one.lines:
            line_rows.append((new_id(), one.id, *line))
        events.append(
            Event(
                "OrderBooked" if decision.granted else "OrderHeld",
                (
                    ObjectRef("order", one.id),
                    ObjectRef("agreement", one.agreement_id),
                    ObjectRef("customer", one.customer_id),
                ),
                {
                    "number": number,
                    "net_total": str(one.net_total),
                    "currency": one.currency,
                    "kinds": one.kinds,
                    "source": one.source,
                },
                decision.reason,
            )
        )
    sql.insert("orders", _ORDER_COLUMNS, order_rows)
    sql.insert("order_lines", _LINE_COLUMNS, line_rows)
    record(events, now=now, actor=actor)
    return numbers


def _numbers(bookings: Sequence[_Booking], by_id: dict[UUID, Entity], now: datetime) -> list[str]:
    series = {
        key: Series("order", by_id[key].code, local_day(now, by_id[key].timezone).year, key)
        for key in {one.entity_id for one in bookings}
    }
    wanted: dict[Series, int] = {}
    for one in bookings:
        wanted[series[one.entity_id]] = wanted.get(series[one.entity_id], 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted).items()}
    return [next(taken[series[one.entity_id]]) for one in bookings]


def _placed(
    order_id: UUID | None, agreement_id: UUID | None, number: str, item: PlannedOrder, decision: CreditDecision
) -> PlacedOrder:
    status = OrderStatus.BOOKED if decision.granted else OrderStatus.HELD
    return PlacedOrder(
        order_id,
        number,
        status.value,
        False,
        decision.reason,
        item.net_total,
        item.order.currency,
        item.lines,
        agreement_id,
    )


def _in_place(
    orders: Sequence[NewOrder],
    repeats: Repeats,
    known: dict[tuple[UUID, str], KnownOrder],
    planned: Sequence[PlannedOrder | None],
    booked: Sequence[PlacedOrder],
) -> list[PlacedOrder]:
    """The outcome of every order where it stood in the batch; repeats point at the first."""
    fresh = iter(booked)
    found: list[PlacedOrder] = []
    for index, order in enumerate(orders):
        if planned[index] is not None:
            found.append(next(fresh))
            continue
        earlier = repeats.of[index]
        if earlier >= 0:
            first = found[earlier]
            found.append(
                PlacedOrder(
                    first.order_id, first.number, first.status, True, first.hold_reason, first.net_total, first.currency
                )
            )
            continue
        row = known[order.customer_id, order.external_reference or ""]
        found.append(PlacedOrder(row.id, row.number, row.status, True, row.hold_reason, row.net_total, row.currency))
    return found
