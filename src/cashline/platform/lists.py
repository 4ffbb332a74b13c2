"""Lists that page by keyset: sorted by any of their columns, and the thousandth page costs what the first does.

A cursor names the last row shown; the next page begins behind that row in the order asked for, whatever was inserted
in between. Sort expressions must not be null.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cashline.kernel.refusals import InvalidValue
from cashline.kernel.spelling import searchable
from cashline.platform import sql
from cashline.platform.doors.paging import MAX_LIMIT, Page, decode_cursor, page_of


@dataclass(frozen=True, slots=True)
class Ask:
    """Which page of a list: `sort` is one of the list's sort names ("" for newest first)."""

    sort: str = ""
    descending: bool = False
    cursor: str = ""
    limit: int = 50


@dataclass(slots=True)
class Conditions:
    """The WHERE of a list, with its parameters.

    `few` says that it holds for few rows: they are gathered and then sorted. Else a planner that knows nothing of where
    they lie may walk all rows in the order asked for, until it has met a page of them.
    """

    texts: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)
    few: bool = False

    def add(self, text: str, *params: Any) -> None:
        """One more condition that must hold."""
        self.texts.append(text)
        self.params.extend(params)

    def given(self, text: str, value: Any) -> None:
        """The condition with that value; None narrows nothing."""
        if value is not None:
            self.add(text, value)

    def among(self, column: str, values: Sequence[Any] | None, kind: str = "text") -> None:
        """The column has one of the values; None or, for filters, an empty sequence of texts narrows nothing."""
        if values is None or (kind == "text" and not values):
            return
        self.add(f"{column} = ANY(%s::{kind}[])", list(values))

    def contains(self, columns: Sequence[str], words: str, *, known: str = "") -> None:
        """Each word stands in a column, whatever its case, or however it is spelled in `known`, a searchable name."""
        for word in words.split()[:8]:
            tests, patterns = [f"{column} ILIKE %s" for column in columns], [holding(word)] * len(columns)
            if known:
                tests, patterns = [*tests, f"{known} LIKE %s"], [*patterns, holding(searchable(word))]
            self.add(f"({' OR '.join(tests)})", *patterns)


def starting_with(word: str) -> str:
    """The pattern (of LIKE) of texts that begin so."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def holding(word: str) -> str:
    """The pattern of texts that the word stands in anywhere."""
    return f"%{starting_with(word)}"


_ALIAS = re.compile(r"\b([a-z_]\w*)\.")


def page[T](
    kind: Callable[..., T],
    *,
    columns: str,
    source: str,
    key: str,
    sorts: Mapping[str, str],
    conditions: Conditions,
    ask: Ask,
    key_of_row: Callable[[T], UUID],
    rows_of: str = "",
    parts: Sequence[str] = (),
) -> Page[T]:
    """One page of a list. All SQL texts are ours; `key` is the id column, `sorts` maps names to expressions.

    `rows_of` ("invoices i") is the table of which each row of the source is exactly one: where the sort and the
    conditions name it alone, its rows are cut to the page before they are joined. `parts` are queries whose union the
    source is: each is cut to the page by itself.
    """
    order, descending = _order(ask, sorts, key)
    texts, params, alias = list(conditions.texts), list(conditions.params), key.partition(".")[0]
    own = rows_of if rows_of and _names_only(rows_of, [*order, *texts]) else ""
    row = f"SELECT {', '.join(order)} FROM {own or source} WHERE {key} = %s"
    if conditions.few and rows_of and texts and _names_only(rows_of, texts):
        few = f"(SELECT {alias}.* FROM {rows_of} WHERE {' AND '.join(texts)} OFFSET 0) AS {alias}"
        source, own, texts = source.replace(rows_of, few, 1), own and few, []
    if last := decode_cursor(ask.cursor):
        behind, values = _behind(row, last, parts)
        texts.append(f"({', '.join(order)}) {'<' if descending else '>'} ({behind})")
        params.extend(values)
    where = f" WHERE {' AND '.join(texts)}" if texts else ""
    direction = " DESC" if descending else ""
    tail = f" ORDER BY {', '.join(part + direction for part in order)} LIMIT %s"
    params.append(ask.limit + 1)
    if own:
        cut = source.replace(own, f"(SELECT {alias}.* FROM {own}{where}{tail}) AS {alias}", 1)
        statement = f"SELECT {columns} FROM {cut}{tail}"
        params.append(ask.limit + 1)
    elif parts:
        each = " UNION ALL ".join(f"(SELECT {alias}.* FROM ({part}) AS {alias}{where}{tail})" for part in parts)
        statement = f"SELECT {columns} FROM ({each}) AS {alias}{tail}"
        params = [*params * len(parts), ask.limit + 1]
    else:
        statement = f"SELECT {columns} FROM {source}{where}{tail}"
    return page_of([kind(*row) for row in sql.fetch(statement, params)], ask.limit, key_of_row)


def _behind(row: str, last: UUID, parts: Sequence[str]) -> tuple[str, Sequence[Any]]:
    """The values of the row that a page begins behind: a query for them, or themselves where each part would ask it."""
    if not parts:
        return row, [last]
    found = sql.fetch_one(row, [last])
    return (", ".join(["%s"] * len(found)), found) if found else (row, [last])


def _order(ask: Ask, sorts: Mapping[str, str], key: str) -> tuple[list[str], bool]:
    """The expressions that a page is sorted by, and whether they descend; raises InvalidValue."""
    if not 1 <= ask.limit <= MAX_LIMIT * 2:
        raise InvalidValue(f"A page has 1 to {MAX_LIMIT} rows.", field="limit")
    if ask.sort and ask.sort not in sorts:
        raise InvalidValue(f"This list cannot be sorted by {ask.sort!r}; by {', '.join(sorts)}.", field="sort")
    order = [sorts[ask.sort], key] if ask.sort and sorts[ask.sort] != key else [key]
    return order, ask.descending if ask.sort else True


def _names_only(rows_of: str, texts: Sequence[str]) -> bool:
    """Do the texts name no other table than this one?"""
    return {alias for text in texts for alias in _ALIAS.findall(text)} <= {rows_of.rpartition(" ")[2]}
