"""Starting the program: database, tables, web processes and jobs, and stopping all of them together."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import click

from cashline.platform.database import connection
from cashline.platform.pages.static_files import collect_static_files


def migrate_database() -> None:
    """Make the roles and bring the tables up to date; the embedded server is started where it is used."""
    with connection.available():
        connection.prepare()
        connection.migrate()


def run_server(*, host: str, port: int, workers: int, with_jobs: bool) -> None:
    """Serve until stopped."""
    _require_free(host, port)
    _be_found_at(_address(host, port))
    with connection.available():
        _run(host, port, workers=workers, with_jobs=with_jobs)


def run_demo(*, host: str, port: int, reset: bool) -> None:
    """Make the demo company where there is none, then serve it."""
    from cashline.surfaces.demo.seed import is_sandbox, is_seeded, seed_demo

    _require_free(host, port)
    _be_found_at(_address(host, port))
    started = time.monotonic()
    click.echo("Starting the database …")
    with connection.available():
        if reset and is_sandbox():
            connection.drop_database()
        connection.prepare()
        click.echo("Bringing the tables up to date …")
        connection.migrate()
        if not is_seeded():
            click.echo("Letting the demo company trade for a year: a minute or two, once …")
        login = seed_demo()
        address = f"{_address(host, port)}/"
        click.echo("Starting the pages …")

        def say_where() -> None:
            click.echo(f"\n  Cashline is ready after {time.monotonic() - started:.0f} seconds.\n")
            click.echo(f"  Console   {address}\n  Log in as {login.email} with the password {login.password}\n")
            click.echo(f"  Portal    {address}portal/  as {login.portal_email} with the same password\n")
            click.echo("  Press Ctrl-C to stop.\n")

        _run(host, port, workers=2, with_jobs=True, when_open=say_where)


def _be_found_at(address: str) -> None:
    """Name this address in links and calls, also in those of the processes to come, where no other is set."""
    from django.conf import settings

    settings.PUBLIC_URL = os.environ.setdefault("CASHLINE_URL", address).rstrip("/")


def _reached(host: str) -> str:
    """The address by which this machine reaches what serves there; all of its addresses are reached by its own."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound


def _address(host: str, port: int) -> str:
    """What serves there, for a browser on this machine."""
    name = _reached(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _is_open(host: str, port: int) -> bool:
    """Does somebody listen there?"""
    try:
        socket.create_connection((_reached(host), port), timeout=1).close()
    except OSError:
        return False
    return True


def _require_free(host: str, port: int) -> None:
    if _is_open(host, port):
        raise click.ClickException(f"Port {port} is in use: stop what serves there, or give another with --port.")


def _start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a process in a group of its own, with its children: it is told once to stop, by us, and ends as a whole."""
    return subprocess.Popen(command, process_group=0)


def _run(host: str, port: int, *, workers: int, with_jobs: bool, when_open: Callable[[], None] | None = None) -> None:
    """Serve the pages until stopped; the jobs start, and `when_open` is called, once the pages answer."""
    collect_static_files()
    web = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", str(workers), "--blocking-threads", "4", "--log-level", "warning",
        "cashline.surfaces.wsgi:application",
    ]  # fmt: skip
    processes: list[subprocess.Popen[bytes]] = []
    waiting, stopping = True, False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    # Before the children start: a script's background job ignores SIGINT, and they would inherit that.
    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        processes.append(_start(web))
        while not stopping and all(process.poll() is None for process in processes):
            if waiting and _is_open(host, port):
                waiting = False
                if with_jobs:
                    processes.append(_start([sys.executable, "-m", "cashline", "worker"]))
                if when_open is not None:
                    when_open()
            time.sleep(0.1)
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for number, handler in previous.items():
            signal.signal(number, handler)
    if not stopping:
        raise SystemExit(1)
