"""Set-based SQL over Django's connection: the way actions write and queries read on every path that may be hot.

`insert` uses one INSERT for a few rows and COPY for many; `fetch` gives plain tuples, `fetch_as` dataclasses.
No function here opens a transaction: the action does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import batched
from typing import Any
from uuid import UUID

import msgspec
from django.db import connections
from psycopg import sql as psql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.json import Jsonb

COPY_FROM_ROWS = 60
"""Row count from which COPY beats one INSERT with many VALUES (measured: three round trips against one)."""

COPIED_AT_ONCE = 10_000
"""Rows made text together: by columns, which is some three times faster than row by row in the driver."""

type Params = Sequence[Any] | Mapping[str, Any]


class _JsonLoader(Loader):
    """Reads jsonb columns; Django's connection would give their text, which its ORM reads itself."""

    def load(self, data: Buffer) -> Any:
        return msgspec.json.decode(data)


def execute(statement: str, params: Params = (), *, using: str = "default") -> int:
    """Run one statement; gives the number of rows it touched."""
    with connections[using].cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def fetch(statement: str, params: Params = (), *, using: str = "default") -> list[tuple[Any, ...]]:
    """All rows of a query (or of a statement with RETURNING)."""
    with connections[using].cursor() as cursor:
        cursor.cursor.adapters.register_loader("jsonb", _JsonLoader)
        cursor.execute(statement, params)
        return cursor.fetchall()  # type: ignore[no-any-return]


def fetch_one(statement: str, params: Params = (), *, using: str = "default") -> tuple[Any, ...] | None:
    """The first row, or None."""
    with connections[using].cursor() as cursor:
        cursor.cursor.adapters.register_loader("jsonb", _JsonLoader)
        cursor.execute(statement, params)
        return cursor.fetchone()  # type: ignore[no-any-return]


def fetch_as[T](kind: type[T], statement: str, params: Params = (), *, using: str = "default") -> list[T]:
    """All rows as dataclasses, the columns in the order of the fields."""
    return [kind(*row) for row in fetch(statement, params, using=using)]


def insert(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, using: str = "default") -> None:
    """Append rows; none is no statement. Values of json columns are wrapped by `json`."""
    if not rows:
        return
    names = psql.SQL(", ").join(map(psql.Identifier, columns))
    connection = connections[using]
    with connection.cursor() as cursor:
        if len(rows) < COPY_FROM_ROWS:
            marks = "(" + ", ".join(["%s"] * len(columns)) + ")"
            head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "
            cursor.execute(head + ", ".join([marks] * len(rows)), [value for row in rows for value in row])
            return
        with cursor.copy(psql.SQL("COPY {} ({}) FROM STDIN").format(psql.Identifier(table), names)) as copy:
            for some in batched(rows, COPIED_AT_ONCE):
                text = copy_text(some)
                if text is not None:
                    copy.write(text)
                    continue
                for row in some:
                    copy.write_row(row)


def copy_text(rows: Sequence[Sequence[Any]]) -> str | None:
    """Rows as COPY reads them (PostgreSQL, COPY, text format); None where a value is of a kind unknown here."""
    try:
        columns = [_copy_column(values) for values in zip(*rows, strict=True)]
        return "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"
    except KeyError:
        return None


def _copy_column(values: Sequence[Any]) -> Iterable[str]:
    first = values[0]
    if first is values[-1] and first is values[len(values) // 2] and len(set(map(id, values))) == 1:
        return [_copy_value(first)] * len(values)
    kinds = set(map(type, values))
    if len(kinds) == 1:
        return _COPY_COLUMN.get(kinds.pop(), _copy_each)(values)
    return _copy_each(values)


def _copy_each(values: Iterable[Any]) -> Iterator[str]:
    return map(_copy_value, values)


def _copy_value(value: Any) -> str:
    if value is None:
        return "\\N"
    kind = type(value)
    if kind is list or kind is tuple:
        return _escaped("{" + ",".join([_copy_element(item) for item in value]) + "}")
    if issubclass(kind, StrEnum):
        kind = str
    (found,) = _COPY_COLUMN[kind]([value])
    return found


def _copy_element(value: Any) -> str:
    """A value inside of an array literal."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f'"{value}"'


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _texts(values: Sequence[str]) -> Iterable[str]:
    together = "".join(values)
    if "\\" in together or "\n" in together or "\t" in together or "\r" in together:
        return map(_escaped, values)
    return values


_COPY_COLUMN: Mapping[type, Callable[[Sequence[Any]], Iterable[str]]] = {
    str: _texts,
    UUID: lambda values: [value.int.to_bytes(16).hex() for value in values],
    int: lambda values: map(str, values),
    Decimal: lambda values: map(str, values),
    bool: lambda values: ["t" if value else "f" for value in values],
    date: lambda values: [value.isoformat() for value in values],
    datetime: lambda values: [value.isoformat() for value in values],
    bytes: lambda values: ["\\\\x" + value.hex() for value in values],
    Jsonb: lambda values: _texts([(value.dumps or msgspec.json.encode)(value.obj).decode() for value in values]),
}


_ELEMENT: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "NULL",
    str: _copy_element,
    UUID: lambda value: value.int.to_bytes(16).hex(),
    int: str,
    Decimal: str,
    bool: lambda value: "t" if value else "f",
    date: date.isoformat,
}


def update(
    table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]], *, key: str = "id", using: str = "default"
) -> int:
    """Set columns of many rows by key in one statement; each row is (key, value, …) in the order of `columns`.

    `columns` maps a column to its array element type, such as {"status": "text"}; the key must be a uuid.
    """
    if not rows:
        return 0
    names = list(columns)
    keys, *values = zip(*rows, strict=True)
    sets = ", ".join(f"{name} = change.{name}" for name in names)
    arrays = ", ".join(["%s::uuid[]", *(f"%s::{columns[name]}[]" for name in names)])
    aliases = ", ".join(["key", *names])
    statement = (
        f"UPDATE {table} AS target SET {sets} FROM unnest({arrays}) AS change({aliases}) "
        f"WHERE target.{key} = change.key"
    )
    return execute(statement, [uuids(keys), *map(array, values)], using=using)


def uuids(keys: Iterable[UUID]) -> str:
    """Ids as one parameter for `%s::uuid[]`; of thousands it is made five times faster than the list itself."""
    return "{" + ",".join([key.int.to_bytes(16).hex() for key in keys]) + "}"


def array(values: Sequence[Any]) -> str | Sequence[Any]:
    """Values as one parameter for an array, likewise; as they are where one is of a kind unknown here."""
    try:
        return "{" + ",".join([_ELEMENT[type(value)](value) for value in values]) + "}"
    except KeyError:
        return list(values)


def numbers(values: Iterable[Decimal]) -> str:
    """Exact numbers as one parameter for `%s::numeric[]`, likewise."""
    return "{" + ",".join([str(value) for value in values]) + "}"


def json(value: Any) -> Jsonb:
    """A value for a jsonb column; decimals and ids are written as strings."""
    return Jsonb(value, dumps=_dump)


def _dump(value: Any) -> bytes:
    return msgspec.json.encode(value)


def ids(rows: Iterable[tuple[Any, ...]]) -> list[UUID]:
    """The first column of rows, as a list of ids."""
    return [row[0] for row in rows]
