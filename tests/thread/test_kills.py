"""A process that walks the whole thread is killed at each of its writes and taken up again: the books are the same."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql as psql

from cashline.flow.report.health.queries import verify
from cashline.platform.database.embedded import OWNER, SUPERUSER
from tests.support.cluster import Database, pointed_at
from tests.support.killing import KillerProcess
from tests.support.receive import GOOD
from tests.thread import mixed

NOT_COMPARED = {"django_migrations", "gateway_calls", "journal_summary", "sandbox_charges"}
"""What tells of tries and of transactions, not of the company: a killed try may well have been made. What the acquirer
took is looked at apart."""
_CHANGING = ("uuid", "uuid[]", "bytea", "xid8")
"""Ids, and seals and PDFs with ids in them, are never the same twice; nor is what the machine's clock writes."""
_COLUMNS = """
    SELECT c.relname, coalesce(array_agg(a.attname) FILTER (WHERE format_type(a.atttypid, NULL) = ANY(%s)
        OR a.attname IN ('transaction', 'up_to_transaction')
        OR pg_get_expr(d.adbin, d.adrelid) ~* 'now|timestamp'), '{}')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1 ORDER BY 1
"""
_IDS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{64}\b|\b[a-z]+_[0-9A-Za-z]{20,32}\b"
)
"""Ids, hashes and public ids within texts and JSON."""


def contents(database: Database) -> dict[str, Counter[str]]:
    """Every row of every table, as text without ids."""
    found: dict[str, Counter[str]] = {}
    with database.connect(SUPERUSER) as session:
        for table, changing in session.execute(_COLUMNS, [list(_CHANGING)]).fetchall():
            if table not in NOT_COMPARED:
                query = psql.SQL("SELECT (to_jsonb(t) - %s::text[])::text FROM {} t").format(psql.Identifier(table))
                found[table] = Counter(_IDS.sub("#", row[0]) for row in session.execute(query, [list(changing)]))
    return found


def taken(database: Database) -> list[tuple[Any, ...]]:
    """What the card's acquirer took."""
    with database.connect() as session:
        statement = "SELECT state->>'status', state->>'amount', state->>'card' FROM sandbox_charges ORDER BY id"
        return session.execute(statement).fetchall()


def assert_same(found: dict[str, Counter[str]], wanted: dict[str, Counter[str]], where: str) -> None:
    """The same rows in each table."""
    for table, rows in wanted.items():
        assert not (rows - found[table]), f"{where}: missing in {table}"
        assert not (found[table] - rows), f"{where}: too much in {table}"


@contextmanager
def cloned(database: Database) -> Iterator[Database]:
    """A second company that is a clone of the first, row by row."""
    clone = Database(database.server, f"{database.name}_clone")
    drop = psql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psql.Identifier(clone.name))
    make = psql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy OWNER {}")
    with psycopg.connect(database.server.dsn("postgres", SUPERUSER), autocommit=True) as session:
        session.execute(drop)
        session.execute(make.format(*map(psql.Identifier, (clone.name, database.name, OWNER))))
        try:
            yield clone
        finally:
            session.execute(drop)


@pytest.mark.kill
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_thread_killed_at_each_write_ends_in_the_same_books(
    committed_db: Database, killer: KillerProcess, tmp_path: Path
) -> None:
    from django.db import connections

    mixed.prepare()
    connections.close_all()
    kills: dict[str, int] = {}
    with cloned(committed_db) as undisturbed:
        for step in mixed.STEPS:
            assert killer.call(f"{mixed.__name__}:{step}", undisturbed) == 0
            kills[step] = killer.kill_everywhere(f"{mixed.__name__}:{step}", committed_db, tmp_path / step)
            assert_same(contents(committed_db), contents(undisturbed), step)
        assert taken(committed_db) == taken(undisturbed) == [("succeeded", "1935.65", GOOD)]
        before = contents(committed_db)
        for step in mixed.STEPS:
            assert killer.call(f"{mixed.__name__}:{step}", committed_db) == 0
        assert_same(contents(committed_db), before, "taken once more")
        with pointed_at(committed_db):
            found = verify(whole=True)
    assert found.first_break is None, str(found.first_break)
    assert all(count >= 4 for count in kills.values()), kills
    assert sum(kills.values()) >= 220, kills
