"""A process that advances fulfilment and is killed at each write: `python -m tests.flow.deliver.killed_advance POINTS`.

Forks a worker that dies before the first write at which none before it died; another starts, until one comes through.
Prints how many were killed.
"""

import os
import signal
import sys
import traceback
from datetime import timedelta
from pathlib import Path

MOST = 200


def advance(points: Path | None) -> int:
    """Fork a worker; its exit status, negative for a signal. Without a file it is not killed."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        from django.db import connections

        from cashline.flow.deliver.fulfilment.actions import advance_steps
        from tests.support.world import ACTOR, NOW
        from tests.thread.killing import Killer

        if points is not None:
            Killer(points).install()
        while advance_steps(now=NOW + timedelta(days=1), actor=ACTOR, limit=10):
            pass
        connections.close_all()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - told on standard error; the worker must not go on as its parent
        traceback.print_exc()
        os._exit(1)


def main() -> None:
    """Advance until a worker comes through."""
    import django

    django.setup()
    # Loaded once, before forking.
    import cashline.flow.deliver.fulfilment.actions  # noqa: F401
    import tests.thread.killing  # noqa: F401

    points = Path(sys.argv[1]) if sys.argv[1:] else None
    killed = 0
    while (status := advance(points)) == -signal.SIGKILL and killed < MOST:
        killed += 1
    print(killed)
    sys.exit(status)


if __name__ == "__main__":
    main()
