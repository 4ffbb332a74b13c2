"""Billing measured: bill runs beside a set-based floor, an account, an invoice and a life at the edge, and usage.

    .venv/bin/python benchmarks/billing.py [--subscriptions 100000] [--batch 2000] [--workers 2] [--account 10000]
        [--lines 10000] [--changes 1000] [--ingest 1000000] [--rated 10000000]
        [--only run|account|document|changes|usage]

Each part runs in a process and a database of its own, so that its peak memory is its own. A run bills subscriptions of
three charges (seats and an add-on in advance, usage after the month) with journal, events and every constraint on,
at 1,000, 10,000 and all subscriptions, by workers that advance it together; the floor writes the very same rows by
INSERT … SELECT over one connection in an equal database.
Usage at full size alone: `--only usage`; the rating of ten million events without the taking in of a million:
`--only usage --ingest 10000` (add `--rated 200000` to see that it works). It takes gigabytes of disk and minutes.
Where other work shares the machine the processor's seconds (ours with those of our database's process) tell more.
"""

import argparse
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

PARTS = ("run", "account", "document", "changes", "usage")
BATCHES_AT_ONCE = 4
"""Of each worker, before the floor writes them: so both meet the same load of the machine."""
SECOND_MONTH = datetime(2026, 2, 1, 9, tzinfo=UTC)
ACTOR = "system:benchmark"


def bill_the_month(server: Any, count: int, asked: argparse.Namespace) -> None:
    """Bill the second month of that many subscriptions by workers, every few batches written again by the floor."""
    import psycopg
    from benchmarks import plans
    from benchmarks.floor import Replayed, SetFloor
    from benchmarks.measuring import load, processor
    from benchmarks.workers import Workers, batches_since

    from cashline.flow.invoice.billing.actions import start_bill_run
    from cashline.kernel.identifiers import new_id

    company = plans.Company.open()
    began = time.perf_counter()
    company.subscribe(company.customers(count))
    started = time.perf_counter() - began
    company.use(plans.FIRST)
    floor_dsn = plans.clone(server)
    with (
        psycopg.connect(server.dsn("benchmark", "cashline_owner"), autocommit=True) as source,
        psycopg.connect(floor_dsn, autocommit=True) as target,
    ):
        source.execute("VACUUM ANALYZE")
        target.execute("VACUUM ANALYZE")
        floor = SetFloor(source, target)
        start = new_id()
        run_id = start_bill_run(as_of=date(2026, 2, 1), now=SECOND_MONTH, actor=ACTOR)
        floor.step(start, last := new_id())
        floor.done = Replayed()
        with Workers(asked.workers, run_id, asked.batch) as workers:
            while workers.work(BATCHES_AT_ONCE):
                for first, end in batches_since(source, run_id, last):
                    floor.step(first, end, processor)
                    last = end
        found = source.execute(
            "SELECT count(*), count(DISTINCT i.id) FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id "
            "WHERE i.bill_run_id = %s",
            [run_id],
        ).fetchone()
    if found != (3 * count, count):
        raise SystemExit(f"{found} lines and invoices of {count} subscriptions")
    rows, done = floor.done.rows, floor.done
    print(f"{count} subscriptions × 3 charges, {rows} rows, batches of {asked.batch}, {asked.workers} workers "
          f"({load()}); set up with the first month's bills at {count / started:,.0f}/s")  # fmt: skip
    print(f"  Cashline {count / workers.seconds:10,.0f} subscriptions/s  "
          f"({workers.seconds:.1f} s, {rows / workers.seconds:,.0f} rows/s)")  # fmt: skip
    print(f"  floor    {count / done.seconds:10,.0f} subscriptions/s  ({done.seconds:.1f} s)")
    print(f"  ratio    {workers.seconds / done.seconds:10.2f}")
    print(f"  processor: Cashline {workers.computed:.1f} s, of it {workers.in_database:.1f} s in the database; "
          f"floor {done.computed:.1f} s; ratio {workers.computed / max(done.computed, 0.01):.2f}")  # fmt: skip
    print(f"  peak memory of a worker in MB, by the quarter: {', '.join(map(str, workers.marks(4)))}", flush=True)


def part(name: str, asked: argparse.Namespace) -> None:
    """Measure one part, in this process."""
    from benchmarks import extremes, plans, usage

    with plans.database() as server:
        if name == "account":
            extremes.bill_one_account(asked.account)
        elif name == "document":
            extremes.issue_a_long_invoice(asked.lines)
        elif name == "changes":
            extremes.change_often(asked.changes)
        elif name == "usage":
            usage.measure(server, usage.Asked(asked.ingest, asked.rated, asked.metered))
        else:
            bill_the_month(server, int(name), asked)


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--subscriptions", type=int, default=100_000, help="in the largest of the bill runs")
    options.add_argument("--batch", type=int, default=2_000, help="agreements in a transaction of a bill run")
    options.add_argument("--workers", type=int, default=2, help="that advance a bill run together")
    options.add_argument("--account", type=int, default=10_000, help="subscriptions of one customer")
    options.add_argument("--lines", type=int, default=10_000, help="of one invoice")
    options.add_argument("--changes", type=int, default=1_000, help="of one subscription")
    options.add_argument("--ingest", type=int, default=1_000_000, help="events taken in, and again")
    options.add_argument("--rated", type=int, default=10_000_000, help="events metered and rated")
    options.add_argument("--metered", type=int, default=1_000, help="subscriptions that the events are of")
    options.add_argument("--only", choices=PARTS)
    options.add_argument("--part", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.part is not None:
        part(asked.part, asked)
        return
    print(f"{os.cpu_count()} processors", flush=True)
    sizes = [str(size) for size in sorted({1_000, 10_000, asked.subscriptions}) if size <= asked.subscriptions]
    for name in PARTS if asked.only is None else (asked.only,):
        for one in sizes if name == "run" else (name,):
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--part", one], check=True)


if __name__ == "__main__":
    main()
