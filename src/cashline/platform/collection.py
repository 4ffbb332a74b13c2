"""Python's cycle collector and batches: one makes a million values that hold each other by no cycle.

The collector walks all of them again and again, and finds nothing: a fifth of the time of a bill run.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_pauses = 0


@contextmanager
def paused_collection() -> Iterator[None]:
    """Collect no cycles meanwhile; for one batch, whose values are freed by their counts when it is done."""
    global _pauses
    with _lock:
        _pauses += 1
        if _pauses == 1:
            gc.disable()
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _pauses == 0:
                gc.enable()
