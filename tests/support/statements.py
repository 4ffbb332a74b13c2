"""Counts SQL statements as the server saw them: COPY, pipelines and other connections included.

What the server asks itself when a transaction commits (deferred foreign keys and constraint triggers) is no statement
of the program, and is counted apart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from cashline.platform.database.embedded import SUPERUSER
from tests.support.cluster import Database

_READ = """
    SELECT s.query, s.calls FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
    WHERE d.datname = %s AND s.toplevel ORDER BY s.calls DESC, s.query
"""
_BORDERS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ")
_OWN_CHECKS = ('FROM ONLY "public".', "NOT EXISTS (SELECT")
"""How a deferred foreign key's query reads, and how a trigger's expression begins."""


@dataclass(slots=True)
class Statements:
    """Statements of the block, filled at its end; transaction borders and the server's own checks are counted apart."""

    calls: dict[str, int] = field(default_factory=dict)
    borders: int = 0
    checks: int = 0

    @property
    def count(self) -> int:
        return sum(self.calls.values())

    def __str__(self) -> str:
        return "\n".join(f"{calls:6}  {' '.join(query.split())[:160]}" for query, calls in self.calls.items())


@contextmanager
def counted(database: Database) -> Iterator[Statements]:
    """Count what DATABASE is asked within the block, by whichever connection."""
    found = Statements()
    with psycopg.connect(database.server.dsn("postgres", SUPERUSER), autocommit=True) as session:
        session.execute(
            "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = %s), 0)", [database.name]
        )
        yield found
        for query, calls in session.execute(_READ, [database.name]).fetchall():
            if str(query).lstrip().upper().startswith(_BORDERS):
                found.borders += calls
            elif _OWN_CHECKS[0] in query or str(query).startswith(_OWN_CHECKS[1]):
                found.checks += calls
            else:
                found.calls[str(query)] = found.calls.get(str(query), 0) + calls
