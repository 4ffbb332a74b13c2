"""A process that takes the mixed thread and is killed at each write: `python -m tests.thread.killing`.

It reads commands, one JSON object a line, and answers each with one. For a command it forks a worker that takes one
step on the named database. With `killed`, the worker ends itself by SIGKILL before the first write at which no worker
before it died, and after each commit; another worker then starts from the facts, until one comes through. A write is
known by the writes before it in its transaction, so every write of every step is met, also behind a commit.
"""

import hashlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

_READS = ("SELECT", "SET", "SHOW", "RELEASE", "SAVEPOINT")
MOST = 400
"""More kills than any step has writes."""


def is_write(statement: str) -> bool:
    """May this statement change something? Locks and reads may not."""
    text = statement.lstrip().upper()
    return not text.startswith(_READS) or "NEXTVAL" in text or "PG_NOTIFY" in text


class Killer:
    """Stands between psycopg and the server, and kills the process at the first point that is not in the file."""

    def __init__(self, points: Path) -> None:
        self.points = points
        self.seen = set(points.read_text().split()) if points.exists() else set()
        self.path = hashlib.sha256()

    def install(self) -> None:
        """Wrap the ways in which psycopg sends statements."""
        import psycopg

        execute, executemany, copy = psycopg.Cursor.execute, psycopg.Cursor.executemany, psycopg.Cursor.copy
        commit = psycopg.Connection.commit

        def killed_execute(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
            self.before(query, cursor)
            return execute(cursor, query, *args, **options)

        def killed_executemany(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
            self.before(query, cursor)
            return executemany(cursor, query, *args, **options)

        def killed_copy(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
            self.before(query, cursor)
            return copy(cursor, query, *args, **options)

        def killed_commit(connection: Any) -> None:
            self.at("COMMIT")
            commit(connection)
            self.at("AFTER")
            self.path = hashlib.sha256()

        for name, wrapped in (("execute", killed_execute), ("executemany", killed_executemany), ("copy", killed_copy)):
            setattr(psycopg.Cursor, name, wrapped)
        psycopg.Connection.commit = killed_commit  # type: ignore[assignment, method-assign]

    def before(self, query: Any, cursor: Any) -> None:
        """A statement is about to be sent."""
        text = query if isinstance(query, str) else query.as_string(cursor)
        if is_write(text):
            self.at(text)

    def at(self, text: str) -> None:
        """Die here, unless a process died here before."""
        self.path.update(text.encode() + b"\0")
        point = self.path.hexdigest()[:24]
        if point not in self.seen:
            with self.points.open("a") as file:
                file.write(point + "\n")
            os.kill(os.getpid(), signal.SIGKILL)


def work(step: str, database: str, points: Path | None) -> int:
    """Fork a worker that takes the step; its exit status, negative for a signal."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        from django.db import connections

        from tests.thread.mixed import STEPS

        for alias in connections.settings:
            connections.settings[alias]["NAME"] = database
        if points is not None:
            Killer(points).install()
        STEPS[step]()
        connections.close_all()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - told on standard error; the worker must not go on as its parent
        traceback.print_exc()
        os._exit(1)


def take(step: str, database: str, points: Path | None) -> dict[str, Any]:
    """Take a step, by as many workers as it needs; how many were killed and how the last one ended."""
    killed = 0
    while (status := work(step, database, points)) == -signal.SIGKILL and killed < MOST:
        killed += 1
    return {"killed": killed, "status": status}


def main() -> None:
    """Set the program up once, then serve commands."""
    import django

    django.setup()
    # Loaded before forking, with what is otherwise loaded when it is first needed.
    import cashline.platform.documents.pades  # noqa: F401
    import tests.thread.mixed  # noqa: F401

    for line in sys.stdin:
        command = json.loads(line)
        points = Path(command["points"]) if command.get("points") else None
        print(json.dumps(take(command["step"], command["database"], points)), flush=True)


if __name__ == "__main__":
    main()
