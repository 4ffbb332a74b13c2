"""Runs a program as someone other than root, for PostgreSQL refuses to run as root; a plain user runs it as it is.

Started as a script (`python unprivileged.py PROGRAM ARGUMENT…`). Root steps into a user namespace of its own, in which
it is user 1000 and its files are that user's: nothing on the disk changes hands. Where namespaces are forbidden (many
containers) it becomes `nobody` and keeps one capability, to pass through folders that are closed to others; only the
data folder is given to that user. No account is made, and no folder is opened.
"""

import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

INSIDE_UID = 1000
NOBODY = 65534
CAP_DAC_OVERRIDE = 1
PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 47, 2
CAPABILITY_VERSION_3 = 0x20080522


def enter_namespace() -> None:
    """Leave root for a user namespace in which this process is a plain user; raises OSError where it is forbidden."""
    uid, gid = os.geteuid(), os.getegid()
    os.unshare(os.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INSIDE_UID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{INSIDE_UID} {gid} 1")


def may_enter_namespace() -> bool:
    """Whether this machine lets root have a user namespace, tried in a child. Only for a process of one thread."""
    if not hasattr(os, "unshare"):
        return False
    child = os.fork()
    if child == 0:
        try:
            enter_namespace()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def become_nobody() -> None:
    """Leave root for `nobody`, keeping only the capability to pass through closed folders; raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(result: int) -> None:
        if result != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    call(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    mask = 1 << CAP_DAC_OVERRIDE
    call(libc.capset(header, struct.pack("6I", mask, mask, mask, 0, 0, 0)))
    call(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))


@cache
def server_uid() -> int:
    """The user that will own the server's files, as seen from here."""
    if os.geteuid() != 0:
        return os.geteuid()
    asked = subprocess.run([sys.executable, "-I", "-S", __file__, "--uid"], capture_output=True, text=True, check=True)
    return int(asked.stdout)


def give(folder: Path, uid: int) -> None:
    """Make FOLDER and all in it the user's; does nothing where the folder is the user's already."""
    if folder.exists() and folder.stat().st_uid != uid:
        for path in (folder, *_below(folder)):
            os.chown(path, uid, uid, follow_symlinks=False)


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        yield from (Path(root) / name for name in (*folders, *files))


def main(command: list[str]) -> None:
    """Run the command that follows as a user without privileges."""
    namespace = may_enter_namespace()
    if command == ["--uid"]:
        sys.stdout.write(str(0 if namespace else NOBODY))
        return
    enter_namespace() if namespace else become_nobody()
    os.environ.pop("LD_LIBRARY_PATH", None)  # this interpreter's, not the program's
    os.execv(command[0], command)  # noqa: S606 - a program by its path, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
