"""Workers that advance one bill run together, each a process of its own; for `billing.py`.

A worker reads from its input how many batches to do, and answers with what it took.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
NOW = datetime(2026, 2, 1, 9, tzinfo=UTC)


class Workers:
    """So many processes. `seconds` passed while any was at work; `computed` they and their databases' processes."""

    def __init__(self, count: int, run_id: UUID, batch: int) -> None:
        command = [sys.executable, __file__, str(run_id), str(batch)]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
        ]
        self.seconds = self.computed = self.in_database = 0.0
        self.memory: list[int] = []

    def __enter__(self) -> "Workers":
        for process in self.processes:
            self._answer(process)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            if process.stdin is not None:
                process.stdin.close()
            process.wait()

    def work(self, batches: int) -> bool:
        """Let each do so many batches; False once none did any."""
        began = time.perf_counter()
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(f"{batches}\n")
            process.stdin.flush()
        answers = [self._answer(process) for process in self.processes]
        done = sum(answer["batches"] for answer in answers)
        if done:
            self.seconds += time.perf_counter() - began
            self.computed += sum(answer["computed"] for answer in answers)
            self.in_database += sum(answer["in_database"] for answer in answers)
            self.memory.append(max(answer["memory"] for answer in answers))
        return bool(done)

    def marks(self, parts: int) -> Sequence[int]:
        """Peak memory of the largest so far, at the end of each part of the work."""
        return [self.memory[max(0, len(self.memory) * part // parts - 1)] for part in range(1, parts + 1)]

    @staticmethod
    def _answer(process: "subprocess.Popen[str]") -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("A worker ended.")
        return dict(json.loads(line))


def batches_since(source: Any, run_id: UUID, last: UUID) -> list[tuple[UUID, UUID]]:
    """The ranges of keys of the batches that a run appended since a key.

    The first key that a batch makes is that of its first invoice, and batches are appended one after the other.
    """
    from cashline.kernel.identifiers import new_id

    rows = source.execute(
        "SELECT min(id::text)::uuid FROM invoices WHERE bill_run_id = %s AND id > %s GROUP BY xmin::text ORDER BY 1",
        [run_id, last],
    ).fetchall()
    firsts = [UUID(int=row[0].int - 1) for row in rows]
    return list(zip(firsts, [*firsts[1:], new_id()], strict=True)) if firsts else []


def _own_peak() -> int:
    """Peak memory in MB of what this process runs; the usual figure would begin with that of its parent."""
    from benchmarks.measuring import memory

    status = Path("/proc/self/status")
    if not status.exists():
        return memory()
    words = status.read_text().split()
    return int(words[words.index("VmHWM:") + 1]) // 1024


def main() -> None:
    """Advance the run as often as asked, until there is no more input."""
    import django
    from benchmarks.measuring import processor

    django.setup()
    from cashline.flow.invoice.billing.actions import advance_bill_run
    from cashline.platform import sql

    run_id, batch = UUID(sys.argv[1]), int(sys.argv[2])
    backend = sql.fetch("SELECT pg_backend_pid()")[0][0]
    print("{}", flush=True)
    for line in sys.stdin:
        own, database, done = time.process_time(), processor(backend), 0
        for _ in range(int(line)):
            if advance_bill_run(run_id, now=NOW, actor="system:benchmark", batch=batch) is None:
                break
            done += 1
        in_database = processor(backend) - database
        computed = time.process_time() - own + in_database
        answer = {"batches": done, "computed": computed, "in_database": in_database, "memory": _own_peak()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
