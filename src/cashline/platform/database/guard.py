"""Stops the embedded server when the process that used it is gone, however it went (`kill -9` too).

`python -m cashline.platform.database.guard FOLDER [--discard]` waits for the end of its standard input, which only the
guarded process holds open, and then stops the server unless another process uses it. `--discard` removes the folder.
"""

import os
import sys
from pathlib import Path

from cashline.platform.database.embedded import DISMISSED, EmbeddedServer


def main(arguments: list[str]) -> None:
    os.chdir("/")
    if sys.stdin.buffer.read() != DISMISSED:
        EmbeddedServer(Path(arguments[0]), discard="--discard" in arguments[1:]).stop_if_unused()


if __name__ == "__main__":
    main(sys.argv[1:])
