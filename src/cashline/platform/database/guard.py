"""Stops the embedded server when the process that used it is gone, however it went (`kill -9` too).

`python -m cashline.platform.database.guard FOLDER PROCESS [--discard]` is started by that process, which dismisses it
when it has stopped the server by itself. Else it waits until its parent is no longer PROCESS, for only then has the
kernel given up its locks, and stops the server unless another process uses it. `--discard` removes the folder.
"""

import os
import sys
import time
from pathlib import Path

from cashline.platform.database.embedded import DISMISSED, EmbeddedServer


def main(folder: str, process: str, *options: str) -> None:
    """Watch until the process that is watched is gone, then stop its server."""
    os.chdir("/")
    if sys.stdin.buffer.read() == DISMISSED:
        return
    while os.getppid() == int(process):
        time.sleep(0.02)
    EmbeddedServer(Path(folder), discard="--discard" in options).stop_if_unused()


if __name__ == "__main__":
    main(*sys.argv[1:])
