"""A bill run measured beside a set-based floor.

    .venv/bin/python benchmarks/billing.py [--subscriptions 100000] [--batch 2000]

Each size runs in a process and a database of its own, so that its peak memory is its own. It bills subscriptions of
three charges (seats and an add-on in advance, usage after the month) with journal, events and every constraint on,
at 1,000, 10,000 and all subscriptions; the floor writes the very same rows by INSERT … SELECT in an equal database.
Where other work shares the machine the processor's seconds (ours with those of our database's process) tell more.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

SECOND_MONTH = datetime(2026, 2, 1, 9, tzinfo=UTC)
ACTOR = "system:benchmark"


def memory() -> int:
    """Peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def processor(backend: int) -> float:
    """The seconds that a database process has computed so far; 0 where the system does not tell."""
    stat = Path(f"/proc/{backend}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load() -> str:
    """The load of the machine in the last minute."""
    return f"load {os.getloadavg()[0]:.1f}"


def bill_the_month(server: Any, count: int, batch: int) -> None:
    """Bill the second month of that many subscriptions in batches, each written again by the floor at once."""
    import psycopg
    from benchmarks import plans
    from benchmarks.floor import Replayed, SetFloor

    from cashline.flow.invoice.billing.actions import advance_bill_run, start_bill_run
    from cashline.kernel.identifiers import new_id
    from cashline.platform import sql

    company = plans.Company.open()
    began = time.perf_counter()
    company.subscribe(company.customers(count))
    started = time.perf_counter() - began
    company.use(plans.FIRST)
    floor_dsn = plans.clone(server)
    who: dict[str, Any] = {"now": SECOND_MONTH, "actor": ACTOR}
    with (
        psycopg.connect(server.dsn("benchmark", "cashline_owner"), autocommit=True) as source,
        psycopg.connect(floor_dsn, autocommit=True) as target,
    ):
        source.execute("VACUUM ANALYZE")
        target.execute("VACUUM ANALYZE")
        floor = SetFloor(source, target)
        start = new_id()
        run_id = start_bill_run(as_of=date(2026, 2, 1), **who)
        floor.step(start, new_id())
        floor.done = Replayed()
        seconds = computed = 0.0
        invoices, marks = 0, []
        ours = sql.fetch("SELECT pg_backend_pid()")[0][0]
        while True:
            start, began, computing = new_id(), time.perf_counter(), time.process_time() + processor(ours)
            done = advance_bill_run(run_id, batch=batch, **who)
            seconds += time.perf_counter() - began
            computed += time.process_time() + processor(ours) - computing
            if done is None:
                break
            floor.step(start, new_id(), processor)
            invoices += len(done)
            if invoices * 4 // count > len(marks):
                marks.append(f"{memory()} at {invoices}")
        lines = source.execute(
            "SELECT count(*) FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id WHERE i.bill_run_id = %s",
            [run_id],
        ).fetchone()
    if invoices != count or lines != (3 * count,):
        raise SystemExit(f"{invoices} invoices and {lines} lines of {count} subscriptions")
    rows = floor.done.rows
    print(f"{count} subscriptions × 3 charges, {rows} rows, batches of {batch} ({load()}); "
          f"set up with the first month's bills at {count / started:,.0f}/s")  # fmt: skip
    print(f"  Cashline {count / seconds:10,.0f} subscriptions/s  ({seconds:.1f} s, {rows / seconds:,.0f} rows/s)")
    print(f"  floor    {count / floor.done.seconds:10,.0f} subscriptions/s  ({floor.done.seconds:.1f} s)")
    print(f"  ratio    {seconds / floor.done.seconds:10.2f}")
    print(f"  processor: Cashline {computed:.1f} s, floor {floor.done.computed:.1f} s, "
          f"ratio {computed / max(floor.done.computed, 0.01):.2f}")  # fmt: skip
    print(f"  peak memory in MB: {', '.join(marks)}", flush=True)


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--subscriptions", type=int, default=100_000)
    options.add_argument("--batch", type=int, default=2_000)
    options.add_argument("--size", type=int, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.size is not None:
        from benchmarks import plans

        with plans.database() as server:
            bill_the_month(server, asked.size, asked.batch)
        return
    print(f"{os.cpu_count()} processors", flush=True)
    for size in sorted({1_000, 10_000, asked.subscriptions}):
        if size <= asked.subscriptions:
            subprocess.run([sys.executable, __file__, "--size", str(size), "--batch", str(asked.batch)], check=True)


if __name__ == "__main__":
    main()
