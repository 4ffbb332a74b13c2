"""The floor: the very rows that a run of the program appended, inserted again by bare psycopg into an equal database.

Every key is a UUIDv7 made in rising order, so a key noted between two steps parts the rows of one step from those of
the next. The floor replays step by step: one transaction a step, one COPY (or one INSERT) a table, every constraint,
trigger and index in place. Reading the rows is not timed.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

KEPT_BY_TRIGGERS = {"stock": {"on_hand", "reserved", "value"}}
"""Columns that the database keeps itself; the floor lets it, as the program does."""
KEYS = {"journal_lines": "entry_id", "billing_schedules": "agreement_id", "revenue_states": "agreement_id"}
"""Tables whose rows are told by the key of their document."""
SHARED = "invoice_parties"
"""Content kept once by its hash; brought over before a step is timed."""
LEFT_OUT = {"event_blocks", "event_feed", "procrastinate_jobs", "procrastinate_events", "django_migrations", "outbox"}


@dataclass(slots=True)
class Replayed:
    """What the floor took."""

    seconds: float = 0.0
    computed: float = 0.0
    rows: int = 0
    by_table: dict[str, int] = field(default_factory=dict)


def tables_in_order(connection: "psycopg.Connection[Any]") -> list[str]:
    """The tables keyed by a UUID, parents before children."""
    keyed = {
        row[0]
        for row in connection.execute(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'id' "
            "AND data_type = 'uuid'"
        )
    } - LEFT_OUT
    keyed = keyed - {SHARED} | KEYS.keys()
    parents: dict[str, set[str]] = {name: set() for name in keyed}
    for child, parent in connection.execute(
        "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
    ):
        if child in parents and parent in keyed and parent != child:
            parents[child].add(parent)
    for name in ("stock_moves", "reservations"):
        parents[name].add("stock")
    ordered: list[str] = []
    while parents:
        free = sorted(name for name, wanted in parents.items() if not wanted - set(ordered))
        ordered += free
        for name in free:
            del parents[name]
    return ordered


def replay(
    source: "psycopg.Connection[Any]",
    target: "psycopg.Connection[Any]",
    boundaries: Sequence[UUID],
    *,
    by_copy: bool,
) -> Replayed:
    """Insert the rows between the boundaries, a transaction for each pair of neighbours."""
    tables = tables_in_order(source)
    columns = {name: _columns(source, name) for name in tables}
    done = Replayed()
    _bring_shared(source, target)
    for start, end in itertools.pairwise(boundaries):
        step = [(name, rows) for name in tables if (rows := _rows(source, name, columns[name], start, end))]
        began = time.perf_counter()
        with target.transaction(), target.cursor() as cursor:
            for name, rows in step:
                _append(cursor, name, columns[name], rows, by_copy=by_copy)
        done.seconds += time.perf_counter() - began
        for name, rows in step:
            done.rows += len(rows)
            done.by_table[name] = done.by_table.get(name, 0) + len(rows)
    return done


def _columns(connection: "psycopg.Connection[Any]", table: str) -> list[str]:
    return [
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s "
            "AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
        if row[0] not in KEPT_BY_TRIGGERS.get(table, ())
    ]


def _rows(
    connection: "psycopg.Connection[Any]", table: str, columns: Sequence[str], start: UUID, end: UUID
) -> list[tuple[Any, ...]]:
    key = sql.Identifier(KEYS.get(table, "id"))
    query = sql.SQL("SELECT {} FROM {} WHERE {} > %s AND {} <= %s ORDER BY {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table), key, key, key
    )
    return [tuple(map(_dumped, row)) for row in connection.execute(query, [start, end])]


def _bring_shared(source: "psycopg.Connection[Any]", target: "psycopg.Connection[Any]") -> None:
    rows = [(row[0], _dumped(row[1])) for row in source.execute(f"SELECT id, content FROM {SHARED}")]
    with target.transaction(), target.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {SHARED} (id, content) VALUES (%s, %s) ON CONFLICT DO NOTHING", rows)


def _dumped(value: Any) -> Any:
    from psycopg.types.json import Jsonb

    return Jsonb(value) if isinstance(value, dict | list) and not _is_array(value) else value


def _is_array(value: Any) -> bool:
    return isinstance(value, list) and (not value or isinstance(value[0], str | UUID))


def _append(
    cursor: "psycopg.Cursor[Any]", table: str, columns: Sequence[str], rows: Sequence[Any], *, by_copy: bool
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    if by_copy:
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(columns)))
    statement = sql.SQL("INSERT INTO {} ({}) VALUES {}").format(
        sql.Identifier(table), names, sql.SQL(", ").join([marks] * len(rows))
    )
    cursor.execute(statement, [value for row in rows for value in row])


def chunks[T](items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in runs of that size."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


UPDATED = {"billing_schedules": "agreement_id", "credit_accounts": "customer_id"}
"""Rows that a bill run changes; the floor writes them again by key."""


class SetFloor:
    """The same by set-based SQL alone: the rows lie in the floor's own database, and INSERT … SELECT appends them.

    Bringing them there is not timed, so nothing is: no planning, no Python, no row over the wire. What a run of bills
    changes of other documents (`UPDATED`) is changed too.
    """

    def __init__(self, source: "psycopg.Connection[Any]", target: "psycopg.Connection[Any]") -> None:
        self.source, self.target = source, target
        self.tables = tables_in_order(source)
        self.columns = {name: _columns(source, name) for name in (*self.tables, *UPDATED)}
        self.done = Replayed()
        target.execute("CREATE SCHEMA IF NOT EXISTS staged")
        for name, columns in self.columns.items():
            target.execute(f"CREATE UNLOGGED TABLE staged.{name} AS SELECT {', '.join(columns)} FROM {name} LIMIT 0")

    def step(self, start: UUID, end: UUID, processor: Callable[[int], float] = lambda _: 0.0) -> None:
        """Write what was appended between two keys, in one transaction; `processor` reads what a process computed."""
        _bring_shared(self.source, self.target)
        counts = {name: self._stage(name, start, end) for name in self.tables if name not in UPDATED}
        for name in UPDATED:
            counts[name] = self._stage_changed(name)
        written = [name for name in (*self.tables, *UPDATED) if counts.get(name)]
        statements = [self._statement(name) for name in dict.fromkeys(written)]
        backend = self.target.info.backend_pid
        began, computing = time.perf_counter(), processor(backend)
        with self.target.transaction(), self.target.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        self.done.seconds += time.perf_counter() - began
        self.done.computed += processor(backend) - computing
        for name in dict.fromkeys(written):
            self.done.rows += counts[name]
            self.done.by_table[name] = self.done.by_table.get(name, 0) + counts[name]

    def _statement(self, name: str) -> str:
        columns = self.columns[name]
        if name in UPDATED:
            sets = ", ".join(f"{column} = s.{column}" for column in columns if column != UPDATED[name])
            return f"UPDATE {name} AS t SET {sets} FROM staged.{name} s WHERE s.{UPDATED[name]} = t.{UPDATED[name]}"
        names = ", ".join(columns)
        return f"INSERT INTO {name} ({names}) SELECT {names} FROM staged.{name} ORDER BY {KEYS.get(name, 'id')}"

    def _stage(self, name: str, start: UUID, end: UUID) -> int:
        key = KEYS.get(name, "id")
        return self._carry(name, f"{key} > '{start}' AND {key} <= '{end}'")

    def _stage_changed(self, name: str) -> int:
        key = UPDATED[name]
        keys = [str(row[0]) for row in self.target.execute(f"SELECT DISTINCT {key} FROM staged.invoices")]
        return self._carry(name, f"{key} = ANY('{{{','.join(keys)}}}'::uuid[])")

    def _carry(self, name: str, condition: str) -> int:
        names = ", ".join(self.columns[name])
        self.target.execute(f"TRUNCATE staged.{name}")
        with (
            self.source.cursor() as reader,
            self.target.cursor() as writer,
            reader.copy(f"COPY (SELECT {names} FROM {name} WHERE {condition}) TO STDOUT (FORMAT binary)") as read,
            writer.copy(f"COPY staged.{name} ({names}) FROM STDIN (FORMAT binary)") as write,
        ):
            for block in read:
                write.write(block)
        self.target.execute(f"ANALYZE staged.{name}")
        counted = self.target.execute(f"SELECT count(*) FROM staged.{name}").fetchone()
        return int(counted[0]) if counted else 0
