"""The three roles of a company's database, and what each may do by default.

`cashline_owner` owns the database and runs migrations; `cashline_app` is what the running program acts as, and owns
nothing; `cashline_portal` is what it becomes for a portal user, whom row-level security holds to one customer.
Migrations take away from `cashline_app` what it may not do to append-only tables. It passes by row-level security,
which is for the portal alone, because PostgreSQL refuses COPY into a table whose policies it would have to check.
"""

import psycopg
from psycopg import sql

from cashline.platform.database.embedded import APP, OWNER, PORTAL

_EMBEDDED = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{OWNER}') THEN
        CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP}') THEN
        CREATE ROLE {APP} LOGIN BYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{PORTAL}') THEN
        CREATE ROLE {PORTAL} NOLOGIN;
    END IF;
    GRANT {PORTAL} TO {APP} WITH INHERIT FALSE, SET TRUE;
END $$
"""
_SCHEMA = f"""
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {APP}, {PORTAL};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {APP};
"""


def make_for_embedded(dsn: str) -> None:
    """Make the roles of the embedded server, whose superuser DSN names; does nothing the second time."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_EMBEDDED)


def make_database(connection: "psycopg.Connection[tuple[object, ...]]", name: str, template: str = "template0") -> bool:
    """Make the database where there is none, owned by who asks; whether it was made. The connection is autocommit."""
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
        return False
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return True


def prepare(connection: "psycopg.Connection[tuple[object, ...]]", member: str | None = None) -> None:
    """Give the roles their rights in this database, as its owner, before the first migration; may be run again.

    Makes `cashline_app` and `cashline_portal` where a server of one's own lacks them, and lets `member`, the role that
    the program logs in as, act as them. Needs CREATEROLE or a superuser for that, and says so where it is missing.
    """
    found = {
        row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'cashline\\_%%'", [])
    }
    try:
        for role in (APP, PORTAL):
            if role not in found:
                bypass = sql.SQL(" BYPASSRLS" if role == APP else "")
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN{}").format(sql.Identifier(role), bypass))
        _let(connection, APP, PORTAL)
        if member is not None and member != APP:
            _let(connection, member, APP)
    except psycopg.errors.InsufficientPrivilege as error:
        raise PermissionError(
            f"The owner's role may not make the roles {APP} and {PORTAL}: give it CREATEROLE and BYPASSRLS, or make "
            f"them beforehand (CREATE ROLE {APP} BYPASSRLS; CREATE ROLE {PORTAL}; GRANT {PORTAL} TO {APP}; "
            f"GRANT {APP} TO the role that logs in)."
        ) from error
    connection.execute(_SCHEMA)


def _let(connection: "psycopg.Connection[tuple[object, ...]]", member: str, role: str) -> None:
    """Let MEMBER act as ROLE, unless it may already."""
    may = connection.execute("SELECT pg_has_role(%s, %s, 'SET')", [member, role]).fetchone()
    if may is None or not may[0]:
        statement = sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE")
        connection.execute(statement.format(sql.Identifier(role), sql.Identifier(member)))
