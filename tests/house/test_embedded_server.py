"""The server that comes along starts anywhere, survives a kill, is shared, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from cashline.platform.database import embedded, unprivileged
from cashline.platform.database.embedded import FAST_AND_FORGETFUL, SUPERUSER, EmbeddedServer, ServerError

OPTIONS = {**FAST_AND_FORGETFUL, "shared_buffers": "16MB"}
HOLD = """
import sys, time
from pathlib import Path
from cashline.platform.database.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), options={"fsync": "off", "shared_buffers": "16MB"})
server.start()
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    found = EmbeddedServer(tmp_path / "a folder with 'signs'", options=OPTIONS)
    yield found
    found.stop()
    assert not found.running()


def wait_until_stopped(server: EmbeddedServer) -> None:
    deadline = time.monotonic() + 30
    while server.running():
        assert time.monotonic() < deadline, "the server was left behind"
        time.sleep(0.02)


def run(server: EmbeddedServer, statement: str, user: str = SUPERUSER) -> list[tuple[object, ...]]:
    with psycopg.connect(server.dsn("postgres", user), autocommit=True) as connection:
        found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []


@pytest.fixture
def hold(server: EmbeddedServer) -> "Iterator[Callable[[], subprocess.Popen[bytes]]]":
    """Starts another process that uses the server until it is killed."""
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(server.folder)], stdout=subprocess.PIPE)
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_it_starts_again_with_its_data_and_is_closed_to_others(server: EmbeddedServer) -> None:
    server.start()
    run(server, "CREATE TABLE kept AS SELECT 7 AS number")
    server.stop()
    assert not server.running()
    server.start()
    assert run(server, "SELECT number FROM kept") == [(7,)]
    assert run(server, "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'postgres'") == [
        ("b", "C.UTF-8")
    ]
    assert run(server, "SHOW listen_addresses") == [("",)]
    for folder in (server.folder, server.sockets, server.data):
        assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.kill
def test_it_comes_back_after_a_kill(server: EmbeddedServer) -> None:
    server.start()
    run(server, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    again = EmbeddedServer(server.folder, options=OPTIONS)
    again.start()
    try:
        assert run(again, "SELECT count(*) FROM kept") == [(1000,)]
    finally:
        again.stop()


def test_a_reused_process_id_is_not_taken_for_the_server(server: EmbeddedServer) -> None:
    server.start()
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n1\n5432\n{server.sockets}\n")
    assert not server.running()
    server.start()
    assert run(server, "SELECT 1") == [(1,)]


@pytest.mark.kill
def test_the_server_of_a_killed_process_is_stopped(
    server: EmbeddedServer, hold: "Callable[[], subprocess.Popen[bytes]]"
) -> None:
    process = hold()
    assert server.running()
    process.kill()
    process.wait()
    wait_until_stopped(server)


@pytest.mark.kill
def test_the_last_to_go_stops_the_server(server: EmbeddedServer, hold: "Callable[[], subprocess.Popen[bytes]]") -> None:
    first, second = hold(), hold()
    first.kill()
    first.wait()
    time.sleep(0.5)
    assert server.running()
    server.start()
    second.kill()
    second.wait()
    time.sleep(0.5)
    assert run(server, "SELECT 1") == [(1,)]
    server.stop()
    assert not server.running()


def test_starters_do_not_race(server: EmbeddedServer) -> None:
    failures: list[BaseException] = []

    def start_and_ask() -> None:
        own = EmbeddedServer(server.folder, options=OPTIONS)
        try:
            own.start()
            assert run(own, "SELECT 1") == [(1,)]
            own.stop()
        except BaseException as failure:  # noqa: BLE001 - judged below, in the test's own thread
            failures.append(failure)

    threads = [threading.Thread(target=start_and_ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert not server.running()


def test_an_initdb_that_was_cut_short_is_done_again(server: EmbeddedServer) -> None:
    (server.folder / "postgres.unfinished" / "base").mkdir(parents=True)
    server.start()
    assert run(server, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("name", ["long-" * 40, "a comma, and a space"])
def test_a_path_unfit_for_a_socket_gets_another(tmp_path: Path, name: str) -> None:
    deep = tmp_path / name
    with EmbeddedServer(deep, options=OPTIONS) as server:
        assert len(os.fsencode(server.sockets)) < embedded.SOCKET_PATH_BYTES
        assert server.sockets.stat().st_mode & 0o077 == 0
        assert run(server, "SELECT 1") == [(1,)]
    assert not server.sockets.exists()


def test_data_of_another_version_are_refused_and_kept(server: EmbeddedServer) -> None:
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerError, match=r"PostgreSQL 17.*pg_dump"):
        server.start()
    assert (server.data / "PG_VERSION").read_text() == "17\n"


def test_a_folder_that_cannot_be_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServerError, match=r"cannot be written \(Not a directory\); name another in CASHLINE_DATA"):
        EmbeddedServer(tmp_path / "file" / "data").start()


def test_a_setting_that_postgresql_refuses_is_told_in_one_sentence(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path, options={"shared_buffers": "nonsense"})
    with pytest.raises(ServerError, match=r"did not start .*nonsense|configuration"):
        server.start()
    server.stop()


def test_the_program_owns_nothing_and_the_portal_less(server: EmbeddedServer) -> None:
    server.start()
    roles = run(server, "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles ORDER BY 1")
    assert [role for role in roles if str(role[0]).startswith("cashline")] == [
        ("cashline_app", False, False, False, True),
        ("cashline_owner", False, True, True, True),
        ("cashline_portal", False, False, False, False),
    ]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(server, "CREATE DATABASE mine", "cashline_app")


WITHOUT_NAMESPACES = """
import os, sys
from pathlib import Path

ready, told = os.pipe()
mapped, go = os.pipe()
child = os.fork()
if child == 0:
    os.unshare(os.CLONE_NEWUSER)
    os.write(told, b"x")
    os.read(mapped, 1)
    os.setgid(0)
    os.setuid(0)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    from cashline.platform.database import unprivileged
    from cashline.platform.database.embedded import EmbeddedServer
    server = EmbeddedServer(Path(sys.argv[1]), options={"fsync": "off", "shared_buffers": "16MB"})
    with server:
        owner = server.data.stat().st_uid
    os._exit(0 if owner == unprivileged.server_uid() == unprivileged.NOBODY else 1)
os.read(ready, 1)
for name in ("uid_map", "gid_map"):
    Path(f"/proc/{child}/{name}").write_text("0 0 65536")
os.write(go, b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become someone else")
@pytest.mark.skipif(
    unprivileged.server_uid() != 0, reason="namespaces are forbidden here: every other test goes this way"
)
def test_root_becomes_nobody_where_namespaces_are_forbidden(server: EmbeddedServer) -> None:
    """As in many containers, in a folder that is closed to others; and the data may come back to root's own way."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NAMESPACES, str(server.folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert server.data.stat().st_uid == unprivileged.NOBODY
    server.start()
    assert server.data.stat().st_uid == 0
    assert run(server, "SELECT 1") == [(1,)]
