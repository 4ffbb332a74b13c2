"""Finding documents by typed words: each word is of their customer, or tells the documents themselves apart.

Found by indexes alone, however many documents there are: numbers from their beginning or their end, names of customers
by any part. Where the words mean many customers, their newest documents are met by walking from the newest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cashline.kernel.spelling import searchable
from cashline.platform import lists, sql
from cashline.platform.numbering.queries import numbers_ending

MOST_WORDS = 4
FEW = 100
"""Of so many customers the documents are gathered."""
MANY = 5_000
"""So many documents are looked up by their ids."""


@dataclass(frozen=True, slots=True)
class Meant:
    """A condition that a word means, with its parameters."""

    text: str
    params: Sequence[Any] = ()


def search(
    conditions: lists.Conditions,
    words: str,
    *,
    customer: str,
    own: Callable[[str], Meant | None],
    of_customers: Callable[[list[UUID]], Meant] | None = None,
    sort: str = "",
) -> None:
    """Narrow a list to what the words mean together: all of them the customer, or one of them the document.

    `customer` is the column of the customer's id; `own` gives what a word means beside customers, None for nothing;
    `of_customers` the documents of a few customers, where their own column has no index. A list that is sorted by
    customers, which it joins as `c`, finds those first.
    """
    if sort == "customer":
        customer, of_customers = "c.id", None
    typed = words.split()[:MOST_WORDS]
    if not typed:
        return
    few = sql.ids(sql.fetch(f"{_called(typed)} LIMIT {FEW + 1}", _patterns(typed)))
    if len(few) > FEW:
        found = [_among(customer, typed)]
    else:
        found = [of_customers(few) if of_customers else Meant(f"{customer} = ANY(%s::uuid[])", (few,))]
    for place, word in enumerate(typed):
        meant = own(word)
        if meant is None:
            continue
        others = typed[:place] + typed[place + 1 :]
        rest = _among(customer, others) if others else Meant("true")
        found.append(Meant(f"(({meant.text}) AND {rest.text})", (*meant.params, *rest.params)))
    conditions.add(f"({' OR '.join(one.text for one in found)})", *[value for one in found for value in one.params])


def numbered(table: str, alias: str, word: str, *, kind: str = "", texts: Sequence[str] = ()) -> Meant | None:
    """What of a table a word means: its number, from the beginning or the end, or other texts from the beginning.

    None where nothing of it is meant. `kind` is that of the number's series.
    """
    conditions: list[tuple[str, Any]] = [(f"{alias}.{column} LIKE %s", lists.starting_with(word)) for column in texts]
    if kind:
        conditions.append((f"{alias}.number LIKE %s", lists.starting_with(word.upper())))
        if numbers := numbers_ending(kind, word):
            conditions.append((f"{alias}.number = ANY(%s)", numbers))
    return _if_any(table, alias, conditions)


def holding(table: str, alias: str, word: str, columns: Sequence[str]) -> Meant | None:
    """The same by any part of texts, whatever its case."""
    return _if_any(table, alias, [(f"{alias}.{column} ILIKE %s", lists.holding(word)) for column in columns])


def linked(column: str, table: str, alias: str, meant: Meant | None) -> Meant | None:
    """The same of the table that a column points to, and that the list joins under that alias: by ids where few fit."""
    return meant and by_ids(column, table, alias, meant)


def by_ids(column: str, table: str, alias: str, meant: Meant, most: int = MANY) -> Meant:
    """The rows of a table by their ids where at most so many are meant: gathered by index, however rare a word is.

    A planner that does not know how rare it is may else walk them all in the order asked for.
    """
    found = sql.ids(sql.fetch(f"SELECT id FROM {table} {alias} WHERE {meant.text} LIMIT {most + 1}", meant.params))
    return Meant(f"{column} = ANY(%s::uuid[])", (found,)) if len(found) <= most else meant


def either(*found: Meant | None) -> Meant | None:
    """Any of them; None where there is none."""
    some = [one for one in found if one is not None]
    if not some:
        return None
    return Meant(" OR ".join(one.text for one in some), [value for one in some for value in one.params])


def _if_any(table: str, alias: str, conditions: Sequence[tuple[str, Any]]) -> Meant | None:
    meant = Meant(" OR ".join(text for text, _ in conditions), [value for _, value in conditions])
    return meant if sql.fetch(f"SELECT 1 FROM {table} {alias} WHERE {meant.text} LIMIT 1", meant.params) else None


def _among(customer: str, words: Sequence[str]) -> Meant:
    # IS TRUE keeps it a set that rows are looked up in, while they are walked from the newest.
    return Meant(f"({customer} IN ({_called(words)})) IS TRUE", _patterns(words))


def _called(words: Sequence[str]) -> str:
    """The customers whose name or number holds all the words; names no alias, so that it stands in any list."""
    return f"SELECT id FROM customers WHERE {' AND '.join(['(known_as LIKE %s OR number ILIKE %s)'] * len(words))}"


def _patterns(words: Sequence[str]) -> list[str]:
    return [lists.holding(one) for word in words for one in (searchable(word), word)]
