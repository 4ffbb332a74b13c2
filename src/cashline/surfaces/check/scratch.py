"""A scratch company for each case that needs one: a database of its own, on a server that is thrown away afterwards.

Nothing of the user's own data is touched. The tables are made once, and each company is a copy of them.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg

from cashline.platform.database import connection, roles
from cashline.platform.database.embedded import APP, OWNER, SUPERUSER, EmbeddedServer

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder that the kernel keeps in memory
ROOM_BYTES = 1_500_000_000
TEMPLATE = "cashline_scratch"
THROWAWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(slots=True)
class Scratch:
    """The server of one check. `company()` gives a new, empty one for as long as its block lasts."""

    server: EmbeddedServer
    template: str = ""
    """The database with the tables, to be copied; made when it is first needed."""
    _made: int = field(default=0)

    @contextmanager
    def company(self, *, frozen_at: datetime) -> Iterator[None]:
        """A new database, a sandbox whose clock stands at `frozen_at`; every connection of this process goes there."""
        from cashline.platform.clock.actions import make_sandbox

        self.template = self.template or self._migrated()
        self._made += 1
        name = f"{TEMPLATE}_{self._made}"
        self._make(name, self.template)
        try:
            with self._pointed_at(name):
                make_sandbox(frozen_at=frozen_at)
                yield
        finally:
            self._drop(name)

    def _migrated(self) -> str:
        self._make(TEMPLATE, "template0")
        with self._pointed_at(TEMPLATE):
            connection.prepare()
            connection.migrate()
        return TEMPLATE

    def _make(self, name: str, template: str) -> None:
        with psycopg.connect(self.server.dsn("postgres", OWNER), autocommit=True) as session:
            roles.make_database(session, name, template)

    def _drop(self, name: str) -> None:
        """Drop it whoever is in it: an autovacuum worker is the superuser's."""
        with psycopg.connect(self.server.dsn("postgres", SUPERUSER), autocommit=True) as session:
            session.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextmanager
    def _pointed_at(self, name: str) -> Iterator[None]:
        """Django's connections and the environment name this database within the block."""
        from django.db import connections

        wanted = {
            "CASHLINE_DATABASE_URL": self.server.dsn(name, APP),
            "CASHLINE_OWNER_DATABASE_URL": self.server.dsn(name, OWNER),
            "CASHLINE_DATABASE_POOL": "0",
        }
        before = {variable: os.environ.get(variable) for variable in wanted}
        settings = {alias: dict(connections.settings[alias]) for alias in connections.settings}
        connections.close_all()
        os.environ.update(wanted)
        for alias, chosen in connection.databases().items():
            connections.settings[alias].update(chosen)
        _forget()
        try:
            yield
        finally:
            connections.close_all()
            for alias, chosen in settings.items():
                connections.settings[alias].clear()
                connections.settings[alias].update(chosen)
            _forget()
            for variable, value in before.items():
                os.environ.pop(variable) if value is None else os.environ.__setitem__(variable, value)


@contextmanager
def scratch(given: Scratch | None = None) -> Iterator[Scratch]:
    """The given one; else a server in a private folder, in memory where there is room, that is gone after the block."""
    if given is not None:
        yield given
        return
    with (
        tempfile.TemporaryDirectory(prefix="cashline-check-", dir=_room(), ignore_cleanup_errors=True) as folder,
        EmbeddedServer(Path(folder) / "server", options=THROWAWAY, discard=True) as server,
    ):
        yield Scratch(server)


def _forget() -> None:
    """Let go of connections made with other settings, so that the next use makes one anew."""
    from django.db import connections

    for one in connections.all(initialized_only=True):
        del connections[one.alias]


def _room() -> Path:
    try:
        if shutil.disk_usage(MEMORY).free > ROOM_BYTES and os.access(MEMORY, os.W_OK):
            return MEMORY
    except OSError:
        pass
    return Path(tempfile.gettempdir())
