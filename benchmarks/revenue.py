"""Recognising a close's schedule lines beside a floor of bare COPY, and closing a month of invoices.

    .venv/bin/python benchmarks/revenue.py [--lines 1000000] [--invoices 100000] [--batch 500]

Contracts of ten subscription lines are recognised for a year, a schedule line a month; the floor inserts the very same
rows by COPY into an equal database, constraints and triggers in place, in the same run. Then the month after
(incremental), the same again (nothing), and the waterfall and trial balance over all of it beside one hand-written sum.
Last a month of invoices is billed and closed: revenue recognised, every task of the checklist checked, signed and the
month shut. Prints seconds, rates, ratios and peak memory.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
TODAY = NOW.date()
CLOSING = datetime(2026, 2, 2, 9, tzinfo=UTC)
YEAR_END, NEXT_MONTH = date(2026, 12, 31), date(2027, 1, 31)
LATER = datetime(2027, 2, 1, 9, tzinfo=UTC)
ACTOR = "system:benchmark"
LINES_A_CONTRACT, MONTHS = 10, 12


@contextmanager
def timed(words: str, seconds: dict[str, float]) -> Iterator[None]:
    """Note and print how long the block takes."""
    began = time.perf_counter()
    yield
    seconds[words] = time.perf_counter() - began
    print(f"  {words:<52} {seconds[words]:9.2f} s", flush=True)


def book_contracts(count: int, lines: int, batch: int, **of: Any) -> list[UUID]:
    """Book orders of subscription lines for two years, which are active at once; their agreements."""
    from cashline.flow.book.orders.actions import place_orders
    from cashline.flow.book.orders.rules.new_order import NewOrder, NewOrderLine

    line = NewOrderLine("PLAT-PRO", Decimal(1), interval_months=1, term_months=24)
    found: list[UUID] = []
    while len(found) < count:
        orders = [NewOrder(source="api", lines=(line,) * lines, **of) for _ in range(min(batch, count - len(found)))]
        placed = place_orders(orders, today=TODAY, now=NOW, actor=ACTOR)
        found += [one.agreement_id for one in placed if one.agreement_id]
    return found


def close_a_month(shop: Any, count: int, batch: int) -> None:
    """Bill a month of the American entity, then close it."""
    from tests.support.agree import american, make_customers

    from cashline.flow.invoice.billing.actions import run_bills
    from cashline.flow.recognise.ledger.actions import summarise_journal
    from cashline.flow.recognise.revenue.actions import run_revenue
    from cashline.flow.report.closing.actions import close_month, sign_task
    from cashline.platform import sql

    entity, month = shop.world.boston, date(2026, 1, 1)
    [customer] = make_customers([american()])
    print(f"\na month of {count} invoices, billed and closed", flush=True)
    seconds: dict[str, float] = {}
    with timed("set up: contracts booked", seconds):
        book_contracts(count, 1, batch, customer_id=customer, entity_id=entity, currency="USD")
    with timed("set up: invoices", seconds):
        run_bills(as_of=TODAY, entity_id=entity, now=NOW, actor=ACTOR)
    who: dict[str, Any] = {"entity_id": entity, "now": CLOSING, "actor": ACTOR}
    with timed("close: revenue", seconds):
        run_revenue(through=date(2026, 1, 31), **who)
    with timed("close: sums of the journal", seconds):
        summarise_journal()
    with timed("close: the review is signed", seconds):
        sign_task(month=month, task="review", **who)
    with timed("close: every task is checked, the month is shut", seconds):
        result = close_month(month=month, **who)
    [(invoices,)] = sql.fetch("SELECT count(*) FROM invoices WHERE entity_id = %s", (entity,))
    total = sum(part for name, part in seconds.items() if name.startswith("close"))
    print(
        f"  closed: {result.closed}; {invoices} invoices; {total:.2f} s in all, {memory()} MB at the peak", flush=True
    )


def recognise(shop: Any, lines: int, batch: int, dsns: tuple[str, str]) -> None:
    """A year of ten-line contracts, then the month after, then nothing, beside the floor."""
    from benchmarks.floor import replay
    from benchmarks.thread import _connect, _copy_up_to

    from cashline.flow.recognise.revenue.actions import run_revenue
    from cashline.kernel.identifiers import new_id
    from cashline.platform import sql

    contracts = max(1, lines // (LINES_A_CONTRACT * MONTHS))
    print(f"\n{contracts} contracts of {LINES_A_CONTRACT} lines over {MONTHS} months", flush=True)
    seconds: dict[str, float] = {}
    of = {"customer_id": shop.customer, "entity_id": shop.world.berlin, "currency": "EUR"}
    with timed("set up: contracts booked", seconds):
        agreements = book_contracts(contracts, LINES_A_CONTRACT, max(1, batch // LINES_A_CONTRACT), **of)
    ours = floor = 0.0
    rows = 0
    boundary = new_id()
    with _connect(dsns[0]) as source, _connect(dsns[1]) as target:
        _copy_up_to(source, target, boundary)
        for start in range(0, len(agreements), batch):
            began = time.perf_counter()
            chosen = agreements[start : start + batch]
            run_revenue(through=YEAR_END, agreement_ids=chosen, now=LATER, actor=ACTOR)
            ours += time.perf_counter() - began
            upper = new_id()
            done = replay(source, target, [boundary, upper], by_copy=True)
            floor, rows, boundary = floor + done.seconds, rows + done.rows, upper
    berlin = shop.world.berlin
    posted = (
        "SELECT count(*) FROM revenue_postings p JOIN journal_entries e ON e.id = p.entry_id WHERE e.entity_id = %s"
    )
    [(count,)] = sql.fetch(posted, (berlin,))
    print(f"  {count} schedule lines recognised in {ours:.2f} s: {count / ours:.0f} a second")
    print(f"  the floor inserts the same {rows} rows in {floor:.2f} s; ratio {ours / floor:.2f}", flush=True)
    with timed("incremental: the month after", seconds):
        run_revenue(through=NEXT_MONTH, entity_id=berlin, now=LATER, actor=ACTOR)
    [(more,)] = sql.fetch(posted, (berlin,))
    with timed("again: nothing is left to post", seconds):
        again = run_revenue(through=NEXT_MONTH, entity_id=berlin, now=LATER, actor=ACTOR)
    print(f"  {more - count} lines more, then {again.postings}; {memory()} MB at the peak", flush=True)
    read(berlin, seconds)


def read(entity: UUID, seconds: dict[str, float]) -> None:
    """The waterfall and the trial balance, before and after the sums are made, beside one sum over the lines."""
    from cashline.flow.recognise.ledger.actions import summarise_journal
    from cashline.flow.recognise.ledger.queries.balances import trial_balance
    from cashline.flow.report.statements.queries import deferred_waterfall
    from cashline.platform import sql

    def floor() -> None:
        sql.fetch(
            "SELECT a.code, sum(l.functional_amount) FROM journal_lines l JOIN accounts a ON a.id = l.account_id "
            "WHERE a.entity_id = %s AND l.day <= %s GROUP BY 1",
            (entity, NEXT_MONTH),
        )

    looks: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("trial balance", lambda: trial_balance(entity, NEXT_MONTH)),
        (
            "waterfall",
            lambda: deferred_waterfall(entity, start=date(2026, 1, 1), end=date(2027, 2, 1), today=NEXT_MONTH),
        ),
    )
    with timed("floor: one sum over the lines", seconds):
        floor()
    for words, look in looks:
        with timed(f"{words}, before the lines are summed", seconds):
            look()
    with timed("the journal is summed (a job)", seconds):
        summarise_journal()
    for words, look in looks:
        with timed(f"{words}, over the sums", seconds):
            look()


def memory() -> int:
    """Peak memory of this process so far, in MB."""
    from benchmarks.thread import memory as peak

    return peak()


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--invoices", type=int, default=100_000)
    options.add_argument("--batch", type=int, default=500)
    asked = options.parse_args()
    folder = tempfile.mkdtemp(prefix="cashline-benchmark-")
    os.environ |= {"CASHLINE_DATA": folder, "CASHLINE_DATABASE": "benchmark", "CASHLINE_SECRET_KEY": "benchmark"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashline.platform.settings")
    from benchmarks.thread import _connect
    from django.db import connections

    from cashline.platform.database import connection

    try:
        with connection.available():
            connection.prepare()
            connection.migrate()
            connections.close_all()
            server = connection.embedded_server()
            with _connect(server.dsn("postgres", "cashline_owner")) as owner:
                owner.execute("CREATE DATABASE floor TEMPLATE benchmark")
            from tests.support.recognise import make_trading_shop

            from cashline.flow.recognise.ledger.actions import open_books

            shop = make_trading_shop()
            for entity in (shop.world.berlin, shop.world.boston):
                open_books(entity_id=entity, now=NOW, actor=ACTOR)
            print(f"{os.cpu_count()} processors", flush=True)
            recognise(
                shop,
                asked.lines,
                asked.batch,
                (server.dsn("benchmark", "cashline_owner"), server.dsn("floor", "cashline_owner")),
            )
            if asked.invoices:
                close_a_month(shop, asked.invoices, asked.batch)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
