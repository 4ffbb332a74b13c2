"""What the database lets the portal's role do at all, whatever a page asks."""

from importlib import import_module
from uuid import UUID

import pytest
from django.db import transaction
from django.db.utils import ProgrammingError

from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.permissions.portal import as_portal
from tests.support.cluster import Database
from tests.support.portal import CHILDREN, OPEN, OWNED

RLS = import_module("cashline.flow.migrations.0001_portal_row_level_security")
CREDITS = import_module("cashline.flow.migrations.0003_portal_reads_credits")
OF_INVOICES = ("invoice_agreements", "invoice_withholdings")
TABLES = [*OWNED, *CHILDREN, *CREDITS.CONDITIONS, *OF_INVOICES]
OF_NOBODY = ("users", "role_grants", "api_keys", "events", "outbox", "journal_entries", "credit_accounts", "stock")


def test_every_table_of_customers_is_under_row_level_security(db: Database) -> None:
    rows = sql.fetch(
        "SELECT c.relname, c.relrowsecurity, p.polcmd FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid "
        "JOIN pg_roles r ON r.oid = ANY(p.polroles) WHERE r.rolname = 'cashline_portal'"
    )
    assert sorted(rows) == sorted((table, True, "r") for table in TABLES)
    assert sql.fetch("SELECT rolbypassrls, rolsuper FROM pg_roles WHERE rolname = 'cashline_portal'") == [
        (False, False)
    ]


def test_the_portal_reads_its_own_tables_and_nothing_else(db: Database) -> None:
    rows = sql.fetch(
        "SELECT relname, has_any_column_privilege('cashline_portal', oid, 'SELECT'), "
        "has_any_column_privilege('cashline_portal', oid, 'INSERT, UPDATE, REFERENCES') "
        "OR has_table_privilege('cashline_portal', oid, 'DELETE, TRUNCATE, TRIGGER') "
        "FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace = 'public'::regnamespace"
    )
    assert {name for name, reads, _ in rows if reads} == {*TABLES, *OPEN}
    assert [name for name, _, writes in rows if writes] == []


@pytest.mark.parametrize("table", OF_NOBODY)
def test_what_is_ours_alone_is_refused(db: Database, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), as_portal(new_id()):
        sql.fetch(f"SELECT 1 FROM {table}")


@pytest.mark.parametrize(("table", "column"), [(table, name) for table, names in RLS.HIDDEN.items() for name in names])
def test_a_column_that_is_no_customers_business_is_refused(db: Database, table: str, column: str) -> None:
    sql.fetch(f"SELECT {column} FROM {table} LIMIT 0")
    with pytest.raises(ProgrammingError, match="permission denied"), as_portal(new_id()):
        sql.fetch(f"SELECT {column} FROM {table} LIMIT 0")


@pytest.mark.parametrize("table", TABLES)
def test_the_portal_writes_nothing(db: Database, table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id", f"INSERT INTO {table} DEFAULT VALUES"):
        with pytest.raises(ProgrammingError, match="permission denied"), as_portal(new_id()):
            sql.execute(statement)


def test_the_programs_own_role_is_back_afterwards_also_after_a_failure(db: Database) -> None:
    def who() -> tuple[str, str | None]:
        row = sql.fetch_one("SELECT current_user, current_setting('cashline.customer_id', true)")
        assert row is not None
        return row[0], row[1]

    key: UUID = new_id()
    with as_portal(key):
        assert who() == ("cashline_portal", str(key))
    assert who()[0] == "cashline_app"
    with pytest.raises(ZeroDivisionError), as_portal(key):
        raise ZeroDivisionError
    assert who()[0] == "cashline_app"
    with pytest.raises(ProgrammingError), transaction.atomic(), as_portal(key):
        sql.execute("DELETE FROM orders")
    assert who()[0] == "cashline_app"
