"""The tests' PostgreSQL: a cluster for each worker, in memory where there is room, migrated once and then cloned.

Workers do not share one, since sums of the journal wait for the oldest transaction of the whole cluster.

The migrated cluster is kept beside pytest's cache under the hash of what made it, so that a run whose migrations have
not changed starts in a third of a second. A guard stops the server and removes its folder even when pytest is killed.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cashline.platform.database import connection
from cashline.platform.database.embedded import APP, FAST_AND_FORGETFUL, OWNER, SUPERUSER, EmbeddedServer

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".pytest_cache" / "cluster"
MEMORY = Path("/dev/shm")  # noqa: S108 - the folder that the kernel keeps in memory
ROOM_BYTES = 1_500_000_000
TEMPLATE = "cashline_template"


@dataclass(frozen=True, slots=True)
class Database:
    """One clone, for a test or a worker."""

    server: EmbeddedServer
    name: str

    def dsn(self, user: str = APP) -> str:
        return self.server.dsn(self.name, user)

    def connect(self, user: str = APP, *, autocommit: bool = True) -> "psycopg.Connection[Any]":
        """A plain connection of its own; the test closes it."""
        return psycopg.connect(self.dsn(user), autocommit=autocommit)

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes another process of ours use this database."""
        return {
            "CASHLINE_DATABASE_URL": self.dsn(APP),
            "CASHLINE_OWNER_DATABASE_URL": self.dsn(OWNER),
            "CASHLINE_DATABASE_POOL": "0",
        }


class Cluster:
    """The server of this worker and its template; started by the first test that needs it."""

    def __init__(self, worker: str) -> None:
        self.folder = _room() / f"cashline-tests-{os.getuid()}-{uuid.uuid4().hex[:12]}-{worker}"
        self.server = EmbeddedServer(self.folder, options=FAST_AND_FORGETFUL, discard=True)
        self._started = False

    def database(self, name: str) -> Database:
        return Database(self.server, name)

    def start(self) -> None:
        """Start the server with its migrated template, which one worker makes and the others copy."""
        if self._started:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        CACHE.parent.mkdir(exist_ok=True)
        with _alone(CACHE.with_name("cluster.lock")):
            cached = CACHE / _fingerprint()
            self._take(cached)
            self.server.start()
            if not self._exists(TEMPLATE):
                self._migrate()
                self._keep(cached)
        self._started = True

    def prepare(self) -> None:
        """Put a migrated cluster away for the workers, unless there is one; no server is left running."""
        if not (CACHE / _fingerprint()).exists():
            self.start()
            self.stop()

    def stop(self) -> None:
        self.server.stop()
        self._started = False

    def clone(self, name: str) -> Database:
        """A fresh copy of the template, owned by `cashline_owner`."""
        self.drop(name)
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        return self.database(name)

    def drop(self, name: str) -> None:
        """Drop it whoever is in it: an autovacuum worker is the superuser's."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)), user=SUPERUSER)

    def _migrate(self) -> None:
        """The migrations themselves, as the program runs them, in a database that is named the template when done."""
        unfinished = TEMPLATE + "_unfinished"
        self.drop(unfinished)
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
        with pointed_at(self.database(unfinished)):
            connection.prepare()
            connection.migrate()
        names = [sql.Identifier(name) for name in (unfinished, TEMPLATE)]
        self._run(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))
        with psycopg.connect(self.server.dsn("postgres", SUPERUSER), autocommit=True) as session:
            session.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            session.execute(f"GRANT pg_read_all_stats TO {OWNER}")
            session.execute(f"GRANT EXECUTE ON FUNCTION pg_stat_statements_reset TO {OWNER}")

    def _take(self, cached: Path) -> None:
        """Use what an earlier run put away; another run may be clearing it away at the same time."""
        copy = self.server.data.with_suffix(".copy")
        if self.server.data.exists() or not cached.exists():
            return
        try:
            shutil.copytree(cached, copy)
            copy.rename(self.server.data)
        except (OSError, shutil.Error):
            shutil.rmtree(copy, ignore_errors=True)

    def _keep(self, cached: Path) -> None:
        """Put the stopped cluster away for the next run, and drop older ones."""
        self.server.discard = False
        self.server.stop()
        self.server.discard = True
        unfinished = cached.with_name(f"{cached.name}.{os.getpid()}")
        shutil.rmtree(CACHE, ignore_errors=True)
        try:
            shutil.copytree(self.server.data, unfinished)
            if not cached.exists():
                unfinished.rename(cached)
        except (OSError, shutil.Error):  # another run clears the folder at the same time: it keeps one of its own
            shutil.rmtree(unfinished, ignore_errors=True)
        self.server.start()

    def _exists(self, name: str) -> bool:
        with psycopg.connect(self.server.dsn("postgres", OWNER), autocommit=True) as session:
            return session.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount == 1

    def _run(self, statement: sql.Composed, user: str = OWNER) -> None:
        with psycopg.connect(self.server.dsn("postgres", user), autocommit=True) as session:
            session.execute(statement)


@contextmanager
def pointed_at(database: Database) -> Iterator[Database]:
    """Django's connections, the environment and so every process started from here use DATABASE within the block."""
    from django.db import connections

    before = {name: os.environ.get(name) for name in database.environment}
    names = {alias: connections.settings[alias]["NAME"] for alias in connections.settings}
    os.environ.update(database.environment)
    _name_connections(dict.fromkeys(names, database.name))
    try:
        yield database
    finally:
        _name_connections(names)
        for variable, value in before.items():
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value


def _name_connections(names: Mapping[str, str]) -> None:
    from django.db import connections

    connections.close_all()
    for alias, name in names.items():
        connections.settings[alias]["NAME"] = name


def _room() -> Path:
    """Memory where it has room, else the folder for temporary files."""
    try:
        if shutil.disk_usage(MEMORY).free > ROOM_BYTES and os.access(MEMORY, os.W_OK):
            return MEMORY
    except OSError:
        pass
    return Path(tempfile.gettempdir())


def _fingerprint() -> str:
    """The hash of all that a migrated cluster is made of: migrations, models, SQL, settings, the server's version."""
    source = ROOT / "src" / "cashline"
    chosen = {ROOT / "requirements" / "runtime.txt", source / "platform" / "settings.py"}
    for pattern in (
        "**/migrations/**/*.py",
        "**/models.py",
        "**/apps.py",
        "**/*.sql",
        "platform/**/*.py",
        "kernel/*.py",
    ):
        chosen.update(source.glob(pattern))
    sums = hashlib.sha256()
    for path in sorted(chosen):
        sums.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return sums.hexdigest()[:24]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
