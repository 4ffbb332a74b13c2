"""Which database the program uses, and as which role. Reading this module connects to nothing and starts nothing.

`CASHLINE_DATABASE_URL` names a PostgreSQL 18 or newer of one's own, `CASHLINE_OWNER_DATABASE_URL` the same database as
the role that owns it, for migrations; without them the embedded server serves. Either way the running program acts as
`cashline_app`, a role that owns nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, sql

from cashline.platform.database import roles
from cashline.platform.database.embedded import APP, MAJOR, OWNER, EmbeddedServer

RUNTIME, MIGRATIONS = "default", "owner"
"""Django's aliases: the running program's connection, and the owner's, which only `migrate` uses."""
DEFAULT_DATABASE = "cashline"
DEFAULT_POOL_SIZE = 8


class ConfigurationError(RuntimeError):
    """The environment names no database that can serve; the message says what to change."""


def data_folder() -> Path:
    """Where the program keeps what it must keep: `CASHLINE_DATA`, else the user's own data folder."""
    if given := os.environ.get("CASHLINE_DATA"):
        return Path(given).absolute()
    share = os.environ.get("XDG_DATA_HOME")
    return (Path(share) if share else Path.home() / ".local" / "share") / "cashline"


def embedded_server() -> EmbeddedServer:
    """The server that comes along, in the data folder; not started."""
    return EmbeddedServer(data_folder())


def is_embedded() -> bool:
    """Is the server that comes along in use, and none of one's own?"""
    return not os.environ.get("CASHLINE_DATABASE_URL")


def database_name() -> str:
    """The embedded database in use: one database is one company (`CASHLINE_DATABASE`)."""
    return os.environ.get("CASHLINE_DATABASE") or DEFAULT_DATABASE


def runtime_dsn() -> str:
    """How the running program connects: always acting as `cashline_app`."""
    if is_embedded():
        return embedded_server().dsn(database_name(), APP)
    parts = _parse("CASHLINE_DATABASE_URL")
    if parts.get("user") != APP:
        parts["options"] = f"{parts.get('options') or ''} -c role={APP}".strip()
    return conninfo.make_conninfo(**parts)


def owner_dsn() -> str:
    """How migrations connect: as the role that owns the database."""
    if is_embedded():
        return embedded_server().dsn(database_name(), OWNER)
    name = "CASHLINE_OWNER_DATABASE_URL"
    return conninfo.make_conninfo(**_parse(name if os.environ.get(name) else "CASHLINE_DATABASE_URL"))


def databases() -> dict[str, dict[str, Any]]:
    """Django's DATABASES: `default` for the running program, pooled, and `owner` for migrations.

    `CASHLINE_DATABASE_POOL` is the most connections a process keeps (8); 0 keeps none.
    """
    if is_embedded() and os.environ.get("CASHLINE_OWNER_DATABASE_URL"):
        raise ConfigurationError("CASHLINE_OWNER_DATABASE_URL is given without CASHLINE_DATABASE_URL; give both.")
    return {RUNTIME: _django(runtime_dsn(), pool=_pool()), MIGRATIONS: _django(owner_dsn(), pool=None)}


def require_supported_version(connection: "psycopg.Connection[Any]") -> None:
    """Refuse a server that is too old for what the tables ask of it (temporal keys, `uuidv7()`)."""
    found = connection.info.server_version
    if found < MAJOR * 10_000:
        raise ConfigurationError(f"Cashline needs PostgreSQL {MAJOR} or newer, and this server is {found // 10_000}.")


def prepare() -> None:
    """Make the database (where embedded), the roles and their rights, before migrations; may be run again."""
    if is_embedded():
        with psycopg.connect(embedded_server().dsn("postgres", OWNER), autocommit=True) as connection:
            roles.make_database(connection, database_name())
    with _connect(owner_dsn()) as connection:
        require_supported_version(connection)
        member = None if is_embedded() else conninfo.conninfo_to_dict(runtime_dsn()).get("user")
        try:
            roles.prepare(connection, str(member) if member else None if is_embedded() else connection.info.user)
        except PermissionError as error:
            raise ConfigurationError(str(error)) from error


def migrate(*, verbosity: int = 0) -> None:
    """Bring the tables up to date, as the owner; `prepare` comes first. Where nothing is to be done it is quick."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections[MIGRATIONS])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", database=MIGRATIONS, interactive=False, verbosity=verbosity)


@contextmanager
def available() -> Iterator[None]:
    """The database, for as long as the block lasts: starts or joins the embedded server, or checks one's own.

    Raises ConfigurationError or ServerError with a sentence for the user.
    """
    if is_embedded():
        with embedded_server():
            yield
        return
    with _connect(owner_dsn()) as connection:
        require_supported_version(connection)
    yield


def _connect(dsn: str) -> "psycopg.Connection[Any]":
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=15)
    except psycopg.OperationalError as error:
        raise ConfigurationError(f"The database cannot be reached: {str(error).strip()}") from error


def _parse(variable: str) -> dict[str, Any]:
    try:
        parts = dict(conninfo.conninfo_to_dict(os.environ[variable]))
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(f"{variable} is no address of a database: {str(error).strip()}") from error
    if not parts.get("dbname"):
        raise ConfigurationError(f"{variable} names no database.")
    return parts


def _pool() -> dict[str, Any] | None:
    size = int(os.environ.get("CASHLINE_DATABASE_POOL") or DEFAULT_POOL_SIZE)
    return {"min_size": 1, "max_size": size, "timeout": 20, "max_idle": 120, "max_lifetime": 3600} if size else None


def _django(dsn: str, *, pool: dict[str, Any] | None) -> dict[str, Any]:
    parts = {key: str(value) for key, value in conninfo.conninfo_to_dict(dsn).items() if value is not None}
    settings: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"application_name": "cashline", **parts},
    }
    if pool:
        settings["OPTIONS"]["pool"] = pool
    return settings


def drop_database() -> None:
    """Throw the embedded database in use away; one of one's own is never dropped. Raises ConfigurationError."""
    if not is_embedded():
        raise ConfigurationError("Only a database of the embedded server is thrown away; drop your own yourself.")
    with psycopg.connect(embedded_server().dsn("postgres", OWNER), autocommit=True) as connection:
        name = sql.Identifier(database_name())
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
