"""Steps that run at the same time, each in a thread with a connection of its own."""

import threading
from collections.abc import Callable, Sequence


def race(steps: Sequence[Callable[[], object]]) -> None:
    """Start the steps together and wait for all; the first failure is raised."""
    from django.db import connections

    barrier = threading.Barrier(len(steps))
    failures: list[BaseException] = []

    def run(step: Callable[[], object]) -> None:
        barrier.wait()
        try:
            step()
        except BaseException as failure:  # noqa: BLE001 - raised below, in the test's own thread
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
