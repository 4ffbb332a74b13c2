"""Who gets what lies there, and what it cost: whatever is asked, stock is never oversold and no cent is lost."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.deliver.inventory.rules import (
    Consumption,
    InsufficientStock,
    Place,
    StockAdjustment,
    StockReceipt,
    Want,
    adjustment_errors,
    cost_shipments,
    promise_stock,
    receipt_errors,
    value_adjustment,
)

ENTITY, OTHER = UUID(int=1), UUID(int=2)
PRODUCTS = [UUID(int=100 + index) for index in range(3)]
DAY = date(2026, 1, 15)
quantities = st.decimals(Decimal("0.001"), 50, places=3)


def place(number: int, product: UUID, on_hand: Decimal | int, reserved: Decimal | int = 0, value: str = "0") -> Place:
    return Place(
        UUID(int=1000 + number), UUID(int=500 + number), f"W{number}", ENTITY, "EUR", product, Decimal(on_hand),
        Decimal(reserved), Decimal(value),
    )  # fmt: skip


def want(number: int, product: UUID, quantity: Decimal | int, *, order: int = 0, entity: UUID = ENTITY) -> Want:
    return Want(UUID(int=9000 + number), UUID(int=8000 + order), entity, product, Decimal(quantity))


@given(
    st.lists(st.tuples(st.integers(0, 2), quantities, st.integers(0, 4)), max_size=30),
    st.lists(st.tuples(st.integers(0, 2), quantities, st.decimals(0, 1, places=2)), max_size=6),
)
def test_promises_never_pass_what_is_free(
    asked: list[tuple[int, Decimal, int]], stocked: list[tuple[int, Decimal, Decimal]]
) -> None:
    wants = [want(index, PRODUCTS[key], quantity, order=order) for index, (key, quantity, order) in enumerate(asked)]
    places = [
        place(index, PRODUCTS[key], on_hand, on_hand * share) for index, (key, on_hand, share) in enumerate(stocked)
    ]
    promises, short = promise_stock(wants, places)
    assert {promise.want.order_line_id for promise in promises}.isdisjoint(short)
    assert len(promises) + len(short) == len(wants)
    for one in places:
        taken = sum(
            promise.want.quantity
            for promise in promises
            if (promise.warehouse_id, promise.want.product_id) == (one.warehouse_id, one.product_id)
        )
        assert taken <= one.on_hand - one.reserved


def test_an_order_stays_in_one_warehouse_where_it_can() -> None:
    places = [place(1, PRODUCTS[0], 1), place(2, PRODUCTS[0], 5), place(1, PRODUCTS[1], 9), place(2, PRODUCTS[1], 9)]
    promises, _ = promise_stock([want(1, PRODUCTS[0], 3), want(2, PRODUCTS[1], 1)], places)
    assert [promise.warehouse_id for promise in promises] == [places[1].warehouse_id] * 2


def test_stock_of_another_entity_is_not_ours_and_a_line_is_all_or_nothing() -> None:
    places = [place(1, PRODUCTS[0], 4), place(2, PRODUCTS[0], 4)]
    foreign, split = want(1, PRODUCTS[0], 1, entity=OTHER), want(2, PRODUCTS[0], 5)
    promises, short = promise_stock([foreign, split], places)
    assert promises == []
    assert short == {foreign.order_line_id: 0, split.order_line_id: 4}


@dataclass(frozen=True)
class Taken:
    on_hand: Decimal
    value: Decimal
    parts: list[Decimal]


@st.composite
def takings(draw: st.DrawFn) -> Taken:
    parts = draw(st.lists(quantities, min_size=1, max_size=8))
    return Taken(sum(parts, Decimal(0)), draw(st.decimals(0, 10_000, places=2)), parts)


@given(takings())
def test_goods_that_leave_take_every_cent_with_them(taken: Taken) -> None:
    there = place(1, PRODUCTS[0], taken.on_hand, 0, str(taken.value))
    items = [
        Consumption(UUID(int=index), UUID(int=50 + index), there.warehouse_id, PRODUCTS[0], part, DAY)
        for index, part in enumerate(taken.parts)
    ]
    moves = cost_shipments(items, [there])
    assert sum(move.quantity for move in moves) == -taken.on_hand
    assert sum(move.value for move in moves) == -taken.value
    assert all(move.value <= 0 for move in moves)


def test_lines_of_one_product_are_one_move_of_a_shipment() -> None:
    there = place(1, PRODUCTS[0], 10, 0, "100")
    first, second = UUID(int=1), UUID(int=2)
    items = [
        Consumption(source, UUID(int=line), there.warehouse_id, PRODUCTS[0], Decimal(quantity), DAY)
        for source, line, quantity in ((first, 1, 2), (first, 2, 3), (second, 3, 1))
    ]
    assert [(move.source_id, move.quantity, move.value) for move in cost_shipments(items, [there])] == [
        (first, -5, -50),
        (second, -1, -10),
    ]
    with pytest.raises(InsufficientStock):
        cost_shipments([items[0]._replace(quantity=Decimal(11))], [there])
    with pytest.raises(InsufficientStock):
        cost_shipments(items, [])


def test_counted_differences_are_worth_the_average_or_the_standard() -> None:
    there = place(1, PRODUCTS[0], 4, 1, "10.01")
    assert value_adjustment(Decimal(2), there, Decimal(9)) == Decimal("5.01")
    assert value_adjustment(Decimal(-1), there, Decimal(9)) == Decimal("-2.50")
    assert value_adjustment(Decimal(2), place(1, PRODUCTS[0], 0), Decimal(9)) == 18
    assert value_adjustment(Decimal(-4), there._replace(reserved=Decimal(0)), Decimal(9)) == Decimal("-10.01")
    with pytest.raises(InsufficientStock, match="3 are free"):
        value_adjustment(Decimal(-4), there, Decimal(9))


def test_what_is_wrong_with_receipts_and_counts_is_said_at_once() -> None:
    bad = StockReceipt(ENTITY, ENTITY, Decimal(-1), DAY, Decimal(-1))
    fine = StockReceipt(ENTITY, ENTITY, Decimal("0.0000001"), DAY)
    huge = StockReceipt(ENTITY, ENTITY, Decimal("1e13"), DAY)
    assert [one.field for one in receipt_errors([bad, fine, huge])] == [
        "receipts.0.quantity",
        "receipts.0.unit_cost",
        "receipts.1.quantity",
        "receipts.2.quantity",
    ]
    wrong = StockAdjustment(ENTITY, ENTITY, Decimal(0), DAY, " ")
    assert [one.field for one in adjustment_errors([wrong])] == ["adjustments.0.quantity", "adjustments.0.reason"]
