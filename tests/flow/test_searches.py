"""Searches find by indexes what a walk over all documents would: by number, by customer, and by both together."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from cashline.flow.agree.contracts.queries import list_agreements
from cashline.flow.agree.customers.queries import finding
from cashline.flow.book.orders import queries as orders
from cashline.flow.deliver.fulfilment.queries import list_shipments
from cashline.flow.deliver.projects.queries import list_installations
from cashline.flow.deliver.subscriptions.queries import list_subscriptions
from cashline.flow.invoice.credit_notes.queries import list_credit_notes
from cashline.flow.invoice.invoices.queries import InvoiceFilter, list_invoices
from cashline.flow.receive.payments.queries import PaymentFilter, list_payments
from cashline.flow.report.health.queries.stuck_items import stuck_items
from cashline.platform import sql
from cashline.platform.lists import Ask
from tests.support.report import Traded, trade_a_little

ALL = Ask(limit=200)
LISTS: dict[str, tuple[Callable[[str], Any], str]] = {
    "invoices": (lambda w: list_invoices(ALL, InvoiceFilter(words=w), today=date(2026, 4, 1)), "t.customer_id"),
    "payments": (lambda w: list_payments(ALL, PaymentFilter(words=w)), "t.customer_id"),
    "agreements": (lambda w: list_agreements(ALL, words=w), "t.customer_id"),
    "orders": (lambda w: orders.list_orders(ALL, words=w), "t.customer_id"),
    "subscriptions": (lambda w: list_subscriptions(ALL, words=w), "t.customer_id"),
    "installations": (lambda w: list_installations(ALL, words=w), "t.customer_id"),
    "credit_notes": (lambda w: list_credit_notes(ALL, words=w), "t.customer_id"),
    "shipments": (lambda w: list_shipments(ALL, words=w), "t.customer_id"),
}


@pytest.fixture
def traded(db: Any) -> Traded:
    return trade_a_little()


def walked(table: str, customer: str, words: str) -> set[UUID]:
    """What a walk over all of them finds: each word anywhere in the number or in the customer's name or number."""
    text = f"(SELECT concat_ws(' ', t.number, c.name, c.number) FROM customers c WHERE c.id = {customer})"
    tests = " AND ".join([f"position(upper(%s) IN upper({text})) > 0"] * len(words.split()))
    return set(sql.ids(sql.fetch(f"SELECT t.id FROM {table} t WHERE {tests}", words.split())))


@pytest.mark.parametrize("few", [0, 100])
def test_searches_find_what_a_walk_over_all_would(traded: Traded, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    names = [name for (name,) in sql.fetch("SELECT name FROM customers ORDER BY id")]
    by_name = Ask("customer", limit=200)
    listed_by_customer: dict[str, Callable[[str], Any]] = {
        "payments": lambda w: list_payments(by_name, PaymentFilter(words=w)).items,
        "shipments": lambda w: list_shipments(by_name, words=w).items,
        "subscriptions": lambda w: list_subscriptions(by_name, words=w).items,
    }
    part, other = names[0].split()[0][1:].lower(), names[1]
    for table, (found, customer) in LISTS.items():
        numbers = sql.fetch(f"SELECT number FROM {table} WHERE number IS NOT NULL ORDER BY id LIMIT 1")
        assert numbers, table
        [(number,)] = numbers
        prefix, tail = number.partition("-")[0], "-".join(number.split("-")[-2:])
        for words in (
            number,
            number.lower(),
            prefix,
            tail,
            part,
            other,
            f"{part} {prefix}",
            f"{number} {other}",
            "zz9",
        ):
            expected = walked(table, customer, words)
            assert {row.id for row in found(words).items} == expected, (table, words)
        assert [row.number for row in found(number).items] == [number]
        by_customer = listed_by_customer.get(table)
        if by_customer:
            assert {row.id for row in by_customer(part)} == walked(table, customer, part)
        assert number in {row.number for row in found(number.rpartition("-")[2].lstrip("0")).items}
        assert found("100%").items == found("_").items == []


def test_an_order_is_found_by_its_reference_and_so_is_what_came_of_it(traded: Traded) -> None:
    [(order, number)] = sql.fetch("SELECT id, number FROM orders WHERE id = %s", (traded.whole,))
    for name in ("subscriptions", "installations", "shipments"):
        rows = LISTS[name][0](number).items
        assert rows
        assert {row.order_id for row in rows} == {order}


def paged(ask: Callable[[Ask], Any]) -> list[Any]:
    """All rows, met two at a time."""
    found, cursor = [], ""
    while True:
        page = ask(Ask(limit=2, cursor=cursor))
        found += page.items
        cursor = page.next_cursor
        if not cursor:
            return found


def test_gathered_rows_page_like_those_that_are_walked(traded: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a status that few orders are in, the rows are gathered before they are sorted."""
    statuses = ("booked", "held", "completed", "cancelled")

    def listed() -> list[list[Any]]:
        ways = [(sort, descending) for sort in (*orders.SORTS, "") for descending in (False, True)]
        return [
            paged(
                lambda ask, sort=sort, descending=descending: orders.list_orders(  # type: ignore[misc]
                    replace(ask, sort=sort, descending=descending), statuses=statuses
                )
            )
            for sort, descending in ways
        ]

    walked_ones = listed()
    monkeypatch.setattr(orders, "OPEN", frozenset(statuses))
    assert len(walked_ones[0]) > 2
    assert listed() == walked_ones


def test_what_is_stuck_pages_through_every_kind(traded: Traded) -> None:
    for sort in ("since", "number", "customer", "amount"):

        def listed(ask: Ask, sort: str = sort) -> Any:
            return stuck_items(replace(ask, sort=sort), today=date(2027, 1, 1))

        one = listed(ALL).items
        assert len({item.code for item in one}) > 1
        assert paged(listed) == one
