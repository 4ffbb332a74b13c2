"""A company's trade, many times over: every row that trade leaves is copied under other keys, by set-based SQL.

What a company has once (entities, accounts, products, prices, people) stays as it is and is shared by all copies. The
last 32 bits of a UUIDv7 are random, so a copy's keys are the same ones with its number mixed in; whatever points to a
row of the trade points to the same copy's row. Triggers are off: this fills a database to be measured, and is no way
to write books.
"""

from typing import Any

import psycopg
from psycopg import sql

ONCE = frozenset(
    (
        "accounting_periods", "accounts", "api_keys", "approvals", "bank_accounts", "bill_runs", "clock",
        "daily_balances", "event_blocks", "event_feed", "exchange_rates", "idempotency_keys", "invoice_parties",
        "journal_summary", "legal_entities", "mfa_authenticator", "number_series", "outbox", "outbox_attempts",
        "price_books", "prices", "products", "provisioning_endpoints", "reminder_policies", "role_grants", "stock",
        "stored_files", "tax_rates", "users", "warehouses", "webhook_endpoints",
    )
)  # fmt: skip
"""Tables whose rows do not grow with trade, or which are summed or numbered anew below."""
STARTS_ONCE = ("django_", "auth_", "procrastinate_", "socialaccount_", "users_", "account_", "sandbox_", "gateway_")
TOLD_APART = frozenset(("number", "external_reference", "fingerprint", "token_hash", "gateway_reference"))
"""Texts by which rows are told apart; a copy's has its number behind it."""
_FUNCTIONS = """
    CREATE FUNCTION pg_temp.other(key uuid, copy bigint, once uuid[]) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
      SELECT CASE WHEN key = ANY(once) THEN key ELSE (left(key::text, 28)
        || lpad(to_hex(('x' || right(key::text, 8))::bit(32)::bigint # (copy * 4096)), 8, '0'))::uuid END $$;
    CREATE FUNCTION pg_temp.others(keys uuid[], copy bigint, once uuid[]) RETURNS uuid[] LANGUAGE sql IMMUTABLE AS $$
      SELECT array_agg(pg_temp.other(key, copy, once) ORDER BY place)
      FROM unnest(keys) WITH ORDINALITY listed(key, place) $$;
"""
_TABLES = """
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition ORDER BY 1
"""
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attidentity = '' AND a.attgenerated = ''
    ORDER BY a.attnum
"""


def multiply(dsn: str, copies: int) -> dict[str, int]:
    """Add so many copies of all trade; gives the rows of each table. `dsn` is the superuser's."""
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute("SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB'")
        session.execute(_FUNCTIONS)
        tables = [name for (name,) in session.execute(_TABLES)]
        once = _keys_of([name for name in tables if _is_once(name)], session)
        counts = {}
        for table in tables:
            if not _is_once(table):
                counts[table] = _copy(table, copies, once, session)
        _number(session)
        session.execute("VACUUM ANALYZE")
    return counts


def _is_once(table: str) -> bool:
    return table in ONCE or table.startswith(STARTS_ONCE)


def _keys_of(tables: list[str], session: "psycopg.Connection[Any]") -> list[Any]:
    keys: list[Any] = []
    for table in tables:
        columns = dict(session.execute(_COLUMNS, (table,)).fetchall())
        if columns.get("id") == "uuid" and table not in ("stored_files", "outbox", "outbox_attempts"):
            keys += [key for (key,) in session.execute(sql.SQL("SELECT id FROM {}").format(sql.Identifier(table)))]
    return keys


def _copy(table: str, copies: int, once: list[Any], session: "psycopg.Connection[Any]") -> int:
    columns = session.execute(_COLUMNS, (table,)).fetchall()
    values = [_value(table, name, kind) for name, kind in columns]
    statement = sql.SQL("INSERT INTO {0} ({1}) SELECT {2} FROM {0} t, generate_series(1, {3}) copy").format(
        sql.Identifier(table),
        sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
        sql.SQL(", ").join(values),
        sql.Literal(copies),
    )
    return session.execute(statement, {"once": once}).rowcount


def _value(table: str, name: str, kind: str) -> sql.Composable:
    column = sql.SQL("t.{}").format(sql.Identifier(name))
    if kind == "uuid":
        return sql.SQL("pg_temp.other({}, copy, %(once)s::uuid[])").format(column)
    if kind == "uuid[]":
        return sql.SQL("pg_temp.others({}, copy, %(once)s::uuid[])").format(column)
    if (kind == "text" and name in TOLD_APART) or (table, name) == ("customers", "name"):
        return sql.SQL("{} || '-' || copy").format(column)
    return column


def _number(session: "psycopg.Connection[Any]") -> None:
    """The feed goes on; the journal is summed by the program's own job."""
    session.execute("""
        INSERT INTO event_feed (number, event_id)
        SELECT (SELECT max(number) FROM event_feed) + row_number() OVER (), e.id FROM events e
        LEFT JOIN event_feed f ON f.event_id = e.id WHERE f.event_id IS NULL
    """)
    session.execute("""
        UPDATE event_blocks SET last = (SELECT max(number) FROM event_feed)
        WHERE number = (SELECT max(number) FROM event_blocks)
    """)
