"""The program reaches its database as the environment says, and always as a role that owns nothing."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from psycopg import conninfo

from cashline.platform.database import connection
from cashline.platform.database.connection import ConfigurationError
from cashline.platform.database.embedded import FAST_AND_FORGETFUL, SUPERUSER, EmbeddedServer
from tests.support.cluster import Database

URLS = ("CASHLINE_DATABASE_URL", "CASHLINE_OWNER_DATABASE_URL", "CASHLINE_DATABASE_POOL", "CASHLINE_DATABASE")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no database."""
    for name in URLS:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def acting_as(settings: dict[str, Any]) -> tuple[str, str]:
    """Who logs in, and whom the session acts as, with Django's settings of an alias."""
    options = {key: value for key, value in settings["OPTIONS"].items() if key != "pool"}
    parts = {"dbname": settings["NAME"], "user": settings["USER"], "host": settings["HOST"], "port": settings["PORT"]}
    with psycopg.connect(conninfo.make_conninfo(**parts, **options)) as session:
        found = session.execute("SELECT session_user, current_user").fetchone()
        assert found
        return str(found[0]), str(found[1])


def test_without_a_url_the_embedded_server_serves(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("CASHLINE_DATA", "/srv/cashline")
    found = connection.databases()
    assert (found["default"]["USER"], found["owner"]["USER"]) == ("cashline_app", "cashline_owner")
    assert found["default"]["HOST"] == "/srv/cashline/socket"
    assert found["default"]["NAME"] == "cashline"
    assert found["default"]["OPTIONS"]["pool"]["max_size"] == 8
    assert "pool" not in found["owner"]["OPTIONS"]


def test_one_url_for_all_acts_as_the_app(committed_db: Database, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("CASHLINE_DATABASE_URL", committed_db.dsn(SUPERUSER))
    connection.prepare()
    found = connection.databases()
    assert acting_as(found["default"]) == (SUPERUSER, "cashline_app")
    assert acting_as(found["owner"]) == (SUPERUSER, SUPERUSER)


@pytest.fixture
def ones_own(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server as a user brings it: with none of our roles, a database, its owner and a role to log in as."""
    with EmbeddedServer(tmp_path, options={**FAST_AND_FORGETFUL, "shared_buffers": "16MB"}) as server:
        with psycopg.connect(server.dsn("postgres", SUPERUSER), autocommit=True) as session:
            session.execute("DROP ROLE cashline_app, cashline_portal, cashline_owner")
            session.execute("CREATE ROLE acme LOGIN CREATEROLE BYPASSRLS")
            session.execute("CREATE ROLE someone LOGIN")
            session.execute("CREATE DATABASE books OWNER acme")
        yield server


def test_an_owner_without_superuser_prepares_a_database_of_ones_own(
    ones_own: EmbeddedServer, bare: pytest.MonkeyPatch
) -> None:
    bare.setenv("CASHLINE_DATABASE_URL", ones_own.dsn("books", "someone"))
    bare.setenv("CASHLINE_OWNER_DATABASE_URL", ones_own.dsn("books", "acme"))
    connection.prepare()
    connection.prepare()
    assert acting_as(connection.databases()["default"]) == ("someone", "cashline_app")
    with connection.available():
        pass


def test_one_login_owns_and_runs_and_acts_as_the_app(ones_own: EmbeddedServer, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("CASHLINE_DATABASE_URL", ones_own.dsn("books", "acme"))
    connection.prepare()
    assert acting_as(connection.databases()["default"]) == ("acme", "cashline_app")


def test_an_owner_who_may_not_make_roles_is_told_what_to_do(ones_own: EmbeddedServer, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("CASHLINE_DATABASE_URL", ones_own.dsn("books", "someone"))
    with pytest.raises(ConfigurationError, match="give it CREATEROLE"):
        connection.prepare()


def test_options_of_the_url_are_kept(bare: pytest.MonkeyPatch) -> None:
    bare.setenv(
        "CASHLINE_DATABASE_URL", "postgresql://me@db.example/books?sslmode=verify-full&options=-c%20work_mem%3D8MB"
    )
    bare.setenv("CASHLINE_DATABASE_POOL", "0")
    options = connection.databases()["default"]["OPTIONS"]
    assert options["sslmode"] == "verify-full"
    assert options["options"] == "-c work_mem=8MB -c role=cashline_app"
    assert "pool" not in options


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://db.example/books?colour=red", "no address of a database"),
        ("postgresql://db.example", "names no database"),
    ],
)
def test_a_wrong_url_is_told_in_one_sentence(bare: pytest.MonkeyPatch, url: str, sentence: str) -> None:
    bare.setenv("CASHLINE_DATABASE_URL", url)
    with pytest.raises(ConfigurationError, match=sentence):
        connection.databases()


def test_an_owner_without_a_database_is_refused(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("CASHLINE_OWNER_DATABASE_URL", "postgresql://db.example/books")
    with pytest.raises(ConfigurationError, match="give both"):
        connection.databases()


def test_a_server_that_is_not_there_is_told_in_one_sentence(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("CASHLINE_DATABASE_URL", "postgresql://127.0.0.1:1/books")
    with pytest.raises(ConfigurationError, match="cannot be reached"), connection.available():
        pass


def test_an_old_server_is_refused() -> None:
    old = cast("psycopg.Connection[Any]", SimpleNamespace(info=SimpleNamespace(server_version=170_004)))
    with pytest.raises(ConfigurationError, match="needs PostgreSQL 18 or newer, and this server is 17"):
        connection.require_supported_version(old)


def test_the_app_owns_nothing_in_the_migrated_database(committed_db: Database) -> None:
    with committed_db.connect() as session:
        owned = session.execute(
            "SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) <> 'cashline_owner'"
            " AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        assert owned == []
        assert session.execute("SELECT pg_has_role('cashline_app', 'cashline_owner', 'MEMBER')").fetchone() == (False,)
        for statement in ("CREATE TABLE mine (a int)", "DROP TABLE django_migrations", "SET ROLE cashline_owner"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)
        session.execute("SET ROLE cashline_portal")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT FROM django_migrations")
