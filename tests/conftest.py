"""What every test may ask for: `db` (rolled back), `committed_db` (a database of its own), `chromium` and `page`."""

import gc
import os
from collections.abc import Iterator
from threading import Thread

import pytest
from hypothesis import settings as hypothesis_settings

from cashline.surfaces.check.scratch import Scratch
from tests.support.cluster import TEMPLATE, Cluster, Database, pointed_at

pytest_plugins = ["tests.support.browser", "tests.support.killing", "tests.support.live"]

worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
cluster = Cluster(worker)
preparing = Thread(target=cluster.prepare)
django_failure: BaseException | None = None
open_aliases: set[str] = set()

hypothesis_settings.register_profile("cashline", deadline=None)
hypothesis_settings.load_profile("cashline")


def pytest_configure(config: pytest.Config) -> None:
    """Set Django up before any test is collected; a rule's test runs even where that fails."""
    os.environ.update(cluster.database(f"cashline_{worker}").environment)
    os.environ["CASHLINE_DATA"] = str(cluster.folder / "data")
    os.environ["CASHLINE_SECRET_KEY"] = "a key for tests alone, and not a secret"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashline.platform.settings")
    global django_failure
    try:
        import django

        django.setup()
        _close_the_database()
        _hash_lightly()
    except Exception as failure:  # noqa: BLE001 - kept, and raised to each test that needs Django
        django_failure = failure


def pytest_sessionstart(session: pytest.Session) -> None:
    """While the workers collect, the process that leads them migrates the cluster that they will copy."""
    if session.config.getoption("numprocesses", None) and worker == "alone" and not django_failure:
        open_aliases.add("owner")
        preparing.start()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, dealt out to the workers: each begins with an equal part of the list, and takes from its
    end what another has left, so that slow ones that stand together would be done one after the other."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    dealt: list[pytest.Item] = []
    for number in range(workers):
        own = slow[number::workers]
        end = len(items) * (number + 1) // workers - len(dealt) - len(own)
        dealt += [*own, *quick[:end]]
        del quick[:end]
    items[:] = dealt + quick


def pytest_collection_finish() -> None:
    """What is imported by now stays: the collector of cycles need not walk it again after every few tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    if preparing.ident:
        preparing.join()
    cluster.stop()


def pytest_report_header(config: pytest.Config) -> str | None:
    return f"Django could not be set up: {django_failure!r}" if django_failure else None


def _close_the_database() -> None:
    """Refuse a connection to a test that has asked for none."""
    from django.db.backends.base.base import BaseDatabaseWrapper

    ensure_connection = BaseDatabaseWrapper.ensure_connection

    def guarded(self: BaseDatabaseWrapper) -> None:
        if self.alias not in open_aliases:
            raise RuntimeError(f"This test uses the database {self.alias!r}: let it ask for `db` or `committed_db`.")
        ensure_connection(self)

    BaseDatabaseWrapper.ensure_connection = guarded  # type: ignore[method-assign]


def _hash_lightly() -> None:
    """The program's own hash of passwords at its least cost: a quarter of a second each is for those who guess."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """This worker's clone of the migrated template; a test takes `db` or `committed_db` instead."""
    if django_failure:
        raise django_failure
    open_aliases.add("owner")
    cluster.start()
    open_aliases.clear()
    yield cluster.clone(f"cashline_{worker}")
    from django.db import connections

    connections.close_all()


@pytest.fixture
def db(database: Database) -> Iterator[Database]:
    """The database as `cashline_app`, in one transaction: deferred constraints are checked, then it is rolled back."""
    from django.db import connections, transaction

    open_aliases.add("default")
    whole = transaction.atomic(using="default")
    whole._from_testcase = True  # type: ignore[attr-defined]
    whole.__enter__()
    try:
        yield database
        connection = connections["default"]
        if not connection.needs_rollback and connection.is_usable():
            connection.check_constraints()
    finally:
        transaction.set_rollback(True, using="default")
        whole.__exit__(None, None, None)
        open_aliases.clear()


@pytest.fixture
def committed_db(database: Database) -> Iterator[Database]:
    """A fresh database of the test's own, for tests that commit, run in threads or start and kill processes."""
    from django.db import connections

    own = cluster.clone(f"cashline_{worker}_own")
    open_aliases.update(("default", "owner"))
    try:
        with pointed_at(own):
            yield own
            connections.close_all()
    finally:
        open_aliases.clear()
        cluster.drop(own.name)


@pytest.fixture
def scratch(database: Database) -> Iterator[Scratch]:
    """What `cashline check` carries its cases out in: companies that are copies of this worker's migrated template."""
    open_aliases.update(("default", "owner"))
    try:
        yield Scratch(database.server, TEMPLATE)
    finally:
        open_aliases.clear()
