"""Processes that are killed at each of their writes, and taken up again.

`killer` is a process that has read the program once and forks a worker for each call, so that a kill costs a fork. It
reads commands, one JSON object a line, and answers each with one. With `points`, a file, a worker ends itself by
SIGKILL before the first write at which no worker before it died, and after each commit; another worker then starts from
the facts, until one comes through. A write is known by the writes before it in its transaction, so every write is met,
also behind a commit.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import ROOT, Database

_READS = ("SELECT", "SET", "SHOW", "RELEASE", "SAVEPOINT")
MOST = 400
"""More kills than any call has writes."""


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


class KillerProcess:
    """The process that calls functions of tests, named as `module:function`, in workers of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def call(self, function: str, database: Database, *arguments: str) -> int:
        """Call it in a worker; how that ended, negative for a signal."""
        return int(self._ask(function, database, arguments, None)["status"])

    def kill_everywhere(self, function: str, database: Database, points: Path) -> int:
        """Call it in workers that are killed, until one comes through; how many were killed."""
        answer = self._ask(function, database, (), points)
        assert answer["status"] == 0, f"{function} ended with {answer}"
        return int(answer["killed"])

    def _ask(self, function: str, database: Database, arguments: Sequence[str], points: Path | None) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        command = {"function": function, "database": database.name, "arguments": arguments}
        self.process.stdin.write(json.dumps(command | {"points": str(points or "")}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline() or '{"status": "died"}')
        return answer


@pytest.fixture(scope="session")
def killer(database: Database) -> Iterator[KillerProcess]:
    """The process of this run; it is told with each call which database to use."""
    environment = {**os.environ, **database.environment, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.killing"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            yield KillerProcess(process)
        finally:
            process.kill()


def work(function: Callable[..., object], database: str, arguments: Sequence[str], points: Path | None) -> int:
    """Fork a worker that calls it; the exit status, negative for a signal."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        from django.db import connections

        for alias in connections.settings:
            connections.settings[alias]["NAME"] = database
        if points is not None:
            Killer(points).install()
        function(*arguments)
        connections.close_all()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - told on standard error; the worker must not go on as its parent
        traceback.print_exc()
        os._exit(1)


def take(command: Mapping[str, Any]) -> dict[str, Any]:
    """Obey a command, by as many workers as it needs; how many were killed and how the last one ended."""
    module, _, name = command["function"].partition(":")
    function = getattr(import_module(module), name)
    points = Path(command["points"]) if command["points"] else None
    killed = 0
    while (
        (status := work(function, command["database"], command["arguments"], points)) == -signal.SIGKILL
        and points is not None
        and killed < MOST
    ):
        killed += 1
    return {"killed": killed, "status": status}


def main() -> None:
    """Set the program up once, then serve commands."""
    import django

    django.setup()
    # Loaded before forking, with what is otherwise loaded when it is first needed.
    import cashline.platform.documents.pades  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(take(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
