"""Order-to-cash threads a second, beside a floor of bare psycopg that inserts the same rows in the same run.

    .venv/bin/python benchmarks/thread.py [--orders 150000] [--batch 2000] [--singles 300]

A thread is an order taken through booking, shipment, invoice, payment and revenue, every journal entry and event in it,
by the very actions that the doors call. First one by one (orders of five lines, a transaction a step), then in
batches (the orders of TPC-H). Prints rates, the ratio to the floor, the SQL statements of a thread, and peak memory.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
TODAY = date(2026, 1, 15)
ACTOR = "system:benchmark"
STEPS = ("order", "ship", "invoice", "pay", "recognise")


class Company:
    """A company that sells the parts of TPC-H, and the walk of orders through it."""

    def __init__(self, data: Any) -> None:
        from benchmarks import tpch
        from tests.support.world import make_world

        from cashline.flow.agree.catalog.actions import create_price_books, create_products, set_prices
        from cashline.flow.agree.catalog.rules import NewPrice, NewPriceBook, NewProduct, TaxCategory
        from cashline.flow.agree.customers.actions import create_customers
        from cashline.flow.agree.customers.rules import NewAddress, NewCustomer
        from cashline.flow.deliver.inventory.actions import create_warehouses, receive_stock
        from cashline.flow.deliver.inventory.rules import NewWarehouse, StockReceipt
        from cashline.flow.invoice.taxes.actions import set_tax_rates
        from cashline.flow.invoice.taxes.rules import NewTaxRate
        from cashline.flow.recognise.ledger.actions import open_books

        who: dict[str, Any] = {"now": NOW, "actor": ACTOR}
        self.entity = make_world().berlin
        open_books(entity_id=self.entity, **who)
        set_tax_rates([NewTaxRate("DE", TaxCategory.STANDARD, Decimal(19), date(2020, 1, 1))], **who)
        parts = tpch.parts(data)
        self.skus = {key: f"P{key}" for key, _, _ in parts}
        products = create_products(
            [NewProduct(sku=f"P{key}", name=name, kind="goods", unit_cost=price / 2) for key, name, price in parts],
            **who,
        )
        book = create_price_books([NewPriceBook("TPC-H", "EUR", is_default=True)], **who)[0]
        set_prices(
            [
                NewPrice(book, product, 0, date(2020, 1, 1), row[2])
                for product, row in zip(products, parts, strict=True)
            ],
            **who,
        )
        warehouse = create_warehouses([NewWarehouse(self.entity, "BER", "Berlin", "DE")], **who)[0]
        receive_stock([StockReceipt(warehouse, product, Decimal(1_000_000), TODAY) for product in products], **who)
        buyers = tpch.customers(data)
        address = {"street": "Weg 1", "postcode": "10115", "city": "Berlin", "country": "DE"}
        ids = create_customers(
            [NewCustomer(name, "DE", "EUR", addresses=(NewAddress(role="bill_to", **address),)) for _, name in buyers],
            **who,
        )
        self.customers = {row[0]: key for row, key in zip(buyers, ids, strict=True)}

    def walk(self, orders: Sequence[Any], boundaries: list[UUID], seconds: dict[str, float]) -> None:
        """Take orders through the whole thread, noting a boundary key and the time of each step."""
        from cashline.flow.book.orders.actions import place_orders
        from cashline.flow.book.orders.rules.new_order import NewOrder, NewOrderLine
        from cashline.flow.deliver.fulfilment.actions import create_shipments, ship_shipments
        from cashline.flow.deliver.fulfilment.rules import ShipConfirmation
        from cashline.flow.invoice.billing.actions import run_bills
        from cashline.flow.receive.payments.actions import NewPayment, record_payments
        from cashline.flow.recognise.revenue.actions import run_revenue
        from cashline.kernel.identifiers import new_id

        who: dict[str, Any] = {"now": NOW, "actor": ACTOR}
        given = [
            NewOrder(
                self.customers[order.customer], self.entity, "EUR", "api", f"T{order.key}",
                lines=tuple(
                    NewOrderLine(
                        self.skus[line.part], line.quantity, line.unit_price, discount_percent=line.discount_percent
                    )
                    for line in order.lines
                ),
            )
            for order in orders
        ]  # fmt: skip
        began = time.perf_counter()

        def note(step: str) -> None:
            nonlocal began
            boundaries.append(new_id())
            ended = time.perf_counter()
            seconds[step] = seconds.get(step, 0.0) + ended - began
            began = ended

        placed = place_orders(given, today=TODAY, **who)
        order_ids = [one.order_id for one in placed if one.order_id]
        agreement_ids = [one.agreement_id for one in placed if one.agreement_id]
        note("order")
        shipments = create_shipments(order_ids, **who)
        ship_shipments([ShipConfirmation(key, "DHL", f"T{key.hex[:12]}", TODAY) for key in shipments], **who)
        note("ship")
        run = run_bills(as_of=TODAY, agreement_ids=agreement_ids, **who)
        note("invoice")
        record_payments(
            [
                NewPayment(
                    bill.customer_id, self.entity, bill.currency, bill.gross, "bank_transfer", TODAY, new_id(),
                    allocations=((bill.document_id, bill.gross, Decimal(0)),),
                )
                for bill in run.documents
                if bill.document_id
            ],
            **who,
        )  # fmt: skip
        note("pay")
        run_revenue(through=TODAY, agreement_ids=agreement_ids, **who)
        note("recognise")


def memory() -> int:
    """Peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def run_singles(company: Company, orders: Sequence[Any], dsns: tuple[str, str]) -> None:
    """One order at a time."""
    from benchmarks.floor import replay
    from django.db import connection

    from cashline.kernel.identifiers import new_id

    company.walk(orders[:5], [], {})
    boundaries, seconds = [new_id()], {}
    statements = 0

    def count_one(execute: Any, statement: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += not str(statement).startswith(("SAVEPOINT", "RELEASE"))
        return execute(statement, *arguments)

    with connection.execute_wrapper(count_one):
        for order in orders[5:]:
            company.walk([order], boundaries, seconds)
    ours = sum(seconds.values())
    count = len(orders) - 5
    with _connect(dsns[0]) as source, _connect(dsns[1]) as target:
        _copy_up_to(source, target, boundaries[0])
        floor = replay(source, target, boundaries, by_copy=False)
    print(f"\none by one: {count} threads of {len(orders[5].lines)} lines, a transaction a step")
    _report(count, ours, floor.seconds, floor.rows, seconds)
    print(f"  SQL statements a thread: {statements / count:.1f}")


def run_batches(company: Company, orders: Any, total: int, size: int, dsns: tuple[str, str]) -> None:
    """Batches of orders through each step."""
    from benchmarks.floor import replay

    from cashline.kernel.identifiers import new_id

    boundaries: list[UUID] = [new_id()]
    seconds: dict[str, float] = {}
    done = lines = 0
    floor_seconds, floor_rows = 0.0, 0
    marks: list[str] = []
    batch: list[Any] = []
    with _connect(dsns[0]) as source, _connect(dsns[1]) as target:
        _copy_up_to(source, target, boundaries[0])
        for order in orders:
            batch.append(order)
            done += 1
            lines += len(order.lines)
            if len(batch) == size or done == total:
                start = len(boundaries) - 1
                company.walk(batch, boundaries, seconds)
                floor = replay(source, target, boundaries[start:], by_copy=True)
                floor_seconds += floor.seconds
                floor_rows += floor.rows
                batch = []
                if done * 4 // total > len(marks):
                    marks.append(f"{memory()} MB after {done}")
                    print(f"  … {done} orders, {sum(seconds.values()):.0f} s", flush=True)
    print(f"\nin batches of {size}: {done} orders of {lines} lines (TPC-H)")
    _report(done, sum(seconds.values()), floor_seconds, floor_rows, seconds)
    print(f"  peak memory: {', '.join(marks)}")


def _report(count: int, ours: float, floor: float, rows: int, seconds: dict[str, float]) -> None:
    print(f"  Cashline {count / ours:10.1f} threads/s  ({ours:.1f} s)")
    print(f"  floor    {count / floor:10.1f} threads/s  ({floor:.1f} s, {rows} rows)")
    print(f"  ratio    {ours / floor:10.2f}")
    print("  seconds by step: " + ", ".join(f"{step} {seconds.get(step, 0):.1f}" for step in STEPS))


def _connect(dsn: str) -> Any:
    import psycopg

    return psycopg.connect(dsn, autocommit=True)


def _copy_up_to(source: Any, target: Any, end: UUID) -> None:
    """Bring the floor's database to where the program's stands now."""
    from benchmarks.floor import replay

    first = target.execute("SELECT max(id::text)::uuid FROM events").fetchone()[0] or UUID(int=0)
    replay(source, target, [first, end], by_copy=True)


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--orders", type=int, default=150_000)
    options.add_argument("--batch", type=int, default=2_000)
    options.add_argument("--singles", type=int, default=300)
    asked = options.parse_args()
    if asked.batch > 2_000:
        options.error("a bill run lists 2,000 documents at the most, and so many are paid: give a batch up to that")
    folder = tempfile.mkdtemp(prefix="cashline-benchmark-")
    os.environ |= {"CASHLINE_DATA": folder, "CASHLINE_DATABASE": "benchmark", "CASHLINE_SECRET_KEY": "benchmark"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashline.platform.settings")
    from benchmarks import tpch
    from django.db import connections

    from cashline.platform.database import connection

    try:
        with connection.available():
            connection.prepare()
            connection.migrate()
            connections.close_all()
            server = connection.embedded_server()
            data = tpch.generate("0.1")
            with _connect(server.dsn("postgres", "cashline_owner")) as owner:
                owner.execute("CREATE DATABASE floor TEMPLATE benchmark")
            began = time.perf_counter()
            company = Company(data)
            print(f"company set up in {time.perf_counter() - began:.1f} s; {os.cpu_count()} processors", flush=True)
            dsns = (server.dsn("benchmark", "cashline_owner"), server.dsn("floor", "cashline_owner"))
            everything = list(tpch.orders(data, asked.orders + asked.singles * 8))
            five = [order for order in everything if len(order.lines) == 5][: asked.singles + 5]
            taken = {order.key for order in five}
            run_singles(company, five, dsns)
            rest = [order for order in everything if order.key not in taken][: asked.orders]
            run_batches(company, rest, len(rest), asked.batch, dsns)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
