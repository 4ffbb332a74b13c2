"""Recognising a close's schedule lines beside a floor of bare COPY, and closing a month of invoices.

    .venv/bin/python benchmarks/revenue.py [--lines 1000000] [--invoices 100000] [--batch 500]

Contracts of ten subscription lines are recognised for a year, a schedule line a month; the floor inserts the very same
rows by COPY into an equal database, constraints and triggers in place, in the same run. Then the month after
(incremental), the same again (nothing), and the waterfall and trial balance over all of it beside one hand-written sum.
Last a month of invoices is closed in a database of its own: a thousand contracts are billed for a year, and all that
they left is copied by `multiply`; revenue is recognised, every task of the checklist checked, signed and the month
shut. The month after is closed too. Prints seconds, how long program and database compute, ratios and peak memory.
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
CLOSING = {date(2026, month, 1): datetime(2026, month + 1, 2, 9, tzinfo=UTC) for month in (1, 2)}
YEAR_END, NEXT_MONTH = date(2026, 12, 31), date(2027, 1, 31)
LATER = datetime(2027, 2, 1, 9, tzinfo=UTC)
ACTOR = "system:benchmark"
LINES_A_CONTRACT, MONTHS = 10, 12
BILLED = 1_000
"""Contracts that are booked and billed by the actions; the others of the month are copies of theirs."""


@contextmanager
def timed(words: str, seconds: dict[str, float]) -> Iterator[None]:
    """Note and print how long the block takes, and how long the program and its database compute for it."""
    from benchmarks.measuring import processor

    backend = backend_of()
    began, own, theirs = time.perf_counter(), time.process_time(), processor(backend)
    yield
    seconds[words] = time.perf_counter() - began
    own, theirs = time.process_time() - own, processor(backend) - theirs
    print(f"  {words:<52} {seconds[words]:9.2f} s, computing {own:.1f} s and {theirs:.1f} s", flush=True)


def backend_of() -> int:
    """The process of the database that serves the program."""
    from cashline.platform import sql

    return int((sql.fetch_one("SELECT pg_backend_pid()") or (0,))[0])


def book_contracts(count: int, lines: int, batch: int, *, interval: int = 1, **of: Any) -> list[UUID]:
    """Book orders of subscription lines for two years, which are active at once; their agreements."""
    from cashline.flow.book.orders.actions import place_orders
    from cashline.flow.book.orders.rules.new_order import NewOrder, NewOrderLine

    line = NewOrderLine("PLAT-PRO", Decimal(1), interval_months=interval, term_months=24)
    found: list[UUID] = []
    while len(found) < count:
        orders = [NewOrder(source="api", lines=(line,) * lines, **of) for _ in range(min(batch, count - len(found)))]
        placed = place_orders(orders, today=TODAY, now=NOW, actor=ACTOR)
        found += [one.agreement_id for one in placed if one.agreement_id]
    return found


def close_months(server: Any, count: int, batch: int) -> None:
    """A year's invoices of the American entity, so many, in a database of their own; then two months are closed."""
    from benchmarks.multiply import multiply
    from django.db import connections
    from tests.support.agree import american, make_customers

    from cashline.flow.invoice.billing.actions import run_bills
    from cashline.flow.recognise.ledger.actions import summarise_journal
    from cashline.platform import sql
    from cashline.platform.database.embedded import SUPERUSER
    from cashline.platform.events.actions import seal_events

    seconds: dict[str, float] = {}
    print(f"\na month of {count} invoices, closed", flush=True)
    use("month")
    shop = set_up(sensors=0, gateways=0)
    [customer] = make_customers([american()])
    entity = shop.world.boston
    billed = min(count, BILLED)
    with timed(f"set up: {billed} contracts booked and billed", seconds):
        of: dict[str, Any] = {"customer_id": customer, "entity_id": entity, "currency": "USD"}
        book_contracts(billed, 1, batch, interval=12, **of)
        run_bills(as_of=TODAY, entity_id=entity, now=NOW, actor=ACTOR)
        seal_events(now=NOW)
    connections.close_all()
    with timed("set up: copied by set-based SQL", seconds):
        rows = multiply(server.dsn("month", SUPERUSER), -(-count // billed) - 1)
    print(f"  {sum(rows.values())} rows", flush=True)
    with timed("set up: the journal is summed (a job)", seconds):
        summarise_journal()
    [(invoices,)] = sql.fetch("SELECT count(*) FROM invoices WHERE entity_id = %s AND status <> 'draft'", (entity,))
    for month in (date(2026, 1, 1), date(2026, 2, 1)):
        taken = close(entity, month)
        print(f"  {month:%B} is closed over {invoices} invoices: {taken:.2f} s, {memory()} MB at the peak", flush=True)


def close(entity: UUID, month: date) -> float:
    """Close a month as a person would: revenue is recognised, the review is signed with the close; in seconds."""
    from cashline.flow.recognise.revenue.actions import run_revenue
    from cashline.flow.report.closing.actions import close_month
    from cashline.kernel.periods import month_of

    seconds: dict[str, float] = {}
    who: dict[str, Any] = {"entity_id": entity, "now": CLOSING[month], "actor": ACTOR}
    with timed(f"{month:%B}: revenue is recognised", seconds):
        run = run_revenue(through=month_of(month).last_day, **who)
    print(f"  {run.postings} schedule lines in {run.entries} entries", flush=True)
    with timed(f"{month:%B}: every task is checked, the month is shut", seconds):
        result = close_month(month=month, signing=(("review", ""),), **who)
    if not result.closed:
        raise SystemExit("The month was not closed.")
    return sum(seconds.values())


def use(database: str) -> None:
    """Let the program go on with another database of the same server."""
    from django.db import connections

    connections.close_all()
    connections["default"].settings_dict["NAME"] = database


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


def set_up(**stock: int) -> Any:
    """A shop of two legal entities with open books."""
    from tests.support.recognise import make_trading_shop

    from cashline.flow.recognise.ledger.actions import open_books

    shop = make_trading_shop(**stock)
    for entity in (shop.world.berlin, shop.world.boston):
        open_books(entity_id=entity, now=NOW, actor=ACTOR)
    return shop


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
    os.environ["CASHLINE_DATABASE_POOL"] = "0"
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
                for name in ("floor", "month"):
                    owner.execute(f"CREATE DATABASE {name} TEMPLATE benchmark")
            print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", flush=True)
            if asked.lines:
                dsns = (server.dsn("benchmark", "cashline_owner"), server.dsn("floor", "cashline_owner"))
                recognise(set_up(), asked.lines, asked.batch, dsns)
            if asked.invoices:
                close_months(server, asked.invoices, asked.batch)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
