"""What the benchmarks of billing share: seconds, peak memory, and the load of the machine."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def memory() -> int:
    """Peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def load() -> str:
    """The load of the machine in the last minute."""
    return f"load {os.getloadavg()[0]:.1f}"


def processor(backend: int) -> float:
    """The seconds that a database process has computed so far; 0 where the system does not tell."""
    stat = Path(f"/proc/{backend}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def timed(what: str, says: Callable[[float], str] = lambda _: "") -> Iterator[None]:
    """Print how long something took, what that comes to, and the peak memory after it."""
    began = time.perf_counter()
    yield
    taken = time.perf_counter() - began
    print(f"  {what}: {taken:.2f} s{says(taken)}, {memory()} MB ({load()})", flush=True)
